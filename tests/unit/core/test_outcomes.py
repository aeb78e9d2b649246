"""What the measured facts of an end mean."""

from __future__ import annotations

import pytest

from task_scheduler.core.outcomes import (
    Cancelled,
    Ended,
    Failed,
    Interrupted,
    Missed,
    Outcome,
    Skipped,
    Succeeded,
    TimedOut,
    attempt_state_of,
    judge_exit,
    reason_of,
    state_of,
)
from task_scheduler.core.runs import FINAL, AttemptExit, AttemptState, ErrorSummary, RunState

ERROR = ErrorSummary(kind="ValueError", message="no rows", place="tasks/report.py:2 in start")

EXITS: list[tuple[AttemptExit, float | None, Ended]] = [
    (AttemptExit(exit_code=0), None, Succeeded()),
    (AttemptExit(exit_code=3), None, Failed("exit code 3")),
    (AttemptExit(exit_code=1, error=ERROR), None, Failed("ValueError: no rows (tasks/report.py:2 in start)")),
    (AttemptExit(exit_code=1, error=ErrorSummary(kind="KeyError", message="x")), None, Failed("KeyError: x")),
    (AttemptExit(exit_code=1, error=ErrorSummary(kind="Stop", message="")), None, Failed("Stop")),
    (AttemptExit(signal=9), None, Failed("ended by signal SIGKILL (9)")),
    (AttemptExit(signal=11, error=ERROR), None, Failed("ended by signal SIGSEGV (11)")),
    (AttemptExit(signal=63), None, Failed("ended by signal 63")),
    (AttemptExit(signal=9, stopped_for="timeout"), 300, TimedOut("ended at its time limit of 300 s")),
    (AttemptExit(signal=9, stopped_for="timeout"), 0.5, TimedOut("ended at its time limit of 0.5 s")),
    (AttemptExit(exit_code=0, stopped_for="timeout"), None, TimedOut("ended at its time limit")),
    (AttemptExit(signal=15, stopped_for="asked by ann"), None, Cancelled("asked by ann")),
    (AttemptExit(), 300, Interrupted("its process is gone and nobody saw it end")),
]


@pytest.mark.parametrize(("exit_", "timeout", "outcome"), EXITS)
def test_an_exit_is_judged_by_its_facts(exit_: AttemptExit, timeout: float | None, outcome: Ended) -> None:
    assert judge_exit(exit_, timeout=timeout) == outcome


STATES: list[tuple[Outcome, RunState]] = [
    (Succeeded(), RunState.SUCCEEDED),
    (Failed("x"), RunState.FAILED),
    (TimedOut("x"), RunState.TIMED_OUT),
    (Cancelled("x"), RunState.CANCELLED),
    (Interrupted("x"), RunState.INTERRUPTED),
    (Skipped("x"), RunState.SKIPPED),
    (Missed("x"), RunState.MISSED),
]


@pytest.mark.parametrize(("outcome", "state"), STATES)
def test_an_outcome_makes_a_final_state_and_has_a_reason_unless_it_is_success(
    outcome: Outcome, state: RunState
) -> None:
    assert state_of(outcome) is state
    assert reason_of(outcome) == ("" if state is RunState.SUCCEEDED else "x")


def test_every_final_state_has_its_outcome() -> None:
    assert {state for _, state in STATES} == FINAL


@pytest.mark.parametrize(("outcome", "state"), STATES[:5])
def test_an_attempt_takes_the_state_of_the_same_name(outcome: Ended, state: RunState) -> None:
    assert attempt_state_of(outcome) is AttemptState(state.value)
