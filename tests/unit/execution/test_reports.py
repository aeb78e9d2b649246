"""What a host writes down of an end, as the services get it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from task_scheduler.core.requests import Finished, StillRunning, Told
from task_scheduler.core.runs import (
    NOTHING_TOLD,
    Artifact,
    AttemptExit,
    AttemptId,
    AttemptNotes,
    EndKind,
    EndRequest,
    ErrorSummary,
    Progress,
)
from task_scheduler.execution import markers, reports
from task_scheduler.execution.reports import finished

ATTEMPT = AttemptId(run_id=7, number=2)
#: What every host tells, those of older programs too.
PLAIN: dict[str, Any] = {
    "exit_code": 0,
    "signal": None,
    "stopped_for": None,
    "error": None,
    "started_at": 0.0,
    "ended_at": 1.0,
    "duration": 1.0,
    "cpu_seconds": 0.5,
    "peak_memory": 4096,
    "output_bytes": 10,
    "output_dropped": 3,
    "left_behind": 2,
}
SAID = {
    "progress": {"done": 3.0, "total": 10.0, "text": "reading"},
    "metrics": {"rows": 12.0},
    "artifacts": [{"path": "out/report.pdf", "title": "The report"}],
    "result": '{"rows": 12}',
    "refused": ["too long"],
}
NOTES = AttemptNotes(
    progress=Progress(done=3.0, total=10.0, text="reading"),
    metrics={"rows": 12.0},
    artifacts=(Artifact(path="out/report.pdf", title="The report"),),
    result='{"rows": 12}',
    refused=("too long",),
)


def test_what_every_host_tells_is_what_a_marker_must_hold() -> None:
    assert PLAIN.keys() == markers._FACTS


def test_the_facts_of_an_older_host_are_read() -> None:
    exit_ = finished(ATTEMPT, PLAIN).exit

    assert (exit_.stop_limit, exit_.end_request, exit_.notes, exit_.paused_seconds) == (None, None, NOTHING_TOLD, 0.0)
    assert (exit_.core_dumped, exit_.out_of_memory) == (False, False)


def test_what_newer_hosts_tell_reaches_the_report() -> None:
    exit_ = finished(
        ATTEMPT,
        {
            **PLAIN,
            "stop_limit": 512.0,
            "stop_value": 513.0,
            "error": {"kind": "ValueError", "message": "", "place": "", "bases": ["Exception"]},
            "end_request": {"kind": "snooze", "reason": "later", "seconds": 60},
            "notes": SAID,
            "core_dumped": True,
            "out_of_memory": True,
            "paused_seconds": 1.5,
        },
    ).exit

    assert (exit_.stop_limit, exit_.stop_value, exit_.paused_seconds) == (512.0, 513.0, 1.5)
    assert (exit_.core_dumped, exit_.out_of_memory) == (True, True)
    assert exit_.error == ErrorSummary(kind="ValueError", message="", bases=("Exception",))
    assert exit_.end_request == EndRequest(kind=EndKind.SNOOZE, reason="later", seconds=60)
    assert exit_.notes == NOTES


@pytest.mark.parametrize("said", [None, {}])
def test_who_told_nothing_has_no_notes(said: dict[str, Any] | None) -> None:
    assert reports.notes(said) == NOTHING_TOLD
    assert reports.told(ATTEMPT, {"notes": SAID}) == Told(id=ATTEMPT, notes=NOTES)


def test_a_greeting_tells_whether_an_attempt_is_paused_or_nothing_of_it() -> None:
    began = datetime(1970, 1, 1, tzinfo=UTC)

    assert reports.still_running(ATTEMPT, {"started_at": 0}) == StillRunning(id=ATTEMPT, started_at=began)
    assert reports.still_running(ATTEMPT, {"started_at": 0, "paused": True, "notes": SAID}) == StillRunning(
        id=ATTEMPT, started_at=began, is_paused=True, notes=NOTES
    )


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
