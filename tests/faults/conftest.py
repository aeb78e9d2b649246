"""A project for each test, with everything of it ended afterwards."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from task_scheduler.testing.running import RunningProject, running_project


@pytest.fixture
def project() -> Iterator[RunningProject]:
    with running_project() as made:
        yield made
