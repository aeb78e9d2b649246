"""Looks at the tree of an attempt: who is in it, what it uses, and whether it stands still.

An attempt's main process takes in the orphans of its tree (`child`), so that nobody leaves it while that one lives, and
a walk down from there finds all: a look at thousands of other processes is not needed. What comes and goes while the
walk is under way may be missed, and is met by the next.
Runs in hosts: standard library only, Python 3.8 or later.
"""

from __future__ import annotations

import os

from task_scheduler.execution import processes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

_TICKS = os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")
_READ = 65_536
#: States in which a process does nothing: stopped, traced, dead, or waiting in the kernel, where it stops before it returns.
_STILL = frozenset({b"T", b"t", b"Z", b"X", b"D"})
#: What a process has in memory that is no copy of a file: its own, shared with others, and what was swapped out.
_HELD = (b"RssAnon:", b"RssShmem:", b"VmSwap:")
#: The same, with what several processes share divided among them.
_FAIR = (b"Pss_Anon:", b"Pss_Shmem:", b"SwapPss:")


def below(roots: Iterable[int], most: int | None = None) -> list[int]:
    """Return these processes and all below them, parents before children; at most about `most` of them."""
    found = list(roots)
    seen = set(found)
    for pid in found:
        if most is not None and len(found) > most:
            break
        for child in processes.children_of(pid):
            if child not in seen:
                seen.add(child)
                found.append(child)
    return found


def is_alive(pid: int) -> bool:
    """Whether a process is there and has not ended."""
    return processes.state(pid) not in (None, b"Z", b"X")


def is_still(pid: int) -> bool:
    """Whether a process does nothing now; one that is gone is still."""
    state = processes.state(pid)
    return state is None or state in _STILL


def is_stopped(pid: int) -> bool:
    """Whether a process has been stopped by a signal."""
    return processes.state(pid) == b"T"


def cpu_seconds(pids: Iterable[int]) -> float:
    """Return the processor time these processes have used, and with them the children they have waited for."""
    return sum(processes.cpu_ticks(pid) for pid in pids) / _TICKS


def held(pids: Iterable[int]) -> int:
    """Return the bytes these processes hold; what several share counts for each of them."""
    return sum(_sum(f"/proc/{pid}/status", _HELD) for pid in pids)


def own_anonymous() -> int:
    """Return the bytes of memory of this process's own: most of what `held` tells of it, and cheaper."""
    file = os.open("/proc/self/statm", os.O_RDONLY | os.O_CLOEXEC)
    try:
        _, resident, files, _ = os.read(file, _READ).split(b" ", 3)
    finally:
        os.close(file)
    return (int(resident) - int(files)) * _PAGE


def held_fairly(pids: Iterable[int]) -> int:
    """Return the bytes these processes hold, what is shared divided among all who share it; it takes longer."""
    return sum(_sum(f"/proc/{pid}/smaps_rollup", _FAIR) for pid in pids)


def _sum(path: str, names: tuple[bytes, ...]) -> int:
    """Return the sum of these lines of a file of the kernel's, told in kilobytes; a process that is gone holds nothing."""
    try:
        file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return 0
    try:
        text = os.read(file, _READ)
    except OSError:
        return 0
    finally:
        os.close(file)
    return sum(int(line.split()[1]) for line in text.split(b"\n") if line.startswith(names)) * 1024
