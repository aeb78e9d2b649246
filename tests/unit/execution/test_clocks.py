"""The time an attempt has, and that no pause counts."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from task_scheduler.core.runs import StopCause
from task_scheduler.execution import limits
from task_scheduler.execution.limits import Clocks

SECONDS = st.floats(min_value=0, max_value=1e6, allow_nan=False)


def test_causes_are_named_alike_on_both_sides() -> None:
    named = {limits.TIMEOUT, limits.DEADLINE, limits.MEMORY, limits.CPU, limits.PROCESSES}

    assert named == {cause.value for cause in StopCause}


def test_without_limits_there_is_no_end() -> None:
    clocks = Clocks(5.0, timeout=None, deadline=None)

    clocks.shift(3.0)

    assert clocks.end_at is None
    assert clocks.exceeded(1e9) is None


@given(began=SECONDS, timeout=SECONDS, deadline=SECONDS)
def test_the_shorter_one_ends_it_and_the_time_limit_when_both_do(began: float, timeout: float, deadline: float) -> None:
    clocks = Clocks(began, timeout=timeout, deadline=deadline)
    exceeded = clocks.exceeded(began + min(timeout, deadline))

    assert exceeded is not None
    assert exceeded.limit == min(timeout, deadline)
    assert exceeded.cause == (limits.TIMEOUT if timeout <= deadline else limits.DEADLINE)
    assert not exceeded.at_once


@given(began=SECONDS, timeout=SECONDS, pauses=st.lists(st.floats(min_value=0.001, max_value=1e4), max_size=5))
def test_a_pause_puts_the_end_off_by_as_long_as_it_takes(began: float, timeout: float, pauses: list[float]) -> None:
    clocks = Clocks(began, timeout=timeout, deadline=None)

    for pause in pauses:
        clocks.shift(pause)

    assert clocks.end_at == pytest.approx(began + timeout + sum(pauses))
    assert clocks.end_at is not None
    exceeded = clocks.exceeded(clocks.end_at + 1)
    assert exceeded is not None
    assert exceeded.value == pytest.approx(timeout + 1)
