"""What hosts say, turned into the reports the services understand."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from task_scheduler.core.requests import Finished, Started
from task_scheduler.core.runs import AttemptExit, AttemptId, ErrorSummary


def finished(attempt: AttemptId, facts: Mapping[str, Any]) -> Finished:
    """Return the report of an end from the facts a host wrote down."""
    error = facts["error"]
    return Finished(
        id=attempt,
        exit=AttemptExit(
            exit_code=facts["exit_code"],
            signal=facts["signal"],
            stopped_for=facts["stopped_for"],
            error=None if error is None else ErrorSummary(**error),
            started_at=moment(facts["started_at"]),
            ended_at=moment(facts["ended_at"]),
            duration=facts["duration"],
            cpu_seconds=facts["cpu_seconds"],
            peak_memory=facts["peak_memory"],
            output_bytes=facts["output_bytes"],
            output_dropped=facts["output_dropped"],
            left_behind=facts["left_behind"],
        ),
    )


def started(attempt: AttemptId, told: Mapping[str, Any], host: str, boot: str) -> Started:
    """Return the report of a begin from a host's message."""
    return Started(
        id=attempt,
        started_at=moment(told["started_at"]),
        process=f"host={host} pid={told['pid']} start={told['start']} boot={boot}",
    )


def moment(seconds: float) -> datetime:
    """Return a moment a host read from the wall clock."""
    return datetime.fromtimestamp(seconds, UTC)
