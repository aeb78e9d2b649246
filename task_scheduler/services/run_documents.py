"""Runs and their attempts as documents."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta

from task_scheduler.core.happenings import event_of
from task_scheduler.core.runs import NOTHING_TOLD, Attempt, AttemptExit, AttemptNotes, AttemptState, Run, RunState
from task_scheduler.services.documents import Document, iso, iso_or_none, short
from task_scheduler.services.requested_entry import call_text

#: States in which a run may wait for something that is no time.
WAITING_STATES = frozenset({RunState.QUEUED, RunState.RETRYING})
#: What of a declaration bounds a run, or changes how it executes.
LIMITS = (
    "timeout",
    "deadline",
    "kill_grace",
    "memory_limit",
    "cpu_limit",
    "max_processes",
    "output_limit",
    "nice",
    "user",
    "umask",
    "working_directory",
)
#: Seconds by which two clocks may tell one pause differently.
_ROUNDING = 0.5


class RunDocuments:
    """Describes runs, with what the working scheduler alone knows of those under way."""

    def __init__(
        self,
        *,
        notes_of: Callable[[int], AttemptNotes | None] | None = None,
        waits_for: Callable[[int], str | None] | None = None,
    ) -> None:
        """`notes_of` gives what a run at work has told so far; what one that has ended told is on record.

        `waits_for` tells what a run that has not begun waits for.
        """
        self._notes_of = notes_of or _nothing_told
        self._waits_for = waits_for or _nothing_known

    def describe(self, run: Run) -> Document:
        """Return what every list tells of a run."""
        late = None
        if run.scheduled_for is not None and run.started_at is not None:
            late = (run.started_at - run.scheduled_for).total_seconds()
        return {
            "id": run.id,
            "kind": run.kind.value,
            "state": run.state.value,
            "final": run.is_final,
            "task": run.task_id,
            "job": run.job_id,
            "function": run.function,
            "arguments": run.arguments,
            "call": call_text(run.function, run.arguments),
            "argv": list(run.argv),
            "scheduled_for": iso_or_none(run.scheduled_for),
            "request_id": run.request_id,
            "event": event_of(run),
            "digest": short(run.digest),
            "reason": run.reason,
            "count": run.count,
            "range_end": iso_or_none(run.range_end),
            "merged": run.merged,
            "merged_from": iso_or_none(run.merged_from),
            "created_at": iso(run.created_at),
            "started_at": iso_or_none(run.started_at),
            "ended_at": iso_or_none(run.ended_at),
            "retry_at": iso_or_none(run.retry_at),
            "waits_for": self._waits(run),
            "late": late,
            "executions": run.executions,
            "paused_at": iso_or_none(run.paused_at),
            "paused_seconds": run.paused_seconds,
            "progress": _describe_progress(self._notes(run)),
            **_describe_exit(run.last_exit or AttemptExit()),
        }

    def describe_whole(
        self, run: Run, attempts: Sequence[Attempt], declared: Mapping[str, object], now: datetime
    ) -> Document:
        """Return all that is known of a run; `declared` is what its version declares, empty where that is not known."""
        is_snoozed = run.state is RunState.RETRYING and any(
            attempt.state is AttemptState.SNOOZED for attempt in attempts[-1:]
        )
        deadline = declared.get("deadline")
        return {
            **self.describe(run),
            "snoozed": is_snoozed,
            "deadline_at": iso_or_none(_deadline(run, deadline if isinstance(deadline, int) else None, now)),
            "retry_count": declared.get("retry_count", 0),
            "time_used": _time_used(run, attempts, now),
            "limits": {name: declared[name] for name in LIMITS if declared.get(name) is not None},
            **_describe_notes(self._notes(run)),
            "attempts": [_describe_attempt(attempt) for attempt in attempts],
        }

    def _waits(self, run: Run) -> str | None:
        """Return what a run waits for, where the working scheduler knows it."""
        return self._waits_for(run.id) if run.state in WAITING_STATES else None

    def _notes(self, run: Run) -> AttemptNotes:
        """Return what a run has told: while an attempt executes what that one told, else what the one before told."""
        if run.state is RunState.RUNNING:
            return self._notes_of(run.id) or NOTHING_TOLD
        return NOTHING_TOLD if run.last_exit is None else run.last_exit.notes


def _nothing_told(_run_id: int) -> None:
    """Tell that nothing is known of a run at work."""


def _nothing_known(_run_id: int) -> None:
    """Tell that nothing is known of what a run waits for."""


def describe_bad_end(run: Run) -> Document:
    """Return what a summary tells of a run that asks for a person."""
    return {
        "task": run.task_id,
        "run": run.id,
        "state": run.state.value,
        "when": iso(run.ended_at or run.created_at),
        "reason": run.reason,
    }


def _describe_attempt(attempt: Attempt) -> Document:
    ended = attempt.exit or AttemptExit()
    return {
        "number": attempt.id.number,
        "state": attempt.state.value,
        "digest": short(attempt.digest),
        "environment": short(attempt.environment),
        "output": attempt.output,
        "reason": attempt.reason,
        "claimed_at": iso(attempt.claimed_at),
        "started_at": iso_or_none(attempt.started_at or ended.started_at),
        "ended_at": iso_or_none(ended.ended_at),
        **_describe_exit(ended),
        "progress": _describe_progress(ended.notes),
        **_describe_notes(ended.notes),
    }


def _describe_progress(notes: AttemptNotes) -> Document | None:
    return None if notes.progress is None else dataclasses.asdict(notes.progress)


def _describe_notes(notes: AttemptNotes) -> Document:
    """Return what was told, less the progress, which is told of every run."""
    return {
        "metrics": dict(notes.metrics),
        "artifacts": [dataclasses.asdict(artifact) for artifact in notes.artifacts],
        "has_result": notes.result is not None,
        "result": None if notes.result is None else _result(notes.result),
        "refused": list(notes.refused),
    }


def _result(text: str) -> object:
    """Return what a text of JSON says, or the text where no answer could be made of that, as of a number too large."""
    try:
        value = json.loads(text)
        json.dumps(value, allow_nan=False)
    except (ValueError, RecursionError):
        return text
    return value


def _deadline(run: Run, seconds: float | None, now: datetime) -> datetime | None:
    """Return when a run that is not over ends at the latest, its pauses so far left out; None: nothing bounds it."""
    if run.is_final or run.started_at is None or seconds is None:
        return None
    going_on = 0.0 if run.paused_at is None else max(0.0, (now - run.paused_at).total_seconds())
    return run.started_at + timedelta(seconds=seconds + run.paused_seconds + going_on)


def _time_used(run: Run, attempts: Sequence[Attempt], now: datetime) -> float | None:
    """Return the seconds of its time limit that the attempt at work has used; None: none is, or it cannot be known."""
    current = attempts[-1] if attempts else None
    if run.state is not RunState.RUNNING or current is None or current.started_at is None:
        return None
    # The record has the pauses of the run: those of earlier attempts are known, those of waits between them are not.
    earlier = sum(0.0 if one.exit is None else one.exit.paused_seconds for one in attempts[:-1])
    paused = max(0.0, run.paused_seconds - earlier)
    if paused > _ROUNDING and len(attempts) > 1:
        return None
    end = now if run.paused_at is None else max(run.paused_at, current.started_at)
    return max(0.0, (end - current.started_at).total_seconds() - paused)


def _describe_exit(ended: AttemptExit) -> Document:
    return {
        "exit_code": ended.exit_code,
        "signal": ended.signal,
        "error": None
        if ended.error is None
        else {"kind": ended.error.kind, "message": ended.error.message, "place": ended.error.place},
        "duration": ended.duration,
        "duration_paused": ended.paused_seconds,
        "cpu_seconds": ended.cpu_seconds,
        "peak_memory": ended.peak_memory,
        "output_bytes": ended.output_bytes,
        "output_dropped": ended.output_dropped,
        "left_behind": ended.left_behind,
        "stopped_for": ended.stopped_for,
        "core_dumped": ended.core_dumped,
        "out_of_memory": ended.out_of_memory,
    }
