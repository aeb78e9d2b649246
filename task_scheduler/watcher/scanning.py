"""Looking at folders and files: which of them count, their stamps, and their content."""

from __future__ import annotations

import contextlib
import errno
import fnmatch
import hashlib
import os
import re
import stat
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from task_scheduler.watcher import oddities

#: Bytes; a larger file is not read at all.
LARGEST = 1_000_000
TOO_LARGE = f"it is larger than {LARGEST:,} bytes: move data and generated code into files of their own"

#: What changes whenever a file's content does: inode, size, time of change of content, and of anything at all.
#: The last one catches tools that put the time of modification back.
Stamp = tuple[int, int, int, int]

_SUFFIX = ".py"
_EXAMPLE = "example_"
_CACHE = "__pycache__"
_VIRTUAL_ENVIRONMENT = "pyvenv.cfg"


class Unreadable(Exception):
    """A folder cannot be looked at, or a file not be read; the message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scan:
    """What a folder holds, by path relative to it with `/` between the parts."""

    files: dict[str, Stamp]
    unreadable: dict[str, str]  #: folders inside that cannot be listed, each ending in `/`, and why
    left_out: dict[str, str]  #: entries that may have been meant as tasks and are none, and why
    has_links: bool = False  #: what a symbolic link leads to changes without an event here
    is_empty: bool = False  #: it holds nothing whatever, not even a hidden file


@dataclass(frozen=True, slots=True, kw_only=True)
class FileContent:
    """One file as it was read; with `content` None, `problem` says why."""

    stamp: Stamp | None  #: None: it changed while it was read, or is no regular file any more
    content: bytes | None
    problem: str = ""
    saved_at: datetime | None = None  #: when the content was last written, in UTC; None without content

    @property
    def digest(self) -> str:
        """SHA-256 of the content in hex, empty without content."""
        return "" if self.content is None else hashlib.sha256(self.content).hexdigest()


def is_helper(name: str) -> bool:
    """Whether a file of this name, in the folder of helpers, is one."""
    return name.endswith(_SUFFIX)


def task_names(pattern: str, *, include_examples: bool) -> Callable[[str], bool]:
    """Return the rule that says whether a file of some name, in the folder of tasks, is a task file."""
    matches = re.compile(fnmatch.translate(pattern)).match

    def is_task(name: str) -> bool:
        return (
            name.endswith(_SUFFIX)
            and matches(name) is not None
            and name != "__init__.py"
            and (include_examples or not name.startswith(_EXAMPLE))
        )

    return is_task


def scan(folder: Path, accepts: Callable[[str], bool]) -> Scan:
    """Look at every file in a folder and below whose name is accepted, without opening any.

    Hidden files and folders, caches, virtual environments and whatever is no regular file are left out. A
    symbolic link to a file is followed, wherever it leads; one to a folder is followed once, and not when it leads
    back inside. Raises Unreadable when the folder itself cannot be listed.
    """
    scanner = _Scanner(folder, accepts)
    scanner.scan()
    return Scan(
        files=scanner.files,
        unreadable=scanner.unreadable,
        left_out=scanner.left_out,
        has_links=scanner.has_links,
        is_empty=scanner.is_empty,
    )


class _Scanner:
    """One walk through a folder."""

    def __init__(self, folder: Path, accepts: Callable[[str], bool]) -> None:
        self._accepts = accepts
        self._folder = folder
        self._inside = os.path.realpath(folder)
        self._followed: set[str] = set()
        self._waiting = [("", str(folder))]
        self.files: dict[str, Stamp] = {}
        self.unreadable: dict[str, str] = {}
        self.left_out: dict[str, str] = {}
        self.has_links = False
        self.is_empty = False

    def scan(self) -> None:
        while self._waiting:
            prefix, path = self._waiting.pop()
            entries = self._listed(prefix, path)
            self.is_empty = not (prefix or entries) or self.is_empty
            if prefix and any(entry.name == _VIRTUAL_ENVIRONMENT for entry in entries):
                self.left_out[prefix] = oddities.VIRTUAL_ENVIRONMENT
                continue
            for entry in entries:
                if not entry.name.startswith("."):
                    # An entry may vanish before it is looked at.
                    with contextlib.suppress(FileNotFoundError):
                        self._look_at(entry, prefix)

    def _listed(self, prefix: str, path: str) -> list[os.DirEntry[str]]:
        try:
            with os.scandir(path) as listing:
                return list(listing)
        except OSError as error:
            if not prefix:
                raise Unreadable(_folder_reason(self._folder.name, error)) from error
            if not isinstance(error, FileNotFoundError | NotADirectoryError):
                self.unreadable[prefix] = error.strerror or str(error)
            return []

    def _look_at(self, entry: os.DirEntry[str], prefix: str) -> None:
        name = entry.name
        is_link = entry.is_symlink()
        self.has_links = self.has_links or is_link
        if _is_folder(entry):
            if name != _CACHE and (not is_link or self._is_to_follow(entry, prefix)):
                self._waiting.append((f"{prefix}{name}/", entry.path))
        elif self._accepts(name):
            self._look_at_file(entry, prefix + name, is_link=is_link)
        elif (reason := oddities.near_miss(name)) is not None:
            self.left_out[prefix + name] = reason

    def _look_at_file(self, entry: os.DirEntry[str], path: str, *, is_link: bool) -> None:
        try:
            info = entry.stat()
        except OSError as error:
            if is_link:
                self.left_out[path] = oddities.LINK_TO_ITSELF if error.errno == errno.ELOOP else oddities.BROKEN_LINK
            return
        stamp = _stamp(info)
        if not _is_utf8(path):
            self.left_out[path] = oddities.NOT_UTF_8
        elif stamp is not None:
            self.files[path] = stamp
        elif (reason := oddities.why_no_file(info.st_mode)) is not None:
            self.left_out[path] = reason

    def _is_to_follow(self, entry: os.DirEntry[str], prefix: str) -> bool:
        target = os.path.realpath(entry.path)
        if f"{target}/".startswith(f"{self._inside}/") or f"{self._inside}/".startswith(f"{target}/"):
            self.left_out[f"{prefix}{entry.name}"] = oddities.LINK_BACK
            return False
        if target in self._followed:
            self.left_out[f"{prefix}{entry.name}"] = oddities.LINK_TWICE
            return False
        self._followed.add(target)
        return True


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link that leads to itself
        return False


def look_at(folder: Path, relative: str, accepts: Callable[[str], bool]) -> Stamp | None:
    """Return the stamp of one file, None when it is not there or does not count."""
    parts = relative.split("/")
    if any(part.startswith(".") or part == _CACHE for part in parts) or not accepts(parts[-1]):
        return None
    if not _is_utf8(relative):
        return None
    above = folder
    for part in parts[:-1]:
        above /= part
        if (above / _VIRTUAL_ENVIRONMENT).exists():
            return None
    try:
        return _stamp((folder / relative).stat())
    except OSError:
        return None


def read_file(path: Path) -> FileContent:
    """Read one file whole, unless it is too large; never raises for what is in the folder."""
    try:
        # Without NONBLOCK, a pipe put in place of the file after the look would hold the reader for ever.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        return _not_readable(path, error)
    try:
        before = os.fstat(descriptor)
        stamp = _stamp(before)
        if stamp is None:
            return FileContent(stamp=None, content=None, problem="it is no regular file")
        if before.st_size > LARGEST:
            return FileContent(stamp=stamp, content=None, problem=TOO_LARGE)
        content = _read_all(descriptor)
        after = _stamp(os.fstat(descriptor))
    except OSError as error:
        return _not_readable(path, error)
    finally:
        os.close(descriptor)
    return FileContent(stamp=stamp if stamp == after else None, content=content, saved_at=_written_at(before))


def _read_all(descriptor: int) -> bytes:
    pieces = []
    size = 0
    while size <= LARGEST and (piece := os.read(descriptor, LARGEST + 1)):
        pieces.append(piece)
        size += len(piece)
    return b"".join(pieces)


def _not_readable(path: Path, error: OSError) -> FileContent:
    try:
        stamp = _stamp(path.stat())
    except OSError:
        stamp = None
    reason = error.strerror or str(error)
    return FileContent(
        stamp=stamp, content=None, problem=f"it cannot be read ({reason}): let the scheduler's user read it"
    )


def _written_at(info: os.stat_result) -> datetime | None:
    try:
        return datetime.fromtimestamp(info.st_mtime, tz=UTC)
    except (ValueError, OverflowError, OSError):  # a year that no calendar has
        return None


def _stamp(info: os.stat_result) -> Stamp | None:
    if not stat.S_ISREG(info.st_mode):
        return None
    return (info.st_ino, info.st_size, info.st_mtime_ns, info.st_ctime_ns)


def _is_utf8(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def _folder_reason(name: str, error: OSError) -> str:
    if isinstance(error, FileNotFoundError):
        return f"the folder {name}/ is not there: put it back"
    return f"the folder {name}/ cannot be read ({error.strerror or error}): let the scheduler's user read it"
