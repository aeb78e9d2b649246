"""A short campaign: `scripts/faults.py` runs longer ones, for as many rounds as wanted."""

from __future__ import annotations

import os

import pytest

from task_scheduler.testing.running import RunningProject
from tests.faults.campaign import Campaign

pytestmark = pytest.mark.slow

#: Another one for those who ask for it, so that not every run looks at the same.
SEED = int(os.environ.get("FAULTS_SEED", "4"))


def test_whatever_happens_nothing_is_lost_doubled_or_left(project: RunningProject) -> None:
    said: list[str] = []

    summary = Campaign(project, seed=SEED, rounds=8, say=said.append).run()

    assert summary.violations == [], "\n".join(said)
    assert summary.rounds == 8
    assert summary.counted["succeeded"] > 5
    assert summary.counted["effects"] > 10
    assert summary.counted["slots"] > 10
