"""Where a project's files are, once its settings are known."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from task_scheduler.core.errors import SettingsError
from task_scheduler.project import Project
from task_scheduler.settings.models import Settings


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
        """Resolve the settings' paths: relative to the project folder, bare names to `logs/` and `data/`."""
        root = project.root
        return cls(
            root=root,
            config=project.config,
            tasks=root / Path(settings.tasks.directory).expanduser(),
            helpers=root / "helpers",
            logs=root / "logs",
            log=_placed(root, "logs", settings.logging.file),
            data=root / "data",
            database=_placed(root, "data", settings.database.path),
        )

    def create_folders(self) -> None:
        """Create those that are missing below the project folder; raises SettingsError for others, or when one cannot be.

        Outside it a missing folder is more likely a slip than a wish: nothing is made there.
        """
        folders = {
            "tasks.directory": self.tasks,
            "logs/": self.logs,
            "data/": self.data,
            "logging.file": self.log.parent,
            "database.path": self.database.parent,
        }
        faults = []
        for key, folder in folders.items():
            if not folder.is_dir() and not folder.is_relative_to(self.root):
                faults.append(f"{key}: there is no folder {folder}: create it, or name another")
                continue
            try:
                folder.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                faults.append(f"{key}: the folder {folder} cannot be made: {error.strerror}")
        if faults:
            raise SettingsError(str(self.config), faults)


def _placed(root: Path, folder: str, text: str) -> Path:
    return root / folder / text if "/" not in text else root / Path(text).expanduser()
