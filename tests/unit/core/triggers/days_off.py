"""A calendar for tests: the same dates each year, and whole runs of days off."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta

from task_scheduler.core.triggers.calendars import Calendar

EPOCH = date(1970, 1, 1)


class DaysOff:
    """Holidays on the same dates of each year, and single ones."""

    def __init__(self, *yearly: tuple[int, int], single: Iterable[date] = (), weekend: Iterable[int] = (5, 6)) -> None:
        self.weekend = frozenset(weekend)
        self._yearly = yearly
        self._single = frozenset(single)

    def dates(self, year: int) -> set[date]:
        """Return the holidays of a year."""
        return {date(year, *of_year) for of_year in self._yearly} | {day for day in self._single if day.year == year}

    def days_off(self, year: int) -> frozenset[int]:
        """Return them as days since 1970-01-01."""
        return frozenset((day - EPOCH).days for day in self.dates(year))

    def names(self, day: int) -> str:
        """Return what a holiday is called."""
        when = EPOCH + timedelta(days=day)
        return when.isoformat() if when in self.dates(when.year) else ""


#: Has a holiday beside a weekend in most years, and a run of four days off at Christmas in some.
WESTERN = DaysOff((1, 1), (5, 1), (10, 3), (12, 25), (12, 26))


class OneCalendar:
    """Calendars that are all the same one."""

    def __init__(self, calendar: Calendar = WESTERN) -> None:
        self._calendar = calendar

    def holidays(self, _name: str) -> Calendar:
        """Return it."""
        return self._calendar


CALENDARS = OneCalendar()
