"""Calendars as plain text: one date a line, with a name where somebody gives one.

# Closed
2027-01-01 New Year
2027-05-14
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date

from task_scheduler.calendars.listed import FileCalendar
from task_scheduler.core.errors import TriggerError
from task_scheduler.core.excerpts import quoted

_LINE = re.compile(r"(\d{4}-\d{2}-\d{2})(?:\s+(.*))?", re.ASCII)
#: Lines that are no dates and are told of one file; of further ones the number is.
_MOST_TOLD = 3
_COMMENT = re.compile(r"(?:^|\s)#.*")


def read_dates(name: str, text: str) -> FileCalendar:
    """Read the calendar `name` from its text; raises TriggerError that says the first lines that are wrong."""
    years: dict[int, dict[date, str]] = {}
    faults: list[str] = []
    for number, line in enumerate(text.replace("\r\n", "\n").split("\n"), start=1):
        said = _COMMENT.sub("", line).strip()
        if said:
            try:
                day, called = _read_line(f"{name}:{number}", said)
            except TriggerError as error:
                faults.append(str(error))
            else:
                years.setdefault(day.year, {})[day] = called
    if faults:
        more = f"; and {len(faults) - _MOST_TOLD:,} more" if len(faults) > _MOST_TOLD else ""
        raise TriggerError("; ".join(faults[:_MOST_TOLD]) + more)

    def days_of_year(year: int) -> Mapping[date, str]:
        return years.get(year, {})

    return FileCalendar([days_of_year])


def _read_line(place: str, line: str) -> tuple[date, str]:
    match = _LINE.fullmatch(line)
    if match is None:
        raise TriggerError(
            f"{place}: {quoted(line)} is no holiday: write a date and a name, such as '2027-01-01 New Year'"
        )
    try:
        return date.fromisoformat(match[1]), match[2] or ""
    except ValueError:
        raise TriggerError(f"{place}: there is no date {match[1]}") from None
