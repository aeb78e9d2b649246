"""Schedules looked at and reset in a real project, with a scheduler and without one, by verbs and by scripts."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from task_scheduler.testing.running import REPOSITORY, RunningProject, ledger_faults, running_project

pytestmark = pytest.mark.slow

EACH_SECOND = "@repeat(every(1).seconds)\ndef start():\n    pass\n"


@pytest.fixture
def project() -> Iterator[RunningProject]:
    with running_project() as running:
        yield running


def script(name: str, project: RunningProject, *arguments: str, cwd: Path = REPOSITORY) -> Any:
    """Run one of the scripts in scripts/."""
    return subprocess.run(
        [sys.executable, str(REPOSITORY / "scripts" / name), "--root", str(project.root), *arguments],
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": ""},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def overdue(project: RunningProject) -> dict[str, dict[str, Any]]:
    told = json.loads(project.command("overdue", "--json").stdout)
    return {job["task"]: job for job in told["jobs"]}


def test_after_a_downtime_it_is_told_what_is_overdue_and_a_reset_gives_it_up(project: RunningProject) -> None:
    project.write_task("often", EACH_SECOND)
    project.write_task("rarely", "@repeat(every().day.at('04:05'))\ndef start():\n    pass\n")
    project.start()
    project.wait_for_run("often", "succeeded")
    project.wait_for_task("rarely", "active")
    with_scheduler = overdue(project)
    assert project.stop() == 0
    [last] = project.runs("often")[-1:]
    project.wait_for("two slots are overdue", lambda: (overdue(project)["often"]["owed"] or {}).get("slots", 0) >= 2)

    told = script("check_overdue.py", project, "--exit-code")
    dry = project.command("reset-schedules", "--dry-run")
    unchanged = overdue(project)["often"]["next_run"]
    done = script("reset_schedules.py", project, "--future-only", "--json")

    assert {job["status"] for job in with_scheduler.values()} == {"FUTURE"}
    assert told.returncode == 1
    assert "runs once at the next start" in told.stdout
    assert "would be given up; nothing was changed" in dry.stdout
    [change] = json.loads(done.stdout)["jobs"]
    assert (change["task"], change["old"]) == ("often", unchanged)
    [missed] = project.runs("often", "missed")
    assert (missed["count"], missed["reason"]) == (change["slots"], "given up by reset-schedules")
    assert missed["id"] == last["id"] + 1
    project.start()
    [after] = project.wait_for_run("often", "succeeded", count=len(project.runs("often", "succeeded")) + 1)[-1:]
    assert after["scheduled_for"] > missed["range_end"]
    assert ledger_faults(project) == []


def test_a_running_scheduler_resets_what_waits_and_leaves_what_works(project: RunningProject) -> None:
    project.write_task(
        "long", "import time\n@repeat(every(1).seconds)\ndef start():\n    time.sleep(60)\n", fields="overlap: queue\n"
    )
    project.start()
    project.wait_for_run("long", "queued", count=3)
    project.wait_for("it is told", lambda: overdue(project)["long"]["status"] == "OVERDUE")

    done = script("reset_schedules.py", project, "--task", "long", "--json")

    [change] = json.loads(done.stdout)["jobs"]
    given_up = {run["id"] for run in project.runs("long", "missed")}
    assert set(change["runs"]) == given_up
    assert len(given_up) >= 2
    assert len(project.runs("long", "running")) == 1
    assert ledger_faults(project) == []


def test_jobs_tells_of_every_task_with_and_without_a_scheduler(project: RunningProject) -> None:
    project.write_task("often", EACH_SECOND)
    project.write_task("off", EACH_SECOND, fields="enabled: false\n")
    project.write_task("by_hand", "def start():\n    pass\n")
    project.write_file("broken", '"""\n---\nevry: 5\n---\n"""\n')
    project.start()
    project.wait_for_run("often", "succeeded")
    project.wait_for_task("broken", "invalid")
    project.wait_for_task("by_hand", "active")

    def states() -> dict[str, str]:
        jobs = json.loads(script("debug_jobs.py", project, "--json", cwd=project.root / "data").stdout)
        return {job["task"]: job["state"] for job in jobs}

    expected = {"often": "active", "off": "disabled", "by_hand": "unscheduled", "broken": "invalid"}
    assert states() == expected
    assert project.stop() == 0
    (project.root / "tasks" / "off.py").unlink()
    assert states() == expected
    assert "1 job of 4 tasks" in project.command("jobs").stdout

    # Bad input, while there is a record to be right about.
    unknown = script("reset_schedules.py", project, "--task", "ofte")
    disabled = project.command("reset-schedules", "--task", "off")
    both = project.command("reset-schedules", "--all", "--task", "off")
    nowhere = script("check_overdue.py", project, "--root", str(project.root / "nowhere"))
    assert unknown.returncode == 6
    assert "error: no task 'ofte', did you mean 'often'?" in unknown.stderr
    assert f"hint: `python3 main.py --root {project.root} list`" in unknown.stderr
    assert (disabled.returncode, disabled.stderr.splitlines()[-1]) == (1, "error: off is disabled (enabled: false)")
    assert both.returncode == 2
    assert (nowhere.returncode, nowhere.stdout) == (2, "")


def test_in_a_project_that_never_ran_there_is_nothing_to_reset(tmp_path: Path) -> None:
    project = RunningProject(tmp_path)

    reset = script("reset_schedules.py", project, cwd=tmp_path)
    unknown = project.command("jobs", "often")

    assert (reset.returncode, reset.stdout) == (0, "no job to reset\n")
    assert unknown.returncode == 6
