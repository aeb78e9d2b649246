"""The links of a decorator's chain that are clauses: days, a window, a beginning and an end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta

from task_scheduler.core.errors import TriggerError
from task_scheduler.core.excerpts import quoted
from task_scheduler.core.triggers.clauses import Clauses, read_first, read_last, read_window
from task_scheduler.core.triggers.links import REQUIRED, ChainCall, bound
from task_scheduler.core.triggers.wall_text import wall_reading
from task_scheduler.core.triggers.weekdays import read_weekdays
from task_scheduler.core.triggers.zones import read_zone

#: Links that say more of a schedule that has slots by the clock, with the names of their arguments.
CLAUSE_LINKS: Mapping[str, Sequence[str]] = {
    "between": ("begin", "end"),
    "on": (),
    "starting": ("moment",),
    "until": ("until_time",),
}


class Now:
    """The moment a file was saved, as a clock in the schedule's zone showed it."""

    def __init__(self, zone: str | None, saved_at: datetime | None) -> None:
        """`zone` None: the zone of `saved_at` is meant."""
        self._zone = read_zone(zone) if zone else saved_at.tzinfo if saved_at else None
        self.reading = None if saved_at is None else self.shown(saved_at)
        self._saved_at = saved_at

    def shown(self, moment: datetime) -> datetime:
        """Return what the clock shows at a moment, without a zone; raises TriggerError where that is not known."""
        if moment.utcoffset() is None:
            return moment.replace(tzinfo=None)
        if self._zone is None:
            raise TriggerError(f"{moment.isoformat()} is a time of another zone: write it without one")
        try:
            return moment.astimezone(self._zone).replace(tzinfo=None)
        except OverflowError:
            raise TriggerError(f"the year {moment.year} is out of bounds") from None

    def later(self, span: timedelta) -> datetime:
        """Return what the clock shows so long after the file was saved; raises TriggerError."""
        if self._saved_at is None:
            raise TriggerError("an end after some time counts from when the file is saved: write a date here")
        try:
            return self.shown(self._saved_at.astimezone(UTC) + span)
        except OverflowError:
            raise TriggerError(f"an end after {span.days} days is out of bounds") from None


def clause_arguments(links: Sequence[ChainCall], said: str) -> Mapping[str, Sequence[object]]:
    """Return what the links that are clauses are given; raises TriggerError."""
    found: dict[str, Sequence[object]] = {}
    for link in links:
        name, args, kwargs = link
        if name not in CLAUSE_LINKS:
            continue
        if name in found:
            raise TriggerError(f"more than one {name}() in {said}: give each its own decorator")
        if name == "on":
            if kwargs:
                raise TriggerError(f"{said}: on() takes no {quoted(next(iter(kwargs)))}")
            found[name] = args
        else:
            found[name] = tuple(bound(link, dict.fromkeys(CLAUSE_LINKS[name], REQUIRED), said).values())
    return found


def read_clause_links(given: Mapping[str, Sequence[object]], now: Now) -> Clauses:
    """Read what clauses are given; raises TriggerError without the chain."""
    clauses = Clauses()
    for name, arguments in given.items():
        match name:
            case "between":
                begin, end = (_text(argument, name, "'08:00'") for argument in arguments)
                clauses = replace(clauses, window=read_window(begin, end))
            case "on":
                days = " ".join(_text(argument, name, "'weekdays'") for argument in arguments)
                clauses = replace(clauses, weekdays=read_weekdays(days))
            case "starting":
                clauses = replace(clauses, first=_first(arguments[0], now))
            case _:
                clauses = replace(clauses, last=_last(arguments[0], now))
    return clauses


def _first(moment: object, now: Now) -> int:
    if isinstance(moment, datetime):
        return wall_reading(now.shown(moment))
    return read_first(_text(moment, "starting", "'2027-01-01'").strip())


def _last(until: object, now: Now) -> int:
    match until:
        case str():
            return read_last(until.strip(), now.reading)
        case datetime():
            return wall_reading(now.shown(until))
        case time() if until.tzinfo is None:
            return read_last(until.replace(microsecond=0).isoformat(), now.reading)
        case timedelta():
            return wall_reading(now.later(until))
        case _:
            raise TriggerError(
                "until() takes text such as '2027-06-30 18:00', a datetime, a time without a zone or a timedelta"
            )


def _text(value: object, name: str, example: str) -> str:
    if not isinstance(value, str):
        raise TriggerError(f"{name}() takes text such as {example}")
    return value
