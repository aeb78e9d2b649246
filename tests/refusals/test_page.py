"""The pages made from the table are the ones in docs/."""

from __future__ import annotations

import json

from task_scheduler.core.schema import frontmatter_schema
from tests.refusals.__main__ import DOCS
from tests.refusals.page import page
from tests.refusals.table import ROWS

HOW = "run `python -m tests.refusals`"


def test_the_page_of_refusals_is_up_to_date() -> None:
    assert (DOCS / "refusals.md").read_text(encoding="utf-8") == page(), HOW


def test_the_page_has_a_line_for_each_row() -> None:
    lines = [line for line in page().splitlines() if line.startswith("| ") and not line.startswith("| you wrote")]

    assert len(lines) > len(ROWS)
    assert all(line.replace("\\|", "").count("|") == 3 for line in lines)


def test_the_published_schema_is_up_to_date() -> None:
    published = json.loads((DOCS / "frontmatter.schema.json").read_text(encoding="utf-8"))

    assert published == frontmatter_schema(), HOW
