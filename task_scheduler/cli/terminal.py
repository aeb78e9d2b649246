"""The world a command sees: two streams, a width, colours, the time."""

from __future__ import annotations

import json
import os
import shutil
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, tzinfo
from typing import Self, TextIO

from task_scheduler.cli.tables import Cell, Column, render
from task_scheduler.cli.text import escape, wrap

_STYLES: Mapping[str, str] = {
    "heading": "1",
    "good": "32",
    "bad": "31",
    "warning": "33",
    "busy": "36",
    "faint": "2",
}

#: How a state of a run or a status of a task is painted; any other is left as it is.
STYLE_OF: Mapping[str, str] = {
    "active": "good",
    "succeeded": "good",
    "invalid": "bad",
    "suspended": "bad",
    "failed": "bad",
    "timed_out": "bad",
    "interrupted": "bad",
    "retrying": "warning",
    "snoozed": "warning",
    "paused": "warning",
    "missed": "warning",
    "cancelled": "warning",
    "running": "busy",
    "queued": "busy",
    "preparing": "busy",
    "skipped": "faint",
    "disabled": "faint",
    "module": "faint",
    "deleted": "faint",
    "missing": "faint",
    "unscheduled": "faint",
    "ended": "faint",
}


class Terminal:
    """Where a command writes. What it is given is made harmless here, once, unless a method says otherwise."""

    def __init__(
        self,
        *,
        out: TextIO,
        err: TextIO,
        now: Callable[[], datetime],
        pause: Callable[[float], object],
        width: int | None = None,
        err_width: int | None = None,
        colour: bool = False,
        zone: tzinfo | None = None,
    ) -> None:
        """`width`, of `out`, and `err_width` None: lines of any length; `zone` None: the machine's."""
        self.out = out
        self.err = err
        self.now = now
        self.pause = pause
        self.zone = zone
        self._width = width
        self._err_width = err_width
        self._colour = colour

    @classmethod
    def of_process(cls) -> Self:
        """Return the terminal this process was started from."""
        is_terminal = sys.stdout.isatty()
        columns = shutil.get_terminal_size().columns
        return cls(
            out=sys.stdout,
            err=sys.stderr,
            now=_now,
            pause=threading.Event().wait,
            width=columns if is_terminal else None,
            err_width=columns if sys.stderr.isatty() else None,
            colour=is_terminal and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb",
        )

    @property
    def is_watched(self) -> bool:
        """Whether what is said beside the data goes to a terminal."""
        return self._err_width is not None

    def paint(self, text: str, style: str) -> str:
        """Return harmless text in a style, where colours are shown."""
        code = _STYLES.get(style)
        return f"\x1b[{code}m{text}\x1b[0m" if code and text and self._colour else text

    def say(self, text: str = "", style: str = "", *, whole: bool = False) -> None:
        """Write one line of data, wrapped at words on a terminal unless it is `whole`."""
        for line in wrap(escape(text), None if whole else self._width):
            print(self.paint(line, style), file=self.out)

    def document(self, document: object) -> None:
        """Write data as JSON."""
        # Escapes keep undecodable file names apart, and any terminal safe.
        print(json.dumps(document, indent=2), file=self.out)

    def table(
        self,
        columns: Sequence[Column],
        rows: Sequence[Sequence[Cell]],
        below: Mapping[int, Sequence[Cell]] | None = None,
        *,
        with_header: bool = True,
    ) -> None:
        """Write a table; `below` gives lines to write below a row, by the row's place.

        Further rows of one that is written already have no header.
        """
        header, shown = render(columns, rows, room=self._width, paint=self.paint)
        if header is not None and with_header:
            print(header, file=self.out)
        for place, lines in enumerate(shown):
            print(*lines, sep="\n", file=self.out)
            for note in (below or {}).get(place, ()):
                self.say(f"    {note.text}", note.style)

    def fields(self, fields: Mapping[str, str | Cell]) -> None:
        """Write names and values, one pair a line; empty values are left out."""
        cells = {name: value if isinstance(value, Cell) else Cell(value) for name, value in fields.items()}
        shown = {name: cell for name, cell in cells.items() if cell.text}
        longest = max(map(len, shown), default=0)
        for name, cell in shown.items():
            first, *further = wrap(f"{name:<{longest}}  {escape(cell.text)}", self._width, hang=longest + 2)
            before = longest + 2
            print(first[:before] + self.paint(first[before:], cell.style), file=self.out)
            for line in further:
                print(line[:before] + self.paint(line[before:], cell.style), file=self.out)

    def note(self, text: str) -> None:
        """Say something about the data, beside it."""
        self.out.flush()
        print(*wrap(escape(text), self._err_width), sep="\n", file=self.err, flush=True)

    def error(self, message: str, hint: str = "") -> None:
        """Say what went wrong and, below a blank line, the way out."""
        first, *others = message.splitlines() or [""]
        columns = self._err_width
        lines = wrap(f"error: {escape(first)}", columns, hang=7)
        lines += (piece for line in others for piece in wrap(f"       {escape(line)}", columns))
        if hint:
            lines += ["", *wrap(f"hint: {escape(hint)}", columns, hang=6)]
        self.out.flush()
        print(*lines, sep="\n", file=self.err, flush=True)


def _now() -> datetime:
    # The clock adapter imports asyncio, which takes longer than all the rest of `status`.
    return datetime.now(UTC)  # noqa: TID251
