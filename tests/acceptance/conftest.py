"""A real scheduler for each test, ended with everything it caused."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from task_scheduler.testing.running import RunningProject, ledger_faults, running_project
from task_scheduler.testing.wheels import build_source_archive, build_wheel

# What the blocks of a reader assert is told as a test's own assertions are.
pytest.register_assert_rewrite("tests.acceptance.parity")

NO_BACKEND = """
def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    raise SystemExit("the compiler said: no such header")
"""


@pytest.fixture(scope="session")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A package index of our own: one package in two versions, one that does not build."""
    folder = tmp_path_factory.mktemp("wheels")
    build_wheel(folder, "colours", "1.0")
    build_wheel(folder, "colours", "2.0")
    build_source_archive(folder, "unbuildable", backend=NO_BACKEND)
    return folder


@pytest.fixture
def project(wheels: Path) -> Iterator[RunningProject]:
    """A project whose packages come from `wheels` alone; its record is checked at the end."""
    variables = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(wheels), "PIP_CONFIG_FILE": "/dev/null"}
    with running_project(variables=variables) as made:
        yield made
        assert ledger_faults(made) == []
