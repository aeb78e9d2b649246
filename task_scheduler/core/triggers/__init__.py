"""When jobs are due: schedules as people write them, and the instants they mean.

A canonical text is read once into wall readings (`cron`, `every`, `once`, narrowed by `clauses`), which a trigger
follows through the time changes of a zone (`stretches`): one rule for every notation. What has no slots by the clock
is an event (`events`).
"""

from task_scheduler.core.triggers.calendars import NO_CALENDARS, Calendar, Calendars
from task_scheduler.core.triggers.chains import read_chain, read_tags
from task_scheduler.core.triggers.events import AfterTask, AtBoot, AtStartup, Event, EventTrigger, OnChange, read_event
from task_scheduler.core.triggers.links import ChainCall, spell_chain
from task_scheduler.core.triggers.reading import (
    calendar_of,
    has_ended,
    has_slots,
    parse_trigger,
    read_schedule,
    with_clauses,
)
from task_scheduler.core.triggers.seeds import seed_of, stable_delay
from task_scheduler.core.triggers.trigger import Trigger
from task_scheduler.core.triggers.zones import read_zone

__all__ = [
    "NO_CALENDARS",
    "AfterTask",
    "AtBoot",
    "AtStartup",
    "Calendar",
    "Calendars",
    "ChainCall",
    "Event",
    "EventTrigger",
    "OnChange",
    "Trigger",
    "calendar_of",
    "has_ended",
    "has_slots",
    "parse_trigger",
    "read_chain",
    "read_event",
    "read_schedule",
    "read_tags",
    "read_zone",
    "seed_of",
    "spell_chain",
    "stable_delay",
    "with_clauses",
]
