"""Schedules of decorators: `every(2).weeks`, `every().day.at("10:30", "Europe/Berlin")`, `cron("0 9 * * 1-5")`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeAlias

from task_scheduler.core.errors import TriggerError, did_you_mean
from task_scheduler.core.excerpts import quoted
from task_scheduler.core.triggers.cron import read_cron
from task_scheduler.core.triggers.every import SINGULAR, UNITS, WEEKDAYS, every_of
from task_scheduler.core.triggers.plain import tidy
from task_scheduler.core.triggers.zones import read_zone

#: One link of a chain, as recorded: its name, and what it was called with.
ChainCall: TypeAlias = tuple[str, tuple[object, ...], Mapping[str, object]]

_LINKS = (*UNITS, *SINGULAR, *WEEKDAYS)
_LATER = ("to", "until", "tag")
_STARTS_LATER = ("once", "after", "at_startup")


def read_chain(calls: Sequence[ChainCall]) -> tuple[str, str | None]:
    """Return the canonical text and the zone's name, or None, of a decorator's chain; raises TriggerError."""
    said = spell_chain(calls)
    if not calls:
        raise TriggerError("the schedule is empty: write every(5).minutes, for example")
    start, *links = calls
    match start[0]:
        case "every":
            return _read_every(start, links, said)
        case "cron":
            return _read_cron(start, links, said)
        case name if name in _STARTS_LATER:
            raise TriggerError(f"{said}: {name}() is not available yet, use every() or cron()")
        case name:
            raise TriggerError(f"{said}: a schedule begins with every() or cron(), not with {quoted(name)}")


def spell_chain(calls: Sequence[ChainCall]) -> str:
    """Return a chain as its author may have written it, cut where it is too long for a sentence."""
    said = ".".join(_spell_call(call) for call in calls)
    return said if len(said) <= _LONGEST_SHOWN else f"{said[:_LONGEST_SHOWN]}…"


def _spell_call(call: ChainCall) -> str:
    name, args, kwargs = call
    if name in _LINKS and not args and not kwargs:
        return name
    said = [quoted(value) for value in args] + [f"{key}={quoted(value)}" for key, value in kwargs.items()]
    return f"{name}({', '.join(said)})"


def _read_every(start: ChainCall, links: Sequence[ChainCall], said: str) -> tuple[str, str | None]:
    interval = _bound(start, {"interval": 1}, said)["interval"]
    for name, _, _ in links:
        _check_link(name, said)
    units = [link for link in links if link[0] in _LINKS]
    times = [link for link in links if link[0] == "at"]
    if len(units) != 1:
        found = "no unit" if not units else "more than one unit"
        raise TriggerError(f"{said} has {found}: write every(5).minutes or every().monday, for example")
    if len(times) > 1:
        raise TriggerError(f"{said} has more than one time: give each its own decorator")
    if times and links[0] is times[0]:
        raise TriggerError(f"{said}: at() comes after the unit")
    unit = _unit(units[0], interval, said)
    if not times:
        return every_of(interval, unit, said=said).text, None
    at = _bound(times[0], {"time_str": _REQUIRED, "tz": None}, said)
    time = at["time_str"]
    if not isinstance(time, str):
        raise TriggerError(f"{said}: at() takes text such as '10:30'")
    return every_of(interval, unit, time, said=said).text, _zone(at["tz"], said)


def _read_cron(start: ChainCall, links: Sequence[ChainCall], said: str) -> tuple[str, str | None]:
    if links:
        raise TriggerError(f"{said}: nothing may follow cron()")
    given = _bound(start, {"text": _REQUIRED, "timezone": None}, said)
    text = given["text"]
    if not isinstance(text, str):
        raise TriggerError(f"{said}: cron() takes text such as '0 9 * * 1-5'")
    return read_cron(tidy(text)).text, _zone(given["timezone"], said)


_LONGEST_SHOWN = 100
#: Stands for an argument that must be given.
_REQUIRED = object()


def _bound(call: ChainCall, parameters: Mapping[str, object], said: str) -> Mapping[str, object]:
    """Return the arguments of a call by name; raises TriggerError for those it does not take."""
    name, args, kwargs = call
    if len(args) > len(parameters):
        most = "one argument" if len(parameters) == 1 else f"{len(parameters)} arguments"
        raise TriggerError(f"{said}: {name}() takes at most {most}, {len(args)} are given")
    given = dict(zip(parameters, args, strict=False))
    for key, value in kwargs.items():
        if key not in parameters:
            raise TriggerError(f"{said}: {name}() takes no {quoted(key)}{did_you_mean(key, parameters)}")
        if key in given:
            raise TriggerError(f"{said}: {name}() is given {quoted(key)} twice")
        given[key] = value
    bound = {**parameters, **given}
    for key, value in bound.items():
        if value is _REQUIRED:
            raise TriggerError(f"{said}: {name}() needs {quoted(key)}")
    return bound


def _check_link(name: str, said: str) -> None:
    if name in _LATER:
        raise TriggerError(f"{said}: .{name}() is not available yet, leave it out")
    if name == "do":
        raise TriggerError(f"{said}: .do() is not needed, the decorated function is what runs")
    if name != "at" and name not in _LINKS:
        raise TriggerError(f"{said}: unknown {quoted(name)}{did_you_mean(name, (*_LINKS, 'at'))}")


def _unit(link: ChainCall, interval: object, said: str) -> str:
    """Return the plural of a unit, or the weekday."""
    name, args, kwargs = link
    if args or kwargs:
        raise TriggerError(f"{said}: {quoted(name)} takes nothing, write it without parentheses")
    if name in SINGULAR and interval != 1:
        raise TriggerError(f"{said}: write every({interval!r}).{SINGULAR[name]}")
    return SINGULAR.get(name, name)


def _zone(name: object, said: str) -> str | None:
    if name is None:
        return None
    if not isinstance(name, str):
        raise TriggerError(f"{said}: a time zone is text such as 'Europe/Berlin'")
    return read_zone(name).key
