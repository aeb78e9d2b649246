"""What a code block of the original's documentation is, and who does what it says."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tests.acceptance.parity.reader import Reader


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """One fenced block of the original's documentation, told as a fact."""

    line: int  #: where it begins there
    language: str  #: of its fence
    says: str  #: what it is about, in our words
    adapted: str = ""  #: what is different here, and why
    carry_out: Callable[[Reader], None] | None = None  #: does the same here; None: `elsewhere` does
    elsewhere: str = ""  #: the test that does it

    def __str__(self) -> str:
        return f"line {self.line}: {self.says}"
