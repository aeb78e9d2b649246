"""Notices when what the scheduler holds is taken from under it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from task_scheduler.core.events import Event, Level
from task_scheduler.ports import Clock
from task_scheduler.services.service import Publish, Service
from task_scheduler.services.waits import Alarm


class Custody(Service):
    """Ends the scheduler when a lock or its database was moved, deleted or replaced, or is found to be damaged.

    Without its lock file another scheduler could start beside this one; without its database nothing that runs
    would be on record, and the next start restores a damaged one. Running attempts go on, as at any stop.
    """

    name = "custody of locks and database"

    def __init__(
        self,
        *,
        checks: Sequence[Callable[[], str | None]],
        damage: Callable[[], str | None] = lambda: None,
        end: Callable[[str], None],
        clock: Clock,
        interval: float,
        publish: Publish,
    ) -> None:
        """Each of `checks` returns what is gone, `damage` what is damaged, None when all is well; `interval` is in seconds.

        `end` is called once, with the reason.
        """
        super().__init__(publish=publish)
        self._checks = tuple(checks)
        self._damage = damage
        self._end = end
        self._alarm = Alarm(clock)
        self._interval = interval

    def configure(self, *, interval: float) -> None:
        """Look now, and so often from now on, in seconds."""
        self._interval = interval
        self._alarm.ring()

    async def _run(self) -> None:
        event = None
        while event is None:
            await self._alarm.sleep(self._interval)
            event = self._look()
        self._publish(event)
        self._end(event.message)

    def _look(self) -> Event | None:
        for check in self._checks:
            if (gone := check()) is not None:
                message = f"{gone} was moved or deleted while it was in use: the scheduler stops, runs under way go on"
                return Event(name="custody.lost", message=message, level=Level.ERROR)
        if (finding := self._damage()) is not None:
            message = (
                f"the record is damaged ({finding}): the scheduler stops, runs under way go on, and the next start "
                "looks at all of it and restores the newest backup if need be"
            )
            return Event(name="record.damaged", message=message, level=Level.ERROR)
        return None
