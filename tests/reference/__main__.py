"""Write the pages of docs/reference/ that are made from the program."""

from __future__ import annotations

from tests.reference.pages import DOCS, PAGES

if __name__ == "__main__":
    for name, page in PAGES.items():
        (DOCS / name).write_text(page(), encoding="utf-8")
