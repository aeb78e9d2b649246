"""What is told about slots that did not run in time, as events."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from task_scheduler.core.events import Event, Level
from task_scheduler.core.outcomes import Missed
from task_scheduler.ports import SlotClaim

#: Jobs that are told of one by one; of more, one line tells the sum, and the record has each.
MOST_TOLD = 20


def misfires(claims: Sequence[SlotClaim]) -> Iterator[Event]:
    """Tell what one look put on record of slots that did not run in time: a line a job, or of many jobs their sums."""
    of_missed = [claim for claim in claims if isinstance(claim.outcome, Missed)]
    of_merged = [claim for claim in claims if claim.outcome is None and claim.merged]
    if len({claim.job.id for claim in (*of_missed, *of_merged)}) > MOST_TOLD:
        yield from _sums(of_missed, of_merged)
        return
    for claim in claims:
        if isinstance(claim.outcome, Missed):
            yield slots_missed(claim, claim.outcome.reason)
        elif claim.merged:
            yield slots_merged(claim)


def _sums(of_missed: Sequence[SlotClaim], of_merged: Sequence[SlotClaim]) -> Iterator[Event]:
    if of_missed:
        count = sum(claim.count for claim in of_missed)
        jobs, since = _jobs(of_missed), _shown(min(claim.scheduled_for for claim in of_missed))
        yield Event(
            name="slots.missed",
            message=f"{_counted(count, 'slot')} of {_counted(jobs, 'job')} missed since {since}: each is on record, see `history`",
            level=Level.WARNING,
            fields={"count": count, "jobs": jobs},
        )
    if of_merged:
        runs, does = _counted(len(of_merged), "run"), "stands" if len(of_merged) == 1 else "stand"
        merged = sum(claim.merged for claim in of_merged)
        jobs = _jobs(of_merged)
        since = _shown(min(claim.merged_from or claim.scheduled_for for claim in of_merged))
        yield Event(
            name="slots.merged",
            message=f"{runs} of {_counted(jobs, 'job')} {does} for {_counted(merged, 'earlier slot')} since {since}",
            level=Level.WARNING,
            fields={"merged": merged, "jobs": jobs},
        )


def _counted(count: int, unit: str) -> str:
    return f"1 {unit}" if count == 1 else f"{count:,} {unit}s"


def _jobs(claims: Sequence[SlotClaim]) -> int:
    return len({claim.job.id for claim in claims})


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
