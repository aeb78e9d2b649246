"""Telling what becomes of task files, also when they come by the thousand."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from task_scheduler.core.events import Event, Level
from task_scheduler.ports import Clock
from task_scheduler.services.service import Publish

#: Events of one name that are told one by one before the rest of a flood is counted.
TOLD_ONE_BY_ONE = 50
#: Seconds without an event of a name after which the next one is told by itself again.
FLOOD_IS_OVER = 5.0
#: Counted events after which their number is told, though the flood goes on.
COUNTED_AT_MOST = 2_000

_MORE: Mapping[str, str] = MappingProxyType(
    {
        "task.admitted": "{} more tasks are in force",
        "task.deleted": "the files of {} more tasks are gone: their schedules ended, their history stays",
        "task.disabled": "{} more tasks are disabled: nothing of them is started",
        "task.invalid": "{} more problems of task files: `list` and `show` tell them",
        "task.preparing": "{} more tasks wait for their environments",
        "task.warning": "{} more warnings about task files: `show` tells them",
    }
)


class Announcer:
    """Publishes events about task files; in a flood, the first ones of each name and then their number.

    What is only counted is published all the same, at level DEBUG, for those who listen to every event.
    """

    def __init__(self, *, clock: Clock, publish: Publish) -> None:
        self._clock = clock
        self._publish = publish
        #: For each name, how many were told one by one, and when the last event came.
        self._told: dict[str, tuple[int, float]] = {}
        self._counted: dict[str, tuple[int, Level]] = {}

    def tell(self, name: str, task_id: str, message: str, level: Level = Level.INFO) -> None:
        """Publish an event about a task."""
        now = self._clock.monotonic()
        told, last = self._told.get(name, (0, now))
        if now - last >= FLOOD_IS_OVER:
            told = 0
        is_counted = told >= TOLD_ONE_BY_ONE and name in _MORE
        self._told[name] = (told if is_counted else told + 1, now)
        self._publish(
            Event(
                name=name,
                message=f"{task_id}: {message}",
                level=Level.DEBUG if is_counted else level,
                fields={"task": task_id},
            )
        )
        if is_counted:
            self._count(name, level)

    def tell_numbers(self) -> None:
        """Tell the numbers of what was only counted so far."""
        for name in tuple(self._counted):
            self._tell_number(name)

    def _count(self, name: str, level: Level) -> None:
        count = self._counted.get(name, (0, level))[0] + 1
        self._counted[name] = (count, level)
        if count == COUNTED_AT_MOST:
            self._tell_number(name)

    def _tell_number(self, name: str) -> None:
        count, level = self._counted.pop(name)
        self._publish(Event(name=name, message=_MORE[name].format(f"{count:,}"), level=level, fields={"count": count}))
