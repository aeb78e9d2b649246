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
from task_scheduler.cli.text import escape

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
    "failed": "bad",
    "timed_out": "bad",
    "interrupted": "bad",
    "retrying": "warning",
    "missed": "warning",
    "cancelled": "warning",
    "running": "busy",
    "queued": "busy",
    "preparing": "busy",
    "skipped": "faint",
    "disabled": "faint",
    "module": "faint",
    "deleted": "faint",
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
        colour: bool = False,
        zone: tzinfo | None = None,
    ) -> None:
        """`width` None: lines of any length; `zone` None: the machine's."""
        self.out = out
        self.err = err
        self.now = now
        self.pause = pause
        self.zone = zone
        self._width = width
        self._colour = colour

    @classmethod
    def of_process(cls) -> Self:
        """Return the terminal this process was started from."""
        is_terminal = sys.stdout.isatty()
        return cls(
            out=sys.stdout,
            err=sys.stderr,
            now=_now,
            pause=threading.Event().wait,
            width=shutil.get_terminal_size().columns if is_terminal else None,
            colour=is_terminal and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb",
        )

    def paint(self, text: str, style: str) -> str:
        """Return harmless text in a style, where colours are shown."""
        code = _STYLES.get(style)
        return f"\x1b[{code}m{text}\x1b[0m" if code and text and self._colour else text

    def say(self, text: str = "", style: str = "") -> None:
        """Write one line of data."""
        print(self.paint(escape(text), style), file=self.out)

    def document(self, document: object) -> None:
        """Write data as JSON."""
        # Escapes keep undecodable file names apart, and any terminal safe.
        print(json.dumps(document, indent=2), file=self.out)

    def table(
        self,
        columns: Sequence[Column],
        rows: Sequence[Sequence[Cell]],
        below: Mapping[int, Sequence[Cell]] | None = None,
    ) -> None:
        """Write a table; `below` gives lines to write below a row, by the row's place."""
        header, *lines = render(columns, rows, room=self._width, paint=self.paint)
        print(header, file=self.out)
        for place, line in enumerate(lines):
            print(line, file=self.out)
            for note in (below or {}).get(place, ()):
                self.say(f"    {note.text}", note.style)

    def fields(self, fields: Mapping[str, str | Cell]) -> None:
        """Write names and values, one pair a line; empty values are left out."""
        cells = {name: value if isinstance(value, Cell) else Cell(value) for name, value in fields.items()}
        shown = {name: cell for name, cell in cells.items() if cell.text}
        longest = max(map(len, shown), default=0)
        for name, cell in shown.items():
            print(f"{name:<{longest}}  {self.paint(escape(cell.text), cell.style)}", file=self.out)

    def note(self, text: str) -> None:
        """Say something about the data, beside it."""
        self.out.flush()
        print(escape(text), file=self.err, flush=True)

    def error(self, message: str, hint: str = "") -> None:
        """Say what went wrong and, below a blank line, the way out."""
        first, *others = message.splitlines() or [""]
        lines = [f"error: {escape(first)}", *(f"       {escape(line)}" for line in others)]
        if hint:
            lines += ["", f"hint: {escape(hint)}"]
        self.out.flush()
        print(*lines, sep="\n", file=self.err, flush=True)


def _now() -> datetime:
    # The clock adapter imports asyncio, which takes longer than all the rest of `status`.
    return datetime.now(UTC)  # noqa: TID251
