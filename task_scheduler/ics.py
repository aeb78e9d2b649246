"""Calendar files (RFC 5545) of moments and spans, as calendar programs import them.

Standard library only. Times are written in UTC, so that a file needs no definitions of zones.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

#: Octets of a line, without its end.
_LONGEST_LINE = 75
#: What text may not hold: all control characters but the line feed, which is escaped.
_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f\x7f]")
_ESCAPED = str.maketrans({"\\": "\\\\", ";": "\\;", ",": "\\,", "\n": "\\n"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One entry of a calendar. Moments are aware."""

    uid: str  #: names it for ever: a file that is imported again changes entries and doubles none
    start: datetime
    summary: str
    description: str = ""
    end: datetime | None = None  #: None: it is a moment
    categories: tuple[str, ...] = ()


def write_calendar(entries: Iterable[Entry], *, name: str, now: datetime) -> bytes:
    """Return the text of a calendar file; `now` is when its entries were worked out."""
    lines = [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//Task Scheduler//Task Scheduler//EN",
        "CALSCALE:GREGORIAN",
        "METHOD:PUBLISH",
        f"X-WR-CALNAME:{_text(name)}",
    ]
    for entry in entries:
        lines += _lines(entry, now)
    lines.append("END:VCALENDAR")
    return b"".join(piece for line in lines for piece in _folded(line))


def _lines(entry: Entry, now: datetime) -> Iterator[str]:
    yield "BEGIN:VEVENT"
    yield f"UID:{_text(entry.uid)}"
    yield f"DTSTAMP:{_moment(now)}"
    yield f"DTSTART:{_moment(entry.start)}"
    if entry.end is not None:
        yield f"DTEND:{_moment(entry.end)}"
    yield f"SUMMARY:{_text(entry.summary)}"
    if entry.description:
        yield f"DESCRIPTION:{_text(entry.description)}"
    if entry.categories:
        yield f"CATEGORIES:{','.join(map(_text, entry.categories))}"
    # A machine's work takes nobody's time.
    yield "TRANSP:TRANSPARENT"
    yield "END:VEVENT"


def _moment(moment: datetime) -> str:
    if moment.utcoffset() is None:
        raise ValueError(f"a moment needs a time zone, {moment.isoformat()} has none")
    there = moment.astimezone(UTC)
    # `strftime` gives a year before 1000 fewer than four digits.
    return f"{there.year:04}{there:%m%dT%H%M%SZ}"


def _text(value: str) -> str:
    return _CONTROL.sub(" ", value.replace("\r\n", "\n")).translate(_ESCAPED)


def _folded(line: str) -> Iterator[bytes]:
    """Yield a line in pieces that are short enough, none of which begins in the middle of a character."""
    # A file's name that is no text has surrogates, which UTF-8 has not.
    rest = line.encode("utf-8", "replace")
    room = _LONGEST_LINE
    while len(rest) > room:
        cut = room
        while rest[cut] & 0b1100_0000 == 0b1000_0000:
            cut -= 1
        yield rest[:cut] + b"\r\n"
        # The space that tells a continuation counts.
        rest, room = b" " + rest[cut:], _LONGEST_LINE
    yield rest + b"\r\n"
