"""Which calendar days a schedule falls on.

Days are counted from 1970-01-01, which is day 0, in the proleptic Gregorian calendar.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import MAXYEAR, MINYEAR, date
from typing import Protocol

_EPOCH = date(1970, 1, 1).toordinal()

#: The days that rules answer for: datetime's own range, less what offsets from UTC may take at both ends.
FIRST_DAY = date(1, 1, 5).toordinal() - _EPOCH
LAST_DAY = date(9999, 12, 27).toordinal() - _EPOCH

EVERY_WEEKDAY = (1 << 7) - 1

#: Multiplied by a week's seven bits it repeats them over any month.
_REPEAT_WEEKS = sum(1 << 7 * week for week in range(5))
#: How many days each month may have; in a leap year the last of these.
_LENGTHS = ((31,), (28, 29), (31,), (30,), (31,), (30,), (31,), (31,), (30,), (31,), (30,), (31,))
_SATURDAY, _SUNDAY = 5, 6


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
        day = max(day, FIRST_DAY)
        found = day + (self.phase - day) % self.step
        return found if found <= LAST_DAY else None

    def last_until(self, day: int) -> int | None:
        """Return the last day of the grid that is `day` or earlier."""
        day = min(day, LAST_DAY)
        found = day - (day - self.phase) % self.step
        return found if found >= FIRST_DAY else None

    def count(self, first: int, end: int) -> int:
        """Return how many days of the grid are in [first, end)."""
        first, end = max(first, FIRST_DAY), min(end, LAST_DAY + 1)
        return (end - 1 - self.phase) // self.step - (first - 1 - self.phase) // self.step if first < end else 0


#: Stands for the last day of a month beside the days that have numbers.
LAST_DAY_OF_MONTH = 31
#: Stands for the last seven days of a month beside its first five weeks.
LAST_WEEK_OF_MONTH = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class CalendarDays:
    """The days that cron's three day fields select, each a set of bits.

    Bit 0 is the first day of a month, January, Monday. What moves with the month is worked out for each month
    from its length and the weekday it begins with.
    """

    days: int  #: bit LAST_DAY_OF_MONTH: the month's last day
    months: int  #: at least one
    weekdays: int
    either: bool  #: a day of the month or a weekday suffices; else a day must be in both sets
    workdays: int = 0  #: as `days`, of which each selects the nearest day from Monday to Friday in the same month
    ordinals: int = 0  #: bit 7 * week + weekday: that weekday in the month's week from 0 on, or LAST_WEEK_OF_MONTH

    def first_from(self, day: int) -> int | None:
        """Return the first selected day that is `day` or later."""
        if day > LAST_DAY:
            return None
        day = max(day, FIRST_DAY)
        year, month, start = _month_of(day)
        selected = self._selected(year, month, start) >> (day - start) << (day - start)
        while not selected:
            year, month = self._month_after(year, month)
            if year > MAXYEAR:
                return None
            start = _first_of(year, month)
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
            year, month = self._month_before(year, month)
            if year < MINYEAR:
                return None
            start = _first_of(year, month)
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

        In 400 years each month, February of both lengths too, begins on every weekday.
        """
        return any(
            self._of_month(first_weekday, length)
            for month, lengths in enumerate(_LENGTHS)
            if self.months >> month & 1
            for length in lengths
            for first_weekday in range(7)
        )

    def _selected(self, year: int, month: int, start: int) -> int:
        """Return the selected days of a month that begins on day `start`, as bits."""
        if not self.months >> (month - 1) & 1:
            return 0
        return self._of_month((start + 3) % 7, _length(year, month))  # day 0 was a Thursday

    def _of_month(self, first_weekday: int, length: int) -> int:
        """Return the days selected in a month of that length that begins on that weekday, as bits."""
        by_day = self.days | self.days >> LAST_DAY_OF_MONTH << (length - 1)
        if self.workdays:
            by_day |= _nearest_workdays(self.workdays, first_weekday, length)
        by_weekday = _turned(self.weekdays, first_weekday) * _REPEAT_WEEKS
        if self.ordinals:
            by_weekday |= _in_their_weeks(self.ordinals, first_weekday, length)
        chosen = by_day | by_weekday if self.either else by_day & by_weekday
        return chosen & ((1 << length) - 1)

    def _month_after(self, year: int, month: int) -> tuple[int, int]:
        """Return the next month of those selected."""
        later = self.months >> month << month
        return (year, _lowest(later)) if later else (year + 1, _lowest(self.months))

    def _month_before(self, year: int, month: int) -> tuple[int, int]:
        """Return the previous month of those selected."""
        earlier = self.months & ((1 << (month - 1)) - 1)
        return (year, earlier.bit_length()) if earlier else (year - 1, self.months.bit_length())


def _nearest_workdays(days: int, first_weekday: int, length: int) -> int:
    """Return the workdays nearest to the given days that a month has, as bits; none leaves the month."""
    days = (days | days >> LAST_DAY_OF_MONTH << (length - 1)) & ((1 << length) - 1)
    found = 0
    while days:
        day = days.bit_length() - 1
        days ^= 1 << day
        weekday = (first_weekday + day) % 7
        if weekday == _SATURDAY:
            day += -1 if day else 2
        elif weekday == _SUNDAY:
            day += 1 if day + 1 < length else -2
        found |= 1 << day
    return found


def _in_their_weeks(ordinals: int, first_weekday: int, length: int) -> int:
    """Return the days of a month that are a certain weekday's first to fifth or last, as bits."""
    found = 0
    for week in range(LAST_WEEK_OF_MONTH):
        found |= _turned(ordinals >> 7 * week & EVERY_WEEKDAY, first_weekday) << 7 * week
    first_of_last = length - 7
    return found | _turned(ordinals >> 7 * LAST_WEEK_OF_MONTH, first_weekday + first_of_last) << first_of_last


def _turned(weekdays: int, first: int) -> int:
    """Return weekdays as bits of seven days that begin on the weekday `first`, which may be counted on past Sunday."""
    first %= 7
    return weekdays >> first | weekdays << (7 - first) & EVERY_WEEKDAY


def _lowest(months: int) -> int:
    """Return the first of the months, January being 1."""
    return (months & -months).bit_length()


def _month_of(day: int) -> tuple[int, int, int]:
    """Return the year and month a day is in, and the month's first day."""
    when = date.fromordinal(day + _EPOCH)
    return when.year, when.month, day - when.day + 1


def _first_of(year: int, month: int) -> int:
    return date(year, month, 1).toordinal() - _EPOCH


def _length(year: int, month: int) -> int:
    is_leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    return _LENGTHS[month - 1][-1 if is_leap else 0]
