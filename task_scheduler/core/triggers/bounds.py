"""From when and until when a schedule holds: by instants, and by wall readings."""

from __future__ import annotations

from datetime import tzinfo

from task_scheduler.core.triggers.pattern import Readings
from task_scheduler.core.triggers.slots import Slots
from task_scheduler.core.triggers.wall_clock import first_showing


class Bounded:
    """The slots from one instant through another, both included; None: without an end on that side."""

    __slots__ = ("_first", "_inner", "_last")

    def __init__(self, inner: Slots, *, first: int | None, last: int | None) -> None:
        self._inner = inner
        self._first = first
        self._last = last

    def first_from(self, instant: int) -> int | None:
        """Return the first slot that is `instant` or later; None when there is none up to the last instant."""
        found = self._inner.first_from(instant if self._first is None else max(instant, self._first))
        return None if found is None or (self._last is not None and found > self._last) else found

    def last_until(self, instant: int) -> int | None:
        """Return the last slot that is `instant` or earlier; None when there is none from the first instant on."""
        found = self._inner.last_until(instant if self._last is None else min(instant, self._last))
        return None if found is None or (self._first is not None and found < self._first) else found

    def count(self, begin: int, end: int) -> int:
        """Return how many slots are in [begin, end)."""
        begin = begin if self._first is None else max(begin, self._first)
        end = end if self._last is None else min(end, self._last + 1)
        return self._inner.count(begin, end) if begin < end else 0


class EndingReadings:
    """The wall readings through a last one, included."""

    __slots__ = ("_inner", "_last")

    def __init__(self, inner: Readings, last: int) -> None:
        self._inner = inner
        self._last = last

    @property
    def is_fixed(self) -> bool:
        """As the readings themselves are."""
        return self._inner.is_fixed

    def first_from(self, wall: int) -> int | None:
        """Return the first due reading that is `wall` or later; None: there is none."""
        found = self._inner.first_from(wall)
        return None if found is None or found > self._last else found

    def last_until(self, wall: int) -> int | None:
        """Return the last due reading that is `wall` or earlier; None: there is none."""
        return self._inner.last_until(min(wall, self._last))

    def count(self, begin: int, end: int) -> int:
        """Return how many due readings are in [begin, end)."""
        end = min(end, self._last + 1)
        return self._inner.count(begin, end) if begin < end else 0


def bounded_by_readings(inner: Slots, zone: tzinfo, *, first: int | None, last: int | None) -> Bounded:
    """Return the slots from one wall reading through another, both included.

    A schedule begins at the first instant when the clock shows `first` or has passed it, and ends before the
    first instant at which the clock has passed `last`: once each, also where an hour comes twice.
    """
    return Bounded(
        inner,
        first=None if first is None else first_showing(zone, first),
        last=None if last is None else first_showing(zone, last + 1) - 1,
    )
