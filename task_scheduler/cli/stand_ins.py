"""Copies that count in the place of calendar files that cannot be used, told in sentences."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from task_scheduler.cli.terminal import Terminal

if TYPE_CHECKING:
    from task_scheduler.calendars.holiday_calendars import StandIn

#: What stands before the name of a calendar in a canonical schedule.
_CALENDAR = " calendar "
#: How the names of calendars end that are files.
_FILES = frozenset({".ics", ".txt"})


def told(stand_ins: Mapping[str, StandIn], terminal: Terminal) -> list[str]:
    """Return a sentence for each copy in use: why, and how old it is."""
    return [
        f"{stand_in.reason}; until that is mended, the copy kept at "
        f"{stand_in.kept_at.astimezone(terminal.zone):%Y-%m-%d %H:%M:%S} is used"
        for _, stand_in in sorted(stand_ins.items())
    ]


def told_of_schedules(triggers: Iterable[str], project: Path, terminal: Terminal) -> list[str]:
    """Return the same of the calendars that canonical schedules observe, as the scheduler of a project has them."""
    observing = {trigger for trigger in triggers if _CALENDAR in trigger}
    if not observing:
        return []
    # Late: most schedules observe none.
    from task_scheduler.core.errors import TriggerError
    from task_scheduler.core.triggers import calendar_of

    names = set()
    for trigger in observing:
        with suppress(TriggerError):
            names.add(calendar_of(trigger))
    return told_of(names, project, terminal)


def told_of(names: Iterable[str], project: Path, terminal: Terminal) -> list[str]:
    """Return the same of the calendars with these names."""
    files = {name for name in names if PurePosixPath(name).suffix in _FILES}
    if not files:
        return []
    # Late: most schedules observe no file.
    from task_scheduler.calendars import HolidayCalendars
    from task_scheduler.core.errors import TriggerError

    calendars = HolidayCalendars.for_looking(project)
    for name in files:
        # Where there is no copy either, what observes it says so.
        with suppress(TriggerError):
            calendars.holidays(name)
    return told(calendars.stand_ins, terminal)
