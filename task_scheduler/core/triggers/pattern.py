"""What a local clock must show for a schedule to be due: times of day on certain days.

Wall readings are whole seconds that a local clock and calendar show, counted from 1970-01-01 00:00
as they show it: no zone is known here.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from task_scheduler.core.triggers.days import DayRule

#: Seconds a calendar day shows. The real day of a time change is longer or shorter; its readings are not.
DAY = 86_400


class Readings(Protocol):
    """A set of wall readings that can be searched in both directions and counted."""

    @property
    def is_fixed(self) -> bool:
        """Whether they are times of day that a time change may neither lose nor double."""
        ...

    def first_from(self, wall: int) -> int | None:
        """Return the first due reading that is `wall` or later; None when the calendar ends before."""
        ...

    def last_until(self, wall: int) -> int | None:
        """Return the last due reading that is `wall` or earlier; None when the calendar begins after."""
        ...

    def count(self, begin: int, end: int) -> int:
        """Return how many due readings are in [begin, end)."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Pattern:
    """The wall readings at which a schedule is due: each of `times` on each of `days`."""

    times: Sequence[int]  #: seconds after midnight, ascending, at least one
    days: DayRule
    is_fixed: bool  #: times of day that a time change may neither lose nor double; else the wall clock is followed

    def first_from(self, wall: int) -> int | None:
        """Return the first due reading that is `wall` or later; None when the calendar ends before."""
        day, second = divmod(wall, DAY)
        found = self.days.first_from(day)
        if found == day:
            position = bisect_left(self.times, second)
            if position < len(self.times):
                return day * DAY + self.times[position]
            found = self.days.first_from(day + 1)
        return None if found is None else found * DAY + self.times[0]

    def last_until(self, wall: int) -> int | None:
        """Return the last due reading that is `wall` or earlier; None when the calendar begins after."""
        day, second = divmod(wall, DAY)
        found = self.days.last_until(day)
        if found == day:
            position = bisect_right(self.times, second)
            if position:
                return day * DAY + self.times[position - 1]
            found = self.days.last_until(day - 1)
        return None if found is None else found * DAY + self.times[-1]

    def count(self, begin: int, end: int) -> int:
        """Return how many due readings are in [begin, end), without looking at each."""
        if begin >= end:
            return 0
        first_day, last_day = begin // DAY, end // DAY
        whole_days = self.days.count(first_day, last_day) * len(self.times)
        return whole_days - self._count_before(begin) + self._count_before(end)

    def _count_before(self, wall: int) -> int:
        """Return how many due readings are between the midnight before `wall` and `wall`."""
        day, second = divmod(wall, DAY)
        before = bisect_left(self.times, second)
        # A search for the next day may take years where holidays do.
        return before * self.days.count(day, day + 1) if before else 0
