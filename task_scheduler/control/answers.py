"""Who answers the commands inside the scheduler's process."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any, Protocol

from task_scheduler import __version__
from task_scheduler.control.commands import command_named
from task_scheduler.core.runs import Run

Document = dict[str, Any]


class ReadModel(Protocol):
    """What is on record, as JSON documents; `services.overview.Overview` is one."""

    async def tasks(self) -> list[Document]:
        """Return every task."""
        ...

    async def task(self, task_id: str) -> Document:
        """Return one task; raises UnknownTask."""
        ...

    async def history(
        self, task: str | None = None, states: Iterable[str] | None = None, limit: int = 20, before: int | None = None
    ) -> list[Document]:
        """Return runs, newest first."""
        ...

    async def run(self, run_id: int) -> Document:
        """Return one run; raises UnknownRun."""
        ...

    async def summary(self) -> Document:
        """Return what a person needs to know first."""
        ...


#: Starts a task: its id, a function or None, a request id. Raises UnknownTask or Refused.
StartTask = Callable[[str, str | None, str], Awaitable[Run]]


class Control:
    """Answers each command of the table; nothing is ever looked up by a name that came from a request."""

    def __init__(
        self,
        *,
        overview: ReadModel,
        start_task: StartTask,
        rescan: Callable[[], Awaitable[None]],
        live: Callable[[], Mapping[str, object]] | None,
    ) -> None:
        """`live` tells what only the running scheduler knows; None: none runs, and the record answers alone.

        People are shown its started_at, root, running, queued, next_due, memory and suspended, where they are set.
        """
        self._overview = overview
        self._start_task = start_task
        self._rescan = rescan
        self._live = live
        self._handlers: Mapping[str, Callable[..., Awaitable[object]]] = {
            "status": self._status,
            "list": overview.tasks,
            "show": self._show,
            "history": overview.history,
            "run": self._run,
            "start": self._start,
            "rescan": self._look_again,
        }

    async def answer(self, command: object, arguments: Mapping[str, object]) -> object:
        """Carry out one command and return its result; raises TaskSchedulerError."""
        known = command_named(command)
        return await self._handlers[known.name](**known.check(arguments))

    async def _status(self) -> Document:
        live = None if self._live is None else {"pid": os.getpid(), "version": __version__, **self._live()}
        return {"running": live is not None, "scheduler": live, **await self._overview.summary()}

    async def _show(self, task: str) -> Document:
        return await self._overview.task(task)

    async def _run(self, run: int) -> Document:
        return await self._overview.run(run)

    async def _start(self, task: str, function: str | None = None, request_id: str | None = None) -> Document:
        run = await self._start_task(task, function, request_id or f"control-{os.urandom(8).hex()}")
        return await self._overview.run(run.id)

    async def _look_again(self) -> Document:
        await self._rescan()
        return {}
