"""What few attempts have on record, as JSON documents: the rarer facts of an end, and notes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from task_scheduler.core.runs import (
    NOTHING_TOLD,
    Artifact,
    AttemptExit,
    AttemptNotes,
    EndKind,
    EndRequest,
    Progress,
)

Values = dict[str, Any]

#: Facts of an exit that few have, with what they are of all others.
_RARE: Mapping[str, object] = {
    "stop_limit": None,
    "stop_value": None,
    "core_dumped": False,
    "out_of_memory": False,
    "paused_seconds": 0.0,
}


def details_document(exit_: AttemptExit) -> Values | None:
    """Return the facts of an exit that few have; None: it has none of them."""
    found: Values = {name: value for name, usual in _RARE.items() if (value := getattr(exit_, name)) != usual}
    if exit_.end_request is not None:
        found["end_request"] = asdict(exit_.end_request)
    return found or None


def details_from(document: Values | None) -> Values:
    """Return these facts as fields of an AttemptExit."""
    if document is None:
        return {}
    asked = document.get("end_request")
    if asked is None:
        return document
    return {**document, "end_request": EndRequest(**{**asked, "kind": EndKind(asked["kind"])})}


def notes_document(notes: AttemptNotes) -> Values | None:
    """Return what an attempt has told, without what it has not; None: nothing at all."""
    if notes is NOTHING_TOLD:
        return None
    found: Values = {}
    if notes.progress is not None:
        found["progress"] = asdict(notes.progress)
    if notes.metrics:
        found["metrics"] = dict(notes.metrics)
    if notes.artifacts:
        found["artifacts"] = [asdict(artifact) for artifact in notes.artifacts]
    if notes.result is not None:
        found["result"] = notes.result
    if notes.refused:
        found["refused"] = list(notes.refused)
    return found or None


def notes_from(document: Values | None) -> AttemptNotes:
    """Read the notes of an attempt."""
    if document is None:
        return NOTHING_TOLD
    progress = document.get("progress")
    return AttemptNotes(
        progress=None if progress is None else Progress(**progress),
        metrics=document.get("metrics", {}),
        artifacts=tuple(Artifact(**artifact) for artifact in document.get("artifacts", ())),
        result=document.get("result"),
        refused=tuple(document.get("refused", ())),
    )
