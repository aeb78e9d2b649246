"""Who answers the commands inside the scheduler's process."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import Any, Protocol

from task_scheduler import __version__
from task_scheduler.control.commands import command_named
from task_scheduler.core.environments import Collected
from task_scheduler.core.errors import Refused
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


class StartTask(Protocol):
    """Starts a task."""

    def __call__(
        self, task_id: str, function: str | None, request_id: str, /, *, argv: Sequence[str], digest: str | None
    ) -> Awaitable[Run]:
        """Return the run; with `digest` it is of that version or of none. Raises UnknownTask or Refused."""
        ...


#: Tells what a run of a task finds around it; of no task (None), where the files of the project are.
Surroundings = Callable[[str | None], Awaitable[Document]]


class PruneEnvironments(Protocol):
    """Removes environments that nothing needs."""

    def __call__(self, *, dry_run: bool) -> Awaitable[Collected]:
        """Return what went; with `dry_run` nothing goes."""
        ...


class Control:
    """Answers each command of the table; nothing is ever looked up by a name that came from a request."""

    def __init__(
        self,
        *,
        overview: ReadModel,
        start_task: StartTask,
        rescan: Callable[[], Awaitable[None]],
        surroundings: Surroundings,
        prune_environments: PruneEnvironments | None = None,
        live: Callable[[], Mapping[str, object]] | None,
    ) -> None:
        """Without `prune_environments` that command is refused.

        `live` tells what only the running scheduler knows; None: none runs, and the record answers alone.

        People are shown its started_at, root, running, queued, next_due, memory and suspended, where they are set.
        """
        self._overview = overview
        self._start_task = start_task
        self._rescan = rescan
        self._surroundings = surroundings
        self._prune_environments = prune_environments
        self._live = live
        self._handlers: Mapping[str, Callable[..., Awaitable[object]]] = {
            "status": self._status,
            "list": overview.tasks,
            "show": self._show,
            "history": overview.history,
            "run": self._run,
            "start": self._start,
            "rescan": self._look_again,
            "surroundings": self._look_around,
            "prune_environments": self._prune,
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

    async def _start(
        self,
        task: str,
        function: str | None = None,
        request_id: str | None = None,
        argv: Sequence[str] = (),
        digest: str | None = None,
    ) -> Document:
        request = request_id or f"control-{os.urandom(8).hex()}"
        run = await self._start_task(task, function, request, argv=argv, digest=digest)
        return await self._overview.run(run.id)

    async def _look_again(self) -> Document:
        await self._rescan()
        return {}

    async def _look_around(self, task: str | None = None) -> Document:
        return await self._surroundings(task)

    async def _prune(self, *, dry_run: bool = False) -> Document:
        if self._prune_environments is None:
            raise Refused("environments are removed by a running scheduler, or by `env prune` where none runs")
        collected = await self._prune_environments(dry_run=dry_run)
        return {"environments": list(collected.keys), "bytes": collected.bytes}
