"""What works and is probably not meant: said of settings by `config check`, and by nobody who only wants to start."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from task_scheduler.project import Project
from task_scheduler.settings.models import Settings
from task_scheduler.settings.paths import Paths
from task_scheduler.settings.reload import all_keys
from task_scheduler.settings.spelling import spelled, value_of

#: Bytes a scheduler without a single task has in memory, and some to work with.
LEAST_MEMORY = 100 * 10**6
#: Seconds; who looks more often than this has little time for anything else.
LEAST_INTERVAL = 0.1
#: Said of a file without even a comment.
EMPTY = (
    "it is empty: a start takes the defaults, and a scheduler at work keeps the settings it has, since it may have been "
    "emptied by accident; a comment in it is enough to mean the defaults"
)
#: What others write to logs/.
_OTHER_LOGS = ("tasks.log", "errors.log", "monitor.log", "scheduler.out")
#: Folders of a project that hold Python files which are no tasks.
_OTHER_FOLDERS = ("data", "helpers", "logs", "scripts", "tests", "venv")


@dataclass(frozen=True, slots=True, kw_only=True)
class Advice:
    """One thing to look at again."""

    message: str  #: no full stop
    line: int | None = None  #: of the file; None: none of its lines says so


def advice_on(project: Project, settings: Settings, of_the_file: Settings, paths: Paths) -> Iterator[Advice]:
    """Yield what to look at again; `of_the_file` are the settings by the file alone."""
    said = [*_on_overridden(settings, of_the_file), *_on_places(settings, paths), *_on_numbers(settings)]
    found = [Advice(message=message, line=_line(project, of_the_file, key)) for key, message in said]
    yield from sorted(found, key=lambda advice: advice.line or 0)


def is_empty(project: Project) -> bool:
    """Whether the configuration file is there and says nothing, not even in a comment; raises OSError."""
    return not project.config.read_bytes().strip()


def _line(project: Project, of_the_file: Settings, key: str) -> int | None:
    name, _, number = of_the_file.source_of(key).rpartition(":")
    return int(number) if name == project.config.name else None


def _on_overridden(settings: Settings, of_the_file: Settings) -> Iterator[tuple[str, str]]:
    for key in all_keys():
        source, written = settings.source_of(key), of_the_file.source_of(key)
        if written not in {"default", source}:
            yield (
                key,
                f"{key} is {spelled(key, value_of(settings, key))} here, whatever this line says: {source} says so",
            )


def _on_places(settings: Settings, paths: Paths) -> Iterator[tuple[str, str]]:
    # As they are meant: `..` in a path leads out of the folder it is written behind.
    database, tasks = (Path(os.path.normpath(path)) for path in (paths.database, paths.tasks))
    if not Path(settings.database.path).is_absolute() and not database.is_relative_to(paths.root):
        yield "database.path", f"database.path leads out of the project folder, to {database}"
    if paths.log.parent == paths.logs and paths.log.name in _OTHER_LOGS:
        yield (
            "logging.file",
            f"logging.file: others write to logs/{paths.log.name}: give the scheduler's own log another name",
        )
    if not tasks.is_dir() and tasks.is_relative_to(paths.root):
        yield "tasks.directory", f"tasks.directory: there is no folder {tasks} yet: a start makes it"
    others = [paths.root / name for name in _OTHER_FOLDERS]
    holds = [f"{folder.name}/" for folder in others if folder.is_relative_to(tasks)]
    if holds:
        yield (
            "tasks.directory",
            f"tasks.directory: {tasks} holds {', '.join(holds)} too: every .py file there would be a task",
        )


def _on_numbers(settings: Settings) -> Iterator[tuple[str, str]]:
    for key in ("scheduler.loop_interval", "scheduler.task_check_interval"):
        value = value_of(settings, key)
        if isinstance(value, float) and value < LEAST_INTERVAL:
            yield (
                key,
                f"{key}: a look each {spelled(key, value)} keeps a processor busy, and nothing starts sooner for it",
            )
    if settings.scheduler.max_memory_usage < LEAST_MEMORY:
        key = "scheduler.max_memory_usage"
        least, limit = spelled(key, LEAST_MEMORY), spelled(key, settings.scheduler.max_memory_usage)
        yield key, f"{key}: {limit} is hardly more than an idle scheduler needs: give it {least} at least"
    if settings.database.backup_keep < settings.database.backup_interval:
        key = "database.backup_keep"
        yield key, f"{key} is shorter than database.backup_interval: there is never more than one backup"
