"""The record opened for reading, when no scheduler runs: the composition root of the commands that only ask.

It stands beside `bootstrap` so that a listing pays for the store alone, and not for watching, hosts and environments.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from task_scheduler.control.answers import Control, Document, ReadModel
from task_scheduler.core.errors import NotRunning, UnknownRun, UnknownTask
from task_scheduler.core.runs import Run
from task_scheduler.project import Project
from task_scheduler.settings import Settings, load_settings


class Record:
    """Answers the commands that need no running scheduler."""

    def __init__(self, project: Project) -> None:
        """Open the database of a project; raises SettingsError and StoreError."""
        settings, paths = load_settings(project)
        self._project = project
        self._runner = asyncio.Runner()
        self._close_store = _nothing
        self.exists = paths.database.is_file()  #: whether a scheduler ever ran here
        overview = self._open(paths.database, settings) if self.exists else _NothingYet()
        self._control = Control(
            overview=overview,
            start_task=self._start,
            rescan=self._rescan,
            surroundings=self._look_around,
            live=None,
        )

    def ask(self, command: str, arguments: Mapping[str, object]) -> Any:  # noqa: ANN401 - a JSON document
        """Return the answer to a command; raises NotRunning for one that needs the scheduler."""
        given = {name: value for name, value in arguments.items() if value is not None}
        return self._runner.run(self._control.answer(command, given))

    def close(self) -> None:
        """Let go of the database."""
        self._close_store()
        self._runner.close()

    def _open(self, database: Path, settings: Settings) -> ReadModel:
        from task_scheduler.clock import SystemClock
        from task_scheduler.services.overview import Overview
        from task_scheduler.store.sqlite import SqliteStore

        store = SqliteStore.open_reader(database)
        self._close_store = store.close
        return Overview(catalogue=store, history=store, clock=SystemClock(), zone=settings.scheduler.zone)

    async def _start(self, *_request: object, **_which: object) -> Run:
        raise NotRunning(str(self._project.root))

    async def _look_around(self, _task: str | None) -> Document:
        raise NotRunning(str(self._project.root))

    async def _rescan(self) -> None:
        raise NotRunning(str(self._project.root))


class _NothingYet:
    """The record of a project that no scheduler has run for."""

    async def tasks(self) -> list[Document]:
        return []

    async def task(self, task_id: str) -> Document:
        raise UnknownTask(task_id)

    async def history(
        self, task: str | None = None, states: Iterable[str] | None = None, limit: int = 20, before: int | None = None
    ) -> list[Document]:
        del states, limit, before
        if task is not None:
            raise UnknownTask(task)
        return []

    async def run(self, run_id: int) -> Document:
        raise UnknownRun(str(run_id))

    async def summary(self) -> Document:
        return {"tasks": {}, "invalid": [], "needs_care": [], "runs": []}


def _nothing() -> None:
    """Close nothing."""
