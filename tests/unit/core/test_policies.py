"""Policies answer questions."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from task_scheduler.core.outcomes import Cancelled, Ended, Failed, Interrupted, Succeeded, TimedOut
from task_scheduler.core.policies import BackOff, MisfirePolicy, Missed, RetentionPolicy, RetryPolicy
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

    assert policy.next_attempt(outcome=outcome, executions=executions, now=NOON) == (AFTER if again else None)


def test_a_back_off_doubles_up_to_its_bound() -> None:
    policy = BackOff(first=timedelta(seconds=30), longest=timedelta(minutes=3))

    assert [policy.delay(failures).total_seconds() for failures in range(1, 6)] == [30, 60, 120, 180, 180]


@given(st.integers(min_value=1, max_value=10**9))
def test_a_back_off_never_exceeds_its_bound_however_often_something_fails(failures: int) -> None:
    policy = BackOff(first=timedelta(minutes=10), longest=timedelta(hours=6))

    assert policy.first <= policy.delay(failures) <= policy.longest


def test_history_is_kept_for_a_quarter_by_default() -> None:
    assert RetentionPolicy() == RetentionPolicy(age=timedelta(days=90), runs_per_task=10_000)
