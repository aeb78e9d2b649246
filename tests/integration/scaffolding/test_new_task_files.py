"""What `new` writes is what the reader understands, whatever a person asks for."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from task_scheduler.checking import Checked, TaskChecker
from task_scheduler.core.tasks import FileKind
from task_scheduler.project import locate_project
from task_scheduler.scaffolding.new_files import create_file
from task_scheduler.scaffolding.task_file import Dialect, NewTask

_titles = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Zl", "Zp"]), min_size=1, max_size=60)
_schedules = st.lists(
    st.sampled_from(["every 10 minutes", "daily at 06:30", "0 9 * * 1-5", "monday", "*/5 * * * *"]),
    min_size=1,
    max_size=3,
    unique=True,
)
_packages = st.lists(st.sampled_from(["requests>=2", "pandas[excel]", "six==1.16.0"]), max_size=3, unique=True)


@pytest.fixture(scope="module")
def checker(tmp_path_factory: pytest.TempPathFactory) -> TaskChecker:
    root = tmp_path_factory.mktemp("project")
    project = locate_project(config=None, root=root, default_root=root)
    return TaskChecker(project, here=root)


_ordinary = st.text(st.sampled_from("aZ9ß日 -_.,:;#'\"()[]{}&%/!?*@|>`~"), max_size=40).map(
    lambda text: f"A{text}z".replace('"""', '""')
)


@given(title=_titles, schedules=_schedules, packages=_packages, dialect=st.sampled_from(Dialect))
def test_what_is_asked_for_is_read_or_refused_and_never_something_else(
    checker: TaskChecker, title: str, schedules: list[str], packages: list[str], dialect: Dialect
) -> None:
    task = NewTask.named("report", title=title, schedules=schedules, packages=packages)

    checked = checker.check_text(checker.tasks / "report.py", task.text(dialect))

    assert checked.problems or _declared(checked) == (task.title, tuple(packages))


@given(title=_ordinary, schedules=_schedules, packages=_packages, dialect=st.sampled_from(Dialect))
def test_what_people_ask_for_is_never_refused(
    checker: TaskChecker, title: str, schedules: list[str], packages: list[str], dialect: Dialect
) -> None:
    task = NewTask.named("report", title=title, schedules=schedules, packages=packages)

    checked = checker.check_text(checker.tasks / "report.py", task.text(dialect))

    assert checked.problems == ()
    assert checked.reading is not None
    assert (checked.reading.kind, checked.reading.has_start) == (FileKind.TASK, True)
    assert [job.function for job in checked.reading.jobs] == ["start"] * len(schedules)


def _declared(checked: Checked) -> tuple[str, tuple[str, ...]]:
    assert checked.reading is not None
    assert checked.reading.declaration is not None
    return checked.reading.declaration.title, checked.reading.declaration.dependencies


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path
    assert list(tmp_path.rglob(".*.new")) == []


def test_a_file_is_whole_or_not_there(folder: Path) -> None:
    create_file(folder / "a/b/c.py", "x = 1\n")

    assert (folder / "a/b/c.py").read_bytes() == b"x = 1\n"


@pytest.mark.parametrize("kind", ["file", "folder", "link to nothing"])
def test_nothing_is_overwritten(folder: Path, kind: str) -> None:
    path = folder / "there"
    match kind:
        case "file":
            path.write_text("mine")
        case "folder":
            path.mkdir()
        case _:
            path.symlink_to("nowhere")

    with pytest.raises(FileExistsError):
        create_file(path, "yours")

    assert not (folder / "nowhere").exists()
    assert kind != "file" or path.read_text() == "mine"
