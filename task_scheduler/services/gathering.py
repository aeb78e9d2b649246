"""Many ask one by one, and are answered together."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

Ask = TypeVar("Ask")
Answer = TypeVar("Answer")


class Gathering(Generic[Ask, Answer]):
    """Hands what was asked meanwhile to one call, since a call for each would cost more than its answer.

    One call is under way at a time. When it raises, each of its asks gets a call of its own, so that it fails alone.
    """

    def __init__(self, answer: Callable[[Sequence[Ask]], Awaitable[Sequence[Answer]]], *, most: int) -> None:
        """`answer` gives as many answers as it gets asks, in their order; `most` is how many it gets at a time."""
        self._answer = answer
        self._most = most
        self._asks: deque[tuple[Ask, asyncio.Future[Answer]]] = deque()
        self._work: asyncio.Task[None] | None = None

    async def ask(self, ask: Ask) -> Answer:
        """Return the answer; whoever is cancelled before its call began is not asked for any more."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Answer] = loop.create_future()
        self._asks.append((ask, future))
        if self._work is None:
            self._work = loop.create_task(self._answer_all())
        return await future

    async def stop(self) -> None:
        """Answer no more; who still waits is cancelled."""
        work, self._work = self._work, None
        if work is not None:
            work.cancel()
            await asyncio.wait({work})
        while self._asks:
            self._asks.popleft()[1].cancel()

    async def _answer_all(self) -> None:
        asks: list[tuple[Ask, asyncio.Future[Answer]]] = []
        try:
            while asks := self._next():
                await self._answer_some(asks)
        finally:
            for _, future in asks:
                future.cancel()
            if self._work is asyncio.current_task():
                self._work = None

    def _next(self) -> list[tuple[Ask, asyncio.Future[Answer]]]:
        taken: list[tuple[Ask, asyncio.Future[Answer]]] = []
        while self._asks and len(taken) < self._most:
            ask, future = self._asks.popleft()
            if not future.done():
                taken.append((ask, future))
        return taken

    async def _answer_some(self, asks: Sequence[tuple[Ask, asyncio.Future[Answer]]]) -> None:
        try:
            answers = await self._answer([ask for ask, _ in asks])
        except Exception as error:  # noqa: BLE001 - whoever asked gets it
            if len(asks) > 1:
                for each in asks:
                    await self._answer_some([each])
            elif not asks[0][1].done():
                asks[0][1].set_exception(error)
            return
        for (_, future), answer in zip(asks, answers, strict=True):
            if not future.done():
                future.set_result(answer)
