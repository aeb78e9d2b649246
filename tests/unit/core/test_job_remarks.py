from __future__ import annotations

from datetime import UTC, datetime

import pytest

from task_scheduler.core.job_remarks import surprises, without_slots
from task_scheduler.core.tasks import JobDeclaration
from task_scheduler.core.triggers import parse_trigger

SAVED = datetime(2027, 3, 1, 12, tzinfo=UTC)


def why(text: str, saved_at: datetime | None = SAVED) -> str | None:
    job = JobDeclaration(function="start", trigger=text, line=4)
    found = without_slots(job, "tasks/a.py", trigger=parse_trigger(text, UTC), zone=UTC, saved_at=saved_at)
    return None if found is None else f"{found.severity.value} {found}"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("every 5 minutes", None),
        ("at startup", None),
        ("once at 2027-03-01 12:00", None),
        ("once at 2027-03-01 11:59", "has come to its end"),
        ("every 5 minutes until 2027-03-01 11:00", "has come to its end"),
        ("0 10 29 2 * from 2027-01-01 until 2027-12-31", "has no instant any more"),
    ],
)
def test_a_job_without_a_slot_after_its_file_was_saved_will_not_run(text: str, said: str | None) -> None:
    expected = None if said is None else f"warning tasks/a.py:4: the schedule {text!r} {said}: it will not run"

    assert why(text) == expected


def test_without_the_time_of_saving_nothing_is_known() -> None:
    assert why("once at 2020-01-01 10:00", saved_at=None) is None


def test_a_time_that_schedules_do_not_know_tells_nothing() -> None:
    assert why("every 5 minutes until 2027-03-01 11:00", saved_at=datetime(1969, 12, 31, 23, tzinfo=UTC)) is None


def test_a_schedule_that_cannot_be_had_here_is_not_judged_by_its_slots() -> None:
    job = JobDeclaration(function="start", trigger="every 5 minutes")

    assert without_slots(job, "tasks/a.py", trigger=None, zone=UTC, saved_at=SAVED) is None


def test_surprises_are_warnings_with_the_job_s_line() -> None:
    job = JobDeclaration(function="start", trigger="*/7 * * * *", line=4)

    told = [f"{problem.severity.value} {problem}" for problem in surprises(job, "tasks/a.py")]

    said = "minute '*/7' starts anew: after minute 56 comes minute 0, 4 and not 7 minutes later"
    assert told == [f"warning tasks/a.py:4: the schedule '*/7 * * * *': {said}"]
