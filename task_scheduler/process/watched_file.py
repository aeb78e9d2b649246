"""A small file whose content counts, looked at again and again: cheaply while nothing happens to it.

Nothing is asked of the system but the file's own name, so that it does not matter whether it is written, replaced by
a rename, reached through links, or comes and goes with its folder.
"""

from __future__ import annotations

import asyncio
import os
import stat
from dataclasses import dataclass
from pathlib import Path

from task_scheduler.ports import Clock
from task_scheduler.watcher.writers import is_being_written

#: Seconds a changed file must stand still to be taken: it may be half written.
SETTLE = 0.3
#: Looks at a file that keeps changing before it is left to the next round.
_LOOKS = 10
#: Seconds after which a file is taken although somebody has it open for writing.
_LONGEST_HELD = 60.0
#: Two changes closer than this may leave the same stamp: until then the content is read again.
_GRAIN = 2.5
#: Bytes; a file of so many is not one that a person wrote.
_MOST = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """How a file stands: its content, or why there is none."""

    content: bytes | None
    reason: str = ""  #: why it cannot be read
    is_missing: bool = False


_Stamp = tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    """How a file stands, and by what it is known without reading it."""

    seen: Seen
    stamp: _Stamp | None = None  #: None: the next change may not show in it


class WatchedFile:
    """One file, and how it was last taken."""

    def __init__(self, path: Path, *, clock: Clock) -> None:
        """Nothing is read yet: the first `news` is how the file stands."""
        self.path = path
        self._clock = clock
        self._taken: Seen | None = None
        self._stamp: _Stamp | None = None
        self._held_since: float | None = None

    async def news(self) -> Seen | None:
        """Return how the file stands, when that is other than it was last taken and has settled; None: no news."""
        found = await asyncio.to_thread(self._look)
        if found is None or self._is_taken(found):
            return None
        for _ in range(_LOOKS):
            await self._clock.sleep(SETTLE)
            again = await asyncio.to_thread(self._read)
            if again.seen == found.seen:
                is_old = self._is_taken(again)  # changed, and changed back
                return None if is_old or await self._is_held(again.seen) else self._take(again)
            found = again
        return None

    def _take(self, found: _Found) -> Seen:
        self._taken, self._stamp, self._held_since = found.seen, found.stamp, None
        return found.seen

    def _is_taken(self, found: _Found) -> bool:
        if found.seen != self._taken:
            return False
        self._stamp, self._held_since = found.stamp, None
        return True

    async def _is_held(self, seen: Seen) -> bool:
        """Whether somebody is not done with writing it, as far as the system tells."""
        if seen.content is None or not await asyncio.to_thread(is_being_written, self.path):
            return False
        now = self._clock.monotonic()
        self._held_since = now if self._held_since is None else self._held_since
        return now - self._held_since < _LONGEST_HELD

    def _look(self) -> _Found | None:
        """Return how the file stands; None: as it was taken, or what cannot be looked at again."""
        try:
            found = self.path.stat()
        except OSError:
            return self._read()
        # What comes through a pipe or a device can be read once.
        is_stream = stat.S_ISFIFO(found.st_mode) or stat.S_ISCHR(found.st_mode) or stat.S_ISSOCK(found.st_mode)
        return None if is_stream or self._stamp == _stamp(found) else self._read()

    def _read(self) -> _Found:
        try:
            descriptor = os.open(self.path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
            with os.fdopen(descriptor, "rb") as file:
                before = os.fstat(descriptor)
                content = file.read(_MOST)
        except (FileNotFoundError, NotADirectoryError):
            return _Found(seen=Seen(content=None, is_missing=True))
        except OSError as error:
            return _Found(seen=Seen(content=None, reason=error.strerror or str(error)))
        if len(content) == _MOST:
            return _Found(seen=Seen(content=None, reason=f"it holds more than {_MOST:,} bytes"))
        is_old = self._clock.now().timestamp() - max(before.st_mtime, before.st_ctime) > _GRAIN
        return _Found(seen=Seen(content=content), stamp=_stamp(before) if is_old else None)


def _stamp(found: os.stat_result) -> _Stamp:
    return (found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)
