"""Makes a folder a project, and adds to a project what is missing; nothing that is there is touched."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from task_scheduler.core.errors import TaskSchedulerError
from task_scheduler.project import CONFIG_FOLDER, CONFIG_NAME, TASKS_FOLDER, nearest_project
from task_scheduler.scaffolding.new_files import create_file
from task_scheduler.scaffolding.shipped import PACKAGE, shipped
from task_scheduler.scaffolding.task_file import Dialect, NewTask

HELPERS_FOLDER = "helpers"
SECRETS_EXAMPLE = "secrets.yaml.example"
EXAMPLE = "example_hello"

_IGNORED = """\
# Made by the scheduler
/data/
/logs/
/venv/
/venv.lock

# For your eyes only
/config/secrets.yaml

__pycache__/
"""

_README = """\
# {name}

A project folder of task-scheduler: each `.py` file in `tasks/` runs on its schedule.

- `{program} new NAME` writes a task file to start from, `{program} check` tells what is wrong with those that are there
- `{program} run` runs the scheduler, `{program} status` tells how it is
- `{program} history` lists what ran, `{program} logs RUN` shows what a run wrote
- `config/config.yaml` has every setting with its default
- `helpers/` is what tasks get by `from helpers import …`: put your own files beside those that are there
- `data/` is the record, `logs/` is what was written: back up the first, read the second
"""


class NoPlaceForProject(TaskSchedulerError):
    """A folder that cannot become a project."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Addition:
    """One thing that was made, or was left alone because it is there and differs from what comes with the program."""

    path: str  #: relative to the project folder; folders end in `/`
    left: bool = False


def make_project(folder: Path, *, program: str, examples: bool = False) -> Iterator[Addition]:
    """Make what is missing in the project `folder`, with `examples` those too; tell each thing as it is made.

    `program` is what a person types. Raises NoPlaceForProject, and OSError where something cannot be made.
    """
    _check_place(folder)
    folder.mkdir(parents=True, exist_ok=True)
    tasks = folder / TASKS_FOLDER
    if tasks.is_symlink() and not tasks.exists():
        raise NoPlaceForProject(
            f"{tasks} is a link to {tasks.readlink()}, which is not there: make that folder, or remove the link"
        )
    if not tasks.is_dir():
        tasks.mkdir()
        yield Addition(path=f"{TASKS_FOLDER}/")
        example = NewTask(name=EXAMPLE, title="Hello", description="Shows what a task looks like", schedules=("daily",))
        yield from _add(folder, f"{TASKS_FOLDER}/{EXAMPLE}.py", example.text(Dialect.DOCSTRING))
        # Deleting every task leaves the folder not utterly empty: that would look like a disk that is not there.
        yield from _add(folder, f"{TASKS_FOLDER}/.gitkeep", "")
    if examples:
        yield from _add_examples(folder)
    yield from _add_helpers(folder)
    for name in (CONFIG_NAME, SECRETS_EXAMPLE):
        file = shipped(CONFIG_FOLDER, name)
        if file is not None:
            yield from _add(folder, f"{CONFIG_FOLDER}/{name}", file.read_text(encoding="utf-8"))
    yield from _add(folder, ".gitignore", _IGNORED)
    if not any(folder.glob("README*")):
        yield from _add(folder, "README.md", _README.format(name=folder.name, program=program))


def _check_place(folder: Path) -> None:
    if folder.exists() and not folder.is_dir():
        raise NoPlaceForProject(f"{folder} is not a folder: give the path of one, or of one that is yet to be made")
    if folder.is_relative_to(PACKAGE) or (folder / "task_scheduler" / "starting").is_dir():
        raise NoPlaceForProject(
            f"{folder} is the program's own folder, and a project as it is: "
            f"put task files into its tasks/, or give the path of another folder"
        )
    around = nearest_project(folder)
    if around is not None and folder.is_relative_to(around / TASKS_FOLDER):
        raise NoPlaceForProject(
            f"{folder} is inside the tasks of the project {around}, which would take every .py file made here "
            "for a task: give the path of a folder elsewhere"
        )


def _add_examples(folder: Path) -> Iterator[Addition]:
    """Copy the examples, to be read, changed and turned on."""
    source = shipped(TASKS_FOLDER)
    if source is None:
        return
    for file in sorted(source.glob("example_*.py")):
        yield from _add(folder, f"{TASKS_FOLDER}/{file.name}", file.read_text(encoding="utf-8"), ours=True)


def _add_helpers(folder: Path) -> Iterator[Addition]:
    """Copy the helpers: they are the person's from now on, to be edited and added to."""
    source = shipped(HELPERS_FOLDER)
    if source is None:
        return
    for file in sorted(source.glob("*.py")):
        yield from _add(folder, f"{HELPERS_FOLDER}/{file.name}", file.read_text(encoding="utf-8"), ours=True)


def _add(folder: Path, path: str, text: str, *, ours: bool = False) -> Iterator[Addition]:
    """Make one file unless there is one; of a file of `ours`, tell when the one that is there differs."""
    try:
        create_file(folder / path, text)
        yield Addition(path=path)
    except FileExistsError:
        if ours and (folder / path).read_bytes() != text.encode():
            yield Addition(path=path, left=True)
