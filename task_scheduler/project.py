"""Where a project is: its folder and its configuration file, told from the command line.

Standard library only: `main.py` asks before anything is installed, `status` before anything slow is imported.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from task_scheduler.typed_paths import typed_path, why_no_file

CONFIG_FOLDER = "config"
CONFIG_NAME = "config.yaml"
TASKS_FOLDER = "tasks"
#: What only a scheduler makes.
_TRACE = Path("data", "run")


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """A project folder and its configuration file, both absolute."""

    root: Path
    config: Path
    config_required: bool  #: a person named the file, so its absence is an error

    def shown(self, path: Path) -> str:
        """Return how an absolute path is told to a person: from the project folder, where it is in there."""
        return str(path.relative_to(self.root) if path.is_relative_to(self.root) else path)

    def configuration_fault(self) -> str:
        """Return why the configuration file cannot be read, and the way out; empty: it can, or none has to be there."""
        # Who names that device means no settings at all.
        why = "" if str(self.config) == os.devnull else why_no_file(self.config)
        if not why or (self.is_without_configuration and not self.config_required):
            return ""
        wanted = (
            ": give the path of a file, or none for the project's own"
            if self.config_required
            else ": make it a YAML file"
        )
        return f"{why}{wanted}"

    @property
    def is_without_configuration(self) -> bool:
        """Whether there is no configuration file, not even an unusable one."""
        return not os.path.lexists(self.config)


def locate_project(*, config: str | Path | None, root: str | Path | None, default_root: Path) -> Project:
    """Tell which project `--config` and `--root` mean; None stands for an option not given.

    A configuration file in the `config/` of a project means that project. Any other says only what the settings are,
    and the project is the one it would be without it: nothing is made beside a file that lies anywhere.
    Raises UnusablePath.
    """
    file = None if config is None else _upright(typed_path(str(config)).absolute())
    if root is not None:
        folder = typed_path(str(root)).resolve()
    else:
        folder = ((file and project_of_configuration(file)) or typed_path(str(default_root))).resolve()
    if file is None:
        return Project(root=folder, config=folder / CONFIG_FOLDER / CONFIG_NAME, config_required=False)
    return Project(root=folder, config=file, config_required=True)


def project_of_configuration(file: Path) -> Path | None:
    """Return the folder of the project in whose `config/` a file, an absolute path, is; None: it is in none."""
    file = _upright(file)
    folder = file.parent.parent
    # In a container /config is where its settings are put, and / is no project.
    is_one = file.parent.name == CONFIG_FOLDER and folder != folder.parent and looks_like_project(folder)
    return folder if is_one else None


def looks_like_project(folder: Path) -> bool:
    """Whether a folder has anything of a project: task files, a configuration, or what a scheduler has left."""
    return has_configuration(folder) or any((folder / name).is_dir() for name in (TASKS_FOLDER, "data"))


def _upright(file: Path) -> Path:
    """Return a path without `..`, which behind a link is another folder than the one before it."""
    return file.parent.resolve() / file.name if ".." in file.parts else file


def nearest_project(start: Path) -> Path | None:
    """Return the project around an absolute folder: the nearest one upwards that looks like one; None: there is none.

    Of the folder itself less is asked: it may have its tasks somewhere else, or have lost them.
    """
    if has_configuration(start) or (start / _TRACE).is_dir():
        return start
    return next((folder for folder in (start, *start.parents) if _is_project(folder)), None)


def has_configuration(folder: Path) -> bool:
    """Whether a folder has a configuration file where projects have theirs."""
    return (folder / CONFIG_FOLDER / CONFIG_NAME).is_file()


def _is_project(folder: Path) -> bool:
    return (folder / TASKS_FOLDER).is_dir() and (has_configuration(folder) or (folder / "data").is_dir())
