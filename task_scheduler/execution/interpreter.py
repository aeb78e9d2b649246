"""Makes an interpreter one that tasks can run in: the streams they write to, and what they may import.

A host does so once for all its forks, a fresh interpreter (`fresh`) for its one attempt.
Runs in hosts: standard library only, Python 3.8 or later.
"""

from __future__ import annotations

import io
import os
import site
import sys

from task_scheduler import local_imports
from task_scheduler.execution.programs import Program, folder_of_tasks

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import CodeType

    from task_scheduler.local_imports import LocalImports


def make_streams() -> None:
    """Make the text streams every attempt has: by lines, UTF-8, and as for a pipe.

    They are made over a pipe, since a stream remembers whether its file could be sought when it was made.
    """
    reading, writing = os.pipe()
    for descriptor in (1, 2):
        kept = os.dup(descriptor)
        os.dup2(writing, descriptor)
        raw = io.FileIO(descriptor, "w", closefd=False)
        name = "stdout" if descriptor == 1 else "stderr"
        stream = io.TextIOWrapper(
            io.BufferedWriter(raw), encoding="utf-8", errors="backslashreplace", line_buffering=True
        )
        raw.name = f"<{name}>"
        setattr(sys, name, stream)
        setattr(sys, f"__{name}__", stream)
        os.dup2(kept, descriptor)
        os.close(kept)
    os.close(reading)
    os.close(writing)


def offer_project(root: str, lib: str, own: list[str]) -> LocalImports:
    """Let tasks import the project's modules: before the environment's packages, after the standard library.

    `own` is the search path the interpreter began with: what lies below it is not the project's.
    """
    packages = {os.path.realpath(path) for path in site.getsitepackages()}
    places = [place for place, path in enumerate(sys.path) if os.path.realpath(path) in packages]
    place = min(places, default=len(sys.path))
    sys.path[place:place] = [root, lib]
    return local_imports.install([root, lib], own)


def rejoin() -> tuple[CodeType, str]:
    """Let a process that multiprocessing has started for an attempt import what the attempt can.

    Return the attempt's program, compiled, and the path of its file.
    """
    path = os.environ["TASK_SCHEDULER_FILE"]
    tasks = folder_of_tasks(os.environ["TASK_SCHEDULER_TASK"], path)
    lib = __file__[: -len("/task_scheduler/execution/interpreter.py")]
    project = [os.environ["TASK_SCHEDULER_ROOT"], lib, tasks]
    local_imports.install(project, [place for place in sys.path if place not in {*project, os.path.dirname(path)}])
    program = Program.load(os.environ["TASK_SCHEDULER_SOURCE"], path)
    program.show(path)
    return program.compiled(path), path
