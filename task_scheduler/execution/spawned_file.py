"""What a process that multiprocessing starts afresh runs in place of a task file that Python could not run as it is.

It has bare frontmatter, and is run whole, so that its functions are those of `__main__`. It runs in the task's
environment: standard library only, Python 3.8 or later.
"""

if __name__ == "__mp_main__":
    from task_scheduler.execution import interpreter as _interpreter

    _code, __file__ = _interpreter.rejoin()
    exec(_code)  # noqa: S102
