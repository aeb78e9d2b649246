"""The links of a decorator's chain as data: their arguments by name, and how they are told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeAlias

from task_scheduler.core.errors import TriggerError, did_you_mean
from task_scheduler.core.excerpts import quoted
from task_scheduler.core.triggers.every import SINGULAR, UNITS, WEEKDAYS

#: One link of a chain, as recorded: its name, and what it was called with.
ChainCall: TypeAlias = tuple[str, tuple[object, ...], Mapping[str, object]]

#: Links that take nothing.
UNIT_LINKS = (*UNITS, *SINGULAR, *WEEKDAYS)
#: Stands for an argument that must be given.
REQUIRED = object()

_LONGEST_SHOWN = 100


def spell_chain(calls: Sequence[ChainCall]) -> str:
    """Return a chain as its author may have written it, cut where it is too long for a sentence."""
    said = ".".join(_spell_call(call) for call in calls)
    return said if len(said) <= _LONGEST_SHOWN else f"{said[:_LONGEST_SHOWN]}…"


def _spell_call(call: ChainCall) -> str:
    name, args, kwargs = call
    if name in UNIT_LINKS and not args and not kwargs:
        return name
    said = [quoted(value) for value in args] + [f"{key}={quoted(value)}" for key, value in kwargs.items()]
    return f"{name}({', '.join(said)})"


def bound(call: ChainCall, parameters: Mapping[str, object], said: str) -> Mapping[str, object]:
    """Return the arguments of a call by name; raises TriggerError for those it does not take."""
    name, args, kwargs = call
    if len(args) > len(parameters):
        most = {0: "no arguments", 1: "at most one argument"}.get(
            len(parameters), f"at most {len(parameters)} arguments"
        )
        raise TriggerError(f"{said}: {name}() takes {most}, {len(args)} are given")
    given = dict(zip(parameters, args, strict=False))
    for key, value in kwargs.items():
        if key not in parameters:
            raise TriggerError(f"{said}: {name}() takes no {quoted(key)}{did_you_mean(key, parameters)}")
        if key in given:
            raise TriggerError(f"{said}: {name}() is given {quoted(key)} twice")
        given[key] = value
    arguments = {**parameters, **given}
    for key, value in arguments.items():
        if value is REQUIRED:
            raise TriggerError(f"{said}: {name}() needs {quoted(key)}")
    return arguments
