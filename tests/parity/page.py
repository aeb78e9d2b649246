"""docs/reference/parity.md, written from the table."""

from __future__ import annotations

import re
from collections.abc import Iterable

from tests.acceptance.test_parity_blocks import BLOCKS
from tests.parity.promised import PROMISED
from tests.parity.really import FAULTS, UNTOLD
from tests.parity.row import Row

_HEAD = """\
# Parity

Written by `python -m tests.parity`. This program keeps what another one promises: myautohub, a task scheduler for a folder of
Python files, whose name stands in no command but whose commands, keys, helpers and paths are these. Whoever comes from there, or
follows its documentation, finds here: what it says, in our words; where that is; and which test shows it. Tests are named below
`tests/`. "The block" is a piece of its documentation that `acceptance/test_parity_blocks.py` carries out in a fresh clone.

Two names differ: the process is called `task-scheduler: FOLDER`, and pytest's settings are in `pyproject.toml`.

"""
_FAULTS = """\
## What must not happen

The original was run, and did other than it says. Each of these faults has a test here that makes it impossible.

| there | here | shown by |
|---|---|---|
"""
_UNTOLD = """\
## What its documentation does not tell

| there | here | shown by |
|---|---|---|
"""
_SAID = {block.line: block.says for block in BLOCKS}


def page() -> str:
    """Return the page; raises KeyError for a block that is not in the table of blocks."""
    chapters = "\n".join(
        f"## {name}\n\n| it says | here | shown by |\n|---|---|---|\n{_rows(rows)}" for name, rows in PROMISED.items()
    )
    return f"{_HEAD}{chapters}\n{_FAULTS}{_rows(FAULTS)}\n{_UNTOLD}{_rows(UNTOLD)}"


def _rows(rows: Iterable[Row]) -> str:
    return "".join(f"| {_cell(row.says)} | {_cell(row.here)} | {_shown(row)} |\n" for row in rows)


def _shown(row: Row) -> str:
    blocks = [f"the block: {_SAID[line]}" for line in row.blocks]
    return "<br>".join([*(f"`{test}`" for test in row.tests), *blocks])


def _cell(text: str) -> str:
    return re.sub(r"(?<!\\)\|", r"\\|", text)
