"""Writing to a store that fails for a while."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar

from task_scheduler.core.errors import StoreError
from task_scheduler.core.events import Event, Level
from task_scheduler.ports import Clock
from task_scheduler.services.service import Publish

T = TypeVar("T")

#: Seconds between two tries to write to a store that fails.
STORE_RETRY_DELAY = 1.0


class Patience:
    """Writes until the store takes it: what happened may not be lost because a disk is full for a while."""

    def __init__(self, *, clock: Clock, publish: Publish) -> None:
        self._clock = clock
        self._publish = publish
        self._is_failing = False

    async def write(self, write: Callable[[], Awaitable[T]]) -> T:
        """Repeat `write` until it raises StoreError no more; return what it returns."""
        while True:
            try:
                result = await write()
            except StoreError as error:
                self.note_failure(f"the record cannot be written ({error}): nothing new is started until it can")
                await self._clock.sleep(STORE_RETRY_DELAY)
            else:
                self.note_success()
                return result

    def note_failure(self, message: str) -> None:
        """Tell the first failure in a row."""
        if not self._is_failing:
            self._is_failing = True
            self._publish(Event(name="store.failing", message=message, level=Level.ERROR))

    def note_success(self) -> None:
        """Tell the first success after failures."""
        if self._is_failing:
            self._is_failing = False
            self._publish(Event(name="store.recovered", message="the record can be written again"))
