"""Project folders to be watched."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.watcher import watched


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Return a project folder without any file."""
    (tmp_path / "tasks").mkdir()
    (tmp_path / "helpers").mkdir()
    return tmp_path


@pytest.fixture
def ordinary_user() -> Iterator[Path]:
    """Be a user whom permissions and limits bind, in a project folder of that user's own."""
    with watched.ordinary_user() as folder:
        yield folder
