"""Short pieces of work beside a service's main one."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from task_scheduler.services.service import Publish, fault

T = TypeVar("T")


class SideWork:
    """The pieces of work a service has under way; none of them outlives the service."""

    def __init__(self, *, service: str, publish: Publish) -> None:
        """`service` is named when a piece of work meets a fault of the program."""
        self._service = service
        self._publish = publish
        self._tasks: set[asyncio.Task[Any]] = set()

    def begin(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Have a piece of work done; a fault in it is told as the service's. Who cancels the task ends the work."""
        task = self._follow(self._guard(work))
        # A task that is cancelled before its first turn never comes to the work, which Python would complain of.
        task.add_done_callback(lambda _: work.close())
        return task

    async def complete(self, work: Coroutine[Any, Any, T]) -> T:
        """Return what `work` returns. It goes on when the caller is cancelled, and ends with the service."""
        return await asyncio.shield(self._follow(work))

    async def end(self) -> None:
        """Cancel everything; returns once nothing is left."""
        while self._tasks:
            tasks = tuple(self._tasks)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    def _follow(self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _guard(self, work: Coroutine[Any, Any, None]) -> None:
        try:
            await work
        except Exception as error:  # noqa: BLE001 - the loop boundary of a service: nothing may vanish unseen
            self._publish(fault(self._service, error))
