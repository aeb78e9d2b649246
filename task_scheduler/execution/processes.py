"""Facts about processes of this machine, read from the kernel: who lives, who is whose, who carries a mark.

Runs in hosts too: standard library only, Python 3.8 or later.
"""

from __future__ import annotations

import os
import resource
import signal

#: RLIMIT_LOCKS, which Linux keeps and no longer enforces. A process inherits its limits through fork, exec, a new
#: session and an emptied environment, so a value stamped there names the attempt a process belongs to.
_MARKED_LIMIT = 10
_MARKED_LIMIT_SHOWN = b"Max file locks"

#: The line is about 350 bytes long.
_STAT_SIZE = 4096
#: Place of the start time among the fields of `_fields`.
_START_TIME = 19
#: Places of user and system time, its own and of the children it has waited for.
_TIMES = slice(11, 15)


def boot_id() -> str:
    """Return what names this boot of the machine."""
    with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as file:
        return file.read().strip()


def start_time(pid: int) -> int | None:
    """Return when a living process started, in clock ticks since the boot; None: it is gone, or a zombie."""
    fields = _stat(pid)
    return None if fields is None or fields[0] in (b"Z", b"X") else int(fields[_START_TIME])


def own_stat() -> bytes:
    """Return what the kernel says of this process in one line, for `identity` to read later; it ends with a newline."""
    descriptor = os.open("/proc/self/stat", os.O_RDONLY | os.O_CLOEXEC)
    try:
        return os.read(descriptor, _STAT_SIZE)
    finally:
        os.close(descriptor)


def identity(stat: bytes) -> tuple[int, int]:
    """Return pid and start time from a line of `own_stat`; raises ValueError for anything else."""
    return int(stat.split(b" ", 1)[0]), int(_fields(stat)[_START_TIME])


def is_alive(pid: int, started: int) -> bool:
    """Whether the process of this pid lives and is the one that started then; a zombie is dead."""
    return start_time(pid) == started


def resident() -> int:
    """Return how many bytes of this process are in memory.

    Not by getrusage(2), whose highest value includes the process this one was before it ran its program.
    """
    with open("/proc/self/statm", "rb") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def children() -> list[int]:
    """Return the pids of this single-threaded process's children, zombies included."""
    pid = os.getpid()
    try:
        return _children_of_thread(pid, pid)
    except FileNotFoundError:  # a kernel without CONFIG_PROC_CHILDREN
        return [child for child in _all_pids() if _parent(child) == pid]


def children_of(pid: int) -> list[int]:
    """Return the pids of a process's children, whichever of its threads started them; none when it is gone."""
    found: list[int] = []
    try:
        threads = os.listdir(f"/proc/{pid}/task")
    except OSError:
        return found
    for thread in threads:
        try:
            found += _children_of_thread(pid, int(thread))
        except OSError:  # it has just ended, or this is a kernel without CONFIG_PROC_CHILDREN
            if not os.path.exists("/proc/thread-self/children"):
                return [child for child in _all_pids() if _parent(child) == pid]
    return found


def stamp(mark: int) -> None:
    """Mark this process, and with it everything it will ever start.

    Inside a process that is marked already only a privileged one can change its mark: it then keeps the old one.
    """
    try:
        resource.setrlimit(_MARKED_LIMIT, (mark, mark))
    except (OSError, ValueError):
        return


def marked(marks: frozenset[int] | set[int]) -> dict[int, int]:
    """Return the living processes that carry one of these marks, each with its mark, by one look at all of them."""
    found: dict[int, int] = {}
    for pid in _all_pids():
        mark = mark_of(pid)
        if mark is not None and mark in marks and start_time(pid) is not None:
            found[pid] = mark
    return found


def mark_of(pid: int) -> int | None:
    """Return what a process is marked with; None: it is gone, or another user's and so none of ours."""
    try:
        return resource.prlimit(pid, _MARKED_LIMIT)[0]
    except PermissionError:  # root without the right to do it, as in most containers
        return _mark_shown(pid) if os.geteuid() == 0 else None
    except OSError:
        return None


def _mark_shown(pid: int) -> int | None:
    """Return the same from what the kernel shows to everybody, which takes several times as long."""
    try:
        with open(f"/proc/{pid}/limits", "rb", buffering=0) as file:
            for line in file.read(_STAT_SIZE).split(b"\n"):
                if line.startswith(_MARKED_LIMIT_SHOWN):
                    value = line[len(_MARKED_LIMIT_SHOWN) :].split()[0]
                    return int(value) if value.isdigit() else None
    except OSError:
        pass
    return None


def send(pid: int, number: int) -> None:
    """Send a signal; a process that is gone, or another user's, is left alone."""
    try:
        os.kill(pid, number)
    except OSError:
        return


def ask_to_end(pid: int) -> None:
    """Send TERM, and CONT so that a stopped process hears it."""
    send(pid, signal.SIGTERM)
    send(pid, signal.SIGCONT)


def state(pid: int) -> bytes | None:
    """Return the kernel's letter for what a process is doing; None: it is gone."""
    fields = _stat(pid)
    return None if fields is None else fields[0]


def cpu_ticks(pid: int) -> int:
    """Return the processor time of a process and of the children it has waited for, in clock ticks; 0 when it is gone."""
    fields = _stat(pid)
    return 0 if fields is None else sum(map(int, fields[_TIMES]))


def _children_of_thread(pid: int, thread: int) -> list[int]:
    with open(f"/proc/{pid}/task/{thread}/children", "rb", buffering=0) as file:
        return [int(child) for child in file.read().split()]


def _all_pids() -> list[int]:
    return [int(name) for name in os.listdir("/proc") if name.isdigit()]


def _parent(pid: int) -> int | None:
    fields = _stat(pid)
    return None if fields is None else int(fields[1])


def _stat(pid: int) -> list[bytes] | None:
    """Return the fields of /proc/PID/stat from the state on; None: the process is gone."""
    try:
        descriptor = os.open(f"/proc/{pid}/stat", os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        return _fields(os.read(descriptor, _STAT_SIZE))
    except ProcessLookupError:
        return None
    finally:
        os.close(descriptor)


def _fields(stat: bytes) -> list[bytes]:
    """Return the fields from the state on; the name before it may hold spaces and brackets."""
    return stat[stat.rindex(b")") + 2 :].split()
