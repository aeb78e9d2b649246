"""What an attempt may use, and when to look whether it has used it up.

Time is told by clocks. Memory, processor time and the number of processes are those of the whole tree, and are looked
at from outside, sooner the nearer they come to their limits. Where the kernel watches memory too (`cgroups`), it acts
first, and the looks find out that it did. Only an attempt with such a limit has a meter.
Runs in hosts: standard library only, Python 3.8 or later.
"""

from __future__ import annotations

import os
import signal
import time

from task_scheduler.execution import trees

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from task_scheduler.execution.cgroups import Leaf

#: What an attempt can be ended for; `core.runs.StopCause` on the other side.
TIMEOUT = "timeout"
DEADLINE = "deadline"
MEMORY = "memory_limit"
CPU = "cpu_limit"
PROCESSES = "max_processes"

#: No tree takes memory faster, in bytes a second: what decides how soon one must be looked at again.
_MEMORY_GROWTH = 4e9
#: By how much memory may pass its limit before it is seen, as a part of the limit: closer looks cost more than they tell.
_MEMORY_PRECISION = 0.01
_MEMORY_LOOKS = (0.002, 0.25)
#: No tree grows faster, in processes a second.
_FORKS = 10_000
#: A walk ends when it has found so many more than twice the limit: what it would find besides changes nothing.
_WALK_BEYOND = 1000
_PROCESS_LOOKS = (0.02, 0.1)
_CPU_SOONEST = 0.02
#: What the kernel sends to a process that has used up the processor time it may have.
_CPU_SIGNALS = frozenset({signal.SIGXCPU, signal.SIGKILL})
#: A look is followed by at least so many times as long without one, however near a limit is.
_REST = 10
#: How often the peak of a tree of several processes is looked for, in seconds.
_PEAK_LOOK = 1.0
#: Seconds between two looks at what the kernel has killed, when attempts begin one after the other: a look is not cheap.
_KILLS_LOOK = 0.2


class Exceeded:
    """A limit that was reached."""

    __slots__ = ("at_once", "cause", "limit", "value")

    def __init__(self, cause: str, limit: float, value: float, *, at_once: bool = False) -> None:
        self.cause = cause
        self.limit = limit  #: seconds, bytes or processes, as its cause has it
        self.value = value  #: what was measured
        self.at_once = (
            at_once  #: it is killed without being asked: it would take what there is of the machine meanwhile
        )


class Clocks:
    """The time limit of an attempt and what its run has left, neither of which counts pauses."""

    __slots__ = ("_cause", "_limit", "began", "end_at")

    def __init__(self, began: float, *, timeout: float | None, deadline: float | None) -> None:
        """Take when it began, monotonic, and the seconds it has; None: no limit."""
        self.began = began
        self._limit, self._cause = timeout, TIMEOUT
        if deadline is not None and (timeout is None or deadline < timeout):
            self._limit, self._cause = deadline, DEADLINE
        #: When the first of the limits is reached, monotonic; None: there is none.
        self.end_at: float | None = None if self._limit is None else began + self._limit

    def shift(self, seconds: float) -> None:
        """Leave out a pause that is over."""
        if self.end_at is not None:
            self.end_at += seconds

    def exceeded(self, now: float) -> Exceeded | None:
        """Return the limit that is reached; None: none is."""
        if self._limit is None or self.end_at is None or now < self.end_at:
            return None
        return Exceeded(self._cause, self._limit, self._limit + (now - self.end_at))


class Meter:
    """Looks at what a tree uses."""

    __slots__ = (
        "_baseline",
        "_cpu",
        "_cpu_found",
        "_leaf",
        "_memory",
        "_peak_at",
        "_pid",
        "_processes",
        "look_at",
        "peak",
    )

    def __init__(
        self,
        *,
        pid: int,
        memory: int | None,
        cpu: float | None,
        processes: int | None,
        baseline: int,
        leaf: Leaf | None,
        now: float,
    ) -> None:
        """Take the main process, the limits of its tree, and how many bytes it held when it began, which are not its own."""
        self.look_at = now + min(_MEMORY_LOOKS[0], _PROCESS_LOOKS[0])  #: monotonic
        self.peak = 0  #: bytes the whole tree was seen to hold; 0 where nobody limits memory
        self._pid = pid
        self._memory = memory
        self._cpu = cpu
        self._processes = processes
        self._baseline = baseline
        self._leaf = leaf
        self._peak_at = now + _MEMORY_LOOKS[1]  #: monotonic
        self._cpu_found = False

    def look(self, now: float) -> Exceeded | None:
        """Measure; return a limit that is passed. The main process must not have been waited for: its pid is another's then."""
        most = None if self._processes is None else 2 * self._processes + _WALK_BEYOND
        pids = trees.below([self._pid], most)
        waits: list[float] = []
        exceeded = (
            self._look_at_processes(pids, waits) or self._look_at_memory(pids, waits) or self._look_at_cpu(pids, waits)
        )
        took = time.monotonic() - now
        if exceeded is None:
            self._look_for_the_peak(pids, now)
        self.look_at = time.monotonic() + max(min(waits, default=_MEMORY_LOOKS[1]), _REST * took)
        return exceeded

    def found_at_the_end(self, status: int, used: float) -> Exceeded | None:
        """Return the limit at which the kernel has ended the main process or one of its tree; None: none is known.

        `status` is what wait4 gave, `used` the seconds of processor time of all that was waited for.
        """
        by_kernel = os.WIFSIGNALED(status) and os.WTERMSIG(status) in _CPU_SIGNALS
        if self._cpu is not None and by_kernel and used >= self._cpu:
            return Exceeded(CPU, self._cpu, used)
        return self._killed_by_kernel()

    def _look_at_processes(self, pids: list[int], waits: list[float]) -> Exceeded | None:
        if self._processes is None:
            return None
        waits.append(_within(_PROCESS_LOOKS, (self._processes - len(pids)) / _FORKS))
        if len(pids) <= self._processes:
            return None
        # What has ended and was not waited for is no process any more, though it still has its number.
        living = sum(1 for pid in pids if trees.is_alive(pid))
        return Exceeded(PROCESSES, self._processes, living, at_once=True) if living > self._processes else None

    def _look_at_memory(self, pids: list[int], waits: list[float]) -> Exceeded | None:
        if self._memory is None:
            return None
        held = max(trees.held(pids) - self._baseline, 0)
        if held > self._memory and len(pids) > 1:
            # Both sums are too high: this one counts what several of the tree share for each of them, the other one
            # counts a part of what they share with the host. The lower one is nearer to the truth.
            held = min(held, trees.held_fairly(pids))
        if len(pids) == 1 or held > self._memory:
            self.peak = max(self.peak, held)
        if held > self._memory:
            return Exceeded(MEMORY, self._memory, held, at_once=True)
        if self._leaf is not None and self._leaf.limits_memory:
            waits.append(_MEMORY_LOOKS[1])
            return self._killed_by_kernel()
        soonest = max(_MEMORY_LOOKS[0], _MEMORY_PRECISION * self._memory / _MEMORY_GROWTH)
        waits.append(_within((soonest, _MEMORY_LOOKS[1]), (self._memory - held) / _MEMORY_GROWTH))
        return None

    def _killed_by_kernel(self) -> Exceeded | None:
        """Return the limit of memory when the kernel has killed for it; None: it has not."""
        if self._memory is None or self._leaf is None or not self._leaf.oom_kills():
            return None
        self.peak = max(self.peak, self._leaf.peak())
        return Exceeded(MEMORY, self._memory, max(self.peak, self._memory), at_once=True)

    def _look_for_the_peak(self, pids: list[int], now: float) -> None:
        """Measure what several processes hold together, for the record: seldom, since it takes long."""
        if self._memory is not None and len(pids) > 1 and now >= self._peak_at:
            self._peak_at = now + _PEAK_LOOK
            self.peak = max(self.peak, min(trees.held(pids), trees.held_fairly(pids)))

    def _look_at_cpu(self, pids: list[int], waits: list[float]) -> Exceeded | None:
        if self._cpu is None or self._cpu_found:
            return None
        told = None if self._leaf is None else self._leaf.cpu_seconds()
        used = trees.cpu_seconds(pids) if told is None else told
        waits.append(max((self._cpu - used) / (os.cpu_count() or 1), _CPU_SOONEST))
        if used < self._cpu:
            return None
        self._cpu_found = True
        return Exceeded(CPU, self._cpu, used)


def meter_for(order: dict[str, Any], *, pid: int, baseline: int, leaf: Leaf | None, now: float) -> Meter | None:
    """Return what looks at an attempt; None: its order limits nothing that must be looked at."""
    if not needs_meter(order):
        return None
    return Meter(
        pid=pid,
        memory=order.get("memory"),
        cpu=order.get("cpu"),
        processes=order.get("processes"),
        baseline=baseline,
        leaf=leaf,
        now=now,
    )


def wants_groups(order: dict[str, Any]) -> bool:
    """Whether an attempt is to have control groups of its own: it is limited, or a user who could shed its mark."""
    return needs_meter(order) or order.get("user") is not None


def needs_meter(order: dict[str, Any]) -> bool:
    """Whether an order limits what must be looked at."""
    return order.get("memory") is not None or order.get("cpu") is not None or order.get("processes") is not None


class KernelKills:
    """What the kernel says of processes it has killed for want of memory, anywhere on this machine."""

    def __init__(self) -> None:
        self._seen = _oom_kills()
        self._forget_at = 0.0

    def forget(self, now: float) -> None:
        """Forget those it has killed before, at most once in a while: they tell nothing of an attempt that begins now."""
        if now >= self._forget_at:
            self._forget_at = now + _KILLS_LOOK
            self._seen = _oom_kills()

    def has_killed(self) -> bool:
        """Whether it has killed any since this was asked last."""
        before, self._seen = self._seen, _oom_kills()
        return self._seen > before


def _oom_kills() -> int:
    try:
        with open("/proc/vmstat", "rb") as file:
            for line in file:
                if line.startswith(b"oom_kill "):
                    return int(line.split()[1])
    except OSError:
        pass
    return 0


def _within(bounds: tuple[float, float], seconds: float) -> float:
    return min(max(seconds, bounds[0]), bounds[1])
