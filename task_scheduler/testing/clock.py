"""A clock that tests move by hand."""

from __future__ import annotations

import asyncio
import heapq
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

#: Where a FakeClock begins: a Sunday noon, far from any time change.
NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
#: Turns the event loop is given for what a wake-up sets off, before time goes on.
TURNS = 50


@dataclass(order=True, slots=True)
class _Sleeper:
    wakes_at: float
    order: int
    woken: asyncio.Future[None] = field(compare=False)


class FakeClock:
    """Implements the port Clock; time stands still until a test moves it."""

    def __init__(self, now: datetime = NOON) -> None:
        self._now = now
        self._monotonic = 1_000.0
        self._boottime = 1_000.0
        self._sleepers: list[_Sleeper] = []
        self._order = 0

    def now(self) -> datetime:
        """Return the wall clock's moment, UTC."""
        return self._now

    def monotonic(self) -> float:
        """Return seconds that never run backwards and stand still in suspend."""
        return self._monotonic

    def boottime(self) -> float:
        """Return seconds that never run backwards and go on in suspend."""
        return self._boottime

    async def sleep(self, seconds: float, *, exact: bool = False) -> None:  # noqa: ARG002 - every sleep is exact here
        """Return after `seconds` of monotonic time; at once for zero or less."""
        if seconds <= 0:
            await asyncio.sleep(0)
            return
        self._order += 1
        woken = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, _Sleeper(self._monotonic + seconds, self._order, woken))
        await woken

    @property
    def next_wake(self) -> float | None:
        """Seconds until the first sleeper wakes; None when nobody sleeps."""
        self._forget_cancelled()
        return self._sleepers[0].wakes_at - self._monotonic if self._sleepers else None

    @property
    def sleepers(self) -> int:
        """How many sleep."""
        return sum(1 for sleeper in self._sleepers if not sleeper.woken.done())

    async def advance(self, seconds: float) -> None:
        """Let time pass; sleepers wake in order, each at its own moment, and act before time goes on."""
        await self.settle()
        end = self._monotonic + seconds
        while (wake := self.next_wake) is not None and self._monotonic + wake <= end:
            self._pass(wake)
            # The moment itself, not a sum that rounds to just before it.
            self._monotonic = max(self._monotonic, self._sleepers[0].wakes_at)
            while self._sleepers and self._sleepers[0].wakes_at <= self._monotonic:
                sleeper = heapq.heappop(self._sleepers)
                if not sleeper.woken.done():
                    sleeper.woken.set_result(None)
            await self.settle()
        self._pass(end - self._monotonic)

    async def settle(self) -> None:
        """Give the event loop turns, so that what is ready to go on does."""
        for _ in range(TURNS):
            await asyncio.sleep(0)

    def suspend(self, seconds: float) -> None:
        """Let the machine sleep: the wall and boot clocks go on, the monotonic one stands still."""
        self._now += timedelta(seconds=seconds)
        self._boottime += seconds

    def step(self, change: timedelta) -> None:
        """Set the wall clock, forward or back; the others do not notice."""
        self._now += change

    def _pass(self, seconds: float) -> None:
        self._now += timedelta(seconds=seconds)
        self._monotonic += seconds
        self._boottime += seconds

    def _forget_cancelled(self) -> None:
        while self._sleepers and self._sleepers[0].woken.done():
            heapq.heappop(self._sleepers)
