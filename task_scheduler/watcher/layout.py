"""Where the parts of a frontmatter stand in its text, in either language."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

#: The keys and numbers that lead to a value.
Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Place:
    """The lines of a key with its value, or of an item; the text's first line is 1."""

    line: int
    last_line: int
    opening: str = ""  #: the first characters of the value as it is written: its quotes or bracket


@dataclass(frozen=True, slots=True)
class Comment:
    """A comment, from its `#` on."""

    line: int
    text: str
    alone: bool  #: nothing stands before it in its line


@dataclass(frozen=True, slots=True)
class Layout:
    """All of a text but its values."""

    places: Mapping[Path, Place]
    comments: tuple[Comment, ...]
