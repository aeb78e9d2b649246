"""What came of a simulation, in counts and moments."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from task_scheduler.simulation.scenario import Scenario


class Fate(StrEnum):
    """What became of slots."""

    RAN = "ran"  # a run of its own, and what that stands for besides
    SKIPPED = "skipped"
    MISSED = "missed"


@dataclass(frozen=True, slots=True, kw_only=True)
class SlotsTold:
    """One run, or slots that got none, as a record would have them."""

    job: int  #: its place in the scenario
    fate: Fate
    first: datetime
    last: datetime  #: the same as `first` but for slots missed in a row
    count: int = 1  #: slots this stands for, those merged left aside
    merged: int = 0  #: earlier slots the run stands for besides its own
    began: datetime | None = None  #: None: it did not run
    ended: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class JobTotals:
    """What became of the slots of one job: expected = ran + merged + skipped + missed."""

    expected: int  #: counted by the schedule alone
    ran: int
    merged: int
    skipped: int
    missed: int
    queued: int  #: of those that ran: how many waited for an earlier run of the job to end
    replaced: int  #: how many were cancelled for a later one; those that had not begun yet count as skipped
    made_up: int  #: of those that ran: how many made up for slots nobody was there for
    busy: float  #: seconds of execution

    @property
    def is_balanced(self) -> bool:
        """Whether nothing was lost and nothing doubled."""
        return self.expected == self.ran + self.merged + self.skipped + self.missed


@dataclass(frozen=True, slots=True, kw_only=True)
class Wait:
    """One run that waited."""

    job: int
    slot: datetime
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Waits:
    """How long runs that were on time waited, made-up ones left aside."""

    count: int = 0
    median: float = 0.0  #: seconds, of those that waited; 0: none did
    worst: Wait | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Hour:
    """One hour of the simulated time, by the clock of UTC."""

    begin: datetime
    begun: int  #: runs that began in it
    most: int  #: places that were held at once
    busy: float  #: seconds of execution in it, all places together


@dataclass(frozen=True, slots=True, kw_only=True)
class CatchUp:
    """What came of one pause."""

    begin: datetime
    end: datetime
    due: int  #: slots that came due in it
    waiting: int  #: runs that had waited when it began, and waited on
    runs: int  #: runs that made up for slots of it, skipped ones left aside
    merged: int  #: further slots these stand for
    missed: int  #: slots without a run, of `due` and of `waiting`
    skipped: int
    begun_after: float | None  #: seconds after its end until the last of all these had begun; None: there were none


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """All that came of a scenario."""

    scenario: Scenario
    jobs: Sequence[JobTotals]  #: one for each job of the scenario
    hours: Sequence[Hour]  #: without gaps, those with nothing too
    for_a_place: Waits  #: of runs that waited since all places were taken
    for_their_turn: Waits  #: of runs that waited for an earlier run of their job
    catch_ups: Sequence[CatchUp]

    @property
    def is_balanced(self) -> bool:
        """Whether nothing was lost and nothing doubled."""
        return all(job.is_balanced for job in self.jobs)
