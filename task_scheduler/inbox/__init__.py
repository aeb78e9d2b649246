"""The files that tasks wait for: which fit a pattern, and how they stand."""

from task_scheduler.inbox.looking import ProjectFiles

__all__ = ["ProjectFiles"]
