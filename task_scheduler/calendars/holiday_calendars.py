"""Calendars by the names schedules have for them."""

from __future__ import annotations

import hashlib
import re
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import Self

from task_scheduler.calendars.country import PART, country_calendar, country_stamp
from task_scheduler.calendars.dates import read_dates
from task_scheduler.calendars.ics import read_ics
from task_scheduler.calendars.listed import FileCalendar
from task_scheduler.core.errors import TriggerError
from task_scheduler.core.excerpts import quoted
from task_scheduler.core.triggers.calendars import Calendar
from task_scheduler.private_files import claim_private

#: Where a project's scheduler keeps copies of calendar files.
COPIES = Path("data", "calendars")
#: Letters of a country, and of a part of it.
_COUNTRY = re.compile(rf"([A-Z]{{2}})(?:-({PART}))?")
_READERS = {".ics": read_ics, ".txt": read_dates}
#: The holidays of a century in the wordiest form take a tenth of it.
_LARGEST = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class _Kept:
    """A file's calendar and what the file was when it was read."""

    state: tuple[int, ...]
    stamp: str
    calendar: FileCalendar


@dataclass(frozen=True, slots=True, kw_only=True)
class StandIn:
    """A copy that counts in the place of a calendar's file."""

    reason: str  #: why the file cannot be used
    kept_at: datetime  #: when the copy was made, in UTC


class HolidayCalendars:
    """Calendars of countries and of the files in one project folder, each read when it is first asked for."""

    def __init__(self, project: Path, *, copies: Path | None = None, keeps: bool = True) -> None:
        """`copies` is a folder that keeps each file as it was when it could last be read, and what it said holds on.

        None: a file that cannot be read is no calendar. With `keeps` false copies are used, and none is made.
        """
        self._project = project
        self._copies = copies
        self._keeps = keeps
        #: The copies in use, by the calendar's name, as far as calendars have been asked for.
        self.stand_ins: dict[str, StandIn] = {}
        self._countries: dict[str, Calendar] = {}
        self._files: dict[str, _Kept] = {}

    @classmethod
    def for_looking(cls, project: Path) -> Self:
        """Return those of a project as its scheduler has them, for who changes nothing."""
        return cls(project, copies=project / COPIES, keeps=False)

    def holidays(self, name: str) -> Calendar:
        """Return the calendar of `DE`, `DE-BY` or a path in the project that ends in .ics or .txt.

        A file that changed is read anew; as long as its content is the same, so is the object. Raises
        TriggerError for a name that means nothing, and for a file that is missing or cannot be read and has no copy.
        """
        if PurePosixPath(name).suffix in _READERS:
            try:
                calendar = self._file(name).calendar
            except TriggerError as fault:
                if (earlier := self._earlier(name)) is None:
                    raise
                self._note_stand_in(name, str(fault))
                return earlier
            self.stand_ins.pop(name, None)
            return calendar
        match = _COUNTRY.fullmatch(name)
        if match is None:
            raise TriggerError(
                f"no calendar {quoted(name)}: write a country such as 'DE', a part of one such as 'DE-BY', "
                "or a path in the project that ends in .ics or .txt"
            )
        if name not in self._countries:
            self._countries[name] = country_calendar(match[1], match[2])
        return self._countries[name]

    def stamp(self, name: str) -> str:
        """Return a digest that changes when a calendar's holidays may have; raises TriggerError where it cannot be read now."""
        if PurePosixPath(name).suffix in _READERS:
            return self._file(name).stamp
        self.holidays(name)
        return country_stamp()

    def _file(self, name: str) -> _Kept:
        path = self._project / name
        if PurePosixPath(name).is_absolute() or ".." in PurePosixPath(name).parts:
            raise TriggerError(f"calendar {quoted(name)} lies outside the project: write a path inside it")
        try:
            found = path.stat()
            state = (found.st_mtime_ns, found.st_size, found.st_ino)
            kept = self._files.get(name)
            if kept is not None and kept.state == state:
                return kept
            if found.st_size > _LARGEST:
                raise TriggerError(f"calendar {quoted(name)} has {found.st_size} bytes: at most {_LARGEST} are read")
            content = path.read_bytes()
        except OSError as error:
            raise TriggerError(
                f"calendar {quoted(name)} cannot be read: {error.strerror}; its path is counted from the project folder"
            ) from None
        digest = hashlib.sha256(content).hexdigest()
        if kept is None or kept.stamp != digest:
            calendar = _READERS[path.suffix](name, _text(name, content))
            self._keep_copy(name, content)
        else:
            calendar = kept.calendar
        self._files[name] = _Kept(state=state, stamp=digest, calendar=calendar)
        return self._files[name]

    def _keep_copy(self, name: str, content: bytes) -> None:
        if self._copies is None or not self._keeps:
            return
        copy = self._copies / _copy_of(name)
        partial = copy.with_name(f"{copy.name}.new")
        # Without a copy all goes well until the file is broken at a start.
        with suppress(OSError):
            self._copies.mkdir(mode=0o700, parents=True, exist_ok=True)
            claim_private(partial)
            partial.write_bytes(content)
            partial.replace(copy)

    def _earlier(self, name: str) -> Calendar | None:
        """Return what a file said when it could last be read; None: nobody knows."""
        if self._copies is None:
            return None
        if name not in self._files:
            try:
                content = (self._copies / _copy_of(name)).read_bytes()
                calendar = _READERS[PurePosixPath(name).suffix](name, _text(name, content))
            except (OSError, TriggerError):
                return None
            self._files[name] = _Kept(state=(), stamp=hashlib.sha256(content).hexdigest(), calendar=calendar)
        return self._files[name].calendar

    def _note_stand_in(self, name: str, reason: str) -> None:
        if self._copies is None:
            return
        # A copy may be gone although what it said is known.
        with suppress(OSError):
            kept_at = (self._copies / _copy_of(name)).stat().st_mtime
            self.stand_ins[name] = StandIn(reason=reason, kept_at=datetime.fromtimestamp(kept_at, UTC))


def _copy_of(name: str) -> str:
    """Return the name of the copy of a calendar: its path may have any length and depth."""
    return f"{hashlib.sha256(name.encode()).hexdigest()[:32]}{PurePosixPath(name).suffix}"


def _text(name: str, content: bytes) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise TriggerError(f"{name}:{line}: is no UTF-8 text: save the calendar as UTF-8") from None
