"""What a function learns of its run by naming it as a parameter: `def start(scheduled_time, attempt): …`.

Imported only by attempts whose function has parameters. Standard library only, Python 3.8 or later.
"""

from __future__ import annotations

from datetime import datetime

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import CodeType
    from typing import Any

_PREFIX = "TASK_SCHEDULER_"
_MOST_WRAPPERS = 50
_TAKES_ANY_NAME = 0x08  # inspect.CO_VARKEYWORDS; importing inspect takes longer than a task


def asked_for(
    function: Callable[..., Any], arguments: tuple[Any, ...], keywords: dict[str, Any], order: dict[str, Any]
) -> dict[str, Any]:
    """Return what the function asks for by name and its schedule's own arguments leave open."""
    names = [name for name in _GIVEN if name not in keywords and _takes(function, name, len(arguments))]
    return {name: _GIVEN[name](order) for name in names}


def _takes(function: Callable[..., Any], name: str, filled: int) -> bool:
    """Whether a call can give the function `name`, after so many arguments without names."""
    for _ in range(_MOST_WRAPPERS):
        code: CodeType | None = getattr(function, "__code__", None)
        if code is None:
            return _object_takes(function, name, filled)
        takes = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
        if name in takes:
            return takes.index(name) >= max(min(filled, code.co_argcount), code.co_posonlyargcount)
        wrapped: Callable[..., Any] | None = getattr(function, "__wrapped__", None)
        if wrapped is None or not code.co_flags & _TAKES_ANY_NAME:
            break
        function = wrapped
    return False


def _object_takes(function: Callable[..., Any], name: str, filled: int) -> bool:
    """Whether something that is called like a function takes `name`: a `functools.partial`, an object."""
    import inspect

    try:
        parameters = list(inspect.signature(function).parameters.values())
    except (TypeError, ValueError):
        return False
    by_name = {inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY}
    return any(
        parameter.name == name
        and parameter.kind in by_name
        and (place >= filled or parameter.kind is inspect.Parameter.KEYWORD_ONLY)
        for place, parameter in enumerate(parameters)
    )


def _moment(order: dict[str, Any], variable: str) -> datetime | None:
    """Return a moment in the zone of its job, in UTC where this Python knows no zones."""
    text = order["environment"].get(_PREFIX + variable)
    if not text:
        return None
    moment, zone = datetime.fromisoformat(text), order.get("zone")
    if not zone or zone == "UTC":
        return moment
    try:
        from zoneinfo import ZoneInfo

        return moment.astimezone(ZoneInfo(zone))
    except Exception:  # noqa: BLE001 - Python 3.8 has no zones, and an environment may have no data of them
        return moment


def _scheduled_time(order: dict[str, Any]) -> datetime | None:
    return _moment(order, "SCHEDULED_FOR")


def _text(variable: str) -> Callable[[dict[str, Any]], str | None]:
    def text(order: dict[str, Any]) -> str | None:
        said: str | None = order["environment"].get(_PREFIX + variable)
        return said or None

    return text


#: What each name is given.
_GIVEN: dict[str, Callable[[dict[str, Any]], Any]] = {
    "scheduled_time": _scheduled_time,
    "window_start": lambda order: _moment(order, "WINDOW_START"),
    "window_end": _scheduled_time,
    "attempt": lambda order: int(order["environment"][_PREFIX + "ATTEMPT"]),
    "reason": _text("REASON"),
    "changed": _text("CHANGED"),
}
