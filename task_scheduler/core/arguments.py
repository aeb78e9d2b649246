"""The one spelling of a job's arguments: they are part of its identity, so equal ones must read equal."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

#: Deeper than this is refused before Python's own recursion limit is near.
MOST_NESTED = 50


def write_arguments(args: Sequence[object], kwargs: Mapping[str, object]) -> str:
    """Return `(args, kwargs)` as a Python literal that `ast.literal_eval` reads back.

    Keywords and the members of sets are sorted, since their order differs from one process to the next.
    Raises ValueError, with a sentence, for a value that no literal can say.
    """
    by_name = {name: kwargs[name] for name in sorted(kwargs)}
    return _written((tuple(args), by_name), depth=0)


def _written(value: object, *, depth: int) -> str:
    if depth > MOST_NESTED:
        raise ValueError(f"a value is nested more than {MOST_NESTED} levels deep")
    match value:
        case None | bool() | int() | str() | bytes():
            return repr(value)
        case float() if math.isfinite(value):
            return repr(value)
        case complex() if math.isfinite(value.real) and math.isfinite(value.imag):
            return repr(value)
        case tuple():
            members = [_written(member, depth=depth + 1) for member in value]
            return f"({members[0]},)" if len(members) == 1 else f"({', '.join(members)})"
        case list():
            return f"[{', '.join(_written(member, depth=depth + 1) for member in value)}]"
        case set() if value:
            return f"{{{', '.join(sorted(_written(member, depth=depth + 1) for member in value))}}}"
        case dict():
            pairs = (
                f"{_written(key, depth=depth + 1)}: {_written(member, depth=depth + 1)}"
                for key, member in value.items()
            )
            return f"{{{', '.join(pairs)}}}"
        case _:
            raise ValueError(
                f"{value!r} cannot be written as a literal: pass text, numbers, lists or mappings of these"
            )
