"""Notices when what the scheduler holds is taken from under it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from task_scheduler.core.events import Event, Level
from task_scheduler.ports import Clock
from task_scheduler.services.service import Publish, Service


class Custody(Service):
    """Ends the scheduler when a lock or its database was moved, deleted or replaced.

    Without its lock file another scheduler could start beside this one; without its database nothing that runs
    would be on record. Running attempts go on, as at any stop.
    """

    name = "custody of locks and database"

    def __init__(
        self,
        *,
        checks: Sequence[Callable[[], str | None]],
        end: Callable[[str], None],
        clock: Clock,
        interval: float,
        publish: Publish,
    ) -> None:
        """Each of `checks` returns what is gone, None when all is well; `interval` is in seconds.

        `end` is called once, with the reason.
        """
        super().__init__(publish=publish)
        self._checks = tuple(checks)
        self._end = end
        self._clock = clock
        self._interval = interval

    async def _run(self) -> None:
        gone: list[str] = []
        while not gone:
            await self._clock.sleep(self._interval)
            gone = [what for what in (check() for check in self._checks) if what is not None]
        reason = f"{gone[0]} was moved or deleted while it was in use: the scheduler stops, runs under way go on"
        self._publish(Event(name="custody.lost", message=reason, level=Level.ERROR))
        self._end(reason)
