"""What HUP makes a scheduler do: look at everything anew that it may have missed, without ending."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable, Iterator

from task_scheduler.core.errors import SettingsError
from task_scheduler.core.events import Event, Level
from task_scheduler.core.excerpts import quoted
from task_scheduler.services.service import Publish
from task_scheduler.settings import Settings
from task_scheduler.settings.models import known_keys


class Rereading:
    """Looks at files, logs and settings when it is told to, once at a time."""

    def __init__(
        self,
        *,
        settings: Settings,
        read_settings: Callable[[], Settings],
        rescan: Callable[[], Awaitable[None]],
        rotate_logs: Callable[[], None],
        end: Callable[[], None],
        publish: Publish,
    ) -> None:
        """`settings` are those in force; `read_settings` raises SettingsError.

        `end` is called instead where HUP says that the terminal is gone.
        """
        self._in_force = settings
        self._read_settings = read_settings
        self._rescan = rescan
        self._rotate_logs = rotate_logs
        self._end = end
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
        self._publish(Event(name="scheduler.rereading", message="told to look at files, logs and settings anew"))
        try:
            await asyncio.to_thread(self._rotate_logs)
            settings = await asyncio.to_thread(self._read_settings)
        except SettingsError as error:
            message = f"the settings in force stay, since those on disk cannot be used: {error}"
            self._publish(Event(name="settings.invalid", message=message, level=Level.ERROR))
        except OSError as error:
            message = f"log files cannot be put aside: {error}"
            self._publish(Event(name="logs.failed", message=message, level=Level.WARNING))
        else:
            self._tell_changes(settings)
        await self._rescan()

    def _tell_changes(self, settings: Settings) -> None:
        changed = list(changes(self._in_force, settings))
        if changed:
            message = f"takes effect at the next start (`task-scheduler restart`): {'; '.join(changed)}"
            self._publish(Event(name="settings.changed", message=message, level=Level.WARNING))


def changes(before: Settings, after: Settings) -> Iterator[str]:
    """Yield, for each setting with another value, `scheduler.loop_interval is 5.0, 10.0 is in force`."""
    for section, keys in known_keys().items():
        for key in keys:
            earlier, later = (getattr(getattr(settings, section), key) for settings in (before, after))
            if earlier != later:
                yield f"{section}.{key} is {_shown(later)}, {_shown(earlier)} is in force"


def _shown(value: object) -> str:
    return "nothing" if value is None else quoted(value if isinstance(value, int | float) else str(value))
