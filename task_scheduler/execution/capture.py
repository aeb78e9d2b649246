"""Keeps what one attempt writes: tagged lines in one file, the head and the tail of it when it is too much.

Each line of the file reads `2026-11-22T14:00:00.123456Z stdout F text`: when it was read, the stream, `F` for a line
that ended and `P` for a piece of one that goes on. `output_format` reads it. Joining the texts of one stream, with a
newline after each `F`, gives back every byte that was kept. Secrets the host was told are hidden before anything else
is made of what was read.

Runs in hosts: standard library only, Python 3.8 or later.
"""

from __future__ import annotations

import os
import time
from collections import deque

from task_scheduler import known_secrets
from task_scheduler.execution.complaints import complain
from task_scheduler.execution.telling import MOST_LINE, Telling, unfinished
from task_scheduler.masking import Flow

TYPE_CHECKING = False
if TYPE_CHECKING:
    from mmap import mmap
    from typing import Any

#: One read of one stream; what is read later waits its turn, so that a flood starves neither others nor the limits.
CHUNK = 65536
#: A piece of an unfinished line is written once it is this long, or this old in seconds.
MOST_PENDING = 16384
PATIENCE = 0.5
#: What the attempt tells is handed on at most once in so many seconds.
NEWS_EVERY = 1.0
#: When the attempt is over, what its pipes still hold is read: at most this many chunks, were someone still writing.
_LAST_READS = 32

#: The tail is kept in blocks of about this size: kept line by line it would take several times its own memory.
_BLOCK = 65536
_PAGE = os.sysconf("SC_PAGE_SIZE")
#: Bytes of a line before its text: time, stream and flag, each with a space.
_PREFIX = len(b"2026-11-22T14:00:00.123456Z stdout F ")
#: What lines by which the attempt tells something begin with (`telling`), and what may stand before it in a line.
_TELLS = b"::task-scheduler:: "
_MIDLINE = b" "


class Stream:
    """One of the two pipes an attempt writes to."""

    __slots__ = ("before", "descriptor", "flow", "name", "pending", "pending_since")

    def __init__(self, name: bytes, descriptor: int) -> None:
        self.name = name
        self.descriptor = descriptor
        self.pending = b""  #: of a line that has not ended
        self.pending_since = 0.0  #: monotonic
        #: Stands for the pieces of the line that are written already: those of something told, or a byte; empty: none are.
        self.before = b""
        #: What hides secrets in a line of which pieces are written already; None: none are.
        self.flow: Flow | None = None

    def hide_secrets(self, data: bytes, *, ends: bool) -> bytes:
        """Return the further bytes of a line, or with `ends` the end of one and lines after it, with secrets hidden."""
        mask = known_secrets.mask()
        if self.flow is None:
            if mask is None:
                return data
            if ends:
                return mask.hide(data)
            self.flow = Flow()
        hidden = self.flow.hide(data, mask, ends=ends)
        if ends:
            self.flow = None
        return hidden


class _Block:
    """Lines of the tail, and how many bytes of the attempt's they stand for."""

    __slots__ = ("_room", "raw", "size")

    def __init__(self, lines: bytes, raw: int) -> None:
        self._room = _room(max(len(lines), _BLOCK))
        self.size = 0  #: bytes of lines
        self.raw = 0
        self.add(lines, raw)

    def takes(self, size: int) -> bool:
        """Whether so many bytes more have room."""
        return self.size + size <= len(self._room)

    def add(self, lines: bytes, raw: int) -> None:
        """Take more lines; they have room."""
        self._room[self.size : self.size + len(lines)] = lines
        self.size += len(lines)
        self.raw += raw

    def lines(self) -> bytes:
        """Return what it keeps."""
        return bytes(self._room[: self.size])


class Capture:
    """What one attempt writes: `written` bytes so far, of which `dropped` are left out of the file.

    Of what is left out, a hidden secret counts as the bytes that stand for it.
    """

    __slots__ = (
        "_buffer",
        "_dropped_raw",
        "_file",
        "_has_complained",
        "_head",
        "_kept",
        "_limit",
        "_news_at",
        "_path",
        "_tail",
        "_telling",
        "streams",
        "written",
    )

    def __init__(self, path: str, limit: int, stdout: int, stderr: int) -> None:
        self.streams = {stdout: Stream(b"stdout", stdout), stderr: Stream(b"stderr", stderr)}
        self.written = 0
        self._path = path
        self._file = -1  #: opened with the first line: most quiet attempts need none
        self._buffer: list[tuple[bytes, int]] = []  #: to be written with this turn's flush, each with its raw size
        self._limit = limit // 2  #: of the head, and again of the tail
        self._head = self._limit  #: bytes of the head that are free
        self._tail: deque[_Block] = deque()
        self._kept = 0  #: bytes in `_tail`
        self._dropped_raw = 0
        self._has_complained = False
        self._news_at = 0.0
        self._telling: Telling | None = None  #: made for the first line that tells something

    def news_at(self) -> float | None:
        """Return when what was told is to be handed on, monotonic; None: there is nothing new."""
        return self._news_at if self._telling is not None and self._telling.is_new else None

    def take_news(self, now: float) -> dict[str, Any] | None:
        """Return `notes` if they are to be handed on now; further ones wait a while."""
        if self._telling is None or not self._telling.is_new or self._news_at > now:
            return None
        self._telling.is_new = False
        self._news_at = now + NEWS_EVERY
        return self.notes()

    def notes(self) -> dict[str, Any]:
        """Return what the attempt has told of its work so far; empty: nothing."""
        return {} if self._telling is None else self._telling.notes()

    def notes_with(self, words: dict[str, Any]) -> dict[str, Any]:
        """Return what it has told in all; what its function returned counts before a result it printed."""
        notes = self.notes()
        if "result" in words:
            notes["result"] = words["result"]
        if "refused" in words:
            notes["refused"] = [*words["refused"], *notes.get("refused", ())]
        return notes

    @property
    def dropped(self) -> int:
        """Bytes the attempt wrote that are not in the file."""
        return self._dropped_raw

    @property
    def held(self) -> int:
        """Bytes of memory the tail takes, which no fork has: at most half of the limit, and a block."""
        return sum(-(-block.size // _PAGE) for block in self._tail) * _PAGE

    def read(self, descriptor: int) -> bool:
        """Take one chunk from a stream that is ready; False: it has ended, and is closed."""
        stream = self.streams[descriptor]
        try:
            chunk = os.read(descriptor, CHUNK)
        except BlockingIOError:
            return True
        if not chunk:
            self._end_stream(stream)
            return False
        self.written += len(chunk)
        self._take(stream, chunk)
        return True

    def pending_until(self) -> float | None:
        """Return when a piece of an unfinished line is to be written, monotonic; None: there is none."""
        waiting = [stream.pending_since for stream in self.streams.values() if stream.pending]
        return min(waiting) + PATIENCE if waiting else None

    def flush_pending(self, now: float) -> None:
        """Write pieces of unfinished lines that are old enough, so that a prompt or a progress bar can be followed.

        An end of them that may be the beginning of a secret waits for what follows.
        """
        for stream in self.streams.values():
            if stream.pending and stream.pending_since + PATIENCE <= now:
                self._put_piece(stream)

    def flush(self) -> None:
        """Write what was kept since the last turn."""
        if self._buffer:
            self._write(b"".join(line for line, _ in self._buffer), sum(raw for _, raw in self._buffer))
            self._buffer.clear()

    def finish(self) -> None:
        """Read what the pipes still hold, without waiting for their other holders; write all and close."""
        for descriptor, stream in list(self.streams.items()):
            for _ in range(_LAST_READS):
                before = self.written
                if not self.read(descriptor):
                    break
                if self.written == before:
                    self._end_stream(stream)
                    break
            else:
                self._end_stream(stream)
        self._put_tail()
        self.flush()
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    def _end_stream(self, stream: Stream) -> None:
        if stream.pending or stream.flow is not None:
            self._put_piece(stream, ends=True)
        if _TELLS in stream.before:
            self._hear(stream.before)
        del self.streams[stream.descriptor]
        os.close(stream.descriptor)

    def _take(self, stream: Stream, chunk: bytes) -> None:
        end = chunk.rfind(b"\n")
        if end >= 0:
            lines = stream.pending + chunk[:end]
            stream.pending = b""
            lines = stream.hide_secrets(lines, ends=True)
            if stream.before or _TELLS in lines:
                self._look_for_news(stream, lines)
            prefix = _prefix(stream.name, b"F")
            self._keep(prefix + lines.replace(b"\n", b"\n" + prefix) + b"\n", len(lines) + 1)
        rest = chunk[end + 1 :]
        if rest:
            if not stream.pending:
                stream.pending_since = time.monotonic()
            stream.pending += rest
            if len(stream.pending) >= MOST_PENDING:
                self._put_piece(stream)

    def _put_piece(self, stream: Stream, *, ends: bool = False) -> None:
        piece, stream.pending = stream.hide_secrets(stream.pending, ends=ends), b""
        if not piece:  # all of it may be the beginning of a secret
            return
        stream.before = self._unfinished_news(stream, piece) or _MIDLINE
        self._keep(_prefix(stream.name, b"P") + piece + b"\n", len(piece))

    def _look_for_news(self, stream: Stream, lines: bytes) -> None:
        if stream.before:
            lines, stream.before = stream.before + lines, b""
        if stream.name == b"stdout" and _TELLS in lines:
            self._hear(lines)

    def _hear(self, lines: bytes) -> None:
        self._made_telling().hear(lines, time.monotonic())

    def _made_telling(self) -> Telling:
        if self._telling is None:
            self._telling = Telling()
        return self._telling

    def _unfinished_news(self, stream: Stream, piece: bytes) -> bytes:
        """Return what of a line that goes on may be the beginning of something told; empty: it is not."""
        if stream.name != b"stdout" or (stream.before == _MIDLINE and b"\x1e" not in piece):
            return b""
        news = unfinished(stream.before + piece, begins_line=not stream.before)
        if len(news) <= MOST_LINE:
            return news
        self._made_telling().too_long()
        return b""

    def _keep(self, lines: bytes, raw: int) -> None:
        if len(lines) <= self._head:
            self._head -= len(lines)
            self._buffer.append((lines, raw))
            return
        if self._head:
            cut = lines.rfind(b"\n", 0, self._head) + 1
            self._head = 0
            if cut:
                head_raw = _raw_size(lines[:cut])
                self._buffer.append((lines[:cut], head_raw))
                lines, raw = lines[cut:], raw - head_raw
        if self._tail and self._tail[-1].takes(len(lines)):
            self._tail[-1].add(lines, raw)
        else:
            self._tail.append(_Block(lines, raw))
        self._kept += len(lines)
        while self._tail and self._kept - self._tail[0].size >= self._limit:
            old = self._tail.popleft()
            self._kept -= old.size
            self._dropped_raw += old.raw

    def _put_tail(self) -> None:
        if not self._tail and not self._dropped_raw:
            return
        excess = self._kept - self._limit
        if excess > 0:
            self._shorten_first(excess)
        if self._dropped_raw:
            note = b"[%d bytes left out]" % self._dropped_raw
            self._buffer.append((_prefix(b"system", b"F") + note + b"\n", 0))
        self.flush()
        while self._tail:  # one by one: together they would be in memory twice
            block = self._tail.popleft()
            self._write(block.lines(), block.raw)
        self._kept = 0

    def _shorten_first(self, excess: int) -> None:
        """Leave out the oldest lines of the tail; of a single line longer than the tail, its beginning."""
        block = self._tail.popleft()
        lines = block.lines()
        kept = lines[lines.find(b"\n", excess - 1) + 1 :]
        if not kept:
            start = lines.rfind(b"\n", 0, -1) + 1
            room = min(len(lines) - excess, len(lines) - start) - _PREFIX - 1
            kept = lines[start : start + _PREFIX] + lines[-1 - room :] if room > 0 else b""
        kept_raw = _raw_size(kept)
        self._dropped_raw += block.raw - kept_raw
        if kept:
            self._tail.appendleft(_Block(kept, kept_raw))

    def _write(self, data: bytes, raw: int) -> None:
        try:
            if self._file < 0:
                self._file = _open(self._path)
            view = memoryview(data)
            while view:
                view = view[os.write(self._file, view) :]
        except OSError as error:
            # A full disk must not end the host, and with it every attempt: what could not be written counts as dropped.
            self._dropped_raw += raw
            if not self._has_complained:
                self._has_complained = True
                complain(f"{self._path}: {error}")


def _room(size: int) -> bytearray | mmap:
    """Return memory of its own: given back to the system with the object, and not there in what this process forks.

    The allocator keeps much of what it is given back, and every later fork would have it, and be charged for it.
    """
    try:
        import mmap

        room = mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
        room.madvise(mmap.MADV_DONTFORK)
    except (ImportError, OSError):  # an odd build of Python, or too many mappings: then the allocator's
        return bytearray(size)
    return room


def _raw_size(lines: bytes) -> int:
    """Return how many bytes of the attempt's these complete lines stand for."""
    return sum(len(line) - _PREFIX + (line[_PREFIX - 2 : _PREFIX - 1] == b"F") for line in lines.split(b"\n")[:-1])


_second = (0, b"")


def _prefix(stream: bytes, flag: bytes) -> bytes:
    global _second  # noqa: PLW0603 - formatting a date costs more than everything else here
    now = time.time()
    second = int(now)
    if _second[0] != second:
        _second = (second, time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(second)).encode())
    return b"%s.%06dZ %s %s " % (_second[1], int((now - second) * 1_000_000), stream, flag)


def _open(path: str) -> int:
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND | os.O_CLOEXEC
    try:
        return os.open(path, flags, 0o600)
    except FileNotFoundError:
        os.makedirs(os.path.dirname(path), exist_ok=True)
        return os.open(path, flags, 0o600)
