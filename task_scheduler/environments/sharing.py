"""Calls that ask for the same thing at the same time share one execution."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Coroutine, Hashable
from typing import Any, Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)
Answer = TypeVar("Answer")


class Shared(Generic[Key, Answer]):
    """One task per key; it is cancelled, and waited for, when its last caller gives up."""

    def __init__(self) -> None:
        self._tasks: dict[Key, asyncio.Task[Answer]] = {}
        self._callers: Counter[asyncio.Task[Answer]] = Counter()

    def __contains__(self, key: Key) -> bool:
        """Whether an execution for this key is under way."""
        return key in self._tasks

    async def call(self, key: Key, make: Callable[[], Coroutine[Any, Any, Answer]]) -> Answer:
        """Return the answer of the execution under way for `key`, else of a new one."""
        task = self._tasks.get(key)
        if task is None:
            task = self._tasks[key] = asyncio.create_task(make())
            task.add_done_callback(lambda done: self._leave(key, done))
        self._callers[task] += 1
        try:
            return await asyncio.shield(task)
        finally:
            self._callers[task] -= 1
            if not self._callers[task]:
                del self._callers[task]
                if not task.done():
                    self._leave(key, task)
                    task.cancel()
                    await asyncio.wait({task})

    def _leave(self, key: Key, task: asyncio.Task[Answer]) -> None:
        """Let the next caller start anew; a successor under the same key stays."""
        if self._tasks.get(key) is task:
            del self._tasks[key]
