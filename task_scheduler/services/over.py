"""Jobs whose schedules have come to their end.

That is decided in one place, by the record: a job in force that owes no slot has had its last one. What its schedule says
today does not bring it back: the scheduler's time zone may have changed since, and its last instant lie ahead again.
"""

from __future__ import annotations

from datetime import datetime, tzinfo

from task_scheduler.core.errors import TriggerError
from task_scheduler.core.tasks import Job
from task_scheduler.core.triggers import Calendars, has_slots, parse_trigger, read_zone
from task_scheduler.core.triggers.explaining import is_taken_by_holidays


def is_over(job: Job) -> bool:
    """Whether a job in force goes by the clock and owes no further slot."""
    try:
        return job.active and job.next_run is None and has_slots(job.trigger)
    except TriggerError:
        return False


def over_since(
    job: Job, *, zone: tzinfo, calendars: Calendars, now: datetime, last: datetime | None
) -> datetime | None:
    """Return the last instant of a job that is over; `last` is its last slot on record, None: it has none.

    `zone` is that of jobs that name none. None: the job goes on, waits for events, or never had an instant that is
    known here.
    """
    if not is_over(job):
        return None
    if last is not None:
        return last
    try:
        trigger = parse_trigger(job.trigger, zone if job.timezone is None else read_zone(job.timezone), calendars)
    except TriggerError:
        return None
    if trigger.next_after(now) is not None or is_taken_by_holidays(job.trigger, trigger.zone, now):
        return None
    return trigger.last_before(now)
