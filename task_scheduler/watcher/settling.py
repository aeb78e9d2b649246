"""When is a change over? A file counts as changed once its stamp has stood still for a while.

Half-written files, a delete-and-create as in a `git checkout` and a flood of saves are thereby one change.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping

from task_scheduler.watcher.scanning import Stamp

#: Seconds a file must be gone for its removal to count: a delete-and-create takes less.
REMOVAL = 0.5


class Settling:
    """The stamps of one folder's files: what was taken note of, and what is changing.

    Times are seconds of any clock that never runs backwards; the caller gives them.
    """

    def __init__(self, *, settle: float, removal: float = REMOVAL) -> None:
        self._settle = settle
        self._removal = max(removal, settle)
        self._taken: dict[str, Stamp] = {}
        self._changing: dict[str, tuple[Stamp | None, float]] = {}

    @property
    def changing(self) -> Collection[str]:
        """The files that must be looked at again."""
        return self._changing.keys()

    def see(self, path: str, stamp: Stamp | None, now: float) -> None:
        """Note how a file stands now; None: it is not there."""
        if stamp == self._taken.get(path):
            self._changing.pop(path, None)
        elif path not in self._changing or self._changing[path][0] != stamp:
            self._changing[path] = (stamp, now)

    def see_all(self, files: Mapping[str, Stamp], now: float, *, hidden: Callable[[str], bool]) -> None:
        """Note how every file stands now; of those that are `hidden` nothing is known, so they stay as they were."""
        if files == self._taken and not self._changing:
            return
        for path, stamp in files.items():
            if self._taken.get(path) != stamp or path in self._changing:
                self.see(path, stamp, now)
        for path in {*self._taken, *self._changing}.difference(files):
            if hidden(path):
                self._changing.pop(path, None)
            else:
                self.see(path, None, now)

    def due(self, now: float) -> list[tuple[str, Stamp | None]]:
        """Return the changes that have stood still long enough, by path."""
        return sorted(
            ((path, stamp) for path, (stamp, since) in self._changing.items() if since + self._wait(stamp) <= now),
            key=lambda change: change[0],
        )

    def next_due(self) -> float | None:
        """Return when the first change will have stood still long enough, None when nothing is changing."""
        return min((since + self._wait(stamp) for stamp, since in self._changing.values()), default=None)

    def take(self, path: str, stamp: Stamp | None) -> None:
        """Take note of a change: from now on it is how things are."""
        self._changing.pop(path, None)
        if stamp is None:
            self._taken.pop(path, None)
        else:
            self._taken[path] = stamp

    def _wait(self, stamp: Stamp | None) -> float:
        return self._removal if stamp is None else self._settle
