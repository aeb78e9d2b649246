"""Paths that a person typed: made whole, or refused with a sentence.

Standard library only: `main.py` asks before anything is installed.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Sequence
from pathlib import Path

_SUFFIX = ".py"
#: Characters of a path that a sentence quotes.
_QUOTED = 60
#: Bytes of the longest name there is on any usual file system.
_LONGEST = 255
_WHY = {
    errno.ENAMETOOLONG: "it has a name longer than any file can have",
    errno.ELOOP: "its symbolic links lead in a circle",
}


class UnusablePath(ValueError):
    """A path that nothing can have; the message says why."""


def typed_path(text: str, here: Path = Path()) -> Path:
    """Return the path a person means, from `here`, with `~` and `~user` in place of home folders; raises UnusablePath."""
    if not text:
        raise UnusablePath("an empty path names nothing: was a variable empty?")
    try:
        # Not pathlib's: for it, ./~ is a home folder too.
        expanded = os.path.expanduser(text)  # noqa: PTH111
        path = here / expanded
        reason = _why_not(path)
    except ValueError:
        raise UnusablePath(f"{_quoted(text)} cannot be used: it holds a character that no path can have") from None
    if expanded.startswith("~"):
        user = expanded.partition("/")[0]
        raise UnusablePath(
            f"{_quoted(text)} cannot be found: {user} stands for a home folder, and there is none; "
            f"write ./{user} for a file of that name"
        )
    if reason:
        raise UnusablePath(f"{_quoted(text)} cannot be used: {reason}")
    return path


def _why_not(path: Path) -> str:
    """Return why nothing can have a path, empty when something can; raises ValueError for an impossible character."""
    # Asked of a folder that is missing, the system does not come to the name.
    if any(len(os.fsencode(part)) > _LONGEST for part in path.parts):
        return _WHY[errno.ENAMETOOLONG]
    try:
        os.stat(path)  # noqa: PTH116 - for its errors
    except OSError as error:
        return _WHY.get(error.errno or 0, "")
    return ""


def why_no_file(path: Path) -> str:
    """Return, as the end of a sentence, why there is no file to be read at a path; empty: there is one.

    A pipe or a device is none: it is read once, or never ends.
    """
    try:
        kind = os.stat(path).st_mode  # noqa: PTH116 - see above
    except (FileNotFoundError, NotADirectoryError):
        # Not Path.is_symlink: that raises where the folder may not be entered.
        return "it is a link that leads nowhere" if os.path.islink(path) else "there is no such file"  # noqa: PTH114
    except OSError as error:
        return _WHY.get(error.errno or 0) or _unreadable(error)
    if stat.S_ISDIR(kind):
        return "it is a folder"
    if not stat.S_ISREG(kind):
        return "it is a pipe or a device"
    try:
        os.close(os.open(path, os.O_RDONLY | os.O_CLOEXEC))
    except OSError as error:
        return _unreadable(error)
    return ""


def _unreadable(error: OSError) -> str:
    why = "this user may not read it" if isinstance(error, PermissionError) else error.strerror or str(error)
    return f"it cannot be read ({why})"


def is_file(path: Path) -> bool:
    """Whether a file is there; unlike `Path.is_file`, False also where that cannot be asked."""
    return os.path.isfile(path)  # noqa: PTH113 - see above


def named_python_file(text: str, *, here: Path, folders: Sequence[Path], tasks: Path) -> Path | None:
    """Return the Python file that a path, from `here` or one of `folders`, or a task's id names; None: there is none.

    A file of the folder of tasks, however it was named, is returned as a path inside it, and comes before any other.
    Raises UnusablePath.
    """
    named = typed_path(text, here.absolute())
    elsewhere: Path | None = None
    for path in (named, *(folder / text for folder in folders), tasks / f"{text}{_SUFFIX}"):
        if path.name.endswith(_SUFFIX) and is_file(path):
            inside = _inside(path, tasks)
            if inside is not None:
                return inside
            elsewhere = elsewhere or _normal(path)
    return elsewhere


def _inside(path: Path, tasks: Path) -> Path | None:
    for folder in (tasks, tasks.resolve()):
        for candidate in (_normal(path), path.resolve()):
            if candidate.is_relative_to(folder):
                return tasks / candidate.relative_to(folder)
    return None


def _normal(path: Path) -> Path:
    return Path(os.path.normpath(path))


def _quoted(text: str) -> str:
    return repr(text if len(text) <= _QUOTED else f"{text[:_QUOTED]}…")
