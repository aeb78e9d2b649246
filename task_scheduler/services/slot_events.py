"""What is told about slots that did not run in time, as events."""

from __future__ import annotations

from datetime import datetime

from task_scheduler.core.events import Event, Level
from task_scheduler.ports import SlotClaim


def slots_missed(claim: SlotClaim, reason: str) -> Event:
    """Tell that slots were put on record as missed."""
    slots = "1 slot" if claim.count == 1 else f"{claim.count} slots"
    return Event(
        name="slots.missed",
        message=f"{claim.job.task_id}: {slots} missed since {_shown(claim.scheduled_for)}: {reason}",
        level=Level.WARNING,
        fields={"task": claim.job.task_id, "count": claim.count},
    )


def slots_merged(claim: SlotClaim) -> Event:
    """Tell that a run stands for earlier slots too."""
    slots = "1 earlier slot" if claim.merged == 1 else f"{claim.merged} earlier slots"
    return Event(
        name="slots.merged",
        message=f"{claim.job.task_id}: one run stands for {slots} since {_shown(claim.merged_from or claim.scheduled_for)}",
        level=Level.WARNING,
        fields={"task": claim.job.task_id, "merged": claim.merged},
    )


def _shown(moment: datetime) -> str:
    """Return a moment in the machine's zone, like the log's own times."""
    return f"{moment.astimezone():%Y-%m-%d %H:%M:%S %Z}"
