"""Every row of the table, through the reader: each sentence, each line, and nothing else."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from task_scheduler.core.errors import Problem
from task_scheduler.ports import SourceFile
from task_scheduler.watcher.reader import TaskFileReader
from tests.refusals.row import Row
from tests.refusals.table import ROWS

READER = TaskFileReader(root=Path("nowhere"), helpers=Path("nowhere/helpers"))
#: No sentence is longer, cut texts of the person's included.
LONGEST = 400
_PYTHON_SAYS = "syntax error: "


def told(problem: Problem) -> str:
    place = "" if problem.line is None else f"{problem.line}: "
    return f"{place}{problem.severity.value}: {problem.message}"


def same(said: str, expected: str) -> bool:
    """Whether it is the sentence of the table; what Python says of a syntax error is told in the words of 3.11."""
    if sys.version_info[:2] == (3, 11) or _PYTHON_SAYS not in expected:
        return said == expected
    return said.partition(_PYTHON_SAYS)[:2] == expected.partition(_PYTHON_SAYS)[:2]


@pytest.mark.parametrize("row", [row for row in ROWS if not row.only_by_check], ids=lambda row: row.id)
def test_each_mistake_is_told_in_its_sentence_with_its_line(row: Row) -> None:
    source = SourceFile(task_id=row.id, path=f"tasks/{row.id}.py", digest="", content=row.content)

    said = [told(problem) for problem in READER.read(source).problems]

    assert len(said) == len(row.said), said
    assert all(same(*pair) for pair in zip(said, row.said, strict=True)), said


def test_the_table_is_long_and_no_row_stands_there_twice() -> None:
    ids = [row.id for row in ROWS]

    assert len(ids) > 300
    assert len(set(ids)) == len(ids)
    assert len({row.content for row in ROWS}) == len(ids)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.id)
def test_every_sentence_can_be_shown_anywhere(row: Row) -> None:
    assert row.said
    for sentence in row.said:
        assert sentence.isprintable()
        assert len(sentence) <= LONGEST
        assert not sentence.endswith((".", " "))
