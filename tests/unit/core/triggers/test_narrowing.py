"""Readings cut down to days and windows, where neither are times of day that repeat."""

from __future__ import annotations

import pytest

from task_scheduler.core.errors import TriggerError
from task_scheduler.core.triggers.days import DayGrid
from task_scheduler.core.triggers.days_chosen import OnWeekdays, SingleDay
from task_scheduler.core.triggers.narrowing import Narrowed, narrowed
from task_scheduler.core.triggers.pattern import DAY, Pattern
from task_scheduler.core.triggers.varying import varying_parts
from task_scheduler.core.triggers.windows import Window

HOUR = 3_600
OFFICE = Window(begin=8 * HOUR, end=18 * HOUR)
#: Always at midnight.
MIDNIGHTS = varying_parts(24, 24, HOUR, seed="0123abcd")
QUARTERS = varying_parts(15, 15, 60, seed="0123abcd")


def test_what_never_meets_its_window_is_refused_after_a_search_that_ends() -> None:
    with pytest.raises(TriggerError, match=r"^'x' never fires: none of its times is between those after 'between'$"):
        narrowed(MIDNIGHTS, said="'x'", window=OFFICE)

    never = Narrowed(readings=MIDNIGHTS, days=DayGrid(step=1), window=OFFICE)
    assert never.last_until(20_000 * DAY) is None


def test_a_day_that_is_past_has_no_more_readings() -> None:
    part = Narrowed(readings=QUARTERS, days=SingleDay(100), window=OFFICE)

    assert part.first_from(0) == 100 * DAY + 8 * HOUR
    assert part.first_from(100 * DAY + 18 * HOUR) == 100 * DAY + 18 * HOUR
    assert part.first_from(100 * DAY + 18 * HOUR + 1) is None
    assert part.last_until(200 * DAY) == 100 * DAY + 18 * HOUR
    assert part.last_until(100 * DAY + 8 * HOUR - 1) is None
    assert part.count(0, 200 * DAY) == 41
    assert not part.is_fixed


def test_a_day_with_readings_outside_the_window_alone_has_none() -> None:
    part = Narrowed(readings=MIDNIGHTS, days=SingleDay(100), window=OFFICE)

    assert part.first_from(0) is None
    assert part.last_until(200 * DAY) is None


def test_nothing_narrows_nothing() -> None:
    daily = Pattern(times=(0,), days=DayGrid(step=1), is_fixed=True)

    assert narrowed(daily, said="'daily'") == daily


def test_a_range_that_ends_before_it_begins_has_no_readings() -> None:
    daily = Pattern(times=(0,), days=DayGrid(step=1), is_fixed=True)

    assert daily.count(DAY, DAY) == daily.count(2 * DAY, 0) == 0


@pytest.mark.parametrize(("window", "of_a_day"), [(Window(begin=0, end=DAY - 1), 96), (OFFICE, 41)])
def test_days_in_a_row_have_as_many_readings_as_one_by_one(window: Window, of_a_day: int) -> None:
    days = OnWeekdays(DayGrid(step=1), frozenset({0, 1, 2, 5}))
    part = Narrowed(readings=QUARTERS, days=days, window=window)
    begin, end = 20_000 * DAY + 5 * HOUR, 20_030 * DAY + 7 * HOUR

    one_by_one = sum(part.count(max(begin, day * DAY), min(end, (day + 1) * DAY)) for day in range(20_000, 20_031))

    assert part.count(begin, end) == one_by_one
    assert part.count(20_000 * DAY, 20_007 * DAY) == 4 * of_a_day
