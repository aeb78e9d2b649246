"""Which calendar days a schedule falls on.

Days are counted from 1970-01-01, which is day 0, in the proleptic Gregorian calendar.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Protocol

_EPOCH = date(1970, 1, 1).toordinal()

#: The days that rules answer for: datetime's own range, less what offsets from UTC may take at both ends.
FIRST_DAY = date(1, 1, 5).toordinal() - _EPOCH
LAST_DAY = date(9999, 12, 27).toordinal() - _EPOCH

EVERY_WEEKDAY = (1 << 7) - 1

#: Multiplied by a week's seven bits it repeats them over any month.
_REPEAT_WEEKS = sum(1 << 7 * week for week in range(5))
_LENGTHS = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


class DayRule(Protocol):
    """A set of days that can be searched in both directions and counted."""

    def first_from(self, day: int) -> int | None:
        """Return the first day of the set that is `day` or later; None past LAST_DAY."""
        ...

    def last_until(self, day: int) -> int | None:
        """Return the last day of the set that is `day` or earlier; None before FIRST_DAY."""
        ...

    def count(self, first: int, end: int) -> int:
        """Return how many days of the set are in [first, end)."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class DayGrid:
    """Every `step`-th day, counted from day `phase`."""

    step: int
    phase: int = 0

    def first_from(self, day: int) -> int | None:
        """Return the first day of the grid that is `day` or later."""
        found = day + (self.phase - day) % self.step
        return found if found <= LAST_DAY else None

    def last_until(self, day: int) -> int | None:
        """Return the last day of the grid that is `day` or earlier."""
        found = day - (day - self.phase) % self.step
        return found if found >= FIRST_DAY else None

    def count(self, first: int, end: int) -> int:
        """Return how many days of the grid are in [first, end)."""
        return (end - 1 - self.phase) // self.step - (first - 1 - self.phase) // self.step


@dataclass(frozen=True, slots=True, kw_only=True)
class CalendarDays:
    """The days that cron's three day fields select, each a set of bits.

    Bit 0 is the first day of a month, January, Monday.
    """

    days: int
    months: int
    weekdays: int
    either: bool  #: a day of the month or a weekday suffices; else a day must be in both sets

    def first_from(self, day: int) -> int | None:
        """Return the first selected day that is `day` or later."""
        if day > LAST_DAY:
            return None
        day = max(day, FIRST_DAY)
        year, month, start = _month_of(day)
        selected = self._selected(year, month, start) >> (day - start) << (day - start)
        while not selected:
            start += _length(year, month)
            year, month = (year, month + 1) if month < 12 else (year + 1, 1)
            if start > LAST_DAY:
                return None
            selected = self._selected(year, month, start)
        found = start + (selected & -selected).bit_length() - 1
        return found if found <= LAST_DAY else None

    def last_until(self, day: int) -> int | None:
        """Return the last selected day that is `day` or earlier."""
        if day < FIRST_DAY:
            return None
        day = min(day, LAST_DAY)
        year, month, start = _month_of(day)
        selected = self._selected(year, month, start) & ((2 << (day - start)) - 1)
        while not selected:
            year, month = (year, month - 1) if month > 1 else (year - 1, 12)
            if start < FIRST_DAY:
                return None
            start -= _length(year, month)
            selected = self._selected(year, month, start)
        found = start + selected.bit_length() - 1
        return found if found >= FIRST_DAY else None

    def count(self, first: int, end: int) -> int:
        """Return how many selected days are in [first, end)."""
        first, end = max(first, FIRST_DAY), min(end, LAST_DAY + 1)
        if first >= end:
            return 0
        year, month, start = _month_of(first)
        total = -(self._selected(year, month, start) & ((1 << (first - start)) - 1)).bit_count()
        while start < end:
            selected = self._selected(year, month, start)
            total += (selected & ((1 << (end - start)) - 1)).bit_count()
            start += _length(year, month)
            year, month = (year, month + 1) if month < 12 else (year + 1, 1)
        return total

    def ever(self) -> bool:
        """Whether any day is selected in the whole calendar.

        Months alone decide: in 400 years each date of the year, 29 February too, falls on every weekday.
        """
        if self.either:
            return True
        return any(
            self.months >> month & 1 and self.days & ((1 << length) - 1) for month, length in enumerate(_LENGTHS)
        )

    def _selected(self, year: int, month: int, start: int) -> int:
        """Return the selected days of a month that begins on day `start`, as bits."""
        if not self.months >> (month - 1) & 1:
            return 0
        first_weekday = (start + 3) % 7  # day 0 was a Thursday
        week = self.weekdays >> first_weekday | self.weekdays << (7 - first_weekday) & EVERY_WEEKDAY
        by_weekday = week * _REPEAT_WEEKS
        chosen = self.days | by_weekday if self.either else self.days & by_weekday
        return chosen & ((1 << _length(year, month)) - 1)


def _month_of(day: int) -> tuple[int, int, int]:
    """Return the year and month a day is in, and the month's first day."""
    when = date.fromordinal(day + _EPOCH)
    return when.year, when.month, day - when.day + 1


def _length(year: int, month: int) -> int:
    is_leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    return 28 if month == 2 and not is_leap else _LENGTHS[month - 1]
