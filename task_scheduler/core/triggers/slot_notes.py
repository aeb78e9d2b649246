"""What is odd about single slots: times that do not exist or come twice, holidays, delays."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta, tzinfo

from task_scheduler.core.triggers.calendars import NO_CALENDARS, Calendar, Calendars, is_holiday
from task_scheduler.core.triggers.clock_changes import clock_changes
from task_scheduler.core.triggers.days_chosen import weekday
from task_scheduler.core.triggers.explaining import (
    clock_text,
    has_slot,
    makes_up_alone,
    name_times,
    readings_of,
    skipped_readings,
    undelayed,
)
from task_scheduler.core.triggers.listing import listed
from task_scheduler.core.triggers.reading import Reading, parse_trigger, read_parts

_EPOCH = date(1970, 1, 1).toordinal()
_DAY, _SECOND = timedelta(days=1), timedelta(seconds=1)
#: A time change repeats or skips at most so much; what is further from one is not touched by it.
_NEAR = timedelta(hours=3)
#: Days that a note names, and how far from a slot a holiday it was moved from is looked for.
_NAMED_DAYS, _LONGEST_MOVE = 3, 60


class SlotNotes:
    """Tells what a person should know of the slots of one schedule."""

    def __init__(self, text: str, zone: tzinfo, calendars: Calendars = NO_CALENDARS) -> None:
        """Read a canonical text; raises TriggerError."""
        self._zone = zone
        self._calendars = calendars
        self._text = undelayed(text)
        read, rule = read_parts(text), read_parts(self._text)
        self._trigger = parse_trigger(self._text, zone, calendars)
        self._readings = readings_of(self._text, calendars)
        self._is_delayed = self._text != text
        self._delay = read.clauses.delay if isinstance(read, Reading) else 0
        self._holidays: _HolidayNotes | None = None
        if isinstance(rule, Reading) and rule.clauses.calendar:
            self._holidays = _HolidayNotes(rule, zone, calendars.holidays(rule.clauses.calendar))

    def of(self, slot: datetime, since: datetime) -> tuple[str, ...]:
        """Return the notes of a slot, which comes next after `since`: the slot before it, or where a list begins."""
        due = self._due(slot) or slot
        before = min(self._due(since) or since, due)
        notes = [*self._skipped(before, due), *self._repeated(due)]
        if self._holidays is not None:
            notes += self._holidays.of(due, before)
        if due != slot:
            notes.append(f"{int((slot - due).total_seconds()):,} s after {self._clock(due)}")
        return tuple(notes)

    def _due(self, slot: datetime) -> datetime | None:
        """Return when a slot would be without its delay, of which none lets one slot pass another."""
        return self._trigger.last_before(slot - timedelta(seconds=self._delay)) if self._is_delayed else slot

    def _skipped(self, before: datetime, due: datetime) -> Iterator[str]:
        """Yield what a clock put forward has skipped between two slots."""
        if not self._readings.count_between(self._shown(before), self._shown(due) - _SECOND):
            return
        for change in clock_changes(self._zone, before, due):
            if change.shift < timedelta():
                continue
            readings, count = skipped_readings(self._text, change, self._calendars)
            if not count:
                continue
            times = f"{name_times(readings, count)} {'does' if count == 1 else 'do'} not exist"
            if due != change.at:
                yield f"{times} on {readings[0].date().isoformat()}"
            elif makes_up_alone(self._text, change, self._calendars):
                yield f"{times} on this day: {self._clock(due)}"
            else:
                yield f"{times} on this day"

    def _repeated(self, due: datetime) -> Iterator[str]:
        """Yield that a clock put back shows the time of a slot twice."""
        for change in clock_changes(self._zone, due - _NEAR, due + _NEAR):
            if change.at + change.shift <= due < change.at:
                both = has_slot(self._trigger, due - change.shift)
                yield f"first of two {self._clock(due)}s" + ("" if both else ", the only one that counts")
            elif change.at <= due < change.at - change.shift:
                yield f"second of two {self._clock(due)}s"

    def _shown(self, moment: datetime) -> datetime:
        """Return what the zone's clock shows, as `readings_of` has it."""
        return moment.astimezone(self._zone).replace(tzinfo=UTC)

    def _clock(self, moment: datetime) -> str:
        return clock_text(moment.astimezone(self._zone))


class _HolidayNotes:
    """Tells which holidays left out or moved slots."""

    def __init__(self, read: Reading, zone: tzinfo, calendar: Calendar) -> None:
        self._zone = zone
        self._calendar = calendar
        self._step = {"next_workday": -1, "previous_workday": 1}.get(read.clauses.on_holiday, 0)
        #: The schedule as if no day were a holiday.
        plain = replace(read, clauses=replace(read.clauses, calendar="", on_holiday="")).text
        self._plain = parse_trigger(plain, zone)
        self._plain_readings = readings_of(plain)

    def of(self, due: datetime, before: datetime) -> Iterator[str]:
        """Yield what holidays did between two slots, or to the second."""
        if self._step:
            moved = [self._named(day) for day in self._moved_to(due)]
            if moved:
                together = "stands for" if has_slot(self._plain, due) else "moved from"
                yield f"{together} {listed(moved, most=_NAMED_DAYS)}"
            return
        left_out = [self._named(day) for day in self._holidays(self._day(before), self._day(due))]
        if left_out:
            yield f"left out: {listed(left_out, most=_NAMED_DAYS)}"

    def _holidays(self, first: int, last: int) -> Iterator[int]:
        """Yield the holidays after one day and before another on which something would have been due."""
        for year in range(_date(first).year, _date(last).year + 1):
            for day in sorted(self._calendar.days_off(year)):
                if first < day < last and self._has_plain_slot(day):
                    yield day

    def _moved_to(self, due: datetime) -> Iterator[int]:
        """Yield the holidays whose reading of that time of day is moved to a slot."""
        there = due.astimezone(self._zone)
        day = self._day(due)
        distance = 1 if self._is_workday(day) else _LONGEST_MOVE
        while distance < _LONGEST_MOVE and not self._is_workday(day + self._step * distance):
            other = day + self._step * distance
            if is_holiday(self._calendar, other):
                reading = datetime.combine(_date(other), there.time(), UTC)
                if has_slot(self._plain_readings, reading):
                    yield other
            distance += 1

    def _is_workday(self, day: int) -> bool:
        return weekday(day) not in self._calendar.weekend and not is_holiday(self._calendar, day)

    def _has_plain_slot(self, day: int) -> bool:
        midnight = datetime.combine(_date(day), time(), UTC)
        return self._plain_readings.count_between(midnight - _SECOND, midnight + _DAY - _SECOND) > 0

    def _named(self, day: int) -> str:
        name = self._calendar.names(day)
        said = _date(day).isoformat()
        return f"{said} ({name})" if name else said

    def _day(self, moment: datetime) -> int:
        return moment.astimezone(self._zone).date().toordinal() - _EPOCH


def _date(day: int) -> date:
    return date.fromordinal(day + _EPOCH)
