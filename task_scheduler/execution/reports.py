"""What hosts say, turned into the reports the services understand.

A host hides secrets in what it says. One of an older program does not, nor one that had not heard of a new secret yet:
so the texts of an attempt are looked through once more before they are put on record.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from task_scheduler import known_secrets
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
    progress, result = said.get("progress"), said.get("result")
    texts = known_secrets.hide_in({name: said[name] for name in ("artifacts", "refused") if name in said})
    return AttemptNotes(
        progress=None if progress is None else Progress(**{**progress, "text": known_secrets.hide(progress["text"])}),
        metrics=said.get("metrics", {}),
        artifacts=tuple(Artifact(**artifact) for artifact in texts.get("artifacts", ())),
        result=None if result is None else known_secrets.hide_in_json(result),
        refused=tuple(texts.get("refused", ())),
    )


def _error(said: Mapping[str, Any] | None) -> ErrorSummary | None:
    if said is None:
        return None
    hidden = known_secrets.hide_in(said)
    return ErrorSummary(
        kind=hidden["kind"], message=hidden["message"], place=hidden["place"], bases=tuple(hidden.get("bases", ()))
    )


def _end_request(said: Mapping[str, Any] | None) -> EndRequest | None:
    if said is None:
        return None
    reason = known_secrets.hide(said.get("reason", ""))
    return EndRequest(kind=EndKind(said["kind"]), reason=reason, seconds=said.get("seconds"))


def moment(seconds: float) -> datetime:
    """Return a moment a host read from the wall clock."""
    return datetime.fromtimestamp(seconds, UTC)
