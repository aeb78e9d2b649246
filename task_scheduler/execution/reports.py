"""What hosts say, turned into the reports the services understand."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from task_scheduler.core.requests import Finished, Started, StillRunning, Told
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


def finished(attempt: AttemptId, facts: Mapping[str, Any]) -> Finished:
    """Return the report of an end from the facts a host wrote down, which one of an older program knew fewer of."""
    return Finished(
        id=attempt,
        exit=AttemptExit(
            exit_code=facts["exit_code"],
            signal=facts["signal"],
            stopped_for=facts["stopped_for"],
            stop_limit=facts.get("stop_limit"),
            stop_value=facts.get("stop_value"),
            error=_error(facts["error"]),
            end_request=_end_request(facts.get("end_request")),
            notes=notes(facts.get("notes")),
            started_at=moment(facts["started_at"]),
            ended_at=moment(facts["ended_at"]),
            duration=facts["duration"],
            cpu_seconds=facts["cpu_seconds"],
            peak_memory=facts["peak_memory"],
            output_bytes=facts["output_bytes"],
            output_dropped=facts["output_dropped"],
            left_behind=facts["left_behind"],
            core_dumped=facts.get("core_dumped", False),
            out_of_memory=facts.get("out_of_memory", False),
            paused_seconds=facts.get("paused_seconds", 0.0),
        ),
    )


def started(attempt: AttemptId, told: Mapping[str, Any], host: str, boot: str) -> Started:
    """Return the report of a begin from a host's message."""
    return Started(
        id=attempt,
        started_at=moment(told["started_at"]),
        process=f"host={host} pid={told['pid']} start={told['start']} boot={boot}",
    )


def still_running(attempt: AttemptId, told: Mapping[str, Any]) -> StillRunning:
    """Return the report of an adopted attempt from what its host told of it in its greeting."""
    return StillRunning(
        id=attempt,
        started_at=moment(told["started_at"]),
        is_paused=told.get("paused"),
        notes=notes(told.get("notes")),
    )


def told(attempt: AttemptId, message: Mapping[str, Any]) -> Told:
    """Return the report of what an attempt has told of its work so far."""
    return Told(id=attempt, notes=notes(message["notes"]))


def notes(said: Mapping[str, Any] | None) -> AttemptNotes:
    """Return what an attempt told of its work from a host's words for it; None: it told nothing."""
    if not said:
        return NOTHING_TOLD
    progress = said.get("progress")
    return AttemptNotes(
        progress=None if progress is None else Progress(**progress),
        metrics=said.get("metrics", {}),
        artifacts=tuple(Artifact(**artifact) for artifact in said.get("artifacts", ())),
        result=said.get("result"),
        refused=tuple(said.get("refused", ())),
    )


def _error(said: Mapping[str, Any] | None) -> ErrorSummary | None:
    if said is None:
        return None
    return ErrorSummary(
        kind=said["kind"], message=said["message"], place=said["place"], bases=tuple(said.get("bases", ()))
    )


def _end_request(said: Mapping[str, Any] | None) -> EndRequest | None:
    if said is None:
        return None
    return EndRequest(kind=EndKind(said["kind"]), reason=said.get("reason", ""), seconds=said.get("seconds"))


def moment(seconds: float) -> datetime:
    """Return a moment a host read from the wall clock."""
    return datetime.fromtimestamp(seconds, UTC)
