"""Commands that meet a scheduler which does not listen, does not answer, or is not there although its runs are."""

import os
import socket
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from task_scheduler.cli import door as doors
from task_scheduler.cli.door import ProjectDoor
from task_scheduler.cli.main import main
from task_scheduler.control.address import socket_path
from task_scheduler.control.errors import NoAnswer, NotYet
from task_scheduler.core.errors import NotRunning
from task_scheduler.process.rivals import scheduler_there
from task_scheduler.project import Project, locate_project
from task_scheduler.store.locks import ProjectLock, heir_of, holder_of


@pytest.fixture
def project(tmp_path: Path) -> Project:
    socket_path(tmp_path).parent.mkdir(parents=True)
    return locate_project(config=None, root=str(tmp_path), default_root=tmp_path)


def _lock(project: Project, work: str = "") -> ProjectLock:
    path = socket_path(project.root).with_name("scheduler.lock")
    return ProjectLock(path, "this folder", since=datetime(2026, 3, 1, 12, tzinfo=UTC), work=work)


@pytest.fixture
def deaf(project: Project) -> Iterator[None]:
    """A socket that takes connections and never answers."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listening:
        here = Path.cwd()
        os.chdir(socket_path(project.root).parent)
        try:
            listening.bind(socket_path(project.root).name)
        finally:
            os.chdir(here)
        listening.listen()
        yield


def test_one_that_is_just_starting_is_waited_for_and_then_named(project: Project) -> None:
    pauses: list[float] = []

    with _lock(project), closing(ProjectDoor(project=project, note=print, pause=pauses.append)) as door:
        with pytest.raises(NotYet, match=f"process {os.getpid()} is starting or ending"):
            door.ask("stop", run=1)
        stopped, pauses[:] = sum(pauses), []
        assert door.ask("history") == []

    assert stopped == pytest.approx(10.0, abs=0.2)
    assert sum(pauses) == pytest.approx(3.0, abs=0.2)


def test_nobody_is_waited_for_where_the_lock_is_free_or_a_command_holds_it(project: Project) -> None:
    pauses: list[float] = []

    with closing(ProjectDoor(project=project, note=print, pause=pauses.append)) as door:
        with pytest.raises(NotRunning, match="no scheduler is running"):
            door.ask("stop", run=1)
        with _lock(project, work="run-file hello"), pytest.raises(NotRunning, match="no scheduler is running"):
            door.ask("stop", run=1)

    assert pauses == []


def test_one_that_becomes_a_new_program_is_still_there_while_nobody_holds_its_lock(project: Project) -> None:
    path = socket_path(project.root).with_name("scheduler.lock")
    lock = _lock(project).acquire()
    text = path.read_text()
    lock.hand_over()
    handed_over = path.read_text()
    lock.release()
    assert scheduler_there(project.root) is None, "it let go as one that ends"

    path.write_text(handed_over)

    assert holder_of(path) is None
    heir = heir_of(path)
    assert heir is not None
    assert scheduler_there(project.root) == heir[0] == text.splitlines()[0]
    # The process that takes it up again finds it as one that was left safely.
    assert _lock(project).acquire().was_left_safely
    # A number that is another's by now: that process began after the words were written.
    path.write_text(handed_over)
    os.utime(path, (1, 1))
    assert scheduler_there(project.root) is None


@pytest.mark.usefixtures("deaf")
def test_one_that_does_not_answer_is_told_of_and_status_shows_the_record(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doors, "PATIENCE", 0.05)

    with _lock(project), closing(ProjectDoor(project=project, note=print)) as door:
        with pytest.raises(
            NoAnswer, match=r"did not answer within 0\.05 s\nit is there and busy, or hangs: `kill -KILL"
        ):
            door.ask("stop", run=1)
        status = door.ask("status")

    assert (status["running"], status["tasks"]) == (False, {})
    assert status["held_by"]["known"].startswith("it is there and busy, or hangs")


def test_runs_that_execute_without_a_scheduler_are_named_to_who_acts_on_runs(
    project: Project, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(ProjectDoor, "what_still_works", lambda _self: [(36, "stubborn")])

    codes = [
        main([*words.split(), "--root", str(project.root)]) for words in ("stop 36", "shutdown --kill", "pause 36")
    ]
    said = [line for line in capsys.readouterr().err.splitlines() if line.startswith("hint: ")]

    assert codes == [4, 4, 4]
    program = f"task-scheduler --root {project.root}"
    assert [line.partition(" run`, then ")[0] for line in said] == [
        f"hint: 1 run is still at work (36 stubborn): start the scheduler with `{program}"
    ] * 3
    assert [line.rpartition(", then ")[2] for line in said] == [
        f"`{program} stop 36`",
        f"`{program} stop 36`",
        f"`{program} pause 36`",
    ]
