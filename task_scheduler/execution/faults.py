"""Named points where a test may make a host end or stop itself, to see what becomes of its attempts.

`TASK_SCHEDULER_FAULT=after-fork:KILL` makes the host send itself KILL at that point; a host reads it once, at its
start, and without it a point does nothing. Runs in hosts: standard library only, Python 3.8 or later.
"""

from __future__ import annotations

import os
import signal

VARIABLE = "TASK_SCHEDULER_FAULT"

_point, _, _signal = os.environ.pop(VARIABLE, "").partition(":")


def point(name: str, process: int | None = None) -> None:
    """Send the signal a test asked for at this point to a process; None: to this one."""
    if name == _point:
        os.kill(os.getpid() if process is None else process, getattr(signal, "SIG" + _signal))
