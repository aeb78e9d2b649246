"""Policies answer questions."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from task_scheduler.core.outcomes import Cancelled, Ended, Failed, Interrupted, Skipped, Snoozed, Succeeded, TimedOut
from task_scheduler.core.policies import (
    LONGEST_SNOOZE,
    PUNCTUAL,
    RETRY_WORDS,
    SHORTEST_SNOOZE,
    BackOff,
    MisfirePolicy,
    RetentionPolicy,
    RetryPolicy,
)
from task_scheduler.core.runs import AttemptExit, ErrorSummary, StopCause
from task_scheduler.core.tasks import Missed, TaskDeclaration
from task_scheduler.testing.clock import NOON

AFTER = NOON + timedelta(seconds=60)


def test_the_words_for_missed_slots_are_those_of_the_configuration() -> None:
    assert [policy.value for policy in Missed] == ["once", "skip", "all"]


@pytest.mark.parametrize(
    ("period", "grace"),
    [
        (None, timedelta(seconds=60)),
        (timedelta(seconds=1), timedelta(seconds=60)),
        (timedelta(minutes=10), timedelta(seconds=60)),
        (timedelta(hours=1), timedelta(minutes=6)),
        (timedelta(days=1), timedelta(hours=2, minutes=24)),
    ],
)
def test_the_grace_is_a_tenth_of_the_period_and_at_least_a_minute(period: timedelta | None, grace: timedelta) -> None:
    assert MisfirePolicy.grace(period) == grace


NO_FACTS = AttemptExit()


def next_attempt(
    policy: RetryPolicy, outcome: Ended, exit_: AttemptExit = NO_FACTS, *, executions: int = 1, run_id: int = 7
) -> datetime | None:
    return policy.next_attempt(outcome=outcome, exit_=exit_, run_id=run_id, executions=executions, now=NOON)


@pytest.mark.parametrize(
    ("outcome", "executions", "count", "again"),
    [
        (Failed("x"), 1, 0, False),
        (Failed("x"), 1, 1, True),
        (Failed("x"), 2, 1, False),
        (Failed("x"), 3, 3, True),
        (TimedOut("x"), 1, 1, True),
        (Interrupted("x"), 1, 1, True),
        (Interrupted("x"), 1, 0, False),
        (Cancelled("x"), 1, 5, False),
        (Skipped("x"), 1, 5, False),
        (Succeeded(), 1, 5, False),
    ],
)
def test_what_failed_is_repeated_as_often_as_declared(
    outcome: Ended,
    executions: int,
    count: int,
    again: bool,
) -> None:
    policy = RetryPolicy(count=count, delay=timedelta(seconds=60))

    assert next_attempt(policy, outcome, executions=executions) == (AFTER if again else None)


def test_what_ended_at_the_deadline_of_its_run_is_not_repeated() -> None:
    policy = RetryPolicy(count=5)

    assert next_attempt(policy, TimedOut("x"), AttemptExit(signal=9, stopped_for="deadline")) is None
    assert next_attempt(policy, TimedOut("x"), AttemptExit(signal=9, stopped_for="timeout")) is not None


@pytest.mark.parametrize(
    ("seconds", "wait"),
    [
        (90, timedelta(seconds=90)),
        (1.5, timedelta(seconds=1.5)),
        (0, SHORTEST_SNOOZE),
        (-5, SHORTEST_SNOOZE),
        (float("nan"), SHORTEST_SNOOZE),
        (1e300, LONGEST_SNOOZE),
        (float("inf"), LONGEST_SNOOZE),
    ],
)
def test_a_snooze_is_always_granted_within_bounds(seconds: float, wait: timedelta) -> None:
    assert next_attempt(RetryPolicy(), Snoozed("x", seconds), executions=0) == NOON + wait


RAISED = ErrorSummary(
    kind="requests.exceptions.ReadTimeout",
    message="x",
    bases=("requests.exceptions.Timeout", "requests.exceptions.RequestException", "OSError", "Exception"),
)
FAILED = Failed("x")


@pytest.mark.parametrize(
    ("item", "outcome", "exit_"),
    [
        ("requests.exceptions.ReadTimeout", FAILED, AttemptExit(exit_code=1, error=RAISED)),
        ("ReadTimeout", FAILED, AttemptExit(exit_code=1, error=RAISED)),
        ("requests.exceptions.Timeout", FAILED, AttemptExit(exit_code=1, error=RAISED)),
        ("Timeout", FAILED, AttemptExit(exit_code=1, error=RAISED)),
        ("requests.Timeout", FAILED, AttemptExit(exit_code=1, error=RAISED)),
        ("OSError", FAILED, AttemptExit(exit_code=1, error=RAISED)),
        ("IOError", FAILED, AttemptExit(exit_code=1, error=RAISED)),
        ("socket.error", FAILED, AttemptExit(exit_code=1, error=RAISED)),
        ("socket.timeout", FAILED, AttemptExit(exit_code=1, error=ErrorSummary(kind="TimeoutError", message=""))),
        ("1", FAILED, AttemptExit(exit_code=1, error=RAISED)),
        ("75", FAILED, AttemptExit(exit_code=75)),
        ("SIGSEGV", FAILED, AttemptExit(signal=11)),
        ("SIGKILL", FAILED, AttemptExit(signal=9, out_of_memory=True)),
        ("memory_limit", FAILED, AttemptExit(signal=9, out_of_memory=True)),
        ("memory_limit", FAILED, AttemptExit(signal=9, stopped_for="memory_limit")),
        ("cpu_limit", FAILED, AttemptExit(signal=9, stopped_for="cpu_limit")),
        ("max_processes", FAILED, AttemptExit(signal=9, stopped_for="max_processes")),
        ("timed_out", TimedOut("x"), AttemptExit(signal=9, stopped_for="timeout")),
        ("interrupted", Interrupted("x"), NO_FACTS),
    ],
)
def test_only_what_is_named_is_repeated(item: str, outcome: Ended, exit_: AttemptExit) -> None:
    assert next_attempt(RetryPolicy(count=1, on=(item,)), outcome, exit_) == AFTER
    assert next_attempt(RetryPolicy(count=1, on=("Other", item)), outcome, exit_) == AFTER
    assert next_attempt(RetryPolicy(count=1, on=("Other", "99", "SIGHUP")), outcome, exit_) is None


@pytest.mark.parametrize(
    ("item", "outcome", "exit_"),
    [
        ("SIGKILL", FAILED, AttemptExit(signal=9, stopped_for="memory_limit")),
        ("SIGKILL", TimedOut("x"), AttemptExit(signal=9, stopped_for="timeout")),
        ("143", TimedOut("x"), AttemptExit(exit_code=143, stopped_for="timeout")),
        ("interrupted", FAILED, AttemptExit(signal=9)),
        ("Read", FAILED, AttemptExit(exit_code=1, error=RAISED)),
        ("other.exceptions.Timeout", FAILED, AttemptExit(exit_code=1, error=RAISED)),
        ("9", FAILED, AttemptExit(signal=9)),
        ("SIGHUP", FAILED, AttemptExit(signal=63)),
        ("ValueError", FAILED, AttemptExit(exit_code=1)),
    ],
)
def test_what_looks_like_it_is_not_repeated(item: str, outcome: Ended, exit_: AttemptExit) -> None:
    assert next_attempt(RetryPolicy(count=1, on=(item,)), outcome, exit_) is None


def test_each_word_of_retry_on_means_some_end() -> None:
    ends = [
        (FAILED, AttemptExit(signal=9, stopped_for=cause.value)) for cause in StopCause if cause.value in RETRY_WORDS
    ]
    ends += [(TimedOut("x"), NO_FACTS), (Interrupted("x"), NO_FACTS)]  # type: ignore[list-item]

    for word in RETRY_WORDS:
        assert sum(next_attempt(RetryPolicy(count=1, on=(word,)), *end) is not None for end in ends) == 1


def test_a_delay_grows_up_to_its_bound() -> None:
    policy = RetryPolicy(count=9, delay=timedelta(seconds=10), backoff=3, longest=timedelta(seconds=200))

    assert [policy.delay_before(retry, 1).total_seconds() for retry in range(1, 6)] == [10, 30, 90, 200, 200]


def test_the_policy_of_a_task_is_what_its_file_declares() -> None:
    declaration = TaskDeclaration(
        title="x",
        retry_count=4,
        retry_delay=30,
        retry_backoff=1.5,
        retry_max_delay=600,
        retry_jitter=0.1,
        retry_on=("timed_out",),
    )

    assert RetryPolicy.of(declaration) == RetryPolicy(
        count=4,
        delay=timedelta(seconds=30),
        backoff=1.5,
        longest=timedelta(minutes=10),
        jitter=0.1,
        on=("timed_out",),
    )
    assert RetryPolicy.of(TaskDeclaration(title="x")) == RetryPolicy()


POLICIES = st.builds(
    RetryPolicy,
    count=st.integers(0, 100),
    delay=st.integers(0, 86_400).map(lambda seconds: timedelta(seconds=seconds)),
    backoff=st.floats(1, 10),
    longest=st.integers(0, 604_800).map(lambda seconds: timedelta(seconds=seconds)),
    jitter=st.floats(0, 1),
)
RETRIES = st.integers(1, 10**6)
RUNS = st.integers(1, 2**63)


@given(POLICIES, RETRIES, RUNS)
def test_a_delay_is_never_shorter_for_a_later_retry_but_for_its_jitter(
    policy: RetryPolicy, retry: int, run_id: int
) -> None:
    steady = replace(policy, jitter=0.0)

    assert steady.delay_before(retry, run_id) <= steady.delay_before(retry + 1, run_id)


@given(POLICIES, RETRIES, RUNS)
def test_a_delay_is_bounded_and_its_jitter_only_adds(policy: RetryPolicy, retry: int, run_id: int) -> None:
    steady = replace(policy, jitter=0.0).delay_before(retry, run_id)

    assert min(policy.delay, policy.longest) <= steady <= policy.longest
    assert steady <= policy.delay_before(retry, run_id) <= steady * (1 + policy.jitter) + timedelta(microseconds=1)


@given(POLICIES, RETRIES, RUNS)
def test_a_restart_of_the_scheduler_gives_the_same_delay(policy: RetryPolicy, retry: int, run_id: int) -> None:
    assert policy.delay_before(retry, run_id) == replace(policy).delay_before(retry, run_id)


def test_jitter_spreads_runs_and_retries() -> None:
    policy = RetryPolicy(count=9, delay=timedelta(seconds=1_000), jitter=1)
    delays = [policy.delay_before(retry, run).total_seconds() for run in range(100) for retry in (1, 2)]

    assert len(set(delays)) == 200
    assert 1_000 <= min(delays) < 1_100
    assert 1_900 < max(delays) < 2_000


@given(POLICIES, st.integers(1, 200), RUNS)
def test_there_are_never_more_retries_than_declared(policy: RetryPolicy, executions: int, run_id: int) -> None:
    again = next_attempt(policy, FAILED, executions=executions, run_id=run_id)

    assert (again is None) == (executions > policy.count)
    assert again is None or again >= NOON


def test_a_back_off_doubles_up_to_its_bound() -> None:
    policy = BackOff(first=timedelta(seconds=30), longest=timedelta(minutes=3))

    assert [policy.delay(failures).total_seconds() for failures in range(1, 6)] == [30, 60, 120, 180, 180]


@given(st.integers(min_value=1, max_value=10**9))
def test_a_back_off_never_exceeds_its_bound_however_often_something_fails(failures: int) -> None:
    policy = BackOff(first=timedelta(minutes=10), longest=timedelta(hours=6))

    assert policy.first <= policy.delay(failures) <= policy.longest


def test_history_is_kept_for_a_quarter_by_default() -> None:
    assert RetentionPolicy() == RetentionPolicy(age=timedelta(days=90), runs_per_task=10_000)


def test_what_a_task_declares_of_missed_slots_comes_before_the_setting() -> None:
    setting = MisfirePolicy(missed=Missed.SKIP, window=timedelta(hours=2))

    assert setting.of(None) is setting
    assert setting.of(TaskDeclaration(title="A")) is setting
    assert setting.of(TaskDeclaration(title="A", missed=Missed.ALL)) == MisfirePolicy(
        missed=Missed.ALL, window=timedelta(hours=2)
    )
    assert setting.of(TaskDeclaration(title="A", missed_window=0)) == MisfirePolicy(
        missed=Missed.SKIP, window=timedelta(0)
    )


def test_a_window_of_nothing_reaches_as_far_as_what_is_punctual() -> None:
    assert MisfirePolicy(window=timedelta()).reach == PUNCTUAL
    assert MisfirePolicy(window=timedelta(hours=1)).reach == timedelta(hours=1)
