"""Counts what becomes of slots while a simulation goes on."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from statistics import median

from task_scheduler.core.planning import MissSlots
from task_scheduler.simulation.results import CatchUp, Fate, Hour, JobTotals, Result, SlotsTold, Wait, Waits
from task_scheduler.simulation.scenario import Pause, Scenario

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_HOUR = 3_600
#: Seconds below which nobody has waited: what is left of adding up fractions.
_NO_WAIT = 1e-6

Witness = Callable[[SlotsTold], object]


@dataclass(slots=True, kw_only=True, eq=False)
class SimulatedRun:
    """A run without an outcome."""

    id: int
    job: int  #: its place in the scenario
    slot: datetime
    merged: int
    late: timedelta  #: how long after its slot it was planned
    makes_up: bool  #: it leaves places to others
    in_turn: bool  #: it waits for earlier slots whatever the overlap policy
    begin_by: float = 0.0  #: by when it ought to begin, as the waiting line has it
    arrived: float = 0.0  #: when it came to the line first
    began: float | None = None  #: None: it waits
    ends: float = 0.0  #: when its execution is over, once it has begun
    is_held: bool = False  #: it waits for another run of its job
    was_held: bool = False
    is_over: bool = False


class Tally:
    """The counts. All moments are seconds since 1970."""

    def __init__(self, scenario: Scenario, witness: Witness | None) -> None:
        """`witness` is told of every outcome, in the order in which they are known."""
        self._scenario = scenario
        self._witness = witness
        jobs = len(scenario.jobs)
        self._ran, self._merged, self._skipped, self._missed = ([0] * jobs for _ in range(4))
        self._queued, self._replaced, self._made_up, self._busy_of = [0] * jobs, [0] * jobs, [0] * jobs, [0.0] * jobs
        self._first_hour = int(seconds(scenario.begin)) // _HOUR
        hours = -(-int(seconds(scenario.end)) // _HOUR) - self._first_hour
        self._begun, self._most, self._busy = [0] * hours, [0] * hours, [0.0] * hours
        self._for_a_place = _WaitCounts()
        self._for_their_turn = _WaitCounts()
        self._catch_ups: list[_CatchUpCounts] = []
        self._of_pause: dict[int, _CatchUpCounts] = {}

    # --- runs ---------------------------------------------------------------------------------------------

    def begins(self, run: SimulatedRun, at: float, held: int) -> None:
        """Count a run that begins, with `held` places taken then, its own too."""
        hour = int(at) // _HOUR - self._first_hour
        if hour < len(self._begun):
            self._begun[hour] += 1
            self._most[hour] = max(self._most[hour], held)
        waited = at - run.arrived
        if run.was_held:
            self._queued[run.job] += 1
        self._made_up[run.job] += run.makes_up or run.merged > 0
        if waited > _NO_WAIT and not run.makes_up:
            (self._for_their_turn if run.was_held else self._for_a_place).note(run, waited)
        if self._of_pause:
            made_up = self._of_pause.pop(run.id, None)
            if made_up is not None:
                made_up.begun_until = at

    def ends(self, run: SimulatedRun, at: float) -> None:
        """Count a run whose execution is over."""
        began = run.began or 0.0
        self._ran[run.job] += 1
        self._merged[run.job] += run.merged
        self._busy_of[run.job] += at - began
        self._hold(began, at)
        if self._witness is not None:
            self._tell(run, Fate.RAN, moment(began), moment(at))

    def skips(self, run: SimulatedRun, *, is_replaced: bool = False) -> None:
        """Count a run that is never begun, because of its overlap policy or of the run that replaces it.

        Slots it was to stand for are skipped with it.
        """
        self._skipped[run.job] += 1 + run.merged
        self._replaced[run.job] += is_replaced
        of_pause = self._of_pause.pop(run.id, None)
        if of_pause is not None:
            of_pause.runs -= 1
            of_pause.merged -= run.merged
            of_pause.skipped += 1 + run.merged
        if self._witness is not None:
            self._tell(run, Fate.SKIPPED)

    def replaces(self, run: SimulatedRun) -> None:
        """Count a run whose execution is cancelled for a later one, which `ends` counts too."""
        self._replaced[run.job] += 1

    # --- pauses -------------------------------------------------------------------------------------------

    def catches_up(self, pause: Pause, waiting: int) -> None:
        """Begin to count what comes of a pause with so many runs that waited when it began."""
        self._catch_ups.append(_CatchUpCounts(pause=pause, waiting=waiting))

    def waits_on(self, run: SimulatedRun) -> None:
        """Note a run that waited when the pause began and waits on."""
        self._of_pause[run.id] = self._catch_ups[-1]
        self._catch_ups[-1].runs += 1
        self._catch_ups[-1].merged += run.merged

    def makes_up(self, run: SimulatedRun) -> None:
        """Note a run for slots of the pause."""
        self._catch_ups[-1].due += 1 + run.merged
        self.waits_on(run)

    def misses_run(self, run: SimulatedRun) -> None:
        """Count a run that waited when the pause began, and whose time has passed."""
        self._missed[run.job] += 1 + run.merged
        self._catch_ups[-1].missed += 1 + run.merged
        if self._witness is not None:
            self._tell(run, Fate.MISSED)

    def misses(self, job: int, slots: MissSlots) -> None:
        """Count slots of the pause that get no run."""
        self._missed[job] += slots.count
        self._catch_ups[-1].due += slots.count
        self._catch_ups[-1].missed += slots.count
        if self._witness is not None:
            told = SlotsTold(job=job, fate=Fate.MISSED, first=slots.first, last=slots.last, count=slots.count)
            self._witness(told)

    # --- the result ---------------------------------------------------------------------------------------

    def result(self) -> Result:
        """Return all counts; raises AssertionError where a slot was lost or doubled."""
        scenario = self._scenario
        result = Result(
            scenario=scenario,
            jobs=[self._totals(place) for place in range(len(scenario.jobs))],
            hours=self._hours(),
            for_a_place=self._for_a_place.result(),
            for_their_turn=self._for_their_turn.result(),
            catch_ups=[counts.result() for counts in self._catch_ups],
        )
        if not result.is_balanced:
            wrong = next(place for place, totals in enumerate(result.jobs) if not totals.is_balanced)
            raise AssertionError(f"the slots of {scenario.jobs[wrong].task_id} do not add up: {result.jobs[wrong]}")
        return result

    def _totals(self, place: int) -> JobTotals:
        return JobTotals(
            expected=self._scenario.jobs[place].slots_between(self._scenario.begin, self._scenario.end),
            ran=self._ran[place],
            merged=self._merged[place],
            skipped=self._skipped[place],
            missed=self._missed[place],
            queued=self._queued[place],
            replaced=self._replaced[place],
            made_up=self._made_up[place],
            busy=self._busy_of[place],
        )

    def _hours(self) -> Sequence[Hour]:
        return [
            Hour(begin=moment((self._first_hour + place) * _HOUR), begun=begun, most=most, busy=busy)
            for place, (begun, most, busy) in enumerate(zip(self._begun, self._most, self._busy, strict=True))
        ]

    def _hold(self, began: float, ended: float) -> None:
        """Count the seconds of an execution in the hours they are of, as far as those are simulated."""
        hour = int(began) // _HOUR
        while began < ended and hour - self._first_hour < len(self._busy):
            until = min(ended, (hour + 1) * _HOUR)
            self._busy[hour - self._first_hour] += until - began
            began, hour = until, hour + 1

    def _tell(
        self, run: SimulatedRun, fate: Fate, began: datetime | None = None, ended: datetime | None = None
    ) -> None:
        if self._witness is not None:
            told = SlotsTold(
                job=run.job,
                fate=fate,
                first=run.slot,
                last=run.slot,
                merged=run.merged,
                began=began,
                ended=ended,
            )
            self._witness(told)


class _WaitCounts:
    """Runs that waited for one reason."""

    def __init__(self) -> None:
        self._seconds = array("d")
        self._worst: Wait | None = None

    def note(self, run: SimulatedRun, waited: float) -> None:
        self._seconds.append(waited)
        if self._worst is None or waited > self._worst.seconds:
            self._worst = Wait(job=run.job, slot=run.slot, seconds=waited)

    def result(self) -> Waits:
        middle = median(self._seconds) if self._seconds else 0.0
        return Waits(count=len(self._seconds), median=middle, worst=self._worst)


@dataclass(slots=True, kw_only=True, eq=False)
class _CatchUpCounts:
    pause: Pause
    waiting: int
    due: int = 0
    runs: int = 0
    merged: int = 0
    missed: int = 0
    skipped: int = 0
    begun_until: float | None = None

    def result(self) -> CatchUp:
        until = self.begun_until
        return CatchUp(
            begin=self.pause.begin,
            end=self.pause.end,
            due=self.due,
            waiting=self.waiting,
            runs=self.runs,
            merged=self.merged,
            missed=self.missed,
            skipped=self.skipped,
            begun_after=None if until is None else max(0.0, until - seconds(self.pause.end)),
        )


def seconds(at: datetime) -> float:
    """Return a moment as seconds since 1970."""
    return (at - EPOCH).total_seconds()


def moment(at: float) -> datetime:
    """Return the moment so many seconds after the beginning of 1970."""
    return EPOCH + timedelta(seconds=at)
