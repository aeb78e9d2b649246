"""Looking for files by a pattern as in a shell, without mistaking a folder that cannot be read for an empty one.

Looked for and not listened for: that works on every file system, also where a network brings the files, and in
folders that come later.
"""

from __future__ import annotations

import asyncio
import fnmatch
import os
import stat
from pathlib import Path

from task_scheduler.core.happenings import FileIdentity
from task_scheduler.ports import FoundFiles

_MAGIC = frozenset("*?[")
_ANY_DEPTH = "**"


class ProjectFiles:
    """The port WatchedFiles on the files of this machine."""

    def __init__(self, project: Path) -> None:
        """`project` is the folder that patterns begin in."""
        self._project = project

    async def look(self, pattern: str) -> FoundFiles:
        """Return the regular files that fit a pattern now; a link counts as what it leads to."""
        return await asyncio.to_thread(self._look, pattern)

    def _look(self, pattern: str) -> FoundFiles:
        look = _Look(self._project)
        begin = "/" if pattern.startswith("/") else ""
        parts = tuple(part for part in pattern.split("/") if part)
        look.follow(begin, parts if parts[-1] != _ANY_DEPTH else (*parts, "*"))
        return FoundFiles(files=look.files, unseen=tuple(sorted(look.unseen)))


class _Look:
    """One walk along the parts of a pattern."""

    def __init__(self, project: Path) -> None:
        self._project = project
        self.files: dict[str, FileIdentity] = {}
        self.unseen: set[str] = set()

    def follow(self, folder: str, parts: tuple[str, ...]) -> None:
        """Take note of what fits `parts` in a folder, which is empty for the project, and else ends with a slash."""
        part, rest = parts[0], parts[1:]
        if part == _ANY_DEPTH:
            self.follow(folder, rest)
            for name, is_folder in self._entries(folder, is_deep=True):
                if is_folder and not name.startswith("."):
                    self.follow(f"{folder}{name}/", parts)
        elif not _MAGIC & set(part):
            if rest:
                self._enter(folder, part, rest)
            else:
                self._take(folder, part)
        else:
            for name, is_folder in self._entries(folder):
                if _fits(name, part) and is_folder == bool(rest):
                    if rest:
                        self.follow(f"{folder}{name}/", rest)
                    else:
                        self._take(folder, name)

    def _enter(self, folder: str, name: str, rest: tuple[str, ...]) -> None:
        if self._path(f"{folder}{name}").is_dir():
            self.follow(f"{folder}{name}/", rest)
        else:
            self.unseen.add(f"{folder}{name}")  # it may be a disk that is not there now

    def _entries(self, folder: str, *, is_deep: bool = False) -> list[tuple[str, bool]]:
        """Return the names in a folder, and whether each is a folder; `is_deep`: links to folders are none."""
        try:
            with os.scandir(self._path(folder)) as entries:
                return [(entry.name, _is_folder(entry, is_deep=is_deep)) for entry in entries]
        except OSError:
            self.unseen.add(folder)
            return []

    def _take(self, folder: str, name: str) -> None:
        path = f"{folder}{name}"
        try:
            told = self._path(path).stat()
        except FileNotFoundError:
            return
        except OSError:
            self.unseen.add(path)
            return
        if stat.S_ISREG(told.st_mode):
            self.files[path] = FileIdentity(inode=told.st_ino, size=told.st_size, modified=told.st_mtime_ns)

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
