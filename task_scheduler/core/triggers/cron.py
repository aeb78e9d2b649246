"""Five-field cron text: minute, hour, day of month, month, day of week.

It means what it means to Debian's cron, and what that program accepts and then does not do, or does
otherwise than a reader expects, is refused here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from task_scheduler.core.errors import TriggerError, did_you_mean
from task_scheduler.core.excerpts import quoted
from task_scheduler.core.triggers.days import CalendarDays
from task_scheduler.core.triggers.every import PARTS_OF_A_DAY, in_days
from task_scheduler.core.triggers.pattern import DAY, Pattern

NICKNAMES: Mapping[str, str] = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
}

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_WEEKDAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")

_ITEM = re.compile(r"(?:(?P<star>\*)|(?P<first>[a-z0-9]+)(?:-(?P<last>[a-z0-9]+))?)(?:/(?P<step>[0-9]+))?")
#: What other dialects have and a later version will: L, W, # and H.
_LATER = re.compile(r"h(\([0-9]+-[0-9]+\))?(/[0-9]+)?|l|lw|[0-9]{1,2}w|[0-7]l|([0-7]|[a-z]{3})#[1-5]")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Field:
    """One place of a cron text and what may stand there."""

    name: str
    least: int
    most: int
    names: Mapping[str, int] = field(default_factory=dict)
    size: int  #: different values; a longer step would select only the first
    unit: str  #: what to count instead when a step is too long; empty: nothing can be

    @property
    def last_name(self) -> str:
        """The field's last value, as a person writes it beside names."""
        return list(self.names)[-1]

    @property
    def first_name(self) -> str:
        """The field's first value, as a person writes it beside names."""
        return next(iter(self.names))


_MINUTE = _Field(name="minute", least=0, most=59, size=60, unit="minutes")
_HOUR = _Field(name="hour", least=0, most=23, size=24, unit="hours")
_DAY = _Field(name="day of month", least=1, most=31, size=31, unit="days")
_MONTH = _Field(
    name="month",
    least=1,
    most=12,
    names={name: number for number, name in enumerate(_MONTHS, start=1)},
    size=12,
    unit="",
)
_WEEKDAY = _Field(
    name="day of week",
    least=0,
    most=7,
    names={name: number for number, name in enumerate(_WEEKDAYS)},
    size=7,
    unit="",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cron:
    """A cron text that was read."""

    text: str  #: canonical: fields parted by one space, names in lower case, all else as written
    pattern: Pattern


def read_cron(text: str) -> Cron:
    """Read tidy cron text or a nickname such as `@daily`; raises TriggerError."""
    words = (_nickname(text) if text.startswith("@") else text).split()
    if len(words) != 5:
        raise TriggerError(_wrong_number_of_fields(text, len(words)))
    canonical = " ".join(words)
    minute_text, hour_text, day_text, _, weekday_text = words
    minutes, hours, days, months, weekdays = (
        _values(field_, word, canonical)
        for field_, word in zip((_MINUTE, _HOUR, _DAY, _MONTH, _WEEKDAY), words, strict=True)
    )
    calendar = CalendarDays(
        days=_bits(day - 1 for day in days),
        months=_bits(month - 1 for month in months),
        weekdays=_bits((weekday - 1) % 7 for weekday in weekdays),
        either=not (day_text.startswith("*") or weekday_text.startswith("*")),
    )
    if not calendar.ever():
        raise TriggerError(f"cron text {quoted(canonical)} never fires: no month it names has day {min(days)}")
    times = tuple(hour * 3_600 + minute * 60 for hour in sorted(hours) for minute in sorted(minutes))
    is_fixed = not (minute_text.startswith("*") or hour_text.startswith("*"))
    return Cron(text=canonical, pattern=Pattern(times=times, days=calendar, is_fixed=is_fixed))


def _nickname(word: str) -> str:
    if word == "@reboot":
        raise TriggerError("'@reboot' is not available yet: name times, such as '@hourly' or 'every 5 minutes'")
    if word not in NICKNAMES:
        raise TriggerError(
            f"no nickname {quoted(word)}{did_you_mean(word, NICKNAMES) or ': there are ' + ', '.join(NICKNAMES)}"
        )
    return NICKNAMES[word]


def _wrong_number_of_fields(text: str, count: int) -> str:
    if count == 6:
        return (
            f"cron text {quoted(text)} has six fields; seconds are not available in cron text yet: "
            "write five fields, or words such as 'every 10 seconds'"
        )
    if count == 7:
        return f"cron text {quoted(text)} has seven fields; seconds and years cannot be given: write five fields"
    return (
        f"cron text {quoted(text)} has {count} field{'' if count == 1 else 's'}: write five (minute, hour, day of month, "
        "month, day of week), or words such as 'every 5 minutes'"
    )


def _values(field_: _Field, word: str, text: str) -> set[int]:
    """Return the numbers one field selects."""
    return {value for item in word.split(",") for value in _item_values(field_, item, text)}


def _item_values(field_: _Field, item: str, text: str) -> range:
    place = f"{field_.name} {quoted(item)} in {quoted(text)}"
    if _LATER.fullmatch(item):
        raise TriggerError(f"{place}: L, W, # and H are not available yet, write the values themselves")
    match = _ITEM.fullmatch(item)
    if match is None:
        raise TriggerError(f"{place} cannot be read: write {_forms(field_)}")
    step = 1 if match["step"] is None else _step(field_, int(match["step"]), place)
    if match["star"]:
        # A week's Sunday is 0 and 7; `*` counts it once.
        return range(field_.least, field_.least + field_.size, step)
    first = _value(field_, match["first"], place)
    if match["last"] is not None:
        last = _value(field_, match["last"], place)
    elif match["step"] is None:
        last = first
    elif field_ is _WEEKDAY:
        raise TriggerError(f"{place}: programs differ on where it ends, write a range such as '1-5/2'")
    else:
        last = field_.most
    if last < first:
        raise TriggerError(f"{place} runs backwards: write {_forwards(field_, match['first'], match['last'])!r}")
    return range(first, last + 1, step)


def _step(field_: _Field, step: int, place: str) -> int:
    if step == 0:
        raise TriggerError(f"{place}: a step is 1 or more")
    if step > field_.size:
        raise TriggerError(
            f"{place}: a step above {field_.size} selects only the first value, write {_instead(field_, step)}"
        )
    return step


def _instead(field_: _Field, step: int) -> str:
    seconds = step * PARTS_OF_A_DAY.get(field_.unit, 0)
    if seconds > DAY:
        return in_days(seconds)
    return f"every {step} {field_.unit}" if field_.unit else "the values themselves"


def _value(field_: _Field, word: str, place: str) -> int:
    """Return the number a word of a field stands for."""
    if word in field_.names:
        return field_.names[word]
    if not word.isdecimal():
        raise TriggerError(f"{place} cannot be read{did_you_mean(word, field_.names) or ': write ' + _forms(field_)}")
    value = int(word)
    if not field_.least <= value <= field_.most:
        raise TriggerError(f"{place} is out of range: write {field_.least} to {field_.most}")
    return value


def _forms(field_: _Field) -> str:
    """Return what may stand in a field, in words."""
    numbers = f"'*', a number from {field_.least} to {field_.most}"
    names = f", a name such as {field_.last_name!r}" if field_.names else ""
    return f"{numbers}{names}, a range such as '1-5', a step such as '*/2', or a list of these"


def _forwards(field_: _Field, first: str, last: str) -> str:
    """Return a backward range as two that run forwards."""
    names = bool(field_.names) and not first.isdecimal()
    end = field_.last_name if names else str(field_.least + field_.size - 1)
    start = field_.first_name if names else str(field_.least)
    return f"{first if first == end else f'{first}-{end}'},{last if last == start else f'{start}-{last}'}"


def _bits(positions: Iterable[int]) -> int:
    """Return a set of positions as bits."""
    bits = 0
    for position in positions:
        bits |= 1 << position
    return bits
