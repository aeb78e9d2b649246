"""What HUP makes a scheduler do: look at everything anew that it may have missed, without ending."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager, nullcontext

from task_scheduler.core.events import Event, Level
from task_scheduler.services.service import Publish


class Rereading:
    """Looks at files, logs and settings when it is told to, once at a time."""

    def __init__(
        self,
        *,
        look_at_settings: Callable[[], Awaitable[None]],
        rescan: Callable[[], Awaitable[None]],
        rotate_logs: Callable[[], object],
        end: Callable[[], None],
        around: Callable[[], AbstractContextManager[object]] = nullcontext,
        publish: Publish,
    ) -> None:
        """`end` is called instead where HUP says that the terminal is gone; each look happens within an `around`."""
        self._look_at_settings = look_at_settings
        self._rescan = rescan
        self._rotate_logs = rotate_logs
        self._end = end
        self._around = around
        self._publish = publish
        self._had_terminal = sys.stderr.isatty()
        self._task: asyncio.Task[None] | None = None

    def begin(self) -> None:
        """Look at everything now, in the background; a look that is under way is enough."""
        if self._had_terminal and not sys.stderr.isatty():
            self._publish(
                Event(name="scheduler.hangup", message="the terminal is gone, and the scheduler ends with it")
            )
            self._end()
        elif self._task is None or self._task.done():
            self._task = asyncio.get_running_loop().create_task(self._look())

    async def stop(self) -> None:
        """Look at nothing more."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def _look(self) -> None:
        with self._around():
            await self._look_at_everything()

    async def _look_at_everything(self) -> None:
        self._publish(Event(name="scheduler.rereading", message="told to look at files, logs and settings anew"))
        # First: they may say where the logs and the task files are.
        await self._look_at_settings()
        try:
            await asyncio.to_thread(self._rotate_logs)
        except OSError as error:
            message = f"log files cannot be put aside: {error}"
            self._publish(Event(name="logs.failed", message=message, level=Level.WARNING))
        await self._rescan()
