"""When a cron daemon would fire: a walk along the minutes of a zone's clock, one by one.

It knows nothing of the code under test and is as slow as it is plain. A schedule is a `Due`: hours, minutes
and a test of the date.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo

MINUTE = timedelta(minutes=1)
LONGEST_TIME_CHANGE = timedelta(hours=3)


@dataclass(frozen=True, kw_only=True)
class Due:
    """A schedule, said without any notation."""

    hours: frozenset[int]
    minutes: frozenset[int]
    on: Callable[[date], bool]
    is_fixed: bool

    def at(self, reading: datetime) -> bool:
        """Whether a local clock that shows `reading` says that it is time."""
        return reading.hour in self.hours and reading.minute in self.minutes and self.on(reading.date())


def walk(due: Due, zone: tzinfo, begin: datetime, end: datetime) -> Iterator[datetime]:
    """Yield the minutes in [begin, end) at which the schedule is due. Begin a day before it matters."""
    moment = begin - timedelta(days=1)
    served = _reading(moment, zone) - MINUTE
    last = served
    while moment < end:
        reading = _reading(moment, zone)
        if abs(reading - last - MINUTE) > LONGEST_TIME_CHANGE:
            served = reading - MINUTE
        passed = _minutes(served + MINUTE, reading) if due.is_fixed else [reading]
        if any(due.at(minute) for minute in passed) and moment >= begin:
            yield moment
        served = max(served, reading)
        last = reading
        moment += MINUTE


def whole_minute_changes(zone: tzinfo, year: int) -> list[datetime]:
    """Return the midnights (UTC) of a year's days in which the zone's offset changes, by whole minutes."""
    days = [datetime(year, 1, 1, tzinfo=UTC) + timedelta(days=number) for number in range(365)]
    return [
        day
        for day in days
        if _offset(day, zone) != _offset(day + timedelta(days=1), zone)
        and _is_whole(_offset(day, zone))
        and _is_whole(_offset(day + timedelta(days=1), zone))
    ]


def _minutes(first: datetime, last: datetime) -> Iterator[datetime]:
    while first <= last:
        yield first
        first += MINUTE


def _reading(moment: datetime, zone: tzinfo) -> datetime:
    return moment.astimezone(zone).replace(tzinfo=None)


def _offset(moment: datetime, zone: tzinfo) -> timedelta:
    return moment.astimezone(zone).utcoffset() or timedelta()


def _is_whole(offset: timedelta) -> bool:
    return offset % MINUTE == timedelta()
