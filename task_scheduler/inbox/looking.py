"""Looking for files by a pattern as in a shell, without mistaking a folder that cannot be read for an empty one.

Looked for and not listened for: that works on every file system, also where a network brings the files, and in
folders that come later.
"""

from __future__ import annotations

import fnmatch
import os
import stat
from collections import Counter
from collections.abc import Collection, Sequence
from pathlib import Path

from task_scheduler.core.happenings import FileIdentity
from task_scheduler.inbox.threads import LookingThreads
from task_scheduler.ports import FoundFiles

_MAGIC = frozenset("*?[")
_ANY_DEPTH = "**"
#: Files of one folder that are named each by itself where they cannot be looked at; with more, the folder is.
_MOST_NAMED = 100


class ProjectFiles:
    """The port WatchedFiles on the files of this machine."""

    def __init__(self, project: Path) -> None:
        """`project` is the folder that patterns begin in."""
        self._project = project
        self._threads = LookingThreads()

    async def look(self, pattern: str) -> FoundFiles:
        """Return the regular files that fit a pattern now; a link counts as what it leads to.

        A name without `*`, `?` or `[` that is a folder's stands for the files directly in it.
        """
        return await self._threads.do(lambda: self._look(pattern))

    async def gone(self, paths: Sequence[str]) -> Collection[str]:
        """Return which of these files are not there; raises OSError where the machine has no thread left."""
        return await self._threads.do(lambda: [path for path in paths if self._is_gone(path)])

    def _is_gone(self, path: str) -> bool:
        try:
            (self._project / path).stat()
        except (FileNotFoundError, NotADirectoryError):
            return True
        except (OSError, ValueError):
            return False
        return False

    def _look(self, pattern: str) -> FoundFiles:
        look = _Look(self._project)
        begin = "/" if pattern.startswith("/") else ""
        parts = tuple(part for part in pattern.split("/") if part)
        look.follow(begin, parts if parts[-1] != _ANY_DEPTH else (*parts, "*"))
        return FoundFiles(
            files=look.files, unseen=tuple(sorted(look.unseen)), unread=tuple(sorted(look.unread)), trouble=look.trouble
        )


class _Look:
    """One walk along the parts of a pattern."""

    def __init__(self, project: Path) -> None:
        self._project = project
        self._ahead: list[tuple[str, tuple[str, ...]]] = []
        self._met: set[tuple[str, tuple[str, ...]]] = set()
        self._missed: Counter[str] = Counter()  #: files that cannot be looked at, by folder
        self.files: dict[str, FileIdentity] = {}
        self.unseen: set[str] = set()
        self.unread: set[str] = set()  #: of these, what is there and cannot be read
        self.trouble = ""  #: the first that is there and cannot be read, with the reason

    def follow(self, folder: str, parts: tuple[str, ...]) -> None:
        """Take note of what fits `parts` in a folder, which is empty for the project, and else ends with a slash."""
        self._go_on(folder, parts)
        while self._ahead:  # a list and no recursion: folders may lie deeper than calls may
            self._visit(*self._ahead.pop())

    def _go_on(self, folder: str, parts: tuple[str, ...]) -> None:
        """Have a folder visited, once: several `**` lead to the same one in many ways."""
        if (folder, parts) not in self._met:
            self._met.add((folder, parts))
            self._ahead.append((folder, parts))

    def _visit(self, folder: str, parts: tuple[str, ...]) -> None:
        part, rest = parts[0], parts[1:]
        if part == _ANY_DEPTH:
            self._go_on(folder, rest)
            for name, is_folder in self._entries(folder, is_deep=True):
                if is_folder and not name.startswith("."):
                    self._go_on(f"{folder}{name}/", parts)
        elif not _MAGIC & set(part):
            if rest:
                self._enter(folder, part, rest)
            else:
                self._take(folder, part, or_within=True)
        else:
            for name, is_folder in self._entries(folder):
                if _fits(name, part) and is_folder == bool(rest):
                    if rest:
                        self._go_on(f"{folder}{name}/", rest)
                    else:
                        self._take(folder, name)

    def _enter(self, folder: str, name: str, rest: tuple[str, ...]) -> None:
        path = f"{folder}{name}"
        try:
            is_folder = stat.S_ISDIR(self._path(path).stat().st_mode)
        except (OSError, ValueError) as error:
            self._miss(path, error)
            return
        if is_folder:
            self._go_on(f"{path}/", rest)
        else:
            self.unseen.add(path)

    def _entries(self, folder: str, *, is_deep: bool = False) -> list[tuple[str, bool]]:
        """Return the names in a folder, and whether each is a folder; `is_deep`: links to folders are none."""
        try:
            with os.scandir(self._path(folder)) as entries:
                return [(entry.name, _is_folder(entry, is_deep=is_deep)) for entry in entries]
        except (OSError, ValueError) as error:
            self._miss(folder, error)
            return []

    def _miss(self, path: str, error: OSError | ValueError, *, told: str | None = None) -> None:
        """Take note that nothing is known of a path, and tell of it, or of another one.

        ValueError: its letters cannot be written on this machine.
        """
        self.unseen.add(path)
        if isinstance(error, FileNotFoundError | NotADirectoryError):
            return  # it may be a disk that is not there now
        self.unread.add(path)
        if not self.trouble:
            reason = error.strerror if isinstance(error, OSError) else None
            self.trouble = f"{(path if told is None else told) or 'the project folder'}: {reason or error}"

    def _take(self, folder: str, name: str, *, or_within: bool = False) -> None:
        """Take note of a file; `or_within`: of those in it, where it is a folder."""
        path = f"{folder}{name}"
        try:
            told = self._path(path).stat()
        except FileNotFoundError:
            if or_within:
                self.unseen.add(f"{path}/")  # a file that is gone, or a folder of which nothing is known
            return
        except (OSError, ValueError) as error:
            self._missed[folder] += 1
            self._miss(path if self._missed[folder] <= _MOST_NAMED else folder, error, told=path)
            return
        if stat.S_ISREG(told.st_mode):
            self.files[path] = FileIdentity(inode=told.st_ino, size=told.st_size, modified=told.st_mtime_ns)
        elif or_within and stat.S_ISDIR(told.st_mode):
            self._go_on(f"{path}/", ("*",))

    def _path(self, path: str) -> Path:
        return self._project / path


def _is_folder(entry: os.DirEntry[str], *, is_deep: bool) -> bool:
    try:
        return entry.is_dir(follow_symlinks=not is_deep)
    except OSError:
        return False


def _fits(name: str, part: str) -> bool:
    """Whether a name fits a part of a pattern; hidden ones only where it begins with a dot itself."""
    return fnmatch.fnmatchcase(name, part) and (part.startswith(".") or not name.startswith("."))
