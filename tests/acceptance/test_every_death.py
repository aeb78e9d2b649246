"""Runs outlive the scheduler, and the record stays true."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path

import pytest

from task_scheduler.testing.running import REPOSITORY, RunningProject, is_living

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

    assert _slots_accounted_for(project) == _slots_due(project)


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


def test_the_death_of_an_attempt_is_its_own_failure_and_nobody_elses(project: RunningProject) -> None:
    pid = _start_work(project)

    os.kill(pid, signal.SIGKILL)
    run = project.wait_for_run("work", "failed")[0]

    assert "SIGKILL" in run["reason"]
    project.ask("start", task="work")
    assert project.wait_for_run("work", "succeeded")


def test_a_frozen_scheduler_keeps_its_place_and_accounts_for_what_it_missed(project: RunningProject) -> None:
    project.start()
    project.write_task("tick", "@repeat(every().second)\ndef start():\n    pass\n")
    project.wait_for_run("tick", "succeeded")

    os.kill(project.pid, signal.SIGSTOP)
    second = project.command("run")
    last = project.rows("SELECT max(scheduled_for) AS at FROM runs")[0]["at"]
    passed = "SELECT strftime('%s', 'now') - strftime('%s', ?) > 2 AS enough"
    project.wait_for("some seconds pass", lambda: project.rows(passed, last)[0]["enough"])
    os.kill(project.pid, signal.SIGCONT)

    assert second.returncode == 5
    assert f"pid {project.pid}" in second.stderr
    project.wait_for("a merged run", lambda: project.rows("SELECT * FROM runs WHERE merged > 0"))
    project.stop()
    assert _slots_due(project) == _slots_accounted_for(project)


def test_after_a_restart_of_the_machine_what_ran_is_interrupted_and_a_claim_is_not_run_twice(
    project: RunningProject,
) -> None:
    pid = _start_work(project)

    _end_all(project)
    project.wait_for("the attempt dies with its host", lambda: not is_living(pid))
    _doctor_hosts(project, boot="another boot")
    project.start()
    run = project.wait_for_run("work", "interrupted")[0]

    assert "the machine restarted" in run["reason"]
    assert _executions(project) == [pid]
    project.ask("start", task="work")
    assert project.wait_for_run("work", "succeeded")


def test_a_process_that_got_the_pid_of_a_dead_host_is_left_alone(project: RunningProject) -> None:
    pid = _start_work(project)

    _end_all(project)
    with subprocess.Popen(["sleep", "60"]) as stranger:
        try:
            _doctor_hosts(project, pid=stranger.pid)
            project.start()
            run = project.wait_for_run("work", "interrupted")[0]

            assert stranger.poll() is None
            assert "its host ended" in run["reason"]
            assert _executions(project) == [pid]
        finally:
            stranger.kill()


def test_a_lock_file_that_names_a_living_process_which_does_not_hold_it_keeps_nobody_away(
    project: RunningProject,
) -> None:
    project.start()
    project.kill()
    lock = project.root / "data" / "run" / "scheduler.lock"

    lock.write_text(f"pid {os.getpid()} on here since 2020-01-01 00:00:00 UTC\nanother boot\n", encoding="utf-8")
    project.start()

    assert f"pid {project.pid} " in lock.read_text(encoding="utf-8")


@pytest.mark.parametrize("is_over", [False, True], ids=["runs on", "ended meanwhile"])
def test_an_upgrade_takes_over_what_an_older_program_left_at_work(
    project: RunningProject, tmp_path: Path, *, is_over: bool
) -> None:
    project.program = _older_program(tmp_path)
    pid = _start_work(project)
    (old_host,) = project.host_pids()

    project.stop()
    if is_over:
        project.wait_for("the run ends by itself", lambda: not is_living(pid))
    project.program = REPOSITORY
    project.start()
    run = project.wait_for_run("work", "succeeded")[0]

    assert _executions(project) == [pid]
    assert project.output(run["id"]) == WHOLE
    assert project.rows("SELECT peak_memory FROM attempts")[0]["peak_memory"] > 0
    project.wait_for("the older host leaves", lambda: not is_living(old_host))
    project.ask("start", task="work")
    assert len(project.wait_for_run("work", "succeeded", count=2)) == 2


#: What a host told of an end before it could tell more; markers of such hosts are read for good.
OLD_FACTS = {
    "exit_code", "signal", "stopped_for", "error", "started_at", "ended_at", "duration", "cpu_seconds", "peak_memory",
    "output_bytes", "output_dropped", "left_behind",
}  # fmt: skip
#: Makes of this program's host one that knows no more than that, neither in its markers nor in what it says.
OLDER_HOST = f"""

_all_facts = HostedAttempt.facts
_OLD = {OLD_FACTS!r}


def _old_facts(self, *given):
    return {{name: fact for name, fact in _all_facts(self, *given).items() if name in _OLD}}


HostedAttempt.facts = _old_facts
"""
OLDER_GREETING = """

_all_of_begin = _begin_of


def _begin_of(attempt):
    told = _all_of_begin(attempt)
    return {name: told[name] for name in ("attempt", "pid", "start", "started_at")}
"""


def _older_program(folder: Path) -> Path:
    """Make a copy of this program with an older version number, whose hosts write what they once wrote."""
    package = folder / "older" / "task_scheduler"
    shutil.copytree(REPOSITORY / "task_scheduler", package, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(REPOSITORY / "helpers", folder / "older" / "helpers")
    for name, addition in (
        ("__init__.py", '\n__version__ = "0.0.1"\n'),
        ("execution/hosted.py", OLDER_HOST),
        ("execution/serving.py", OLDER_GREETING),
    ):
        with (package / name).open("a", encoding="utf-8") as file:
            file.write(addition)
    return package.parent


def _end_all(project: RunningProject) -> None:
    """Kill scheduler and hosts, as a loss of power does."""
    hosts = project.host_pids()
    project.kill()
    for host in hosts:
        os.kill(host, signal.SIGKILL)
    project.wait_for("the hosts are gone", lambda: not project.host_pids())


def _doctor_hosts(project: RunningProject, **changes: object) -> None:
    """Change the cards of the dead hosts, in their folders and in the record."""
    for path in (project.root / "data" / "run" / "hosts").glob("*/host.json"):
        path.write_text(json.dumps({**json.loads(path.read_text(encoding="utf-8")), **changes}), encoding="utf-8")
    with closing(sqlite3.connect(project.root / "data" / "scheduler.db")) as database, database:
        for run_id, number, placement in database.execute("SELECT run_id, number, placement FROM attempts").fetchall():
            database.execute(
                "UPDATE attempts SET placement = ? WHERE run_id = ? AND number = ?",
                (json.dumps({**json.loads(placement), **changes}), run_id, number),
            )


def _slots_due(project: RunningProject) -> int:
    (row,) = project.rows(
        "SELECT 1 + strftime('%s', max(scheduled_for)) - strftime('%s', min(coalesce(merged_from, scheduled_for))) AS n "
        "FROM runs"
    )
    return int(row["n"])


def _slots_accounted_for(project: RunningProject) -> int:
    return int(project.rows("SELECT sum(count + merged) AS n FROM runs")[0]["n"])
