"""Tables of plain text, aligned by columns, cut to the terminal's width."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from task_scheduler.cli.text import escape, fit, pad, width

_GAP = "  "


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column of a table."""

    title: str
    right: bool = False
    least: int | None = None  #: columns it may be cut down to where room is short; None: it is never cut


@dataclass(frozen=True, slots=True)
class Cell:
    """What stands in a column; made harmless when it is shown."""

    text: str
    style: str = ""


def render(
    columns: Sequence[Column],
    rows: Sequence[Sequence[Cell]],
    *,
    room: int | None,
    paint: Callable[[str, str], str],
) -> list[str]:
    """Return the header's line and one line for each row; `room` None cuts nothing."""
    shown = [[Cell(escape(cell.text), cell.style) for cell in row] for row in rows]
    wide = [
        max([width(column.title), *(width(row[place].text) for row in shown)]) for place, column in enumerate(columns)
    ]
    if room is not None:
        _shrink(wide, columns, room)
    header = [Cell(column.title, "heading") for column in columns]
    return [_line(columns, row, wide, paint) for row in [header, *shown]]


def _shrink(wide: list[int], columns: Sequence[Column], room: int) -> None:
    """Cut the widest columns first, until the line fits or all are as narrow as they may be."""
    excess = sum(wide) + len(_GAP) * (len(wide) - 1) - room
    least = {place: column.least for place, column in enumerate(columns) if column.least is not None}
    while excess > 0:
        place = max((place for place in least if wide[place] > least[place]), key=lambda p: wide[p], default=None)
        if place is None:
            return
        wide[place] -= 1
        excess -= 1


def _line(columns: Sequence[Column], row: Sequence[Cell], wide: Sequence[int], paint: Callable[[str, str], str]) -> str:
    parts = []
    for place, (column, cell) in enumerate(zip(columns, row, strict=True)):
        text = fit(cell.text, wide[place])
        padded = pad(text, wide[place], right=column.right)
        # The spaces stay outside of the colour, and the last column takes none.
        before, after = padded[: len(padded) - len(text)] if column.right else "", padded[len(text) :]
        parts.append(before + paint(text, cell.style) + ("" if column.right else after))
    return _GAP.join(parts).rstrip()
