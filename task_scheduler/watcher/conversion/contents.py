"""What a frontmatter holds beside its values: comments, blank lines, and how each value is written."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from task_scheduler.watcher.layout import Comment, Layout, Path, Place


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One text of a list."""

    value: str
    opening: str = ""  #: the first characters as written
    above: tuple[str, ...] = ()  #: comments on lines of their own, empty for a blank line
    beside: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One key with its value."""

    key: str
    value: object  #: text, whole number, true or false; of a list see `items`
    items: tuple[Item, ...] | None = None  #: None: no list
    opening: str = ""
    in_one_line: bool = True
    above: tuple[str, ...] = ()
    beside: str = ""
    below: tuple[str, ...] = ()  #: comments at the end of a list

    @property
    def comments(self) -> Iterable[str]:
        """All comments of the entry, those of its items included."""
        items = self.items or ()
        inside = [text for item in items for text in (*item.above, item.beside)]
        return [text for text in (*self.above, self.beside, *inside, *self.below) if text]


@dataclass(frozen=True, slots=True, kw_only=True)
class Contents:
    """A whole frontmatter, in the order it is written."""

    entries: tuple[Entry, ...]
    below: tuple[str, ...] = ()  #: comments after the last entry

    @property
    def comments(self) -> list[str]:
        """All comments."""
        return [*(text for entry in self.entries for text in entry.comments), *(text for text in self.below if text)]


def gather(values: Mapping[Path, object], layout: Layout, text: str) -> Contents:
    """Return the contents of a text; each key is the last part of its path in `values`."""
    gathering = _Gathering(layout, text)
    found = [path for path in values if path in layout.places]
    entries = [gathering.entry(path, values[path]) for path in sorted(found, key=lambda each: layout.places[each].line)]
    return Contents(entries=tuple(entries), below=gathering.rest())


class _Gathering:
    """Gives each comment to the one entry or item it is about."""

    def __init__(self, layout: Layout, text: str) -> None:
        self._places = layout.places
        self._comments: dict[int, Comment] = {comment.line: comment for comment in layout.comments}
        self._lines = text.split("\n")
        self._done = 0  #: the last line whose comment has found its place

    def entry(self, path: Path, value: object) -> Entry:
        place = self._places[path]
        above = self._until(place.line - 1)
        entry = Entry(key=str(path[-1]), value=value, opening=place.opening, above=above)
        if isinstance(value, list):
            return self._list(entry, path, place, value)
        self._done = max(self._done, place.last_line)
        return replace(entry, beside=self._take(place.line) or self._take(place.last_line))

    def rest(self) -> tuple[str, ...]:
        """Return the comments after the last entry, and any that found no place."""
        lines = list(self._until(len(self._lines)))
        while lines and not lines[-1]:
            lines.pop()
        return (*lines, *(self._take(line) for line in sorted(self._comments)))

    def _list(self, entry: Entry, path: Path, place: Place, values: Sequence[object]) -> Entry:
        places = [self._places[*path, number] for number in range(len(values))]
        if place.line == place.last_line:
            self._done = max(self._done, place.line)
            items = tuple(
                Item(value=str(value), opening=each.opening) for value, each in zip(values, places, strict=True)
            )
            return replace(entry, items=items, beside=self._take(place.line))
        beside = "" if places and places[0].line == place.line else self._take(place.line)
        self._done = max(self._done, place.line)
        items = tuple(self._item(str(value), each) for value, each in zip(values, places, strict=True))
        return replace(entry, items=items, in_one_line=False, beside=beside, below=self._until(place.last_line))

    def _item(self, value: str, place: Place) -> Item:
        above = self._until(place.line - 1)
        self._done = max(self._done, place.last_line)
        return Item(value=value, opening=place.opening, above=above, beside=self._take(place.last_line))

    def _until(self, line: int) -> tuple[str, ...]:
        """Return the comments and blank lines up to a line that have not been given to anything yet."""
        found = []
        for number in range(self._done + 1, line + 1):
            comment = self._take(number)
            if comment or not self._lines[number - 1].strip():
                found.append(comment)
        self._done = max(self._done, line)
        return tuple(found)

    def _take(self, line: int) -> str:
        comment = self._comments.pop(line, None)
        return comment.text if comment else ""
