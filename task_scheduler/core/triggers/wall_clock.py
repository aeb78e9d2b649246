"""From wall readings to instants: a zone's clock, followed by the rule of Vixie cron."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import tzinfo

from task_scheduler.core.triggers.pattern import DAY, Readings
from task_scheduler.core.triggers.stretches import Stretch, stretch_at

#: A slot is never further than this from what its wall reading would be in UTC: offsets from UTC and the time
#: changes that move it stay below, so that what lies beyond needs no look.
_MARGIN = 3 * DAY


class WallClock:
    """The slots of wall readings, followed through a zone's time changes.

    A fixed time of day is due once, at the first instant when the zone's clock shows it or has passed it:
    after a gap at once, in an overlap in the first pass. All other readings are due whenever the clock shows
    them: not in a gap, twice in an overlap.
    """

    __slots__ = ("_readings", "_zone")

    def __init__(self, zone: tzinfo, readings: Readings) -> None:
        self._zone = zone
        self._readings = readings

    def first_from(self, instant: int) -> int | None:
        """Return the first slot that is `instant` or later; None past the end of the calendar."""
        while True:
            stretch = stretch_at(self._zone, instant)
            if instant == stretch.begin and self._makes_up(stretch):
                return instant
            wall = max(instant + stretch.offset, self._held_back_until(stretch))
            due = self._readings.first_from(wall)
            if due is not None and due - stretch.offset < stretch.end:
                return due - stretch.offset
            # The clock may go back and show again what it has shown.
            if self._readings.count(wall - _MARGIN, wall):
                due = self._readings.first_from(wall - _MARGIN)
            if due is None:
                return None
            instant = max(stretch.end, due - _MARGIN)

    def last_until(self, instant: int) -> int | None:
        """Return the last slot that is `instant` or earlier; None before the start of the calendar."""
        while True:
            stretch = stretch_at(self._zone, instant)
            wall = instant + stretch.offset
            due = self._readings.last_until(wall)
            if due is not None and due >= max(stretch.begin + stretch.offset, self._held_back_until(stretch)):
                return due - stretch.offset
            if self._makes_up(stretch):
                return stretch.begin
            # The clock may have gone back, from readings that it had not shown again yet.
            if self._readings.count(wall + 1, wall + _MARGIN + 1):
                due = self._readings.last_until(wall + _MARGIN)
            if due is None:
                return None
            instant = min(stretch.begin - 1, due + _MARGIN)

    def count(self, begin: int, end: int) -> int:
        """Return how many slots are in [begin, end)."""
        return sum(self._count_in(stretch, begin, end) for stretch in _stretches_between(self._zone, begin, end))

    def _count_in(self, stretch: Stretch, begin: int, end: int) -> int:
        """Return how many of the stretch's slots are in [begin, end)."""
        first = max(begin, stretch.begin)
        wall = max(first + stretch.offset, self._held_back_until(stretch))
        count = self._readings.count(wall, min(end, stretch.end) + stretch.offset)
        if first == stretch.begin and self._makes_up(stretch):
            # A slot of its own at `begin` and those made up for there are one instant, so one slot.
            count += 1 - self._readings.count(wall, wall + 1)
        return count

    def _makes_up(self, stretch: Stretch) -> bool:
        """Whether fixed times of day in the gap before the stretch are due when it begins."""
        reading = stretch.begin + stretch.offset
        return (
            stretch.served < reading and self._readings.is_fixed and self._readings.count(stretch.served, reading) > 0
        )

    def _held_back_until(self, stretch: Stretch) -> int:
        """Return the wall reading before which the stretch has no slots of its own."""
        return stretch.served if self._readings.is_fixed else stretch.begin + stretch.offset


def first_showing(zone: tzinfo, wall: int) -> int:
    """Return the first instant at which a zone's clock shows the reading `wall` or has passed it."""
    stretch = stretch_at(zone, wall - _MARGIN)
    while stretch.end + stretch.offset <= wall:
        stretch = stretch_at(zone, stretch.end)
    return max(stretch.begin, wall - stretch.offset)


def _stretches_between(zone: tzinfo, begin: int, end: int) -> Iterator[Stretch]:
    """Yield the stretches that [begin, end) touches, in order."""
    while begin < end:
        stretch = stretch_at(zone, begin)
        yield stretch
        begin = stretch.end
