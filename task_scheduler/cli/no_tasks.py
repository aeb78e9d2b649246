"""What is said where a project has no tasks."""

from __future__ import annotations

from task_scheduler.core.errors import SettingsError
from task_scheduler.project import Project

_NONE = "drop a .py file into tasks/"


def none_yet(project: Project) -> str:
    """Return how to get a first task, and that examples are there which are passed over, where they are."""
    # Late: reading the settings takes longer than asking a scheduler that runs.
    from task_scheduler.settings import load_settings

    try:
        settings, paths = load_settings(project)
    except SettingsError:
        return _NONE  # what is wrong with them is not what was asked
    if settings.tasks.include_example_tasks:
        return _NONE
    count = sum(1 for _ in paths.tasks.rglob("example_*.py"))
    if not count:
        return _NONE
    are = "1 example is" if count == 1 else f"{count:,} examples are"
    return f"{_NONE}; {are} off: tasks.include_example_tasks: true turns them on"
