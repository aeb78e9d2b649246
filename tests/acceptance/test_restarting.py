"""The scheduler gives way to the program on disk, in the same process, and no slot is lost, doubled or late for it."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from task_scheduler.core.errors import Refused
from task_scheduler.testing.running import REPOSITORY, RunningProject, is_living

pytestmark = pytest.mark.slow

TOLD, STARTED = "scheduler.told", "scheduler.started"
TICK = "@repeat(every(1).seconds)\ndef start():\n    pass\n"
#: Works until the file `enough` is there, and notes each execution with the host it is a child of.
WORK = """
import os
import time
from pathlib import Path

HERE = Path(os.environ["TASK_SCHEDULER_ROOT"])


@repeat(every().day.at("00:00"))
def start():
    with open(HERE / "begun", "a") as file:
        file.write(f"{os.getpid()} {os.getppid()}\\n")
    while not (HERE / "enough").exists():
        time.sleep(0.02)
"""


@pytest.fixture
def copy(project: RunningProject, tmp_path: Path) -> Path:
    """A copy of the program that may be changed, as an upgrade does; the scheduler is started from it."""
    shutil.copytree(
        REPOSITORY / "task_scheduler", tmp_path / "task_scheduler", ignore=shutil.ignore_patterns("__pycache__")
    )
    shutil.copytree(REPOSITORY / "helpers", tmp_path / "helpers", ignore=shutil.ignore_patterns("__pycache__"))
    project.program = tmp_path
    return tmp_path


def _begun(project: RunningProject) -> list[list[int]]:
    path = project.root / "begun"
    return [[int(word) for word in line.split()] for line in path.read_text().splitlines()] if path.exists() else []


def _begin(project: RunningProject, count: int = 1) -> list[int]:
    """Start the work by request; return the process ids of its attempt and of the host, once there are so many."""
    project.wait_for_task("work", "active")
    project.ask("start", task="work")
    project.wait_for("the attempt begins", lambda: len(_begun(project)) >= count)
    return _begun(project)[-1]


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def test_a_job_of_each_second_loses_doubles_and_delays_no_slot(project: RunningProject) -> None:
    project.start()
    project.write_task("tick", TICK)
    project.wait_for_run("tick", "succeeded", count=2)
    pid = project.pid

    starts: list[timedelta] = []
    for _ in range(2):
        starts.append(_time_to_start(project))
        told = project.command("restart")
        assert told.returncode == 0, told.stderr
        assert told.stdout.endswith(f"process {pid}\n")
    count = len(project.runs("tick"))
    project.wait_for_run("tick", "succeeded", count=count + 2)

    assert project.is_alive()
    assert _slots_without_outcome(project.runs("tick")) == []
    # The better one of two, and where the machine is busy with something else, against what it needs for any start.
    gaps = _gaps(project.log())
    within = [gap < max(timedelta(seconds=2), 2 * start) for gap, start in zip(gaps, starts, strict=True)]
    assert any(within), (gaps, starts)


def _time_to_start(project: RunningProject) -> timedelta:
    """Return how long a process of this program takes at present until it could begin to schedule."""
    began = time.monotonic()
    assert project.command("run", "--check").returncode == 0
    return timedelta(seconds=time.monotonic() - began)


def _slots_without_outcome(runs: list[dict[str, Any]]) -> list[datetime]:
    """Return the seconds between the first slot and the last that no run stands for, and those that two stand for."""
    told: list[datetime] = []
    for run in runs:
        last = _moment(run["range_end"] or run["scheduled_for"])
        first = _moment(run["merged_from"] or run["scheduled_for"])
        told += [first + timedelta(seconds=second) for second in range(round((last - first).total_seconds()) + 1)]
    seconds = round((max(told) - min(told)).total_seconds())
    due = [min(told) + timedelta(seconds=second) for second in range(seconds + 1)]
    return [slot for slot in due if told.count(slot) != 1]


def _gaps(log: str) -> list[timedelta]:
    """Return how long nothing was scheduled at each restart."""
    lines = [line.split(" | ") for line in log.splitlines()]
    moments = {name: [datetime.fromisoformat(line[0]) for line in lines if line[2] == name] for name in (TOLD, STARTED)}
    return [started - told for told, started in zip(moments[TOLD], moments[STARTED][1:], strict=True)]


def test_what_runs_goes_on_and_is_taken_over(project: RunningProject) -> None:
    project.start()
    project.write_task("work", WORK)
    attempt, _ = _begin(project)

    told = project.command("restart")

    assert told.returncode == 0
    assert is_living(attempt)
    assert "run 1 found alive and taken over" in project.log()
    (project.root / "enough").touch()
    (run,) = project.wait_for_run("work", "succeeded")
    assert (run["executions"], len(_begun(project))) == (1, 1)


def test_with_a_drain_it_waits_for_what_runs_first(project: RunningProject) -> None:
    project.start()
    project.write_task("work", WORK)
    _begin(project)

    with (project.root / "said").open("w") as said:
        process = subprocess.Popen(
            project.command_line("restart", "--drain"), cwd=REPOSITORY, stdout=said, stderr=subprocess.STDOUT
        )
    project.wait_for("it drains", lambda: (project.ask("status")["scheduler"]["stopping"] or {}).get("restart"))
    project.wait_for("it says so", lambda: "waiting for 1 run: 1 (work)" in (project.root / "said").read_text())
    (project.root / "enough").touch()

    assert process.wait(30) == 0
    assert "the scheduler works again" in (project.root / "said").read_text()
    assert [run["state"] for run in project.runs("work")] == ["succeeded"]
    assert "found alive" not in project.log()


def test_settings_that_cannot_be_used_keep_it_as_it_is(project: RunningProject) -> None:
    project.start()
    before = project.ask("status")["scheduler"]

    project.configure("scheduler:\n  loop_interval: soon\n")
    told = project.command("restart")

    assert told.returncode == 3
    assert "the scheduler goes on as it is, since its configuration cannot be used" in told.stderr
    assert "line 2: scheduler.loop_interval must be a duration" in told.stderr
    assert project.ask("status")["scheduler"]["started_at"] == before["started_at"]


def test_a_program_that_cannot_start_keeps_the_old_one_at_work(project: RunningProject, copy: Path) -> None:
    project.start()
    before = project.ask("status")["scheduler"]

    with (copy / "task_scheduler" / "services" / "timetable.py").open("a") as file:
        file.write("\nimport a_module_that_was_forgotten\n")
    with pytest.raises(Refused) as refusal:
        project.ask("restart")

    assert "the scheduler goes on as it is: the program on disk could not start" in str(refusal.value)
    assert "a_module_that_was_forgotten" in str(refusal.value)
    assert project.ask("status")["scheduler"]["started_at"] == before["started_at"]


def test_an_upgrade_leaves_old_hosts_their_runs_and_gives_new_ones_to_new_hosts(
    project: RunningProject, copy: Path
) -> None:
    project.start()
    project.write_task("work", WORK, fields="overlap: parallel\n")
    old, old_host = _begin(project)

    version = copy / "task_scheduler" / "__init__.py"
    version.write_text(version.read_text().replace("__version__ = ", '__version__ = "99.0"  # '))
    told = project.command("restart")
    new, new_host = _begin(project, 2)

    assert "the scheduler works again: version 99.0" in told.stdout
    assert new_host != old_host
    assert is_living(old)
    assert is_living(new)
    (project.root / "enough").touch()
    project.wait_for_run("work", "succeeded", count=2)
    project.wait_for("the old host leaves", lambda: not is_living(old_host))


def test_a_hangup_at_any_moment_of_a_restart_ends_nothing(project: RunningProject) -> None:
    project.start()
    before = project.ask("status")["scheduler"]

    project.ask("restart")

    def has_restarted() -> bool:
        os.kill(project.pid, signal.SIGHUP)
        return bool(project.ask("status")["scheduler"]["started_at"] != before["started_at"])

    assert project.wait_for("it works again", has_restarted)
    assert project.is_alive()


def test_whether_it_could_start_is_said_without_starting(project: RunningProject) -> None:
    fine = project.command("run", "--check")
    project.configure("scheduler:\n  loop_interval: soon\n")
    wrong = project.command("run", "--check")
    project.configure("")
    project.start()

    assert (fine.returncode, fine.stderr) == (0, f"a scheduler can start for {project.root}\n")
    assert (wrong.returncode, "line 2" in wrong.stderr) == (3, True)
