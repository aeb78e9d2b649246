"""The one lifecycle of every background service."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Callable

from task_scheduler.core.events import Event, Level

Publish = Callable[[Event], None]


class Service(ABC):
    """A piece of work that goes on until it is stopped.

    A subclass implements `_run`, and may implement `_set_up` and `_tear_down`. `start` and `stop` may be
    called in any order, any number of times and at once; `stop` before `start` does nothing. A service that
    failed stays failed until it is stopped.
    """

    #: For logs: a service that fails is named by it.
    name = "service"

    def __init__(self, *, publish: Publish) -> None:
        self._publish = publish
        self._task: asyncio.Task[None] | None = None
        self._changing = asyncio.Lock()

    async def start(self) -> None:
        """Begin to work; returns once the service is ready. A start that raises leaves nothing behind."""
        async with self._changing:
            if self._task is not None:
                return
            try:
                await self._set_up()
            except BaseException:
                await self._tear_down()
                raise
            self._task = asyncio.create_task(self._guarded(), name=self.name)

    async def stop(self) -> None:
        """End the work; returns once nothing of it is left."""
        async with self._changing:
            if self._task is None:
                return
            self._task.cancel()
            await asyncio.wait({self._task})
            await self._tear_down()
            # Last: a stop that is itself cancelled halfway is finished by the next one.
            self._task = None

    @property
    def is_running(self) -> bool:
        """Whether it was started, not stopped, and has not failed."""
        return self._task is not None and not self._task.done()

    async def _set_up(self) -> None:  # noqa: B027 - most services have nothing to prepare
        """Prepare; runs before the work begins."""

    @abstractmethod
    async def _run(self) -> None:
        """Do the work, until cancelled."""

    async def _tear_down(self) -> None:  # noqa: B027 - nor to clear up
        """Clear up; runs after the work ended, and after a `_set_up` that failed."""

    async def _guarded(self) -> None:
        try:
            await self._run()
        except Exception as error:  # noqa: BLE001 - the loop boundary of a service: the log must name it
            self._publish(fault(self.name, error))


def fault(service: str, error: Exception) -> Event:
    """Return the event that tells of a fault of the program in a service, which cannot go on."""
    while isinstance(error, ExceptionGroup) and len(error.exceptions) == 1:
        error = error.exceptions[0]
    return Event(
        name="service.failed",
        message=f"the {service} met a fault of the program: {type(error).__name__}: {error}",
        level=Level.ERROR,
        fields={"service": service, "exception": error},
    )
