"""What is said of the time of a run with several attempts: all of it, and that of the last one apart."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.cli.documents import FakeDoor, attempt, run, say

#: Began at 14:00:00.
RETRIED = run(executions=3, ended_at="2026-11-22T14:02:30Z")
ATTEMPTS = [
    attempt(1, state="failed", duration=1.5, duration_paused=0.0),
    attempt(2, state="void", duration=None),
    attempt(3, state="failed", duration=3.0, duration_paused=1.0),
    attempt(4, duration=1.988, duration_paused=0.0),
]


def test_a_list_of_runs_has_the_time_from_the_first_start_to_the_end() -> None:
    row = " ".join(say("history", FakeDoor({"history": [RETRIED]})).out.splitlines()[-1].split())

    assert " succeeded 12 ms 2 min 30 s " in row
    assert row.endswith("after 3 attempts, the last in 2.0 s")


@pytest.mark.parametrize(
    "changes",
    [
        {"final": False, "state": "retrying", "retry_at": "2026-11-22T14:02:00Z"},
        {"executions": 1},
    ],
    ids=["not over", "one attempt"],
)
def test_where_there_is_no_such_time_it_is_that_of_the_attempt(changes: dict[str, Any]) -> None:
    row = say("history", FakeDoor({"history": [{**RETRIED, **changes}]})).out

    assert " 2.0 s " in row
    assert "2 min 30 s" not in row


def test_what_was_paused_stands_beside_it() -> None:
    row = say("history", FakeDoor({"history": [{**RETRIED, "paused_seconds": 60.0}]})).out

    assert "1 min 30 s + 1 min 0 s paused" in " ".join(row.split())


def test_one_run_has_both_and_what_the_attempts_were_at_work() -> None:
    shown = say("show 7", FakeDoor({"run": {**RETRIED, "attempts": ATTEMPTS}})).out

    assert "2 min 30 s from the first start to the end, 5.5 s of it in 3 attempts\n" in shown


def test_one_run_with_one_attempt_has_it_in_the_attempt_s_row_alone() -> None:
    assert "first start" not in say("show 7", FakeDoor({"run": run(attempts=[attempt(1)])})).out


def test_whoever_waits_for_it_is_told_both() -> None:
    queued = run(state="queued", final=False)

    said = say("start report --wait", FakeDoor({"start": queued, "run": RETRIED}))

    assert said.out == "run 7 of report succeeded in 2 min 30 s, with 3 attempts, the last in 2.0 s\n"
