"""Where the lock of a project's scheduler is."""

from __future__ import annotations

from pathlib import Path

from task_scheduler.control.address import socket_path


def scheduler_lock(root: Path) -> Path:
    """Return where the lock of the scheduler of the project at `root` is."""
    return socket_path(root).with_name("scheduler.lock")
