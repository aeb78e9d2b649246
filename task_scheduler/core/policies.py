"""Policies: frozen values that answer questions with decisions."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from task_scheduler.core.outcomes import Ended, Failed, Interrupted, TimedOut


class Missed(StrEnum):
    """What happens to slots that could not run in time."""

    ONCE = "once"  # one run for all of them
    SKIP = "skip"  # none; each is recorded as missed
    ALL = "all"  # every one that is young enough


#: Lateness below this is never a missed slot (DESIGN: the larger of 60 s and a tenth of the period).
LEAST_GRACE = timedelta(seconds=60)
#: `all` runs at most this many slots of one job; older ones are recorded as missed, never silently dropped.
MOST_CAUGHT_UP = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class MisfirePolicy:
    """How old a slot may be and what is done about those that are late."""

    missed: Missed = Missed.ONCE
    window: timedelta = timedelta(hours=24)

    @staticmethod
    def grace(period: timedelta | None) -> timedelta:
        """Return how late a slot of a job with this period may start and still count as on time."""
        return LEAST_GRACE if period is None else max(LEAST_GRACE, period / 10)


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryPolicy:
    """How often and when a failed execution is repeated."""

    count: int = 0
    delay: timedelta = timedelta(seconds=60)

    def next_attempt(self, *, outcome: Ended, executions: int, now: datetime) -> datetime | None:
        """Return when to try again after the `executions`-th execution ended so, or None: no more."""
        if not isinstance(outcome, Failed | TimedOut | Interrupted) or executions > self.count:
            return None
        return now + self.delay


@dataclass(frozen=True, slots=True, kw_only=True)
class BackOff:
    """How long to pause after failures in a row: twice as long each time, up to a bound."""

    first: timedelta
    longest: timedelta

    def delay(self, failures: int) -> timedelta:
        """Return the pause after the `failures`-th failure in a row; the first is 1."""
        doublings = min(failures - 1, 32)  # more would overflow, and reach any bound that makes sense
        return min(self.first * (1 << doublings), self.longest)


@dataclass(frozen=True, slots=True, kw_only=True)
class RetentionPolicy:
    """How long finished runs and their output are kept: a run goes when either bound says so."""

    age: timedelta | None = timedelta(days=90)  #: None: no bound by age
    runs_per_task: int | None = 10_000  #: newest runs kept of each task; None: no bound by count
