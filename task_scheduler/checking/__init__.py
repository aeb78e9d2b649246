"""Task files judged without running or importing anything: the composition root of the verbs that only read them."""

from task_scheduler.checking.checker import Checked, TaskChecker

__all__ = ["Checked", "TaskChecker"]
