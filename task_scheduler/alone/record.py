"""The record, as who works on one file of a folder sees it: the other files are there, whether it knows them or not."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from task_scheduler.core.tasks import TaskRecord, TaskStatus
from task_scheduler.settings import Paths, Settings
from task_scheduler.store.sqlite import SqliteStore
from task_scheduler.watcher.scanning import Unreadable, scan, task_names

_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


class ProjectStore(SqliteStore):
    """The record, and with it the files beside the task's that are not on record: its imports may mean them."""

    neighbours: tuple[TaskRecord, ...] = ()

    async def tasks(self) -> Sequence[TaskRecord]:
        """Return every task file that is known of."""
        known = await super().tasks()
        ids = {record.task_id for record in known}
        return [*known, *(record for record in self.neighbours if record.task_id not in ids)]

    async def pass_over(self, task_id: str) -> None:
        """Leave a task on record as a scheduler has it that does not take it up: without a schedule, with its history."""
        for record in await super().tasks():
            if record.task_id == task_id and record.version is not None:
                await self.retire([replace(record, status=TaskStatus.DELETED, problems=(), detail="", stamp=None)])


def neighbours(settings: Settings, paths: Paths, task_id: str) -> tuple[TaskRecord, ...]:
    """Return a record of each file and folder in the folder of tasks: code of the project, which no host keeps."""
    try:
        found = scan(paths.tasks, _accepts(settings)).files
    except Unreadable:
        return ()
    ids = {path.removesuffix(".py") for path in found}
    ids |= {folder for each in ids for folder in _folders_above(each)}
    return tuple(
        TaskRecord(
            task_id=each,
            path=f"{each}.py",
            status=TaskStatus.MODULE,
            title=each,
            digest=None,
            version=None,
            updated_at=_LONG_AGO,
        )
        for each in sorted(ids - {task_id})
    )


def is_task(settings: Settings, task_id: str) -> bool:
    """Whether a scheduler takes a file of this name for a task."""
    return _accepts(settings)(task_id.rpartition("/")[2] + ".py")


def _accepts(settings: Settings) -> Callable[[str], bool]:
    return task_names(settings.tasks.file_pattern, include_examples=settings.tasks.include_example_tasks)


def _folders_above(task_id: str) -> list[str]:
    parts = task_id.split("/")
    return ["/".join(parts[:end]) for end in range(1, len(parts))]
