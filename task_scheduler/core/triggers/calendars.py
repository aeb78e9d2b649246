"""Holidays, and what they do to the days of a schedule."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Protocol

from task_scheduler.core.errors import TriggerError
from task_scheduler.core.excerpts import quoted
from task_scheduler.core.triggers.days import FIRST_DAY, LAST_DAY, DayRule
from task_scheduler.core.triggers.days_chosen import too_far, weekday

_EPOCH = date(1970, 1, 1).toordinal()

#: A slot is moved by at most this many days, a year; where all of these are days off it is left out.
LONGEST_MOVE = 366


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
        found = self.days.first_from(day)
        tries = 0
        while found is not None and is_holiday(self.calendar, found):
            tries += 1
            if too_far(tries, found - day):
                return None
            found = self.days.first_from(found + 1)
        return found

    def last_until(self, day: int) -> int | None:
        """Return the last such day that is `day` or earlier; None: there is none."""
        found = self.days.last_until(day)
        tries = 0
        while found is not None and is_holiday(self.calendar, found):
            tries += 1
            if too_far(tries, day - found):
                return None
            found = self.days.last_until(found - 1)
        return found

    def count(self, first: int, end: int) -> int:
        """Return how many such days are in [first, end)."""
        if first >= end:
            return 0
        holidays = _holidays(self.calendar, first, end - 1)
        return self.days.count(first, end) - sum(self.days.count(day, day + 1) for day in holidays)


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
        return self._search(day, 1)

    def last_until(self, day: int) -> int | None:
        """Return the last such day that is `day` or earlier; None: there is none."""
        return self._search(day, -1)

    def count(self, first: int, end: int) -> int:
        """Return how many such days are in [first, end)."""
        if first >= end:
            return 0
        near = _holidays(self.calendar, first - LONGEST_MOVE, end + LONGEST_MOVE)
        targets = {target for target in map(self._moved, near) if target is not None and first <= target < end}
        # A workday that is of the rule itself is counted already.
        kept = SkippingHolidays(self.days, self.calendar).count(first, end)
        return kept + sum(not self.days.count(target, target + 1) for target in targets)

    def _search(self, day: int, way: int) -> int | None:
        """Return the day nearest to `day`, itself or in the direction of `way`."""
        follow = self.days.first_from if way > 0 else self.days.last_until
        # What lies before `day` may be moved to it, or past it; not over a workday.
        found = follow(day if self.step != way else _workday(self.calendar, day, -way) + way)
        nearest = None
        end = day
        tries = 0
        while found is not None and (nearest is None or (end - found) * way > 0):
            goal = self._goal(found)
            if goal is not None and (goal - day) * way >= 0 and (nearest is None or (nearest - goal) * way > 0):
                nearest = goal
                # What comes later may be moved back to before this one, unless a workday is between.
                end = goal if self.step == way else _workday(self.calendar, goal - way, way)
            tries += 1
            if nearest is None and too_far(tries, abs(found - day)):
                return None
            found = follow(found + way)
        return nearest

    def _goal(self, day: int) -> int | None:
        """Return where a day of the rule is moved to; None: nobody works near enough."""
        return self._moved(day) if is_holiday(self.calendar, day) else day

    def _moved(self, holiday: int) -> int | None:
        """Return the day a holiday is moved to; None: the rule does not have it, or nobody works near enough."""
        if not self.days.count(holiday, holiday + 1):
            return None
        goal = _workday(self.calendar, holiday, self.step)
        return goal if abs(goal - holiday) <= LONGEST_MOVE and FIRST_DAY <= goal <= LAST_DAY else None


def is_holiday(calendar: Calendar, day: int) -> bool:
    """Whether a day is a holiday of a calendar."""
    return day in calendar.days_off(_year(day))


def _workday(calendar: Calendar, day: int, step: int) -> int:
    """Return the nearest workday beside `day` in the direction of `step`, or a day that is too far to be moved to."""
    for distance in range(1, LONGEST_MOVE + 1):
        found = day + step * distance
        if weekday(found) not in calendar.weekend and not is_holiday(calendar, found):
            return found
    return day + step * (LONGEST_MOVE + 1)


def _holidays(calendar: Calendar, first: int, last: int) -> Iterator[int]:
    """Yield the holidays from `first` through `last`, the earliest first."""
    for year in range(_year(first), _year(last) + 1):
        yield from sorted(day for day in calendar.days_off(year) if first <= day <= last)


def _year(day: int) -> int:
    """Return the year of a day; outside the calendar, that of its end."""
    return date.fromordinal(min(max(day, FIRST_DAY), LAST_DAY) + _EPOCH).year
