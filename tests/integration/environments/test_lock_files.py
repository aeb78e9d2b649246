"""`lock` and the files beside tasks: names, paths and what else may have the name."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from task_scheduler.cli.main import main
from task_scheduler.cli.program import Program

pytestmark = pytest.mark.slow

SOURCE = "---\ntitle: Report\nschedule: every hour\n---\nprint('hello')\n"


@pytest.fixture
def tasks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the folder of tasks of a new project, which is the current folder."""
    folder = tmp_path / "tasks"
    (tmp_path / "data").mkdir()
    folder.mkdir()
    (folder / "q.py").write_text(SOURCE)
    monkeypatch.chdir(folder)
    return folder


def say(*arguments: str) -> int:
    return main([*arguments], Program())


@pytest.mark.parametrize("path", ["q", "q.py", "../tasks/q.py", "./q.py", "../tasks/../tasks/q.py", "tasks/q.py"])
def test_however_a_file_is_named_it_is_the_same_task(
    tasks: Path, capsys: pytest.CaptureFixture[str], path: str
) -> None:
    codes = [say("lock", path), say("lock", "--check", "q"), say("env", "build", path)]

    said = capsys.readouterr().out.splitlines()
    assert codes == [0, 0, 0]
    assert said[:2] == ["tasks/q.py.lock", "tasks/q.py.lock is what is in force"]
    assert said[2].startswith("q: environment ")
    assert (tasks / "q.py.lock").read_text().startswith("# Locked by task-scheduler: q, Python ")


def test_a_name_of_several_lines_adds_no_requirement(tasks: Path) -> None:
    name = "a\nevil==1.0"
    (tasks / f"{name}.py").write_text(SOURCE)

    assert say("lock", name) == 0

    lines = (tasks / f"{name}.py.lock").read_text().splitlines()
    assert lines[0].startswith(r"# Locked by task-scheduler: a\nevil==1.0, Python ")
    assert all(line.startswith("#") for line in lines)


@pytest.mark.parametrize("options", [[], ["--check"]])
def test_a_pipe_of_that_name_is_refused_at_once(
    tasks: Path, capsys: pytest.CaptureFixture[str], options: list[str]
) -> None:
    os.mkfifo(tasks / "q.py.lock")

    assert say("lock", "q", *options) == 1

    assert "error: tasks/q.py.lock is not a file: move it away, or use --stdout\n" in capsys.readouterr().err


def test_what_a_killed_process_left_behind_is_in_nobodys_way(tasks: Path) -> None:
    for name in ("q.py.lock", "made.py"):
        for ending in ("partial", "new"):
            (tasks / f".{name}.{os.getpid()}.{ending}").touch()

    assert [say("lock", "q"), say("new", "made")] == [0, 0]

    assert {"q.py.lock", "made.py"} < {path.name for path in tasks.iterdir()}


def test_a_name_as_long_as_can_be_leaves_room_for_an_unfinished_file(tasks: Path) -> None:
    name = "n" * (255 - len(".py.lock"))
    (tasks / f"{name}.py").write_text(SOURCE)

    assert [say("lock", name), say("fmt", name, "--to", "docstring")] == [0, 0]
    assert say("new", "m" * (255 - len(".py")), "--title", "Long") == 0

    assert not [path for path in tasks.iterdir() if path.name.startswith(".")]
