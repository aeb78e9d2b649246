"""One attempt in its host: from the fork to the facts of its end.

running ──> ending (asked to, or at its limit) ──> sweeping (main process dead, leftovers not yet) ──> over

Nothing here waits: the host calls `enforce` when a deadline has come and `sweep` when a child has died.
Runs in hosts: standard library only, Python 3.8 or later.
"""

from __future__ import annotations

import os
import signal
import time

from task_scheduler.execution import markers, processes
from task_scheduler.execution.capture import Capture

TYPE_CHECKING = False
if TYPE_CHECKING:
    import resource
    from typing import Any

#: `stopped_for` of an attempt ended at its time limit; `core.outcomes.STOPPED_FOR_TIMEOUT` on the other side.
TIMEOUT = "timeout"
#: What an attempt leaves behind has this many seconds between TERM and KILL, or its own grace when that is less.
LEFTOVER_GRACE = 0.5
#: While something does not die: seconds between two rounds of KILL.
_KILL_AGAIN = 0.05
_MOST_LOOKS = 20


class HostedAttempt:
    """One attempt this host has started."""

    __slots__ = (
        "_baseline",
        "_began",
        "_grace",
        "_left_behind",
        "_leftovers",
        "_status",
        "_usage",
        "capture",
        "duration",
        "ended_at",
        "id",
        "kill_at",
        "limit_at",
        "mark",
        "marker",
        "pid",
        "started_at",
        "stopped_for",
    )

    def __init__(self, order: dict[str, Any], *, pid: int, marker: int, capture: Capture, baseline: int) -> None:
        self.id: str = order["attempt"]
        self.mark: int = order["mark"]
        self.pid = pid
        self.marker = marker
        self.capture = capture
        self.started_at = time.time()
        self._began = time.monotonic()
        timeout = order["timeout"]
        self.limit_at: float | None = None if timeout is None else self._began + timeout
        self.kill_at: float | None = None  #: monotonic; None: nobody has been asked to end yet
        self.stopped_for: str | None = None
        self.duration: float | None = None
        self.ended_at: float | None = None
        self._grace: float = order["grace"]
        self._baseline = baseline  #: bytes resident at the fork
        self._status: int | None = None  #: as wait4 gives it; None: the main process has not been waited for
        self._usage: resource.struct_rusage | None = None
        self._left_behind: set[int] = set()  #: every pid ever found alive after the main process ended
        self._leftovers: list[int] = []  #: of these, the children of this host now

    @property
    def main_is_dead(self) -> bool:
        """Whether the main process has been waited for."""
        return self._status is not None

    def deadline(self) -> float | None:
        """Return when `enforce` has something to do, monotonic; None: not before it is told to end."""
        return self.limit_at if self.kill_at is None else self.kill_at

    def end(self, reason: str) -> None:
        """Ask the whole tree to end; what still lives after the grace is killed. Only the first reason counts."""
        if self.stopped_for is not None or self.main_is_dead:
            return
        self.stopped_for = reason
        self.kill_at = time.monotonic() + self._grace
        if not self._has_begun():
            # Nothing of the task has begun, and nobody in there would hear TERM: Python drops what arrives at a fork.
            processes.send(self.pid, signal.SIGKILL)
            return
        for pid in self._tree():
            processes.ask_to_end(pid)

    def enforce(self, now: float) -> None:
        """Do what is due: the time limit, the end of the grace, another round of KILL."""
        if self.kill_at is None:
            if self.limit_at is not None and self.limit_at <= now:
                self.end(TIMEOUT)
        elif self.kill_at <= now:
            self._kill_tree()
            self.kill_at = now + _KILL_AGAIN

    def main_died(self, status: int, usage: resource.struct_rusage) -> None:
        """Take what wait4 said of the main process."""
        self.ended_at = time.time()
        self.duration = time.monotonic() - self._began
        self._status = status
        self._usage = usage

    def sweep(self, leftovers: list[int]) -> None:
        """End what the dead main process left behind: `leftovers` are this host's children now, and may have more below."""
        self._leftovers = leftovers
        new = self._tree() - self._left_behind
        self._left_behind |= new
        if self.kill_at is None:
            self.kill_at = time.monotonic() + min(self._grace, LEFTOVER_GRACE)
        for pid in new:
            processes.ask_to_end(pid)

    def is_swept(self) -> bool:
        """Whether nothing that carries the mark lives; asked only when this host has no unknown child any more."""
        return self.kill_at is None or not processes.marked({self.mark})

    def facts(self, folder: str) -> dict[str, Any]:
        """Return the facts of the end; asked once, when everything is over."""
        status, usage = self._status, self._usage
        if status is None or usage is None:
            raise RuntimeError(f"attempt {self.id} has not ended")
        signalled = os.WIFSIGNALED(status)
        exit_code = None if signalled else os.WEXITSTATUS(status)
        return {
            "exit_code": exit_code,
            "signal": os.WTERMSIG(status) if signalled else None,
            "stopped_for": self.stopped_for,
            "error": markers.take_error(folder, self.id) if exit_code else None,
            "started_at": self.started_at,
            "ended_at": self.ended_at,
            "duration": self.duration,
            "cpu_seconds": usage.ru_utime + usage.ru_stime,
            "peak_memory": max(usage.ru_maxrss * 1024 - self._baseline, 0),
            "output_bytes": self.capture.written,
            "output_dropped": self.capture.dropped,
            "left_behind": len(self._left_behind),
        }

    def _has_begun(self) -> bool:
        """Whether code of the task may run already."""
        try:
            return markers.read_open(self.marker).pid is not None
        except OSError:  # the disk fails, and it may well have
            return True

    def _tree(self) -> set[int]:
        # The pids of children are safe to use: they stay theirs until this host has waited for them.
        own = self._leftovers if self.main_is_dead else [self.pid]
        return {*processes.marked({self.mark}), *own}

    def _kill_tree(self) -> None:
        """Kill until a look shows nobody new, so that what keeps forking cannot stay ahead."""
        killed: set[int] = set()
        for _ in range(_MOST_LOOKS):
            new = self._tree() - killed
            if not new:
                return
            for pid in new:
                processes.send(pid, signal.SIGKILL)
            killed |= new
