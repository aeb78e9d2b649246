"""Events as triggers, by a real scheduler: starts, ends of other runs, files; and a scheduler killed at each point."""

from __future__ import annotations

import signal
from collections.abc import Iterator

import pytest

from task_scheduler.core.happenings import GONE
from task_scheduler.fault_points import VARIABLE
from task_scheduler.testing.running import RunningProject, ledger_faults, running_project

pytestmark = pytest.mark.slow

TELLING = """
import os


def start(changed=None, reason=None):
    print(reason, os.environ.get("TASK_SCHEDULER_AFTER_RUN"), changed and open(changed).read())
"""


@pytest.fixture(scope="module")
def project() -> Iterator[RunningProject]:
    with running_project() as made:
        made.configure("scheduler:\n  loop_interval: 1\n")
        (made.root / "inbox").mkdir()
        (made.root / "inbox" / "old.csv").write_text("old")
        for name, schedule in [
            ("at_start", "at startup"),
            ("at_boot", "'@reboot'"),
            ("then", "after first"),
            ("reader", "on change of inbox/*.csv"),
        ]:
            made.write_task(name, TELLING, fields=f"schedule: {schedule}\n")
        made.write_task("orphan", TELLING, fields="schedule: after nobody\n")
        made.write_task("first", "@repeat(every().day)\ndef start():\n    pass\n")
        made.start()
        for name in ("at_start", "at_boot", "then", "reader", "first"):
            made.wait_for_task(name, "active")
        seen = "SELECT 1 FROM state WHERE name LIKE 'event:%:looked'"
        made.wait_for("the first look at files", lambda: made.rows(seen))
        yield made
        assert ledger_faults(made) == []


def _said(project: RunningProject, run: dict[str, object]) -> str:
    # The last attempt: a claimed one may never have begun.
    return project.output(int(str(run["id"])), int(str(run["attempts"]))).strip()


def test_a_start_an_end_and_a_changed_file_are_run_for_and_told_to_the_task(project: RunningProject) -> None:
    begun = project.wait_for_run("at_start", "succeeded")
    assert _said(project, begun[-1]) == "startup None None"
    assert _said(project, project.wait_for_run("at_boot", "succeeded")[0]) == "boot None None"

    before = len(project.runs("then"))
    first = project.ask("start", task="first")["id"]
    followed = project.wait_for_run("then", "succeeded", count=before + 1)
    assert _said(project, followed[-1]) == f"after first {first} None"

    before = len(project.runs("reader"))
    (project.root / "inbox" / "new.csv").write_text("new")
    changed = project.wait_for_run("reader", "succeeded", count=before + 1)
    assert _said(project, changed[-1]) == "change None new"
    assert {run["kind"] for run in project.runs("reader")} == {"event"}


def test_a_file_that_gets_another_name_before_its_run_begins_is_run_for_under_it(project: RunningProject) -> None:
    folder, go = project.root / "renamed", project.root / "go"
    folder.mkdir()
    source = (
        "import os, time\n\n\n"
        f"def start(changed):\n    while not os.path.exists({str(go)!r}):\n        time.sleep(0.05)\n    print(changed)\n"
    )
    looked = "SELECT 1 FROM state WHERE name LIKE 'event:%:looked'"
    before = len(project.rows(looked))
    project.write_task("renaming", source, fields="schedule: on change of renamed/*.csv\n")
    project.wait_for_task("renaming", "active")
    project.wait_for("the first look at files", lambda: len(project.rows(looked)) > before)
    for name in ("a", "b"):
        (folder / f"{name}.csv").write_text(name)
    project.wait_for_run("renaming", "running")
    project.wait_for_run("renaming", "queued")
    waiting = project.runs("renaming", "queued")[0]
    path = project.root / str(waiting["request_id"]).split(":", 3)[3]
    path.rename(folder / "c.csv")
    project.wait_for_run("renaming", "queued", count=2)  # it has stood still under its new name
    go.touch()
    ran = project.wait_for_run("renaming", "succeeded", count=2)
    assert [_said(project, run) for run in ran[1:]] == ["renamed/c.csv"]
    (skipped,) = project.runs("renaming", "skipped")
    assert (skipped["id"], skipped["reason"]) == (waiting["id"], GONE)


def test_what_each_run_was_for_and_what_is_wrong_is_shown(project: RunningProject) -> None:
    project.wait_for_run("at_boot", "succeeded")
    assert "at boot, " in project.command("history", "--task", "at_boot").stdout
    assert "orphan: after nobody: there is no task 'nobody'" in project.command("status").stdout
    assert "no further instant" not in project.command("jobs").stdout


def test_a_restart_is_a_start_and_no_boot(project: RunningProject) -> None:
    before = len(project.runs("at_start"))
    assert project.command("restart").returncode == 0
    project.wait_for_run("at_start", "succeeded", count=before + 1)
    assert len(project.runs("at_start")) == before + 1
    assert len(project.runs("at_boot")) == 1


@pytest.mark.parametrize("point", ["after-terminal-commit", "before-follower-request", "after-follower-request"])
def test_killed_between_an_end_and_its_follower(project: RunningProject, point: str) -> None:
    first, then = len(project.runs("first")), len(project.runs("then"))
    _start_to_die_at(project, point)
    project.ask("start", task="first")
    assert project.wait_until_ended() == -signal.SIGKILL
    _start_again(project)
    project.wait_for_run("then", "succeeded", count=then + 1)
    (end,) = project.runs("first", "succeeded")[first:]
    assert [run["request_id"].rpartition(":")[2] for run in project.runs("then")[then:]] == [str(end["id"])]


@pytest.mark.parametrize("point", ["before-change-request", "after-change-request"])
def test_killed_between_a_change_and_its_run(project: RunningProject, point: str) -> None:
    before = len(project.runs("reader"))
    _start_to_die_at(project, point)
    (project.root / "inbox" / f"{point}.csv").write_text(point)
    assert project.wait_until_ended() == -signal.SIGKILL
    _start_again(project)
    project.wait_for_run("reader", "succeeded", count=before + 1)
    marked = "SELECT 1 FROM state WHERE name LIKE ?"
    project.wait_for("it is seen", lambda: project.rows(marked, f"event:%:file:inbox/{point}.csv"))
    assert [_said(project, run) for run in project.runs("reader")[before:]] == [f"change None {point}"]


def _start_to_die_at(project: RunningProject, point: str) -> None:
    """Start the scheduler anew, to be killed when it passes a point next."""
    project.stop()
    at_start = len(project.runs("at_start"))
    project.set_variable(VARIABLE, f"{point}:KILL:{2 if point == 'after-terminal-commit' else 1}")
    project.start()
    project.wait_for_run("at_start", "succeeded", count=at_start + 1)
    project.set_variable(VARIABLE, None)


def _start_again(project: RunningProject) -> None:
    project.start()
