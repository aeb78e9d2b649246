"""A task that a person names by its id, or by the path of its file."""

from __future__ import annotations

from pathlib import Path

from task_scheduler.cli.door import Door
from task_scheduler.project import Project
from task_scheduler.typed_paths import is_file, typed_path

_SUFFIX = ".py"


def task_id(text: str, door: Door) -> str:
    """Return the id of the task that an id or a path names; of no file there is, what its id would be."""
    if not text.endswith(_SUFFIX):
        return text
    tasks = tasks_folder(door.project)
    here = Path.cwd()
    candidates = [typed_path(text, here), door.project.root / text, tasks / text]
    # A file that is gone may have runs on record, so it need not be there.
    for path in [*filter(is_file, candidates), *candidates]:
        for folder, named in ((tasks, path), (tasks.resolve(), path.resolve())):
            if named.is_relative_to(folder) and ".." not in named.parts:
                return named.relative_to(folder).as_posix().removesuffix(_SUFFIX)
    return text.removesuffix(_SUFFIX)


def tasks_folder(project: Project) -> Path:
    """Return the folder of tasks; raises SettingsError."""
    # Late: reading the settings takes longer than asking a scheduler that runs.
    from task_scheduler.settings import load_settings

    return load_settings(project)[1].tasks
