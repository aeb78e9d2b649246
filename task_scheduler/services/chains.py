"""What is wrong with the tasks after which jobs run, as the record has them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping

from task_scheduler.core.following import circles, strangers
from task_scheduler.core.tasks import Job, TaskRecord, TaskStatus
from task_scheduler.core.triggers import AfterTask, read_event

#: What these name is no task that others could run after.
_NO_TASK = frozenset({TaskStatus.DELETED, TaskStatus.MODULE})


def chain_faults(jobs: Iterable[Job], records: Iterable[TaskRecord]) -> Mapping[int, str]:
    """Return, by job, why it is not started by the task after which it runs: there is none, or it comes after the job.

    `jobs` and `records` are all on record: what follows depends on all of them. Jobs that are not in force are left out.
    """
    befores = {job.id: (job.task_id, event.task) for job in jobs if (event := _after(job)) is not None}
    if not befores:
        return {}
    after: defaultdict[str, set[str]] = defaultdict(set)
    for task, before in befores.values():
        after[task].add(before)
    known = {record.task_id for record in records if record.status not in _NO_TASK}
    in_circles = {task: circles(task, after) for task in tuple(after)}
    found = {
        job_id: _why_unknown(task, before, known) or in_circles[task].get(before, "")
        for job_id, (task, before) in befores.items()
    }
    return {job_id: why for job_id, why in found.items() if why}


def _after(job: Job) -> AfterTask | None:
    # What waits for an event has no instant to come: of most jobs the text need not be read.
    event = read_event(job.trigger) if job.active and job.next_run is None else None
    return event if isinstance(event, AfterTask) else None


def _why_unknown(task: str, before: str, known: Collection[str]) -> str:
    return "".join(strangers(task, {task: [before]}, known))
