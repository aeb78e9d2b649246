"""Commands that work alone, schedulers that start, and the one lock they all need: each waits for its turn, truly told."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from task_scheduler.testing.running import REPOSITORY, RunningProject

pytestmark = pytest.mark.slow

#: Waits until a file tells it to end, and ends with a code of its own.
PATIENT = """
import os, sys, time
from pathlib import Path
def start():
    print("waiting", os.getpid(), flush=True)
    while not Path("go").exists():
        time.sleep(0.02)
    sys.exit(7)
"""


@contextmanager
def started(project: RunningProject, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """Start a command whose messages go to a file; it is ended with the block, whatever happened."""
    with said_by(project, arguments).open("w") as messages:
        process = subprocess.Popen(
            project.command_line(*arguments),
            cwd=REPOSITORY,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=messages,
            text=True,
        )
    with process:
        try:
            yield process
        finally:
            process.kill()


def said_by(project: RunningProject, arguments: tuple[str, ...]) -> Path:
    return project.root / f"{'-'.join(arguments).replace('/', '-')}.said"


def wait_until_said(project: RunningProject, text: str, *arguments: str) -> str:
    path = said_by(project, arguments)
    project.wait_for(text, lambda: text in path.read_text())
    return path.read_text()


def is_waiting(process: subprocess.Popen[str]) -> None:
    assert process.stdout is not None
    assert process.stdout.readline().startswith("waiting")


def go(project: RunningProject) -> None:
    (project.root / "go").touch()


def test_a_scheduler_waits_for_a_command_that_works_alone_and_status_tells_so(project: RunningProject) -> None:
    project.write_task("patient", PATIENT)
    with started(project, "run-file", "patient") as alone:
        is_waiting(alone)
        with started(project, "run") as scheduler:
            told = wait_until_said(project, "waiting until it ends", "run")
            status, document = project.command("status"), project.command("status", "--json")

            go(project)
            assert alone.wait(30) == 7
            project.wait_for("the scheduler answers", lambda: project.ask("status")["running"])
            scheduler.send_signal(signal.SIGTERM)
            assert scheduler.wait(30) == 0

    who = f"pid {alone.pid} on "
    assert told.startswith(f"`run-file patient` works alone on the project folder {project.root} ({who}")
    assert told.count("waiting until it ends") == 1
    assert f"not running; `run-file patient` works alone here ({who}" in status.stdout
    held = json.loads(document.stdout)["held_by"]
    assert (held["work"], held["who"].startswith(who)) == ("run-file patient", True)
    assert json.loads(project.command("status", "--json").stdout)["held_by"] is None


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_scheduler_that_waits_ends_when_it_is_told_to(project: RunningProject, number: signal.Signals) -> None:
    project.write_task("patient", PATIENT)
    with started(project, "run-file", "patient") as alone:
        is_waiting(alone)
        with started(project, "run") as scheduler:
            wait_until_said(project, "waiting until it ends", "run")
            scheduler.send_signal(number)

            assert scheduler.wait(10) == 0
        go(project)
        assert alone.wait(30) == 7
    assert len(said_by(project, ("run",)).read_text().splitlines()) == 1


def test_commands_that_work_alone_wait_in_line(project: RunningProject) -> None:
    project.write_task("patient", PATIENT)
    project.write_task("next", "def start():\n    print('next')\n")
    with started(project, "run-file", "patient") as first:
        is_waiting(first)
        with started(project, "run-file", "next") as second:
            told = wait_until_said(project, "waiting until it ends", "run-file", "next")
            go(project)
            out, _ = second.communicate(timeout=30)

            assert (second.returncode, out) == (0, "next\n")
    assert told.startswith("`run-file patient` works alone")


def test_a_command_that_waits_in_line_ends_when_it_is_told_to(project: RunningProject) -> None:
    project.write_task("patient", PATIENT)
    project.write_task("other", "def start():\n    pass\n")
    with started(project, "run-file", "patient") as first:
        is_waiting(first)
        with started(project, "run-file", "other") as second:
            wait_until_said(project, "waiting until it ends", "run-file", "other")
            second.send_signal(signal.SIGINT)

            assert second.wait(10) == 130
        go(project)
        assert first.wait(30) == 7
    assert project.runs("other") == []


def test_a_scheduler_that_is_only_starting_is_waited_for(project: RunningProject) -> None:
    project.write_task("quick", "def start():\n    print('quick')\n")
    with started(project, "run") as scheduler:
        project.wait_for("the lock is taken", lambda: f"pid {scheduler.pid}" in _lock(project))
        os.kill(scheduler.pid, signal.SIGSTOP)
        with started(project, "run-file", "quick") as command:
            told = wait_until_said(project, "does not answer yet", "run-file", "quick")
            os.kill(scheduler.pid, signal.SIGCONT)
            out, _ = command.communicate(timeout=30)
    (run,) = project.runs("quick")
    assert (command.returncode, out, run["state"]) == (0, "quick\n", "succeeded")
    assert f"another scheduler holds the project folder {project.root} (pid {scheduler.pid} on " in told


def test_a_run_is_followed_through_the_death_of_its_scheduler_to_its_own_exit_code(project: RunningProject) -> None:
    project.write_task("patient", PATIENT)
    project.start()
    with started(project, "run-file", "patient") as command:
        is_waiting(command)
        project.kill()
        told = wait_until_said(project, "the scheduler is gone: run 1 goes on without it", "run-file", "patient")
        go(project)
        project.start()

        assert command.wait(30) == 7
    assert "hung up" not in told
    assert "run 1 failed" in said_by(project, ("run-file", "patient")).read_text()


def test_what_a_host_wrote_down_is_told_where_no_scheduler_comes_back(project: RunningProject) -> None:
    project.write_task("patient", PATIENT)
    project.start()
    with started(project, "run-file", "patient") as command:
        is_waiting(command)
        os.kill(command.pid, signal.SIGSTOP)  # so that it sees the run only when it is over
        project.kill()
        go(project)
        project.wait_for("its host wrote it down", lambda: _is_over(project))
        os.kill(command.pid, signal.SIGCONT)
        told = wait_until_said(project, "the scheduler is gone", "run-file", "patient")
        command.send_signal(signal.SIGINT)
        assert command.wait(10) == 130

    assert "its attempt 1 ended with exit code 7, and the next scheduler goes on with it" in told


def _lock(project: RunningProject) -> str:
    return (project.root / "data" / "run" / "scheduler.lock").read_text()


def _is_over(project: RunningProject) -> bool:
    markers = (project.root / "data" / "run" / "hosts").glob("*/*.attempt")
    return any(marker.read_bytes().count(b"\n") > 1 for marker in markers)
