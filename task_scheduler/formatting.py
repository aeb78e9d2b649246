"""Task files written in another dialect: the composition root of the verb that changes them."""

from __future__ import annotations

import contextlib
import os
import stat
from dataclasses import dataclass
from pathlib import Path
from tempfile import NamedTemporaryFile

from task_scheduler.core.errors import Problem
from task_scheduler.core.tasks import TaskReading
from task_scheduler.ports import SourceFile
from task_scheduler.watcher.conversion.converting import convert
from task_scheduler.watcher.frontmatter import Dialect
from task_scheduler.watcher.reader import TaskFileReader
from task_scheduler.watcher.scanning import read_file

#: The names of the dialects.
DIALECTS = tuple(dialect.value for dialect in Dialect)
#: Characters of a name that go into that of an unfinished file, which may be no longer than a name can be.
_NAMED = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Formatted:
    """What can be made of one file."""

    before: str | None  #: its dialect; None: there is a problem
    old: bytes = b""
    new: bytes | None = None  #: None: it stays as it is
    problems: tuple[Problem, ...] = ()


class TaskFormatter:
    """Converts files one by one. Settings have no say in it: every file is read as if direct references were allowed."""

    def __init__(self, *, root: Path, helpers: Path) -> None:
        self._reader = TaskFileReader(root=root, helpers=helpers, allow_direct_references=True)

    def convert(self, file: Path, *, shown: str, to: str) -> Formatted:
        """Return a file in another dialect, without writing it; `shown` is its name in problems."""
        read = read_file(file)
        if read.content is None:
            return Formatted(before=None, problems=(Problem(path=shown, message=read.problem),))

        def reading(content: bytes) -> TaskReading:
            source = SourceFile(task_id=file.stem, path=shown, digest="", content=content, saved_at=read.saved_at)
            return self._reader.read(source)

        result = convert(read.content, to=Dialect(to), path=shown, read=reading)
        return Formatted(before=result.before, old=read.content, new=result.content, problems=result.problems)


def write(file: Path, *, old: bytes, new: bytes) -> None:
    """Replace a file's content as a whole, or not at all; raises OSError, also when it is not `old` any more."""
    file = file.resolve()
    with NamedTemporaryFile(dir=file.parent, prefix=f".{file.name[:_NAMED]}.", delete=False) as copy:
        partial = Path(copy.name)
        try:
            copy.write(new)
            copy.flush()
            _keep_ownership(copy.fileno(), file)
            os.fsync(copy.fileno())
            _check_unchanged(file, old)
            partial.replace(file)
        except BaseException:
            partial.unlink(missing_ok=True)
            raise
    folder = os.open(file.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _keep_ownership(descriptor: int, file: Path) -> None:
    info = file.stat()
    # Only root may give files away; anyone else owns what they may replace, or their group's rights are kept.
    with contextlib.suppress(PermissionError):
        os.fchown(descriptor, info.st_uid, info.st_gid)
    os.fchmod(descriptor, stat.S_IMODE(info.st_mode))


def _check_unchanged(file: Path, old: bytes) -> None:
    if file.read_bytes() != old:
        raise OSError(None, "it was changed meanwhile")
