"""Log files: what goes into which, when they are put aside, and how long they are kept."""

from task_scheduler.logs.set_up import Logs, log_event, set_up_logging

__all__ = ["Logs", "log_event", "set_up_logging"]
