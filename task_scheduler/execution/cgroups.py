"""Control groups of the kernel, one for each attempt that declares limits, where this process may make any.

They are made below the group this process is in, and only where that is ours: on a machine with systemd, groups it has
marked as delegated. In the unified hierarchy a group can be frozen and killed as a whole, and its processor time is told
by the kernel; where a controller for memory is at hand, in that hierarchy or the older one, the kernel keeps the limit
of memory. Where there is nothing of this, `limits` and signals do all by themselves.

`TASK_SCHEDULER_CGROUPS=off` in the environment of the scheduler has no groups made.
Runs in hosts too: standard library only, Python 3.8 or later.
"""

from __future__ import annotations

import json
import os
from contextlib import suppress

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

VARIABLE = "TASK_SCHEDULER_CGROUPS"
_PREFIX = "task-scheduler-"
#: In a host's folder: where it has made groups, for the one who clears up after it.
_BASES = "cgroups.json"
_SYSTEMD = "/run/systemd/system"
#: What systemd writes at a group it has handed over.
_MARKS_OF_DELEGATION = ("user.delegate", "trusted.delegate")


class Leaf:
    """The control groups of one attempt: one in the unified hierarchy, one for memory, or one that is both."""

    __slots__ = ("_left", "_memory", "_unified")

    def __init__(self, unified: str | None, memory: str | None, left: list[str]) -> None:
        """Take the folders of the groups, and the list of those that could not be removed."""
        self._unified = unified
        self._memory = memory  #: None: the kernel does not limit its memory
        self._left = left

    @property
    def limits_memory(self) -> bool:
        """Whether the kernel keeps its limit of memory."""
        return self._memory is not None

    @property
    def can_freeze(self) -> bool:
        """Whether the kernel can make it stand still. In the older hierarchy what is frozen cannot be killed: not there."""
        return self._unified is not None

    def doors(self) -> list[str]:
        """Return the files a process writes `0` to in order to enter."""
        return [folder + "/cgroup.procs" for folder in self._folders()]

    def freeze(self, *, wanted: bool) -> bool:
        """Have all in it stand still, or go on; False: the kernel does not obey."""
        return self._unified is not None and _write(self._unified + "/cgroup.freeze", b"1" if wanted else b"0")

    def is_frozen(self) -> bool:
        """Whether all in it stand still."""
        return self._unified is not None and _field(self._unified + "/cgroup.events", b"frozen") == 1

    def kill(self) -> None:
        """Kill all in it at once, as far as the kernel can (5.14 or later)."""
        if self._unified is not None:
            _write(self._unified + "/cgroup.kill", b"1")

    def cpu_seconds(self) -> float | None:
        """Return the processor time all that ever was in it has used; None: it is not told."""
        used = None if self._unified is None else _field(self._unified + "/cpu.stat", b"usage_usec")
        return None if used is None else used / 1_000_000

    def oom_kills(self) -> int:
        """Return how many processes in it the kernel has killed at its limit of memory."""
        if self._memory is None:
            return 0
        file = "/memory.events" if self._memory == self._unified else "/memory.oom_control"
        return _field(self._memory + file, b"oom_kill") or 0

    def peak(self) -> int:
        """Return the most bytes of memory that were charged to it at once; 0 when it is not told."""
        if self._memory is None:
            return 0
        name = "/memory.peak" if self._memory == self._unified else "/memory.max_usage_in_bytes"
        text = _read(self._memory + name).strip()
        return int(text) if text.isdigit() else 0

    def remove(self) -> None:
        """Remove its groups; those in which something dies just now are removed with the next one's."""
        self._left.extend(self._folders())
        self._left[:] = [folder for folder in self._left if not _remove(folder)]

    def _folders(self) -> list[str]:
        return [folder for folder in dict.fromkeys((self._unified, self._memory)) if folder is not None]


class Groups:
    """The control groups a host can make; where is found out when the first is wanted."""

    def __init__(self, folder: str) -> None:
        """Take the host's folder, whose name tells its groups from those of others."""
        self._folder = folder
        self._name = _PREFIX + os.path.basename(folder)
        self._is_searched = False
        self._unified: str | None = None  #: where to make groups in the unified hierarchy
        self._memory: str | None = None  #: and where those that limit memory; the same, if that hierarchy does
        self._left: list[str] = []  #: groups of attempts that are over that could not be removed

    def leaf(self, attempt: str, memory: int | None) -> Leaf | None:
        """Make the groups of an attempt, with its limit of memory in bytes; None: none can be made here.

        Raises OSError when this process can fork no more.
        """
        if not self._is_searched:
            self._search()
            self._is_searched = True
        name = f"/{self._name}-{attempt}"
        unified = None if self._unified is None or not _make(self._unified + name) else self._unified + name
        limiting = None
        if memory is not None and self._memory is not None:
            limiting = self._memory + name
            if (limiting != unified and not _make(limiting)) or not _limit(limiting, memory):
                _remove(limiting)
                unified, limiting = (None if limiting == unified else unified), None
        return None if unified is None and limiting is None else Leaf(unified, limiting, self._left)

    def _search(self) -> None:
        if os.environ.get(VARIABLE) == "off":
            return
        bases = {"": _own_group(""), "memory": _own_group("memory")}
        unified = None if bases[""] is None else _nearest_ours(bases[""])
        if unified is not None and self._works(unified):
            self._unified = unified
            if "memory" in _read(unified + "/cgroup.subtree_control").split():
                self._memory = unified
        older = bases["memory"]
        if self._memory is None and older is not None and not os.path.isdir(_SYSTEMD) and self._works(older):
            self._memory = older
        found = sorted({base for base in (self._unified, self._memory) if base is not None})
        if found:
            with suppress(OSError), open(os.path.join(self._folder, _BASES), "w", encoding="utf-8") as file:
                json.dump(found, file)

    def _works(self, base: str) -> bool:
        """Whether a group can be made, entered and removed: only trying tells."""
        trial = f"{base}/{self._name}-trial"
        if not _make(trial):
            return False
        entered = False
        try:
            pid = os.fork()
            if pid == 0:
                os._exit(0 if _write(trial + "/cgroup.procs", b"0") else 1)
            entered = os.waitpid(pid, 0)[1] == 0
        finally:
            is_removed = _remove(trial)
        return entered and is_removed


def enter(doors: list[str]) -> None:
    """Have this process enter the groups of an attempt; one that cannot be entered leaves the looks from outside."""
    for door in doors:
        _write(door, b"0")


def clear(folder: str) -> None:
    """Kill what is left in the groups of a dead host, by its folder, and remove those that are empty."""
    try:
        with open(os.path.join(folder, _BASES), encoding="utf-8") as file:
            bases = json.load(file)
    except (OSError, ValueError):
        return
    for group in _groups_of(bases, _PREFIX + os.path.basename(folder) + "-"):
        _write(group + "/cgroup.kill", b"1")
        _remove(group)


def _groups_of(bases: list[str], prefix: str) -> Iterator[str]:
    for base in bases:
        with suppress(OSError):
            yield from (os.path.join(base, name) for name in os.listdir(base) if name.startswith(prefix))


def _own_group(controller: str) -> str | None:
    """Return the folder of the group this process is in, for a controller of the older hierarchies; empty: the unified one."""
    path = None
    for line in _read("/proc/self/cgroup").splitlines():
        _, controllers, own = line.split(":", 2)
        if controller in controllers.split(","):
            path = own
    if path is None or "/.." in path:  # the group of somebody outside a namespace, which has no name in here
        return None
    for line in _read("/proc/self/mountinfo").splitlines():
        place, _, kind = line.partition(" - ")
        root, point = place.split()[3:5]
        system, _, options = kind.split()[:3]
        is_it = system == "cgroup2" if not controller else system == "cgroup" and controller in options.split(",")
        if is_it and (path + "/").startswith(root.rstrip("/") + "/"):
            return (point + path[len(root.rstrip("/")) :]).rstrip("/")
    return None


def _nearest_ours(own: str) -> str | None:
    """Return the group below which others may be made: this process's, or the one above it; None: they belong to systemd."""
    if not os.path.isdir(_SYSTEMD):
        return own
    for group in (os.path.dirname(own), own):
        if _is_delegated(group):
            # Only a group without processes of its own can hand controllers on; any other refuses.
            _write(group + "/cgroup.subtree_control", b"+memory")
            return group
    return None


def _is_delegated(group: str) -> bool:
    for mark in _MARKS_OF_DELEGATION:
        with suppress(OSError):
            if os.getxattr(group, mark) == b"1":
                return True
    return False


def _limit(group: str, memory: int) -> bool:
    """Set the limit of memory of a group; False: it has none to set."""
    amount = b"%d" % memory
    if os.path.exists(group + "/memory.max"):
        # All of the group ends together, and nothing is put off by swapping.
        _write(group + "/memory.oom.group", b"1")
        _write(group + "/memory.swap.max", b"0")
        return _write(group + "/memory.max", amount)
    is_set = _write(group + "/memory.limit_in_bytes", amount)
    _write(group + "/memory.memsw.limit_in_bytes", amount)
    return is_set


def _make(group: str) -> bool:
    try:
        os.mkdir(group)
    except OSError:
        return False
    return True


def _remove(group: str) -> bool:
    """Remove a group; False: somebody is in it still."""
    try:
        os.rmdir(group)
    except FileNotFoundError:
        return True
    except OSError:
        return False
    return True


def _write(path: str, text: bytes) -> bool:
    try:
        file = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        os.write(file, text)
    except OSError:
        return False
    finally:
        os.close(file)
    return True


def _read(path: str) -> str:
    try:
        with open(path, encoding="utf-8", errors="surrogateescape") as file:
            return file.read()
    except OSError:
        return ""


def _field(path: str, name: bytes) -> int | None:
    """Return the number after a name in a file of lines of both; None: it is not there."""
    for line in _read(path).splitlines():
        found, _, number = line.partition(" ")
        if found == name.decode() and number.isdigit():
            return int(number)
    return None
