"""The names of events that bring runs about: each makes its run once for ever, since a request id has one run."""

from __future__ import annotations

import string
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote, unquote

from task_scheduler.core.runs import Run, RunKind, RunState

#: The variables of a run about its event, without TASK_SCHEDULER_.
AFTER_RUN, CHANGED = "AFTER_RUN", "CHANGED"

#: Why a run is skipped whose file is not there when its code would begin: it was removed, or got another name.
GONE = "its file was gone when it would have begun"

_STARTUP, _BOOT, _AFTER, _CHANGE = "startup", "boot", "after", "change"
#: What a path keeps in a name; anything else is written as its bytes in hex, since file names need not be Unicode.
_KEPT = string.punctuation.replace("%", "") + " "


@dataclass(frozen=True, slots=True, kw_only=True)
class FileIdentity:
    """What tells a file with its content from any other: a renamed one keeps it, a rewritten one does not."""

    inode: int
    size: int  #: bytes
    modified: int  #: nanoseconds since 1970

    @property
    def text(self) -> str:
        """How it is kept on record."""
        return f"{self.inode}.{self.size}.{self.modified}"


def startup_id(job_id: int | str, boot: str, start: int) -> str:
    """Name the run of a job for a start of the scheduler: the number of the start, counted over all of them.

    A job that never was in force has no number, but a name.
    """
    return f"{_STARTUP}:{job_id}:{boot}:{start}"


def boot_id(job_id: int | str, boot: str) -> str:
    """Name the run of a job for a boot of the machine; a job that never was in force has no number, but a name."""
    return f"{_BOOT}:{job_id}:{boot}"


def after_id(job_id: int, run_id: int) -> str:
    """Name the run of a job that follows another task's run."""
    return f"{_AFTER}:{job_id}:{run_id}"


def change_id(job_id: int, path: str, identity: FileIdentity) -> str:
    """Name the run of a job for a file as it is."""
    return f"{_CHANGE}:{job_id}:{identity.text}:{spelled(path)}"


def again_id(request_id: str, skipped: int) -> str:
    """Name the next run for a file that is back as it was, after run `skipped` of that name found it gone."""
    kind, job_id, identity, path = request_id.split(":", 3)
    return f"{kind}:{job_id}:{identity.partition('+')[0]}+{skipped}:{path}"


def found_gone(run: Run) -> bool:
    """Whether a run has done nothing, since the file it was for was gone when it would have begun."""
    return run.state is RunState.SKIPPED and run.reason == GONE and CHANGED in happening_of(run)


def spelled(path: str) -> str:
    """Return a path in letters that any record takes; `read_path` is the way back."""
    return quote(path, safe=_KEPT, errors="surrogateescape")


def read_path(text: str) -> str:
    """Return the path that was spelled so."""
    return unquote(text, errors="surrogateescape")


def inode_of(run: Run) -> int | None:
    """Return the inode of the file a run is for; None for a run that is for no file."""
    if CHANGED not in happening_of(run):
        return None
    identity = str(run.request_id).split(":", 3)[2]
    return int(identity.partition(".")[0])


def event_of(run: Run) -> str | None:
    """Return the event a run is for in few words, such as `after run 41`; None for any other run."""
    if not _is_for_event(run) or run.request_id is None:
        return None
    kind = run.request_id.partition(":")[0]
    if kind in {_STARTUP, _BOOT}:
        return f"at {kind}"
    told = happening_of(run)
    return f"after run {told[AFTER_RUN]}" if AFTER_RUN in told else told.get(CHANGED)


def happening_of(run: Run) -> Mapping[str, str]:
    """Return the variables about the event a run is for; none for any other run."""
    if not _is_for_event(run) or run.request_id is None:
        return {}
    kind, _, rest = run.request_id.partition(":")
    if kind == _AFTER:
        return {AFTER_RUN: rest.rpartition(":")[2]}
    if kind == _CHANGE:
        return {CHANGED: read_path(rest.split(":", 2)[2])}
    return {}


def _is_for_event(run: Run) -> bool:
    """Whether its request was named here, and not by a person; a job that never was in force has no number."""
    return run.job_id is not None or run.kind is RunKind.EVENT
