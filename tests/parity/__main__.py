"""Write docs/reference/parity.md."""

from __future__ import annotations

from tests.parity.page import page
from tests.parity.test_parity import PAGE

if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
