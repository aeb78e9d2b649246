"""What is said where a project has no tasks."""

from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path

from task_scheduler.core.errors import SettingsError
from task_scheduler.project import Project

_NONE = "drop a .py file into tasks/"


def none_yet(project: Project, *, program: str = "") -> str:
    """Return how to get a first task, and that examples are there which are passed over, where they are.

    Where files are there that only a scheduler reads, it says so instead, and with `program`, which begins what a person
    types, how to start one; empty: a scheduler is there.
    """
    # Late: reading the settings takes longer than asking a scheduler that runs.
    from task_scheduler.settings import load_settings

    try:
        settings, paths = load_settings(project)
    except SettingsError:
        return _NONE  # what is wrong with them is not what was asked
    names = [path.name for path in _python_files(paths.tasks)]
    examples = 0 if settings.tasks.include_example_tasks else sum(name.startswith("example_") for name in names)
    count = sum(fnmatch(name, settings.tasks.file_pattern) for name in names) - examples
    if count > 0 and program:
        files = "1 file" if count == 1 else f"{count:,} files"
        return f"{files} in {project.shown(paths.tasks)}/, read when a scheduler starts: `{program} run`"
    if not examples:
        return _NONE
    are = "1 example is" if examples == 1 else f"{examples:,} examples are"
    return f"{_NONE}; {are} off: tasks.include_example_tasks: true turns them on"


def _python_files(folder: Path) -> Iterator[Path]:
    for path in folder.rglob("*.py"):
        parts = path.relative_to(folder).parts
        if path.name != "__init__.py" and not any(part.startswith((".", "__pycache__")) for part in parts):
            yield path
