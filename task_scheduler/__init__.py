"""A file-based task runner: drop a `.py` file into `tasks/` and it runs on the clock.

Kept free of imports on purpose: `task_scheduler.decorators` is imported inside every task's own
environment, where none of the scheduler's dependencies exist.
"""

__version__ = "0.1.0"
