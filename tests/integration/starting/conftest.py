"""Fixtures for tests of starting."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from task_scheduler.testing.wheels import build_wheel
from tests.integration.starting.clones import Clone


@pytest.fixture(scope="session")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheels")
    build_wheel(folder, "needed-by-main", "1.0")
    build_wheel(folder, "needed-by-main", "1.5")
    return folder


@pytest.fixture
def clone(tmp_path: Path, wheels: Path) -> Iterator[Clone]:
    clone = Clone(tmp_path / "a folder with spaces", wheels, path=tmp_path / "bin")
    yield clone
    if clone.folder.exists():
        clone.folder.chmod(0o755)
