"""Days chosen out of others: one date, and days of the week."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from task_scheduler.core.triggers.days import FIRST_DAY, LAST_DAY, DayRule

#: The day 1970-01-01 was a Thursday.
_WEEKDAY_OF_DAY_0 = 3

#: A search that has looked at this many days and this far has seen all there is: no date falls on a weekday less
#: often than 29 February, which takes up to 40 years, and a grid of days meets each weekday in seven steps.
_TRIES = 64
_FAR = 15_000


@dataclass(frozen=True, slots=True)
class SingleDay:
    """One day, counted from 1970-01-01."""

    day: int

    def first_from(self, day: int) -> int | None:
        """Return the day when it is `day` or later."""
        return self.day if day <= self.day <= LAST_DAY else None

    def last_until(self, day: int) -> int | None:
        """Return the day when it is `day` or earlier."""
        return self.day if FIRST_DAY <= self.day <= day else None

    def count(self, first: int, end: int) -> int:
        """Return 1 when the day is in [first, end)."""
        return int(first <= self.day < end)


@dataclass(frozen=True, slots=True)
class OnWeekdays:
    """Those days of a rule that are certain days of the week, 0 for Monday."""

    days: DayRule
    weekdays: frozenset[int]

    def first_from(self, day: int) -> int | None:
        """Return the first such day that is `day` or later; None: there is none."""
        return first_such(self.days, day, self._has)

    def last_until(self, day: int) -> int | None:
        """Return the last such day that is `day` or earlier; None: there is none."""
        return last_such(self.days, day, self._has)

    def count(self, first: int, end: int) -> int:
        """Return how many such days are in [first, end)."""
        total = 0
        found = self.days.first_from(first)
        while found is not None and found < end:
            total += self._has(found)
            found = self.days.first_from(found + 1)
        return total

    def _has(self, day: int) -> bool:
        return weekday(day) in self.weekdays


def weekday(day: int) -> int:
    """Return the day of the week, 0 for Monday, of a day counted from 1970-01-01."""
    return (day + _WEEKDAY_OF_DAY_0) % 7


def first_such(days: DayRule, day: int, has: Callable[[int], bool]) -> int | None:
    """Return the first day of a rule that is `day` or later and for which `has` holds; None: there is none."""
    found = days.first_from(day)
    tries = 0
    while found is not None and not has(found):
        tries += 1
        if too_far(tries, found - day):
            return None
        found = days.first_from(found + 1)
    return found


def last_such(days: DayRule, day: int, has: Callable[[int], bool]) -> int | None:
    """Return the last day of a rule that is `day` or earlier and for which `has` holds; None: there is none."""
    found = days.last_until(day)
    tries = 0
    while found is not None and not has(found):
        tries += 1
        if too_far(tries, day - found):
            return None
        found = days.last_until(found - 1)
    return found


def too_far(tries: int, distance: int) -> bool:
    """Whether a search that took so many tries over so many days will find nothing any more."""
    return tries >= _TRIES and distance > _FAR
