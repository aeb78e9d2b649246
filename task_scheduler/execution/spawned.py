"""What a process that multiprocessing starts afresh for a task runs in place of the task's `__main__`.

Such a process must find the task's functions under the name they are known by, from the source that was admitted,
whatever has become of the file. It runs in the task's environment: standard library only, Python 3.8 or later.
"""

import os

if __name__ == "__mp_main__":
    from task_scheduler.execution.child import register

    _path = os.environ["TASK_SCHEDULER_FILE"]
    _module = register(os.environ["TASK_SCHEDULER_TASK"], _path)
    with open(os.environ["TASK_SCHEDULER_SOURCE"], "rb") as _file:
        exec(compile(_file.read(), _path, "exec", dont_inherit=True), _module.__dict__)  # noqa: S102
