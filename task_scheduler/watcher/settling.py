"""When is a change over? A file counts as changed once its stamp has stood still for a while.

Half-written files, a delete-and-create as in a `git checkout` and a flood of saves are thereby one change. A file
that an event announced as complete, because it was renamed into its place or closed by its writer, stands still for
a moment only, unless it changed again after such an announcement: whoever writes in several goes gets the full wait.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

from task_scheduler.watcher.scanning import Stamp

#: Seconds a file must be gone for its removal to count: a delete-and-create takes less.
REMOVAL = 0.5
#: Seconds a file must stand still that was announced as complete.
ANNOUNCED = 0.04
#: A file that changes again within this many seconds after it was taken is being written in several goes.
AGAIN = 2.0


@dataclass(slots=True)
class _Change:
    """How a file stands that is not as it was taken."""

    stamp: Stamp | None  #: None: it is gone
    since: float
    is_announced: bool
    is_repeated: bool  #: it changed after it had been announced as complete
    held_since: float | None = None


class Settling:
    """The stamps of one folder's files: what was taken note of, and what is changing.

    Times are seconds of any clock that never runs backwards; the caller gives them.
    """

    def __init__(self, *, settle: float, announced: float = ANNOUNCED, removal: float = REMOVAL) -> None:
        self._settle = settle
        self._announced = min(announced, settle)
        self._removal = max(removal, settle)
        self._taken: dict[str, Stamp] = {}
        self._taken_at: dict[str, float] = {}  #: of the last moments only
        self._changing: dict[str, _Change] = {}

    def __len__(self) -> int:
        """Return how many files were taken note of."""
        return len(self._taken)

    @property
    def changing(self) -> Collection[str]:
        """The files that must be looked at again."""
        return self._changing.keys()

    def taken(self, path: str) -> Stamp | None:
        """Return the stamp a file was taken note of with, None when it was not."""
        return self._taken.get(path)

    def stamps(self) -> list[tuple[str, Stamp]]:
        """Return how the files stand that are changing and there."""
        return [(path, change.stamp) for path, change in self._changing.items() if change.stamp is not None]

    def see(self, path: str, stamp: Stamp | None, now: float, *, announced: bool = False) -> None:
        """Note how a file stands now; None: it is not there. `announced`: an event said that it is complete."""
        known = self._changing.get(path)
        if stamp == self._taken.get(path):
            self._changing.pop(path, None)
        elif known is None:
            is_repeated = now - self._taken_at.get(path, float("-inf")) < AGAIN
            self._changing[path] = _Change(stamp, now, announced, is_repeated)
        elif known.stamp != stamp:
            is_repeated = known.is_repeated or known.is_announced
            self._changing[path] = _Change(stamp, now, announced, is_repeated)
        else:
            known.is_announced = known.is_announced or announced

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

    def doubt(self, path: str, stamp: Stamp | None, now: float) -> None:
        """Note how a file stands now, and that it may have changed even where its stamp has not."""
        if stamp is not None:
            self._taken.pop(path, None)
        self.see(path, stamp, now)

    def hold(self, path: str, now: float) -> float:
        """Let a file that somebody is writing wait anew; return for how many seconds it has been held."""
        change = self._changing[path]
        change.held_since = now if change.held_since is None else change.held_since
        change.since, change.is_announced = now, False
        return now - change.held_since

    def due(self, now: float) -> list[tuple[str, Stamp | None]]:
        """Return the changes that have stood still long enough, by path."""
        return sorted(
            (
                (path, change.stamp)
                for path, change in self._changing.items()
                if change.since + self._wait(change) <= now
            ),
            key=lambda change: change[0],
        )

    def next_due(self) -> float | None:
        """Return when the first change will have stood still long enough, None when nothing is changing."""
        return min((change.since + self._wait(change) for change in self._changing.values()), default=None)

    def take(self, path: str, stamp: Stamp | None, now: float) -> None:
        """Take note of a change: from now on it is how things are."""
        self._changing.pop(path, None)
        self._taken_at.pop(path, None)
        if stamp is None:
            self._taken.pop(path, None)
        else:
            self._taken[path] = stamp
            self._taken_at[path] = now
        # The oldest are first.
        while self._taken_at and now - (oldest := next(iter(self._taken_at.items())))[1] >= AGAIN:
            del self._taken_at[oldest[0]]

    def _wait(self, change: _Change) -> float:
        if change.stamp is None:
            return self._removal
        return self._announced if change.is_announced and not change.is_repeated else self._settle
