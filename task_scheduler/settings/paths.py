"""Where a project's files are, once its settings are known."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from task_scheduler.core.errors import SettingsError
from task_scheduler.private_files import ALL_BUT_THE_WAY_THROUGH, tighten
from task_scheduler.project import TASKS_FOLDER, Project
from task_scheduler.settings.models import Settings
from task_scheduler.typed_paths import UnusablePath, typed_path


@dataclass(frozen=True, slots=True, kw_only=True)
class Paths:
    """Where a project's files are, absolute."""

    root: Path
    config: Path
    tasks: Path
    helpers: Path
    logs: Path  #: the folder
    log: Path  #: the scheduler's own log file
    data: Path
    database: Path

    @classmethod
    def of(cls, project: Project, settings: Settings) -> Paths:
        """Resolve the settings' paths: relative to the project folder, bare names to `logs/` and `data/`; raises SettingsError."""
        root = project.root
        return cls(
            root=root,
            config=project.config,
            tasks=_typed(project, "tasks.directory", settings.tasks.directory),
            helpers=root / "helpers",
            logs=root / "logs",
            log=_placed(project, "logging.file", "logs", settings.logging.file),
            data=root / "data",
            database=_placed(project, "database.path", "data", settings.database.path),
        )

    def faults(self) -> dict[str, str]:
        """Return why a scheduler could not work with files in these places: a sentence for each key at fault."""
        folders, files = self._folders(), {"logging.file": self.log, "database.path": self.database}
        missing = {
            key: f"{key}: there is no folder {folder}: create it, or name another"
            for key, folder in folders.items()
            if not folder.is_dir() and not folder.is_relative_to(self.root)
        }
        if fault := self._misnamed_tasks():
            missing["tasks.directory"] = fault
        return missing | {
            key: f"{key}: {file} is a folder: name a file" for key, file in files.items() if file.is_dir()
        }

    def _misnamed_tasks(self) -> str:
        """Return that the folder of tasks was probably named wrongly: the usual one has tasks, this one is not there."""
        usual = self.root / TASKS_FOLDER
        if self.tasks == usual or not self._has_lost_tasks():
            return ""
        count = sum(1 for _ in usual.rglob("*.py")) if usual.is_dir() else 0
        if not count:
            return ""
        named = self.tasks.relative_to(self.root) if self.tasks.is_relative_to(self.root) else self.tasks
        files = "1 task file" if count == 1 else f"{count:,} task files"
        return (
            f"tasks.directory: it was changed from {TASKS_FOLDER}/, which holds {files}, to {named}/, which is not there: "
            "mend the setting, or make the folder and move them there"
        )

    def _has_lost_tasks(self) -> bool:
        """Whether the folder that a setting names is not there, in a project that has had a scheduler."""
        return self.tasks != self.root / TASKS_FOLDER and not self.tasks.is_dir() and self.database.exists()

    def _folders(self) -> dict[str, Path]:
        return {
            "tasks.directory": self.tasks,
            "logs/": self.logs,
            "data/": self.data,
            "logging.file": self.log.parent,
            "database.path": self.database.parent,
        }

    def create_folders(self) -> None:
        """Create those that are missing below the project folder; raises SettingsError for others, or when one cannot be.

        Outside it a missing folder is more likely a slip than a wish: nothing is made there. Nor is a folder of tasks that a
        setting names in a project with a record: an empty one would pass for the loss of all tasks.
        """
        faults = [*self.faults().values()]
        missing = [(key, folder) for key, folder in self._folders().items() if folder.is_relative_to(self.root)]
        if self._has_lost_tasks():
            missing = [(key, folder) for key, folder in missing if key != "tasks.directory"]
        for key, folder in [] if faults else missing:
            try:
                folder.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                faults.append(f"{key}: the folder {folder} cannot be made: {error.strerror}")
        if faults:
            raise SettingsError(str(self.config), faults)
        # What tasks of other users need of it they reach by its name.
        tighten(self.data, taken=ALL_BUT_THE_WAY_THROUGH)


def _placed(project: Project, key: str, folder: str, text: str) -> Path:
    return _typed(project, key, text if "/" in text else f"{folder}/{text}")


def _typed(project: Project, key: str, text: str) -> Path:
    try:
        return typed_path(text, project.root)
    except UnusablePath as error:
        raise SettingsError(str(project.config), [f"{key}: {error}"]) from None
