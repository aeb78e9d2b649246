"""A project of its own for each test; whatever it started is ended with it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from task_scheduler.testing.running import RunningProject, ledger_faults, running_project


@pytest.fixture
def project() -> Iterator[RunningProject]:
    """A project without a scheduler, until the test starts one; its record is checked at the end."""
    with running_project() as made:
        yield made
        if (made.root / "data" / "scheduler.db").exists():
            assert ledger_faults(made) == []
