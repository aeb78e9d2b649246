"""Where a project is: its folder and its configuration file, told from the command line.

Standard library only: `main.py` asks before anything is installed, `status` before anything slow is imported.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from task_scheduler.typed_paths import typed_path

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


def locate_project(*, config: str | Path | None, root: str | Path | None, default_root: Path) -> Project:
    """Tell which project `--config` and `--root` mean; None stands for an option not given.

    The folder of a configuration file named alone is the folder above `config/`, or the one the file is in.
    Raises UnusablePath.
    """
    if config is None:
        folder = typed_path(str(root if root is not None else default_root)).resolve()
        return Project(root=folder, config=folder / CONFIG_FOLDER / CONFIG_NAME, config_required=False)
    file = typed_path(str(config)).absolute()
    if root is not None:
        folder = typed_path(str(root))
    else:
        folder = file.parent.parent if file.parent.name == CONFIG_FOLDER else file.parent
    return Project(root=folder.resolve(), config=file, config_required=True)


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
