"""One field of a cron text: what may stand there and which values it selects."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from task_scheduler.core.errors import TriggerError, did_you_mean
from task_scheduler.core.excerpts import quoted
from task_scheduler.core.triggers.days import LAST_DAY_OF_MONTH, LAST_WEEK_OF_MONTH
from task_scheduler.core.triggers.every import PARTS_OF_A_DAY, in_days
from task_scheduler.core.triggers.pattern import DAY

MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
WEEKDAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")

_ITEM = re.compile(r"(?:(?P<star>\*)|(?P<first>[a-z0-9]+)(?:-(?P<last>[a-z0-9]+))?)(?:/(?P<step>[0-9]+))?")
_HASHED = re.compile(r"h(?:\((?P<first>[a-z0-9]+)-(?P<last>[a-z0-9]+)\))?(?:/(?P<step>[0-9]+))?")
_WORKDAY = re.compile(r"(?P<day>[0-9]+)w")
_LAST_WEEKDAY = re.compile(r"(?P<day>[0-9])l")
_ORDINAL = re.compile(r"(?P<day>[a-z0-9]+)#(?P<week>[0-9]+)")
_RANGE_OF_ORDINALS = re.compile(r"[a-z0-9]+-[a-z0-9]+#[0-9]+")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Field:
    """One place of a cron text and what may stand there; each is one object."""

    name: str
    least: int
    most: int
    size: int  #: different values; a longer step would select only the first
    unit: str = ""  #: what to count instead when a step is too long; empty: nothing can be
    names: Mapping[str, int] = field(default_factory=dict)
    most_hashed: int  #: the last value that a bare `H` may become
    others: str = ""  #: what may stand there beside numbers, for messages

    @property
    def last_name(self) -> str:
        """The field's last value, as a person writes it beside names."""
        return list(self.names)[-1]

    @property
    def first_name(self) -> str:
        """The field's first value, as a person writes it beside names."""
        return next(iter(self.names))


SECOND = Field(name="second", least=0, most=59, size=60, unit="seconds", most_hashed=59)
MINUTE = Field(name="minute", least=0, most=59, size=60, unit="minutes", most_hashed=59)
HOUR = Field(name="hour", least=0, most=23, size=24, unit="hours", most_hashed=23)
DAY_OF_MONTH = Field(
    name="day of month",
    least=1,
    most=31,
    size=31,
    unit="days",
    most_hashed=28,  # which every month has
    others=", 'L' for the last day, '15W' for the workday nearest to a day, 'LW' for the last workday",
)
MONTH = Field(
    name="month",
    least=1,
    most=12,
    size=12,
    names={name: number for number, name in enumerate(MONTHS, start=1)},
    most_hashed=12,
)
DAY_OF_WEEK = Field(
    name="day of week",
    least=0,
    most=7,
    size=7,
    names={name: number for number, name in enumerate(WEEKDAYS)},
    most_hashed=6,  # 0 and 7 are Sunday; each day has one chance
    others=", '5L' for the last Friday, 'fri#2' for the second",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """What one field, or one item of its list, selects."""

    text: str  #: canonical: as written, but `H` replaced by numbers
    values: frozenset[int] = frozenset()
    last_day: bool = False  #: of the day of month: `L`
    workdays: frozenset[int] = frozenset()  #: of the day of month: `15W` and `LW`, as bits of CalendarDays.workdays
    ordinals: frozenset[int] = frozenset()  #: of the day of week: `5L` and `fri#2`, as bits of CalendarDays.ordinals

    @property
    def moves(self) -> bool:
        """Whether any of it lies on other dates in each month."""
        return bool(self.workdays or self.ordinals or self.last_day)

    @property
    def begins_with_star(self) -> bool:
        """Whether cron takes the field for unrestricted."""
        return self.text.startswith("*")


def read_field(field_: Field, word: str, *, text: str, seed: str) -> Selection:
    """Read one field, in any case, of the cron text `text`; raises TriggerError.

    `seed` picks the numbers that `H` becomes: equal seeds pick equal numbers for ever.
    """
    known = None if "h" in word.lower() else _known(field_, word)
    return known or _read_field(field_, word, text=text, seed=seed)


@lru_cache(maxsize=4_096)
def _known(field_: Field, word: str) -> Selection | None:
    """Return what a field without `H` selects, which is the same in thousands of texts; None: it cannot be read."""
    try:
        return _read_field(field_, word, text=word, seed="")
    except TriggerError:
        return None


def _read_field(field_: Field, word: str, *, text: str, seed: str) -> Selection:
    items = [_read_item(field_, item, text, seed) for item in word.split(",")]
    if any(item.moves for item in items) and any(item.begins_with_star for item in items):
        raise TriggerError(
            f"{field_.name} {quoted(word)} in {quoted(text)}: programs differ on '*' in a list with L, W or #, "
            "write the days that are meant"
        )
    return Selection(
        text=",".join(item.text for item in items),
        values=frozenset().union(*(item.values for item in items)),
        workdays=frozenset().union(*(item.workdays for item in items)),
        last_day=any(item.last_day for item in items),
        ordinals=frozenset().union(*(item.ordinals for item in items)),
    )


def _read_item(field_: Field, written: str, text: str, seed: str) -> Selection:
    place = f"{field_.name} {quoted(written)} in {quoted(text)}"
    item = written.lower()
    instead = _instead_of(field_, item)
    if instead:
        raise TriggerError(f"{place} cannot be read: write {instead}")
    hashed = _HASHED.fullmatch(item)
    if hashed is not None:
        return _hashed(field_, hashed, place, seed)
    if field_ is DAY_OF_MONTH:
        moving = _moving_day(item, place)
    elif field_ is DAY_OF_WEEK:
        moving = _moving_weekday(item, place)
    else:
        moving = None
    return moving or Selection(text=item, values=frozenset(_values(field_, item, place)))


def _moving_day(item: str, place: str) -> Selection | None:
    """Return what `L`, `LW` or `15W` selects; None: it is none of these."""
    if item == "l":
        return Selection(text=item, last_day=True)
    if item == "lw":
        return Selection(text=item, workdays=frozenset({LAST_DAY_OF_MONTH}))
    match = _WORKDAY.fullmatch(item)
    if match is None:
        return None
    return Selection(text=item, workdays=frozenset({_value(DAY_OF_MONTH, match["day"], place) - 1}))


def _moving_weekday(item: str, place: str) -> Selection | None:
    """Return what `5L` or `fri#2` selects; None: it is none of these."""
    match = _LAST_WEEKDAY.fullmatch(item)
    if match is not None:
        return _ordinal(item, match["day"], LAST_WEEK_OF_MONTH, place)
    match = _ORDINAL.fullmatch(item)
    if match is None:
        return None
    week = int(match["week"])
    if not 1 <= week <= 5:
        raise TriggerError(
            f"{place}: a month has a weekday four or five times, write '#1' to '#5', or '5L' for the last"
        )
    return _ordinal(item, match["day"], week - 1, place)


def _ordinal(item: str, day: str, week: int, place: str) -> Selection:
    weekday = (_value(DAY_OF_WEEK, day, place) - 1) % 7
    return Selection(text=item, ordinals=frozenset({7 * week + weekday}))


def _hashed(field_: Field, match: re.Match[str], place: str, seed: str) -> Selection:
    """Return the numbers that stand for an `H`."""
    first, last = field_.least, field_.most_hashed
    if match["first"] is not None:
        first, last = (_value(field_, match[end], place) for end in ("first", "last"))
    size = last - first + 1
    if size < 1:
        raise TriggerError(f"{place} runs backwards: write the smaller end first")
    if match["step"] is None:
        chosen = first + _hash(seed, field_) % size
        return Selection(text=str(chosen), values=frozenset({chosen}))
    step = _step(field_, int(match["step"]), place)
    if step == 1:
        raise TriggerError(f"{place}: a step of 1 leaves nothing to choose, write '*' for all or 'H' for one of them")
    if step > size:
        raise TriggerError(f"{place}: a step above {size} selects one value or none, write it without the step")
    values = range(first + _hash(seed, field_) % step, last + 1, step)
    text = f"{values[0]}-{values[-1]}/{step}" if len(values) > 1 else str(values[0])
    return Selection(text=text, values=frozenset(values))


def _hash(seed: str, field_: Field) -> int:
    """Return a number for a seed and a field. Jobs are known by what it picks: never change it."""
    return int.from_bytes(hashlib.sha256(f"{field_.name} {seed}".encode("utf-8", "surrogatepass")).digest()[:8])


def _values(field_: Field, item: str, place: str) -> range:
    """Return the values of `*`, a number, a name or a range, with or without a step."""
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
    elif field_ is DAY_OF_WEEK:
        raise TriggerError(f"{place}: programs differ on where it ends, write a range such as '1-5/2'")
    else:
        last = field_.most
    if last < first:
        raise TriggerError(f"{place} runs backwards: write {_forwards(field_, match['first'], match['last'])!r}")
    return range(first, last + 1, step)


def _step(field_: Field, step: int, place: str) -> int:
    if step == 0:
        raise TriggerError(f"{place}: a step is 1 or more")
    if step > field_.size:
        raise TriggerError(
            f"{place}: a step above {field_.size} selects only the first value, write {_longer(field_, step)}"
        )
    return step


def _longer(field_: Field, step: int) -> str:
    """Return what to write for a step that its field cannot hold."""
    seconds = step * PARTS_OF_A_DAY.get(field_.unit, 0)
    if seconds > DAY:
        return in_days(seconds)
    return f"every {step} {field_.unit}" if field_.unit else "the values themselves"


def _value(field_: Field, word: str, place: str) -> int:
    """Return the number a word of a field stands for."""
    if word in field_.names:
        return field_.names[word]
    if not word.isdecimal():
        raise TriggerError(f"{place} cannot be read{did_you_mean(word, field_.names) or f': write {_forms(field_)}'}")
    value = int(word)
    if not field_.least <= value <= field_.most:
        raise TriggerError(f"{place} is out of range: write {field_.least} to {field_.most}")
    return value


def _instead_of(field_: Field, item: str) -> str:
    """Return what to write for what other programs read; empty: nothing is known."""
    if item == "?":
        return "'*'"
    if item == "r" or item.startswith(("r/", "r(")):
        return "'H', which is the same at each start"
    if field_ is DAY_OF_MONTH and item.startswith("l-"):
        return "'L' for the last day, or days that every month has, such as '25'"
    if field_ is DAY_OF_MONTH and item.endswith("-l") and item[:-2].isdecimal():
        return f"'{item[:-1]}31'"
    if field_ is not DAY_OF_WEEK:
        return ""
    if item == "l":
        return "which weekday, such as '5L' for the last Friday"
    if _RANGE_OF_ORDINALS.fullmatch(item):
        return "each day with its own number, such as 'mon#1,tue#1'"
    day = item.removesuffix("#l").removesuffix("l")
    if day != item and day in field_.names:
        return f"'{field_.names[day]}L'"
    return repr(item[1:]) if item.startswith("+") and item[1:] in field_.names else ""


def _forms(field_: Field) -> str:
    """Return what may stand in a field, in words."""
    numbers = f"'*', a number from {field_.least} to {field_.most}"
    names = f", a name such as {field_.last_name!r}" if field_.names else ""
    return f"{numbers}{names}, a range such as '1-5', a step such as '*/2'{field_.others}, or a list of these"


def _forwards(field_: Field, first: str, last: str) -> str:
    """Return a backward range as two that run forwards."""
    names = bool(field_.names) and not first.isdecimal()
    end = field_.last_name if names else str(field_.least + field_.size - 1)
    start = field_.first_name if names else str(field_.least)
    return f"{first if first == end else f'{first}-{end}'},{last if last == start else f'{start}-{last}'}"
