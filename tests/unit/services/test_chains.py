"""What keeps jobs from running after the tasks they name, as lists and answers about jobs tell it."""

from __future__ import annotations

from task_scheduler.core.tasks import Job, TaskStatus
from task_scheduler.services.chains import chain_faults
from task_scheduler.testing.builders import a_job, a_task

END = "each run would start the next one without end, so"


def after(number: int, task: str, before: str, *, active: bool = True) -> Job:
    return a_job(id=number, task_id=task, trigger=f"after {before} on success", next_run=None, active=active)


def faults(*jobs: Job, **statuses: TaskStatus) -> dict[int, str]:
    return dict(chain_faults(jobs, [a_task(task_id=name, status=status) for name, status in statuses.items()]))


def test_a_task_that_does_not_exist_or_is_none_any_more_is_told_by_job() -> None:
    jobs = [
        after(1, "report", "lod"),
        after(2, "report", "gone"),
        after(3, "report", "util"),
        after(4, "report", "load"),
    ]
    there = {"load": TaskStatus.INVALID, "gone": TaskStatus.DELETED, "util": TaskStatus.MODULE}

    assert faults(*jobs, report=TaskStatus.ACTIVE, **there) == {
        1: "after lod: there is no task 'lod', did you mean 'load'?; until there is, this starts nothing",
        2: "after gone: there is no task 'gone'; until there is, this starts nothing",
        3: "after util: there is no task 'util'; until there is, this starts nothing",
    }


def test_each_job_of_a_circle_is_told_and_nobody_beside_it() -> None:
    jobs = [after(1, "a", "b"), after(2, "b", "a"), after(3, "c", "a"), a_job(id=4, task_id="a")]

    assert faults(*jobs, a=TaskStatus.ACTIVE, b=TaskStatus.ACTIVE, c=TaskStatus.ACTIVE) == {
        1: f"a after b after a: {END} a is not run after b",
        2: f"b after a after b: {END} b is not run after a",
    }


def test_jobs_that_are_not_in_force_wait_for_nobody() -> None:
    assert faults(after(1, "a", "nobody", active=False), a=TaskStatus.DISABLED) == {}
    assert faults() == {}
