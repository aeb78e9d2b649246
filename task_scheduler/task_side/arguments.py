"""What helpers say of an argument of a wrong type: its name, what it must be, and what it is.

Runs in tasks' environments: Python 3.8 or later, standard library alone.
"""

from __future__ import annotations

import os
from collections.abc import Mapping

_MOST_SHOWN = 60


def wrong(name: str, value: object, expected: str) -> TypeError:
    """Return the error to raise for an argument that must be `expected`, such as `a text`."""
    return TypeError(f"{name} must be {expected}, and is {shown(value)}")


def shown(value: object) -> str:
    """Return a value with its type, shortened: `5 (int)`."""
    if value is None:
        return "None"
    # Cut before it is written out, which of a long one would take long.
    written = repr(value[: _MOST_SHOWN + 1] if isinstance(value, (str, bytes)) else value)
    cut = written if len(written) <= _MOST_SHOWN else f"{written[: _MOST_SHOWN - 1]}…"
    return f"{cut} ({type(value).__name__})"


def text(name: str, value: object) -> str:
    """Return a text; raises TypeError."""
    if not isinstance(value, str):
        raise wrong(name, value, "a text")
    return value


def path(name: str, value: object, *, or_none: bool = False) -> str:
    """Return the text of a path, which may be a Path; raises TypeError. With `or_none`, None may be given instead."""
    found = os.fspath(value) if isinstance(value, (str, os.PathLike)) else value
    if not isinstance(found, str):
        raise wrong(name, value, "a path, as a text or a Path" + (", or None" if or_none else ""))
    return found


def flag(name: str, value: object) -> bool:
    """Return True or False; raises TypeError."""
    if not isinstance(value, bool):
        raise wrong(name, value, "True or False")
    return value


def number(name: str, value: object, expected: str = "a number") -> float:
    """Return a number; raises TypeError. True and False are none."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise wrong(name, value, expected)
    return value


def mapping(name: str, value: object, expected: str = "a dict") -> Mapping[object, object]:
    """Return a dict, or what is like one; raises TypeError."""
    if not isinstance(value, Mapping):
        raise wrong(name, value, expected)
    return value


def words(name: str, value: object, expected: str) -> list[object]:
    """Return the items of a list, each of which can be one argument of a command; raises TypeError.

    A tuple and what yields items are lists here; a text, a dict and a set, which has no order, are none.
    """
    if isinstance(value, (str, bytes, Mapping, set, frozenset)) or not hasattr(value, "__iter__"):
        raise wrong(name, value, expected)
    items = list(value)
    for place, item in enumerate(items):
        if item is None or isinstance(item, (list, tuple, set, frozenset, Mapping)):
            raise wrong(f"{name}[{place}]", item, "a text, a number or a path")
    return items
