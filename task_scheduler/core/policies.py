"""Policies: frozen values that answer questions with decisions."""

from __future__ import annotations

import signal as signals
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from types import MappingProxyType
from typing import Self

from task_scheduler.core.outcomes import Ended, Failed, Interrupted, Snoozed, TimedOut
from task_scheduler.core.runs import AttemptExit, ErrorSummary, StopCause
from task_scheduler.core.tasks import Missed, TaskDeclaration

#: Lateness below this makes no slot a missed one, but where the window is shorter (the larger of 60 s and a tenth of the period).
LEAST_GRACE = timedelta(seconds=60)
#: Lateness below this is none: no policy, however short its window, looks at it.
PUNCTUAL = timedelta(seconds=2)
#: `all` runs at most this many slots of one job; older ones are recorded as missed, never silently dropped.
MOST_CAUGHT_UP = 100
#: Runs of one job that wait behind one another, at most (overlap `queue`).
MOST_QUEUED = 100
#: The words of `retry_on` that are no exception's name, exit code or signal.
RETRY_WORDS = ("timed_out", "interrupted", "memory_limit", "cpu_limit", "max_processes")
#: A snooze is brought within these bounds: a task that asks for none would otherwise keep the machine busy.
SHORTEST_SNOOZE = timedelta(seconds=1)
LONGEST_SNOOZE = timedelta(days=7)
#: Names under which Python knows an exception besides the one it tells.
_SAME_EXCEPTIONS: Mapping[str, str] = MappingProxyType(
    {
        **dict.fromkeys(("EnvironmentError", "IOError", "select.error", "socket.error"), "OSError"),
        **dict.fromkeys(("asyncio.TimeoutError", "concurrent.futures.TimeoutError", "socket.timeout"), "TimeoutError"),
    }
)
#: Beyond this a growing delay has reached any bound, and a power could overflow.
_LARGEST_POWER = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class MisfirePolicy:
    """How old a slot may be and what is done about those that are late."""

    missed: Missed = Missed.ONCE
    window: timedelta = timedelta(hours=24)

    def of(self, declaration: TaskDeclaration | None) -> MisfirePolicy:
        """Return the policy for one task: what it declares itself comes before this; None declares nothing."""
        if declaration is None or (declaration.missed is None and declaration.missed_window is None):
            return self
        window = declaration.missed_window
        return MisfirePolicy(
            missed=declaration.missed or self.missed,
            window=self.window if window is None else timedelta(seconds=window),
        )

    @property
    def reach(self) -> timedelta:
        """How late a slot may run at all: the window, and what is punctual whatever the window is."""
        return max(self.window, PUNCTUAL)

    @staticmethod
    def grace(period: timedelta | None) -> timedelta:
        """Return how late a slot of a job with this period may start and still count as on time."""
        return LEAST_GRACE if period is None else max(LEAST_GRACE, period / 10)


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryPolicy:
    """How often and when a failed execution is repeated."""

    count: int = 0
    delay: timedelta = timedelta(seconds=60)
    backoff: float = 1.0  #: each delay is that of the one before times this
    longest: timedelta = timedelta(days=1)
    jitter: float = 0.0  #: a delay is longer by up to this part of itself
    on: tuple[str, ...] = ()  #: what is retried, as in a task file's `retry_on`; empty: any failure

    @classmethod
    def of(cls, declaration: TaskDeclaration) -> Self:
        """Return the policy a task file declares."""
        return cls(
            count=declaration.retry_count,
            delay=timedelta(seconds=declaration.retry_delay),
            backoff=declaration.retry_backoff,
            longest=timedelta(seconds=declaration.retry_max_delay),
            jitter=declaration.retry_jitter,
            on=declaration.retry_on,
        )

    def next_attempt(
        self,
        *,
        outcome: Ended,
        exit_: AttemptExit,
        run_id: int,
        executions: int,
        now: datetime,
    ) -> datetime | None:
        """Return when to try again after the `executions`-th execution of a run ended so, or None: no more.

        A snooze is no failure: it counts for nothing here, and is always granted. What ended at the deadline of its
        run is over. The same run gets the same answer however often it is asked.
        """
        if isinstance(outcome, Snoozed):
            return now + _within_bounds(outcome.seconds)
        if not isinstance(outcome, Failed | TimedOut | Interrupted) or executions > self.count:
            return None
        if exit_.stopped_for == StopCause.DEADLINE or not self._is_retried(outcome, exit_):
            return None
        return now + self.delay_before(executions, run_id)

    def delay_before(self, retry: int, run_id: int) -> timedelta:
        """Return the wait before the `retry`-th retry of a run; the first is 1."""
        grown = self.delay.total_seconds() * self.backoff ** min(retry - 1, _LARGEST_POWER)
        bounded = min(grown, self.longest.total_seconds())
        return timedelta(seconds=bounded * (1 + self.jitter * _part(run_id, retry)))

    def _is_retried(self, outcome: Ended, exit_: AttemptExit) -> bool:
        return not self.on or not frozenset(self.on).isdisjoint(_told_as(outcome, exit_))


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


def _told_as(outcome: Ended, exit_: AttemptExit) -> Iterator[str]:
    """Yield every item of `retry_on` that means an end like this one."""
    if isinstance(outcome, TimedOut):
        yield "timed_out"
    elif isinstance(outcome, Interrupted):
        yield "interrupted"
    elif exit_.stopped_for is not None:
        yield exit_.stopped_for  # of the limits, since a cancellation is never retried
    else:
        yield from _by_itself(exit_)


def _by_itself(exit_: AttemptExit) -> Iterator[str]:
    if exit_.out_of_memory:
        yield StopCause.MEMORY
    if exit_.exit_code is not None:
        yield str(exit_.exit_code)
    if exit_.signal is not None and exit_.signal in set(signals.Signals):
        yield signals.Signals(exit_.signal).name
    if exit_.error is not None:
        yield from _names(exit_.error)


def _names(error: ErrorSummary) -> Iterator[str]:
    """Yield what an exception and its base classes are called, with the module and without it."""
    for name in (error.kind, *error.bases):
        last = name.rpartition(".")[2]
        yield name
        yield last
        yield f"{name.partition('.')[0]}.{last}"  # as packages offer what a module of theirs defines
        yield from (other for other, same in _SAME_EXCEPTIONS.items() if same == name)


def _within_bounds(seconds: float) -> timedelta:
    if seconds > LONGEST_SNOOZE.total_seconds():
        return LONGEST_SNOOZE
    # Asked this way round, what is no number is none either.
    return timedelta(seconds=seconds) if seconds >= SHORTEST_SNOOZE.total_seconds() else SHORTEST_SNOOZE


def _part(run_id: int, retry: int) -> float:
    """Return a number from 0 to below 1 that is another for each retry of each run, and the same each time."""
    digest = sha256(f"{run_id}.{retry}".encode()).digest()
    return int.from_bytes(digest[:6]) / (1 << 48)
