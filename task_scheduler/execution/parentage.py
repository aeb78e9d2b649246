"""Who dies with whom, and who takes in whose orphans: what Linux offers by prctl(2).

Runs in hosts: standard library only, Python 3.8 or later.
"""

from __future__ import annotations

import ctypes
import os
import signal

_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36
_prctl = ctypes.CDLL(None).prctl
_prctl.argtypes = [ctypes.c_int, *[ctypes.c_ulong] * 4]


def die_with(parent: int) -> bool:
    """Have the kernel kill this process when its parent ends; False: it has ended already."""
    _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    return os.getppid() == parent


def take_in_orphans() -> None:
    """Have every descendant whose parent ends become a child of this process."""
    _prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
