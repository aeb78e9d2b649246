"""Triggers: pure rules from a moment to the next one."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Protocol

from task_scheduler.core.triggers.pattern import DAY, Pattern
from task_scheduler.core.triggers.stretches import Stretch, stretch_at

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SECOND = timedelta(seconds=1)

#: A slot is never further than this from the UTC midnight of the day its schedule names: offsets from UTC and
#: the time changes that move it stay below, so that days beyond need no look.
_MARGIN_DAYS = 3


class Trigger(Protocol):
    """A rule that tells from any moment which slot comes next. Moments are aware; slots are in UTC."""

    @property
    def text(self) -> str:
        """The canonical text of its schedule: what `parse_trigger` reads and the record keeps."""
        ...

    @property
    def zone(self) -> tzinfo:
        """The zone whose clock it follows."""
        ...

    def next_after(self, moment: datetime) -> datetime | None:
        """Return the first slot later than `moment`; None: there is none."""
        ...

    def last_before(self, moment: datetime) -> datetime | None:
        """Return the newest slot at `moment` or before it; None: there is none."""
        ...

    def count_between(self, after: datetime, until: datetime) -> int:
        """Return how many slots are later than `after` and not later than `until`."""
        ...

    def period(self, moment: datetime) -> timedelta | None:
        """Return the distance of the two slots that follow `moment`; None: fewer than two remain."""
        ...


class WallClockTrigger:
    """A pattern of wall readings, followed through a zone's time changes by the rule of Vixie cron.

    A fixed time of day is due once, at the first instant when the zone's clock shows it or has passed it:
    after a gap at once, in an overlap in the first pass. All other patterns are due whenever the clock shows
    them: not in a gap, twice in an overlap.
    """

    __slots__ = ("_pattern", "text", "zone")

    def __init__(self, text: str, zone: tzinfo, pattern: Pattern) -> None:
        self.text = text
        self.zone = zone
        self._pattern = pattern

    def __repr__(self) -> str:
        return f"<WallClockTrigger {self.text!r} in {self.zone}>"

    def next_after(self, moment: datetime) -> datetime | None:
        """Return the first slot later than `moment`; None past the end of the calendar."""
        cursor = _instant(moment) + 1
        while True:
            stretch = stretch_at(self.zone, cursor)
            found = self._first_in(stretch, cursor)
            if found is not None:
                return _moment(found)
            today = (cursor + stretch.offset) // DAY
            due = self._pattern.days.first_from(today - _MARGIN_DAYS)
            if due is None:
                return None
            cursor = max(stretch.end, (due - _MARGIN_DAYS) * DAY)

    def last_before(self, moment: datetime) -> datetime | None:
        """Return the newest slot at `moment` or before it; None before the start of the calendar."""
        cursor = _instant(moment)
        while True:
            stretch = stretch_at(self.zone, cursor)
            found = self._last_in(stretch, cursor)
            if found is not None:
                return _moment(found)
            today = (cursor + stretch.offset) // DAY
            due = self._pattern.days.last_until(today + _MARGIN_DAYS)
            if due is None:
                return None
            cursor = min(stretch.begin - 1, (due + _MARGIN_DAYS) * DAY)

    def count_between(self, after: datetime, until: datetime) -> int:
        """Return how many slots are later than `after` and not later than `until`."""
        begin, end = _instant(after) + 1, _instant(until) + 1
        return sum(self._count_in(stretch, begin, end) for stretch in _stretches_between(self.zone, begin, end))

    def period(self, moment: datetime) -> timedelta | None:
        """Return the distance of the two slots that follow `moment`; None: fewer than two remain."""
        first = self.next_after(moment)
        second = None if first is None else self.next_after(first)
        return None if first is None or second is None else second - first

    def _first_in(self, stretch: Stretch, instant: int) -> int | None:
        """Return the stretch's first slot that is `instant` or later."""
        if instant == stretch.begin and self._makes_up(stretch):
            return instant
        wall = self._pattern.first_from(max(instant + stretch.offset, self._held_back_until(stretch)))
        return None if wall is None or wall - stretch.offset >= stretch.end else wall - stretch.offset

    def _last_in(self, stretch: Stretch, instant: int) -> int | None:
        """Return the stretch's last slot that is `instant` or earlier."""
        wall = self._pattern.last_until(instant + stretch.offset)
        if wall is not None and wall >= max(stretch.begin + stretch.offset, self._held_back_until(stretch)):
            return wall - stretch.offset
        return stretch.begin if self._makes_up(stretch) else None

    def _count_in(self, stretch: Stretch, begin: int, end: int) -> int:
        """Return how many of the stretch's slots are in [begin, end)."""
        first = max(begin, stretch.begin)
        wall = max(first + stretch.offset, self._held_back_until(stretch))
        count = self._pattern.count(wall, min(end, stretch.end) + stretch.offset)
        if first == stretch.begin and self._makes_up(stretch):
            # A slot of its own at `begin` and those made up for there are one instant, so one slot.
            count += 1 - self._pattern.count(wall, wall + 1)
        return count

    def _makes_up(self, stretch: Stretch) -> bool:
        """Whether fixed times of day in the gap before the stretch are due when it begins."""
        return self._pattern.is_fixed and self._pattern.count(stretch.served, stretch.begin + stretch.offset) > 0

    def _held_back_until(self, stretch: Stretch) -> int:
        """Return the wall reading before which the stretch has no slots of its own."""
        return stretch.served if self._pattern.is_fixed else stretch.begin + stretch.offset


def _stretches_between(zone: tzinfo, begin: int, end: int) -> Iterator[Stretch]:
    """Yield the stretches that [begin, end) touches, in order."""
    while begin < end:
        stretch = stretch_at(zone, begin)
        yield stretch
        begin = stretch.end


def _instant(moment: datetime) -> int:
    """Return an aware datetime as whole seconds since 1970, rounded down."""
    if moment.utcoffset() is None:
        raise ValueError(f"a moment needs a time zone, {moment.isoformat()} has none")
    return (moment - _EPOCH) // _SECOND


def _moment(instant: int) -> datetime:
    return _EPOCH + timedelta(seconds=instant)
