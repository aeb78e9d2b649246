"""What is told about runs, as events."""

from __future__ import annotations

from collections.abc import Mapping

from task_scheduler.core.events import Event, Level
from task_scheduler.core.outcomes import Outcome, Succeeded, reason_of
from task_scheduler.core.runs import Run, RunState
from task_scheduler.ports import AttemptEnd


def run_started(run: Run) -> Event:
    """Tell that an attempt executes."""
    return _event("run.started", run, "started", Level.DEBUG)


def run_adopted(run: Run) -> Event:
    """Tell that a run of a former scheduler was found alive."""
    return _event("run.adopted", run, "found alive and taken over")


def run_not_started(run: Run, outcome: Outcome) -> Event:
    """Tell that a run ended without a further attempt."""
    return _event(f"run.{run.state}", run, f"{_words(run.state)}: {reason_of(outcome)}", Level.WARNING)


def run_ended(run: Run, end: AttemptEnd) -> Event:
    """Tell how an attempt ended, and what becomes of its run."""
    fields = {"attempt": end.id.number, "duration": end.exit.duration, "cpu_seconds": end.exit.cpu_seconds}
    took = "" if end.exit.duration is None else f" in {end.exit.duration:.3g} s"
    if isinstance(end.outcome, Succeeded):
        return _event("run.succeeded", run, f"succeeded{took}", fields=fields)
    if run.state is RunState.RETRYING and run.retry_at is not None:
        message = (
            f"attempt {end.id.number}: {end.outcome.reason}; next attempt at {run.retry_at.astimezone():%H:%M:%S %Z}"
        )
        return _event("run.retrying", run, message, Level.WARNING, fields)
    return _event(f"run.{run.state}", run, f"{_words(run.state)}{took}: {end.outcome.reason}", Level.ERROR, fields)


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
