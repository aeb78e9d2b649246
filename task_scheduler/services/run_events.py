"""What is told about runs, as events."""

from __future__ import annotations

from collections.abc import Mapping

from task_scheduler.core.events import Event, Level
from task_scheduler.core.outcomes import Outcome, Snoozed, reason_of
from task_scheduler.core.requests import Told
from task_scheduler.core.runs import AttemptNotes, Progress, Run, RunState
from task_scheduler.ports import AttemptEnd

#: How much the end of a run matters; what is not named here went wrong.
_LEVELS = {RunState.SUCCEEDED: Level.INFO, RunState.SKIPPED: Level.INFO, RunState.CANCELLED: Level.WARNING}


def run_started(run: Run) -> Event:
    """Tell that an attempt executes."""
    return _event("run.started", run, "started", Level.DEBUG)


def run_adopted(run: Run) -> Event:
    """Tell that a run of a former scheduler was found alive."""
    return _event("run.adopted", run, "found alive and taken over")


def run_told(run: Run, told: Told) -> Event:
    """Tell what an attempt says of its work."""
    fields = {"attempt": told.id.number, "metrics": dict(told.notes.metrics)}
    return _event("run.told", run, _said(told.notes), Level.DEBUG, fields)


def run_stopping(run: Run, reason: str) -> Event:
    """Tell that an execution is to end because somebody asked."""
    return _event("run.stopping", run, f"is being ended: {reason}")


def run_paused(run: Run) -> Event:
    """Tell that a run is to stand still from now on."""
    return _event("run.paused", run, "paused")


def run_resumed(run: Run) -> Event:
    """Tell that a paused run is to go on."""
    return _event("run.resumed", run, "resumed")


def run_not_started(run: Run, outcome: Outcome) -> Event:
    """Tell that a run ended without a further attempt."""
    return _event(f"run.{run.state}", run, f"{_words(run.state)}: {reason_of(outcome)}", Level.WARNING)


def run_ended(run: Run, end: AttemptEnd) -> Event:
    """Tell how an attempt ended, and what becomes of its run."""
    fields = {"attempt": end.id.number, "duration": end.exit.duration, "cpu_seconds": end.exit.cpu_seconds}
    if run.state is RunState.RETRYING and run.retry_at is not None:
        return _run_goes_on(run, end, f"{run.retry_at.astimezone():%H:%M:%S %Z}", fields)
    took = "" if end.exit.duration is None else f" in {_spelled(end.exit.duration)}"
    reason = f": {run.reason}" if run.reason else ""
    level = _LEVELS.get(run.state, Level.ERROR)
    return _event(f"run.{run.state}", run, f"{_words(run.state)}{took}{reason}", level, fields)


def _spelled(seconds: float) -> str:
    """Return a duration as tables have it below a second."""
    return f"{seconds * 1_000:.0f} ms" if seconds < 0.9995 else f"{seconds:.3g} s"


def _run_goes_on(run: Run, end: AttemptEnd, moment: str, fields: Mapping[str, object]) -> Event:
    number, reason = end.id.number, reason_of(end.outcome)
    if isinstance(end.outcome, Snoozed):
        message = f"attempt {number} snoozed: {reason}; it is run again at {moment}"
        return _event("run.snoozed", run, message, Level.INFO, fields)
    message = f"attempt {number}: {reason}; next attempt at {moment}"
    return _event("run.retrying", run, message, Level.WARNING, fields)


def _said(notes: AttemptNotes) -> str:
    """Return the newest of what an attempt told, in a few words."""
    if notes.progress is None:
        return "told of its work"
    return " ".join(filter(None, ["progress", _how_far(notes.progress), notes.progress.text]))


def _how_far(progress: Progress) -> str:
    return f"{progress.done:g}" if progress.total is None else f"{progress.done:g}/{progress.total:g}"


def _words(state: RunState) -> str:
    return state.replace("_", " ")


def _event(
    name: str, run: Run, message: str, level: Level = Level.INFO, fields: Mapping[str, object] | None = None
) -> Event:
    return Event(
        name=name,
        message=f"{run.task_id} run {run.id} {message}",
        level=level,
        fields={"task": run.task_id, "run": run.id, "state": str(run.state), **(fields or {})},
    )
