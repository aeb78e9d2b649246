"""Write docs/settings.md."""

from __future__ import annotations

from pathlib import Path

from tests.settings.page import page

PAGE = Path(__file__).resolve().parents[2] / "docs" / "settings.md"

if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
