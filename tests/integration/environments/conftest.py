"""Fixtures for tests of environments."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from task_scheduler.environments.provider import Environments
from tests.integration.environments.bench import Bench


@pytest.fixture(scope="session")
def shared_environments(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("environments")


@pytest.fixture
def bench(tmp_path: Path, shared_environments: Path) -> Bench:
    bench = Bench(tmp_path, shared_environments)
    bench.wheels.mkdir()
    (bench.root / "tasks").mkdir(parents=True)
    return bench


@pytest.fixture(params=["uv", "pip"])
def make(bench: Bench, request: pytest.FixtureRequest) -> Callable[..., Environments]:
    """Return a maker of providers by each installer."""
    return lambda **options: bench.provider(installer=request.param, **options)
