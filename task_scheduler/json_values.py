"""Which Python values can be kept as JSON, and what to say of those that cannot.

Runs in tasks' environments: Python 3.8 or later, standard library alone; `json` is imported when it is needed.
"""

from __future__ import annotations

TYPE_CHECKING = False

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

#: Characters of JSON that are kept of one result.
MOST_CHARACTERS = 100_000
_MOST_DEPTH = 200
_MOST_BITS = 14_284  #: of a whole number: of a larger one Python refuses to make decimal digits
_MOST_PLACE = 120
#: What makes something JSON can hold of values of these types.
_WAYS_OUT = {
    "bytearray": ".decode()",
    "bytes": ".decode()",
    "date": ".isoformat()",
    "datetime": ".isoformat()",
    "dict_keys": "list(…)",
    "dict_values": "list(…)",
    "frozenset": "sorted(…)",
    "generator": "list(…)",
    "map": "list(…)",
    "range": "list(…)",
    "set": "sorted(…)",
    "time": ".isoformat()",
    "timedelta": ".total_seconds()",
}
#: Of any other: the first of these it offers. Libraries of tables and numbers know them.
_OFFERS = (("to_dict", ".to_dict()"), ("tolist", ".tolist()"), ("__dataclass_fields__", "dataclasses.asdict(…)"))


class NotKept(ValueError):
    """A value that cannot be kept; its text tells why, as what follows `it is not kept: `."""


def encode(
    value: Any,  # noqa: ANN401 - that is the question
    *,
    most: int = MOST_CHARACTERS,
    instead: str = "write it to a file and name that as an artifact",
) -> str:
    """Return a value as JSON of at most so many characters; raises NotKept, which says `instead` of what is longer."""
    import json

    try:
        text = json.dumps(value, allow_nan=False, ensure_ascii=False)
        text.encode()
    except UnicodeEncodeError:  # half a character, as names of odd files have: spelled out it is JSON all the same
        text = json.dumps(value, allow_nan=False)
    except RecursionError:
        raise NotKept("it is nested too deeply for JSON") from None
    except Exception as error:  # noqa: BLE001 - a foreign mapping may raise anything
        raise NotKept(_reason(value) or f"JSON does not know it: {error}"[:300]) from None
    if len(text) > most:
        raise NotKept(f"it takes {len(text):,} characters of JSON, and {most:,} are kept; {instead}")
    return text


def type_name(value: object) -> str:
    """Return what the type of a value is called: `set`, `datetime.date`."""
    kind = type(value)
    name = kind.__qualname__
    return name if kind.__module__ in {"builtins", "__main__"} else f"{kind.__module__}.{name}"


def _reason(value: object) -> str:
    """Return why JSON cannot hold a value, naming the first part that it does not know; empty: nobody can tell."""
    try:
        return next(_faults(value, "", ()), "")
    except Exception:  # noqa: BLE001 - a foreign mapping may raise anything
        return ""


def _faults(value: object, place: str, around: tuple[int, ...]) -> Iterator[str]:
    subject = place[:_MOST_PLACE] if place else "it"
    if isinstance(value, float):
        if value - value != 0:
            yield f"{subject} is {value!r}, and JSON has no such number; return None in its place"
    elif isinstance(value, (dict, list, tuple)):
        if id(value) in around:
            yield f"{subject} holds itself"
        elif len(around) < _MOST_DEPTH:
            yield from _faults_inside(value, place, (*around, id(value)))
    elif isinstance(value, int):
        if value.bit_length() > _MOST_BITS:
            yield f"{subject} is a whole number of more than 4,300 digits; use hex(…), which is a text"
    elif not (value is None or isinstance(value, str)):
        yield f"{subject} is of type {type_name(value)}, which JSON does not know; {_way_out(value)}"


def _faults_inside(
    value: dict[Any, Any] | list[Any] | tuple[Any, ...], place: str, around: tuple[int, ...]
) -> Iterator[str]:
    if not isinstance(value, dict):
        for number, item in enumerate(value):
            yield from _faults(item, f"{place}[{number}]", around)
        return
    for key, item in value.items():
        if not (key is None or isinstance(key, (str, int, float))):
            yield f"{place or 'it'} has the key {key!r:.60}, and keys of JSON are texts; use str(…)"
        yield from _faults(item, f"{place}[{key!r:.60}]", around)


def _way_out(value: object) -> str:
    way = _WAYS_OUT.get(type(value).__name__)
    if way is None:
        way = next((way for offer, way in _OFFERS if hasattr(value, offer)), None)
    return f"use {way}" if way else "make texts, numbers, lists or dicts of it"
