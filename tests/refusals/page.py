"""docs/refusals.md, written from the table."""

from __future__ import annotations

from collections.abc import Iterable

from task_scheduler.core.excerpts import excerpt
from tests.refusals.entries import ENTRIES, SILENT
from tests.refusals.row import Entry, Row
from tests.refusals.table import SECTIONS

_HEAD = """\
# What is refused, and what you are told

Written by `python -m tests.refusals` from the table that the tests hold the program to, so this is what it says, word for
word. `check` says it on demand; the log and `list` say it when the file is dropped. A file with an error never replaces
the version in force; one with only warnings runs. The number is the line. All of a file's problems are said at once.

"""
_WIDEST = 100
_MOST_LINES = 3


def page() -> str:
    """Return the page."""
    sections = [_section(heading, "you wrote", map(_of_row, rows)) for heading, rows in SECTIONS.items()]
    sections.append(_section("In the folder of tasks", "there is", map(_of_entry, ENTRIES)))
    silent = "\n".join(f"- {entry.did}" for entry in SILENT)
    return _HEAD + "\n".join(sections) + f"\nNothing is said of:\n\n{silent}\n"


def _section(heading: str, what: str, rows: Iterable[tuple[str, str]]) -> str:
    lines = "".join(f"| {cause} | {told} |\n" for cause, told in rows)
    return f"## {heading}\n\n| {what} | you are told |\n|---|---|\n{lines}"


def _of_row(row: Row) -> tuple[str, str]:
    return _cell(row.did) if row.did else _lines(row.wrote.split("\n")), _lines(_shortened(row.said), _WIDEST * 4)


def _of_entry(entry: Entry) -> tuple[str, str]:
    return _cell(entry.did), _lines(entry.said, _WIDEST * 4)


def _shortened(said: tuple[str, ...]) -> tuple[str, ...]:
    if len(said) <= _MOST_LINES + 1:
        return said
    return (*said[:_MOST_LINES], f"… and {len(said) - _MOST_LINES} more")


def _lines(lines: Iterable[str], longest: int = _WIDEST) -> str:
    return "<br>".join(_code(line, longest) for line in lines if line)


def _code(line: str, longest: int) -> str:
    indent = len(line) - len(line.lstrip(" "))
    shown = " " * indent + excerpt(line, longest)
    if len(line) > longest:
        shown += "…"
    mark = "``" if "`" in shown else "`"
    pad = " " if "`" in shown else ""
    return _cell(f"{mark}{pad}{shown}{pad}{mark}")


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
