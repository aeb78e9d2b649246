"""Schedules in a person's words: `30 2 * * *` is `at 02:30 each day`."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from itertools import islice, pairwise
from typing import assert_never

from task_scheduler.core.triggers.cron import Cron
from task_scheduler.core.triggers.cron_sentences import cron_in_words
from task_scheduler.core.triggers.events import AfterTask, AtBoot, AtStartup, Event, OnChange
from task_scheduler.core.triggers.every import PARTS_OF_A_DAY, WEEKDAYS, Every, time_of_day
from task_scheduler.core.triggers.every_to import EveryTo
from task_scheduler.core.triggers.listing import counted, listed
from task_scheduler.core.triggers.once import Once
from task_scheduler.core.triggers.pattern import DAY, Readings
from task_scheduler.core.triggers.reading import Base, Reading, read_parts
from task_scheduler.core.triggers.wall_text import wall_text

_WEEKDAYS = tuple(weekday.title() for weekday in WEEKDAYS)
_ABOVE = {"seconds": "minute", "minutes": "hour", "hours": "day"}
#: A delay is at most a day long, so that readings further apart do not matter: of a Monday, all of each minute.
_SOME_DAY = 4 * DAY
_LOOKED_AT = 1_500
_ENDED = {"success": "succeeds", "failure": "fails, times out or is interrupted", "any": "ends"}
_ON_HOLIDAY = {"next_workday": "the next workday", "previous_workday": "the workday before"}


def in_words(text: str) -> str:
    """Return what a canonical text means, as the end of a sentence: `It runs at 02:30 each day`; raises TriggerError.

    The zone, which a text does not tell, is not in it.
    """
    read = read_parts(text)
    if not isinstance(read, Reading):
        return _event(read)
    return ", ".join([_base(read.base), *_clauses(read)])


def _event(event: Event) -> str:
    match event:
        case AtStartup():
            return "once at each start of the scheduler"
        case AtBoot():
            return "once at the first start of the scheduler after the machine's"
        case AfterTask(task=task, on=on):
            return f"whenever a run of {task} {_ENDED[on]}"
        case OnChange(pattern=pattern):
            return f"whenever a file of {pattern} comes or changes"
        case _:
            assert_never(event)


def _base(base: Base) -> str:
    match base:
        case Every():
            return _every(base)
        case EveryTo():
            return _every_to(base)
        case Once():
            weekday = _WEEKDAYS[(base.at // DAY + 3) % 7]
            return f"once, on {weekday} {wall_text(base.at, without=DAY)}"
        case Cron():
            return cron_in_words(base.text)
        case _:
            assert_never(base)


def _every(every: Every) -> str:
    if every.unit in WEEKDAYS:
        return f"at {time_of_day(every.at)} each {every.unit.title()}"
    if every.unit == "weeks":
        return f"at 00:00 on Monday every {every.interval} weeks, counted from 1970-01-05"
    if every.unit == "days":
        if every.interval == 1:
            return f"at {time_of_day(every.at)} each day"
        return f"at {time_of_day(every.at)} every {every.interval} days, counted from 1970-01-01"
    said = f"every {counted(every.interval, every.unit)}{_after_the_boundary(every.unit, every.at)}"
    step = every.interval * PARTS_OF_A_DAY[every.unit]
    above = {"minute": 60, "hour": 3_600, "day": DAY}[_ABOVE[every.unit]]
    if step >= above:
        return f"{said}, counted from midnight"
    return f"{said}, anew from the start of each {_ABOVE[every.unit]}" if above % step else said


def _every_to(every: EveryTo) -> str:
    interval = f"{every.least} to {every.most}"
    if every.unit in WEEKDAYS:
        said = f"at {time_of_day(every.at)} on a {every.unit.title()}, {interval} weeks apart"
    elif every.unit == "weeks":
        said = f"at 00:00 on a Monday, {interval} weeks apart"
    elif every.unit == "days":
        said = f"at {time_of_day(every.at)}, {interval} days apart"
    else:
        said = f"every {interval} {every.unit}{_after_the_boundary(every.unit, every.at)}"
    return f"{said}, another distance each time"


def _after_the_boundary(unit: str, at: int) -> str:
    """Return how long after each full hour or minute something is due; empty: at it."""
    if not at:
        return ""
    minutes, seconds = divmod(at, 60)
    parts = [f"{minutes} min"] if minutes else []
    parts += [f"{seconds} s"] if seconds else []
    return f", {' '.join(parts)} after the full {unit.removesuffix('s')}"


def _clauses(read: Reading) -> Iterator[str]:
    clauses = read.clauses
    if clauses.weekdays:
        yield f"on {weekdays_in_words(clauses.weekdays)} only"
    if clauses.window:
        yield f"between {time_of_day(clauses.window[0])} and {time_of_day(clauses.window[1])}"
    if clauses.first is not None:
        yield f"from {wall_text(clauses.first, without=0)} on"
    if clauses.last is not None:
        yield f"until {wall_text(clauses.last, without=DAY - 1)}"
    if clauses.calendar:
        moved_to = _ON_HOLIDAY.get(clauses.on_holiday)
        holidays = f"holidays of {clauses.calendar}"
        yield f"moved from {holidays} to {moved_to}" if moved_to else f"not on {holidays}"
    if clauses.delay:
        yield f"{clauses.delay} s later than that"
    if clauses.fresh_delay:
        said = f"each time up to {clauses.fresh_delay} s later, but before the next"
        distance = _shortest_distance(read)
        is_cut = distance is not None and distance <= clauses.fresh_delay
        yield f"{said}, which may be due {distance} s after it" if is_cut else said


def _shortest_distance(read: Reading) -> int | None:
    """Return the seconds between the two readings that come closest in a day or two; None: there are no two."""
    readings = read.readings()
    found = list(islice(_readings_from(readings, _SOME_DAY), _LOOKED_AT))
    return min((later - earlier for earlier, later in pairwise(found)), default=None)


def _readings_from(readings: Readings, wall: int) -> Iterator[int]:
    found = readings.first_from(wall)
    while found is not None:
        yield found
        found = readings.first_from(found + 1)


def weekdays_in_words(weekdays: Collection[int]) -> str:
    """Return days of the week, 0 for Monday, as `Monday to Friday` or `Monday and Thursday`."""
    days: Sequence[int] = sorted(weekdays)
    if len(days) > 2 and days[-1] - days[0] == len(days) - 1:
        return f"{_WEEKDAYS[days[0]]} to {_WEEKDAYS[days[-1]]}"
    return listed([_WEEKDAYS[day] for day in days])
