"""What a person should know of a schedule that is valid and may still not mean what it seems to."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping

from task_scheduler.core.triggers.clauses import Clauses
from task_scheduler.core.triggers.cron import Cron, read_fields
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
from task_scheduler.core.triggers.days import LAST_WEEK_OF_MONTH
from task_scheduler.core.triggers.every import PARTS_OF_A_DAY, Every, time_of_day
from task_scheduler.core.triggers.listing import MONTH_NAMES, WEEKDAY_NAMES
from task_scheduler.core.triggers.pattern import DAY
from task_scheduler.core.triggers.reading import Reading, read_parts
from task_scheduler.core.triggers.windows import Window

#: A step to the end of its field, which starts anew there.
_OPEN_STEP = re.compile(r"(?P<first>\*|[a-z0-9]+)/(?P<step>[0-9]+)")
_DATE = re.compile(r"(?P<day>[0-9]+)(?P<workday>w)?")

_NAME_OF: Mapping[int, str] = {60: "minute", 3_600: "hour", DAY: "day"}

_FEBRUARY = 2
#: The months by what they lack: the 30th (February) and the 31st.
_SHORT = {30: (_FEBRUARY,), 31: (_FEBRUARY, 4, 6, 9, 11)}


def schedule_remarks(text: str) -> tuple[str, ...]:
    """Return what surprises people about a canonical schedule with its clauses, a sentence each, without a full stop.

    That is told of cron text and of intervals within a day. Raises TriggerError for what is no schedule.
    """
    read = read_parts(text)
    match read:
        case Reading(base=Cron() as cron):
            return remarks(cron.text)
        case Reading(base=Every() as every) if every.unit in PARTS_OF_A_DAY:
            return tuple(_uneven_interval(every, read.clauses))
        case _:
            return ()


def remarks(text: str) -> tuple[str, ...]:
    """Return what surprises people about a canonical cron text, a sentence each, without a full stop.

    Raises TriggerError for what is no cron text.
    """
    fields = read_fields(text)
    return (*_days_together(fields), *_uneven_steps(fields), *_missing_dates(fields))


def _days_together(fields: Mapping[Field, Selection]) -> Iterator[str]:
    """Yield how the two day fields are combined, where both say something."""
    day, weekday = fields[DAY_OF_MONTH], fields[DAY_OF_WEEK]
    if _is_unrestricted(DAY_OF_MONTH, day) or _is_unrestricted(DAY_OF_WEEK, weekday):
        return
    both = f"day of month '{day.text}' and day of week '{weekday.text}'"
    star = next((selection.text for selection in (day, weekday) if selection.begins_with_star), None)
    if star is None:
        yield f"{both}: either is enough; days that fit both are written as in '0 0 13 * * on fri'"
    else:
        yield f"{both}: a day must fit both, since '{star}' begins with '*'"


def _is_unrestricted(field: Field, selection: Selection) -> bool:
    """Whether a field leaves the choice to the other: `*`, or `*/1`."""
    return selection.begins_with_star and len(selection.values) == field.size


def _uneven_steps(fields: Mapping[Field, Selection]) -> Iterator[str]:
    """Yield each step whose last interval is another than the rest."""
    for field, above in ((SECOND, MINUTE), (MINUTE, HOUR), (HOUR, None), (DAY_OF_MONTH, None), (MONTH, None)):
        if field not in fields or (above is not None and len(fields[above].values) == 1):
            continue
        for item in fields[field].text.split(","):
            match = _OPEN_STEP.fullmatch(item)
            if match is not None:
                yield from _uneven_step(field, item, match)
    for item in fields[DAY_OF_WEEK].text.split(","):
        match = _OPEN_STEP.fullmatch(item)
        if match is not None and match["step"] not in {"1", "7"}:
            yield f"day of week '{item}' starts anew each Sunday"


def _uneven_step(field: Field, item: str, match: re.Match[str]) -> Iterator[str]:
    first = field.least if match["first"] == "*" else field.names.get(match["first"]) or int(match["first"])
    step = int(match["step"])
    if field is DAY_OF_MONTH:
        if step > 1:
            yield f"day of month '{item}' starts anew each month, whatever its last day was"
        return
    last = first + (field.most - first) // step * step
    rest = field.size - last + first
    if rest != step:
        yield (
            f"{field.name} '{item}' starts anew: after {field.name} {last} comes {field.name} {first}, "
            f"{rest} and not {step} {field.name}s later"
        )


def _uneven_interval(every: Every, clauses: Clauses) -> Iterator[str]:
    """Yield the first place at which an interval is another than it says, where the clauses leave both its ends."""
    unit, above = PARTS_OF_A_DAY[every.unit], every.starts_anew
    step = every.interval * unit
    rest = above % step
    window = None if clauses.window is None else Window(begin=clauses.window[0], end=clauses.window[1])
    for boundary in range(above, DAY + 1, above) if rest else ():
        last, first = boundary - rest + every.at, boundary + every.at
        if window is not None and not (window.has(last) and window.has(first)):
            continue
        if first >= DAY and not _has_days_in_a_row(clauses.weekdays):
            continue
        yield (
            f"'{every.text}' starts anew each {_NAME_OF[above]}: after {time_of_day(last)} comes "
            f"{time_of_day(first % DAY)}, {rest // unit} and not {every.interval} {every.unit} later"
        )
        return


def _has_days_in_a_row(weekdays: Collection[int]) -> bool:
    """Whether some days of the week, none: all, have two that follow each other."""
    return not weekdays or any((weekday + 1) % 7 in weekdays for weekday in weekdays)


def _missing_dates(fields: Mapping[Field, Selection]) -> Iterator[str]:
    """Yield each date or weekday that some of the months have not."""
    day, months = fields[DAY_OF_MONTH], fields[MONTH].values
    for item in day.text.split(","):
        match = _DATE.fullmatch(item)
        if match is None:
            continue
        number = int(match["day"])
        said = f"day of month '{item}'"
        lacking = [MONTH_NAMES[month - 1] for month in _SHORT.get(number, ()) if month in months]
        if lacking:
            last = "'LW' is the last workday" if match["workday"] else "'L' is the last day"
            yield f"{said}: skipped in {_listed(lacking)}; {last} of each month"
        elif number == 29 and _FEBRUARY in months:
            yield f"{said}: February has it in leap years only"
    for position in sorted(fields[DAY_OF_WEEK].ordinals):
        week, weekday = divmod(position, 7)
        if week == LAST_WEEK_OF_MONTH - 1:
            name = WEEKDAY_NAMES[weekday]
            yield f"a month without a fifth {name} is skipped; '{(weekday + 1) % 7}L' is the last {name} of each month"


def _listed(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
