"""The ports: what the services need of the world, in domain words. Adapters implement them.

Every `async` write returns after its commit: **no effect before the commit**. All times are aware, in UTC.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from task_scheduler.core.backups import Backup, WrittenBackup
from task_scheduler.core.environments import Collected, Lock, Requirements
from task_scheduler.core.errors import Problem
from task_scheduler.core.happenings import FileIdentity
from task_scheduler.core.outcomes import Cancelled, Ended, Failed, Missed, Skipped, TimedOut
from task_scheduler.core.policies import RetentionPolicy
from task_scheduler.core.requests import AttemptRequest, ExecutionProfile, OpenAttempt, Report, Started
from task_scheduler.core.runs import Attempt, AttemptExit, AttemptId, Run, RunState
from task_scheduler.core.tasks import Job, JobDeclaration, TaskReading, TaskRecord, TaskVersion

# --- time -------------------------------------------------------------------------------------------------


class Clock(Protocol):
    """The only source of time."""

    def now(self) -> datetime:
        """Return the wall clock's moment, UTC."""
        ...

    def monotonic(self) -> float:
        """Return seconds that never run backwards and stand still in suspend."""
        ...

    def boottime(self) -> float:
        """Return seconds that never run backwards and go on in suspend."""
        ...

    async def sleep(self, seconds: float, *, exact: bool = False) -> None:
        """Return after `seconds` of monotonic time; at once for zero or less.

        An event loop wakes to the millisecond, up to one late; with `exact` its thread stands still for the last two.
        """
        ...


# --- the record -------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptClaim:
    """An attempt to put on record before anything is started."""

    digest: str
    environment: str
    placement: str
    claimed_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class SlotClaim:
    """One slot, or one range of slots, of a job to put on record, once.

    `outcome` None makes a queued run; else the row ends at once with that outcome.
    """

    job: Job
    digest: str | None  #: version in force
    scheduled_for: datetime
    clock_generation: int
    created_at: datetime
    outcome: Skipped | Missed | None = None
    count: int = 1
    range_end: datetime | None = None
    merged: int = 0
    merged_from: datetime | None = None
    attempt: AttemptClaim | None = None  #: the first attempt, claimed in the same commit


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRequest:
    """A run somebody asked for."""

    task_id: str
    function: str | None
    arguments: str
    argv: tuple[str, ...] = ()  #: command-line arguments, `sys.argv[1:]`
    digest: str | None  #: version in force
    pinned: str | None = None  #: digest of the only version its first execution may be of; None: the one in force
    request_id: str  #: repeating it returns the run it made the first time
    created_at: datetime
    job_id: int | None = None
    is_for_event: bool = False  #: also where `job_id` is None: its job never was in force


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptEnd:
    """How one attempt ended, and what becomes of its run, in one commit.

    With `retry_at` the run becomes `retrying`; without it the run takes the attempt's outcome, or `run_outcome`
    where that is given: an attempt may fail, or snooze, and its run end at its deadline for it.
    """

    id: AttemptId
    outcome: Ended
    exit: AttemptExit
    at: datetime
    retry_at: datetime | None = None
    started: Started | None = None  #: given when the start was not recorded by itself before
    run_outcome: Failed | TimedOut | Cancelled | None = None  #: what the run takes instead, without `retry_at`


class Ledger(Protocol):
    """The record of slots, runs and attempts; every slot ends in exactly one outcome."""

    async def claim(self, claims: Sequence[SlotClaim], next_runs: Mapping[int, datetime | None]) -> Sequence[Run]:
        """Put slots on record and move their jobs' `next_run` on, in one commit.

        Returns the new queued runs, in the order of `claims`; a slot that is on record already (same
        job, instant and clock generation) is left as it is and not returned.
        """
        ...

    async def request(self, request: RunRequest) -> tuple[Run, bool]:
        """Put a requested run on record; return it, and whether it is new.

        Raises Refused when the request's name belongs to a run of another task, version, function or command line.
        """
        ...

    async def begin(self, claims: Sequence[tuple[int, AttemptClaim]]) -> Sequence[Attempt]:
        """Put attempts of the runs with these ids on record, before they are started."""
        ...

    async def started(self, started: Sequence[Started]) -> None:
        """Record that attempts are running; ignores those that have ended meanwhile."""
        ...

    async def finish(self, ends: Sequence[AttemptEnd]) -> Sequence[Run]:
        """End attempts, each with its run's next state, by compare-and-set; return those runs.

        An attempt that has ended before is left as it is and its run not returned. Of the attempts in which an open
        run snoozed only the newest 20 are kept.
        """
        ...

    async def void(self, attempts: Sequence[AttemptId], reason: str) -> None:
        """Record claimed attempts as never begun; their runs stay `queued` or `retrying`."""
        ...

    async def resolve(
        self, run_ids: Sequence[int], outcome: Skipped | Missed | Cancelled | Failed | TimedOut, at: datetime
    ) -> Sequence[Run]:
        """End runs that wait (`queued` or `retrying`) without a further attempt; return those that did."""
        ...

    async def pause(self, run_id: int, at: datetime) -> Run | None:
        """Record that a run is to stand still from now on; None when it has its outcome. Raises UnknownRun.

        A run that is paused already is returned as it is. The record is what is wanted: it is committed before
        anything is done about it, and whoever adopts the run makes it so.
        """
        ...

    async def unpause(self, run_id: int, at: datetime) -> Run | None:
        """Record that a paused run is to go on, and add the pause to `paused_seconds`; None when it has its outcome.

        A run that is not paused is returned as it is. The end of a run, too, ends its pause.
        """
        ...

    async def open_runs(self) -> Sequence[tuple[Run, Sequence[Attempt]]]:
        """Return every run without an outcome, with those of its attempts that are open."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenUp:
    """What of some jobs is not to run any more, as a person asked, and what they owe next."""

    slots: Sequence[SlotClaim]  #: not on record yet, each with its outcome
    next_runs: Mapping[int, datetime | None]
    runs: Sequence[int]  #: on record, waiting, and not to begin
    attempts: Sequence[AttemptId]  #: claimed for these, and never sent on
    outcome: Missed
    at: datetime


class Resets(Protocol):
    """The record of schedules that a person resets."""

    async def give_up(self, given_up: GivenUp) -> Sequence[Run]:
        """Record slots and waiting runs as missed and move their jobs on, in one commit; return the runs it ended.

        A slot that is on record already, and a run that does not wait any more, are left as they are.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Admission:
    """A version that is to be put in force."""

    task: TaskRecord
    version: TaskVersion
    source: bytes
    lock: Lock
    jobs: Sequence[JobDeclaration] = ()
    next_runs: Sequence[datetime | None] = ()  #: one instant for each of `jobs`


class Catalogue(Protocol):
    """The record of task files, their admitted versions and their jobs.

    What writes takes several at once and does it in one commit, or not at all: a folder may hold thousands of files.
    """

    async def tasks(self) -> Sequence[TaskRecord]:
        """Return every task file on record, deleted ones included, by id."""
        ...

    async def put_tasks(self, tasks: Sequence[TaskRecord]) -> None:
        """Insert or replace what is on record of task files."""
        ...

    async def put_stamps(self, stamps: Mapping[str, tuple[str, str]]) -> None:
        """Set the stamps of task files, given by id with the digest each belongs to; of any other digest: nothing."""
        ...

    async def admit(self, admissions: Sequence[Admission]) -> Sequence[Sequence[Job]]:
        """Put versions in force: for each its source, lock, record and jobs.

        A job that is on record with the same identity keeps its id, and keeps its `next_run` when it was
        active; every other active job of the task ends. No two admissions are of one task.
        Returns each task's active jobs.
        """
        ...

    async def retire(self, tasks: Sequence[TaskRecord]) -> None:
        """Record tasks as disabled, deleted or no tasks any more and end their jobs."""
        ...

    async def versions(self) -> Sequence[TaskVersion]:
        """Return the version in force of every task that has one."""
        ...

    async def version(self, task_id: str, digest: str) -> TaskVersion | None:
        """Return one version ever admitted, the newest with that digest."""
        ...

    async def jobs(self) -> Sequence[Job]:
        """Return every active job."""
        ...

    async def reschedule(self, next_runs: Mapping[int, datetime | None]) -> None:
        """Set what jobs owe next, in one commit."""
        ...

    async def lock(self, key: str) -> Lock | None:
        """Return a lock on record."""
        ...

    async def kept_environments(self) -> Collection[str]:
        """Return the keys of environments that a version in force or a kept, unfinished run refers to."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Pruned:
    """What one round of pruning deleted."""

    runs: int
    outputs: tuple[str, ...]  #: names of the outputs nothing refers to any more


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFilter:
    """Which runs to list; None means any."""

    task_id: str | None = None
    states: frozenset[RunState] | None = None
    before_id: int | None = None  #: for the next page: the last id seen
    limit: int = 20


class History(Protocol):
    """Questions about the record, each answered in one short read."""

    async def runs(self, which: RunFilter) -> Sequence[Run]:
        """Return runs, newest first, without what they told (`last_exit.notes`)."""
        ...

    async def run(self, run_id: int) -> Run | None:
        """Return one run."""
        ...

    async def attempts(self, run_id: int) -> Sequence[Attempt]:
        """Return a run's attempts, first one first."""
        ...

    async def latest(self) -> Mapping[str, Run]:
        """Return the newest run of each task that has one, by task id, without what it told."""
        ...

    async def latest_of_jobs(self) -> Mapping[int, Run]:
        """Return the run of the latest slot of each active job that has one, by job id, without what it told."""
        ...

    async def all_jobs(self, task_id: str) -> Sequence[Job]:
        """Return every job a task ever had, active ones first."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class SlotBounds:
    """The first and the last slot of a job that any row stands for."""

    first: datetime
    last: datetime


class SlotHistory(Protocol):
    """Questions about what became of slots; each run comes without its last exit."""

    async def slots(self, job_id: int, begin: datetime, end: datetime) -> Sequence[Run]:
        """Return the rows that stand for slots of a job from `begin` to before `end`, and the row that follows."""
        ...

    async def slot_bounds(self, task_id: str) -> Mapping[int, SlotBounds]:
        """Return the first and the last slot on record of each job of a task that has any, by job id."""
        ...

    async def admissions(self, task_id: str) -> Sequence[datetime]:
        """Return the moments at which the versions of a task that are on record were put in force, oldest first."""
        ...

    async def counts(self, task_id: str | None, begin: datetime, end: datetime) -> Mapping[RunState, int]:
        """Return how many rows of each state have one slot from `begin` to before `end`, or ended then without any."""
        ...

    async def ranges(self, task_id: str | None, begin: datetime, end: datetime) -> Sequence[Run]:
        """Return the rows that stand for several slots of which some may lie from `begin` to before `end`."""
        ...


class StateStore(Protocol):
    """Small facts the scheduler keeps about itself, and the care of the record."""

    async def get(self, name: str) -> str | None:
        """Return a fact, None when it was never set."""
        ...

    async def put(self, name: str, value: str) -> None:
        """Set a fact."""
        ...

    async def prune(self, policy: RetentionPolicy, now: datetime, limit: int) -> Pruned:
        """Delete at most `limit` finished runs the policy no longer keeps, and what only they referred to."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class EndedRun:
    """What is to be known of a run that another task runs after."""

    id: int
    state: RunState
    ended_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class EndedRuns:
    """The runs of a task that have their outcome, from one number on."""

    runs: tuple[EndedRun, ...]  #: by number
    next_open: int  #: all runs before this number have their outcome


class Happenings(Protocol):
    """What jobs that wait for an event have seen of it: named marks of each job, kept over restarts."""

    async def marks(self) -> Mapping[int, Mapping[str, str]]:
        """Return all marks by job id and name; jobs without any are left out."""
        ...

    async def put_marks(self, marks: Mapping[tuple[int, str], str | None]) -> None:
        """Set marks given by job id and name, in one commit; None removes one."""
        ...

    async def requested(self, request_ids: Collection[str]) -> Mapping[str, Run]:
        """Return the runs with these request ids, by id; those that have none are left out."""
        ...

    async def ended_runs(self, task_id: str, first: int | None) -> EndedRuns:
        """Return the runs of a task with an outcome from number `first` on; None: from its first open run on."""
        ...


class BackupStore(Protocol):
    """The backups of the record."""

    async def backup(self, *, why: str) -> WrittenBackup:
        """Write a verified copy beside the others, and remove those that are not kept any more; raises StoreError."""
        ...

    async def backups(self) -> Sequence[Backup]:
        """Return the backups, newest first; raises StoreError."""
        ...

    def keep_backups(self, keep: timedelta) -> None:
        """Keep backups for so long from the next one on."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundAttempt:
    """An attempt an executor executes, or knows the end of."""

    id: AttemptId
    task_id: str | None  #: None: it is not known any more
    placement: str
    environment: str
    output: str  #: name of its output
    started_at: datetime | None


class Recovery(Protocol):
    """What puts a restored record in step with the world again."""

    async def take_in(self, found: Sequence[FoundAttempt], at: datetime) -> Sequence[AttemptId]:
        """Put attempts on record that are not; return which of them are to be settled now.

        Those of a run that has its outcome, or whose task is not known, are left out.
        """
        ...


# --- task files -------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceFile:
    """One settled file of the folder of tasks."""

    task_id: str
    path: str  #: relative to the project folder
    digest: str  #: SHA-256 in hex; empty: it was not read, or cannot be
    content: bytes | None  #: None: not read, or not readable, and then `problem` says why
    problem: str = ""
    stamp: str = ""  #: what the file looked like, to tell later that it is the same; opaque; empty: not certain enough
    saved_at: datetime | None = None  #: when its content was last written; aware; None: not known, or not read

    @property
    def is_unread(self) -> bool:
        """Whether its content was left for `TaskSource.fetch`: it is known, or one of very many."""
        return self.content is None and not self.problem


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownFile:
    """What is on record of a file, so that it need not be read when it looks the same."""

    digest: str
    stamp: str  #: empty: it must be read


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceChanges:
    """What changed in the watched folders since the last report."""

    files: tuple[SourceFile, ...] = ()  #: new or changed
    removed: tuple[str, ...] = ()  #: ids of tasks whose file is gone
    confirmed: tuple[SourceFile, ...] = ()  #: unchanged, with the stamp by which that can be told from now on
    local_digest: str = ""  #: over all helpers, now
    suspended: str | None = None  #: why the folder itself cannot be read; its tasks are suspended, not deleted
    complete: bool = False  #: a full look, so that every task on record and not in `files` is gone


class TaskSource(Protocol):
    """Where task files come from; reports only what has settled."""

    async def start(self, listener: Callable[[SourceChanges], None], known: Mapping[str, KnownFile]) -> None:
        """Report a full look first (`complete`), then each change; calls come from the event loop.

        `known` are the task files on record, by task id.
        """
        ...

    async def stop(self) -> None:
        """Report no more."""
        ...

    async def rescan(self) -> None:
        """Look at everything now, without waiting for an event."""
        ...

    async def fetch(self, files: Sequence[SourceFile]) -> Sequence[SourceFile | None]:
        """Return files as they are now, with their content.

        None for one that is gone or has changed since it was reported: that is reported by itself.
        """
        ...


class TaskReader(Protocol):
    """Tells from a task file's text what it declares, without running it."""

    def read(self, source: SourceFile) -> TaskReading:
        """Return all that can be told, with every problem found; never raises for bad input."""
        ...

    def helper_packages(self, names: Sequence[str]) -> tuple[str, ...]:
        """Return the packages declared by the helper files that provide these names (`*`: all of them)."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundFiles:
    """The files that fit a pattern."""

    files: Mapping[str, FileIdentity]  #: by path, relative to the project folder unless the pattern begins with `/`
    unseen: tuple[str, ...] = ()  #: folders that cannot be read or are gone: of what is in them nothing is known
    unread: tuple[str, ...] = ()  #: of these, the ones that are there
    trouble: str = ""  #: the first path that is there and cannot be read, with the reason; empty: there is none


class WatchedFiles(Protocol):
    """The files that tasks wait for."""

    async def look(self, pattern: str) -> FoundFiles:
        """Return the regular files that fit a pattern now, hidden ones only where it names them.

        A file system that hangs has it wait for as long, and keeps no other look back. Raises OSError, RecursionError or
        ValueError where nothing at all can be told.
        """
        ...

    async def gone(self, paths: Sequence[str]) -> Collection[str]:
        """Return which of these files, spelled as a look spells them, are not there; raises OSError.

        One of which that cannot be told counts as there.
        """
        ...


# --- environments -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Inspection:
    """What importing a task file in its own environment told."""

    jobs: tuple[JobDeclaration, ...] = ()
    problems: tuple[Problem, ...] = ()  #: empty when all went well


class EnvironmentProvider(Protocol):
    """Locks, builds and removes the environments tasks run in."""

    async def resolve(self, requirements: Requirements) -> Lock:
        """Resolve a set of requirements; raises EnvironmentFailed."""
        ...

    async def ensure(self, lock: Lock) -> None:
        """Return once the environment of this lock is ready, building it if need be; raises EnvironmentFailed."""
        ...

    def is_ready(self, key: str) -> bool:
        """Whether the environment is built and complete."""
        ...

    async def missing_modules(self, key: str, modules: Sequence[str], path: str) -> tuple[str, ...]:
        """Return those modules that a task file at `path` could not find, without running anything of it.

        Raises EnvironmentFailed when the environment cannot answer.
        """
        ...

    async def inspect(self, key: str, source: SourceFile) -> Inspection:
        """Import a task file in a child of its environment, with a time limit, and read its schedules."""
        ...

    async def collect(self, keep: Collection[str], *, even_recent: bool = False, dry_run: bool = False) -> Collected:
        """Remove environments nobody refers to; `dry_run` only tells which.

        What was asked for a moment ago stays, unless `even_recent`: its task may not be on record yet.
        """
        ...


# --- execution --------------------------------------------------------------------------------------------


class Executor(Protocol):
    """Where attempts execute. Reports arrive in the event loop, in order for each attempt."""

    async def start(self, listener: Callable[[Report], None]) -> None:
        """Begin to report."""
        ...

    async def stop(self) -> None:
        """Report no more; running attempts live on."""
        ...

    def prepare(self, profile: ExecutionProfile) -> None:
        """Have a worker ready soon; returns at once."""
        ...

    def place(self, profile: ExecutionProfile) -> str:
        """Choose a worker for an attempt that is about to be claimed; returns at once, with text for the record."""
        ...

    def launch(self, request: AttemptRequest, placement: str) -> None:
        """Start a claimed attempt. What becomes of it arrives as reports, at most one execution ever."""
        ...

    def terminate(self, attempt: AttemptId, reason: str, *, grace: float | None = None) -> None:
        """End an attempt with its whole tree; its Finished report carries the reason, the first one that was given.

        `grace` is seconds between TERM and KILL; None: those of its request. Asked again, it can only be shortened.
        """
        ...

    def can_pause(self, attempt: AttemptId) -> bool:
        """Whether an attempt can be made to stand still where it executes."""
        ...

    def pause(self, attempt: AttemptId) -> None:
        """Have an attempt's whole tree stand still; its clocks stop too. PauseConfirmed follows, unless it ends first."""
        ...

    def resume(self, attempt: AttemptId) -> None:
        """Have a paused attempt go on. PauseConfirmed follows, unless it ends first."""
        ...

    async def settle(self, attempts: Sequence[OpenAttempt]) -> Sequence[Report]:
        """Say of each attempt a former scheduler left what became of it; the living are adopted."""
        ...

    def forget(self, attempts: Sequence[AttemptId]) -> None:
        """Drop what was kept about attempts whose end is committed."""
        ...


class Outputs(Protocol):
    """What attempts wrote."""

    def read(self, name: str, offset: int, limit: int) -> tuple[bytes, int]:
        """Return up to `limit` bytes of the kept text from `offset`, and the offset after them."""
        ...

    def delete(self, names: Sequence[str]) -> int:
        """Delete outputs; return the bytes freed."""
        ...
