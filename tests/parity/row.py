"""What a row of the table of parity is."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One thing the original's documentation says, or one thing its program really does, and what holds here."""

    lines: tuple[int, int] = (0, 0)  #: of the original's documentation, first and last; 0 for what its program does
    says: str  #: in our words
    here: str  #: where it is here, Markdown with links from docs/reference/
    tests: tuple[str, ...] = ()  #: `path::name` below tests/
    blocks: tuple[int, ...] = ()  #: the lines of the code blocks that a reader carries out
