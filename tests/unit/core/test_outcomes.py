"""What the measured facts of an end mean: the exit truth table, row by row. docs/runs.md shows it to people."""

from __future__ import annotations

import signal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from task_scheduler.core.outcomes import (
    Cancelled,
    Ended,
    Failed,
    Interrupted,
    Missed,
    Outcome,
    Skipped,
    Snoozed,
    Succeeded,
    TimedOut,
    attempt_state_of,
    judge_exit,
    reason_of,
    state_of,
)
from task_scheduler.core.runs import (
    FINAL,
    AttemptExit,
    AttemptState,
    EndKind,
    EndRequest,
    ErrorSummary,
    RunState,
    StopCause,
)

ERROR = ErrorSummary(kind="ValueError", message="no rows", place="tasks/report.py:2 in start")
LEFT_BY_TEXT = ErrorSummary(kind="SystemExit", message="no input found")
SKIP = EndRequest(kind=EndKind.SKIP, reason="no new files")
SNOOZE = EndRequest(kind=EndKind.SNOOZE, seconds=90)
CANCEL = EndRequest(kind=EndKind.CANCEL, reason="the season is over")
MB, MIB = 10**6, 2**20

BY_ITSELF: list[tuple[AttemptExit, Ended]] = [
    (AttemptExit(exit_code=0), Succeeded()),
    (AttemptExit(exit_code=1), Failed("exit code 1")),
    (AttemptExit(exit_code=3), Failed("exit code 3")),
    (AttemptExit(exit_code=255), Failed("exit code 255")),
    (
        AttemptExit(exit_code=120),
        Failed("exit code 120, which Python gives when what was printed could not be written at the end"),
    ),
    (
        AttemptExit(exit_code=125),
        Failed("exit code 125, which an attempt has that could not begin: its output tells more"),
    ),
    (AttemptExit(exit_code=1, error=LEFT_BY_TEXT), Failed("exit code 1: no input found")),
    (AttemptExit(exit_code=1, error=ERROR), Failed("ValueError: no rows (tasks/report.py:2 in start)")),
    (AttemptExit(exit_code=1, error=ErrorSummary(kind="KeyError", message="x")), Failed("KeyError: x")),
    (AttemptExit(exit_code=1, error=ErrorSummary(kind="Stop", message="")), Failed("Stop")),
    (
        AttemptExit(exit_code=125, error=ErrorSummary(kind="CannotConfine", message="user: ann is no user")),
        Failed("user: ann is no user"),
    ),
    (AttemptExit(signal=2), Failed("ended by signal SIGINT (2)")),
    (AttemptExit(signal=9), Failed("ended by signal SIGKILL (9)")),
    (AttemptExit(signal=11, error=ERROR), Failed("ended by signal SIGSEGV (11)")),
    (AttemptExit(signal=6, core_dumped=True), Failed("ended by signal SIGABRT (6), core dumped")),
    (AttemptExit(signal=63), Failed("ended by signal 63")),
    (AttemptExit(signal=9, out_of_memory=True), Failed("ended by the kernel, since memory ran out")),
    (
        AttemptExit(signal=9, out_of_memory=True, peak_memory=1_500 * MB),
        Failed("ended by the kernel, since memory ran out; it had 1.5 GB at its peak"),
    ),
    (AttemptExit(), Interrupted("its process is gone and nobody saw it end")),
]

AT_A_LIMIT: list[tuple[AttemptExit, Ended]] = [
    (
        AttemptExit(signal=9, stopped_for="timeout", stop_limit=300, stop_value=300.1),
        TimedOut("ended at its time limit of 300 s"),
    ),
    (AttemptExit(exit_code=0, stopped_for="timeout", stop_limit=0.5), TimedOut("ended at its time limit of 0.5 s")),
    (AttemptExit(exit_code=0, stopped_for="timeout"), TimedOut("ended at its time limit")),
    (
        AttemptExit(signal=15, stopped_for="deadline", stop_limit=41.26),
        TimedOut("ended at its run's deadline, which left this attempt 41.3 s"),
    ),
    (
        AttemptExit(signal=15, stopped_for="deadline", stop_limit=7_199.8),
        TimedOut("ended at its run's deadline, which left this attempt 7200 s"),
    ),
    (AttemptExit(signal=15, stopped_for="deadline"), TimedOut("ended at its run's deadline")),
    (
        AttemptExit(
            signal=9, stopped_for="memory_limit", stop_limit=512 * MB, stop_value=512.2 * MB, peak_memory=530 * MB
        ),
        Failed("ended at 530 MB of the 512 MB of memory it may take"),
    ),
    (
        AttemptExit(
            signal=9, stopped_for="memory_limit", stop_limit=512 * MIB, stop_value=600 * MIB, peak_memory=600 * MIB
        ),
        Failed("ended at 600 MiB of the 512 MiB of memory it may take"),
    ),
    (
        AttemptExit(signal=9, stopped_for="memory_limit", stop_limit=1_500 * MB, stop_value=1_700 * MB),
        Failed("ended at 1.7 GB of the 1.5 GB of memory it may take"),
    ),
    (
        # A kernel's limit lets nothing beyond it be measured.
        AttemptExit(signal=9, stopped_for="memory_limit", stop_limit=64 * MB, stop_value=63.9 * MB),
        Failed("ended at 64 MB of the 64 MB of memory it may take"),
    ),
    (AttemptExit(signal=9, stopped_for="memory_limit"), Failed("ended at its memory limit")),
    (
        AttemptExit(signal=9, stopped_for="memory_limit", peak_memory=70 * MB),
        Failed("ended at its memory limit, at its peak 70 MB"),
    ),
    (
        AttemptExit(signal=24, stopped_for="cpu_limit", stop_limit=60, stop_value=60.28),
        Failed("ended after 60.3 s of processor time, of 60 s it may take"),
    ),
    (
        AttemptExit(signal=9, stopped_for="cpu_limit", stop_limit=60),
        Failed("ended after 60 s of processor time, of 60 s it may take"),
    ),
    (AttemptExit(signal=9, stopped_for="cpu_limit"), Failed("ended at its limit of processor time")),
    (
        AttemptExit(signal=9, stopped_for="max_processes", stop_limit=20, stop_value=31),
        Failed("had 31 processes, of 20 it may have"),
    ),
    (
        AttemptExit(signal=9, stopped_for="max_processes", stop_limit=20, stop_value=20),
        Failed("wanted more than the 20 processes it may have"),
    ),
    (AttemptExit(signal=9, stopped_for="max_processes"), Failed("ended at its limit of processes")),
    (AttemptExit(signal=15, stopped_for="asked by ann"), Cancelled("asked by ann")),
    (AttemptExit(exit_code=0, stopped_for="asked by ann"), Cancelled("asked by ann")),
]

AS_ASKED: list[tuple[AttemptExit, Ended]] = [
    (AttemptExit(exit_code=0, end_request=SKIP), Skipped("no new files")),
    (
        AttemptExit(exit_code=0, end_request=EndRequest(kind=EndKind.SKIP)),
        Skipped("its own code said that there was nothing to do"),
    ),
    (AttemptExit(exit_code=0, end_request=CANCEL), Cancelled("the season is over")),
    (AttemptExit(exit_code=0, end_request=EndRequest(kind=EndKind.CANCEL)), Cancelled("its own code cancelled it")),
    (AttemptExit(exit_code=0, end_request=SNOOZE), Snoozed("its own code asked to be run again in 90 s", 90)),
    (
        AttemptExit(exit_code=0, end_request=EndRequest(kind=EndKind.SNOOZE, reason="no file yet", seconds=5.5)),
        Snoozed("no file yet", 5.5),
    ),
    (
        AttemptExit(exit_code=0, end_request=EndRequest(kind=EndKind.SNOOZE)),
        Snoozed("its own code asked to be run again in 0 s", 0),
    ),
    # It counts only where nothing went wrong after it.
    (AttemptExit(exit_code=120, end_request=SKIP), Failed(BY_ITSELF[4][1].reason)),  # type: ignore[union-attr]
    (AttemptExit(exit_code=7, end_request=CANCEL), Failed("exit code 7")),
    (AttemptExit(signal=11, end_request=SNOOZE), Failed("ended by signal SIGSEGV (11)")),
    (AttemptExit(exit_code=0, end_request=SKIP, stopped_for="asked by ann"), Cancelled("asked by ann")),
    (
        AttemptExit(exit_code=0, end_request=SNOOZE, stopped_for="timeout", stop_limit=5),
        TimedOut("ended at its time limit of 5 s"),
    ),
    (AttemptExit(end_request=SKIP), Interrupted("its process is gone and nobody saw it end")),
]


@pytest.mark.parametrize(("exit_", "outcome"), [*BY_ITSELF, *AT_A_LIMIT, *AS_ASKED])
def test_an_exit_is_judged_by_its_facts(exit_: AttemptExit, outcome: Ended) -> None:
    assert judge_exit(exit_) == outcome


@pytest.mark.parametrize(
    ("exit_", "timeout", "reason"),
    [
        (AttemptExit(signal=9, stopped_for="timeout"), 300, "ended at its time limit of 300 s"),
        (AttemptExit(signal=9, stopped_for="timeout", stop_limit=5), 300, "ended at its time limit of 5 s"),
    ],
)
def test_a_time_limit_that_an_older_host_did_not_tell_is_given_by_whoever_asks(
    exit_: AttemptExit, timeout: float, reason: str
) -> None:
    assert judge_exit(exit_, timeout=timeout) == TimedOut(reason)


@pytest.mark.parametrize(
    ("left", "said"),
    [
        (3.0, "ended at its run's deadline of 30 s, which left this attempt 3 s"),
        (29.98, "ended at its run's deadline of 30 s"),
        (None, "ended at its run's deadline of 30 s"),
    ],
)
def test_a_deadline_is_named_as_declared_and_what_it_left_where_that_was_less(left: float | None, said: str) -> None:
    facts = AttemptExit(signal=15, stopped_for="deadline", stop_limit=left)

    assert judge_exit(facts, deadline=30) == TimedOut(said)


@given(st.integers(1, 255))
def test_every_other_exit_code_is_a_failure_that_names_it(code: int) -> None:
    outcome = judge_exit(AttemptExit(exit_code=code))

    assert isinstance(outcome, Failed)
    assert outcome.reason.startswith(f"exit code {code}")


@pytest.mark.parametrize("number", list(signal.Signals), ids=lambda each: each.name)
def test_every_signal_is_a_failure_that_names_it(number: signal.Signals) -> None:
    assert judge_exit(AttemptExit(signal=number.value)) == Failed(f"ended by signal {number.name} ({number.value})")


@pytest.mark.parametrize("cause", StopCause)
@pytest.mark.parametrize("exit_code", [0, 143])
def test_no_limit_is_a_success_or_a_cancellation_however_the_process_took_it(cause: StopCause, exit_code: int) -> None:
    outcome = judge_exit(AttemptExit(exit_code=exit_code, stopped_for=cause.value))

    assert isinstance(outcome, TimedOut if cause in {StopCause.TIMEOUT, StopCause.DEADLINE} else Failed)


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


@pytest.mark.parametrize(("outcome", "state"), STATES[:6])
def test_an_attempt_takes_the_state_of_the_same_name(outcome: Ended, state: RunState) -> None:
    assert attempt_state_of(outcome) is AttemptState(state.value)


def test_a_snooze_is_a_state_of_an_attempt_alone() -> None:
    assert attempt_state_of(Snoozed("x", 5)) is AttemptState.SNOOZED
    assert reason_of(Snoozed("x", 5)) == "x"
