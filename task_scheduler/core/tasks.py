"""Tasks, their jobs and what a task file declares."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from task_scheduler.core.errors import Problem, Severity

#: `JobDeclaration.arguments` of a function that is called without arguments.
NO_ARGUMENTS = "((), {})"


class StartMethod(StrEnum):
    """How the process of an attempt comes to be; the names are those of `multiprocessing`."""

    FORK = "fork"  # a fork of a host that has imported what it can ahead: milliseconds
    SPAWN = "spawn"  # a fresh interpreter: for libraries that do not bear a fork


class Overlap(StrEnum):
    """What happens to a slot or request while an earlier run of the same job is at work.

    A run that waits for its next attempt is at work.
    """

    SKIP = "skip"  # it is not run
    QUEUE = "queue"  # it waits for those before it
    QUEUE_ONE = "queue_one"  # it waits, unless one waits already: then it is not run
    PARALLEL = "parallel"  # it runs beside the other
    REPLACE = "replace"  # the other is cancelled, and it runs once that has ended


class Missed(StrEnum):
    """What happens to slots that could not run in time."""

    ONCE = "once"  # one run for all of them
    SKIP = "skip"  # none; each is recorded as missed
    ALL = "all"  # every one that is young enough


class OnHoliday(StrEnum):
    """What happens to a slot on a day that its calendar has off."""

    SKIP = "skip"  # there is none
    NEXT_WORKDAY = "next_workday"
    PREVIOUS_WORKDAY = "previous_workday"


@dataclass(frozen=True, slots=True, kw_only=True)
class Jitter:
    """How much later than its schedule says a slot is due."""

    up_to: int  #: seconds; a delay is from 0 to this
    fresh: bool = False  #: another delay at each slot; False: one for the job, for ever


#: What to tell of a module that was meant to be a task.
AS_A_TASK = (
    "to make it a task, give it frontmatter with `schedule:`, or a function decorated with `@repeat(every()...)`"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskDeclaration:
    """What the frontmatter of a task file says, checked, with every default filled in."""

    title: str
    description: str = ""
    dependencies: tuple[str, ...] = ()  #: PEP 508 requirements, as written
    python_version: str = "3.8"  #: lowest acceptable Python, `major.minor`, or a specifier such as `>=3.9,<3.13`
    enabled: bool = True
    timeout: int = 300  #: seconds one attempt may take
    retry_count: int = 0  #: further attempts after a failed one
    retry_delay: int = 60  #: seconds between the end of an attempt and the next
    schedule: tuple[str, ...] = ()  #: schedules in words or cron text, as written
    timezone: str | None = None  #: IANA name; None: `scheduler.timezone`
    arguments: tuple[str, ...] = ()  #: command-line arguments of every run nobody gives others, `sys.argv[1:]`
    preload: bool = True  #: whether a host may import its packages ahead
    start_method: StartMethod = StartMethod.FORK
    deadline: int | None = None  #: seconds a run may take with all its retries, counted from its first attempt
    kill_grace: int | None = None  #: seconds between TERM and KILL; None: `tasks.kill_grace`
    retry_backoff: float = 1.0  #: each delay is that of the one before times this
    retry_max_delay: int = 86_400  #: seconds, the longest a delay grows to
    retry_jitter: float = 0.0  #: each delay is longer by up to this part of itself, chosen by the run's number
    retry_on: tuple[str, ...] = ()  #: what is retried: exception names, exit codes, `timed_out` …; empty: any failure
    overlap: Overlap = Overlap.SKIP
    jitter: Jitter | None = None  #: None: slots are due when the schedule says
    missed: Missed | None = None  #: None: `scheduler.missed`
    missed_window: int | None = None  #: seconds; slots older than this are not made up for; None: the scheduler's
    starts: str | None = None  #: `YYYY-MM-DD[ HH:MM[:SS]]`, the wall reading before which there is no slot
    ends: str | None = None  #: the same, after which there is none; a date alone: to the end of that day
    calendar: str | None = None  #: a country's code, or a file inside the project; None: no day is a holiday
    on_holiday: OnHoliday = OnHoliday.SKIP  #: what `calendar` means for a slot
    memory_limit: int | None = None  #: bytes the whole tree of an attempt may take; None: no limit
    cpu_limit: int | None = None  #: seconds of processor time the whole tree may use; None: no limit
    max_processes: int | None = None  #: processes the tree may have at once, the main one counted; None: no limit
    output_limit: int | None = None  #: bytes of output kept; None: `tasks.output_limit`
    nice: int | None = None  #: niceness, -20 to 19; None: the scheduler's own
    user: str | None = None  #: name of the system's user to run as; None: the scheduler's own
    umask: int | None = None  #: permissions taken from new files; None: the scheduler's own
    working_directory: str | None = None  #: absolute, or relative to the project folder; None: the project folder
    env: Mapping[str, str] = field(default_factory=dict)  #: further environment variables


@dataclass(frozen=True, slots=True, kw_only=True)
class JobDeclaration:
    """One schedulable entry of a task, as its file declares it.

    `function`, `trigger`, `timezone` and `arguments` together with the task's id are its identity; the rest is not.
    """

    function: str | None  #: None: the whole file, run as `__main__`
    trigger: str  #: canonical text, read by `core.triggers.parse_trigger`
    timezone: str | None = None  #: IANA name; None: `scheduler.timezone`
    arguments: str = NO_ARGUMENTS  #: Python literal of `(args, kwargs)`
    tags: tuple[str, ...] = ()  #: words to find it by, in the file's order
    line: int | None = None  #: where the file says so


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A job on record."""

    id: int
    task_id: str
    function: str | None
    trigger: str
    timezone: str | None
    arguments: str
    active: bool  #: False: its task is disabled, deleted or no longer declares it
    next_run: datetime | None  #: the slot it owes next, UTC; None: never again, or not active
    tags: tuple[str, ...] = ()  #: words to find it by, in the file's order; no part of its identity


#: A job within its task: function, trigger, time zone and arguments.
Identity = tuple[str | None, str, str | None, str]


def identity_of(job: JobDeclaration | Job) -> Identity:
    """Return what makes a job the same job within its task: never its position in the file."""
    return job.function, job.trigger, job.timezone, job.arguments


class FileKind(StrEnum):
    """What a `.py` file in the folder of tasks turns out to be."""

    TASK = "task"
    MODULE = "module"  # neither schedule nor frontmatter: importable by tasks, never run


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskReading:
    """All that can be told from a task file's text without running it."""

    kind: FileKind
    declaration: TaskDeclaration | None  #: None: a module, or not readable
    jobs: tuple[JobDeclaration, ...] = ()
    computed: bool = False  #: a schedule or its arguments are computed: `jobs` is complete only after an import
    computed_line: int | None = None  #: where the first of them stands; None: none is computed
    has_start: bool = False  #: it defines a top-level `start`
    imports: tuple[str, ...] = ()  #: dotted modules imported unconditionally at top level, in order, absolute
    import_lines: Mapping[str, int] = field(default_factory=dict)  #: where each of `imports` stands first
    helper_names: tuple[str, ...] = ()  #: names imported from `helpers`; `*` when it imports the package whole
    problems: tuple[Problem, ...] = ()

    @property
    def errors(self) -> tuple[Problem, ...]:
        """The problems that keep the file from being admitted."""
        return errors_of(self.problems)


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskVersion:
    """One admitted version of a task: what runs until the next one is admitted."""

    task_id: str
    digest: str  #: of the source, SHA-256 in hex
    declaration: TaskDeclaration
    environment: str  #: key of the lock it runs with
    preload: tuple[str, ...]  #: modules a host may import ahead for it
    local_digest: str  #: over the helpers and local modules it may import, as they were when it was admitted
    functions: tuple[str | None, ...] = (None,)  #: what a request may call; None: the whole file
    admitted_at: datetime


class TaskStatus(StrEnum):
    """What a person is told about a task file."""

    ACTIVE = "active"  # admitted, scheduled
    PREPARING = "preparing"  # being read, locked or built; an earlier version may be in force
    DISABLED = "disabled"  # `enabled: false`
    INVALID = "invalid"  # the file as it stands cannot be admitted; an earlier version may be in force
    MODULE = "module"  # not a task
    DELETED = "deleted"  # the file is gone; its history stays


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskRecord:
    """A task file as it stands on record."""

    task_id: str
    path: str  #: relative to the project folder
    status: TaskStatus
    title: str
    digest: str | None  #: of the file as last read; differs from `version` while that one is invalid or prepared
    version: str | None  #: digest of the version in force; None: none was ever admitted, or it ended
    problems: tuple[Problem, ...] = ()  #: of the file as last read
    detail: str = ""  #: longer text beside the problems: the installer's last lines, or what is being done now
    updated_at: datetime
    stamp: str | None = None  #: what the file looked like when its digest was taken: `SourceFile.stamp`


def errors_of(problems: Sequence[Problem]) -> tuple[Problem, ...]:
    """Return the problems of severity `error`."""
    return tuple(problem for problem in problems if problem.severity is Severity.ERROR)
