"""What is made ready for an attempt before its task's code: its source, its variables, its arguments, its search path.

A host reads and compiles the source before the fork, once for many attempts. All else the attempt does for itself: what
a host does between two forks costs a copy of each page it touches (measured: 252 of them a run with variables and
arguments set there, 115 without), and the C library keeps every value that a variable ever had.
Runs in hosts: standard library only, Python 3.8 or later.
"""

from __future__ import annotations

import linecache
import os
import sys
from importlib.util import decode_source

from task_scheduler.bare_frontmatter import code_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import CodeType
    from typing import Any

    from task_scheduler.local_imports import LocalImports

#: A longer source is compiled by each child for itself: the host has no time for it.
_MOST_SOURCE = 65_536
_MOST_KEPT = 64


class Program:
    """The admitted source of a task, as far as it is made ready."""

    __slots__ = ("_code", "_lines", "is_plain")

    def __init__(self, code: CodeType | bytes, lines: list[str], *, is_plain: bool) -> None:
        self._code = code  #: compiled, or what is still to be compiled
        self._lines = lines  #: of the source as it was admitted
        self.is_plain = is_plain  #: whether Python could run the file as it is: there is no bare frontmatter

    @classmethod
    def load(cls, source_path: str, path: str) -> Program:
        """Return the program of a source that is kept under `source_path`; what is wrong with it shows when it is run."""
        try:
            with open(source_path, "rb") as file:
                source = file.read()
        except OSError as error:
            return cls(f"raise OSError({f'the admitted source is gone: {error}'!r})".encode(), [], is_plain=True)
        code = code_of(source)
        is_plain = code is source
        try:
            lines = decode_source(source).splitlines(keepends=True)
            program = compile(code, path, "exec", dont_inherit=True) if len(code) <= _MOST_SOURCE else code
        except Exception:  # noqa: BLE001 - the attempt meets it again, where it is the task's own failure
            return cls(code, [], is_plain=is_plain)
        return cls(program, lines, is_plain=is_plain)

    def compiled(self, path: str) -> CodeType:
        """Return it compiled; raises whatever a source that Python cannot read makes it raise."""
        return compile(self._code, path, "exec", dont_inherit=True) if isinstance(self._code, bytes) else self._code

    def make_ready(self, order: dict[str, Any]) -> None:
        """Set this process up to run it for an order: its variables, its arguments, where it finds the modules around it."""
        path: str = order["file"]
        self.show(path)
        set_variables(order)
        sys.argv[:] = [path, *order["argv"]]
        # Last, so that a task called calendar.py hides no module of that name from the others.
        sys.path.extend(folders_around(order["task_id"], path))

    def show(self, path: str) -> None:
        """Have tracebacks show the text that was admitted, for the file may have changed since."""
        linecache.cache[path] = (len(self._lines), None, self._lines, path)


class Programs:
    """The sources this process has been asked to run, compiled once for each digest."""

    def __init__(self, local_imports: LocalImports) -> None:
        self._local_imports = local_imports
        self._kept: dict[tuple[str, str], Program] = {}

    def load(self, order: dict[str, Any]) -> Program:
        """Return what the attempt of an order runs."""
        key = (order["source"], order["file"])
        if key not in self._kept:
            if len(self._kept) >= _MOST_KEPT:
                del self._kept[next(iter(self._kept))]
            self._kept[key] = Program.load(*key)
            self._local_imports.add(folder_of_tasks(order["task_id"], order["file"]))
        return self._kept[key]


def set_variables(order: dict[str, Any]) -> None:
    """Give this process the environment variables of an order."""
    for name, value in order["environment"].items():
        os.environ[name] = value


def folders_around(task_id: str, path: str) -> list[str]:
    """Return where a task finds the modules around it: beside its file, then in the folder of tasks."""
    beside, tasks = os.path.dirname(path), folder_of_tasks(task_id, path)
    return [beside] if beside == tasks else [beside, tasks]


def folder_of_tasks(task_id: str, path: str) -> str:
    """Return the folder of tasks, from one task's id and the path of its file."""
    return path[: -len(f"/{task_id}.py")]
