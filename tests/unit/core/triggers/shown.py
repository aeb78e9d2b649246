"""Slots as a person in the zone would write them down."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from task_scheduler.core.triggers import Trigger, parse_trigger, read_schedule
from tests.unit.core.triggers.days_off import CALENDARS

BERLIN = ZoneInfo("Europe/Berlin")


def trigger(schedule: str, zone: str = "Europe/Berlin") -> Trigger:
    """Return the trigger of a schedule as a person writes it; any calendar it names is that of the tests."""
    return parse_trigger(read_schedule(schedule), ZoneInfo(zone), CALENDARS)


def shown(schedule: str, first: str, last: str, zone: str = "Europe/Berlin") -> list[str]:
    """Return the slots from local date `first` through local date `last`, in local time with its offset."""
    rule = trigger(schedule, zone)
    begin = datetime.fromisoformat(first).replace(tzinfo=rule.zone).astimezone(UTC)
    end = (datetime.fromisoformat(last) + timedelta(days=1)).replace(tzinfo=rule.zone).astimezone(UTC)
    found = []
    slot = rule.next_after(begin - timedelta(seconds=1))
    while slot is not None and slot < end:
        found.append(_local(slot, rule))
        slot = rule.next_after(slot)
    return found


def _local(slot: datetime, rule: Trigger) -> str:
    text = slot.astimezone(rule.zone).isoformat()
    seconds = text[16:19]
    return text if seconds != ":00" else text[:16] + text[19:]
