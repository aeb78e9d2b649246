"""What is to be hidden, and what is wrong with the file that says so."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Secrets:
    """What the file of secrets holds."""

    #: As they are written, those too short to be hidden left out. Not shown: a log may show what holds them.
    values: frozenset[str] = field(default=frozenset(), repr=False)
    short: int = 0  #: values that are too short to be hidden
    fault: str = ""  #: why it could not be read as it should be; empty: it could
    warnings: tuple[str, ...] = ()  #: who else may read it
