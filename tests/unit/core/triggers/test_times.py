"""Times of day that are worked out when asked for, against the same written out."""

from __future__ import annotations

from bisect import bisect_left, bisect_right

import pytest
from hypothesis import given
from hypothesis import strategies as st

from task_scheduler.core.triggers.times import TimesOfDay


def some(most: int) -> st.SearchStrategy[list[int]]:
    """Draw ascending numbers."""
    return st.lists(st.integers(0, most), min_size=1, max_size=4, unique=True).map(sorted)


@given(some(23), some(59), some(59), st.integers(0, 86_400), st.integers(0, 70), st.integers(0, 70))
def test_they_are_all_combinations_in_order(
    hours: list[int], minutes: list[int], seconds: list[int], at: int, first: int, last: int
) -> None:
    written = [hour * 3_600 + minute * 60 + second for hour in hours for minute in minutes for second in seconds]

    times = TimesOfDay(hours, minutes, seconds)

    assert list(times) == written
    assert len(times) == len(written)
    assert times[-1] == written[-1]
    assert bisect_left(times, at) == bisect_left(written, at)
    assert bisect_right(times, at) == bisect_right(written, at)
    assert list(times[first:last]) == written[first:last]
    assert times == TimesOfDay(hours, minutes, seconds)


def test_there_are_none_beyond_the_last() -> None:
    times = TimesOfDay(range(24), (0,), (0,))

    with pytest.raises(IndexError):
        times[24]


def test_each_second_of_a_day_is_there() -> None:
    times = TimesOfDay(range(24), range(60), range(60))

    assert len(times) == 86_400
    assert [times[0], times[61], times[86_399]] == [0, 61, 86_399]


def test_a_part_of_them_is_written_out() -> None:
    times = TimesOfDay((9, 17), (0, 30), (0,))

    assert times[1:3] == (9 * 3_600 + 1_800, 17 * 3_600)
    assert times[4:] == ()
