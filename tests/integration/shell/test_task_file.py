"""Which task file a person means, by a path from anywhere or by a task's id."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import pytest

from task_scheduler.cli.task_file import locate
from task_scheduler.core.errors import TaskSchedulerError, UnknownTask

SOURCE = b"print('here')\n"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for name in ("hello", "sub/my-report", "example_x", ".hidden/x", "data"):
        file = tmp_path / "tasks" / f"{name}.py"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(SOURCE)
    (tmp_path / "elsewhere.py").write_bytes(SOURCE)
    (tmp_path / "tasks" / "notes.txt").write_bytes(SOURCE)
    return tmp_path


def where(root: Path, **changes: Any) -> dict[str, Any]:
    return {"tasks": str(root / "tasks"), "pattern": "*.py", "include_examples": False, **changes}


@pytest.mark.parametrize(
    ("text", "here", "task_id"),
    [
        ("hello", ".", "hello"),
        ("hello.py", "tasks", "hello"),
        ("tasks/hello.py", ".", "hello"),
        ("tasks/hello.py", "/", "hello"),
        ("./my-report.py", "tasks/sub", "sub/my-report"),
        ("../hello.py", "tasks/sub", "hello"),
        ("sub/my-report", "/", "sub/my-report"),
    ],
)
def test_a_path_from_here_or_from_the_project_or_an_id_names_a_file(
    root: Path, text: str, here: str, task_id: str
) -> None:
    file = locate(text, where(root), root / here)

    assert (file.task_id, file.path) == (task_id, root / "tasks" / f"{task_id}.py")
    assert file.digest == hashlib.sha256(SOURCE).hexdigest()


def test_a_whole_path_and_one_through_a_link_name_the_same_file(root: Path) -> None:
    (root / "link").symlink_to(root / "tasks", target_is_directory=True)

    files = [locate(text, where(root), Path("/")) for text in (f"{root}/tasks/hello.py", f"{root}/link/hello.py")]

    assert files[0] == files[1]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("elsewhere.py", "elsewhere.py is no Python file of the folder of tasks, "),
        ("tasks/notes.txt", "tasks/notes.txt is no Python file of the folder of tasks, "),
        ("tasks/example_x.py", "tasks/example_x.py is left out of the tasks: set tasks.include_example_tasks: true"),
        (
            "tasks/.hidden/x.py",
            "tasks/.hidden/x.py is left out of the tasks: hidden files and folders are none of them",
        ),
    ],
)
def test_a_file_that_is_no_task_is_refused_with_the_reason(root: Path, text: str, sentence: str) -> None:
    with pytest.raises(TaskSchedulerError) as caught:
        locate(text, where(root), root)

    assert str(caught.value).startswith(sentence)


def test_a_name_the_settings_leave_out_is_refused_with_the_setting(root: Path) -> None:
    with pytest.raises(
        TaskSchedulerError, match=r"left out of the tasks: .* does not match tasks.file_pattern, job_\*.py"
    ):
        locate("hello", where(root, pattern="job_*.py"), root)

    assert locate("example_x", where(root, include_examples=True), root).task_id == "example_x"
    assert locate("example_x", where(root), root, is_meant=True).task_id == "example_x"


def test_a_slip_is_answered_with_what_is_meant(root: Path) -> None:
    with pytest.raises(UnknownTask, match="no task 'helo', did you mean 'hello'"):
        locate("helo", where(root), root)


def test_a_file_that_is_written_to_meanwhile_is_another_one(root: Path) -> None:
    file = locate("hello", where(root), root)
    assert not file.has_changed()

    file.path.write_bytes(b"print('there')\n")
    assert file.has_changed()

    file.path.unlink()
    assert file.has_changed()
