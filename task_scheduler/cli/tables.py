"""Tables of plain text, aligned by columns, made to fit the terminal's width.

Where room is short, what matters less gives way, in this order: a column that may stand below its row goes there,
others are left out, sentences are broken at words, cells say the same shorter, and columns are cut. What does not fit
even so is written as lists.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import zip_longest

from task_scheduler.cli.text import escape, fit, pad, width, wrap

_GAP = "  "
_INDENT = "    "
#: Columns that a sentence keeps as long as another cell can say the same shorter.
_READABLE = 40

#: More columns than any text has.
_ANY = 1_000_000_000

Paint = Callable[[str, str], str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column of a table, and how it gives way where room is short."""

    title: str
    right: bool = False
    wide: int = 0  #: columns it takes at least, for rows that are still to come
    least: int | None = None  #: columns it may be cut down to; None: it is never cut
    drop: int | None = None  #: its place in the order in which columns are left out; None: it is never left out
    below: bool = False  #: it may stand below its row, wrapped at words
    wraps: bool = False  #: a cell of it may take several lines, broken at words


@dataclass(frozen=True, slots=True)
class Cell:
    """What stands in a column; made harmless when it is shown."""

    text: str
    style: str = ""
    short: str | None = None  #: what to say where room is short; None: the same


def render(
    columns: Sequence[Column], rows: Sequence[Sequence[Cell]], *, room: int | None, paint: Paint
) -> tuple[str | None, list[list[str]]]:
    """Return the header's line, None where there is none, and the lines of each row; `room` None fits everything."""
    table = _Table(columns, rows)
    if room is None or table.give_way(room):
        return table.header(paint), [list(lines) for lines in table.lines(room, paint)]
    return None, [list(_as_list(columns, row, room, paint)) for row in rows]


class _Table:
    """The columns and cells that are shown, and how wide they are."""

    def __init__(self, columns: Sequence[Column], rows: Sequence[Sequence[Cell]]) -> None:
        self._columns = list(columns)
        self._rows = [[replace(cell, text=escape(cell.text)) for cell in row] for row in rows]
        self._below: list[list[Cell]] = [[] for _ in rows]
        self._wide: list[int] = []
        self._most: dict[str, int] = {}  #: of columns that were narrowed, by their titles
        self._measure()

    def give_way(self, room: int) -> bool:
        """Make it fit; False: it does not."""
        steps: list[tuple[Callable[[Column], object], Column]] = [
            *((self._put_below, column) for column in self._columns if column.below),
            *((self._drop, column) for column in _in_order_of_dropping(self._columns)),
            *((partial(self._narrow, room=room), column) for column in self._columns if column.wraps),
            *((self._shorten, column) for column in self._columns),
        ]
        for step, column in steps:
            if self._excess(room) <= 0:
                break
            if column in self._columns:
                step(column)
        self._widen(room)
        self._cut(room)
        return self._excess(room) <= 0

    def header(self, paint: Paint) -> str:
        """Return the line of titles."""
        return self._line([Cell(column.title, "heading") for column in self._columns], paint)

    def lines(self, room: int | None, paint: Paint) -> Iterator[Iterator[str]]:
        """Yield the lines of each row."""
        for row, below in zip(self._rows, self._below, strict=True):
            yield self._row(row, below, room, paint)

    def _row(self, row: Sequence[Cell], below: Sequence[Cell], room: int | None, paint: Paint) -> Iterator[str]:
        pieces = [
            _broken(cell.text, wide) if column.wraps else [cell.text]
            for column, cell, wide in zip(self._columns, row, self._wide, strict=True)
        ]
        for line in zip_longest(*pieces, fillvalue=""):
            yield self._line([replace(cell, text=text) for cell, text in zip(row, line, strict=True)], paint)
        for cell in below:
            if cell.text:
                yield from (paint(line, cell.style) for line in wrap(_INDENT + cell.text, room))

    def _measure(self) -> None:
        self._wide = [
            min(self._needed(place, column), self._most.get(column.title, _ANY))
            for place, column in enumerate(self._columns)
        ]

    def _needed(self, place: int, column: Column) -> int:
        return max([width(column.title), column.wide, *(width(row[place].text) for row in self._rows)])

    def _excess(self, room: int) -> int:
        return sum(self._wide) + len(_GAP) * (len(self._wide) - 1) - room

    def _drop(self, column: Column) -> list[Cell]:
        place = self._columns.index(column)
        del self._columns[place], self._wide[place]
        return [row.pop(place) for row in self._rows]

    def _narrow(self, column: Column, *, room: int) -> None:
        """Have what is said in a column broken at words, as far as that stays easy to read."""
        place = self._columns.index(column)
        wide = self._wide[place]
        self._most[column.title] = min(wide, max(wide - self._excess(room), _READABLE))
        self._measure()

    def _widen(self, room: int) -> None:
        """Give columns that were narrowed what others have left since."""
        for place, column in enumerate(self._columns):
            if column.title in self._most:
                self._wide[place] = min(self._needed(place, column), self._wide[place] + max(0, -self._excess(room)))

    def _put_below(self, column: Column) -> None:
        for below, cell in zip(self._below, self._drop(column), strict=True):
            below.append(cell)

    def _shorten(self, column: Column) -> None:
        place = self._columns.index(column)
        for row in self._rows:
            short = row[place].short
            if short is not None:
                row[place] = replace(row[place], text=escape(short))
        self._measure()

    def _cut(self, room: int) -> None:
        """Cut the widest columns first, until the line fits or all are as narrow as they may be."""
        least = {place: column.least for place, column in enumerate(self._columns) if column.least is not None}
        while self._excess(room) > 0:
            wider = [place for place in least if self._wide[place] > least[place]]
            if not wider:
                return
            self._wide[max(wider, key=self._wide.__getitem__)] -= 1

    def _line(self, row: Sequence[Cell], paint: Paint) -> str:
        parts = []
        for column, cell, wide in zip(self._columns, row, self._wide, strict=True):
            text = fit(cell.text, wide)
            padded = pad(text, wide, right=column.right)
            # The spaces stay outside of the colour, and the last column takes none.
            before, after = padded[: len(padded) - len(text)] if column.right else "", padded[len(text) :]
            parts.append(before + paint(text, cell.style) + ("" if column.right else after))
        return _GAP.join(parts).rstrip()


def _broken(text: str, columns: int) -> list[str]:
    """Return text as lines broken between words; a word that is longer than `columns` has one to itself."""
    lines = [""]
    for word in text.split(" "):
        longer = f"{lines[-1]} {word}" if lines[-1] else word
        if lines[-1] and width(longer) > columns:
            lines.append(word)
        else:
            lines[-1] = longer
    return lines


def _in_order_of_dropping(columns: Sequence[Column]) -> list[Column]:
    return sorted((column for column in columns if column.drop is not None), key=lambda column: column.drop or 0)


def _as_list(columns: Sequence[Column], row: Sequence[Cell], room: int, paint: Paint) -> Iterator[str]:
    """Yield a row as its first cell, and the others with their titles below it."""
    first, *others = row
    yield paint(escape(first.text), first.style)
    for column, cell in zip(columns[1:], others, strict=True):
        if cell.text:
            lines = wrap(f"{_INDENT}{column.title.lower()}: {escape(cell.text)}", room, hang=len(_INDENT))
            yield from (paint(line, cell.style) for line in lines)
