"""What a host writes down of an end, as the services get it."""

from __future__ import annotations

from datetime import UTC, datetime

from task_scheduler.core.requests import Finished
from task_scheduler.core.runs import AttemptExit, AttemptId, ErrorSummary
from task_scheduler.execution.reports import finished

ATTEMPT = AttemptId(run_id=7, number=2)


def test_every_fact_reaches_the_report() -> None:
    report = finished(
        ATTEMPT,
        {
            "exit_code": 1,
            "signal": None,
            "stopped_for": None,
            "error": {"kind": "ValueError", "message": "no", "place": "tasks/a.py:1"},
            "started_at": 0.25,
            "ended_at": 1.5,
            "duration": 1.25,
            "cpu_seconds": 0.5,
            "peak_memory": 4096,
            "output_bytes": 10,
            "output_dropped": 3,
            "left_behind": 2,
        },
    )

    assert report == Finished(
        id=ATTEMPT,
        exit=AttemptExit(
            exit_code=1,
            error=ErrorSummary(kind="ValueError", message="no", place="tasks/a.py:1"),
            started_at=datetime(1970, 1, 1, 0, 0, 0, 250_000, tzinfo=UTC),
            ended_at=datetime(1970, 1, 1, 0, 0, 1, 500_000, tzinfo=UTC),
            duration=1.25,
            cpu_seconds=0.5,
            peak_memory=4096,
            output_bytes=10,
            output_dropped=3,
            left_behind=2,
        ),
    )
