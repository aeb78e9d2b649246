"""What a frontmatter holds beside its values: comments, blank lines, and how each value is written."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from task_scheduler.watcher.layout import Comment, Layout, Path, Place


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One value of a list, or of a mapping."""

    value: object  #: text or whole number
    name: str = ""  #: its key in a mapping
    opening: str = ""  #: the first characters as written
    above: tuple[str, ...] = ()  #: comments on lines of their own, empty for a blank line
    beside: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One key with its value."""

    key: str
    value: object  #: text, number, true or false; of a list or mapping see `items`
    items: tuple[Item, ...] | None = None  #: None: neither list nor mapping
    opening: str = ""
    in_one_line: bool = True
    above: tuple[str, ...] = ()
    beside: str = ""
    below: tuple[str, ...] = ()  #: comments at the end of a list

    @property
    def is_mapping(self) -> bool:
        """Whether its items have names."""
        return isinstance(self.value, Mapping)

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
    lines = {path: line for path in values if (line := _first_line(path, layout)) is not None}
    entries = [gathering.entry(path, values[path]) for path in sorted(lines, key=lines.__getitem__)]
    return Contents(entries=tuple(entries), below=gathering.rest())


def _first_line(path: Path, layout: Layout) -> int | None:
    """Return where a key begins, be it by the first of its parts: TOML may write `env.STAGE` and `env` nowhere."""
    if path in layout.places:
        return layout.places[path].line
    parts = [place.line for each, place in layout.places.items() if each[: len(path)] == path]
    return min(parts, default=None)


class _Gathering:
    """Gives each comment to the one entry or item it is about."""

    def __init__(self, layout: Layout, text: str) -> None:
        self._places = layout.places
        self._comments: dict[int, Comment] = {comment.line: comment for comment in layout.comments}
        self._lines = text.split("\n")
        self._done = 0  #: the last line whose comment has found its place

    def entry(self, path: Path, value: object) -> Entry:
        place = self._places.get(path)
        if place is None:
            return self._scattered(path, value)
        above = self._until(place.line - 1)
        entry = Entry(key=str(path[-1]), value=value, opening=place.opening, above=above)
        if isinstance(value, list | Mapping):
            return self._several(entry, path, place)
        self._done = max(self._done, place.last_line)
        return replace(entry, beside=self._take(place.line) or self._take(place.last_line))

    def rest(self) -> tuple[str, ...]:
        """Return the comments after the last entry, and any that found no place."""
        lines = list(self._until(len(self._lines)))
        while lines and not lines[-1]:
            lines.pop()
        return (*lines, *(self._take(line) for line in sorted(self._comments)))

    def _scattered(self, path: Path, value: object) -> Entry:
        """Return a mapping of which only the parts stand somewhere; what is above the first is above all."""
        parts = self._parts(path, value)
        above = self._until(parts[0][2].line - 1)
        items = tuple(self._item(*part) for part in parts)
        return Entry(key=str(path[-1]), value=value, items=items, in_one_line=False, above=above)

    def _several(self, entry: Entry, path: Path, place: Place) -> Entry:
        parts = self._parts(path, entry.value)
        if place.line == place.last_line and all(each.line == place.line for _, _, each in parts):
            self._done = max(self._done, place.line)
            items = tuple(Item(name=name, value=value, opening=each.opening) for name, value, each in parts)
            return replace(entry, items=items, beside=self._take(place.line))
        beside = "" if parts and parts[0][2].line == place.line else self._take(place.line)
        self._done = max(self._done, place.line)
        items = tuple(self._item(*part) for part in parts)
        return replace(entry, items=items, in_one_line=False, beside=beside, below=self._until(place.last_line))

    def _parts(self, path: Path, value: object) -> list[tuple[str, object, Place]]:
        """Return the name, empty in a list, the value and the place of each part."""
        if isinstance(value, Mapping):
            return [(str(name), each, self._places[*path, str(name)]) for name, each in value.items()]
        assert isinstance(value, list)  # noqa: S101 - nothing else has parts; this tells the type checker
        return [("", each, self._places[*path, number]) for number, each in enumerate(value)]

    def _item(self, name: str, value: object, place: Place) -> Item:
        above = self._until(place.line - 1)
        self._done = max(self._done, place.last_line)
        return Item(name=name, value=value, opening=place.opening, above=above, beside=self._take(place.last_line))

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
