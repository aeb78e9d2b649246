"""A declaration in the words of `show`."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import pytest

from task_scheduler.cli.declared import declared_fields, limits_in_words
from task_scheduler.core.tasks import Overlap, TaskDeclaration


def fields(**declared: Any) -> dict[str, str]:
    """Return the fields that are shown, which are those with a text."""
    told = asdict(TaskDeclaration(title="Report", **declared))
    return {name: text for name, text in declared_fields(told).items() if text}


def test_what_holds_anyway_takes_no_line() -> None:
    assert fields() == {
        "time limit": "300 s",
        "retries": "none",
        "python": "3.8 or later",
        "declares": "no packages",
    }


def test_everything_else_is_told_in_the_unit_it_was_written_in() -> None:
    told = fields(
        deadline=1_200,
        kill_grace=20,
        memory_limit=512 * 2**20,
        cpu_limit=300,
        max_processes=10,
        output_limit=2_500_000,
        nice=-5,
        user="reports",
        umask=0o27,
        working_directory="data",
        overlap=Overlap.QUEUE_ONE,
        env={"STAGE": "live", "TOKEN": "secret"},
    )

    assert told["deadline"] == "1200 s for a run with its retries"
    assert told["limits"] == (
        "grace 20 s; memory 512 MiB; processor time 300 s; processes 10; output 2.5 MB; nice -5; user reports; "
        "umask 027; folder data"
    )
    assert told["overlap"] == "queue_one"
    assert told["variables"] == "STAGE, TOKEN"


@pytest.mark.parametrize(
    ("declared", "said"),
    [
        ({"retry_count": 2}, "2, 60 s apart"),
        (
            {"retry_count": 2, "retry_backoff": 1.5, "retry_max_delay": 900},
            "2, 60 s apart, each time 1.5 times that, at most 900 s",
        ),
        ({"retry_count": 2, "retry_backoff": 2}, "2, 60 s apart, each time 2 times that"),
        ({"retry_count": 2, "retry_jitter": 0.2}, "2, 60 s apart, up to 20% longer"),
        ({"retry_count": 2, "retry_on": ("timed_out", "75")}, "2, 60 s apart; after timed_out, 75"),
        ({"retry_count": 0, "retry_on": ("timed_out",)}, "none"),
    ],
)
def test_retries_are_told_in_a_sentence(declared: dict[str, Any], said: str) -> None:
    assert fields(**declared)["retries"] == said


def test_a_limit_of_another_program_is_told_as_it_is() -> None:
    assert list(limits_in_words({"colour": "green", "timeout": 0.5})) == ["colour green", "time limit 0.5 s"]
