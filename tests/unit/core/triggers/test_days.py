"""Sets of days, against sets of dates tested one by one."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from task_scheduler.core.triggers.days import FIRST_DAY, LAST_DAY, CalendarDays, DayGrid

EPOCH = date(1970, 1, 1).toordinal()
YEARS = range(date(1899, 1, 1).toordinal() - EPOCH, date(1905, 1, 1).toordinal() - EPOCH)  # 1900 was no leap year


def bits(positions: frozenset[int]) -> int:
    """Return positions as the bits of a number."""
    return sum(1 << position for position in positions)


def some(most: int) -> st.SearchStrategy[frozenset[int]]:
    """Draw a set of positions, often a small one."""
    return st.frozensets(st.integers(0, most), min_size=1, max_size=3) | st.just(frozenset(range(most + 1)))


@given(some(30), some(11), some(6), st.booleans(), st.sampled_from(YEARS), st.integers(0, 900))
def test_finds_and_counts_the_days_that_a_look_at_each_date_finds(
    days: frozenset[int],
    months: frozenset[int],
    weekdays: frozenset[int],
    either: bool,
    first: int,
    length: int,
) -> None:
    rule = CalendarDays(days=bits(days), months=bits(months), weekdays=bits(weekdays), either=either)

    def matches(day: int) -> bool:
        when = date.fromordinal(day + EPOCH)
        by_day, by_weekday = when.day - 1 in days, when.weekday() in weekdays
        return when.month - 1 in months and (by_day or by_weekday if either else by_day and by_weekday)

    found = [day for day in range(first, first + length) if matches(day)]

    assert rule.count(first, first + length) == len(found)
    if found:
        assert rule.first_from(first) == found[0]
        assert rule.last_until(first + length - 1) == found[-1]


@given(st.integers(1, 400), st.integers(0, 6), st.integers(-1000, 1000), st.integers(0, 900))
def test_a_grid_is_every_so_many_days(step: int, phase: int, first: int, length: int) -> None:
    rule = DayGrid(step=step, phase=phase)

    found = [day for day in range(first, first + length) if (day - phase) % step == 0]

    assert rule.count(first, first + length) == len(found)
    if found:
        assert rule.first_from(first) == found[0]
        assert rule.last_until(first + length - 1) == found[-1]


LEAP_DAY = CalendarDays(days=1 << 28, months=1 << 1, weekdays=127, either=False)


@pytest.mark.parametrize("rule", [LEAP_DAY, DayGrid(step=36_525)])
def test_the_calendar_has_two_ends(rule: CalendarDays | DayGrid) -> None:
    assert rule.first_from(LAST_DAY) is None
    assert rule.first_from(LAST_DAY + 1) is None
    assert rule.last_until(FIRST_DAY) is None
    assert rule.last_until(FIRST_DAY - 1) is None


def test_days_outside_the_calendar_are_none() -> None:
    daily = CalendarDays(days=(1 << 31) - 1, months=(1 << 12) - 1, weekdays=127, either=False)

    assert daily.first_from(FIRST_DAY - 3) == FIRST_DAY
    assert daily.last_until(LAST_DAY + 3) == LAST_DAY
    assert daily.count(FIRST_DAY - 3, FIRST_DAY + 2) == 2
    assert daily.count(LAST_DAY, LAST_DAY + 5) == 1
