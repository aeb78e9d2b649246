"""Jobs whose schedules have come to their end."""

from __future__ import annotations

from datetime import datetime, tzinfo

from task_scheduler.core.errors import TriggerError
from task_scheduler.core.tasks import Job
from task_scheduler.core.triggers import Calendars, has_slots, parse_trigger, read_zone


def over_since(job: Job, *, zone: tzinfo, calendars: Calendars, now: datetime) -> datetime | None:
    """Return the last instant of a job whose schedule has no further one; `zone` is that of jobs that name none.

    None: it has one to come, waits for events, never had any, or cannot be read here.
    """
    if job.next_run is not None:
        return None
    try:
        if not has_slots(job.trigger):
            return None
        trigger = parse_trigger(job.trigger, zone if job.timezone is None else read_zone(job.timezone), calendars)
    except TriggerError:
        return None
    return None if trigger.next_after(now) is not None else trigger.last_before(now)
