"""Sets of days, against sets of dates tested one by one."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from task_scheduler.core.triggers.days import (
    FIRST_DAY,
    LAST_DAY,
    LAST_DAY_OF_MONTH,
    LAST_WEEK_OF_MONTH,
    CalendarDays,
    DayGrid,
)

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


NO_DAYS = CalendarDays(days=0, months=(1 << 12) - 1, weekdays=0, either=True)


@pytest.mark.parametrize(
    ("rule", "days"),
    [
        (replace(NO_DAYS, days=1 << LAST_DAY_OF_MONTH), ["2023-01-31", "2023-02-28", "2023-03-31"]),
        # 29 January 2023 is a Sunday, and so is 1 January.
        (replace(NO_DAYS, workdays=1 << LAST_DAY_OF_MONTH), ["2023-01-31", "2023-02-28", "2023-03-31"]),
        (replace(NO_DAYS, workdays=1 << 28), ["2023-01-30", "2023-03-29"]),
        (replace(NO_DAYS, workdays=1 << 0), ["2023-01-02", "2023-02-01", "2023-03-01"]),
        (replace(NO_DAYS, ordinals=1 << 7 * 4), ["2023-01-30"]),
        (replace(NO_DAYS, ordinals=1 << 7 * LAST_WEEK_OF_MONTH), ["2023-01-30", "2023-02-27", "2023-03-27"]),
    ],
)
def test_days_that_move_with_the_month(rule: CalendarDays, days: list[str]) -> None:
    first, end = (date.fromisoformat(day).toordinal() - EPOCH for day in ("2023-01-01", "2023-04-01"))

    found = []
    day = rule.first_from(first)
    while day is not None and day < end:
        found.append(date.fromordinal(day + EPOCH).isoformat())
        day = rule.first_from(day + 1)

    assert found == days
    assert rule.count(first, end) == len(days)
    assert rule.ever()


@pytest.mark.parametrize("month", range(12))
def test_the_dates_that_some_month_has_are_known(month: int) -> None:
    in_month = replace(NO_DAYS, months=1 << month, weekdays=127, either=False)
    longest = ((date(2024, month + 2, 1) if month < 11 else date(2025, 1, 1)) - date(2024, month + 1, 1)).days

    assert [replace(in_month, days=1 << day).ever() for day in range(28, 31)] == [
        day < longest for day in range(28, 31)
    ]


def test_no_date_is_found_beyond_the_last_month_of_the_calendar() -> None:
    january = replace(NO_DAYS, months=1, days=1)

    assert january.first_from(date(9999, 1, 2).toordinal() - EPOCH) is None
    assert january.last_until(date(1, 6, 1).toordinal() - EPOCH) is None
    assert replace(NO_DAYS, months=1 << 11, days=1).last_until(date(1, 6, 1).toordinal() - EPOCH) is None


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
