"""Which stamps may be trusted? A file can change twice within the grain of its file system's clock.

Then content read between the two changes has the stamp of the second one. So a stamp tells a file's content only
when the file was read a while after that stamp was first seen: a later change gets another stamp. No two clocks
are compared for this, since that of a network folder is another machine's.
"""

from __future__ import annotations

from task_scheduler.watcher.scanning import Stamp

#: Seconds between seeing a stamp and the reading that makes it trusted; the coarsest grain in use, FAT's, is 2 s.
GRAIN = 2.5
#: While further files come, those that were read before them wait, but no longer than this many grains.
_LONGEST = 8


class Confirming:
    """The files that were read too soon after their change, oldest first."""

    def __init__(self, *, grain: float = GRAIN) -> None:
        self._grain = grain
        self._waiting: dict[str, tuple[Stamp, float]] = {}
        self._last = float("-inf")

    def __len__(self) -> int:
        """Return how many files wait."""
        return len(self._waiting)

    def add(self, path: str, stamp: Stamp, now: float) -> None:
        """Have a file read again that was seen, and read, with this stamp."""
        self._waiting.pop(path, None)
        self._waiting[path] = (stamp, now)
        self._last = now

    def take_due(self, now: float, most: int) -> list[tuple[str, Stamp]]:
        """Return at most so many files that are to be read again now, each once."""
        due_at = self.next_due()
        if due_at is None or due_at > now:
            return []
        due: list[tuple[str, Stamp]] = []
        for path, (stamp, since) in self._waiting.items():
            if since + self._grain > now or len(due) == most:
                break
            due.append((path, stamp))
        for path, _ in due:
            del self._waiting[path]
        return due

    def next_due(self) -> float | None:
        """Return when to look again, None when no file waits."""
        for _, since in self._waiting.values():
            return min(self._last + self._grain, since + _LONGEST * self._grain)
        return None
