"""
---
title: "This run"
description: "What a task may know and tell of the run it is in: progress, numbers, results, and how to end"
dependencies: []
---

The same as in `task_scheduler.this_run`, which docs/runs.md explains.
"""

from task_scheduler.this_run import (
    Cancel,
    Skip,
    Snooze,
    Stopped,
    artifact,
    attempt,
    metric,
    progress,
    result,
    run_id,
    scheduled_for,
    stop_reason,
    task_id,
)

__all__ = [
    "Cancel",
    "Skip",
    "Snooze",
    "Stopped",
    "artifact",
    "attempt",
    "metric",
    "progress",
    "result",
    "run_id",
    "scheduled_for",
    "stop_reason",
    "task_id",
]
