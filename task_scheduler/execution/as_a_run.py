"""Makes an interpreter what it is in a run of a task, without a run: on a person's terminal, or to be asked.

Run by path, `python -I as_a_run.py ORDER`, it tells what a run would find around it (`task_scheduler.surroundings`).
ORDER is JSON: root, lib, task_id, file. Standard library only, Python 3.8 or later.
"""

from __future__ import annotations

import json
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def become(order: dict[str, Any]) -> None:
    """Let this interpreter import what a run of the task can, the package `tasks` included."""
    lib = order["lib"]
    sys.path.insert(0, lib)
    from task_scheduler.execution import child, interpreter
    from task_scheduler.execution.programs import folder_of_tasks, folders_around

    del sys.path[0]
    file, task_id = order["file"], order["task_id"]
    local_imports = interpreter.offer_project(order["root"], lib, list(sys.path))
    local_imports.add(folder_of_tasks(task_id, file))
    sys.path += folders_around(task_id, file)
    child.register(task_id, file)
    # The task itself is to be imported, when somebody asks for it.
    del sys.modules[child.name_of(task_id)]


def main(order: dict[str, Any]) -> None:
    """Be what a run is, and tell what is there."""
    become(order)
    from task_scheduler import surroundings
    from task_scheduler.execution import interpreter

    interpreter.make_streams()
    surroundings.main()


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
