"""How attempts end in their host: the main process is waited for, and what it leaves behind is ended, before it is told.

Runs in hosts: standard library only, Python 3.8 or later.
"""

from __future__ import annotations

import os
import time

from task_scheduler.execution import faults, processes
from task_scheduler.execution.limits import MEMORY, KernelKills

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from task_scheduler.execution.hosted import HostedAttempt


class Endings:
    """Waits for the children of a host, without ever waiting."""

    def __init__(self, on_over: Callable[[HostedAttempt], None]) -> None:
        """`on_over` is called for each attempt of which nothing is left."""
        self._on_over = on_over
        self._by_pid: dict[int, HostedAttempt] = {}
        self._sweeping: list[HostedAttempt] = []
        self._kernel_kills = KernelKills()

    def expect(self, attempt: HostedAttempt) -> None:
        """Take an attempt in, whose main process is a child of this one."""
        self._by_pid[attempt.pid] = attempt
        self._kernel_kills.forget(time.monotonic())

    def reap(self) -> None:
        """Wait for every child that has died."""
        while True:
            try:
                pid, status, usage = os.wait4(-1, os.WNOHANG)
            except ChildProcessError:
                break
            if pid == 0:
                break
            attempt = self._by_pid.pop(pid, None)
            if attempt is not None:
                faults.point("after-childs-end")
                attempt.main_died(status, usage)
                if attempt.was_killed_by_another:
                    attempt.out_of_memory = self._kernel_kills.has_killed()
                elif attempt.stopped_for == MEMORY:
                    self._kernel_kills.has_killed()  # at its own limit: no reason to believe it of the next
                self._sweeping.append(attempt)
        self.sweep()

    def sweep(self) -> None:
        """Finish the attempts that have left nothing behind, and end what the others left."""
        if not self._sweeping:
            return
        leftovers = self._leftovers()
        for attempt in list(self._sweeping):
            own = leftovers.get(attempt.id, [])
            if own or not attempt.is_swept():
                attempt.sweep(own)
            else:
                self._sweeping.remove(attempt)
                self._on_over(attempt)

    def _leftovers(self) -> dict[str, list[int]]:
        """Return the children that are no attempt's main process, by the attempt that left them behind.

        A living attempt takes in its own orphans (child.py), so these come from attempts that are over; one whose
        mark tells nothing is put to the first of them.
        """
        unknown = [pid for pid in processes.children() if pid not in self._by_pid] if _has_children() else []
        by_mark = {attempt.mark: attempt.id for attempt in (*self._by_pid.values(), *self._sweeping)}
        found: dict[str, list[int]] = {}
        for pid in unknown:
            name = by_mark.get(processes.mark_of(pid) or 0, self._sweeping[0].id)
            found.setdefault(name, []).append(pid)
        return found


def _has_children() -> bool:
    try:
        os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except ChildProcessError:
        return False
    return True
