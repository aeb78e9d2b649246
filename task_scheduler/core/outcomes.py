"""How a run or an attempt ended, as values, and the one function that judges an exit.

Consume an outcome with `match`, closed by `assert_never`.
"""

from __future__ import annotations

import signal as signals
from dataclasses import dataclass
from typing import assert_never

from task_scheduler.core.runs import AttemptExit, AttemptState, RunState

#: `AttemptExit.stopped_for` of an attempt that was ended at its time limit.
STOPPED_FOR_TIMEOUT = "timeout"


@dataclass(frozen=True, slots=True)
class Succeeded:
    """It ended by itself with exit code 0."""


@dataclass(frozen=True, slots=True)
class Failed:
    """It ended by itself in any other way, or could not be started at all."""

    reason: str


@dataclass(frozen=True, slots=True)
class TimedOut:
    """It was ended, with its whole tree, at the time limit."""

    reason: str


@dataclass(frozen=True, slots=True)
class Cancelled:
    """It was ended, or taken from the queue, because someone asked."""

    reason: str


@dataclass(frozen=True, slots=True)
class Interrupted:
    """It is proved dead, and how it ended is not known."""

    reason: str


@dataclass(frozen=True, slots=True)
class Skipped:
    """It was not run, on purpose."""

    reason: str


@dataclass(frozen=True, slots=True)
class Missed:
    """It was not run because its time had passed."""

    reason: str


Outcome = Succeeded | Failed | TimedOut | Cancelled | Interrupted | Skipped | Missed

#: The outcomes an execution can have.
Ended = Succeeded | Failed | TimedOut | Cancelled | Interrupted


def state_of(outcome: Outcome) -> RunState:
    """Return the final state a run with this outcome takes."""
    match outcome:
        case Succeeded():
            return RunState.SUCCEEDED
        case Failed():
            return RunState.FAILED
        case TimedOut():
            return RunState.TIMED_OUT
        case Cancelled():
            return RunState.CANCELLED
        case Interrupted():
            return RunState.INTERRUPTED
        case Skipped():
            return RunState.SKIPPED
        case Missed():
            return RunState.MISSED
        case _:
            assert_never(outcome)


def attempt_state_of(outcome: Ended) -> AttemptState:
    """Return the final state an attempt with this outcome takes."""
    return AttemptState(state_of(outcome).value)


def reason_of(outcome: Outcome) -> str:
    """Return why it ended as it did; empty for success."""
    return "" if isinstance(outcome, Succeeded) else outcome.reason


def judge_exit(exit_: AttemptExit, *, timeout: float | None) -> Ended:
    """Say what the measured facts of an end mean.

    `timeout` is the limit in seconds that was in force, for the sentence; None: there was none.
    """
    if exit_.stopped_for == STOPPED_FOR_TIMEOUT:
        limit = "its time limit" if timeout is None else f"its time limit of {timeout:g} s"
        return TimedOut(f"ended at {limit}")
    if exit_.stopped_for is not None:
        return Cancelled(exit_.stopped_for)
    if exit_.exit_code is None and exit_.signal is None:
        return Interrupted("its process is gone and nobody saw it end")
    if exit_.exit_code == 0:
        return Succeeded()
    return Failed(_failure(exit_))


def _failure(exit_: AttemptExit) -> str:
    if exit_.signal is not None:
        return f"ended by signal {_signal_name(exit_.signal)}"
    if exit_.error is None:
        return f"exit code {exit_.exit_code}"
    said = f"{exit_.error.kind}: {exit_.error.message}" if exit_.error.message else exit_.error.kind
    return f"{said} ({exit_.error.place})" if exit_.error.place else said


def _signal_name(number: int) -> str:
    try:
        return f"{signals.Signals(number).name} ({number})"
    except ValueError:
        return str(number)
