"""Ways of waiting, all by the Clock."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

from task_scheduler.ports import Clock

T = TypeVar("T")

#: A longer sleep is taken in pieces, since the timers of the system stand still while the machine sleeps: this long
#: after its return, in seconds, what was due meanwhile begins at the latest.
LONGEST_NAP = 10.0
#: Less than this, in seconds, is not worth another sleep.
SHORTEST_NAP = 1e-4


class Alarm:
    """A sleep that can be cut short."""

    def __init__(self, clock: Clock, *, exact: bool = False) -> None:
        """With `exact` it ends to the fraction of a millisecond, for which its thread stands still shortly before."""
        self._clock = clock
        self._exact = exact
        self._rung = False
        self._sleeper: asyncio.Future[None] | None = None

    def ring(self) -> None:
        """End the sleep; when nobody sleeps, the next sleep ends at once."""
        self._rung = True
        self.cut_short()

    def cut_short(self) -> None:
        """End the sleep if somebody sleeps; the next one is not shorter for it."""
        if self._sleeper is not None:
            self._sleeper.cancel()

    async def sleep(self, seconds: float | None) -> None:
        """Return after `seconds`, or as soon as it rings; None: only when it rings."""
        if not self._rung:
            loop = asyncio.get_running_loop()
            self._sleeper = loop.create_future() if seconds is None else loop.create_task(self._sleep(seconds))
            try:
                await asyncio.wait({self._sleeper})
            finally:
                self._sleeper.cancel()
                self._sleeper = None
        self._rung = False

    async def _sleep(self, seconds: float) -> None:
        await self._clock.sleep(seconds, exact=self._exact)


async def within(clock: Clock, seconds: float, work: Awaitable[T]) -> T:
    """Return what `work` returns; after `seconds` it is cancelled, and TimeoutError raised once it has ended."""
    task = asyncio.ensure_future(work)
    if not await is_done_within(clock, seconds, task):
        raise TimeoutError
    return task.result()


async def is_done_within(clock: Clock, seconds: float, task: asyncio.Future[T], *, end: bool = True) -> bool:
    """Return whether `task` is done within `seconds`; if not, `end` cancels it and waits for that.

    A caller that is itself cancelled always ends the task.
    """
    limit = asyncio.ensure_future(clock.sleep(seconds))
    keep = False
    try:
        await asyncio.wait((task, limit), return_when=asyncio.FIRST_COMPLETED)
        keep = task.done() or not end
        return task.done()
    finally:
        limit.cancel()
        if not keep:
            task.cancel()
            await asyncio.wait({task})


async def sleep_through_suspend(clock: Clock, seconds: float) -> None:
    """Return after `seconds`, the time the machine was suspended included."""
    end = clock.boottime() + seconds
    while (rest := end - clock.boottime()) > SHORTEST_NAP:
        await clock.sleep(min(rest, LONGEST_NAP))
