"""From text to trigger: one grammar for what people write and for what the record keeps.

    TEXT := BASE CLAUSE*      every 5 minutes on weekdays between 08:00 and 18:00
    TEXT := EVENT             after other_task on success

A base is words (`every`, `every_to`, `once`) or cron text; a clause is one of `clauses`, an event one of `events`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from functools import lru_cache
from typing import TypeAlias

from task_scheduler.core.errors import TriggerError
from task_scheduler.core.excerpts import quoted
from task_scheduler.core.triggers.calendars import NO_CALENDARS, Calendar, Calendars
from task_scheduler.core.triggers.clauses import Clauses, read_clauses, split
from task_scheduler.core.triggers.cron import Cron, read_cron
from task_scheduler.core.triggers.events import Event, EventTrigger, read_event
from task_scheduler.core.triggers.every import Every
from task_scheduler.core.triggers.every_to import EveryTo
from task_scheduler.core.triggers.narrowing import narrowed
from task_scheduler.core.triggers.once import Once, take_once
from task_scheduler.core.triggers.pattern import Readings
from task_scheduler.core.triggers.plain import check_length, spaced, stripped_of_blanks
from task_scheduler.core.triggers.trigger import Trigger, build_trigger
from task_scheduler.core.triggers.wall_text import wall_reading
from task_scheduler.core.triggers.windows import Window
from task_scheduler.core.triggers.words import about_numbers, is_words, read_words, with_days_last

Base: TypeAlias = Every | EveryTo | Once | Cron


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """A schedule that was read. `combined` makes them."""

    base: Base
    clauses: Clauses

    @property
    def text(self) -> str:
        """The canonical text."""
        return self.base.text + self.clauses.text

    @property
    def last(self) -> int | None:
        """The wall reading after which there is no slot; None: it has no end."""
        return self.base.at if isinstance(self.base, Once) else self.clauses.last

    def readings(self, calendar: Calendar | None = None, *, said: str = "it") -> Readings:
        """Return the wall readings at which it is due; raises TriggerError where there are none.

        `calendar` is the one its clause names, None: the clause is not looked at; `said` is what never fires, then.
        """
        clauses = self.clauses
        base = self.base
        match base:
            case Cron():
                readings: Readings = base.pattern
            case EveryTo():
                readings = base.readings(clauses.seed)
            case _:
                readings = base.pattern()
        if not (clauses.weekdays or clauses.window or calendar):
            return readings
        return narrowed(
            readings,
            said=said,
            weekdays=frozenset(clauses.weekdays) if clauses.weekdays else None,
            window=Window(begin=clauses.window[0], end=clauses.window[1]) if clauses.window else None,
            calendar=calendar,
            on_holiday=clauses.on_holiday or "skip",
        )


def read_schedule(words: str, *, seed: str = "", saved_at: datetime | None = None) -> str:
    """Return the canonical text of a schedule in words, cron text or a nickname; raises TriggerError.

    Equal meanings in words have equal texts; a canonical text is its own. `seed` names the job, so that what is
    chosen for it (`H`, varying intervals) differs from job to job; empty: an expression that stands alone.
    `saved_at` is the moment, in the schedule's zone, of whose day an end that is a time alone is; None: it is refused.
    """
    return _read(words, seed, None if saved_at is None else saved_at.replace(tzinfo=None)).text


def parse_trigger(text: str, zone: tzinfo, calendars: Calendars = NO_CALENDARS) -> Trigger:
    """Return the trigger that a canonical text means in a zone; raises TriggerError.

    That of an event has no slots. `calendars` knows the one that the text may name.
    """
    reading = _read(text, "", None)
    if isinstance(reading, Reading) and reading.clauses.calendar:
        return _trigger(text, zone, calendars.holidays(reading.clauses.calendar))
    return _trigger(text, zone, None)


def read_parts(text: str) -> Reading | Event:
    """Return what a canonical text says, part by part; raises TriggerError."""
    return _read(text, "", None)


def has_slots(text: str) -> bool:
    """Whether a canonical text has slots by the clock, as every schedule but an event's; raises TriggerError."""
    return isinstance(_read(text, "", None), Reading)


def calendar_of(text: str) -> str:
    """Return the name of the calendar that a canonical text observes, empty: none; raises TriggerError."""
    return calendar_clause_of(text)[0]


def calendar_clause_of(text: str) -> tuple[str, str]:
    """Return what `calendar_of` does, and one of ON_HOLIDAY, empty without a calendar; raises TriggerError."""
    reading = _read(text, "", None)
    return (reading.clauses.calendar, reading.clauses.on_holiday) if isinstance(reading, Reading) else ("", "")


def has_ended(text: str, at: datetime) -> bool:
    """Whether a canonical text has no slot after a moment given in its zone, since its end is past; raises TriggerError.

    That of a schedule without an end, or of an event, has not.
    """
    reading = _read(text, "", None)
    if not isinstance(reading, Reading) or reading.last is None:
        return False
    return reading.last < wall_reading(at)


def with_clauses(text: str, more: str, *, seed: str = "") -> str:
    """Return a canonical text with further clauses in words, such as `from 2027-01-01 plus 17 s`; raises TriggerError.

    What the text says itself stays, and so does an event; what is due once takes no beginning and no end.
    """
    reading = _read(text, "", None)
    if not isinstance(reading, Reading):
        return text
    added = read_clauses(more.split())
    own = reading.clauses
    first, last = (None, None) if isinstance(reading.base, Once) else (added.first, added.last)
    delays = own if own.delay or own.fresh_delay else added
    named = own if own.calendar else added
    clauses = Clauses(
        weekdays=own.weekdays or added.weekdays,
        window=own.window or added.window,
        first=first if own.first is None else own.first,
        last=last if own.last is None else own.last,
        calendar=named.calendar,
        on_holiday=named.on_holiday,
        delay=delays.delay,
        fresh_delay=delays.fresh_delay,
        seed=own.seed or added.seed,
    )
    try:
        return combined(reading.base, clauses, seed=seed).text
    except TriggerError as error:
        raise TriggerError(f"{quoted(text)}, with {quoted(more)}: {error}") from None


def combined(base: Base, clauses: Clauses, *, seed: str) -> Reading:
    """Put a schedule and its clauses together; raises TriggerError where nothing is left of it."""
    if isinstance(base, Once) and (clauses.first is not None or clauses.last is not None):
        raise TriggerError("what is due once takes no beginning and no end: leave 'from' and 'until' out")
    reading = Reading(base=base, clauses=clauses.sealed(seed, varies=isinstance(base, EveryTo)))
    reading.readings()
    return reading


@lru_cache(maxsize=4_096)
def _trigger(text: str, zone: tzinfo, calendar: Calendar | None) -> Trigger:
    reading = _read(text, "", None)
    if not isinstance(reading, Reading):
        return EventTrigger(reading.text, zone)
    clauses = reading.clauses
    return build_trigger(
        reading.text,
        zone,
        reading.readings(calendar, said=quoted(text)),
        first=clauses.first,
        last=clauses.last,
        delay=clauses.delay,
        fresh_delay=clauses.fresh_delay,
        seed=clauses.seed,
    )


@lru_cache(maxsize=1_024)
def _read(words: str, seed: str, now: datetime | None) -> Reading | Event:
    """Read a schedule; `now` is what a clock in its zone shows, for an end that is a time alone."""
    read = read_event(stripped_of_blanks(words)) or _read_slots(spaced(words), seed, now)
    # Clauses may be longer in the canonical text than as they were written.
    check_length(read.text)
    return read


def _read_slots(text: str, seed: str, now: datetime | None) -> Reading:
    words = text.split()
    turned = with_days_last(words)
    base, rest = _read_base(turned, seed, written="" if turned is words else text)
    try:
        return combined(base, read_clauses(rest, now=now), seed=seed)
    except TriggerError as error:
        raise TriggerError(f"{quoted(text)}: {error}") from None


def _read_base(words: Sequence[str], seed: str, *, written: str) -> tuple[Base, Sequence[str]]:
    """Return what the first words mean, and those after them; `written` as `read_words` has it. Raises TriggerError."""
    if words[0].lower() == "once":
        return take_once(words)
    before, rest = split(words)
    return _read_repeating(" ".join(before), seed, written), rest


@lru_cache(maxsize=1_024)
def _read_repeating(text: str, seed: str, written: str) -> Base:
    """Return what words or cron text without clauses mean. Thousands of jobs differ in their delay alone."""
    if is_words(text):
        return read_words(text, written)
    hint = about_numbers(text)
    if hint:
        raise TriggerError(f"{quoted(text)} cannot be read{hint}")
    return read_cron(text, seed)
