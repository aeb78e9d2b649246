"""What a process that multiprocessing starts afresh runs in place of the `__main__` of a task whose function is called.

Such a process must find the task's functions under the name they are known by, from the source that was admitted,
whatever has become of the file. It runs in the task's environment: standard library only, Python 3.8 or later.
"""

import os

if __name__ == "__mp_main__":
    from task_scheduler.execution import child, interpreter

    _code, _path = interpreter.rejoin()
    exec(_code, child.register(os.environ["TASK_SCHEDULER_TASK"], _path).__dict__)  # noqa: S102
