"""What a fork tells of a command is what a process tells that was started for it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from task_scheduler.testing.fork_server import carry_out

REPOSITORY = Path(__file__).resolve().parents[3]
VARIABLES = {"PATH": os.environ["PATH"], "PYTHONPATH": str(REPOSITORY)}

pytestmark = pytest.mark.slow


@pytest.mark.parametrize(
    ("arguments", "variables"),
    [
        (["--version"], {}),
        (["check", "--help"], {"COLUMNS": "70"}),
        (["check", "größe.py"], {}),
        (["lst"], {}),
        (["explain", "0 9 * * 1-5"], {"TZ": "Asia/Tokyo"}),
        (["explain", "0 9 * * 1-5"], {"TZ": "America/New_York", "TASK_SCHEDULER_SCHEDULER_TIMEZONE": "Europe/Berlin"}),
    ],
)
def test_a_fork_says_what_a_start_says(tmp_path: Path, arguments: list[str], variables: dict[str, str]) -> None:
    environment = {**VARIABLES, **variables}

    forked = carry_out(*arguments, cwd=tmp_path, variables=environment)

    started = subprocess.run(
        [sys.executable, "-m", "task_scheduler", *arguments],
        cwd=tmp_path,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (forked.returncode, forked.stdout, forked.stderr) == (started.returncode, started.stdout, started.stderr)
    assert forked.stdout + forked.stderr


def test_one_that_takes_too_long_is_ended_and_the_next_one_is_served(tmp_path: Path) -> None:
    with pytest.raises(TimeoutError):
        carry_out("--version", cwd=tmp_path, variables=VARIABLES, seconds=0.000_001)

    assert carry_out("--version", cwd=tmp_path, variables=VARIABLES).returncode == 0
