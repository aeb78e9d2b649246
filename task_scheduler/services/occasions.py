"""What brought a run about, and which stretch of time it is for: what its task may want to know."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from task_scheduler.core.planning import TICK
from task_scheduler.core.runs import Run, RunKind
from task_scheduler.core.triggers.events import AfterTask, AtBoot, AtStartup, OnChange, read_event
from task_scheduler.services.timetable import Timetable

SCHEDULE, CATCH_UP, MANUAL, STARTUP, BOOT, CHANGE = "schedule", "catch-up", "manual", "startup", "boot", "change"


@dataclass(frozen=True, slots=True, kw_only=True)
class Occasion:
    """Why and for what a run is."""

    reason: str  #: schedule, catch-up, manual, startup, boot, `after TASK` or change
    window_start: datetime | None = (
        None  #: the slot before the first one it stands for; None: no slot of a job in force
    )
    zone: str | None = None  #: of its job; None for a request, or a job that is no longer in force


def occasion_of(run: Run, timetable: Timetable, *, makes_up: bool) -> Occasion:
    """Return what a run is for; `makes_up`: its slot was missed."""
    timed = timetable.timed(run.job_id)
    if run.kind is not RunKind.SCHEDULED or run.scheduled_for is None:
        return Occasion(reason=MANUAL if timed is None else _reason(timed.job.trigger))
    reason = CATCH_UP if makes_up or run.merged else SCHEDULE
    if timed is None:
        return Occasion(reason=reason)
    first = run.merged_from or run.scheduled_for
    return Occasion(reason=reason, window_start=timed.trigger.last_before(first - TICK), zone=str(timed.trigger.zone))


def _reason(trigger: str) -> str:
    """Return the reason of a run that was asked for with this trigger: its event, or a person."""
    match read_event(trigger):
        case AtStartup():
            return STARTUP
        case AtBoot():
            return BOOT
        case AfterTask(task=task):
            return f"after {task}"
        case OnChange():
            return CHANGE
        case _:
            return MANUAL
