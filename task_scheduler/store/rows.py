"""Rows to domain objects and back, by hand: the one place that knows both shapes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields
from enum import StrEnum
from typing import Any

from task_scheduler.core.environments import Lock
from task_scheduler.core.errors import Problem, Severity
from task_scheduler.core.runs import Attempt, AttemptExit, AttemptId, AttemptState, ErrorSummary, Run, RunKind, RunState
from task_scheduler.core.tasks import (
    Jitter,
    Job,
    Missed,
    OnHoliday,
    Overlap,
    StartMethod,
    TaskDeclaration,
    TaskRecord,
    TaskStatus,
    TaskVersion,
)
from task_scheduler.store.documents import details_document, details_from, notes_document, notes_from

Values = dict[str, Any]

# --- runs -------------------------------------------------------------------------------------------------


def run_values(run: Run) -> Values:
    """Return the columns of a run."""
    return {
        "id": run.id,
        "kind": run.kind.value,
        "state": run.state.value,
        "task_id": run.task_id,
        "job_id": run.job_id,
        "function": run.function,
        "arguments": run.arguments,
        "scheduled_for": run.scheduled_for,
        "clock_generation": run.clock_generation,
        "request_id": run.request_id,
        "digest": run.digest,
        "reason": run.reason,
        "count": run.count,
        "range_end": run.range_end,
        "merged": run.merged,
        "merged_from": run.merged_from,
        "created_at": run.created_at,
        "started_at": run.started_at,
        "ended_at": run.ended_at,
        "retry_at": run.retry_at,
        "attempts": run.attempts,
        "executions": run.executions,
        "argv": list(run.argv),
        "pinned": run.pinned,
        "paused_at": run.paused_at,
        "paused_seconds": run.paused_seconds,
    }


def run_from(row: Sequence[Any], last_exit: AttemptExit | None = None) -> Run:
    """Read a run from the columns of `tables.runs`, in their order."""
    return Run(
        id=row[0],
        kind=RunKind(row[1]),
        state=RunState(row[2]),
        task_id=row[3],
        job_id=row[4],
        function=row[5],
        arguments=row[6],
        scheduled_for=row[7],
        clock_generation=row[8],
        request_id=row[9],
        digest=row[10],
        reason=row[11],
        count=row[12],
        range_end=row[13],
        merged=row[14],
        merged_from=row[15],
        created_at=row[16],
        started_at=row[17],
        ended_at=row[18],
        retry_at=row[19],
        attempts=row[20],
        executions=row[21],
        argv=tuple(row[22] or ()),
        pinned=row[23],
        paused_at=row[24],
        paused_seconds=row[25],
        last_exit=last_exit,
    )


#: Columns of a run that change after its row was inserted.
CHANGING_OF_RUN = (
    "state",
    "digest",
    "reason",
    "started_at",
    "ended_at",
    "retry_at",
    "attempts",
    "executions",
    "paused_at",
    "paused_seconds",
)

# --- attempts ---------------------------------------------------------------------------------------------


def attempt_values(attempt: Attempt, process: str | None = "") -> Values:
    """Return the columns of an attempt; `process` is what proves its process."""
    return {
        "run_id": attempt.id.run_id,
        "number": attempt.id.number,
        "state": attempt.state.value,
        "digest": attempt.digest,
        "environment": attempt.environment,
        "placement": attempt.placement,
        "process": process,
        "output": attempt.output,
        "reason": attempt.reason,
        "claimed_at": attempt.claimed_at,
        "started_at": attempt.started_at,
        **(_NO_EXIT if attempt.exit is None else _exit_values(attempt.exit)),
    }


def _exit_values(exit_: AttemptExit) -> Values:
    error = exit_.error
    return {
        "ended_at": exit_.ended_at,
        "exit_code": exit_.exit_code,
        "signal": exit_.signal,
        "stopped_for": exit_.stopped_for,
        "error_kind": error and error.kind,
        "error_message": error and error.message,
        "error_place": error and error.place,
        "duration": exit_.duration,
        "cpu_seconds": exit_.cpu_seconds,
        "peak_memory": exit_.peak_memory,
        "output_bytes": exit_.output_bytes,
        "output_dropped": exit_.output_dropped,
        "left_behind": exit_.left_behind,
        "details": details_document(exit_),
        "notes": notes_document(exit_.notes),
    }


_NO_EXIT: Mapping[str, None] = dict.fromkeys(_exit_values(AttemptExit()))

#: Columns of an attempt that change after its row was inserted.
CHANGING_OF_ATTEMPT = ("state", "process", "reason", "started_at", *_NO_EXIT)


def attempt_from(row: Sequence[Any]) -> Attempt:
    """Read an attempt from the columns of `tables.attempts`, in their order."""
    return Attempt(
        id=AttemptId(run_id=row[0], number=row[1]),
        state=AttemptState(row[2]),
        digest=row[3],
        environment=row[4],
        placement=row[5],
        output=row[7],
        reason=row[8],
        claimed_at=row[9],
        started_at=row[10],
        exit=exit_from(row[10:]),
    )


#: Place of what an attempt told among the columns of `exit_from`.
_NOTES = 15


def exit_from(row: Sequence[Any]) -> AttemptExit | None:
    """Read an exit from the columns of `tables.attempts` from `started_at` on; None where none is recorded.

    The last column, what it told, may be left out.
    """
    if row[11] is None:
        return None
    return AttemptExit(
        exit_code=row[2],
        signal=row[3],
        stopped_for=row[4],
        error=None if row[5] is None else ErrorSummary(kind=row[5], message=row[6], place=row[7]),
        started_at=row[0],
        ended_at=row[1],
        duration=row[8],
        cpu_seconds=row[9],
        peak_memory=row[10],
        output_bytes=row[11],
        output_dropped=row[12],
        left_behind=row[13],
        notes=notes_from(row[_NOTES] if len(row) > _NOTES else None),
        **details_from(row[14]),
    )


# --- tasks ------------------------------------------------------------------------------------------------


def task_values(task: TaskRecord) -> Values:
    """Return the columns of a task."""
    return {
        "task_id": task.task_id,
        "path": task.path,
        "status": task.status.value,
        "title": task.title,
        "digest": task.digest,
        "version": task.version,
        "problems": [asdict(problem) for problem in task.problems],
        "detail": task.detail,
        "updated_at": task.updated_at,
        "stamp": task.stamp,
    }


def task_from(row: Sequence[Any]) -> TaskRecord:
    """Read a task from the columns of `tables.tasks`, in their order."""
    return TaskRecord(
        task_id=row[0],
        path=row[1],
        status=TaskStatus(row[2]),
        title=row[3],
        digest=row[4],
        version=row[5],
        problems=tuple(Problem(**{**said, "severity": Severity(said["severity"])}) for said in row[6]),
        detail=row[7],
        updated_at=row[8],
        stamp=row[9],
    )


#: A declaration holds plain values, and tuples and mappings of them: copying them deeply would take longer than
#: writing them.
_OF_DECLARATION = tuple(field.name for field in fields(TaskDeclaration))


def version_values(version: TaskVersion) -> Values:
    """Return the columns of a version, but for its number."""
    return {
        "task_id": version.task_id,
        "digest": version.digest,
        "environment": version.environment,
        "declaration": _declaration_document(version.declaration),
        "preload": list(version.preload),
        "local_digest": version.local_digest,
        "functions": list(version.functions),
        "admitted_at": version.admitted_at,
    }


def version_from(row: Sequence[Any]) -> TaskVersion:
    """Read a version from the columns of `tables.versions`, in their order."""
    return TaskVersion(
        task_id=row[1],
        digest=row[2],
        environment=row[3],
        declaration=_declaration_from(row[4]),
        preload=tuple(row[5]),
        local_digest=row[6],
        functions=tuple(row[7]),
        admitted_at=row[8],
    )


def _declaration_document(declaration: TaskDeclaration) -> Values:
    jitter = declaration.jitter
    return {name: getattr(declaration, name) for name in _OF_DECLARATION} | {
        "env": dict(declaration.env),
        "jitter": None if jitter is None else {"up_to": jitter.up_to, "fresh": jitter.fresh},
    }


def _declaration_from(document: Values) -> TaskDeclaration:
    # JSON knows lists only, and every sequence of a declaration is a tuple.
    values: Values = {name: tuple(value) if isinstance(value, list) else value for name, value in document.items()}
    for name, kind in _ENUMS_OF_DECLARATION.items():
        if values.get(name) is not None:
            values[name] = kind(values[name])
    if values.get("jitter") is not None:
        values["jitter"] = Jitter(**values["jitter"])
    return TaskDeclaration(**values)


_ENUMS_OF_DECLARATION: Mapping[str, type[StrEnum]] = {
    "start_method": StartMethod,
    "overlap": Overlap,
    "missed": Missed,
    "on_holiday": OnHoliday,
}


def job_from(row: Sequence[Any]) -> Job:
    """Read a job from the columns of `tables.jobs`, in their order."""
    return Job(
        id=row[0],
        task_id=row[1],
        function=row[2],
        trigger=row[3],
        timezone=row[4],
        arguments=row[5],
        active=row[6],
        next_run=row[7],
        tags=tuple(row[8]),
    )


def lock_from(row: Sequence[Any]) -> Lock:
    """Read a lock from the columns of `tables.locks`, in their order."""
    return Lock(key=row[0], text=row[1], python=row[2], platform=row[3])
