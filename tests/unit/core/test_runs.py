"""States, transitions and names that are persisted."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from task_scheduler.core.errors import IllegalTransition
from task_scheduler.core.runs import (
    ACTIVE,
    ATTEMPT_TRANSITIONS,
    FINAL,
    OPEN_ATTEMPTS,
    TRANSITIONS,
    AttemptId,
    AttemptNotes,
    AttemptState,
    EndKind,
    RunKind,
    RunState,
    StopCause,
    check_attempt_transition,
    check_transition,
    output_name,
)
from task_scheduler.core.tasks import FileKind, Overlap, TaskStatus
from task_scheduler.testing.builders import a_run


def test_persisted_values_are_never_renamed() -> None:
    frozen = {
        RunState: "queued running retrying succeeded failed timed_out cancelled interrupted skipped missed",
        AttemptState: "claimed running succeeded failed timed_out cancelled interrupted skipped snoozed void",
        RunKind: "scheduled manual event recovered",
        StopCause: "timeout deadline memory_limit cpu_limit max_processes",
        EndKind: "skip snooze cancel",
        Overlap: "skip queue queue_one parallel replace",
        TaskStatus: "active preparing disabled invalid module deleted",
        FileKind: "task module",
    }

    assert {enum: " ".join(member.value for member in enum) for enum in frozen} == frozen


def test_an_attempt_that_told_anything_is_told_from_one_that_did_not() -> None:
    assert AttemptNotes().is_empty
    assert not AttemptNotes(metrics={"rows": 0}).is_empty


def test_every_state_is_either_active_or_final() -> None:
    assert ACTIVE.isdisjoint(FINAL)
    assert frozenset(RunState) == ACTIVE | FINAL
    assert TRANSITIONS.keys() == frozenset(RunState)
    assert ATTEMPT_TRANSITIONS.keys() == frozenset(AttemptState)


@given(st.lists(st.integers(min_value=0), max_size=30))
def test_any_walk_through_the_table_ends_once_and_skips_nothing(choices: list[int]) -> None:
    state, walked = RunState.QUEUED, [RunState.QUEUED]
    for choice in choices:
        following = sorted(TRANSITIONS[state])
        if not following:
            break
        state = following[choice % len(following)]
        check_transition(walked[-1], state)
        walked.append(state)

    assert sum(state in FINAL for state in walked) <= 1
    assert all(state in ACTIVE for state in walked[:-1])
    executed = {RunState.SUCCEEDED, RunState.TIMED_OUT, RunState.INTERRUPTED, RunState.RETRYING}
    assert RunState.RUNNING in walked or executed.isdisjoint(walked)
    assert RunState.MISSED not in walked or RunState.RUNNING not in walked


@given(st.sampled_from(RunState), st.sampled_from(RunState))
def test_a_run_changes_only_as_the_table_says(current: RunState, wanted: RunState) -> None:
    if wanted in TRANSITIONS[current]:
        check_transition(current, wanted)
    else:
        with pytest.raises(IllegalTransition, match=f"a run is {current} and cannot become {wanted}") as caught:
            check_transition(current, wanted)
        assert (caught.value.current, caught.value.wanted) == (current, wanted)


@given(st.sampled_from(AttemptState), st.sampled_from(AttemptState))
def test_an_attempt_changes_only_as_the_table_says(current: AttemptState, wanted: AttemptState) -> None:
    if wanted in ATTEMPT_TRANSITIONS[current]:
        check_attempt_transition(current, wanted)
        assert current in OPEN_ATTEMPTS
    else:
        with pytest.raises(IllegalTransition, match=f"an attempt is {current} and cannot become {wanted}"):
            check_attempt_transition(current, wanted)


def test_a_running_attempt_is_never_void() -> None:
    assert AttemptState.VOID not in ATTEMPT_TRANSITIONS[AttemptState.RUNNING]


@given(st.integers(min_value=0), st.integers(min_value=0))
def test_an_attempts_name_is_read_back(run_id: int, number: int) -> None:
    attempt = AttemptId(run_id=run_id, number=number)

    assert AttemptId.parse(str(attempt)) == attempt


def test_an_attempts_name_is_its_run_and_its_number() -> None:
    assert AttemptId.parse("42.1") == AttemptId(run_id=42, number=1)


@pytest.mark.parametrize("text", ["", "4", "4.", ".1", "4.1.2", "4,1", "-4.1", "4.1 ", "٤.1", "a.b"])
def test_anything_else_is_no_name_of_an_attempt(text: str) -> None:
    with pytest.raises(ValueError, match="not the name of an attempt"):
        AttemptId.parse(text)


def test_an_output_is_found_by_its_task_and_attempt() -> None:
    assert output_name("reports/daily", AttemptId(run_id=42, number=1)) == "reports/daily/42.1.log"


@pytest.mark.parametrize("state", RunState)
def test_a_run_is_final_in_every_state_but_three(state: RunState) -> None:
    assert a_run(state=state).is_final == (state not in ACTIVE)


def test_only_a_transition_of_the_table_passes() -> None:
    check_transition(RunState.QUEUED, RunState.RUNNING)
    check_attempt_transition(AttemptState.CLAIMED, AttemptState.RUNNING)

    with pytest.raises(IllegalTransition, match="a run is succeeded and cannot become running"):
        check_transition(RunState.SUCCEEDED, RunState.RUNNING)
    with pytest.raises(IllegalTransition, match="an attempt is running and cannot become void"):
        check_attempt_transition(AttemptState.RUNNING, AttemptState.VOID)
