"""The virtual clock: slots come, wait, run and end, by the rules of the scheduler."""

from __future__ import annotations

import heapq
import math
from collections.abc import Sequence
from datetime import datetime, timedelta

from task_scheduler.core.planning import TICK, RunSlot, plan_job
from task_scheduler.core.policies import LEAST_GRACE, MOST_QUEUED
from task_scheduler.core.tasks import Missed, Overlap
from task_scheduler.core.waiting_line import PATIENCE, PATIENCE_TO_MAKE_UP, WaitingLines
from task_scheduler.simulation.results import Result
from task_scheduler.simulation.scenario import Pause, Scenario
from task_scheduler.simulation.tally import SimulatedRun, Tally, Witness, seconds

_NEVER = math.inf
_ON_TIME = timedelta()
#: Seconds after which runs that were held stand in the line again: the scheduler looks at them as often.
_LOOK = 1.0


def simulate(scenario: Scenario, witness: Witness | None = None) -> Result:
    """Return what comes of a scenario; `witness` is told of every outcome, in the order in which they are known.

    Each execution succeeds, and one that is cancelled for another ends at once.
    """
    return _Simulator(scenario, witness).run()


class _Simulator:
    """One simulation. Of what happens at the same moment, ends come first, then pauses, then slots."""

    def __init__(self, scenario: Scenario, witness: Witness | None) -> None:
        self._jobs = scenario.jobs
        self._end = scenario.end
        self._places = scenario.places
        self._tally = Tally(scenario, witness)
        self._next_runs: list[datetime | None] = [None] * len(scenario.jobs)
        self._owed: list[tuple[float, int]] = []  #: when each job is due next, and its place
        for place, job in enumerate(scenario.jobs):
            self._move_on(place, job.trigger.next_after(scenario.begin - TICK))
        self._ends: list[tuple[float, int, SimulatedRun]] = []
        self._stops = [(seconds(pause.begin), seconds(pause.end), pause) for pause in scenario.stops()]
        self._stops.reverse()
        self._is_open = True
        self._at_work: list[list[SimulatedRun]] = [[] for _ in scenario.jobs]  #: oldest first
        self._held: dict[str, list[SimulatedRun]] = {}
        self._lines = WaitingLines()
        self._in_line: dict[int, SimulatedRun] = {}
        self._busy = 0
        self._making_up = 0
        self._runs = 0
        self._begun = 0
        self._looked_at = -_NEVER

    def run(self) -> Result:
        """Let time pass until nothing is left to happen."""
        while True:
            ends = self._ends[0][0] if self._ends else _NEVER
            owed = self._owed[0][0] if self._owed and self._is_open else _NEVER
            turn = (self._stops[-1][0] if self._is_open else self._stops[-1][1]) if self._stops else _NEVER
            now = min(ends, owed, turn)
            if now == _NEVER:
                return self._tally.result()
            if self._held and self._is_open and now >= self._looked_at + _LOOK:
                self._look_again(now)
            if ends == now:
                self._end_next(now)
            elif turn != now:
                self._begin_due(now)
            elif self._is_open:
                self._is_open = False
            else:
                self._is_open = True
                self._come_back(self._stops.pop()[2])

    # --- slots --------------------------------------------------------------------------------------------

    def _begin_due(self, now: float) -> None:
        """Have the slots of a moment arrive."""
        arrived = []
        while self._owed and self._owed[0][0] == now:
            place = heapq.heappop(self._owed)[1]
            slot = self._next_runs[place]
            if slot is None:
                raise AssertionError("a job without a next slot is never due")
            job = self._jobs[place]
            # As the scheduler plans it: shortly before its moment, when nothing is late yet.
            plan = plan_job(job.trigger, slot, now=slot - TICK, until=slot, policy=job.policy)
            self._move_on(place, plan.next_run)
            arrived += [
                self._new_run(place, decision, late=_ON_TIME)
                for decision in plan.decisions
                if isinstance(decision, RunSlot)
            ]
        self._arrive(arrived, now)

    def _arrive(self, runs: Sequence[SimulatedRun], now: float) -> None:
        is_room = not self._in_line and len(runs) <= self._places - self._busy
        for run in runs:
            if is_room and not run.makes_up and not self._at_work[run.job]:
                # Nobody waits, and nobody will have to: what the line would come to.
                run.arrived = now
                self._at_work[run.job].append(run)
                self._begin(run, now)
            else:
                self._enter(run, now)
        if self._in_line:
            self._fill(now)

    def _move_on(self, place: int, next_run: datetime | None) -> None:
        self._next_runs[place] = next_run
        if next_run is not None and next_run < self._end:
            heapq.heappush(self._owed, (seconds(next_run), place))

    def _new_run(self, place: int, slot: RunSlot, *, late: timedelta) -> SimulatedRun:
        self._runs += 1
        return SimulatedRun(
            id=self._runs,
            job=place,
            slot=slot.scheduled_for,
            merged=slot.merged,
            late=late,
            makes_up=late > _ON_TIME,
            in_turn=late > _ON_TIME and self._jobs[place].policy.missed is Missed.ALL,
        )

    # --- the door and the line ----------------------------------------------------------------------------

    def _enter(self, run: SimulatedRun, now: float) -> None:
        """Put a run into the line, unless the overlap policy has it skipped."""
        at_work = self._at_work[run.job]
        if at_work and not run.in_turn:
            overlap = self._jobs[run.job].overlap
            if _is_skipped(overlap, at_work):
                self._tally.skips(run)
                self._release_held(run.job)
                return
            if overlap is Overlap.REPLACE:
                for other in tuple(at_work):
                    self._replace(other, now)
        run.arrived = now
        run.begin_by = now + self._patience(run)
        at_work.append(run)
        self._queue(run)

    def _patience(self, run: SimulatedRun) -> float:
        """Return how many seconds a run may wait until it is urgent."""
        if run.makes_up:
            return PATIENCE_TO_MAKE_UP
        next_run = self._next_runs[run.job]
        if next_run is None or next_run <= run.slot:
            return PATIENCE
        return min(PATIENCE, (next_run - run.slot).total_seconds())

    def _queue(self, run: SimulatedRun) -> None:
        run.is_held = False
        self._in_line[run.id] = run
        self._lines.join(self._jobs[run.job].task_id, run.id, run.begin_by, makes_up=run.makes_up)

    def _fill(self, now: float) -> None:
        """Give free places to those whose turn it is."""
        while self._is_open and self._busy < self._places:
            run_id = self._lines.next(now, places=self._places, making_up=self._making_up)
            if run_id is None:
                return
            run = self._in_line.pop(run_id)
            if self._must_wait(run):
                run.is_held = run.was_held = True
                run.begin_by = self._lines.keep_turn(makes_up=run.makes_up)
                self._held.setdefault(self._jobs[run.job].task_id, []).append(run)
            else:
                self._begin(run, now)

    def _must_wait(self, run: SimulatedRun) -> bool:
        if self._jobs[run.job].overlap is Overlap.PARALLEL and not run.in_turn:
            return False
        return any(other.began is not None or other.id < run.id for other in self._at_work[run.job] if other is not run)

    def _release_held(self, place: int) -> None:
        """Put the runs of a task that were held into the line again: something of it has changed."""
        if self._held:
            for run in self._held.pop(self._jobs[place].task_id, ()):
                self._queue(run)

    def _look_again(self, now: float) -> None:
        """Have those that are held wait for a place too: one that becomes free may be theirs."""
        self._looked_at = now
        held, self._held = self._held, {}
        for runs in held.values():
            for run in runs:
                self._queue(run)
        self._fill(now)

    # --- executions ---------------------------------------------------------------------------------------

    def _begin(self, run: SimulatedRun, now: float) -> None:
        self._busy += 1
        self._making_up += run.makes_up
        run.began = now
        # Rounded: what ends at the same moment is one moment, however many fractions were added up before.
        run.ends = round(now + self._jobs[run.job].durations.draw(int(seconds(run.slot))), 6)
        self._begun += 1
        heapq.heappush(self._ends, (run.ends, self._begun, run))
        self._tally.begins(run, now, self._busy)

    def _end_next(self, now: float) -> None:
        run = heapq.heappop(self._ends)[2]
        if not run.is_over:  # else it was cancelled before
            self._end_run(run, now)
            if self._in_line:
                self._fill(now)

    def _end_run(self, run: SimulatedRun, now: float) -> None:
        run.is_over = True
        self._busy -= 1
        self._making_up -= run.makes_up
        self._at_work[run.job].remove(run)
        self._release_held(run.job)
        self._tally.ends(run, now)

    def _replace(self, run: SimulatedRun, now: float) -> None:
        """Cancel a run for a later one of its job."""
        if run.began is not None:
            self._tally.replaces(run)
            self._end_run(run, now)
            return
        self._take_out(run)
        self._at_work[run.job].remove(run)
        self._tally.skips(run, is_replaced=True)
        self._release_held(run.job)

    def _take_out(self, run: SimulatedRun) -> None:
        task_id = self._jobs[run.job].task_id
        if run.is_held:
            self._held[task_id].remove(run)
        else:
            del self._in_line[run.id]
            self._lines.leave(task_id, run.id, makes_up=run.makes_up)

    # --- after a pause ------------------------------------------------------------------------------------

    def _come_back(self, pause: Pause) -> None:
        """Settle what waited, then plan what came due meanwhile, as a scheduler does that starts."""
        now = seconds(pause.end)
        at_work = [run for runs in self._at_work for run in runs]
        waiting = sorted((run for run in at_work if run.began is None), key=_id)
        for run in at_work:
            # Of what a former scheduler began, the record tells no more than how late it was planned.
            run.makes_up = run.late > LEAST_GRACE
        self._making_up = sum(run.makes_up for run in at_work if run.began is not None)
        self._tally.catches_up(pause, len(waiting))
        self._lines, self._in_line, self._held = WaitingLines(), {}, {}
        for run in waiting:
            self._at_work[run.job].remove(run)
        for run in waiting:
            self._wait_again(run, pause, now)
        due = []
        while self._owed and self._owed[0][0] <= now:
            due.append(heapq.heappop(self._owed)[1])
        arrived: list[SimulatedRun] = []
        for place in due:
            arrived += self._plan_late(place, pause)
        arrived.sort(key=_slot)
        self._arrive(arrived, now)

    def _wait_again(self, run: SimulatedRun, pause: Pause, now: float) -> None:
        policy = self._jobs[run.job].policy
        # It waited in time: it is as old as the time nobody was there.
        if pause.end - pause.begin > policy.reach:
            self._tally.misses_run(run)
            return
        run.is_held = False
        run.in_turn = policy.missed is Missed.ALL
        run.makes_up = pause.end - run.slot > LEAST_GRACE
        self._tally.waits_on(run)
        self._enter(run, now)
        self._fill(now)

    def _plan_late(self, place: int, pause: Pause) -> list[SimulatedRun]:
        job, owed = self._jobs[place], self._next_runs[place]
        if owed is None:
            raise AssertionError("a job without a next slot is never due")
        plan = plan_job(job.trigger, owed, now=pause.end, until=pause.end, policy=job.policy)
        self._move_on(place, plan.next_run)
        runs = []
        for decision in plan.decisions:
            if isinstance(decision, RunSlot):
                run = self._new_run(place, decision, late=pause.end - decision.scheduled_for)
                self._tally.makes_up(run)
                runs.append(run)
            else:
                self._tally.misses(place, decision)
        return runs


def _is_skipped(overlap: Overlap, at_work: Sequence[SimulatedRun]) -> bool:
    """Whether a run that arrives is skipped because of those of its job at work, of which there are some."""
    match overlap:
        case Overlap.SKIP:
            return True
        case Overlap.QUEUE:
            return sum(run.began is None for run in at_work) >= MOST_QUEUED
        case Overlap.QUEUE_ONE:
            return any(run.began is None for run in at_work)
        case Overlap.PARALLEL | Overlap.REPLACE:
            return False


def _id(run: SimulatedRun) -> int:
    return run.id


def _slot(run: SimulatedRun) -> tuple[datetime, int]:
    return run.slot, run.id
