"""Which pages are made from the program, and by what."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType

from tests.reference import commands, exit_codes, fields

DOCS = Path(__file__).resolve().parents[2] / "docs" / "reference"

PAGES: Mapping[str, Callable[[], str]] = MappingProxyType(
    {"fields.md": fields.page, "commands.md": commands.page, "exit-codes.md": exit_codes.page}
)
