"""What a schedule does around the changes of a zone's clock, and what should be known of it beforehand.

All is found by asking its trigger. Which of its readings a change skips or repeats, the same trigger tells by a clock
that is never changed: that is no second rule.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta, tzinfo
from itertools import islice, takewhile

from task_scheduler.core.triggers.calendars import NO_CALENDARS, Calendars
from task_scheduler.core.triggers.clock_changes import ClockChange, clock_changes
from task_scheduler.core.triggers.every import time_of_day
from task_scheduler.core.triggers.every_to import EveryTo
from task_scheduler.core.triggers.listing import listed
from task_scheduler.core.triggers.reading import Reading, parse_trigger, read_parts
from task_scheduler.core.triggers.remarks import schedule_remarks
from task_scheduler.core.triggers.trigger import Trigger

_SECOND = timedelta(seconds=1)
#: Readings that a sentence names.
_NAMED = 4
#: How far ahead changes of the clock are looked for.
_AHEAD = timedelta(days=800)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeEffect:
    """What a change of the clock does to one schedule, its delays left aside."""

    change: ClockChange
    readings: tuple[datetime, ...]  #: the first of the due readings that are skipped or repeated, as a clock shows them
    count: int  #: how many they are
    runs: int  #: slots that stand for them: of skipped ones at the change itself, else in both passes together
    sentence: str


def undelayed(text: str) -> str:
    """Return the canonical text of a schedule without its delays; raises TriggerError."""
    read = read_parts(text)
    if not isinstance(read, Reading) or not (read.clauses.delay or read.clauses.fresh_delay):
        return text
    seed = read.clauses.seed if isinstance(read.base, EveryTo) else ""
    return replace(read, clauses=replace(read.clauses, delay=0, fresh_delay=0, seed=seed)).text


def change_effects(
    text: str, zone: tzinfo, now: datetime, calendars: Calendars = NO_CALENDARS, *, count: int = 2
) -> tuple[ChangeEffect, ...]:
    """Return what the coming changes of the zone's clock do to a schedule; raises TriggerError.

    Fewer than `count`: no more are known within two years. Events have none.
    """
    if not isinstance(read_parts(text), Reading):
        return ()
    rule = undelayed(text)
    changes = islice(clock_changes(zone, now, _later(now)), count)
    return tuple(change_effect(rule, zone, change, calendars) for change in changes)


def change_effect(text: str, zone: tzinfo, change: ClockChange, calendars: Calendars = NO_CALENDARS) -> ChangeEffect:
    """Return what one change of a zone's clock does to a schedule without delays; raises TriggerError."""
    trigger = parse_trigger(text, zone, calendars)
    if change.shift > timedelta():
        return _gap(text, trigger, change, calendars)
    return _overlap(trigger, change)


def skipped_readings(
    text: str, change: ClockChange, calendars: Calendars = NO_CALENDARS, *, most: int = _NAMED
) -> tuple[Sequence[datetime], int]:
    """Return the first readings of a schedule that a clock put forward never shows, and how many there are."""
    readings = readings_of(text, calendars)
    begin, end = change.at + change.before, change.at + change.after
    count = readings.count_between(begin - _SECOND, end - _SECOND)
    slots = _slots_between(readings, begin, end) if count else iter(())
    return [slot.replace(tzinfo=None) for slot in islice(slots, most)], count


def makes_up_alone(text: str, change: ClockChange, calendars: Calendars = NO_CALENDARS) -> bool:
    """Whether nothing of a schedule is due anyway at the moment to which the clock is put forward."""
    return not has_slot(readings_of(text, calendars), change.at + change.after)


def readings_of(text: str, calendars: Calendars = NO_CALENDARS) -> Trigger:
    """Return the trigger of a schedule by a clock that is never changed, UTC: its slots are the due readings."""
    return parse_trigger(text, UTC, calendars)


def slots_after(trigger: Trigger, moment: datetime) -> Iterator[datetime]:
    """Yield the slots of a trigger that are later than a moment."""
    slot = trigger.next_after(moment)
    while slot is not None:
        yield slot
        slot = trigger.next_after(slot)


def has_slot(trigger: Trigger, moment: datetime) -> bool:
    """Whether a trigger has a slot at a moment."""
    return trigger.next_after(moment - _SECOND) == moment


def warnings_of(text: str, trigger: Trigger, now: datetime) -> tuple[str, ...]:
    """Return what should be known of a schedule before it is relied on, a sentence each, without a full stop.

    Raises TriggerError.
    """
    read = read_parts(text)
    if not isinstance(read, Reading):
        return ()
    said = list(schedule_remarks(text))
    if over := why_over(text, trigger, now):
        said.append(over)
    return tuple(said)


def why_over(text: str, trigger: Trigger, now: datetime) -> str:
    """Return why a schedule has no slot after a moment, as a sentence without a full stop; empty: it has one.

    Raises TriggerError.
    """
    if trigger.next_after(now) is not None:
        return ""
    if is_taken_by_holidays(text, trigger.zone, now):
        return "it never fires: each of its days is a holiday of its calendar"
    last = trigger.last_before(now)
    return "it never fires" if last is None else f"it is over: its last slot was {show(last, trigger.zone)}"


def is_taken_by_holidays(text: str, zone: tzinfo, now: datetime) -> bool:
    """Whether a schedule without a further slot would have one if no day were a holiday; raises TriggerError."""
    read = read_parts(text)
    if not isinstance(read, Reading) or not read.clauses.calendar:
        return False
    plain = replace(read, clauses=replace(read.clauses, calendar="", on_holiday="")).text
    return parse_trigger(plain, zone).next_after(now) is not None


def show(moment: datetime, zone: tzinfo) -> str:
    """Return a moment in a zone as `2026-03-29 03:00 +02:00`."""
    there = moment.astimezone(zone)
    return f"{there.date().isoformat()} {clock_text(there)} {offset_text(there)}"


def clock_text(reading: datetime) -> str:
    """Return the time of day of a reading as `03:00`, or `03:00:17`."""
    return time_of_day(reading.hour * 3_600 + reading.minute * 60 + reading.second)


def offset_text(moment: datetime) -> str:
    """Return the offset from UTC of an aware moment as `+02:00`."""
    return moment.isoformat(timespec="seconds")[19:]


def name_times(readings: Sequence[datetime], count: int) -> str:
    """Return the first of `count` readings by their times of day: `02:00, 02:20 and 02:40`."""
    if count <= _NAMED:
        return listed([clock_text(reading) for reading in readings])
    return f"{clock_text(readings[0])}, {clock_text(readings[1])} and {count - 2:,} more"


def _gap(text: str, trigger: Trigger, change: ClockChange, calendars: Calendars) -> ChangeEffect:
    readings, count = skipped_readings(text, change, calendars)
    runs_there = has_slot(trigger, change.at)
    own = runs_there and not makes_up_alone(text, change, calendars)
    made_up = runs_there and count > 0 and (_is_fixed(text) or not own) and not change.is_correction
    there = clock_text(_reading(change.at, change.after))
    if not count:
        first, last = _reading(change.at, change.before), _reading(change.at, change.after)
        said = f"nothing is due between {clock_text(first)} and {clock_text(last)}, which do not exist"
    elif made_up:
        together = ", with what is due then anyway" if own else ""
        said = f"{name_times(readings, count)} {_do(count)} not exist: runs once, at {there}{together}"
    else:
        said = f"{name_times(readings, count)} {_do(count)} not exist: not run"
    return ChangeEffect(change=change, readings=tuple(readings), count=count, runs=int(made_up), sentence=said)


def _overlap(trigger: Trigger, change: ClockChange) -> ChangeEffect:
    size = -change.shift
    begin, end = change.at - size, change.at + size
    first = trigger.count_between(begin - _SECOND, change.at - _SECOND)
    second = trigger.count_between(change.at - _SECOND, end - _SECOND)
    since, offset = (begin, change.before) if first else (change.at, change.after)
    slots = _slots_between(trigger, since, since + size) if first or second else iter(())
    readings = [_reading(slot, offset) for slot in islice(slots, _NAMED)]
    count = first or second
    comes = "comes" if count == 1 else "come"
    if not count:
        earliest, latest = _reading(change.at, change.after), _reading(change.at, change.before)
        said = f"nothing is due between {clock_text(earliest)} and {clock_text(latest)}, which come twice"
    else:
        said = f"{name_times(readings, count)} {comes} twice: {_passes(first, second)}"
    return ChangeEffect(change=change, readings=tuple(readings), count=count, runs=first + second, sentence=said)


def _passes(first: int, second: int) -> str:
    if not second:
        return "runs the first time only"
    if not first:
        return "runs the second time only"
    if first == second:
        return "runs both times"
    return f"runs {_times(first)} in the first pass, {_times(second)} in the second"


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count:,} times"


def _is_fixed(text: str) -> bool:
    read = read_parts(text)
    return isinstance(read, Reading) and read.readings().is_fixed


def _do(count: int) -> str:
    return "does" if count == 1 else "do"


def _slots_between(trigger: Trigger, begin: datetime, end: datetime) -> Iterator[datetime]:
    """Yield the slots in [begin, end)."""
    return takewhile(lambda slot: slot < end, slots_after(trigger, begin - _SECOND))


def _reading(moment: datetime, offset: timedelta) -> datetime:
    """Return what a clock with an offset from UTC shows at a moment, without a zone."""
    return moment.replace(tzinfo=None) + offset


def _later(moment: datetime) -> datetime:
    latest = datetime.max.replace(tzinfo=moment.tzinfo) - _AHEAD
    return moment + _AHEAD if moment < latest else moment
