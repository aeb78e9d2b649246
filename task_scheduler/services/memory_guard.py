"""Watches the scheduler's own memory."""

from __future__ import annotations

import gc
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from task_scheduler.core.errors import StoreError, TaskSchedulerError
from task_scheduler.core.events import Event, Level
from task_scheduler.ports import Clock, StateStore
from task_scheduler.services.service import Publish, Service
from task_scheduler.services.waits import Alarm

#: At most one restart for memory in this time, so that a limit set too low cannot loop.
LEAST_BETWEEN_RESTARTS = timedelta(hours=1)

_LAST_RESTART = "memory_restart"


@dataclass(frozen=True, slots=True, kw_only=True)
class MemoryRestart:
    """A restart for memory."""

    at: datetime
    used: int  #: bytes
    limit: int  #: bytes

    def document(self) -> dict[str, object]:
        """Return it as JSON values."""
        return {"at": self.at.isoformat(), "used": self.used, "limit": self.limit}

    @classmethod
    def parse(cls, text: str) -> MemoryRestart:
        """Read a document as it is put on record."""
        told = json.loads(text)
        return cls(at=datetime.fromisoformat(told["at"]), used=told["used"], limit=told["limit"])


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
        rehearse: Callable[[], Awaitable[object]],
        restart: Callable[[str], None],
        interval: float,
        limit: int,
        publish: Publish,
    ) -> None:
        """`resident` returns this process' memory in bytes; `limit` is in bytes; `interval` in seconds.

        `rehearse` raises TaskSchedulerError where a new program could not start; `restart` is given the reason.
        """
        super().__init__(publish=publish)
        self._state = state
        self._clock = clock
        self._resident = resident
        self._rehearse = rehearse
        self._restart = restart
        self._interval = interval
        self._limit = limit
        self._alarm = Alarm(clock)
        self._last: MemoryRestart | None = None
        self._refused_at: datetime | None = None
        self._told = False

    @property
    def limit(self) -> int:
        """Bytes above which the scheduler is restarted."""
        return self._limit

    @property
    def last_restart(self) -> MemoryRestart | None:
        """The newest restart for memory, as far as this process knows; None: there was none."""
        return self._last

    def configure(self, *, interval: float, limit: int) -> None:
        """Take another interval, in seconds, and another limit, in bytes; memory is looked at with them at once."""
        self._interval, self._limit, self._told = interval, limit, False
        self._alarm.ring()

    async def _set_up(self) -> None:
        await self._recall()

    async def _run(self) -> None:
        while True:
            await self._alarm.sleep(self._interval)
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
        await self._recall()
        if self._last is not None and _is_recent(self._last.at, now):
            self._warn(f"{reason}, and it was restarted for that less than an hour ago: raise the limit")
            return
        if self._refused_at is not None and _is_recent(self._refused_at, now):
            return
        try:
            await self._rehearse()
        except TaskSchedulerError as error:
            self._refused_at, self._told = now, False
            self._warn(f"{reason}, and it is not restarted for that: {error}")
            return
        await self._put_on_record(MemoryRestart(at=now, used=used, limit=self._limit))
        self._publish(Event(name="memory.restart", message=f"{reason}: restarting", level=Level.WARNING))
        self._restart(reason)

    async def _recall(self) -> None:
        if self._last is None and (text := await self._state.get(_LAST_RESTART)) is not None:
            self._last = MemoryRestart.parse(text)

    async def _put_on_record(self, restart: MemoryRestart) -> None:
        await self._state.put(_LAST_RESTART, json.dumps(restart.document()))
        self._last = restart

    def _warn(self, message: str) -> None:
        """Say it once, until memory has been below the limit."""
        if not self._told:
            self._told = True
            self._publish(Event(name="memory.high", message=message, level=Level.WARNING))


def _is_recent(moment: datetime, now: datetime) -> bool:
    return abs(now - moment) < LEAST_BETWEEN_RESTARTS
