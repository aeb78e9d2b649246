"""What lists of processes call the scheduler."""

from __future__ import annotations

from pathlib import Path

from setproctitle import setproctitle

from task_scheduler.log_lines import escape

#: How each title begins, for `pgrep -f '^task-scheduler: '`.
TITLE = "task-scheduler"


def show_title(root: Path) -> None:
    """Have `ps` show this process as `task-scheduler: /the/project/folder`; how it was started is kept by `sys`."""
    setproctitle(f"{TITLE}: {escape(str(root))}")
