"""Where the keys and items of a TOML text stand: `tomllib` reads values and keeps no places.

For texts that `tomllib` has accepted; in any other one the places are as good as guessed.
"""

from __future__ import annotations

import bisect
import re
import tomllib
from collections.abc import Iterator

from task_scheduler.watcher.layout import Comment, Layout, Path, Place

_BLANK = re.compile(r"[ \t]*")
_GAP = re.compile(r"[ \t\n]*")
_COMMENT = re.compile(r"#[^\n]*")
_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_TEXTS = (
    re.compile(r'"""(?:\\.|[^\\])*?"{3,5}', re.DOTALL),
    re.compile(r"'''.*?'{3,5}", re.DOTALL),
    re.compile(r'"(?:\\.|[^"\\\n])*"'),
    re.compile(r"'[^'\n]*'"),
)
_PLAIN = re.compile(r"[^,\]}#\n]*")


def lay_out(text: str) -> Layout:
    """Return the places of all keys and items, and the comments; raises ValueError for what is no TOML."""
    scanner = _Scanner(text)
    scanner.scan()
    return Layout(places=scanner.places, comments=tuple(scanner.comments))


class _Scanner:
    """One walk over a text."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._breaks = [place for place, character in enumerate(text) if character == "\n"]
        self.places: dict[Path, Place] = {}
        self.comments: list[Comment] = []

    def scan(self) -> None:
        table: Path = ()
        numbers: dict[Path, int] = {}
        while self._skip_gap():
            if not self._text.startswith("[", self._at):
                self._pair(table)
                continue
            begin = self._at
            is_item = self._text.startswith("[[", begin)
            self._at += 2 if is_item else 1
            table = self._key()
            self._at += 2 if is_item else 1
            if is_item:
                numbers[table] = numbers.get(table, -1) + 1
                table = (*table, numbers[table])
            self._place(table, begin)

    def _pair(self, table: Path) -> None:
        begin = self._at
        name: Path = (*table, *self._key())
        self._expect("=")
        self._value(name, begin)

    def _key(self) -> tuple[str, ...]:
        parts = []
        while True:
            self._skip(_BLANK)
            parts.append(self._key_part())
            self._skip(_BLANK)
            if not self._text.startswith(".", self._at):
                return tuple(parts)
            self._at += 1

    def _key_part(self) -> str:
        bare = _BARE_KEY.match(self._text, self._at)
        if bare:
            self._at = bare.end()
            return bare[0]
        begin = self._at
        self._text_literal()
        literal = self._text[begin : self._at]
        return str(tomllib.loads(f"key = {literal}")["key"]) if "\\" in literal else literal[1:-1]

    def _value(self, name: Path, begin: int) -> None:
        """Pass over a value; `begin` is where it, or its key, begins."""
        self._skip(_BLANK)
        value = self._at
        match self._text[value : value + 1]:
            case '"' | "'":
                self._text_literal()
            case "[":
                self._items(name, "]")
            case "{":
                self._items(name, "}")
            case _:
                self._skip(_PLAIN)
                if self._at == value:
                    raise ValueError("no value")
        self._place(name, begin, self._text[value : value + 3])

    def _items(self, name: Path, closing: str) -> None:
        self._at += 1
        number = 0
        while self._skip_gap():
            if self._text.startswith(closing, self._at):
                self._at += 1
                return
            if closing == "]":
                self._value((*name, number), self._at)
                number += 1
            else:
                self._pair(name)
            self._skip_gap()
            if self._text.startswith(",", self._at):
                self._at += 1
        raise ValueError("never closed")

    def _text_literal(self) -> None:
        for pattern in _TEXTS:
            found = pattern.match(self._text, self._at)
            if found:
                self._at = found.end()
                return
        raise ValueError("no text")

    def _skip(self, pattern: re.Pattern[str]) -> None:
        found = pattern.match(self._text, self._at)
        self._at = found.end() if found else self._at

    def _skip_gap(self) -> bool:
        """Pass over white space and comments; return whether anything follows."""
        self._skip(_GAP)
        while comment := _COMMENT.match(self._text, self._at):
            line = self._line(self._at)
            start = self._breaks[line - 2] + 1 if line > 1 else 0
            alone = not self._text[start : self._at].strip()
            self.comments.append(Comment(line, comment[0], alone=alone))
            self._at = comment.end()
            self._skip(_GAP)
        return self._at < len(self._text)

    def _expect(self, character: str) -> None:
        if not self._text.startswith(character, self._at):
            raise ValueError(f"no {character}")
        self._at += 1

    def _place(self, name: Path, begin: int, opening: str = "") -> None:
        last = len(self._text[begin : self._at].rstrip()) + begin - 1
        self.places[name] = Place(self._line(begin), self._line(max(last, begin)), opening)

    def _line(self, place: int) -> int:
        """Return the line of a place, the first one being 1."""
        return bisect.bisect_left(self._breaks, place) + 1


def keys_of(layout: Layout) -> Iterator[tuple[str, Place]]:
    """Yield the dotted names of keys and items as `strict_yaml.Document.lines` has them: `tool.x.items[0]`."""
    for path, place in layout.places.items():
        name = ""
        for part in path:
            name += f"[{part}]" if isinstance(part, int) else f".{part}" if name else part
        yield name, place
