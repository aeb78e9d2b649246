"""A person edits config.yaml while the scheduler works."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from datetime import datetime

import pytest

from task_scheduler.testing.running import RunningProject, ledger_faults, running_project

pytestmark = pytest.mark.slow

EACH_SECOND = "@repeat(every(1).seconds)\ndef start():\n    pass\n"


@pytest.fixture
def project() -> Iterator[RunningProject]:
    with running_project() as project:
        yield project


def settings(project: RunningProject) -> dict[str, dict[str, str]]:
    return {setting["key"]: setting for setting in project.ask("settings")["settings"]}


def edit(project: RunningProject, text: str, told: str) -> None:
    """Save a configuration and have it looked at; return once its effect is told."""
    begun = len(project.log())
    project.configure(text)
    os.kill(project.pid, signal.SIGHUP)
    project.wait_for(told, lambda: told in project.log()[begun:])


def test_an_edit_is_in_force_within_five_seconds_and_is_told_key_by_key(project: RunningProject) -> None:
    project.configure("scheduler:\n  max_memory_usage: 500\n")
    project.start("--set", "scheduler.loop_interval=3")

    began = time.monotonic()
    project.configure("scheduler:\n  max_memory_usage: 800\n  timezone: Asia/Tokyo\n")
    project.wait_for("the limit", lambda: project.ask("status")["scheduler"]["memory_limit"] == 800_000_000)

    assert time.monotonic() - began < 6  # five, and what a busy machine adds
    assert "scheduler.max_memory_usage: 500 MB -> 800 MB, in force" in project.log()
    # As it has to be typed from anywhere.
    restart = f"`python3 -m task_scheduler --root {project.root} restart`"
    assert f"timezone: null -> Asia/Tokyo, takes effect at the next start ({restart})" in project.log()
    assert "a restart is needed for scheduler.timezone" in project.command("status").stdout
    shown = project.command("config", "show", "--changed")
    assert [line.split() for line in shown.stdout.splitlines()[1:]] == [
        ["scheduler.loop_interval", "3", "s", "command", "line"],
        ["scheduler.max_memory_usage", "800", "MB", "config.yaml:2"],
        ["scheduler.timezone", "null", "default", "Asia/Tokyo", "(config.yaml:3)"],
    ]
    assert project.command("restart").returncode == 0
    after = settings(project)
    assert after["scheduler.timezone"]["value"] == "Asia/Tokyo"
    assert after["scheduler.loop_interval"]["from"] == "command line"


def test_a_broken_file_a_vanished_one_and_a_variable_change_nothing(project: RunningProject) -> None:
    project.set_variable("TASK_SCHEDULER_SCHEDULER__MAX_CONCURRENT", "3")
    project.configure("scheduler:\n  loop_interval: 2\n")
    project.start("--set", "scheduler.task_check_interval=7", "--set", "tasks.file_pattern=*_job.py")

    edit(project, "scheduler:\n  loop_interval: 3\n  tsk_check_interval: 3\n", "settings in force stay")
    broken = project.command("status").stdout
    edit(
        project,
        "scheduler:\n  loop_interval: 4\n  max_concurrent: 9\n  task_check_interval: 9\n",
        "scheduler.loop_interval: 2 s -> 4 s, in force",
    )
    found = settings(project)
    (project.root / "config" / "config.yaml").unlink()
    os.kill(project.pid, signal.SIGHUP)
    project.wait_for("it is gone", lambda: "config.yaml: it is gone" in project.log())

    assert "line 3: unknown key scheduler.tsk_check_interval, did you mean 'task_check_interval'?" in broken
    assert "can be used again" in project.log()
    assert (found["scheduler.max_concurrent"]["value"], found["scheduler.max_concurrent"]["from"]) == (
        "3",
        "TASK_SCHEDULER_SCHEDULER__MAX_CONCURRENT",
    )
    for key, value in (("scheduler.task_check_interval", "7 s"), ("tasks.file_pattern", "*_job.py")):
        assert (found[key]["value"], found[key]["from"]) == (value, "command line")
    assert settings(project)["scheduler.loop_interval"]["value"] == "4 s"


def test_another_folder_of_tasks_comes_into_force_and_a_missing_one_suspends(project: RunningProject) -> None:
    project.write_task("here", EACH_SECOND)
    project.write_file("example_shown", (project.root / "tasks" / "here.py").read_text())
    jobs = project.root / "jobs"
    jobs.mkdir()
    (jobs / "there.py").write_text((project.root / "tasks" / "here.py").read_text())
    project.start()
    project.wait_for_task("here", "active")

    edit(project, "tasks:\n  directory: jobs\n", "tasks.directory: tasks -> jobs, in force")
    project.wait_for_run("there", "succeeded")
    old = project.task("here")["status"]
    edit(project, "tasks:\n  directory: gone\n", "tasks.suspended")
    suspended = project.ask("status")["scheduler"]["suspended"]
    edit(project, "tasks:\n  include_example_tasks: true\n", "tasks.resumed")
    project.wait_for_task("example_shown", "active")
    project.wait_for_task("here", "active")
    edit(project, "tasks:\n  include_example_tasks: false\n", "include_example_tasks: true -> false, in force")
    project.wait_for("the example is left out", lambda: project.task("example_shown")["status"] == "deleted")

    assert old == "deleted"
    assert "gone" in suspended
    assert project.ask("surroundings")["tasks"] == str(project.root / "tasks")


def test_the_level_holds_for_what_tasks_log_later(project: RunningProject) -> None:
    project.write_task(
        "talk", "from helpers import log_debug, log_info\ndef start():\n    log_debug('low')\n    log_info('high')\n"
    )
    project.start()
    project.wait_for_task("talk", "active")

    def run(level: str) -> list[str]:
        before = len(lines())
        edit(project, f"logging:\n  level: {level}\n", f"-> {level}, in force")
        assert project.command("start", "talk", "--wait").returncode == 0
        return [line.rpartition("] ")[2] for line in lines()[before:]]

    def lines() -> list[str]:
        log = project.root / "logs" / "tasks.log"
        return log.read_text().splitlines() if log.exists() else []

    assert run("DEBUG") == ["low", "high"]
    assert run("WARNING") == []
    assert run("INFO") == ["high"]


def test_no_slot_is_lost_or_doubled_while_settings_change(project: RunningProject) -> None:
    other = project.root / "jobs"
    other.mkdir()
    file = project.write_task("tick", EACH_SECOND)
    (other / "tick.py").write_text(file.read_text())
    project.start()
    project.wait_for_run("tick", "succeeded")

    for number in range(6):
        directory = ("jobs", "tasks")[number % 2]
        edit(
            project,
            f"scheduler:\n  loop_interval: {1 + number}\n  max_concurrent: {1 + number % 3}\n"
            f"tasks:\n  directory: {directory}\n",
            f"tasks.directory: {('tasks', 'jobs')[number % 2]} -> {directory}, in force",
        )
    last = len(project.runs("tick"))
    project.wait_for_run("tick", "succeeded", count=last + 2)
    project.stop()

    slots = [datetime.fromisoformat(run["scheduled_for"]) for run in project.runs("tick") if run["scheduled_for"]]
    covered = sum(run["count"] for run in project.runs("tick"))
    assert ledger_faults(project) == []
    assert len(slots) == len(set(slots))
    assert covered == (max(slots) - min(slots)).total_seconds() + 1


def test_a_file_is_judged_anew_when_its_packages_may_come_from_addresses(project: RunningProject) -> None:
    project.write_task(
        "fetch",
        "def start():\n    pass\n",
        fields='dependencies:\n  - "thing @ http://127.0.0.1:9/thing-1-py3-none-any.whl"\n',
    )
    project.start()
    refused = project.wait_for_task("fetch", "invalid")["problems"]

    edit(
        project,
        "environments:\n  allow_direct_references: true\n  build_timeout: 60\n",
        "environments.build_timeout: 10 minutes -> 1 minute, in force",
    )
    project.wait_for("it is tried", lambda: "is an address" not in str(project.task("fetch")["problems"]))

    assert "is an address" in str(refused)
    assert "environments.allow_direct_references: false -> true, in force" in project.log()
