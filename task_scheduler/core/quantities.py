"""Sizes and durations as people write them: `10 MB`, `7 days`, `90`."""

from __future__ import annotations

import re
from collections.abc import Mapping

_QUANTITY = re.compile(r"(?P<number>\d{1,15}(?:\.\d{1,6})?)\s*(?P<unit>[A-Za-z]+)", re.ASCII)

#: Bytes; MB is a million as on a disk's label, MiB is 1024 times 1024.
_SIZES: Mapping[str, int] = {
    "b": 1,
    "kb": 10**3,
    "mb": 10**6,
    "gb": 10**9,
    "tb": 10**12,
    "kib": 2**10,
    "mib": 2**20,
    "gib": 2**30,
    "tib": 2**40,
}
#: The units a size is told in, the largest first.
_DECIMAL: Mapping[str, int] = {"TB": 10**12, "GB": 10**9, "MB": 10**6, "kB": 10**3}
_BINARY: Mapping[str, int] = {"TiB": 2**40, "GiB": 2**30, "MiB": 2**20, "KiB": 2**10}
#: From this number on, parts of a unit say nothing.
_MANY = 100
_SECONDS: Mapping[str, int] = {
    **dict.fromkeys(("s", "sec", "second"), 1),
    **dict.fromkeys(("m", "min", "minute"), 60),
    **dict.fromkeys(("h", "hour"), 3_600),
    **dict.fromkeys(("d", "day"), 86_400),
    **dict.fromkeys(("w", "week"), 604_800),
}

#: The units a duration is told in besides seconds, the largest first.
_TOLD_IN: Mapping[str, int] = {"day": 86_400, "hour": 3_600, "minute": 60}


def parse_size(value: object, *, bare: str = "B") -> int:
    """Return bytes; a bare number counts units of `bare`. Raises ValueError for what is no size."""
    return int(_scaled(value, _SIZES, bare.lower()))


def parse_duration(value: object) -> float:
    """Return seconds; a bare number counts seconds. Raises ValueError for what is no duration."""
    return float(_scaled(value, _SECONDS, "s"))


def unit_of(size: float) -> str:
    """Return the unit in which a number of bytes was most likely given: the one that leaves the shortest number."""
    exact = [
        (len(f"{round(size / factor, 2):g}"), name)
        for name, factor in {**_DECIMAL, **_BINARY}.items()
        if size >= factor and round(size / factor, 2) * factor == size
    ]
    if exact:
        return min(exact, key=lambda each: each[0])[1]
    return next((name for name, factor in _DECIMAL.items() if size >= factor), "B")


def spell_size(size: float, unit: str) -> str:
    """Return bytes in a unit, such as `512 MB` or `1.5 GiB`."""
    number = size / _SIZES[unit.lower()]
    return f"{number:.0f} {unit}" if number >= _MANY else f"{number:.3g} {unit}"


def spell_exact_size(size: int) -> str:
    """Return bytes as a person writes them, nothing lost: `500 MB`, `1.5 GiB`, `1234567 B`."""
    unit = unit_of(size)
    factor = _SIZES[unit.lower()]
    number = round(size / factor, 2)
    return f"{number:.2f}".rstrip("0").rstrip(".") + f" {unit}" if number * factor == size else f"{size} B"


def spell_duration(seconds: float) -> str:
    """Return seconds as a person writes them, nothing lost: `10 s`, `5 minutes`, `7 days`, `0.25 s`."""
    for name, factor in _TOLD_IN.items():
        count, rest = divmod(seconds, factor)
        if count and not rest:
            return f"{count:.0f} {name}{'' if count == 1 else 's'}"
    return f"{seconds:.0f} s" if seconds == int(seconds) else f"{seconds:.6f}".rstrip("0") + " s"


def _scaled(value: object, units: Mapping[str, int], bare: str) -> float:
    # bool is an int in Python, and `true` is no size.
    if isinstance(value, int | float) and not isinstance(value, bool):
        if value < 0:
            raise ValueError(f"below zero: {value!r}")
        return value * units[bare]
    match = _QUANTITY.fullmatch(value.strip()) if isinstance(value, str) else None
    if match is None:
        raise ValueError(f"not a number with a unit: {value!r}")
    unit = match["unit"].lower()
    factor = units.get(unit) or units.get(unit.removesuffix("s"))
    if factor is None:
        raise ValueError(f"unknown unit: {value!r}")
    return float(match["number"]) * factor
