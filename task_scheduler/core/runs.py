"""Runs and attempts: their states, the allowed transitions, and what is on record of each.

The life of a run (docs/design.md draws it):

    queued ──> running ──> succeeded | failed | timed_out | cancelled | interrupted | skipped
      │           │
      │           └─> retrying ──> running … | cancelled | failed | timed_out
      └─> skipped | missed | cancelled | failed

A run that is paused keeps its state: `Run.paused_at` tells. A task that snoozes makes its run `retrying`.

Values are persisted: never rename one (tests/unit/core/test_runs.py freezes them).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from task_scheduler.core.errors import IllegalTransition


class RunState(StrEnum):
    """Where a run stands."""

    QUEUED = "queued"  # on record; waits for its instant, for a place or for its environment
    RUNNING = "running"  # an attempt is executing
    RETRYING = "retrying"  # an attempt failed or snoozed; the next one waits for its time, holding no place
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    TIMED_OUT = "timed_out"  # the whole process tree was ended at the time limit
    CANCELLED = "cancelled"  # a person, a deletion or a stop ended it
    INTERRUPTED = "interrupted"  # it is proved dead and how it ended is not known
    SKIPPED = "skipped"  # not run, on purpose, with a reason; or its own code said there was nothing to do
    MISSED = "missed"  # not run because its time had passed, with a reason


ACTIVE = frozenset({RunState.QUEUED, RunState.RUNNING, RunState.RETRYING})
FINAL = frozenset(RunState) - ACTIVE

TRANSITIONS: Mapping[RunState, frozenset[RunState]] = {
    RunState.QUEUED: frozenset(
        {RunState.RUNNING, RunState.SKIPPED, RunState.MISSED, RunState.CANCELLED, RunState.FAILED}
    ),
    RunState.RUNNING: frozenset(
        {
            RunState.RETRYING,
            RunState.SUCCEEDED,
            RunState.FAILED,
            RunState.TIMED_OUT,
            RunState.CANCELLED,
            RunState.INTERRUPTED,
            RunState.SKIPPED,
        }
    ),
    RunState.RETRYING: frozenset({RunState.RUNNING, RunState.CANCELLED, RunState.FAILED, RunState.TIMED_OUT}),
    **{state: frozenset() for state in FINAL},
}


class AttemptState(StrEnum):
    """Where one execution inside a run stands."""

    CLAIMED = "claimed"  # on record and assigned; whether it began is told by its start marker alone
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    TIMED_OUT = "timed_out"
    CANCELLED = "cancelled"
    INTERRUPTED = "interrupted"
    SKIPPED = "skipped"  # its own code said there was nothing to do
    SNOOZED = "snoozed"  # its own code asked to be run again later; not counted as an execution
    VOID = "void"  # proved never to have begun; not an execution, and not counted as one


OPEN_ATTEMPTS = frozenset({AttemptState.CLAIMED, AttemptState.RUNNING})

ATTEMPT_TRANSITIONS: Mapping[AttemptState, frozenset[AttemptState]] = {
    AttemptState.CLAIMED: frozenset({AttemptState.RUNNING, AttemptState.VOID, AttemptState.INTERRUPTED}),
    AttemptState.RUNNING: frozenset(AttemptState) - OPEN_ATTEMPTS - {AttemptState.VOID},
    **{state: frozenset() for state in frozenset(AttemptState) - OPEN_ATTEMPTS},
}


def check_transition(current: RunState, wanted: RunState) -> None:
    """Raise IllegalTransition unless a run in `current` may become `wanted`."""
    if wanted not in TRANSITIONS[current]:
        raise IllegalTransition("a run", current, wanted)


def check_attempt_transition(current: AttemptState, wanted: AttemptState) -> None:
    """Raise IllegalTransition unless an attempt in `current` may become `wanted`."""
    if wanted not in ATTEMPT_TRANSITIONS[current]:
        raise IllegalTransition("an attempt", current, wanted)


class RunKind(StrEnum):
    """What asked for a run."""

    SCHEDULED = "scheduled"  # a slot of a job
    MANUAL = "manual"  # a person, by the command line or another door
    EVENT = "event"  # what a job waits for: a start, a boot, the end of another task's run, a changed file
    RECOVERED = "recovered"  # not known: it was found at work, or ended, when the record had been restored


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptId:
    """Names one execution: attempt `number` (the first is 1) of run `run_id`."""

    run_id: int
    number: int

    def __str__(self) -> str:
        """Return `42.1`."""
        return f"{self.run_id}.{self.number}"

    @classmethod
    def parse(cls, text: str) -> AttemptId:
        """Read `42.1`; raises ValueError for anything else."""
        run, dot, number = text.partition(".")
        if not (text.isascii() and dot and run.isdecimal() and number.isdecimal()):
            raise ValueError(f"not the name of an attempt: {text!r}")
        return cls(run_id=int(run), number=int(number))


def output_name(task_id: str, attempt: AttemptId) -> str:
    """Return the name of an attempt's output, relative to the folder of outputs: `reports/daily/42.1.log`."""
    return f"{task_id}/{attempt}.log"


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorSummary:
    """What a failed attempt's own code said: the last line of its traceback, taken apart."""

    kind: str  #: the exception's name, such as `ValueError` or `requests.exceptions.Timeout`
    message: str  #: its text, first 2,000 characters; empty when it has none
    place: str = ""  #: `tasks/report.py:12 in start`, the innermost line in the task's own file
    bases: tuple[str, ...] = ()  #: names of the exception's base classes, nearest first, for `retry_on`; not recorded


class EndKind(StrEnum):
    """What a task's own code may ask for by raising it."""

    SKIP = "skip"  # there was nothing to do
    SNOOZE = "snooze"  # run me again later, and do not count this
    CANCEL = "cancel"  # stop here, and do not retry


@dataclass(frozen=True, slots=True, kw_only=True)
class EndRequest:
    """How an attempt's own code asked to be judged: it raised `Skip`, `Snooze` or `Cancel`."""

    kind: EndKind
    reason: str = ""  #: its words, first 2,000 characters; may be empty
    seconds: float | None = None  #: of a snooze: how long; None of the others


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far an attempt says it is. All parts are as it told them; nothing is computed."""

    done: float
    total: float | None = None  #: None: `done` counts something whose end is not known
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Artifact:
    """A file or address an attempt named as something it made."""

    path: str  #: as told: relative to the project folder, absolute, or an address
    title: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptNotes:
    """What an attempt told of its work, the newest of each."""

    progress: Progress | None = None
    metrics: Mapping[str, float] = field(default_factory=dict)
    artifacts: tuple[Artifact, ...] = ()
    result: str | None = None  #: JSON of what its function returned, or of what it told as its result; None: nothing
    refused: tuple[str, ...] = ()  #: sentences about what could not be kept, such as a result that is no JSON

    @property
    def is_empty(self) -> bool:
        """Whether it told nothing."""
        return self == NOTHING_TOLD


NOTHING_TOLD = AttemptNotes()


class StopCause(StrEnum):
    """The limits an attempt can be ended at; the values of `AttemptExit.stopped_for` that are no sentence."""

    TIMEOUT = "timeout"  # of the attempt, in seconds
    DEADLINE = "deadline"  # of the whole run, in seconds
    MEMORY = "memory_limit"  # of the whole tree, in bytes
    CPU = "cpu_limit"  # of the whole tree, in seconds
    PROCESSES = "max_processes"


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptExit:
    """The measured facts of how one attempt ended, before anyone judges them.

    Exactly one of `exit_code` and `signal` is set when the end was seen; both are None when the
    attempt is proved dead and nobody saw how it ended.
    """

    exit_code: int | None = None
    signal: int | None = None
    stopped_for: str | None = (
        None  #: why we ended it: a `StopCause`, or a cancellation's sentence; None: it ended itself
    )
    stop_limit: float | None = None  #: of a `StopCause`: the limit, in seconds, bytes or processes
    stop_value: float | None = None  #: and what was measured when it was ended, in the same unit
    error: ErrorSummary | None = None
    end_request: EndRequest | None = (
        None  #: what its code asked for; counts only where it ended itself with exit code 0
    )
    notes: AttemptNotes = NOTHING_TOLD
    started_at: datetime | None = None
    ended_at: datetime | None = None
    duration: float | None = None  #: seconds by the monotonic clock, from fork to end
    cpu_seconds: float | None = None  #: user and system time of the whole tree that was waited for
    peak_memory: int | None = (
        None  #: bytes resident at the peak, less what the fork began with; of the whole tree if limited
    )
    output_bytes: int = 0  #: written by the attempt, kept or not
    output_dropped: int = 0  #: of these, left out of the kept file by the output limit
    left_behind: int = 0  #: processes found alive after the main process ended, and ended
    core_dumped: bool = False  #: the kernel wrote, or tried to write, an image of its memory
    out_of_memory: bool = False  #: the kernel killed it for want of memory
    paused_seconds: float = 0.0  #: how long it was paused; no part of what its limits count


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One execution inside a run, as recorded."""

    id: AttemptId
    state: AttemptState
    digest: str  #: of the source it runs, SHA-256 in hex
    environment: str  #: key of the environment's lock
    placement: str  #: where it was sent: opaque text of the executor, which alone reads it
    output: str  #: name of its output, relative to the folder of outputs
    claimed_at: datetime
    exit: AttemptExit | None = None  #: None until it ended; for a running one its start is in `started_at`
    started_at: datetime | None = None
    reason: str = ""  #: why it is not `succeeded`, in words; empty when it is


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What happened for one slot or one request, as recorded.

    A row of state `missed` or `skipped` with `count` above 1 stands for all slots of its job from
    `scheduled_for` to `range_end`, both included.
    """

    id: int
    kind: RunKind
    state: RunState
    task_id: str
    job_id: int | None  #: None for a request that names no job
    function: str | None  #: None: the whole file, run as `__main__`
    arguments: str  #: Python literal of `(args, kwargs)`
    argv: tuple[str, ...] = ()  #: command-line arguments a person gave
    scheduled_for: datetime | None  #: the slot, UTC; None for a request
    clock_generation: int = 0
    request_id: str | None = None  #: the caller's own name for a request; unique
    digest: str | None = None  #: version in force when it was last started
    pinned: str | None = None  #: digest of the only version its first execution may be of; None: the one in force
    reason: str = ""  #: why it ended as it did, in words; empty when it succeeded
    count: int = 1  #: slots this row stands for
    range_end: datetime | None = None  #: last slot of a bulk row
    merged: int = 0  #: earlier slots this run stands for besides its own (misfire policy `once`)
    merged_from: datetime | None = None  #: the first of these
    created_at: datetime
    started_at: datetime | None = None  #: first attempt
    ended_at: datetime | None = None
    retry_at: datetime | None = None  #: when `retrying`: the next attempt's time
    attempts: int = 0  #: attempts claimed so far, void ones included; the next is `attempts + 1`
    executions: int = 0  #: attempts that really began, snoozed ones left out; what `retry_count` counts
    paused_at: datetime | None = None  #: since when it is paused, as a person asked; None: it is not
    paused_seconds: float = 0.0  #: all earlier pauses; no part of what `deadline` counts
    last_exit: AttemptExit | None = field(default=None)  #: of the newest attempt that ended

    @property
    def is_final(self) -> bool:
        """Whether it has its outcome and can no longer change."""
        return self.state in FINAL
