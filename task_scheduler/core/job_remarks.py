"""What a person should know of a job whose schedule is valid and may still not be what they meant."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta, tzinfo

from task_scheduler.core.errors import Problem, Severity, TriggerError
from task_scheduler.core.tasks import JobDeclaration
from task_scheduler.core.triggers import Trigger, has_ended, has_slots
from task_scheduler.core.triggers.remarks import schedule_remarks

#: A slot at the very moment of saving has not passed it by.
_JUST_BEFORE = timedelta(seconds=1)


def surprises(job: JobDeclaration, path: str) -> Iterator[Problem]:
    """Yield a warning for each way in which a job's schedule may not mean what it seems to."""
    for remark in schedule_remarks(job.trigger):
        message = f"the schedule {job.trigger!r}: {remark}"
        yield Problem(path=path, message=message, line=job.line, severity=Severity.WARNING)


def without_slots(
    job: JobDeclaration, path: str, *, trigger: Trigger | None, zone: tzinfo, saved_at: datetime | None
) -> Problem | None:
    """Return a warning for a job that has no slot after its file was saved; None: it has, or no one knows.

    `trigger` is None where its calendar is not known, `saved_at` where the time is not.
    """
    why = _no_slot(job.trigger, trigger, zone, saved_at)
    if not why:
        return None
    message = f"the schedule {job.trigger!r} {why}: it will not run"
    return Problem(path=path, message=message, line=job.line, severity=Severity.WARNING)


def _no_slot(text: str, trigger: Trigger | None, zone: tzinfo, saved_at: datetime | None) -> str:
    if saved_at is None or not has_slots(text):
        return ""
    try:
        if has_ended(text, saved_at.astimezone(zone)):
            return "has come to its end"
    except TriggerError:
        return ""  # the file's time is outside the years that schedules know, such as an archive's 1970 in New York
    if trigger is not None and trigger.next_after(saved_at - _JUST_BEFORE) is None:
        return "has no instant any more"
    return ""
