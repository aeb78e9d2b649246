"""A file run by its schedule, by `run-file` with a scheduler and by `run-file` alone: three runs of one kind."""

from __future__ import annotations

import json
import os
from typing import Any

import pytest

from task_scheduler.testing.running import RunningProject

pytestmark = pytest.mark.slow

#: Says all a run can find out about itself; `@repeat` makes it run by the clock too.
DUMP = """
import colours, json, os, resource, sys
@repeat(every().second)
def start():
    from task_scheduler import surroundings
    told = surroundings.gather()
    told["session"] = os.getsid(0) == os.getpid()
    told["descriptors"] = sorted(os.listdir("/proc/self/fd"))[:3]
    told["colours"] = colours.VERSION
    told["modules"] = sorted(sys.modules)
    told["argv"] = sys.argv
    print(json.dumps(told))
"""
#: Of one run each.
OWN = {
    *("TASK_SCHEDULER_RUN", "TASK_SCHEDULER_SCHEDULED_FOR", "TASK_SCHEDULER_STOP_NOTE", "TASK_SCHEDULER_REASON"),
    *("TASK_SCHEDULER_WINDOW_START", "TASK_SCHEDULER_WINDOW_END"),
}
#: Columns that tell one run from another; all others are the same for equal runs.
OF_A_RUN = {"id", "kind", "job_id", "scheduled_for", "request_id", "pinned", "created_at", "started_at", "ended_at"}
OF_AN_ATTEMPT = {
    *("run_id", "placement", "output", "claimed_at", "started_at", "ended_at"),
    *("duration", "cpu_seconds", "peak_memory", "process", "output_bytes"),
}


def test_a_run_is_the_same_however_it_was_asked_for(project: RunningProject, monkeypatch: pytest.MonkeyPatch) -> None:
    # Set by the test runner, and not the same while a scheduler is started and while a command is.
    monkeypatch.delenv("PYTEST_CURRENT_TEST", raising=False)
    project.write_task("dump", DUMP, fields="dependencies: ['colours==1.0']\ntimeout: 30\n")
    project.start()
    project.wait_for_run("dump", "succeeded")
    # An edit that no slot has run yet, and a schedule that leaves the rest of the test alone.
    project.write_task(
        "dump", DUMP.replace("every().second", "every().day.at('03:00')"), fields="dependencies: ['colours==1.0']\n"
    )

    with_scheduler = project.command("run-file", "dump")
    project.stop()
    project.close()
    alone = project.command("run-file", "dump")

    assert (with_scheduler.returncode, alone.returncode) == (0, 0), (with_scheduler.stderr, alone.stderr)
    scheduled_run = next(run for run in project.runs("dump", "succeeded") if run["kind"] == "scheduled")
    by_schedule = json.loads(project.output(scheduled_run["id"]))
    assert _facts(by_schedule) == _facts(json.loads(with_scheduler.stdout)) == _facts(json.loads(alone.stdout))
    assert by_schedule["colours"] == "1.0"

    manual = [run for run in project.runs("dump") if run["kind"] == "manual"]
    assert len(manual) == 2
    first, second = (_shape(run, OF_A_RUN) for run in manual)
    assert first == second
    third = _shape(scheduled_run, OF_A_RUN)
    assert {**third, "digest": first["digest"]} == first
    attempts = [_shape(_attempt(project, run["id"]), OF_AN_ATTEMPT) for run in (scheduled_run, *manual)]
    assert attempts[1] == attempts[2] == {**attempts[0], "digest": first["digest"]}


def _facts(told: dict[str, Any]) -> dict[str, Any]:
    variables = {name: value for name, value in told["variables"].items() if name not in OWN}
    # A kept source is named by its digest, and the schedule was edited.
    variables["TASK_SCHEDULER_SOURCE"] = os.path.dirname(variables["TASK_SCHEDULER_SOURCE"])  # noqa: PTH120
    return {**told, "variables": variables}


def _shape(row: dict[str, Any], own: set[str]) -> dict[str, Any]:
    """Return what equal runs share, and which of the other columns are filled in."""
    return {name: value for name, value in row.items() if name not in own}


def _attempt(project: RunningProject, run_id: int) -> dict[str, Any]:
    (attempt,) = project.rows("SELECT * FROM attempts WHERE run_id = ?", run_id)
    return attempt
