"""What a job is and what is read of a task file."""

from __future__ import annotations

from dataclasses import replace

from task_scheduler.core.errors import Problem, Severity
from task_scheduler.core.tasks import FileKind, JobDeclaration, TaskReading, identity_of
from task_scheduler.testing.builders import a_job

DECLARED = JobDeclaration(function="start", trigger="every 5 minutes", timezone="Europe/Berlin", arguments="((1,), {})")


def test_a_job_is_the_same_wherever_it_stands_in_its_file_and_whatever_its_tags_are() -> None:
    on_record = a_job(
        id=7, function="start", trigger="every 5 minutes", timezone="Europe/Berlin", arguments="((1,), {})"
    )

    assert identity_of(on_record) == identity_of(DECLARED) == identity_of(replace(DECLARED, line=90, tags=("daily",)))


def test_another_function_schedule_zone_or_argument_is_another_job() -> None:
    others = [
        replace(DECLARED, function="main"),
        replace(DECLARED, trigger="every 6 minutes"),
        replace(DECLARED, timezone=None),
        replace(DECLARED, arguments="((2,), {})"),
    ]

    assert len({identity_of(job) for job in (DECLARED, *others)}) == 5


def test_warnings_do_not_keep_a_file_from_being_admitted() -> None:
    error = Problem(path="tasks/a.py", message="unknown key 'evry'")
    warning = Problem(path="tasks/a.py", message="it is over", severity=Severity.WARNING)

    assert TaskReading(kind=FileKind.TASK, declaration=None, problems=(warning, error)).errors == (error,)
    assert TaskReading(kind=FileKind.TASK, declaration=None, problems=(warning,)).errors == ()
