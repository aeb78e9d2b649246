"""Runs outlive the scheduler, and the record stays true."""

from __future__ import annotations

import os
import signal

import pytest

from task_scheduler.testing.running import RunningProject, is_living

pytestmark = pytest.mark.slow

#: Writes a line each tenth of a second for three seconds, and one line into a file for each execution.
WORK = """
import os
import time
from pathlib import Path


@repeat(every().day.at("00:00"))
def start():
    with open(Path(os.environ["TASK_SCHEDULER_ROOT"]) / "executions", "a") as file:
        file.write(f"{os.getpid()}\\n")
    for number in range(30):
        print(number, flush=True)
        time.sleep(0.1)
"""
WHOLE = "".join(f"{number}\n" for number in range(30))


def _executions(project: RunningProject) -> list[int]:
    path = project.root / "executions"
    return [int(line) for line in path.read_text().splitlines()] if path.exists() else []


def _start_work(project: RunningProject, *, fields: str = "") -> int:
    """Start the work by request; return the process id of its attempt."""
    project.start()
    project.write_task("work", WORK, fields=fields)
    project.wait_for_task("work", "active")
    project.ask("start", task="work")
    project.wait_for_run("work", "running")
    return int(project.wait_for("the attempt begins", lambda: _executions(project))[0])


def test_killed_and_back_before_the_run_ends(project: RunningProject) -> None:
    pid = _start_work(project)

    project.kill()
    assert is_living(pid)
    project.start()
    run = project.wait_for_run("work", "succeeded")[0]

    assert _executions(project) == [pid]
    assert project.output(run["id"]) == WHOLE
    assert run["executions"] == 1


def test_killed_and_back_after_the_run_ended(project: RunningProject) -> None:
    pid = _start_work(project)

    project.kill()
    project.wait_for("the run ends by itself", lambda: not is_living(pid))
    assert project.runs("work")[0]["state"] == "running"
    project.start()
    run = project.wait_for_run("work", "succeeded")[0]

    assert _executions(project) == [pid]
    assert project.output(run["id"]) == WHOLE
    assert project.rows("SELECT duration FROM attempts")[0]["duration"] == pytest.approx(3.0, abs=0.9)


def test_killed_and_back_after_the_time_limit_which_the_host_enforced_alone(project: RunningProject) -> None:
    pid = _start_work(project, fields="timeout: 1\n")

    project.kill()
    project.wait_for("the host ends it", lambda: not is_living(pid))
    project.start()
    run = project.wait_for_run("work", "timed_out")[0]

    assert "time limit of 1 s" in run["reason"]
    assert _executions(project) == [pid]
    assert project.output(run["id"]).startswith("0\n1\n")


def test_a_stop_leaves_runs_alive_and_says_so(project: RunningProject) -> None:
    pid = _start_work(project)

    assert project.stop() == 0
    assert is_living(pid)
    assert "1 run goes on without it" in project.log()
    project.start()

    assert project.wait_for_run("work", "succeeded")
    assert _executions(project) == [pid]


def test_the_death_of_a_host_ends_its_attempts_as_interrupted_and_the_next_start_works(
    project: RunningProject,
) -> None:
    pid = _start_work(project)

    for host in project.host_pids():
        os.kill(host, signal.SIGKILL)
    run = project.wait_for_run("work", "interrupted")[0]

    assert not is_living(pid)
    assert run["reason"]
    project.ask("start", task="work")
    assert project.wait_for_run("work", "succeeded")


def test_an_interrupted_attempt_is_repeated_only_with_the_owners_consent(project: RunningProject) -> None:
    _start_work(project, fields="retry_count: 1\nretry_delay: 1\n")

    for host in project.host_pids():
        os.kill(host, signal.SIGKILL)
    run = project.wait_for_run("work", "succeeded")[0]

    assert run["executions"] == 2
    assert len(_executions(project)) == 2
    states = [row["state"] for row in project.rows("SELECT state FROM attempts ORDER BY number")]
    assert states == ["interrupted", "succeeded"]


def test_scheduler_and_host_killed_together_is_an_interrupted_run_after_the_next_start(
    project: RunningProject,
) -> None:
    pid = _start_work(project)

    hosts = project.host_pids()
    project.kill()
    for host in hosts:
        os.kill(host, signal.SIGKILL)
    project.wait_for("the attempt dies with its host", lambda: not is_living(pid))
    project.start()

    assert project.wait_for_run("work", "interrupted")
    assert _executions(project) == [pid]


def test_a_waiting_retry_survives_a_restart_and_uses_the_version_then_in_force(project: RunningProject) -> None:
    project.start()
    body = "@repeat(every().day.at('00:00'))\ndef start():\n    {}\n"
    project.write_task("flaky", body.format("raise ValueError('not yet')"), fields="retry_count: 1\nretry_delay: 3\n")
    project.wait_for_task("flaky", "active")
    project.ask("start", task="flaky")
    project.wait_for_run("flaky", "retrying")

    project.kill()
    project.write_task("flaky", body.format("print('now')"), fields="retry_count: 1\nretry_delay: 3\n")
    project.start()
    run = project.wait_for_run("flaky", "succeeded")[0]

    attempts = project.rows("SELECT number, state, digest, reason FROM attempts ORDER BY number")
    assert [attempt["state"] for attempt in attempts] == ["failed", "succeeded"]
    assert attempts[0]["digest"] != attempts[1]["digest"]
    assert "ValueError: not yet (tasks/flaky.py:" in attempts[0]["reason"]
    assert project.output(run["id"], attempt=2) == "now\n"


def test_slots_missed_while_no_scheduler_was_there_are_all_accounted_for(project: RunningProject) -> None:
    project.start()
    project.write_task("tick", "@repeat(every().second)\ndef start():\n    pass\n")
    project.wait_for_run("tick", "succeeded")
    project.kill()
    last = project.rows("SELECT max(scheduled_for) AS at FROM runs")[0]["at"]
    passed = "SELECT strftime('%s', 'now') - strftime('%s', ?) > 4 AS enough"
    project.wait_for("some seconds pass", lambda: project.rows(passed, last)[0]["enough"])

    project.start()
    project.wait_for("a merged run", lambda: project.rows("SELECT * FROM runs WHERE merged > 0"))
    project.stop()

    (row,) = project.rows(
        "SELECT sum(count + merged) AS accounted, "
        "1 + strftime('%s', max(scheduled_for)) - strftime('%s', min(coalesce(merged_from, scheduled_for))) AS due "
        "FROM runs"
    )
    assert row["accounted"] == row["due"]


def test_a_second_scheduler_says_who_holds_the_project_and_leaves_with_its_own_exit_code(
    project: RunningProject,
) -> None:
    project.start()

    second = project.command("run")

    assert second.returncode == 5
    assert f"pid {project.pid}" in second.stderr
    assert project.ask("status")["running"]


def test_a_second_scheduler_on_the_same_database_is_refused_too(project: RunningProject) -> None:
    project.start()
    other = RunningProject(project.root.parent / "other")
    other.configure(f"database:\n  path: {project.root}/data/scheduler.db\n")

    second = other.command("run")

    assert second.returncode == 5
    assert "scheduler.db" in second.stderr


def test_a_deleted_database_stops_the_scheduler_which_says_so(project: RunningProject) -> None:
    project.configure("scheduler:\n  loop_interval: 0.5\n")
    project.start()

    (project.root / "data" / "scheduler.db").rename(project.root / "data" / "aside.db")
    code = project.wait_until_ended()

    assert code == 1
    assert "scheduler.db was moved or deleted while it was in use" in project.log()
    (project.root / "data" / "aside.db").rename(project.root / "data" / "scheduler.db")
