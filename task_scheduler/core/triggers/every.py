"""Schedules of the form `every N units at a time`: what decorators and words both mean.

Phase comes from the calendar, never from the start of a process, so that restarts and several machines agree:
parts of a day are counted from the boundary above them, days from 1970-01-01, weeks from Monday 1970-01-05.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from task_scheduler.core.errors import TriggerError
from task_scheduler.core.excerpts import quoted
from task_scheduler.core.triggers.days import DayGrid
from task_scheduler.core.triggers.pattern import DAY, Pattern

#: Units that are parts of a day, in seconds.
PARTS_OF_A_DAY: Mapping[str, int] = {"seconds": 1, "minutes": 60, "hours": 3_600}
#: Units that take an interval, by their plural.
UNITS = (*PARTS_OF_A_DAY, "days", "weeks")
#: Units by their singular, which stands without an interval.
SINGULAR: Mapping[str, str] = {unit.removesuffix("s"): unit for unit in UNITS}
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")

#: The day 1970-01-05 was the first Monday.
_FIRST_MONDAY = 4
#: A hundred years: more can only be a mistake.
_MOST_DAYS = 36_525

_TIME_OF_DAY = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])(?::([0-5][0-9]))?")
_TIME_OF_HOUR = re.compile(r":([0-5][0-9])|([0-5][0-9]):([0-5][0-9])")
_TIME_OF_MINUTE = re.compile(r":([0-5][0-9])")


@dataclass(frozen=True, slots=True, kw_only=True)
class Every:
    """A schedule of this form. `every_of` makes them, so that equal meanings are equal values."""

    interval: int
    unit: str  #: one of UNITS or WEEKDAYS
    at: int = 0  #: seconds after the boundary; of days and weekdays: the time of day

    @property
    def text(self) -> str:
        """The canonical text. It is persisted as part of a job's identity: never change how one is spelled."""
        words = f"every {self.interval} {self.unit}" if self.interval > 1 else f"every {self.unit.removesuffix('s')}"
        return words + at_text(self.unit, self.at)

    @property
    def starts_anew(self) -> int:
        """After how many seconds an interval within a day is counted anew: a minute, an hour or a day."""
        above = {"seconds": 60, "minutes": 3_600, "hours": DAY}[self.unit]
        return above if self.interval * PARTS_OF_A_DAY[self.unit] < above else DAY

    def pattern(self) -> Pattern:
        """Return the wall readings at which it is due."""
        if self.unit in WEEKDAYS:
            days = DayGrid(step=7, phase=_FIRST_MONDAY + WEEKDAYS.index(self.unit))
            return Pattern(times=(self.at,), days=days, is_fixed=True)
        if self.unit == "weeks":
            return Pattern(times=(0,), days=DayGrid(step=7 * self.interval, phase=_FIRST_MONDAY), is_fixed=True)
        if self.unit == "days":
            return Pattern(times=(self.at,), days=DayGrid(step=self.interval), is_fixed=True)
        return Pattern(times=self._times(), days=DayGrid(step=1), is_fixed=False)

    def _times(self) -> Sequence[int]:
        """Return the times of day of an interval within a day.

        Cron's `*/N` starts anew at each boundary above it; an N that does not fit below that counts from midnight.
        """
        step = self.interval * PARTS_OF_A_DAY[self.unit]
        above = self.starts_anew
        if above % step == 0:
            return range(self.at, DAY, step)
        return tuple(boundary + part + self.at for boundary in range(0, DAY, above) for part in range(0, above, step))


def every_of(interval: object, unit: str, at: str | None = None, *, said: str) -> Every:
    """Check and simplify a schedule as somebody wrote it; raises TriggerError.

    `unit` is one of UNITS or WEEKDAYS, `at` the time as written, `said` the whole as written, for messages.
    """
    count = interval_of(interval, said)
    if unit in WEEKDAYS:
        if count != 1:
            raise TriggerError(f"{said}: a weekday comes every week, leave the interval out or count weeks")
        return Every(interval=1, unit=unit, at=at_time_of_day(at, said))
    if unit == "weeks":
        return _weeks(count, at, said)
    if unit == "days":
        check_days(count, said)
        return Every(interval=count, unit="days", at=at_time_of_day(at, said))
    return _part_of_a_day(count, unit, at, said)


def at_text(unit: str, at: int) -> str:
    """Return ` at` and the time as canonical texts have it after a unit or weekday; empty where they leave it out."""
    if unit == "days" or unit in WEEKDAYS:
        return f" at {time_of_day(at)}"
    if at == 0:
        return ""
    minute, second = divmod(at, 60)
    if unit == "minutes":
        return f" at :{second:02}"
    return f" at {minute:02}:{second:02}" if second else f" at :{minute:02}"


def interval_of(interval: object, said: str) -> int:
    """Return an interval as somebody wrote it; raises TriggerError."""
    if isinstance(interval, bool) or not isinstance(interval, int) or interval < 1:
        raise TriggerError(f"{said}: an interval is a whole number, 1 or more")
    return interval


def _weeks(count: int, at: str | None, said: str) -> Every:
    check_days(7 * count, said)
    if at is not None:
        raise TriggerError(f"{said}: weeks begin on Monday at 00:00 and take no time, name a weekday instead")
    return Every(interval=1, unit="monday") if count == 1 else Every(interval=count, unit="weeks")


def check_days(days: int, said: str) -> None:
    """Raise TriggerError for an interval that can only be a mistake."""
    if days > _MOST_DAYS:
        raise TriggerError(f"{said}: more than a hundred years apart, write a shorter interval")


def check_day(step: int, said: str) -> None:
    """Raise TriggerError for an interval in hours, minutes or seconds of more than a day, given in seconds."""
    if step > DAY:
        check_days(step // DAY, said)
        raise TriggerError(f"{said}: longer than a day, count in days: {in_days(step)}")


def _part_of_a_day(count: int, unit: str, at: str | None, said: str) -> Every:
    step = count * PARTS_OF_A_DAY[unit]
    check_day(step, said)
    offset = at_of_part(unit, at, said)
    if step == DAY:
        return Every(interval=1, unit="days", at=offset)
    return _coarsest(count, unit, offset)


def _coarsest(count: int, unit: str, at: int) -> Every:
    """Return the same schedule in the longest unit that says it, so that 60 minutes are an hour."""
    for longer in UNITS[UNITS.index(unit) + 1 : len(PARTS_OF_A_DAY)]:
        quotient, rest = divmod(count, 60)
        # 420 seconds, counted from midnight, are not 7 minutes, which start anew each hour.
        if rest or (longer == "minutes" and quotient < 60 and 60 % quotient):
            break
        count, unit = quotient, longer
    return Every(interval=count, unit=unit, at=at)


def in_days(step: int) -> str:
    """Return what to write for an interval of more than a day, given in seconds."""
    days, rest = divmod(step, DAY)
    if days > _MOST_DAYS:
        return "a shorter interval"
    if not rest:
        return f"every {days} days"
    return f"every {days} days or every {days + 1} days" if days > 1 else "every day or every 2 days"


def at_time_of_day(at: str | None, said: str) -> int:
    """Return the time of day of a schedule, None: midnight, in seconds; raises TriggerError."""
    if at is None:
        return 0
    match = _TIME_OF_DAY.fullmatch(at)
    if match is None:
        raise TriggerError(f"{said}: {quoted(at)} is no time of day, write HH:MM or HH:MM:SS, such as '09:30'")
    hour, minute, second = match.groups(default="0")
    return int(hour) * 3_600 + int(minute) * 60 + int(second)


def at_of_part(unit: str, at: str | None, said: str) -> int:
    """Return how many seconds after each boundary of the unit a schedule is due."""
    if at is None:
        return 0
    if unit == "hours":
        match = _TIME_OF_HOUR.fullmatch(at)
        if match is None:
            raise TriggerError(f"{said}: {quoted(at)} is no time within an hour, write :MM or MM:SS, such as ':15'")
        whole, minute, second = match.groups(default="0")
        return (int(whole) + int(minute)) * 60 + int(second)
    if unit == "minutes":
        match = _TIME_OF_MINUTE.fullmatch(at)
        if match is None:
            raise TriggerError(f"{said}: {quoted(at)} is no time within a minute, write :SS, such as ':30'")
        return int(match[1])
    raise TriggerError(f"{said}: seconds take no time, leave {quoted(at)} out or count minutes, hours or days")


def time_of_day(seconds: int) -> str:
    """Return seconds after midnight as `HH:MM`, or `HH:MM:SS` where they are no whole minutes."""
    minute, second = divmod(seconds, 60)
    text = f"{minute // 60:02}:{minute % 60:02}"
    return f"{text}:{second:02}" if second else text
