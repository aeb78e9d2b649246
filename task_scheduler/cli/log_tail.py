"""The end of a log file, and what is added to it, also while it is put aside and begun anew."""

from __future__ import annotations

import gzip
import os
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO, NamedTuple

from task_scheduler.log_names import Aside, asides

_CHUNK = 1 << 18
#: What a line below a record begins with, such as one of a traceback.
BELOW = "    "

#: Whether a record, a line that is not below another, is wanted.
Wanted = Callable[[str], bool]


class LogTail:
    """A log file that any number of processes write and the scheduler puts aside, read from its newest lines on."""

    def __init__(self, path: Path, wanted: Wanted) -> None:
        """Lines below a record are wanted as it is."""
        self._path = path
        self._wanted = wanted
        self._is_wanted = False
        self._file: BinaryIO | None = None
        self._rest = b""
        self._missed: list[str] = []
        self._left: _Identity | None = None  #: the file that was read last, as it was put aside

    def newest(self, count: int) -> list[str]:
        """Return the newest lines, of files that were put aside too where this one has fewer; `new_lines` goes on."""
        lines = deque(self._chosen(self.new_lines()), maxlen=count)
        with suppress(OSError):
            for aside in reversed(asides(self._path)):
                if len(lines) >= count:
                    break
                if self._is_ours(aside.path):
                    continue
                before = deque(self._chosen(_lines_of(aside)), maxlen=count - len(lines))
                lines.extendleft(reversed(before))
        self._is_wanted = False
        return list(lines)

    def new_wanted_lines(self) -> Iterator[str]:
        """Yield what of `new_lines` is wanted."""
        return self._chosen(self.new_lines())

    def new_lines(self) -> Iterator[str]:
        """Yield whole lines written since the last call, each once, whatever the file was called meanwhile."""
        while self._file is not None or self._open():
            missed, self._missed = self._missed, []
            yield from missed
            yield from self._read()
            if self._file is None or self._is_named():
                return
            # Whoever writes holds a lock on the file of this name: to this one nothing is added any more.
            yield from self._read()
            self._close()
            if self._rest:
                yield _text(self._rest)
                self._rest = b""

    def close(self) -> None:
        """Let go of the file."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def _chosen(self, lines: Iterator[str]) -> Iterator[str]:
        for line in lines:
            if not line.startswith(BELOW):
                self._is_wanted = self._wanted(line)
            if self._is_wanted:
                yield line

    def _open(self) -> bool:
        """Open the file that has the name now, and have those read before it that had it meanwhile."""
        try:
            self._file = self._path.open("rb")
        except FileNotFoundError:
            self._file = None
        if self._left is not None:
            self._missed = list(self._put_aside_meanwhile(self._left))
        return self._file is not None or bool(self._missed)

    def _put_aside_meanwhile(self, left: _Identity) -> Iterator[str]:
        """Yield the lines of files that were begun and put aside after the one that was left."""
        found = asides(self._path)
        # Later than the list: if the open one is on it, nothing is added to it any more.
        now = None if self._file is None else _of_open(self._file)
        begin = max((place for place, aside in enumerate(found, 1) if _is_same(_of_aside(aside), left)), default=None)
        for aside in found[begin or 0 :]:
            identity = _of_aside(aside)
            if identity is None:  # deleted
                continue
            if _is_same(identity, now):
                break
            # What was left is no longer kept, where it is not among them.
            if begin is not None or identity.changed_at > left.changed_at:
                yield from _lines_of(aside)
                self._left = identity

    def _read(self) -> Iterator[str]:
        if self._file is None:
            return
        if os.fstat(self._file.fileno()).st_size < self._file.tell():
            self._file.seek(0)  # somebody emptied it
        while chunk := self._file.read(_CHUNK):
            *lines, self._rest = (self._rest + chunk).split(b"\n")
            yield from map(_text, lines)

    def _is_named(self) -> bool:
        return self._file is not None and self._is_ours(self._path)

    def _is_ours(self, path: Path) -> bool:
        if self._file is None:
            return False
        try:
            return os.path.samestat(os.fstat(self._file.fileno()), path.stat())
        except FileNotFoundError:
            return False

    def _close(self) -> None:
        if self._file is not None:
            self._left = _of_open(self._file)
        self.close()


class _Identity(NamedTuple):
    """By which a file that nothing is added to any more is known again, also once it is packed."""

    changed_at: int
    size: int
    inode: int | None  #: None: it is packed


def _of_open(file: BinaryIO) -> _Identity:
    found = os.fstat(file.fileno())
    return _Identity(found.st_mtime_ns, found.st_size, found.st_ino)


def _of_aside(aside: Aside) -> _Identity | None:
    """Return the identity of a file that was put aside; None: it is gone."""
    try:
        found = aside.path.stat()
        if not aside.is_packed:
            return _Identity(found.st_mtime_ns, found.st_size, found.st_ino)
        with aside.path.open("rb") as packed:
            packed.seek(-4, os.SEEK_END)
            # The end of a packed file tells how large it was.
            return _Identity(found.st_mtime_ns, int.from_bytes(packed.read(4), "little"), None)
    except FileNotFoundError:  # packed since it was listed, or deleted
        return None if aside.is_packed else _of_aside(aside.packed)


def _is_same(one: _Identity | None, other: _Identity | None) -> bool:
    if one is None or other is None or one[:2] != other[:2]:
        return False
    # The number of a file that was deleted is soon that of another: alone it proves nothing.
    return one.inode == other.inode or one.inode is None or other.inode is None


def _lines_of(aside: Aside) -> Iterator[str]:
    try:
        content = aside.path.read_bytes()
    except FileNotFoundError:
        if not aside.is_packed:
            yield from _lines_of(aside.packed)
        return
    content = gzip.decompress(content) if aside.is_packed else content
    if content:
        yield from map(_text, content.removesuffix(b"\n").split(b"\n"))


def _text(line: bytes) -> str:
    return line.decode(errors="replace")
