"""What every store checks and asks when a version is admitted."""

from __future__ import annotations

import hashlib

from task_scheduler.core.environments import Lock
from task_scheduler.core.errors import TaskSchedulerError
from task_scheduler.core.tasks import Job, JobDeclaration, TaskRecord, TaskVersion

Identity = tuple[str | None, str, str | None, str]


def identity_of(job: Job | JobDeclaration) -> Identity:
    """Return what makes a job the same job within its task: never its position in the file."""
    return (job.function, job.trigger, job.timezone, job.arguments)


def check_admission(task: TaskRecord, version: TaskVersion, source: bytes, lock: Lock) -> None:
    """Raise TaskSchedulerError unless the parts of an admission belong together."""
    if task.task_id != version.task_id:
        raise TaskSchedulerError(f"a version of {version.task_id} cannot be admitted for {task.task_id}")
    if version.environment != lock.key:
        raise TaskSchedulerError(f"{task.task_id} was locked as {version.environment}, not as {lock.key}")
    digest = hashlib.sha256(source).hexdigest()
    if version.digest != digest:
        raise TaskSchedulerError(f"the source of {task.task_id} has digest {digest}, not {version.digest}")
