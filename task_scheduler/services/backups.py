"""Copies the record at an interval."""

from __future__ import annotations

from task_scheduler.core.errors import StoreError
from task_scheduler.core.events import Event, Level
from task_scheduler.ports import Clock, StateStore
from task_scheduler.services.service import Publish, Service


class Backups(Service):
    """Writes a verified copy of the database every `interval` seconds."""

    name = "backups"

    def __init__(self, *, state: StateStore, clock: Clock, interval: float, publish: Publish) -> None:
        super().__init__(publish=publish)
        self._state = state
        self._clock = clock
        self._interval = interval

    async def _run(self) -> None:
        while True:
            await self._clock.sleep(self._interval)
            try:
                name = await self._state.backup()
            except (StoreError, OSError) as error:
                message = f"the backup of the record failed: {error}"
                self._publish(Event(name="backup.failed", message=message, level=Level.ERROR))
            else:
                self._publish(Event(name="backup.written", message=f"backup written: {name}", level=Level.DEBUG))
