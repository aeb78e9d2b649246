"""The points of `fault_points` as a host passes them: what it was asked for is nothing its attempts inherit.

Runs in hosts: standard library only, Python 3.8 or later.
"""

from __future__ import annotations

from task_scheduler import fault_points
from task_scheduler.fault_points import point

__all__ = ["point"]

fault_points.keep_from_others()
