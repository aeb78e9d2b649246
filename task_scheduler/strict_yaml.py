"""YAML that means what it says: a safe loader without the traps of YAML 1.1.

Only text, whole numbers, decimal fractions, `true`, `false`, `null`, lists and mappings exist. What YAML 1.1
would turn into something else (`no`, `1:30`, `0100`, `2024-01-01`, `1e3`, `.inf`) stays the text that was
written, so that a type check can say what to write instead. Duplicate keys, tags, anchors, aliases, merge
keys, several documents and deep nesting are refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import yaml
from yaml.events import (
    AliasEvent,
    CollectionStartEvent,
    DocumentStartEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    NodeEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)

from task_scheduler.core.excerpts import excerpt

LONGEST = 65_536
DEEPEST = 8
#: After so many faults, the rest of a text is not worth reading.
MOST_FAULTS = 20

#: `key:value`, which YAML takes for a text.
_UNSPACED = re.compile(r"(\w+):(?!//)(\S.*)")

# libyaml is some ten times faster, but its messages do not name the character that it found.
_FAST: type[yaml.SafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_CLEAR: type[yaml.SafeLoader] = yaml.SafeLoader

_INTEGER = re.compile(r"[-+]?(?:0|[1-9][0-9]{0,17})")
_FRACTION = re.compile(r"[-+]?(?:0|[1-9][0-9]{0,17})\.[0-9]{1,17}")
_WORDS: Mapping[str, bool | None] = {
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **dict.fromkeys(("null", "Null", "NULL", "~", ""), None),
}
_SPECIAL = "cannot start any token"
#: What the parser's problem holds -> what is said of the line.
_REASONS = (
    ("mapping values are not allowed", "put a value that holds ': ' in quotes, and begin every key in the same column"),
    ("unknown escape character", "a backslash between double quotes has a meaning of its own, use single quotes"),
    ("found ':'", "a key is missing before the colon"),
    ("<document start>", "only one block of YAML is allowed here, without lines that begin with ... or %"),
    ("<scalar>", "nothing may follow a quoted value or a bracket"),
)
# Beside control characters, the line breaks that only YAML counts: with them, line numbers would be wrong.
_FORBIDDEN = re.compile(r"[^\t\n\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong with a text."""

    message: str
    line: int


@dataclass(frozen=True, slots=True)
class Document:
    """What a text says, as far as it could be read.

    `lines` gives the line of each key (`timeout`, `nested.key`), of each item of a list (`dependencies[0]`)
    and, under the empty key, of the whole. A value with a fault is in `lines` and not in `data`.
    """

    data: Mapping[str, object]
    lines: Mapping[str, int]
    faults: tuple[Fault, ...] = ()


def load(text: str, *, first_line: int = 1, what: str = "frontmatter") -> Document:
    """Return what `text` says, its first line being `first_line`; never raises, faults are in the result.

    `what` is what a person calls the text, for the sentences.
    """
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if len(text) > LONGEST:
        return _refused(f"the {what} is longer than {LONGEST:,} characters: shorten it", first_line, first_line)
    forbidden = _FORBIDDEN.search(text)
    if forbidden:
        line = first_line + text.count("\n", 0, forbidden.start())
        return _refused(f"the character U+{ord(forbidden[0]):04X} is not allowed here: remove it", line, first_line)
    builder = _Builder(first_line, what)
    try:
        return builder.build(yaml.parse(text, Loader=_FAST))
    except _StopReading:
        return builder.document({})
    except (yaml.YAMLError, ValueError) as error:
        # ValueError: a version of thousands of digits in a line %YAML.
        message, line = _explained(_clearer(text, error), text)
        return _refused(message, first_line + line, first_line)


def _refused(message: str, line: int, first_line: int) -> Document:
    return Document({}, {"": first_line}, (Fault(message, line),))


class _StopReading(Exception):
    """The rest of the text is not worth reading; the reason is among the faults."""


class _Absent:
    """Stands for a value that a fault took away."""


_ABSENT = _Absent()


class _Builder:
    """Builds plain values from parser events, which carry lines and have resolved nothing yet."""

    def __init__(self, first_line: int, what: str) -> None:
        self._first_line = first_line
        self._what = what
        self._lines: dict[str, int] = {"": first_line}
        self._faults: dict[Fault, None] = {}  #: in order; the same is said once

    def build(self, events: Iterator[Event]) -> Document:
        """Consume the events of one text."""
        data: Mapping[str, object] = {}
        documents = 0
        for event in events:
            match event:
                case DocumentStartEvent():
                    documents += 1
                    if documents > 1:
                        self._fault("only one block of YAML is allowed here", event)
                        break
                case ScalarEvent(value="", implicit=(True, _), anchor=None, tag=None):
                    continue
                case MappingStartEvent():
                    data = self._mapping(events, event, "", 1)
                case NodeEvent():
                    self._fault(f"the {self._what} must be lines of 'key: value'", event)
                    raise _StopReading
        return self.document(data)

    def document(self, data: Mapping[str, object]) -> Document:
        """Return what was read, with the faults found so far."""
        return Document(data, self._lines, tuple(self._faults))

    def _mapping(self, events: Iterator[Event], start: MappingStartEvent, place: str, depth: int) -> dict[str, object]:
        self._check_bare(start)
        found: dict[str, object] = {}
        seen: dict[str, int] = {}
        while not isinstance(event := next(events), MappingEndEvent):
            key = self._key(event)
            name = f"{place}.{key}" if place else key
            usable = self._check_key(key, event, seen)
            if usable:
                seen[key] = self._lines[name] = self._line(event)
            value = self._value(events, next(events), name, depth)
            if usable and value is not _ABSENT:
                found[key] = value
        return found

    def _check_key(self, key: str, event: Event, seen: Mapping[str, int]) -> bool:
        if key in seen:
            self._fault(f"the key {key!r} is given twice, first in line {seen[key]}: keep one of them", event)
        elif key == "<<":
            self._fault("the merge key << is not allowed: write the keys out", event)
        elif not key:
            self._fault("a key is missing before the colon", event)
        else:
            return True
        return False

    def _key(self, event: Event) -> str:
        if not isinstance(event, ScalarEvent):
            self._fault("a key must be a plain word", event)
            raise _StopReading
        self._check_bare(event)
        return str(event.value)

    def _value(self, events: Iterator[Event], event: Event, place: str, depth: int) -> object:
        if depth >= DEEPEST:
            self._fault(f"nested more than {DEEPEST} levels deep: write it flatter", event)
            raise _StopReading
        match event:
            case AliasEvent():
                self._fault(
                    f"the alias *{event.anchor} is not allowed: write the value out, or put it in quotes", event
                )
                return _ABSENT
            case ScalarEvent():
                return self._scalar(event) if self._check_bare(event) else _ABSENT
            case MappingStartEvent():
                return self._mapping(events, event, place, depth + 1)
            case SequenceStartEvent():
                return self._list(events, event, place, depth + 1)
            case _:
                raise AssertionError(f"a parser gives no value as {event}")

    def _list(self, events: Iterator[Event], start: SequenceStartEvent, place: str, depth: int) -> list[object]:
        self._check_bare(start)
        found: list[object] = []
        number = 0
        while not isinstance(event := next(events), SequenceEndEvent):
            name = f"{place}[{number}]"
            self._lines[name] = self._line(event)
            value = self._value(events, event, name, depth)
            if value is not _ABSENT:
                found.append(value)
            number += 1
        return found

    def _check_bare(self, event: ScalarEvent | CollectionStartEvent) -> bool:
        """Record a tag or an anchor; return whether there was none."""
        if event.tag is not None:
            self._fault(f"the tag {event.tag.replace('tag:yaml.org,2002:', '!!')} is not allowed: remove it", event)
        if event.anchor is not None:
            self._fault(f"the anchor &{event.anchor} is not allowed: remove it, or put the value in quotes", event)
        return event.tag is None and event.anchor is None

    def _scalar(self, event: ScalarEvent) -> object:
        text = str(event.value)
        if not event.implicit[0]:
            return text
        if text in _WORDS:
            return _WORDS[text]
        if _INTEGER.fullmatch(text):
            return int(text)
        return float(text) if _FRACTION.fullmatch(text) else text

    def _fault(self, message: str, event: Event) -> None:
        self._faults[Fault(message, self._line(event))] = None
        if len(self._faults) >= MOST_FAULTS:
            raise _StopReading

    def _line(self, event: Event) -> int:
        return self._first_line + (event.start_mark.line if event.start_mark else 0)


def _clearer(text: str, error: Exception) -> Exception:
    """Return what the other parser says of the same text, since it names what it found."""
    try:
        for _ in yaml.parse(text, Loader=_CLEAR):
            pass
    except (yaml.YAMLError, ValueError) as clearer:
        return clearer
    return error


def _explained(error: Exception, text: str) -> tuple[str, int]:
    """Say in our words what a parser found, and in which line, counted from 0."""
    if not isinstance(error, yaml.MarkedYAMLError) or error.problem_mark is None:
        return "this is not YAML", 0
    lines = text.split("\n")
    line = min(error.problem_mark.line, len(lines) - 1)
    problem = error.problem or "not understood"
    unspaced = next(((n, found) for n, text_ in enumerate(lines) if (found := _UNSPACED.fullmatch(text_))), None)
    if _SPECIAL not in problem and unspaced is not None and unspaced[0] <= line:
        place, found = unspaced
        return f"put a space after the colon: {excerpt(found[1])}: {excerpt(found[2])}", place
    opened = min(error.context_mark.line, len(lines) - 1) if error.context_mark is not None else line
    return _said_of_opening(error.context or "", problem, lines, opened) or _said_of_line(
        error.context or "", problem, lines[line], error.problem_mark.column, line
    )


def _said_of_opening(context: str, problem: str, lines: list[str], line: int) -> tuple[str, int] | None:
    """Say what is wrong with something that begins in one line and goes wrong in a later one; None: it is not that."""
    shown = excerpt(lines[line])
    if "quoted scalar" in context and "end of stream" in problem:
        return f"the quote opened here is never closed: {shown}", line
    if context.startswith("while parsing a flow"):
        # The mark may be where a value was expected, below the bracket it was to stand in.
        line = next((place for place in range(line, -1, -1) if set("[{").intersection(lines[place])), line)
        return f"the bracket opened in {excerpt(lines[line])!r} is never closed", line
    if "could not find expected ':'" in problem:
        return f"write lines of 'key: value': {shown}", line
    return None


def _said_of_line(context: str, problem: str, text: str, column: int, line: int) -> tuple[str, int]:
    shown = excerpt(text)
    if context.startswith(("while scanning an alias", "while scanning an anchor")):
        return f"a value that begins with {'*' if 'alias' in context else '&'} must be in quotes: {shown}", line
    if _SPECIAL in problem:
        character = text[column : column + 1]
        if character == "\t":
            return "a tab stands where only spaces may: replace it with spaces", line
        return f"a value that begins with {character} must be in quotes: {shown}", line
    reason = next((said for found, said in _REASONS if found in problem), f"this is not YAML ({excerpt(problem, 100)})")
    return (f"{reason}: {shown}" if shown else reason), line
