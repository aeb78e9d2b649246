"""Cron text in a person's words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from task_scheduler.core.triggers.cron import read_fields
from task_scheduler.core.triggers.cron_fields import (
    DAY_OF_MONTH,
    DAY_OF_WEEK,
    HOUR,
    MINUTE,
    MONTH,
    SECOND,
    Field,
    Selection,
)
from task_scheduler.core.triggers.days import LAST_DAY_OF_MONTH, LAST_WEEK_OF_MONTH
from task_scheduler.core.triggers.every import time_of_day
from task_scheduler.core.triggers.listing import MONTH_NAMES, WEEKDAY_NAMES, counted, listed, ranges, step_of

_ORDINALS = ("first", "second", "third", "fourth", "fifth", "last")
#: Times of day that are named one by one.
_NAMED_TIMES = 6


def cron_in_words(text: str) -> str:
    """Return what a canonical cron text means: `at 09:00 on Monday to Friday`; raises TriggerError."""
    fields = read_fields(text)
    hours, minutes = sorted(fields[HOUR].values), sorted(fields[MINUTE].values)
    seconds = sorted(fields[SECOND].values) if SECOND in fields else [0]
    days = _days(fields)
    if len(hours) * len(minutes) * len(seconds) <= _NAMED_TIMES:
        times = [
            time_of_day(hour * 3_600 + minute * 60 + second)
            for hour in hours
            for minute in minutes
            for second in seconds
        ]
        return f"at {listed(times)} {days or 'each day'}"
    return " ".join(filter(None, [_part_of_the_day(hours, minutes, seconds), days]))


def _part_of_the_day(hours: Sequence[int], minutes: Sequence[int], seconds: Sequence[int]) -> str:
    """Return times of day that are too many to be named."""
    if seconds == [0]:
        return _minutes(minutes, hours)
    of_a_minute = _values(seconds, 60, "seconds")
    if len(minutes) == 60:
        return f"{of_a_minute}{_hours(hours, is_whole=True)}"
    return f"{of_a_minute} of each minute that is due {_minutes(minutes, hours)}"


def _minutes(minutes: Sequence[int], hours: Sequence[int]) -> str:
    if len(minutes) == 1 and len(hours) > 1:
        step = step_of(hours, 24)
        past = f", {minutes[0]} min after the full hour" if minutes[0] else ""
        if step is not None:
            return f"every {counted(step, 'hours')}{past}"
    return f"{_values(minutes, 60, 'minutes')}{_hours(hours, is_whole=len(minutes) == 60)}"


def _hours(hours: Sequence[int], *, is_whole: bool) -> str:
    if len(hours) == 24:
        return "" if is_whole else " of each hour"
    if hours[-1] - hours[0] == len(hours) - 1:
        return f" from {hours[0]:02}:00 to {hours[-1]:02}:59"
    step = step_of(hours, 24)
    return f" of every {counted(step, 'hours')} from 00:00" if step and step > 1 else f" of the hours {ranges(hours)}"


def _values(values: Sequence[int], size: int, units: str) -> str:
    """Return values of a field as `every 15 minutes`, or one by one: `at the minutes 0, 7 and 13`."""
    step = step_of(values, size)
    if step is not None and len(values) > 1:
        return f"every {counted(step, units)}"
    unit = units.removesuffix("s") if len(values) == 1 else units
    return f"at the {unit} {ranges(values)}"


def _days(fields: Mapping[Field, Selection]) -> str:
    """Return on which days; empty: on all."""
    day, weekday = fields[DAY_OF_MONTH], fields[DAY_OF_WEEK]
    months = sorted(fields[MONTH].values)
    of_month = None if _is_whole(day, 31) else f"on {listed([*_days_of_month(day)])}"
    of_week = None if _is_whole(weekday, 7) else f"on {listed([*_days_of_week(weekday)])}"
    in_months = "" if len(months) == 12 else f"in {_names(MONTH_NAMES, [month - 1 for month in months])}"
    match of_month, of_week:
        case None, None:
            return f"each day {in_months}" if in_months else ""
        case str(), None:
            return f"{of_month} of {in_months.removeprefix('in ') or 'each month'}"
        case None, str():
            return " ".join(filter(None, [of_week, in_months]))
    joined = "if that is" if day.begins_with_star or weekday.begins_with_star else "and also"
    second = str(of_week).removeprefix("on ") if joined == "if that is" else of_week
    return " ".join(filter(None, [f"{of_month} of the month {joined} {second}", in_months]))


def _is_whole(selection: Selection, size: int) -> bool:
    # 0 and 7 are the same day of the week.
    return len({value % size for value in selection.values}) == size


def _days_of_month(day: Selection) -> Iterator[str]:
    if day.values:
        values = sorted(day.values)
        yield f"the day {values[0]}" if len(values) == 1 else f"the days {ranges(values)}"
    for position in sorted(day.workdays):
        yield "the last workday" if position == LAST_DAY_OF_MONTH else f"the workday nearest to day {position + 1}"
    if day.last_day:
        yield "the last day"


def _days_of_week(weekday: Selection) -> Iterator[str]:
    if weekday.values:
        yield _names(WEEKDAY_NAMES, sorted({(value - 1) % 7 for value in weekday.values}))
    for position in sorted(weekday.ordinals):
        week, day = divmod(position, 7)
        yield f"the {_ORDINALS[min(week, LAST_WEEK_OF_MONTH)]} {WEEKDAY_NAMES[day]} of the month"


def _names(names: Sequence[str], chosen: Sequence[int]) -> str:
    """Return names by their places, ascending: `Monday to Friday`, `January and July`."""
    if len(chosen) > 2 and chosen[-1] - chosen[0] == len(chosen) - 1:
        return f"{names[chosen[0]]} to {names[chosen[-1]]}"
    return listed([names[place] for place in chosen], most=None)
