"""Whether this machine has what a task declares: a Python, a user, a folder. It may be made for another machine."""

from __future__ import annotations

import asyncio
import os
import pwd
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from task_scheduler.core.errors import EnvironmentFailed, Problem, Severity
from task_scheduler.core.tasks import FileKind, TaskReading
from task_scheduler.ports import SourceFile
from task_scheduler.watcher.python_versions import accepts


class Machine:
    """This machine, as the tasks of the project with this root meet it."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._pythons: dict[str, str] = {}

    def lacks(self, source: SourceFile, reading: TaskReading) -> Iterator[Problem]:
        """Yield a warning for each thing that a task declares and this machine does not have."""
        yield from self._python(source, reading)
        yield from self._surroundings(source, reading)

    def _python(self, source: SourceFile, reading: TaskReading) -> Iterator[Problem]:
        """Yield a warning where no Python of this machine suits a task: it may be made for another machine."""
        if reading.declaration is None or reading.kind is not FileKind.TASK:
            return
        wanted = reading.declaration.python_version
        if wanted not in self._pythons:
            self._pythons[wanted] = _why_no_python(wanted)
        if self._pythons[wanted]:
            yield Problem(path=source.path, message=self._pythons[wanted], severity=Severity.WARNING)

    def _surroundings(self, source: SourceFile, reading: TaskReading) -> Iterator[Problem]:
        """Yield a warning for each part of a task's surroundings that this machine does not have."""
        declared = reading.declaration
        if declared is None or reading.kind is not FileKind.TASK:
            return
        missing = {
            "user": "" if declared.user is None else _why_no_user(declared.user),
            "working_directory": ""
            if declared.working_directory is None
            else _why_no_folder(self._root / declared.working_directory),
        }
        for key, why in missing.items():
            if why:
                yield Problem(
                    path=source.path,
                    line=_line_of(key, source.content),
                    message=f"{key}: {why}; each run of it would fail here",
                    severity=Severity.WARNING,
                )


def is_there(path: Path) -> bool:
    """Whether there is anything at a path, be it a link to nothing."""
    try:
        return path.exists() or path.is_symlink()
    except (OSError, ValueError):
        return False


def _why_no_user(name: str) -> str:
    try:
        pwd.getpwnam(name)
    except KeyError:
        return f"{name} is no user of this machine"
    return ""


def _why_no_folder(path: Path) -> str:
    if path.is_dir():
        return ""
    return f"{path} is no folder" if is_there(path) else f"{path} does not exist"


def _line_of(key: str, content: bytes | None) -> int | None:
    """Return the line a key of the frontmatter stands in, in whatever dialect; None: it cannot be found."""
    for number, line in enumerate((content or b"").splitlines(), start=1):
        if re.match(rb"[\s#]*%s\s*[:=]" % key.encode(), line):
            return number
    return None


def _why_no_python(wanted: str) -> str:
    """Return why a task has no Python on this machine, empty where it has one."""
    if accepts(wanted, sys.version_info[:2]):
        return ""
    from task_scheduler.environments.interpreters import Interpreters
    from task_scheduler.environments.uv import find_uv

    there = Interpreters(base=Path(sys.executable), variables=os.environ, uv=find_uv(os.environ))
    try:
        asyncio.run(there.suiting(wanted))
    except EnvironmentFailed as error:
        return str(error)
    return ""
