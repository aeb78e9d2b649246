"""What happens, as values: each has a stable dotted name and fields, and is logged and published.

The table of names is in docs/design.md; a name once published keeps its meaning.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Level(StrEnum):
    """How much an event matters to the person who reads the log."""

    DEBUG = "DEBUG"
    INFO = "INFO"
    WARNING = "WARNING"
    ERROR = "ERROR"


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that happened."""

    name: str  #: stable, dotted: `run.started`
    message: str  #: a sentence without full stop, for the log
    level: Level = Level.INFO
    fields: Mapping[str, object] = field(default_factory=dict)
