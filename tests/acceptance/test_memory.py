"""A scheduler whose memory is above its limit restarts once, harms no run, and says so."""

from __future__ import annotations

import os
import signal

import pytest

from task_scheduler.testing.running import RunningProject, is_living

pytestmark = pytest.mark.slow

WORK = """
import os
import time
from pathlib import Path


@repeat(every().day.at("00:00"))
def start():
    Path("pid").write_text(str(os.getpid()))
    while not Path("enough").exists():
        time.sleep(0.02)
"""


def test_a_limit_below_its_size_restarts_it_exactly_once(project: RunningProject) -> None:
    project.write_task("work", WORK)
    project.configure("scheduler:\n  memory_cleanup_interval: 1 hour\n")
    project.start()
    project.wait_for_task("work", "active")
    project.ask("start", task="work")
    attempt = int(project.wait_for("it is at work", (project.root / "pid").read_text))
    before = project.ask("status")["scheduler"]

    project.configure("scheduler:\n  memory_cleanup_interval: 0.5 s\n  max_memory_usage: 1 MB\n")
    os.kill(project.pid, signal.SIGHUP)
    project.wait_for("it has met its limit twice", lambda: "memory.high" in project.log())
    after = project.ask("status")["scheduler"]

    assert after["started_at"] > before["started_at"]
    assert (after["pid"], before["memory_restart"]) == (before["pid"], None)
    assert after["memory_restart"]["limit"] == 1_000_000
    assert after["memory_restart"]["used"] > 20_000_000
    assert project.log().count("| memory.restart |") == 1
    assert "above scheduler.max_memory_usage of 1 MB: restarting" in project.log()
    assert "restarted  for memory " in project.command("status").stdout
    assert is_living(attempt)
    assert os.getpgid(attempt) != os.getpgid(project.pid)
    (project.root / "enough").touch()
    (run,) = project.wait_for_run("work", "succeeded")
    assert run["executions"] == 1
