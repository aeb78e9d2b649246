"""The real scheduler on a machine that sleeps for three hours, and on one whose clock is set by as much."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.shifted_clocks import ShiftedMachine, build_library, shifted_machine

pytestmark = pytest.mark.slow

THREE_HOURS = timedelta(hours=3)
#: Five minutes before a slot, so that each test has time to begin.
BEGIN = datetime(2026, 6, 1, 12, 5, tzinfo=UTC)
#: Notes each execution.
NOTES = """
import os

def start(scheduled_time, reason):
    told = f"{os.environ['TASK_SCHEDULER_TASK']} {scheduled_time:%H:%M} {reason}" if scheduled_time else reason
    with open("executions", "a") as file:
        print(told, file=file)
"""
#: Fails the first time.
FAILS_ONCE = "def start(attempt):\n    if attempt == 1:\n        raise OSError('try later')\n"
#: Works until the file `enough` is there.
WORK = """
import os, time

def start():
    open("begun", "w").close()
    while not os.path.exists("enough"):
        time.sleep(0.02)
"""


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_library(tmp_path_factory.mktemp("library"))


@pytest.fixture
def machine(library: Path, tmp_path: Path) -> Iterator[ShiftedMachine]:
    with shifted_machine(library, tmp_path) as made:
        yield made


def _start(machine: ShiftedMachine, tasks: dict[str, str], settings: str = "") -> None:
    """Start a scheduler for tasks with these lines of frontmatter; returns once all are in force."""
    machine.project.configure(f"scheduler:\n  timezone: UTC\n{settings}")
    for name, fields in tasks.items():
        machine.project.write_task(name, NOTES, fields=fields)
    machine.set_clock(BEGIN)
    machine.project.start()
    for path in (machine.project.root / "tasks").glob("*.py"):
        machine.project.wait_for_task(path.stem, "active")


def _told(machine: ShiftedMachine, name: str) -> list[str]:
    """Return what the log tells under the name of an event."""
    lines = [line.split(" | ") for line in machine.project.log().splitlines()]
    return [line[3] for line in lines if line[2] == name]


def _recorded(machine: ShiftedMachine, task: str) -> list[tuple[str, str, int, str]]:
    """Return what is on record of the slots of a task: how it ended, which they are, their number, and the reason."""
    return [
        (
            run["state"],
            " ".join(run[key][11:16] for key in ("merged_from", "scheduled_for", "range_end") if run[key]),
            run["merged"] + run["count"],
            run["reason"],
        )
        for run in machine.project.runs(task)
    ]


def _wait_until_recorded(machine: ShiftedMachine, task: str, *expected: tuple[str, str, int, str]) -> None:
    """Return once just this is on record of the slots of a task."""
    what = f"{task}: {expected}"
    machine.project.wait_for(what, lambda: _recorded(machine, task) == list(expected))


def _executions(machine: ShiftedMachine) -> list[str]:
    return sorted((machine.project.root / "executions").read_text().splitlines())


def _why(machine: ShiftedMachine, task: str) -> dict[str, Any]:
    """Return what `why` tells of the slots of the one job of a task that are not to come."""
    told = machine.project.ask("why", task=task)
    assert told["balanced"], told
    (job,) = told["jobs"]
    return dict(job)


# --- the machine sleeps -----------------------------------------------------------------------------------


def test_a_suspend_of_three_hours(machine: ShiftedMachine) -> None:
    """By the default settings, and though the longest sleep is said to be an hour."""
    project = machine.project
    project.write_task("work", WORK, fields="timeout: 600\n")
    project.write_task("retried", FAILS_ONCE, fields="retry_count: 1\nretry_delay: 3600\n")
    _start(
        machine,
        {
            "once": "schedule: every 10 minutes\n",
            "skip": "schedule: every 10 minutes\nmissed: skip\n",
            "all": "schedule: every 10 minutes\nmissed: all\nmissed_window: 1 h\noverlap: queue\n",
            "daily": "schedule: daily at 13:30\n",
            "later": "schedule: daily at 18:00\n",
        },
        "  loop_interval: 1 h\n",
    )
    project.ask("start", task="work")
    project.wait_for("it works", (project.root / "begun").exists)
    project.ask("start", task="retried")
    project.wait_for_run("retried", "retrying")

    machine.suspend(THREE_HOURS)

    project.wait_for("the scheduler notices", lambda: _told(machine, "clock.suspended"))
    _wait_until_recorded(machine, "once", ("succeeded", "12:10 15:00", 18, ""))
    _wait_until_recorded(machine, "skip", ("missed", "12:10 15:00", 18, "its time had passed (missed: skip)"))
    _wait_until_recorded(
        machine,
        "all",
        ("missed", "12:10 14:00", 12, "older than the catch-up window of 1 h"),
        *(("succeeded", f"14:{minute}", 1, "") for minute in range(10, 60, 10)),
        ("succeeded", "15:00", 1, ""),
    )
    _wait_until_recorded(machine, "daily", ("succeeded", "13:30", 1, ""))
    (retried,) = project.wait_for_run("retried", "succeeded")
    assert retried["executions"] == 2
    assert _recorded(machine, "later") == []
    assert _executions(machine) == sorted(
        [
            "once 15:00 catch-up",
            *(f"all 14:{minute} catch-up" for minute in range(10, 60, 10)),
            "all 15:00 catch-up",
            "daily 13:30 catch-up",
        ]
    )

    # A time limit counts what the monotonic clock counts: the machine slept, and so did the run.
    (working,) = project.runs("work")
    (project.root / "enough").touch()
    (worked,) = project.wait_for_run("work", "succeeded")
    assert (working["state"], worked["executions"]) == ("running", 1)
    assert datetime.fromisoformat(worked["ended_at"]) - datetime.fromisoformat(worked["started_at"]) > THREE_HOURS

    assert _told(machine, "clock.suspended") == ["the machine was suspended for 3 h 0 min"]
    assert _told(machine, "clock.stepped") + _told(machine, "clock.corrected") == []
    assert len(_told(machine, "slots.overdue")) == 1
    for task in ("once", "skip", "all", "daily"):
        gaps = [line["gap"] for line in _why(machine, task)["lines"] if line["fate"] != "coming"]
        assert set(gaps) == {"the machine was suspended for 3 h 0 min"}
    assert "later: the machine was suspended for 3 h 0 min" in project.command("why", "skip").stdout


# --- its clock is set -------------------------------------------------------------------------------------


def test_a_clock_that_is_set_by_three_hours_and_back(machine: ShiftedMachine) -> None:
    project = machine.project
    _start(
        machine,
        {
            "once": "schedule: every 10 minutes\n",
            "skip": "schedule: every 10 minutes\nmissed: skip\n",
            "daily": "schedule: daily at 13:30\n",
        },
        "  loop_interval: 1\n",
    )
    once = ("succeeded", "12:10 15:00", 18, "")
    skip = ("missed", "12:10 15:00", 18, "its time had passed (missed: skip)")
    daily = ("succeeded", "13:30", 1, "")

    machine.step(THREE_HOURS)

    _wait_until_recorded(machine, "once", once)
    _wait_until_recorded(machine, "skip", skip)
    _wait_until_recorded(machine, "daily", daily)
    assert len(_told(machine, "clock.stepped")) == 1
    assert "the clock was set by +10800.0 s" in _told(machine, "clock.stepped")[0]
    for task in ("once", "skip", "daily"):
        gaps = [line["gap"] for line in _why(machine, task)["lines"] if line["fate"] != "coming"]
        assert set(gaps) == {"the clock was set forward by 3 h 0 min"}

    # Back, to live through the instants that are on record once more; and forward, to the first that is not.
    machine.step(-THREE_HOURS)
    project.wait_for("it notices", lambda: len(_told(machine, "clock.stepped")) == 2)
    machine.set_clock(BEGIN + timedelta(minutes=4, seconds=58))
    project.wait_for("an instant that is on record", lambda: machine.now() > BEGIN + timedelta(minutes=5, seconds=2))
    project.ask("start", task="daily")
    by_hand = project.wait_for_run("daily", "succeeded", count=2)[1]
    machine.set_clock(BEGIN + THREE_HOURS + timedelta(minutes=4, seconds=58))

    assert by_hand["scheduled_for"] is None
    _wait_until_recorded(machine, "once", once, ("succeeded", "15:10", 1, ""))
    _wait_until_recorded(machine, "skip", skip, ("succeeded", "15:10", 1, ""))
    assert _told(machine, "clock.suspended") + _told(machine, "clock.corrected") == []
    executions = [execution.split()[:2] for execution in _executions(machine)]
    assert executions == [["daily", "13:30"], ["manual"], ["once", "15:00"], ["once", "15:10"], ["skip", "15:10"]]
