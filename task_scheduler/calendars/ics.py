"""Calendars as iCalendar files (RFC 5545): each all-day event is a holiday.

What lasts from one midnight to another is all-day too, as some programs write it. Events with other times are
no holidays and are passed over, cancelled ones likewise.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

from task_scheduler.calendars.listed import FileCalendar
from task_scheduler.calendars.yearly import Yearly, read_yearly
from task_scheduler.core.errors import TriggerError
from task_scheduler.core.excerpts import quoted

_LINE = re.compile(r'([A-Za-z0-9-]+)((?:;[A-Za-z0-9-]+=(?:"[^"]*"|[^";:])*)*):(.*)')
_DATE = re.compile(r"(\d{4})(\d{2})(\d{2})(?:T(\d{6})Z?)?", re.ASCII)
_DURATION = re.compile(r"P(?:(\d{1,3})W|(\d{1,4})D)(?:T0[HMS])?", re.ASCII)
_ESCAPED = re.compile(r"\\([\\;,nN])")
_ONE_DAY = timedelta(days=1)
#: A longer event is no holiday: somebody mistook its end.
_LONGEST = timedelta(days=366)


@dataclass(slots=True)
class _Property:
    """A line of an event."""

    place: str
    value: str


@dataclass(slots=True)
class _Event:
    """The lines of an event, by their upper-case names."""

    place: str
    lines: dict[str, list[_Property]] = field(default_factory=dict)

    def one(self, name: str) -> _Property | None:
        """Return the first line of that name, None when there is none."""
        return self.lines.get(name, [None])[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Holiday:
    """An all-day event."""

    first: date
    length: timedelta
    name: str
    yearly: Yearly | None
    more: frozenset[date]
    less: frozenset[date]

    def days_of_year(self, year: int) -> Mapping[date, str]:
        """Return its days in a year."""
        begun = {start for before in (year - 1, year) for start in self._starts(before)} - self.less
        days = (start + number * _ONE_DAY for start in begun for number in range(self.length.days))
        return {day: self.name for day in days if day.year == year}

    def _starts(self, year: int) -> Iterator[date]:
        yield from (day for day in (self.first, *self.more) if day.year == year)
        if self.yearly is not None:
            yield from self.yearly.days_of_year(year)


def read_ics(name: str, text: str) -> FileCalendar:
    """Read the calendar `name` from its text; raises TriggerError that says the line."""
    events = list(_events(name, text))
    # A moved or renamed single event of a series stands as an event of its own.
    instead: dict[str, set[date]] = {}
    for event in events:
        original, uid = event.one("RECURRENCE-ID"), event.one("UID")
        if original is not None and uid is not None:
            instead.setdefault(uid.value, set()).add(_read_date(original)[0])
    found = (_holiday(event, instead) for event in events)
    return FileCalendar([holiday.days_of_year for holiday in found if holiday is not None])


def _events(name: str, text: str) -> Iterator[_Event]:
    """Yield the events of a calendar; lines of what they contain, such as alarms, are left out."""
    within: list[str] = []
    event = None
    for key, line in _properties(name, text):
        if key == "BEGIN":
            within.append(line.value.upper())
            if within == _EVENT:
                event = _Event(line.place)
        elif not within:
            raise TriggerError(f"{line.place}: '{key}' stands outside of 'BEGIN:VCALENDAR'")
        elif key == "END":
            if event is not None and within == _EVENT:
                yield event
                event = None
            if within.pop() != line.value.upper():
                raise TriggerError(f"{line.place}: 'END:{line.value}' ends what did not begin")
        elif event is not None and within == _EVENT:
            event.lines.setdefault(key, []).append(line)
    if within:
        raise TriggerError(f"{name}: '{within[-1]}' has no end: the file is cut off")


_EVENT = ["VCALENDAR", "VEVENT"]


def _properties(name: str, text: str) -> Iterator[tuple[str, _Property]]:
    """Yield the lines of a calendar by their upper-case names, without their parameters."""
    for place, line in _unfolded(name, text):
        match = _LINE.fullmatch(line)
        if match is None:
            raise TriggerError(f"{place}: {quoted(line)} is no line of an iCalendar file")
        yield match[1].upper(), _Property(place, match[3].strip())


def _unfolded(name: str, text: str) -> Iterator[tuple[str, str]]:
    """Yield each line with its place; one that begins with a blank continues the line before."""
    if not text.strip():
        raise TriggerError(f"{name}: the calendar is empty")
    place, said = "", ""
    for number, line in enumerate(text.replace("\r\n", "\n").split("\n"), start=1):
        if line[:1] in {" ", "\t"} and said:
            said += line[1:]
            continue
        if said:
            yield place, said
        place, said = f"{name}:{number}", line
    if said:
        yield place, said


def _holiday(event: _Event, instead: Mapping[str, set[date]]) -> _Holiday | None:
    start = event.one("DTSTART")
    if start is None:
        raise TriggerError(f"{event.place}: the event has no DTSTART")
    first, is_whole = _read_date(start)
    length = _length(event, first)
    status = event.one("STATUS")
    if not is_whole or length is None or (status is not None and status.value.upper() == "CANCELLED"):
        return None
    summary, uid, rule = event.one("SUMMARY"), event.one("UID"), event.one("RRULE")
    is_single = event.one("RECURRENCE-ID") is not None
    replaced = set() if is_single or uid is None else instead.get(uid.value, set())
    return _Holiday(
        first=first,
        length=length,
        name="" if summary is None else _ESCAPED.sub(_unescaped, summary.value).strip(),
        yearly=None if rule is None or is_single else read_yearly(rule.place, rule.value, first),
        more=frozenset(_dates(event.lines.get("RDATE", ()))),
        less=frozenset({*_dates(event.lines.get("EXDATE", ())), *replaced}),
    )


def _length(event: _Event, first: date) -> timedelta | None:
    """Return how many whole days an event lasts; None: it lasts no whole days, so it is not all-day."""
    end, duration = event.one("DTEND"), event.one("DURATION")
    if end is not None:
        after, is_whole = _read_date(end)
        length = max(after - first, _ONE_DAY) if is_whole else None
    elif duration is not None:
        match = _DURATION.fullmatch(duration.value)
        length = None if match is None else timedelta(weeks=int(match[1] or 0), days=int(match[2] or 0))
    else:
        length = _ONE_DAY
    if length is not None and length > _LONGEST:
        raise TriggerError(f"{event.place}: the event lasts {length.days} days: write at most {_LONGEST.days}")
    return length


def _dates(lines: Sequence[_Property]) -> Iterator[date]:
    for line in lines:
        for value in line.value.split(","):
            yield _read_date(_Property(line.place, value))[0]


def _read_date(line: _Property) -> tuple[date, bool]:
    """Return the date of a line, and whether it stands alone or with midnight."""
    match = _DATE.fullmatch(line.value.strip())
    try:
        if match is not None:
            return date(int(match[1]), int(match[2]), int(match[3])), match[4] in {None, "000000"}
    except ValueError:
        pass
    raise TriggerError(f"{line.place}: {quoted(line.value)} is no date such as 20270101")


def _unescaped(match: re.Match[str]) -> str:
    return " " if match[1] in {"n", "N"} else match[1]
