"""How a run or an attempt ended, as values, and the one function that judges an exit.

Consume an outcome with `match`, closed by `assert_never`.
"""

from __future__ import annotations

import signal as signals
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import assert_never

from task_scheduler.core.quantities import spell_size, unit_of
from task_scheduler.core.runs import AttemptExit, AttemptState, EndKind, EndRequest, RunState, StopCause

#: Why a slot is missed that a person gave up.
GIVEN_UP = "given up by reset-schedules"
#: Exit code of an attempt whose code could not be begun.
_CANNOT_BEGIN = 125
#: Exit codes with a meaning that is not the task's own, unless its code gives them itself.
_MEANINGS: Mapping[int, str] = MappingProxyType(
    {
        120: ", which Python gives when what was printed could not be written at the end",
        _CANNOT_BEGIN: ", which an attempt has that could not begin: its output tells more",
    }
)
#: From here on, parts of a second say nothing.
_MANY_SECONDS = 1_000


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
class Snoozed:
    """Its own code asked to be run again later; an outcome of an attempt alone, never of a run."""

    reason: str
    seconds: float


@dataclass(frozen=True, slots=True)
class Missed:
    """It was not run because its time had passed."""

    reason: str


Outcome = Succeeded | Failed | TimedOut | Cancelled | Interrupted | Skipped | Missed

#: The outcomes an execution can have.
Ended = Succeeded | Failed | TimedOut | Cancelled | Interrupted | Skipped | Snoozed


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
    return AttemptState.SNOOZED if isinstance(outcome, Snoozed) else AttemptState(state_of(outcome).value)


def reason_of(outcome: Outcome | Snoozed) -> str:
    """Return why it ended as it did; empty for success."""
    return "" if isinstance(outcome, Succeeded) else outcome.reason


def judge_exit(exit_: AttemptExit, *, timeout: float | None = None, deadline: float | None = None) -> Ended:
    """Say what the measured facts of an end mean.

    `timeout` is the limit in seconds for the sentence where the facts do not tell it: a host of an older program
    did not write it down. `deadline` is the one declared for the run, of which an attempt's facts know only the rest.
    """
    if exit_.stopped_for is not None:
        return _stopped(exit_.stopped_for, exit_, timeout, deadline)
    if exit_.exit_code is None and exit_.signal is None:
        return Interrupted("its process is gone and nobody saw it end")
    if exit_.exit_code == 0:
        return Succeeded() if exit_.end_request is None else _as_asked(exit_.end_request)
    return Failed(_failure(exit_))


def _stopped(why: str, exit_: AttemptExit, timeout: float | None, deadline: float | None) -> Ended:
    """Judge an attempt that was ended from outside."""
    limit, value = exit_.stop_limit, exit_.stop_value
    match why:
        case StopCause.TIMEOUT:
            known = timeout if limit is None else limit
            return TimedOut("ended at its time limit" + ("" if known is None else f" of {known:g} s"))
        case StopCause.DEADLINE:
            return TimedOut(_of_deadline(limit, deadline))
        case StopCause.MEMORY:
            return Failed(_of_memory(limit, value, exit_.peak_memory))
        case StopCause.CPU:
            return Failed(_of_processor_time(limit, value))
        case StopCause.PROCESSES:
            return Failed(_of_processes(limit, value))
        case _:
            return Cancelled(why)


def _of_deadline(left: float | None, declared: float | None) -> str:
    said = "ended at its run's deadline" + ("" if declared is None else f" of {_seconds(declared)}")
    # Earlier attempts and the waits between them had their part of it.
    had_less = left is not None and (declared is None or _seconds(left) != _seconds(declared))
    return f"{said}, which left this attempt {_seconds(left)}" if had_less and left is not None else said


def _of_memory(limit: float | None, value: float | None, peak: int | None) -> str:
    """Return at how much it was ended: the most that was seen of it, at least its limit."""
    if limit is None:
        at = "" if peak is None else f", at its peak {spell_size(peak, unit_of(peak))}"
        return f"ended at its memory limit{at}"
    unit = unit_of(limit)
    most = spell_size(max(limit, value or 0, peak or 0), unit)
    return f"ended at {most} of the {spell_size(limit, unit)} of memory it may take"


def _of_processor_time(limit: float | None, value: float | None) -> str:
    if limit is None:
        return "ended at its limit of processor time"
    return f"ended after {_seconds(max(limit, value or 0))} of processor time, of {_seconds(limit)} it may take"


def _of_processes(limit: float | None, value: float | None) -> str:
    if limit is None:
        return "ended at its limit of processes"
    if value is None or value <= limit:
        return f"wanted more than the {limit:.0f} processes it may have"
    return f"had {value:.0f} processes, of {limit:.0f} it may have"


def _as_asked(request: EndRequest) -> Ended:
    """Judge an attempt whose own code said how."""
    match request.kind:
        case EndKind.SKIP:
            return Skipped(request.reason or "its own code said that there was nothing to do")
        case EndKind.CANCEL:
            return Cancelled(request.reason or "its own code cancelled it")
        case EndKind.SNOOZE:
            seconds = request.seconds or 0.0
            return Snoozed(request.reason or f"its own code asked to be run again in {_seconds(seconds)}", seconds)
        case _:
            assert_never(request.kind)


def _failure(exit_: AttemptExit) -> str:
    if exit_.signal is not None:
        return _by_signal(exit_, exit_.signal)
    if exit_.error is None:
        return f"exit code {exit_.exit_code}{_MEANINGS.get(exit_.exit_code or 0, '')}"
    if exit_.error.kind == "SystemExit":
        return f"exit code {exit_.exit_code}: {exit_.error.message}"
    if exit_.exit_code == _CANNOT_BEGIN and exit_.error.message:
        return exit_.error.message  # it is ours, and what we call it says nothing to a person
    said = f"{exit_.error.kind}: {exit_.error.message}" if exit_.error.message else exit_.error.kind
    return f"{said} ({exit_.error.place})" if exit_.error.place else said


def _by_signal(exit_: AttemptExit, number: int) -> str:
    if exit_.out_of_memory:
        unit = unit_of(exit_.peak_memory or 0)
        at = "" if exit_.peak_memory is None else f"; it had {spell_size(exit_.peak_memory, unit)} at its peak"
        return f"ended by the kernel, since memory ran out{at}"
    return f"ended by signal {_signal_name(number)}{', core dumped' if exit_.core_dumped else ''}"


def _signal_name(number: int) -> str:
    try:
        return f"{signals.Signals(number).name} ({number})"
    except ValueError:
        return str(number)


def _seconds(seconds: float) -> str:
    return f"{round(seconds, 1):g} s" if seconds < _MANY_SECONDS else f"{seconds:.0f} s"
