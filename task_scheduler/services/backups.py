"""Backs the record up at an interval."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from task_scheduler.core.backups import AT_INTERVAL, FIRST_AFTER, RETRY_AFTER, Backup, WrittenBackup
from task_scheduler.core.errors import StoreError
from task_scheduler.core.events import Event, Level
from task_scheduler.ports import BackupStore, Clock
from task_scheduler.services.service import Publish, Service
from task_scheduler.services.waits import LONGEST_NAP, Alarm


class Backups(Service):
    """Writes a verified backup of the record every `interval` seconds, counted from the newest one there is.

    So a scheduler that is started anew more often than that has its backups all the same.
    """

    name = "backups"

    def __init__(self, *, store: BackupStore, clock: Clock, interval: float, keep: float, publish: Publish) -> None:
        """`interval` and `keep`, how long backups are kept, are in seconds."""
        super().__init__(publish=publish)
        self._store = store
        self._clock = clock
        self._interval = timedelta(seconds=interval)
        self._changed = Alarm(clock)
        self._writing = asyncio.Lock()
        self._is_failing = False
        self._newest: Backup | None = None
        self._since = clock.now()
        store.keep_backups(timedelta(seconds=keep))

    @property
    def newest(self) -> Backup | None:
        """Return the newest backup; None: there is none, or it is not known yet."""
        return self._newest

    def configure(self, *, interval: float, keep: float) -> None:
        """Go on with another interval, and keep backups for another time, both in seconds."""
        self._interval = timedelta(seconds=interval)
        self._store.keep_backups(timedelta(seconds=keep))
        self._changed.ring()

    async def back_up(self, why: str) -> WrittenBackup:
        """Write a backup now; raises StoreError."""
        async with self._writing:
            written = await self._store.backup(why=why)
            self._newest = written.backup
        self._since = self._clock.now()
        self._tell(written)
        self._changed.ring()
        return written

    def _tell(self, written: WrittenBackup) -> None:
        if self._is_failing:
            self._is_failing = False
            self._publish(Event(name="backup.recovered", message=f"backups are written again: {written.backup.name}"))
        else:
            message = f"backup written: {written.backup.name}"
            self._publish(Event(name="backup.written", message=message, level=Level.DEBUG))
        if written.removed:
            message = f"backups removed, as they are not kept any more: {', '.join(written.removed)}"
            self._publish(Event(name="backup.removed", message=message, fields={"removed": list(written.removed)}))
        if written.trouble:
            message = f"not every backup that is not kept any more could be removed: {written.trouble}"
            self._publish(Event(name="backup.stuck", message=message, level=Level.WARNING))

    async def _run(self) -> None:
        await self._look()
        while True:
            now = self._clock.now()
            # Of a clock that was set back, the time of what was before says nothing.
            self._since = min(self._since, now)
            rest = (self._since + self._pause - now).total_seconds()
            if rest > 0:
                # In pieces: the instant is the wall clock's, which may be set, and goes on in suspend.
                await self._changed.sleep(min(rest, LONGEST_NAP))
            else:
                await self._try()

    @property
    def _pause(self) -> timedelta:
        """How long after `_since` the next backup is due."""
        if self._is_failing:
            return min(self._interval, RETRY_AFTER)
        return min(self._interval, FIRST_AFTER) if self._newest is None else self._interval

    async def _look(self) -> None:
        self._since = self._clock.now()
        try:
            found = await self._store.backups()
        except (StoreError, OSError) as error:
            self._note_failure(error)
        else:
            self._newest = next(iter(found), None)
            if self._newest is not None:
                self._since = self._newest.taken_at

    async def _try(self) -> None:
        try:
            await self.back_up(AT_INTERVAL)
        except (StoreError, OSError) as error:
            self._note_failure(error)

    def _note_failure(self, error: Exception) -> None:
        """Tell of the first of several failures."""
        self._since = self._clock.now()
        if not self._is_failing:
            self._is_failing = True
            message = f"the backup of the record failed, and is tried again: {error}; the backups there are stay"
            self._publish(Event(name="backup.failed", message=message, level=Level.ERROR))
