"""Holidays, and what they do to the days of a schedule."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Protocol

from task_scheduler.core.errors import TriggerError
from task_scheduler.core.excerpts import quoted
from task_scheduler.core.triggers.days import FIRST_DAY, LAST_DAY, DayRule
from task_scheduler.core.triggers.days_chosen import too_far, weekday

_EPOCH = date(1970, 1, 1).toordinal()

#: A slot is moved by at most this many days, a year; where all of these are days off it is left out.
LONGEST_MOVE = 366
#: A search for a workday that has looked at so many days off in a row, ten years of them, finds none any more.
LONGEST_CLOSED = 10 * LONGEST_MOVE


class Calendar(Protocol):
    """The holidays of a country, a region or a firm. Days are counted from 1970-01-01."""

    @property
    def weekend(self) -> frozenset[int]:
        """The days of the week on which nobody works, 0 for Monday."""
        ...

    def days_off(self, year: int) -> frozenset[int]:
        """Return the holidays of a year; those of a weekend may be among them."""
        ...

    def names(self, day: int) -> str:
        """Return what the holiday of a day is called; empty: it is none, or has no name."""
        ...

    def __hash__(self) -> int:
        """Tell calendars apart by identity."""
        ...


class Calendars(Protocol):
    """Where calendars come from."""

    def holidays(self, name: str) -> Calendar:
        """Return a calendar by the name a schedule has for it; raises TriggerError.

        As long as its holidays stay the same it is the same object.
        """
        ...


class _NoCalendars:
    def holidays(self, name: str) -> Calendar:
        raise TriggerError(f"calendar {quoted(name)} cannot be used here: no calendars are at hand")


#: For texts that are only read: every name is refused.
NO_CALENDARS: Calendars = _NoCalendars()


@dataclass(frozen=True, slots=True)
class SkippingHolidays:
    """The days of a rule that are no holidays."""

    days: DayRule
    calendar: Calendar

    def first_from(self, day: int) -> int | None:
        """Return the first such day that is `day` or later; None: there is none."""
        return self._nearest(day, 1)

    def last_until(self, day: int) -> int | None:
        """Return the last such day that is `day` or earlier; None: there is none."""
        return self._nearest(day, -1)

    def count(self, first: int, end: int) -> int:
        """Return how many such days are in [first, end)."""
        if first >= end:
            return 0
        runs = _runs(_holidays(self.calendar, first, end - 1))
        return self.days.count(first, end) - sum(self.days.count(begin, last + 1) for begin, last in runs)

    def _nearest(self, day: int, way: int) -> int | None:
        """Return the nearest such day, `day` itself or in the direction of `way`; None: there is none.

        Holidays in a row are passed over together, those of a year at a time: a firm may close for many years.
        """
        follow, look_back = self.days.first_from, self.days.last_until
        if way < 0:
            follow, look_back = look_back, follow
        found = follow(day)
        tries = 0
        while found is not None:
            days_off = self.calendar.days_off(_year(found))
            if found not in days_off:
                return found
            last = found
            while last + way in days_off:
                last += way
            tries += self.days.count(min(found, last), max(found, last) + 1)
            if too_far(tries, abs((look_back(last) or found) - day)):
                return None
            found = follow(last + way)
        return None


@dataclass(frozen=True, slots=True)
class MovingHolidays:
    """The days of a rule, those that are holidays moved to the nearest day that is neither holiday nor weekend.

    What two days are moved to is one day. A day of the weekend that is no holiday stays where it is.
    """

    days: DayRule
    calendar: Calendar
    step: int  #: 1: to a later day; -1: to an earlier one

    def first_from(self, day: int) -> int | None:
        """Return the first such day that is `day` or later; None: there is none."""
        return _nearest(self, day, 1)

    def last_until(self, day: int) -> int | None:
        """Return the last such day that is `day` or earlier; None: there is none."""
        return _nearest(self, day, -1)

    def count(self, first: int, end: int) -> int:
        """Return how many such days are in [first, end)."""
        if first >= end:
            return 0
        # Nothing is moved over a workday.
        near = _holidays(self.calendar, *self._reach(first, end - 1))
        workdays = _Workdays(self.calendar, self.step)
        goals = (_moved(self, day, workdays) for day in near)
        targets = {target for target in goals if target is not None and first <= target < end}
        # A workday that is of the rule itself is counted already.
        kept = SkippingHolidays(self.days, self.calendar).count(first, end)
        return kept + sum(not self.days.count(target, target + 1) for target in targets)

    def _reach(self, first: int, last: int) -> tuple[int, int]:
        """Return the first and the last day that may be moved to one from `first` through `last`."""
        workdays = _Workdays(self.calendar, -self.step)
        return (workdays.beside(first), last) if self.step > 0 else (first, workdays.beside(last))


class _Workdays:
    """The workdays nearest to days off, in one direction. Days that are asked for in order are looked at once each."""

    __slots__ = ("_begin", "_calendar", "_days_off", "_end", "_step", "_year", "closed")

    def __init__(self, calendar: Calendar, step: int) -> None:
        self._calendar = calendar
        self._step = step
        #: Beside the day asked for last, `_begin`, all days before `_end` are days off.
        self._begin = self._end = 0
        self.closed = 0  #: days off looked at since the last workday was found
        #: The year looked at last, and its holidays: a search stays in one for long.
        self._year = range(0)
        self._days_off: frozenset[int] = frozenset()

    def beside(self, day: int) -> int:
        """Return the workday nearest to `day`, not itself, or a day that is too far to be moved to.

        All but the first day asked for must be days off.
        """
        step = self._step
        is_known = (day - self._begin) * step >= 0 and (self._end - day) * step > 0
        if is_known and not self.closed:
            return self._end  # a workday
        found = self._end if is_known else day + step
        while (found - day) * step <= LONGEST_MOVE and not self._is_workday(found):
            # What was asked for before is a day off itself, and so is all beside it.
            found = self._end if found == self._begin != self._end else found + step
            self.closed += 1
        if (found - day) * step <= LONGEST_MOVE:
            self.closed = 0
        if not is_known:
            self._begin = day
        self._end = found
        return found

    def _is_workday(self, day: int) -> bool:
        return weekday(day) not in self._calendar.weekend and not self.is_holiday(day)

    def is_holiday(self, day: int) -> bool:
        """Whether a day is a holiday."""
        if day not in self._year:
            year = _year(day)
            self._days_off = self._calendar.days_off(year)
            self._year = range(date(year, 1, 1).toordinal() - _EPOCH, date(year, 12, 31).toordinal() - _EPOCH + 1)
        return day in self._days_off


def is_holiday(calendar: Calendar, day: int) -> bool:
    """Whether a day is a holiday of a calendar."""
    return day in calendar.days_off(_year(day))


@lru_cache(maxsize=1_024)
def _nearest(rule: MovingHolidays, day: int, way: int) -> int | None:
    """Return the day of a rule nearest to `day`, itself or in the direction of `way`.

    A trigger asks for the same few days several times for one slot, and each may cost years of days off.
    """
    follow = rule.days.first_from if way > 0 else rule.days.last_until
    workdays = _Workdays(rule.calendar, rule.step)
    # What lies before `day` may be moved to it, or past it; not over a workday.
    found = follow(day if rule.step != way else _Workdays(rule.calendar, -way).beside(day) + way)
    nearest = None
    end = day
    tries = 0
    while found is not None and (nearest is None or (end - found) * way > 0):
        goal = _moved(rule, found, workdays) if workdays.is_holiday(found) else found
        if goal is not None and (goal - day) * way >= 0 and (nearest is None or (nearest - goal) * way > 0):
            nearest = goal
            # What comes later may be moved back to before this one, unless a workday is between.
            end = goal if rule.step == way else _Workdays(rule.calendar, way).beside(goal - way)
        tries += 1
        if nearest is None and (workdays.closed > LONGEST_CLOSED or too_far(tries, abs(found - day))):
            return None
        found = follow(found + way)
    return nearest


def _moved(rule: MovingHolidays, holiday: int, workdays: _Workdays) -> int | None:
    """Return the day a holiday is moved to; None: the rule does not have it, or nobody works near enough."""
    if not rule.days.count(holiday, holiday + 1):
        return None
    goal = workdays.beside(holiday)
    return goal if abs(goal - holiday) <= LONGEST_MOVE and FIRST_DAY <= goal <= LAST_DAY else None


def _holidays(calendar: Calendar, first: int, last: int) -> Iterator[int]:
    """Yield the holidays from `first` through `last`, the earliest first."""
    for year in range(_year(first), _year(last) + 1):
        yield from sorted(day for day in calendar.days_off(year) if first <= day <= last)


def _runs(days: Iterable[int]) -> Iterator[tuple[int, int]]:
    """Yield the first and the last of days in a row, of days that ascend."""
    first = last = None
    for day in days:
        if last is not None and first is not None and day != last + 1:
            yield first, last
            first = None
        first = day if first is None else first
        last = day
    if first is not None and last is not None:
        yield first, last


def _year(day: int) -> int:
    """Return the year of a day; outside the calendar, that of its end."""
    return date.fromordinal(min(max(day, FIRST_DAY), LAST_DAY) + _EPOCH).year
