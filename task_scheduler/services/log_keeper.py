"""Has log files put aside on time, also those nobody writes to."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime

from task_scheduler.core.events import Event, Level
from task_scheduler.ports import Clock
from task_scheduler.services.service import Publish, Service

#: Seconds between two looks.
INTERVAL = 60.0


class LogKeeper(Service):
    """Calls `rotate` regularly: tasks.log is written by tasks, and only the scheduler may rename it."""

    name = "log keeper"

    def __init__(self, *, rotate: Callable[[datetime], object], clock: Clock, publish: Publish) -> None:
        """`rotate` puts aside whatever is due at the local moment it is given."""
        super().__init__(publish=publish)
        self._rotate = rotate
        self._clock = clock

    async def _run(self) -> None:
        while True:
            try:
                await asyncio.to_thread(self._rotate, self._clock.now().astimezone())
            except OSError as error:
                message = f"log files cannot be put aside: {error}"
                self._publish(Event(name="logs.failed", message=message, level=Level.WARNING))
            await self._clock.sleep(INTERVAL)
