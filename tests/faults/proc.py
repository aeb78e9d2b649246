"""Facts about the processes of this machine, read from /proc: by the checker, which believes nobody else."""

from __future__ import annotations

import re
from contextlib import suppress
from pathlib import Path

_LOCKS = re.compile(rb"^Max file locks\s+(\S+)", re.MULTILINE)


def mark_on(pid: int) -> int | None:
    """Return what a process is marked with; None: with nothing."""
    found = _LOCKS.search(read(f"/proc/{pid}/limits"))
    return None if found is None or found[1] == b"unlimited" else int(found[1])


def pids() -> list[int]:
    """Return every process of this machine."""
    return [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]


def start_of(pid: int) -> int | None:
    """Return when a process started, in ticks since the boot; None: it is gone, or a zombie."""
    fields = _stat(pid)
    return None if not fields or fields[0] in {"Z", "X"} else int(fields[19])


def state_of(pid: int) -> str:
    """Return the letter of a process's state, such as `T` of a stopped one; empty when it is gone."""
    return "".join(_stat(pid)[:1])


def switches_of(pid: int) -> int:
    """Return how often a process has given up its processor of itself."""
    return int(read(f"/proc/{pid}/status").partition(b"\nvoluntary_ctxt_switches:")[2].split()[0])


def session_of(pid: int) -> int:
    """Return the session of a process, 0 when it is gone."""
    fields = _stat(pid)
    return int(fields[3]) if fields else 0


def boot_id() -> str:
    """Return what names this boot."""
    return read("/proc/sys/kernel/random/boot_id").decode().strip()


def descriptors(pid: int) -> list[str]:
    """Return what a process holds open."""
    found = []
    with suppress(OSError):
        for link in Path(f"/proc/{pid}/fd").iterdir():
            with suppress(OSError):
                found.append(str(link.readlink()))
    return sorted(found)


def _stat(pid: int) -> list[str]:
    text = read(f"/proc/{pid}/stat").decode(errors="replace")
    return text.rpartition(")")[2].split()


def command_of(pid: int) -> str:
    """Return the command line of a process, shortened."""
    return read(f"/proc/{pid}/cmdline").replace(b"\0", b" ").decode(errors="replace").strip()[:100]


def variables_of(pid: int) -> dict[str, str]:
    """Return the environment a process began with."""
    entries = read(f"/proc/{pid}/environ").decode(errors="replace").split("\0")
    return dict(entry.partition("=")[::2] for entry in entries if "=" in entry)


def belongs_to(pid: int, root: Path) -> bool:
    """Whether a process was started by a host of the project at `root`, or is one."""
    return variables_of(pid).get("TASK_SCHEDULER_ROOT") == str(root)


def read(path: str) -> bytes:
    """Return what a file says; empty when it cannot be read."""
    try:
        return Path(path).read_bytes()
    except OSError:
        return b""
