"""Where the keys, items and comments of a YAML text stand.

For texts that `strict_yaml` has accepted: one mapping, whose values are plain, or lists or mappings of plain values.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import yaml
from yaml.events import (
    CollectionEndEvent,
    Event,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)

from task_scheduler.watcher.layout import Comment, Layout, Path, Place

_COMMENT = re.compile(r"(?:(?<=\s)|^)#[^\n]*", re.MULTILINE)


def lay_out(text: str) -> Layout:
    """Return the places of all keys and items, and the comments; raises ValueError for what YAML we do not read."""
    scanner = _Scanner(text)
    try:
        # Not libyaml: its marks count differently where characters are wide.
        scanner.scan(iter(yaml.parse(text, Loader=yaml.SafeLoader)))
    except (yaml.YAMLError, StopIteration) as error:
        raise ValueError("no YAML that can be followed") from error
    return Layout(places=scanner.places, comments=tuple(scanner.comments()))


class _Scanner:
    """One walk over the events of a text."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._without_values = list(text)
        self.places: dict[Path, Place] = {}

    def scan(self, events: Iterator[Event]) -> None:
        for event in events:
            if isinstance(event, MappingStartEvent):
                self._mapping(events)

    def comments(self) -> Iterator[Comment]:
        """Yield what is a comment where no value is."""
        text = "".join(self._without_values)
        for found in _COMMENT.finditer(text):
            start = text.rfind("\n", 0, found.start()) + 1
            alone = not self._text[start : found.start()].strip()
            yield Comment(text.count("\n", 0, found.start()) + 1, found[0], alone=alone)

    def _mapping(self, events: Iterator[Event], above: Path = ()) -> Event:
        """Place all keys of a mapping; return the event that ends it."""
        while isinstance(key := next(events), ScalarEvent):
            self._blank(key)
            value = next(events)
            path: Path = (*above, str(key.value))
            line = _start(key).line + 1
            if isinstance(value, SequenceStartEvent):
                last = self._list(events, path, value)
            elif isinstance(value, ScalarEvent):
                last = self._blank(value)
            elif isinstance(value, MappingStartEvent) and not above:
                last = self._inner_mapping(events, path, value)
            else:
                raise _NotFollowed("a mapping inside of a mapping inside of a mapping")
            self.places[path] = Place(line, max(line, last), self._opening(value))
        if not isinstance(key, CollectionEndEvent):
            raise _NotFollowed("a key that is no text")
        return key

    def _inner_mapping(self, events: Iterator[Event], path: Path, start: MappingStartEvent) -> int:
        """Return the last line of a mapping that is a value."""
        end = self._mapping(events, path)
        if start.flow_style:
            return _end(end).line + 1
        inside = (place.last_line for each, place in self.places.items() if each[:-1] == path)
        return max(inside, default=_start(start).line + 1)

    def _list(self, events: Iterator[Event], path: Path, start: SequenceStartEvent) -> int:
        """Return the last line of a list."""
        number = 0
        last = _start(start).line + 1
        while isinstance(item := next(events), ScalarEvent):
            last = self._blank(item)
            self.places[*path, number] = Place(_start(item).line + 1, last, self._opening(item))
            number += 1
        if not isinstance(item, SequenceEndEvent):
            raise _NotFollowed("a list inside of a list")
        return _end(item).line + 1 if start.flow_style else last

    def _blank(self, scalar: ScalarEvent) -> int:
        """Take a value out of where comments are looked for; return its last line."""
        begin, end = _start(scalar).index, _end(scalar).index
        if scalar.style in {"|", ">"}:
            # Its first line may end in a comment.
            begin = self._text.find("\n", begin)
            begin = end if begin < 0 else begin
        self._without_values[begin:end] = [each if each == "\n" else "_" for each in self._without_values[begin:end]]
        written = self._text[_start(scalar).index : end].rstrip()
        return _start(scalar).line + 1 + written.count("\n")

    def _opening(self, event: Event) -> str:
        index = _start(event).index
        return self._text[index : index + 1]


class _NotFollowed(ValueError):
    """The text is YAML of a kind that no frontmatter without faults has."""


@dataclass(frozen=True, slots=True)
class _Mark:
    """A place in the text, both counted from 0."""

    line: int
    index: int


def _start(event: Event) -> _Mark:
    mark = event.start_mark
    if mark is None:
        raise _NotFollowed("an event without a place")
    return _Mark(mark.line, mark.index)


def _end(event: Event) -> _Mark:
    mark = event.end_mark
    if mark is None:
        raise _NotFollowed("an event without a place")
    return _Mark(mark.line, mark.index)
