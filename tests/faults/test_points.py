"""Each point at which a commit, a fork or a marker is half of the truth, hit on purpose, one after the other.

By KILL, and by STOP: who is frozen there goes on later, with whatever it meant to do, when others may have decided.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from task_scheduler.fault_points import VARIABLE
from task_scheduler.testing.running import REPOSITORY, RunningProject
from tests.faults import machine
from tests.faults.busy import Busy
from tests.faults.tasks import TaskText, sleeping

pytestmark = pytest.mark.slow

OF_A_SCHEDULER = [
    "after-claim-commit",
    "after-request-commit",
    "after-begin-commit",
    "before-terminal-commit",
    "after-terminal-commit",
]
OF_A_HOST = [
    "before-start-marker",
    "after-start-marker",
    "after-fork",
    "after-pid-written",
    "after-childs-end",
    "before-exit-marker",
    "after-exit-marker",
]
SIGNALS = ["KILL", "STOP"]


#: Goes on until the file `go` is there.
UNTIL_TOLD = TaskText(
    name="paused",
    schedule="every().hour",
    body="    tell('start')\n    while not os.path.exists('go'):\n        time.sleep(0.01)\n    tell('end')\n",
)


class Fault:
    """One signal, sent once, to whoever passes one point first."""

    def __init__(self, project: RunningProject, point: str, number: str) -> None:
        self._project = project
        self._file = project.root / f"{point}-{number}"
        self._point = point
        self.variable = f"{point}:{number}:1:{self._file}"

    def is_met(self) -> bool:
        """Whether the point was passed."""
        return self._file.exists() and self._file.stat().st_size > 0

    def met(self) -> int:
        """Wait until the point was passed; return whom the signal was sent to."""
        self._project.wait_for(f"{self._point} is passed", self.is_met)
        return int(self._file.read_text(encoding="ascii").split()[0])


def tasks() -> list[TaskText]:
    """A slot each second, whose attempt is claimed with it, and work that is asked for, whose attempt is not."""
    return [sleeping("second", "every().second", 0.05), sleeping("asked", "every().hour", 0.2)]


def start_work(project: RunningProject, *faults: Fault) -> Busy:
    """Bring the tasks in force, then go on with a scheduler and hosts that have these faults."""
    busy = Busy(project)
    project.start()
    busy.add(tasks())
    project.kill()
    project.set_variable(VARIABLE, ",".join(fault.variable for fault in faults))
    project.take_over(project.launch())
    return busy


def work_on(project: RunningProject) -> None:
    """Return once runs have succeeded that came after now."""
    last = project.rows("SELECT coalesce(max(id), 0) AS id FROM runs")[0]["id"]
    after = "SELECT * FROM runs WHERE id > ? AND state = 'succeeded'"
    project.wait_for("a later run succeeds", lambda: project.rows(after, last))


@pytest.mark.parametrize("number", SIGNALS)
def test_a_scheduler_dies_or_freezes_at_each_point(project: RunningProject, number: str) -> None:
    faults = [Fault(project, point, number) for point in OF_A_SCHEDULER]
    busy = start_work(project, *faults)

    left = list(faults)
    while left:
        # Whoever asks has given up long before the answer comes, and asks again later by the same name.
        machine.ask_and_hang_up(project, "start", task="asked", request_id=left[0].variable)
        if not project.is_alive():
            project.take_over(project.launch())
        elif machine.is_frozen(project.pid):
            machine.pause(0.2)
            os.kill(project.pid, signal.SIGCONT)
        machine.pause(0.1)
        left = [fault for fault in left if not fault.is_met()]
    machine.rouse(project)
    work_on(project)

    assert busy.come_to_rest().violations == []


def test_a_scheduler_dies_once_it_knows_what_another_left(project: RunningProject) -> None:
    fault = Fault(project, "after-settling", "KILL")
    busy = start_work(project, fault)

    assert fault.met() == project.pid
    project.wait_until_ended()
    project.start()
    work_on(project)

    assert busy.come_to_rest().violations == []


def test_a_scheduler_dies_when_it_has_recorded_that_an_attempt_never_began(project: RunningProject) -> None:
    fault = Fault(project, "after-void-commit", "KILL")
    busy = start_work(project, fault)
    claimed = "SELECT * FROM attempts WHERE state = 'claimed'"

    while not fault.is_met():
        project.wait_for("an attempt is claimed ahead", lambda: fault.is_met() or project.rows(claimed))
        for host in project.host_pids():
            machine.send(host, signal.SIGKILL)
    project.wait_until_ended()
    project.start()
    work_on(project)

    assert busy.come_to_rest().violations == []


@pytest.mark.parametrize(("point", "verb"), [("after-pause-commit", "pause"), ("after-unpause-commit", "resume")])
def test_a_scheduler_dies_once_it_has_recorded_what_a_person_wants(
    project: RunningProject, point: str, verb: str
) -> None:
    fault = Fault(project, point, "KILL")
    busy = start_work(project, fault)
    busy.add([UNTIL_TOLD])
    run = project.ask("start", task="paused")["id"]
    project.wait_for_run("paused", "running")
    if verb == "resume":
        project.ask("pause", run=run)

    machine.ask_and_hang_up(project, verb, run=run)
    assert fault.met() == project.pid
    project.wait_until_ended()
    project.start()
    is_to_stand = verb == "pause"
    attempt = machine.told_by(project, f"{run}.1")
    project.wait_for("it is made so", lambda: machine.stands_still(attempt) == is_to_stand)
    (project.root / "go").touch()
    if is_to_stand:
        project.ask("resume", run=run)
    project.wait_for_run("paused", "succeeded")

    assert busy.come_to_rest().violations == []


@pytest.mark.parametrize("number", SIGNALS)
def test_a_host_dies_or_freezes_at_each_point(project: RunningProject, number: str) -> None:
    faults = [Fault(project, point, number) for point in OF_A_HOST]
    busy = start_work(project, *faults)

    project.wait_for(
        "all points are passed", lambda: not machine.thaw_hosts(project) and all(fault.is_met() for fault in faults)
    )
    assert project.is_alive()
    project.wait_until_it_answers()
    work_on(project)

    assert busy.come_to_rest().violations == []


def test_a_host_that_thaws_after_a_successor_has_decided_without_it_begins_nothing(project: RunningProject) -> None:
    fault = Fault(project, "before-start-marker", "STOP")
    busy = start_work(project, fault)
    pid = fault.met()
    project.wait_for("it is frozen", lambda: machine.is_frozen(pid))

    project.kill()
    project.start()
    work_on(project)
    os.kill(pid, signal.SIGCONT)
    work_on(project)

    assert busy.come_to_rest().violations == []
    assert "does not answer" in project.log()


@pytest.mark.parametrize(
    ("asked", "passings", "expected"),
    [
        ("here:TERM", 1, -signal.SIGTERM),
        ("here:TERM:3", 2, 0),
        ("here:TERM:3", 3, -signal.SIGTERM),
        ("there:TERM", 5, 0),
        ("there:KILL,here:TERM:2", 2, -signal.SIGTERM),
        ("", 5, 0),
    ],
)
def test_a_point_is_passed_freely_but_for_the_passing_that_is_meant(asked: str, passings: int, expected: int) -> None:
    assert _pass(asked, passings) == expected


def test_passings_are_counted_for_all_processes_in_one_file(tmp_path: Path) -> None:
    asked = f"here:TERM:3:{tmp_path / 'passed'}"

    assert [_pass(asked, 1) for _ in range(5)] == [0, 0, -signal.SIGTERM, 0, 0]
    assert len((tmp_path / "passed").read_text(encoding="ascii").splitlines()) == 5


def _pass(asked: str, passings: int) -> int:
    """Let a process pass the point `here`; return how it ended."""
    program = f"from task_scheduler.fault_points import point\nfor _ in range({passings}): point('here')\n"
    variables = {**os.environ, VARIABLE: asked}
    return subprocess.run([sys.executable, "-c", program], cwd=REPOSITORY, env=variables, check=False).returncode
