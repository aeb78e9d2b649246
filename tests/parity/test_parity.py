"""The table of parity leaves nothing out, and names tests and pages that are there."""

from __future__ import annotations

import ast
import re
from functools import cache
from itertools import pairwise
from pathlib import Path

import pytest

from task_scheduler.testing.running import REPOSITORY
from tests.acceptance.test_parity_blocks import BLOCKS
from tests.parity.page import page
from tests.parity.promised import PROMISED
from tests.parity.really import FAULTS, UNTOLD
from tests.parity.row import Row

PAGE = REPOSITORY / "docs" / "reference" / "parity.md"
#: The lines of the original's documentation.
LINES = 890
#: The faults that were found in the original when it was run.
FOUND = 37
ROWS = [*(row for rows in PROMISED.values() for row in rows), *FAULTS, *UNTOLD]
NAMES = [f"{number} {row.says[:50]}" for number, row in enumerate(ROWS)]


def test_the_page_is_up_to_date() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "run `python -m tests.parity`"


def test_no_line_of_the_original_is_left_out_and_none_is_told_twice() -> None:
    ranges = [row.lines for rows in PROMISED.values() for row in rows]

    assert ranges[0][0] == 1
    assert [(last, first) for (_, last), (first, _) in pairwise(ranges) if first != last + 1] == []
    assert ranges[-1][1] == LINES


def test_every_fault_that_was_found_is_there() -> None:
    assert len(FAULTS) == FOUND


def test_every_block_is_named_by_the_row_whose_lines_it_is_in() -> None:
    named = {(row.lines, line) for rows in PROMISED.values() for row in rows for line in row.blocks}

    for block in BLOCKS:
        assert any(first <= block.line <= last for (first, last), line in named if line == block.line), block


@pytest.mark.parametrize("row", ROWS, ids=NAMES)
def test_a_row_is_shown_by_tests_that_are_there(row: Row) -> None:
    assert row.tests or row.blocks
    for test in row.tests:
        path, _, name = test.partition("::")
        assert name in _tests(REPOSITORY / "tests" / path), test


@pytest.mark.parametrize("row", ROWS, ids=NAMES)
def test_a_row_leads_to_a_place_that_is_there(row: Row) -> None:
    for target, anchor in re.findall(r"\]\(([^)#]+)(?:#([^)]+))?\)", row.here):
        text = (PAGE.parent / target).read_text(encoding="utf-8")
        assert not anchor or anchor in _anchors(text), f"{target}#{anchor}"


@cache
def _tests(file: Path) -> frozenset[str]:
    """Return the names of a file's tests, none where there is no such file."""
    if not file.is_file():
        return frozenset()
    tree = ast.parse(file.read_text(encoding="utf-8"))
    return frozenset(node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


def _anchors(text: str) -> set[str]:
    """Return what the headings of a page can be linked by, as MkDocs and repository browsers make it of them."""
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[-\s]+", "-", re.sub(r"[^\w\s-]", "", heading).strip().lower()) for heading in headings}
