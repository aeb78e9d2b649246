"""What may follow a schedule: days, windows, a beginning and an end, a calendar, delays.

A clause has one spelling in a canonical text and freer ones where people write: `on weekdays`, `between 8:00 and
18:00`, `starting 2027-01-01`, `until 2027-06-30 18:00`, `calendar de-by`, `plus up to 60 s`. They may come in any order
there; the canonical text has one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, TypeAlias

from task_scheduler.core.errors import TriggerError, did_you_mean
from task_scheduler.core.excerpts import quoted
from task_scheduler.core.triggers.every import time_of_day
from task_scheduler.core.triggers.pattern import DAY
from task_scheduler.core.triggers.seeds import seed_digits
from task_scheduler.core.triggers.wall_text import is_date, is_time, read_time, read_wall, wall_reading, wall_text
from task_scheduler.core.triggers.weekdays import SHORT, read_weekdays

#: What happens to a slot on a holiday: it is left out, or moved to the nearest day that people work.
ON_HOLIDAY = ("skip", "next_workday", "previous_workday")
#: Seconds a slot may be delayed.
MOST_DELAY = DAY

_COUNTRY = re.compile(r"[A-Za-z]{2,5}(-[A-Za-z0-9]{1,6})?")
_FILE = re.compile(r"[^ /][^ ]*\.(ics|txt)")
_NUMBER = re.compile(r"[0-9]+")
_DIGITS = re.compile(r"[0-9a-f]{8}")
_SECONDS = ("s", "sec", "second", "seconds")
_LAST_SECOND = DAY - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Clauses:
    """The clauses of one schedule. Wall readings are seconds since 1970-01-01 00:00, as a clock shows them."""

    weekdays: tuple[int, ...] = ()  #: ascending, 0 = Monday; empty: any
    window: tuple[int, int] | None = None  #: seconds of the day, both included; the first larger: around midnight
    first: int | None = None  #: wall reading before which no slot is
    last: int | None = None  #: wall reading after which none is
    calendar: str = ""  #: a country or a file; empty: none
    on_holiday: str = ""  #: one of ON_HOLIDAY; empty without a calendar
    delay: int = 0  #: seconds by which each slot is later
    fresh_delay: int = 0  #: each slot is later by up to so many seconds
    seed: str = ""  #: eight hex digits; empty: nothing is drawn

    @property
    def text(self) -> str:
        """The canonical text, each clause after a space. It is part of a job's identity: never change a spelling."""
        said = f" on {','.join(SHORT[weekday] for weekday in self.weekdays)}" if self.weekdays else ""
        if self.window:
            said += f" between {time_of_day(self.window[0])} and {time_of_day(self.window[1])}"
        if self.first is not None:
            said += f" from {wall_text(self.first, without=0)}"
        if self.last is not None:
            said += f" until {wall_text(self.last, without=_LAST_SECOND)}"
        if self.calendar:
            said += f" calendar {self.calendar} {self.on_holiday}"
        if self.delay:
            said += f" plus {self.delay} s"
        if self.fresh_delay:
            said += f" plus up to {self.fresh_delay} s"
        return f"{said} by {self.seed}" if self.seed else said

    def sealed(self, seed: str, *, varies: bool) -> Clauses:
        """Return them with a seed where something is drawn from it, here or (`varies`) by the schedule itself.

        Raises TriggerError where they have one that nothing is drawn from, or end before they begin.
        """
        if self.first is not None and self.last is not None and self.first > self.last:
            begin, end = wall_text(self.first, without=0), wall_text(self.last, without=_LAST_SECOND)
            raise TriggerError(f"it never fires, for it ends ({end}) before it begins ({begin})")
        if varies or self.fresh_delay:
            return self if self.seed else replace(self, seed=seed_digits(seed))
        if self.seed:
            raise TriggerError("'by' goes with 'every A to B' and 'plus up to': leave it out")
        return self


def split(words: Sequence[str]) -> tuple[Sequence[str], Sequence[str]]:
    """Return the words of a schedule before its first clause, and those from there on."""
    place = next((place for place, word in enumerate(words) if place and word.lower() in _TAKERS), len(words))
    return words[:place], words[place:]


def read_clauses(words: Sequence[str], *, now: datetime | None = None) -> Clauses:
    """Read the words after a schedule, in any case; raises TriggerError.

    A time alone after `until` is of the day of `now`, what a clock shows without its zone; None: it is refused.
    """
    rest = _Rest(words, now)
    clauses = Clauses()
    seen: set[str] = set()
    while rest:
        keyword = rest.take("")
        if keyword.lower() not in _TAKERS:
            raise TriggerError(f"{quoted(keyword)} cannot stand here{did_you_mean(keyword.lower(), _TAKERS)}")
        changes = _TAKERS[keyword.lower()](rest)
        twice = seen & set(changes)
        if twice:
            raise TriggerError(f"{quoted(keyword)} is said twice: give each its own schedule")
        seen |= set(changes)
        clauses = replace(clauses, **changes)
    return clauses


# --- parts, for those who have them in hand ---------------------------------------------------------------


def read_window(begin: str, end: str) -> tuple[int, int] | None:
    """Return the first and the last second of a window; None: it is the whole day. Raises TriggerError."""
    window = read_time(begin), read_time(end)
    if window[0] == window[1]:
        raise TriggerError(f"a window that begins and ends at {begin} cannot be meant: write its two ends")
    return None if window == (0, _LAST_SECOND) else window


def read_first(text: str) -> int:
    """Return the wall reading that a beginning means; a date alone: its first second. Raises TriggerError."""
    if is_time(text):
        raise TriggerError(f"a beginning is a date, not {text}: for every day write 'between {text} and 23:59'")
    return read_wall(text, second=0)


def read_last(text: str, now: datetime | None) -> int:
    """Return the wall reading that an end means; a date alone: its last second. Raises TriggerError.

    A time alone is of the day of `now`, what a clock shows without its zone; None: it is refused.
    """
    if not is_time(text):
        return read_wall(text, second=_LAST_SECOND)
    if now is None:
        raise TriggerError(
            f"an end at {text} names no day: write a date too, or for every day 'between 00:00 and {text}'"
        )
    return wall_reading(now) // DAY * DAY + read_time(text)


def read_calendar(name: str) -> str:
    """Return the name of a calendar as canonical texts have it; raises TriggerError."""
    if _COUNTRY.fullmatch(name):
        return name.upper()
    parts = name.split("/")
    if _FILE.fullmatch(name) and not {"", ".", ".."} & set(parts) and parts[-1] not in {".ics", ".txt"}:
        return name
    raise TriggerError(
        f"{quoted(name)} is no calendar: write a country such as DE or DE-BY, or the path inside the project "
        "folder, without spaces, of a file that ends in .ics or .txt"
    )


# --- the clauses as words ---------------------------------------------------------------------------------


class _Rest:
    """The words not read yet."""

    def __init__(self, words: Sequence[str], now: datetime | None) -> None:
        self._words = list(words)
        self.now = now

    def __bool__(self) -> bool:
        return bool(self._words)

    def take(self, missing: str) -> str:
        """Take a word; raises TriggerError with `missing` where there is none."""
        if not self._words:
            raise TriggerError(missing)
        return self._words.pop(0)

    def take_if(self, *known: str) -> bool:
        """Take the next words if they are these, in any case."""
        if tuple(word.lower() for word in self._words[: len(known)]) != known:
            return False
        del self._words[: len(known)]
        return True

    def has_more(self) -> bool:
        """Whether the next word is part of the clause at hand."""
        return bool(self._words) and self._words[0].lower() not in _TAKERS


#: What a clause says, by the names of fields of `Clauses`.
_Changes: TypeAlias = Mapping[str, Any]


def _take_weekdays(rest: _Rest) -> _Changes:
    names = []
    while rest.has_more():
        names.append(rest.take(""))
    return {"weekdays": read_weekdays(" ".join(names))}


def _take_window(rest: _Rest) -> _Changes:
    form = "'between' takes two times of day, such as 'between 08:00 and 18:00'"
    begin = rest.take(form)
    if not rest.take_if("and"):
        raise TriggerError(form)
    return {"window": read_window(begin, rest.take(form))}


def _take_first(rest: _Rest) -> _Changes:
    return {"first": read_first(_take_moment(rest, "from"))}


def _take_last(rest: _Rest) -> _Changes:
    return {"last": read_last(_take_moment(rest, "until"), rest.now)}


def _take_calendar(rest: _Rest) -> _Changes:
    # Whatever comes next is its name: BY is a country.
    name = rest.take("'calendar' takes a country such as DE, or a file that ends in .ics or .txt")
    said = rest.take("") if rest.has_more() else ON_HOLIDAY[0]
    rule = said.lower()
    if rule not in ON_HOLIDAY:
        hint = did_you_mean(rule, ON_HOLIDAY) or ": write " + ", ".join(ON_HOLIDAY)
        raise TriggerError(f"{quoted(said)} cannot follow the calendar {quoted(name)}{hint}")
    return {"calendar": read_calendar(name), "on_holiday": rule}


def _take_delay(rest: _Rest) -> _Changes:
    form = "'plus' takes seconds, such as 'plus 30 s' or 'plus up to 60 s'"
    name = "fresh_delay" if rest.take_if("up", "to") else "delay"
    number = rest.take(form)
    if not _NUMBER.fullmatch(number) or rest.take(form).lower() not in _SECONDS:
        raise TriggerError(form)
    if int(number) > MOST_DELAY:
        raise TriggerError(f"a delay of {number} s is longer than a day: write at most {MOST_DELAY}")
    return {name: int(number)}


def _take_seed(rest: _Rest) -> _Changes:
    form = "'by' takes eight hexadecimal digits: leave it out, and they are chosen"
    digits = rest.take(form).lower()
    if not _DIGITS.fullmatch(digits):
        raise TriggerError(form)
    return {"seed": digits}


def _take_moment(rest: _Rest, keyword: str) -> str:
    """Take a date, or a date and a time."""
    said = rest.take(f"a date is missing after {keyword!r}")
    if is_date(said):
        if rest.take_if("at"):
            return f"{said} {rest.take(f'a time is missing after {said!r}')}"
        if rest.has_more():
            return f"{said} {rest.take('')}"
    return said


_TAKERS: Mapping[str, Callable[[_Rest], _Changes]] = {
    "on": _take_weekdays,
    "between": _take_window,
    "from": _take_first,
    "starting": _take_first,
    "until": _take_last,
    "calendar": _take_calendar,
    "plus": _take_delay,
    "by": _take_seed,
}
KEYWORDS = tuple(_TAKERS)
