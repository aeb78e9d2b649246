"""Due instants as whole numbers: what the layers of a trigger hand to one another."""

from __future__ import annotations

from typing import Protocol


class Slots(Protocol):
    """A set of instants, in whole seconds of UTC since 1970, that can be searched in both directions and counted."""

    def first_from(self, instant: int) -> int | None:
        """Return the first slot that is `instant` or later; None: there is none."""
        ...

    def last_until(self, instant: int) -> int | None:
        """Return the last slot that is `instant` or earlier; None: there is none."""
        ...

    def count(self, begin: int, end: int) -> int:
        """Return how many slots are in [begin, end)."""
        ...
