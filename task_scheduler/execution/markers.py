"""The marker of an attempt: the one file that decides whether it began, and tells how it ended.

A host creates the marker before it forks; a scheduler that settles creates it, void, for an attempt that has none.
Creation is exclusive, so whoever comes first has decided for ever, and a late or repeated start finds it decided.

The first line is the child's, written before any code of the task: what the kernel says of it in /proc/self/stat,
its pid and start time among it. Or it is that of the one who made the marker void: `{"void": "reason"}`. The second
line is the host's, appended by one write after it has waited for the child: the facts of the end, as JSON. A line
without its newline was never written.

Runs in hosts too: standard library only, Python 3.8 or later.
"""

from __future__ import annotations

import json
import os
from contextlib import suppress

from task_scheduler.execution import processes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_SUFFIX = ".attempt"
#: What is told of an end, by `hosted.HostedAttempt.facts`.
_FACTS = {
    "exit_code", "signal", "stopped_for", "error", "started_at", "ended_at", "duration", "cpu_seconds", "peak_memory",
    "output_bytes", "output_dropped", "left_behind",
}  # fmt: skip


class Marker:
    """What a marker says."""

    __slots__ = ("end", "is_damaged", "pid", "start", "void")

    def __init__(self, text: bytes) -> None:
        self.pid: int | None = None  #: None: the child never came as far as the task's code
        self.start: int | None = None  #: of the child, in clock ticks since the boot
        self.void: str | None = None  #: why the attempt can never begin; None: it may have begun
        self.end: dict[str, Any] | None = None  #: the facts of the end; None: its host has not seen it
        self.is_damaged = (
            False  #: its first line is nothing anybody writes there: it proves neither a begin nor its lack
        )
        first, *rest = text.split(b"\n")[:-1] or [b""]  # what follows the last newline was never wholly written
        if first.startswith(b"{"):
            self.void = _parse(first).get("void", "")
        elif first:
            try:
                self.pid, self.start = processes.identity(first)
            except (ValueError, IndexError):
                self.is_damaged = True
        if rest:
            facts = _parse(rest[0])
            self.end = facts if facts.keys() >= _FACTS else None


def create(folder: str, attempt: str) -> int:
    """Decide that the attempt begins; return the marker, open. Raises FileExistsError: it was decided before."""
    return os.open(_path(folder, attempt), os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)


def create_void(folder: str, attempt: str, reason: str) -> bool:
    """Decide that the attempt never begins; False: it was decided before. Raises OSError when it cannot be decided.

    It is the creation that decides: a disk too full for the reason changes nothing.
    """
    try:
        marker = create(folder, attempt)
    except FileExistsError:
        return False
    try:
        with suppress(OSError):
            write_void(marker, reason)
    finally:
        os.close(marker)
    return True


def write_void(marker: int, reason: str) -> None:
    """Say in an open marker that its attempt never begins."""
    _write(marker, json.dumps({"void": reason}).encode() + b"\n")


def write_begin(marker: int) -> None:
    """Say in an open marker that this process is the attempt."""
    os.write(marker, processes.own_stat())


def write_end(marker: int, facts: bytes) -> None:
    """Append the facts of the end, JSON without a newline, to an open marker."""
    first = b"" if os.fstat(marker).st_size else b"\n"  # of a child that was killed before it wrote its line
    _write(marker, first + facts + b"\n")


def read_open(marker: int) -> Marker:
    """Return what an open marker says by now."""
    return Marker(os.pread(marker, 65536, 0))


def read(folder: str, attempt: str) -> Marker | None:
    """Return what an attempt's marker says; None: there is none."""
    try:
        with open(_path(folder, attempt), "rb") as file:
            return Marker(file.read())
    except FileNotFoundError:
        return None


def names(folder: str) -> list[str]:
    """Return the attempts that have a marker in a host's folder."""
    return [name[: -len(_SUFFIX)] for name in os.listdir(folder) if name.endswith(_SUFFIX)]


def remove(folder: str, attempt: str) -> None:
    """Remove an attempt's marker, if it is there; one that cannot be removed is met again when attempts are settled."""
    with suppress(OSError):
        os.unlink(_path(folder, attempt))


def sync(folder: str, attempt: str | None = None) -> None:
    """Have the kernel put an attempt's marker, or the folder of them, on the disk now."""
    try:
        file = os.open(folder if attempt is None else _path(folder, attempt), os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return
    try:
        os.fsync(file)
    finally:
        os.close(file)


def words_path(folder: str, attempt: str) -> str:
    """Return where an attempt's process leaves what its code raised, asked for and returned, for its host to read."""
    return os.path.join(folder, attempt + ".words")


def stop_path(folder: str, attempt: str) -> str:
    """Return where a host writes why it asks an attempt to end, for the attempt's own code to read."""
    return os.path.join(folder, attempt + ".stop")


def _path(folder: str, attempt: str) -> str:
    return os.path.join(folder, attempt + _SUFFIX)


def _write(marker: int, line: bytes) -> None:
    """Write a whole line, or raise OSError: on a disk that is nearly full a part of it may be written without one."""
    while line:
        line = line[os.write(marker, line) :]


def _parse(line: bytes) -> dict[str, Any]:
    try:
        said = json.loads(line)
    except ValueError:
        return {}
    return said if isinstance(said, dict) else {}
