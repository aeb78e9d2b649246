"""Numbers and names as a sentence lists them."""

from __future__ import annotations

from collections.abc import Sequence

MONTH_NAMES = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)
#: From Monday on.
WEEKDAY_NAMES = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")

#: Items that are named one by one.
_NAMED = 8
#: Numbers of even steps that are named one by one.
_EVEN = 5


def listed(names: Sequence[str], *, most: int | None = _NAMED) -> str:
    """Return `a`, `a and b`, `a, b and c`; of more than `most` (None: all are named), the first and how many follow."""
    if most is not None and len(names) > most:
        return f"{', '.join(names[: most - 1])} and {len(names) - most + 1:,} more"
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def ranges(numbers: Sequence[int]) -> str:
    """Return ascending numbers as `1 to 5 and 9`, and many of even steps as `0, 7 … 56`."""
    step = numbers[1] - numbers[0] if len(numbers) > _EVEN else 1
    if step > 1 and list(numbers) == list(range(numbers[0], numbers[-1] + 1, step)):
        return f"{numbers[0]}, {numbers[1]} … {numbers[-1]}"
    parts: list[list[int]] = []
    for number in numbers:
        if parts and parts[-1][-1] == number - 1:
            parts[-1].append(number)
        else:
            parts.append([number])
    said: list[str] = []
    for part in parts:
        said += [f"{part[0]} to {part[-1]}"] if len(part) > 2 else map(str, part)
    return listed(said, most=None)


def counted(count: int, units: str) -> str:
    """Return what follows `every`: `minute` for 1, `5 minutes` for more; `units` is a plural."""
    return units.removesuffix("s") if count == 1 else f"{count} {units}"


def step_of(values: Sequence[int], size: int) -> int | None:
    """Return the interval of ascending values that come back in even steps, from 0 and around `size`; None: uneven."""
    step = size // len(values)
    return step if list(values) == list(range(0, size, step)) and size % step == 0 else None
