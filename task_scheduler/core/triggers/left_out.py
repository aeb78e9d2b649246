"""Slots that a schedule does not have since their day is a holiday: those it leaves out, and those it moves."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta, tzinfo

from task_scheduler.core.triggers.calendars import LONGEST_MOVE, Calendar, Calendars, is_holiday
from task_scheduler.core.triggers.days_chosen import weekday
from task_scheduler.core.triggers.explaining import has_slot, undelayed
from task_scheduler.core.triggers.reading import Reading, parse_trigger, read_parts
from task_scheduler.core.triggers.trigger import Trigger

_EPOCH = date(1970, 1, 1).toordinal()
_DAY, _SECOND = timedelta(days=1), timedelta(seconds=1)
#: How a slot is moved, by what a schedule does on a holiday.
_STEPS = {"next_workday": 1, "previous_workday": -1}
#: Slots of one day that are told one by one.
_MOST_APART = 24


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOut:
    """One or several slots in a row that a day off took away, without the delays of their schedule."""

    first: datetime  #: UTC
    last: datetime
    count: int
    holiday: str  #: what the day off is called; empty: it has no name
    moved_to: datetime | None  #: the slot that stands for the first of them, UTC; None: they are left out


class LeftOuts:
    """Tells what a calendar takes away from one schedule."""

    def __init__(self, text: str, zone: tzinfo, calendars: Calendars) -> None:
        """Read a canonical text; raises TriggerError."""
        self._zone = zone
        self._calendar: Calendar | None = None
        rule = undelayed(text)
        read = read_parts(rule)
        if not isinstance(read, Reading) or not read.clauses.calendar:
            return
        self._calendar = calendars.holidays(read.clauses.calendar)
        self._step = _STEPS.get(read.clauses.on_holiday, 0)
        self._trigger: Trigger = parse_trigger(rule, zone, calendars)
        #: The schedule as if no day were a holiday.
        self._plain = parse_trigger(replace(read, clauses=replace(read.clauses, calendar="", on_holiday="")).text, zone)

    def between(self, begin: datetime, end: datetime) -> Iterator[LeftOut]:
        """Yield what would have been due from `begin` to before `end`, day by day."""
        calendar = self._calendar
        if calendar is None or begin >= end:
            return
        last_day = self._day(end - _SECOND)
        for day in range(self._day(begin), last_day + 1):
            if is_holiday(calendar, day):
                yield from self._of_day(calendar, day, max(begin, self._begin(day)), min(end, self._begin(day + 1)))

    def _of_day(self, calendar: Calendar, day: int, begin: datetime, end: datetime) -> Iterator[LeftOut]:
        count = self._plain.count_between(begin - _SECOND, end - _SECOND)
        first = self._plain.next_after(begin - _SECOND) if count else None
        last = self._plain.last_before(end - _SECOND) if count else None
        if first is None or last is None:
            return
        name = calendar.names(day)
        if count > _MOST_APART:
            yield LeftOut(first=first, last=last, count=count, holiday=name, moved_to=self._goal(first, day))
            return
        slot: datetime | None = first
        while slot is not None and slot <= last:
            yield LeftOut(first=slot, last=slot, count=1, holiday=name, moved_to=self._goal(slot, day))
            slot = self._plain.next_after(slot)

    def _goal(self, slot: datetime, day: int) -> datetime | None:
        """Return the slot a holiday's is moved to; None: it is left out."""
        if not self._step:
            return None
        distance = next(
            (distance for distance in range(1, LONGEST_MOVE + 1) if self._is_workday(day + self._step * distance)), None
        )
        if distance is None:
            return None
        there = slot.astimezone(self._zone)
        goal = (there + self._step * distance * _DAY).replace(tzinfo=self._zone, fold=0).astimezone(UTC)
        return goal if has_slot(self._trigger, goal) else None

    def _is_workday(self, day: int) -> bool:
        calendar = self._calendar
        return calendar is not None and weekday(day) not in calendar.weekend and not is_holiday(calendar, day)

    def _day(self, moment: datetime) -> int:
        return moment.astimezone(self._zone).date().toordinal() - _EPOCH

    def _begin(self, day: int) -> datetime:
        there = date.fromordinal(day + _EPOCH)
        return datetime(there.year, there.month, there.day, tzinfo=self._zone).astimezone(UTC)
