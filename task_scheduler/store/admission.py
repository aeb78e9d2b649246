"""What every store checks and asks when versions are admitted."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from task_scheduler.core.errors import TaskSchedulerError
from task_scheduler.core.tasks import Identity, Job, JobDeclaration, identity_of
from task_scheduler.ports import Admission

T = TypeVar("T")

#: Values one statement of a database takes: every database takes so many.
LARGEST_PORTION = 500


def check_admissions(admissions: Sequence[Admission]) -> None:
    """Raise TaskSchedulerError unless the parts of each admission belong together, and each is of another task."""
    seen: set[str] = set()
    for admission in admissions:
        _check(admission)
        if admission.task.task_id in seen:
            raise TaskSchedulerError(f"{admission.task.task_id} cannot be admitted twice in one commit")
        seen.add(admission.task.task_id)


def _check(admission: Admission) -> None:
    task, version, lock = admission.task, admission.version, admission.lock
    if task.task_id != version.task_id:
        raise TaskSchedulerError(f"a version of {version.task_id} cannot be admitted for {task.task_id}")
    if version.environment != lock.key:
        raise TaskSchedulerError(f"{task.task_id} was locked as {version.environment}, not as {lock.key}")
    digest = hashlib.sha256(admission.source).hexdigest()
    if version.digest != digest:
        raise TaskSchedulerError(f"the source of {task.task_id} has digest {digest}, not {version.digest}")


@dataclass(frozen=True, slots=True, kw_only=True)
class JobPlan:
    """What an admission changes about a task's jobs; those it does not name stay as they are."""

    new: Sequence[tuple[JobDeclaration, datetime | None]]
    revived: Sequence[tuple[int, datetime | None]]  #: ids of jobs that had ended, and what they owe next
    gone: Sequence[int]  #: ids of active jobs that end
    tagged: Sequence[tuple[int, tuple[str, ...]]]  #: ids of known jobs that have other tags now


def plan_jobs(
    known: Sequence[Job], declared: Sequence[JobDeclaration], next_runs: Sequence[datetime | None]
) -> JobPlan:
    """Compare the jobs a task ever had with those it declares now; of equal declarations the first counts."""
    by_identity = {identity_of(job): job for job in known}
    wanted: dict[Identity, tuple[JobDeclaration, datetime | None]] = {}
    for job, moment in zip(declared, next_runs, strict=True):
        wanted.setdefault(identity_of(job), (job, moment))
    staying = [(by_identity[identity], *said) for identity, said in wanted.items() if identity in by_identity]
    return JobPlan(
        new=[said for identity, said in wanted.items() if identity not in by_identity],
        revived=[(job.id, moment) for job, _, moment in staying if not job.active],
        gone=[job.id for identity, job in by_identity.items() if job.active and identity not in wanted],
        tagged=[(job.id, now.tags) for job, now, _ in staying if job.tags != now.tags],
    )


def in_portions(values: Sequence[T]) -> Iterator[Sequence[T]]:
    """Yield values in portions that one statement takes."""
    for start in range(0, len(values), LARGEST_PORTION):
        yield values[start : start + LARGEST_PORTION]
