"""Real files to begin from: good tasks, the refusals, and Python files of this repository."""

from __future__ import annotations

from pathlib import Path

from tests.fuzz.good import GOOD
from tests.refusals.table import ROWS

_REPOSITORY = Path(__file__).resolve().parents[2]
_FOLDERS = ("tests", "helpers", "task_scheduler/starting", "task_scheduler/core")
#: Bytes: larger files take longer without being odder.
_LARGEST = 20_000


def corpus() -> list[bytes]:
    """Return the contents, the same in the same order for the same checkout; good tasks and refusals most often."""
    refused = [row.content for row in ROWS if len(row.content) <= _LARGEST]
    files = (path for folder in _FOLDERS for path in sorted((_REPOSITORY / folder).rglob("*.py")))
    real = [path.read_bytes() for path in files if path.stat().st_size <= _LARGEST]
    return [*GOOD * 60, *refused, *refused, *real]
