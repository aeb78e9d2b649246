"""Watches the scheduler's own memory."""

from __future__ import annotations

import gc
from collections.abc import Callable
from datetime import datetime, timedelta

from task_scheduler.core.errors import StoreError
from task_scheduler.core.events import Event, Level
from task_scheduler.ports import Clock, StateStore
from task_scheduler.services.service import Publish, Service

#: At most one restart for memory in this time, so that a limit set too low cannot loop.
LEAST_BETWEEN_RESTARTS = timedelta(hours=1)

_LAST_RESTART = "last_memory_restart"


class MemoryGuard(Service):
    """Collects garbage at an interval, and asks for a restart when memory stays above the limit.

    A restart harms no run: hosts outlive the scheduler.
    """

    name = "memory guard"

    def __init__(
        self,
        *,
        state: StateStore,
        clock: Clock,
        resident: Callable[[], int],
        restart: Callable[[str], None],
        interval: float,
        limit: int,
        publish: Publish,
    ) -> None:
        """`resident` returns this process' memory in bytes; `limit` is in bytes; `interval` in seconds."""
        super().__init__(publish=publish)
        self._state = state
        self._clock = clock
        self._resident = resident
        self._restart = restart
        self._interval = interval
        self._limit = limit
        self._told = False

    async def _run(self) -> None:
        while True:
            await self._clock.sleep(self._interval)
            try:
                await self.check()
            except StoreError as error:
                message = f"memory cannot be looked after while the record cannot be used: {error}"
                self._publish(Event(name="memory.unwatched", message=message, level=Level.WARNING))

    async def check(self) -> None:
        """Look once."""
        gc.collect()
        used = self._resident()
        if used <= self._limit:
            self._told = False
            return
        reason = f"memory is at {used / 1e6:.0f} MB, above scheduler.max_memory_usage of {self._limit / 1e6:.0f} MB"
        now = self._clock.now()
        last = await self._state.get(_LAST_RESTART)
        if last is not None and abs(now - datetime.fromisoformat(last)) < LEAST_BETWEEN_RESTARTS:
            if not self._told:
                self._told = True
                message = f"{reason}, and it was restarted for that less than an hour ago: raise the limit"
                self._publish(Event(name="memory.high", message=message, level=Level.WARNING))
            return
        await self._state.put(_LAST_RESTART, now.isoformat())
        self._publish(Event(name="memory.restart", message=f"{reason}: restarting", level=Level.WARNING))
        self._restart(reason)
