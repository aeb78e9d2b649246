"""What a host takes for an order, from whatever program the scheduler is of."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from task_scheduler.core.requests import AttemptRequest, ExecutionProfile
from task_scheduler.core.runs import AttemptId
from task_scheduler.execution.newcomers import read_order
from task_scheduler.execution.orders import start_order

#: What a scheduler did not tell before there were these limits.
LATER = ("deadline", "memory", "cpu", "processes", "nice", "user", "umask", "directory", "zone")


def _start(**wanted: Any) -> dict[str, Any]:
    request = AttemptRequest(
        id=AttemptId(run_id=1, number=1),
        task_id="report",
        title="Report",
        path="tasks/report.py",
        digest="0" * 64,
        function=None,
        arguments="((), {})",
        profile=ExecutionProfile(environment="plain"),
        output="report/1.log",
        timeout=None,
        kill_grace=5.0,
        output_limit=1000,
        **wanted,
    )
    return start_order(request, root=Path("/project"), outputs=Path("/logs"), source=Path("/source"), mark=1)


def _read(order: dict[str, Any]) -> dict[str, Any] | None:
    return read_order(json.dumps(order).encode())


def test_a_start_is_read_as_it_was_meant() -> None:
    order = _start(deadline=2.5, memory_limit=1, cpu_limit=2.0, max_processes=3, nice=-4, user="somebody", umask=0o77)

    assert _read(order) == order
    assert [order[name] for name in LATER] == [2.5, 1, 2.0, 3, -4, "somebody", 0o77, None, None]


@pytest.mark.parametrize(
    ("declared", "expected"), [(None, None), ("work", "/project/work"), ("/srv/data", "/srv/data"), (".", "/project")]
)
def test_a_working_directory_is_that_of_the_project(declared: str | None, expected: str | None) -> None:
    assert _start(working_directory=declared)["directory"] == expected


def test_a_start_of_an_older_program_is_read() -> None:
    order = {name: value for name, value in _start().items() if name not in LATER}

    assert _read(order) == order


@pytest.mark.parametrize("name", LATER)
def test_a_limit_that_is_none_is_no_order(name: str) -> None:
    assert _read({**_start(), name: ["much"]}) is None


@pytest.mark.parametrize(
    ("order", "is_one"),
    [
        ({"do": "pause", "attempt": "1.1"}, True),
        ({"do": "resume", "attempt": "1.1"}, True),
        ({"do": "pause"}, False),
        ({"do": "resume", "attempt": 1}, False),
        ({"do": "terminate", "attempt": "1.1", "reason": "enough"}, True),
        ({"do": "terminate", "attempt": "1.1", "reason": "enough", "grace": None}, True),
        ({"do": "terminate", "attempt": "1.1", "reason": "enough", "grace": 0.5}, True),
        ({"do": "terminate", "attempt": "1.1", "reason": "enough", "grace": "soon"}, False),
    ],
)
def test_an_order_must_hold_what_it_takes(order: dict[str, Any], *, is_one: bool) -> None:
    assert (_read(order) is not None) == is_one
