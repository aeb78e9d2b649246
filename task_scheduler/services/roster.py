"""Who is at work, who waits, and who holds a place: the state all parts of the runner share."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable

from task_scheduler.core.errors import Refused, UnknownRun
from task_scheduler.core.runs import Run, RunState
from task_scheduler.core.waiting_line import WaitingLines
from task_scheduler.ports import Clock
from task_scheduler.services.active_run import ActiveRun, ActiveRuns, Phase

#: Runs that ended last, of which it is still known how: whoever asks a moment too late is told so.
MOST_REMEMBERED = 1_000


class Roster:
    """The runs without an outcome, the line they wait in, and the places they execute in.

    A place is held from the moment an attempt is begun until its execution is over; waiting runs and waiting
    retries hold none.
    """

    def __init__(self, *, places: int, clock: Clock) -> None:
        """`places` bounds how many runs execute at once."""
        self._clock = clock
        self.runs = ActiveRuns()
        self.busy = 0  #: places that are held
        self.is_open = False  #: whether anything may start
        self._places = places
        self._lines = WaitingLines()
        self._making_up = 0
        self._held: dict[str, list[ActiveRun]] = {}
        self._ended: OrderedDict[int, RunState] = OrderedDict()
        self._change: asyncio.Future[None] | None = None
        self._fill: Callable[[], None] = _nothing

    def set_places(self, places: int) -> None:
        """Bound anew how many runs execute at once; those that execute go on, however many they are."""
        self._places = places
        self.fill()

    def fill_by(self, fill: Callable[[], None]) -> None:
        """Have `fill` called when free places may be given to those whose turn it is."""
        self._fill = fill

    def fill(self) -> None:
        """Have free places given to those whose turn it is."""
        self._fill()

    def require(self, run_id: int) -> ActiveRun:
        """Return a run; raises Refused for one that has just ended, and UnknownRun for any other that is not here."""
        active = self.runs.get(run_id)
        if active is not None:
            return active
        if run_id in self._ended:
            raise has_ended(run_id, self._ended[run_id])
        raise UnknownRun(str(run_id))

    # --- the line -----------------------------------------------------------------------------------------

    def queue(self, active: ActiveRun) -> None:
        """Put a run into the line."""
        active.phase = Phase.WAITING
        if active.begin_by is None:
            active.begin_by = self._clock.monotonic() + active.patience.total_seconds()
        self._lines.join(active.run.task_id, active.run.id, active.begin_by, makes_up=active.makes_up)

    def hold(self, active: ActiveRun) -> None:
        """Keep a run out of the line until something of its task has changed."""
        active.phase = Phase.HELD
        self._held.setdefault(active.run.task_id, []).append(active)

    def release_held(self, task_id: str) -> None:
        """Put the runs of a task that were held into the line again: something of it has changed."""
        for active in self._held.pop(task_id, ()):
            self.queue(active)

    def release_all_held(self) -> None:
        """Put all runs that were held into the line again."""
        for task_id in tuple(self._held):
            self.release_held(task_id)

    def take_out(self, active: ActiveRun) -> None:
        """Take a run out of wherever it waits; what it waits for is given up."""
        if active.phase is Phase.WAITING:
            self._lines.leave(active.run.task_id, active.run.id, makes_up=active.makes_up)
        elif active.phase is Phase.HELD and active in (held := self._held.get(active.run.task_id, [])):
            held.remove(active)
        for waiting in (active.wait, active.watch):
            if waiting is not None:
                waiting.cancel()
        active.wait = active.watch = None

    def next_in_line(self) -> ActiveRun | None:
        """Take the run whose turn it is out of the line, held for now; None: no place is free, or nobody waits."""
        if self.busy >= self._places:
            return None
        run_id = self._lines.next(self._clock.monotonic(), places=self._places, making_up=self._making_up)
        if run_id is None:
            return None
        active = self.runs.get(run_id)
        if active is None:
            raise AssertionError(f"run {run_id} stands in the line and is not known")
        active.phase = Phase.HELD
        return active

    def keep_turn(self, active: ActiveRun) -> None:
        """Have the run that was taken out of the line last, and does not begin, leave its turn to its task."""
        active.begin_by = self._lines.keep_turn(makes_up=active.makes_up)

    # --- places -------------------------------------------------------------------------------------------

    def take_place(self, active: ActiveRun) -> None:
        """Give a run a place; its attempt is begun now."""
        self.busy += 1
        self._making_up += active.makes_up
        active.phase = Phase.BEGINNING

    def give_back_place(self, active: ActiveRun, phase: Phase) -> None:
        """Take back the place a run holds, which goes on in another phase; those it kept waiting may be next."""
        if active.holds_place:
            self.busy -= 1
            self._making_up -= active.makes_up
        active.phase = phase
        self.release_held(active.run.task_id)
        self.note_change()

    # --- ends ---------------------------------------------------------------------------------------------

    def let_go(self, active: ActiveRun, ended: Run) -> None:
        """Let go of a run that has its outcome."""
        self.take_out(active)
        self.runs.remove(active)
        active.run = ended
        self._ended[ended.id] = ended.state
        if len(self._ended) > MOST_REMEMBERED:
            self._ended.popitem(last=False)
        self.release_held(active.run.task_id)
        self.note_change()

    @property
    def is_quiet(self) -> bool:
        """Whether no execution is under way and every end is on record."""
        return not self.busy and all(active.phase is not Phase.ENDING for active in self.runs)

    async def outcome_of(self, active: ActiveRun) -> Run:
        """Return the run of `active` once it is let go of."""
        await self.until(lambda: self.runs.get(active.run.id) is not active)
        return active.run

    async def until(self, fact: Callable[[], bool]) -> None:
        """Return once a fact about runs holds."""
        while not fact():
            if self._change is None:
                self._change = asyncio.get_running_loop().create_future()
            await asyncio.wait({self._change})

    def note_change(self) -> None:
        """Have those look again who wait for a fact about runs."""
        if self._change is not None:
            self._change.set_result(None)
            self._change = None


def has_ended(run_id: int, state: RunState) -> Refused:
    """Return what to tell somebody who wants something of a run that has its outcome."""
    return Refused(f"run {run_id} has ended: {state.replace('_', ' ')}")


def _nothing() -> None:
    """Give nobody a place."""
