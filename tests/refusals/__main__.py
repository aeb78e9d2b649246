"""Write docs/refusals.md and docs/frontmatter.schema.json."""

from __future__ import annotations

import json
from pathlib import Path

from task_scheduler.core.schema import frontmatter_schema
from tests.refusals.page import page

DOCS = Path(__file__).resolve().parents[2] / "docs"

if __name__ == "__main__":
    (DOCS / "refusals.md").write_text(page(), encoding="utf-8")
    (DOCS / "frontmatter.schema.json").write_text(json.dumps(frontmatter_schema(), indent=2) + "\n", encoding="utf-8")
