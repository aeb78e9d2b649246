"""What an execution needs, as data: no path, process id or open file of this machine is in here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from task_scheduler.core.runs import NOTHING_TOLD, AttemptExit, AttemptId, AttemptNotes
from task_scheduler.core.tasks import StartMethod


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecutionProfile:
    """What a worker must have ready before it can take an attempt."""

    environment: str  #: key of the environment's lock
    preload: tuple[str, ...] = ()  #: modules worth importing ahead, where that is safe


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptRequest:
    """One execution to make."""

    id: AttemptId
    task_id: str
    title: str
    path: str  #: the task file, relative to the project folder: for `__file__` and tracebacks
    digest: str  #: of the source to run, SHA-256 in hex; content is fetched by it
    function: str | None  #: None: run the whole file as `__main__`
    arguments: str  #: Python literal of `(args, kwargs)`
    argv: tuple[str, ...] = ()  #: command-line arguments, `sys.argv[1:]`
    start_method: StartMethod = StartMethod.FORK
    profile: ExecutionProfile
    output: str  #: name for its output, relative to the folder of outputs
    timeout: float | None  #: seconds by the monotonic clock; None: no limit
    kill_grace: float  #: seconds between TERM and KILL
    output_limit: int  #: bytes of output kept, half from its head and half from its tail
    deadline: float | None = None  #: seconds its run has left when this attempt is launched; None: no limit
    memory_limit: int | None = None  #: bytes of the whole tree
    cpu_limit: float | None = None  #: seconds of processor time of the whole tree
    max_processes: int | None = None
    nice: int | None = None
    user: str | None = None
    umask: int | None = None
    working_directory: str | None = None  #: absolute, or relative to the project folder
    scheduled_for: datetime | None = None
    window_start: datetime | None = None  #: the slot before the first one it stands for
    zone: str | None = None  #: of its job: for the moments its function asks for; None: as they are, in UTC
    reason: str = "manual"  #: what brought it about: schedule, catch-up, manual, startup, boot, `after TASK`, change
    happening: Mapping[str, str] = field(default_factory=dict)  #: further variables about its event, by short names
    needs: str | None = None  #: a file, spelled like `working_directory`: where it is gone, the code is not begun
    needs_inode: int | None = None  #: of `needs`: nor where that is another file now, and this one beside it. None: any
    variables: Mapping[str, str] = field(default_factory=dict)  #: further environment variables
    log_level: str = "INFO"  #: what it logs below this is left out of logs/tasks.log


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenAttempt:
    """An attempt that the record says was claimed or running when the last scheduler ended."""

    id: AttemptId
    placement: str


# What an executor reports. Every claimed attempt gets exactly one of Ended, NotStarted or Lost, in the end.


@dataclass(frozen=True, slots=True, kw_only=True)
class Started:
    """The attempt's process exists; its own code may have begun."""

    id: AttemptId
    started_at: datetime
    process: str  #: what proves the process: host, pid, start time, boot id; opaque text for the record


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """The attempt and everything it started are over, and how is known."""

    id: AttemptId
    exit: AttemptExit


@dataclass(frozen=True, slots=True, kw_only=True)
class NotStarted:
    """The attempt is proved never to have begun, and can no longer begin."""

    id: AttemptId
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Lost:
    """The attempt is proved dead, and how it ended is not known."""

    id: AttemptId
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StillRunning:
    """Found alive at start-up and adopted; its end will be reported."""

    id: AttemptId
    started_at: datetime | None
    is_paused: bool | None = None  #: None: its host did not tell
    notes: AttemptNotes = NOTHING_TOLD


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What the attempt has told of its work so far; at most about once a second."""

    id: AttemptId
    notes: AttemptNotes


@dataclass(frozen=True, slots=True, kw_only=True)
class PauseConfirmed:
    """The attempt's whole tree stands still, or goes on again."""

    id: AttemptId
    is_paused: bool


Report = Started | Finished | NotStarted | Lost | StillRunning | Told | PauseConfirmed
