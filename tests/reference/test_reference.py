"""The pages made from the program are the ones in docs/reference/."""

from __future__ import annotations

import re

import pytest

from task_scheduler.cli.arguments import VERBS
from task_scheduler.cli.exit_codes import ExitCode
from task_scheduler.core.declaration import KEYS
from tests.reference.pages import DOCS, PAGES

HOW = "run `python -m tests.reference`"


@pytest.mark.parametrize("name", PAGES)
def test_the_page_is_up_to_date(name: str) -> None:
    assert (DOCS / name).read_text(encoding="utf-8") == PAGES[name](), HOW


def test_every_key_verb_and_code_has_its_place() -> None:
    assert set(KEYS) == set(re.findall(r"^### `(\w+)`$", PAGES["fields.md"](), re.MULTILINE))
    assert set(VERBS) == set(re.findall(r"^## `([\w-]+)`$", PAGES["commands.md"](), re.MULTILINE))
    assert {str(int(code)) for code in ExitCode} <= set(
        re.findall(r"^\| (\d+) \|", PAGES["exit-codes.md"](), re.MULTILINE)
    )


def test_every_row_of_a_table_has_as_many_cells_as_its_heading() -> None:
    for name, page in PAGES.items():
        for table in re.findall(r"(?:^\|.*\n)+", page(), re.MULTILINE):
            counts = {len(re.findall(r"(?<!\\)\|", line)) for line in table.splitlines()}
            assert len(counts) == 1, f"{name}: {table}"
