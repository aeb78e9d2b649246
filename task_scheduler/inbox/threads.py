"""Threads that look at files, of which some may never come back."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import TypeVar

T = TypeVar("T")

#: Looks that begin at once, and seconds after which one no longer counts: it waits for a disk, and keeps nobody back.
_AT_ONCE, _PROMPT = 4, 0.5
#: Looks under way, those that do not come back included.
_MOST = 100


class LookingThreads:
    """Has each piece of work done in a thread of its own, which nobody waits for at the end of the process.

    A file system that hangs keeps its thread for ever: in a pool it would keep everybody's, and the program from ending.
    """

    def __init__(self) -> None:
        self._prompt = asyncio.Semaphore(_AT_ONCE)
        self._all = asyncio.Semaphore(_MOST)

    async def do(self, work: Callable[[], T]) -> T:
        """Return what `work` returns, or raise what it raises; a caller that is cancelled leaves it to itself.

        Raises OSError where the machine has no thread left.
        """
        await self._all.acquire()
        try:
            await self._prompt.acquire()
        except asyncio.CancelledError:
            self._all.release()
            raise
        try:
            result = self._begin(work)
            try:
                await asyncio.wait({result}, timeout=_PROMPT)
            except asyncio.CancelledError:
                result.cancel()
                raise
        finally:
            self._prompt.release()
        return await result

    def _begin(self, work: Callable[[], T]) -> asyncio.Future[T]:
        loop = asyncio.get_running_loop()
        result: asyncio.Future[T] = loop.create_future()

        def finish(settle: Callable[[], None]) -> None:
            self._all.release()
            if not result.cancelled():
                settle()

        def run() -> None:
            try:
                settle = partial(result.set_result, work())
            except Exception as error:  # noqa: BLE001 - whatever it is, it belongs to who asked
                settle = partial(result.set_exception, error)
            with suppress(RuntimeError):  # the loop is closed: nobody waits any more
                loop.call_soon_threadsafe(finish, settle)

        try:
            threading.Thread(target=run, name="looks at files", daemon=True).start()
        except RuntimeError as error:
            self._all.release()
            raise OSError(str(error)) from error
        return result
