"""What a person may name instead of an id or a number: a task's file, a task where a run is asked for."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from task_scheduler.cli.task_file import locate
from task_scheduler.cli.task_names import task_id
from task_scheduler.core.errors import UnknownTask
from task_scheduler.project import Project
from tests.unit.cli.documents import FakeDoor, run, say


@pytest.fixture
def root(tmp_path: Path) -> Iterator[Path]:
    (tmp_path / "tasks" / "sub").mkdir(parents=True)
    (tmp_path / "tasks" / "hello.py").touch()
    (tmp_path / "tasks" / "sub" / "deep.py").touch()
    before = Path.cwd()
    os.chdir(tmp_path)
    yield tmp_path
    os.chdir(before)


def door_of(root: Path, **answers: object) -> FakeDoor:
    return FakeDoor(answers, Project(root=root, config=root / "config" / "config.yaml", config_required=False))


@pytest.mark.parametrize(
    ("folder", "named", "meant"),
    [
        (".", "hello", "hello"),
        (".", "tasks/hello.py", "hello"),
        (".", "hello.py", "hello"),
        ("tasks", "hello.py", "hello"),
        ("tasks/sub", "deep.py", "sub/deep"),
        ("tasks/sub", "../hello.py", "hello"),
        (".", "sub/deep.py", "sub/deep"),
        (".", "tasks/gone.py", "gone"),
    ],
)
def test_a_task_may_be_named_by_its_file(root: Path, folder: str, named: str, meant: str) -> None:
    os.chdir(root / folder)

    assert task_id(named, door_of(root)) == meant
    assert task_id(str(root / "tasks" / "hello.py"), door_of(root)) == "hello"


@pytest.mark.parametrize(
    ("line", "command"),
    [
        ("start tasks/hello.py", "start"),
        ("history --task tasks/hello.py", "history"),
    ],
)
def test_verbs_about_a_task_take_its_file(root: Path, line: str, command: str) -> None:
    door = door_of(root, start=run(state="queued", final=False), history=[run()])

    say(line, door)

    assert [(asked, given["task"]) for asked, given in door.asked] == [(command, "hello")]


def test_show_takes_the_file_of_a_task(root: Path) -> None:
    door = door_of(root, show=UnknownTask("hello"))

    with pytest.raises(UnknownTask):
        say("show tasks/hello.py", door)

    assert door.asked == [("show", {"task": "hello"})]


def test_logs_of_a_task_are_those_of_its_newest_run(root: Path) -> None:
    door = door_of(root, history=[run(34)], run={**run(34), "attempts": []})

    said = say("logs hello", door)

    assert said.err.startswith("run 34, the newest of hello\n")
    assert door.asked == [("history", {"task": "hello", "limit": 1}), ("run", {"run": 34})]


def test_a_task_that_never_ran_has_no_logs(root: Path) -> None:
    said = say("logs hello", door_of(root, history=[]))

    assert (said.out, said.err, said.code) == ("", "hello has no runs yet\n", 0)


@pytest.mark.parametrize(
    ("named", "sentence"),
    [
        ("nope.py", "no such file: nope.py"),
        ("tasks/helo.py", "no such file: tasks/helo.py, did you mean 'hello.py'?"),
        ("helo", "no task 'helo', did you mean 'hello'?"),
        ("tasks", "tasks is no task file: it is a folder"),
        ("tasks/apart.py", "tasks/apart.py is no task file: it is a folder"),
        ("tasks/link.py", "tasks/link.py is no task file: it is a link that leads nowhere"),
        ("tasks/stream.py", "tasks/stream.py is no task file: it is a pipe or a device"),
        ("hello.py/x.py", "no such file: hello.py/x.py, did you mean 'hello.py'?"),
    ],
)
def test_a_file_that_is_not_there_is_told_apart_from_a_task(root: Path, named: str, sentence: str) -> None:
    project = {"tasks": str(root / "tasks"), "pattern": "*.py", "include_examples": False}
    (root / "tasks/apart.py").mkdir()
    (root / "tasks/link.py").symlink_to("nowhere")
    os.mkfifo(root / "tasks/stream.py")

    with pytest.raises(UnknownTask) as caught:
        locate(named, project, root)

    assert str(caught.value) == sentence


def test_fmt_takes_the_id_of_a_task(root: Path) -> None:
    file = root / "tasks" / "sub" / "deep.py"
    file.write_text('"""\n---\ntitle: Deep\n---\n"""\n')

    said = say("fmt sub/deep --to bare", door_of(root))

    assert (said.err, said.code) == ("sub/deep: docstring -> bare\n", 0)
    assert file.read_text().startswith("---\ntitle: Deep\n---\n")
