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
    """Writes until the store takes it: what happened may not be lost because a disk is full for a while.

    All services share one, so that a store that fails is told once, and its recovery when everybody's write is done.
    """

    def __init__(self, *, clock: Clock, publish: Publish) -> None:
        self._clock = clock
        self._publish = publish
        self._failing: set[object] = set()
        self._trouble: str | None = None

    @property
    def trouble(self) -> str | None:
        """Return what was told of the store that fails at present; None: all is well."""
        return self._trouble

    async def write(self, write: Callable[[], Awaitable[T]]) -> T:
        """Repeat `write` until it raises StoreError no more; return what it returns."""
        who = object()
        try:
            while True:
                try:
                    result = await write()
                except StoreError as error:
                    self.note_failure(who, error)
                    await self._clock.sleep(STORE_RETRY_DELAY)
                else:
                    self.note_success(who)
                    return result
        finally:
            self.give_up(who)

    def note_failure(self, who: object, error: StoreError) -> None:
        """Take note that a write failed and is to be tried again; the first is told."""
        self._failing.add(who)
        if self._trouble is None:
            self._trouble = f"the record cannot be written ({error}): nothing new is started until it can"
            self._publish(Event(name="store.failing", message=self._trouble, level=Level.ERROR))

    def give_up(self, who: object) -> None:
        """Take note that a write that failed is not tried again: it says nothing of the store any more."""
        self._failing.discard(who)

    def note_success(self, who: object) -> None:
        """Take note that a write succeeded; told when it was the last that failed."""
        self._failing.discard(who)
        if self._trouble is not None and not self._failing:
            self._trouble = None
            self._publish(Event(name="store.recovered", message="the record can be written again"))
