"""Recurrence rules of iCalendar that come back each year, such as 1 May or the fourth Thursday of November."""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from task_scheduler.core.errors import TriggerError
from task_scheduler.core.excerpts import quoted

_KEYS = ("FREQ", "INTERVAL", "COUNT", "UNTIL", "BYMONTH", "BYMONTHDAY", "BYDAY", "WKST")
_WEEKDAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
_DAY_OF_WEEK = re.compile(rf"([+-]?\d{{1,2}})?({'|'.join(_WEEKDAYS)})", re.ASCII)
_UNTIL = re.compile(r"(\d{4})(\d{2})(\d{2})(?:T\d{6}Z?)?", re.ASCII)
#: More of them than a calendar has years for can only be a mistake.
_MOST = 9_999


@dataclass(frozen=True, slots=True, kw_only=True)
class Yearly:
    """The dates of a rule, from `first` on."""

    first: date
    interval: int
    count: int | None  #: None: for ever
    until: date | None  #: the last day it may fall on; None: for ever
    months: frozenset[int]
    month_days: frozenset[int]  #: from the end of the month where negative; empty: any
    weekdays: frozenset[
        tuple[int, int]
    ]  #: place in the month (0: each; negative: from its end) and weekday; empty: any

    def days_of_year(self, year: int) -> Sequence[date]:
        """Return its dates in a year, ascending."""
        if (year - self.first.year) % self.interval or year < self.first.year:
            return ()
        days = list(self._days(year))
        if self.count is None:
            return days
        earlier = 0
        for before in range(self.first.year, year, self.interval):
            earlier += sum(1 for _ in self._days(before))
            if earlier >= self.count:
                return ()
        return days[: self.count - earlier]

    def _days(self, year: int) -> Iterator[date]:
        for month in sorted(self.months):
            length = monthrange(year, month)[1]
            for number in range(1, length + 1):
                day = date(year, month, number)
                if self._has(day, length) and day >= self.first and (self.until is None or day <= self.until):
                    yield day

    def _has(self, day: date, length: int) -> bool:
        """Whether a day of a month of that length is in the rule."""
        by_number = not self.month_days or day.day in self.month_days or day.day - length - 1 in self.month_days
        places = (0, (day.day - 1) // 7 + 1, -((length - day.day) // 7) - 1)
        return by_number and (not self.weekdays or any((place, day.weekday()) in self.weekdays for place in places))


def read_yearly(place: str, text: str, first: date) -> Yearly:
    """Read a rule such as `FREQ=YEARLY;BYMONTH=11;BYDAY=4TH`; raises TriggerError for what this program cannot follow."""
    parts = dict(_part(place, text, part) for part in text.rstrip(";").split(";"))
    if parts.get("FREQ") != "YEARLY":
        raise TriggerError(f"{place}: {quoted(text)} does not come back each year: write FREQ=YEARLY, or single events")
    ordinals = frozenset(_day_of_week(place, word) for word in _words(parts, "BYDAY"))
    if "BYMONTH" not in parts and any(number for number, _ in ordinals):
        raise TriggerError(f"{place}: {quoted(text)} counts weekdays within the year: name the month with BYMONTH")
    is_own_day = "BYDAY" not in parts and "BYMONTHDAY" not in parts
    months = _numbers(place, parts, "BYMONTH", range(1, 13))
    return Yearly(
        first=first,
        interval=_number(place, parts, "INTERVAL") or 1,
        count=_number(place, parts, "COUNT"),
        until=_until(place, parts),
        months=months or frozenset({first.month} if is_own_day else range(1, 13)),
        month_days=frozenset({first.day}) if is_own_day else _numbers(place, parts, "BYMONTHDAY", range(-31, 32)),
        weekdays=ordinals,
    )


def _part(place: str, text: str, part: str) -> tuple[str, str]:
    key, sign, value = part.upper().partition("=")
    if not sign or key not in _KEYS:
        raise TriggerError(f"{place}: {quoted(part)} in {quoted(text)} is not understood: there are {', '.join(_KEYS)}")
    return key, value


def _words(parts: Mapping[str, str], key: str) -> Sequence[str]:
    return parts[key].split(",") if key in parts else ()


def _day_of_week(place: str, word: str) -> tuple[int, int]:
    match = _DAY_OF_WEEK.fullmatch(word)
    if match is None:
        raise TriggerError(f"{place}: {quoted(word)} is no day of the week such as 'MO' or '4TH'")
    return int(match[1] or 0), _WEEKDAYS.index(match[2])


def _numbers(place: str, parts: Mapping[str, str], key: str, allowed: range) -> frozenset[int]:
    found = set()
    for word in _words(parts, key):
        if not re.fullmatch(r"[+-]?\d{1,2}", word, re.ASCII) or int(word) not in allowed or int(word) == 0:
            raise TriggerError(f"{place}: {key}={word} is out of range")
        found.add(int(word))
    return frozenset(found)


def _number(place: str, parts: Mapping[str, str], key: str) -> int | None:
    if key not in parts:
        return None
    value = parts[key]
    if not re.fullmatch(r"\d{1,4}", value, re.ASCII) or not 0 < int(value) <= _MOST:
        raise TriggerError(f"{place}: {key}={value} is no number from 1 to {_MOST}")
    return int(value)


def _until(place: str, parts: Mapping[str, str]) -> date | None:
    if "UNTIL" not in parts:
        return None
    match = _UNTIL.fullmatch(parts["UNTIL"])
    try:
        if match is not None:
            return date(int(match[1]), int(match[2]), int(match[3]))
    except ValueError:
        pass
    raise TriggerError(f"{place}: UNTIL={parts['UNTIL']} is no date such as 20301231")
