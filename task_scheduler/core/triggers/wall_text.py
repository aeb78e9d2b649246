"""Dates and times of day as people write them, read as what a clock and a calendar on the wall show."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta

from task_scheduler.core.errors import TriggerError
from task_scheduler.core.excerpts import quoted
from task_scheduler.core.triggers.every import time_of_day
from task_scheduler.core.triggers.pattern import DAY

_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - a wall reading has no zone
_FIRST_YEAR, _LAST_YEAR = 1970, 9998
_DATE = re.compile(r"([0-9]{4})-([0-9]{1,2})-([0-9]{1,2})")
_TIME = re.compile(r"([01]?[0-9]|2[0-3]):([0-5]?[0-9])(?::([0-5]?[0-9]))?")


def wall_reading(moment: datetime) -> int:
    """Return what a clock shows, a datetime whose zone is not looked at, as seconds since 1970-01-01 00:00.

    Raises TriggerError for a year out of bounds.
    """
    if not _FIRST_YEAR <= moment.year <= _LAST_YEAR:
        raise TriggerError(f"the year {moment.year} is out of bounds: years are {_FIRST_YEAR} to {_LAST_YEAR}")
    return (moment.replace(tzinfo=None) - _EPOCH) // timedelta(seconds=1)


def wall_text(reading: int, *, without: int | None = None) -> str:
    """Return a wall reading as canonical texts have it, the time left out where it is `without` seconds of the day."""
    day, second = divmod(reading, DAY)
    said = date.fromordinal(day + _EPOCH.toordinal()).isoformat()
    return said if second == without else f"{said} {time_of_day(second)}"


def is_date(text: str) -> bool:
    """Whether a text has the form of a date alone."""
    return _DATE.fullmatch(text) is not None


def is_time(text: str) -> bool:
    """Whether a text has the form of a time of day."""
    return re.fullmatch(r"[0-9]{1,2}:[0-9]{1,2}(:[0-9]{1,2})?", text) is not None


def read_wall(text: str, *, second: int) -> int:
    """Return the wall reading of a date, alone (then at `second` of that day) or with a time; raises TriggerError."""
    day, _, time = text.strip().replace("T", " ").replace("t", " ").partition(" ")
    match = _DATE.fullmatch(day)
    if match is None:
        raise TriggerError(f"{quoted(text)} is no date: write YYYY-MM-DD or YYYY-MM-DD HH:MM")
    try:
        midnight = datetime(int(match[1]), int(match[2]), int(match[3]))  # noqa: DTZ001 - a wall reading has no zone
    except ValueError:
        raise TriggerError(f"there is no date {day}") from None
    return wall_reading(midnight) + (read_time(time.strip()) if time else second)


def read_time(text: str) -> int:
    """Return a time of day in seconds after midnight; raises TriggerError."""
    match = _TIME.fullmatch(text)
    if match is None:
        raise TriggerError(f"{quoted(text)} is no time of day, write HH:MM or HH:MM:SS, such as '09:30'")
    hour, minute, second = match.groups(default="0")
    return int(hour) * 3_600 + int(minute) * 60 + int(second)
