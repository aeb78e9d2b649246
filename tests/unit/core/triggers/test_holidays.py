"""Days of a schedule around holidays: left out, or moved to a day that people work."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from task_scheduler.core.errors import TriggerError
from task_scheduler.core.triggers.calendars import (
    LONGEST_CLOSED,
    LONGEST_MOVE,
    NO_CALENDARS,
    MovingHolidays,
    SkippingHolidays,
)
from task_scheduler.core.triggers.days import FIRST_DAY, LAST_DAY, CalendarDays, DayGrid, DayRule
from task_scheduler.core.triggers.days_chosen import OnWeekdays, SingleDay
from task_scheduler.core.triggers.narrowing import narrowed
from task_scheduler.core.triggers.pattern import Pattern
from tests.unit.core.triggers.days_off import EPOCH, WESTERN, DaysOff
from tests.unit.core.triggers.shown import shown, trigger

DAILY = DayGrid(step=1)
#: 2027-12-25 is a Saturday, 2027-10-03 a Sunday, 2027-05-01 a Saturday, 2027-01-01 a Friday.


def test_a_holiday_is_left_out_and_a_weekend_is_not() -> None:
    assert _dates(shown("every day at 09:00 calendar DE skip", "2027-12-24", "2027-12-28")) == ["24", "27", "28"]


def test_a_holiday_is_moved_past_the_weekend() -> None:
    assert _dates(shown("0 9 1 * * calendar DE next_workday", "2026-12-31", "2027-01-31")) == ["04"]
    assert _dates(shown("0 9 1 * * calendar DE previous_workday", "2026-12-01", "2027-01-31")) == ["01", "31"]


def test_what_falls_on_a_weekend_that_is_no_holiday_stays() -> None:
    assert _dates(shown("0 9 6 2 * calendar DE next_workday", "2027-02-01", "2027-02-28")) == ["06"]


def test_the_days_around_holidays_that_are_apart_are_counted() -> None:
    october, january = _day(2027, 10, 1), _day(2028, 1, 31)
    assert SkippingHolidays(DAILY, WESTERN).count(october, january) == january - october - 4
    assert MovingHolidays(DAILY, WESTERN, step=1).count(october, january) == january - october - 4

    christmas = SingleDay(_day(2027, 12, 25))
    skipping = SkippingHolidays(christmas, WESTERN)
    assert skipping.count(october, january) == 0
    assert skipping.first_from(october) is skipping.last_until(january) is None
    assert MovingHolidays(christmas, WESTERN, step=1).first_from(october) == _day(2027, 12, 27)


def test_days_that_are_moved_onto_another_are_one() -> None:
    slots = shown("0 9 * * * calendar DE next_workday", "2028-12-23", "2028-12-28")

    assert _dates(slots) == ["23", "24", "27", "28"]


def test_a_holiday_on_a_chosen_weekday_may_be_moved_to_another() -> None:
    assert _dates(shown("every day at 09:00 on fri calendar DE next_workday", "2026-12-31", "2027-01-08")) == [
        "04",
        "08",
    ]


def test_a_schedule_on_holidays_alone_never_fires() -> None:
    with pytest.raises(TriggerError, match=r"never fires: all its days are holidays of its calendar"):
        trigger("0 9 25 12 * calendar DE skip")


def test_a_schedule_on_days_of_no_chosen_weekday_never_fires() -> None:
    with pytest.raises(TriggerError, match=r"never fires: none of its days is a day of the week after 'on'"):
        trigger("every monday at 09:00 on tue,wed")


def test_a_single_date_is_moved() -> None:
    rule = MovingHolidays(SingleDay(_day(2027, 12, 25)), WESTERN, step=1)

    assert _all(rule, _day(2027, 1, 1), _day(2029, 1, 1)) == [_day(2027, 12, 27)]
    assert rule.last_until(LAST_DAY) == _day(2027, 12, 27)
    assert rule.first_from(_day(2027, 12, 28)) is None


@pytest.mark.parametrize("step", [1, -1])
@pytest.mark.parametrize(("length", "found"), [(LONGEST_MOVE - 2, 2), (LONGEST_MOVE + 40, 1)])
def test_a_holiday_is_moved_by_at_most_a_year(step: int, length: int, found: int) -> None:
    """A run of days off that is longer swallows what is in its middle; both its ends have a workday near."""
    begin = date(2027, 2, 1)
    run = DaysOff(single=[begin + timedelta(days=number) for number in range(length)], weekend=())
    middle = begin + timedelta(days=0 if step > 0 else length - 1)
    rule = MovingHolidays(SingleDay((middle - EPOCH).days), run, step=step)

    assert len(_all(rule, _day(2020, 1, 1), _day(2036, 1, 1))) == found - 1


def test_near_the_ends_of_the_calendar_nothing_is_moved_out_of_it() -> None:
    no_work = DaysOff(weekend=range(7), single=[EPOCH + timedelta(days=day) for day in (FIRST_DAY, LAST_DAY)])

    assert MovingHolidays(SingleDay(LAST_DAY), no_work, step=1).first_from(LAST_DAY - 9) is None
    assert MovingHolidays(SingleDay(FIRST_DAY), no_work, step=-1).last_until(FIRST_DAY + 9) is None
    assert MovingHolidays(DAILY, no_work, step=1).first_from(LAST_DAY + 1) is None
    assert MovingHolidays(DAILY, no_work, step=-1).last_until(FIRST_DAY - 1) is None


def test_a_search_for_days_that_never_come_ends() -> None:
    """29 February on a Sunday comes again after 40 years around 2100; a grid of weeks on another day never does."""
    february = CalendarDays(days=1 << 28, months=1 << 1, weekdays=(1 << 7) - 1, either=False)

    assert OnWeekdays(february, frozenset({6})).first_from(_day(2088, 3, 1)) == _day(2128, 2, 29)
    assert OnWeekdays(DayGrid(step=7), frozenset({0})).first_from(0) is None
    assert OnWeekdays(DayGrid(step=7), frozenset({0})).last_until(0) is None
    assert SkippingHolidays(OnWeekdays(DAILY, frozenset(range(7))), _EveryDayOff()).first_from(0) is None
    assert SkippingHolidays(DAILY, _EveryDayOff()).last_until(20_000) is None
    assert MovingHolidays(DayGrid(step=300), _EveryDayOff(), step=1).first_from(0) is None


class _Closed(DaysOff):
    """A calendar of a firm that closes for some days from 2027 on, which counts how often it is asked."""

    def __init__(self, length: int) -> None:
        super().__init__()
        self.asked = 0
        self._end = _day(2027, 1, 1) + length

    def days_off(self, year: int) -> frozenset[int]:
        self.asked += 1
        if year < 2027 or _day(year, 1, 1) >= self._end:
            return frozenset()
        return _each_day(year)


@pytest.mark.parametrize("step", [1, -1])
@pytest.mark.parametrize("years", [1, 3, 9, 40])
def test_each_day_of_a_closed_run_is_looked_at_a_few_times_at_most(step: int, years: int) -> None:
    begin, end = _day(2027, 1, 1), _day(2027 + years, 1, 1)
    calendar = _Closed(end - begin)
    rule = MovingHolidays(DAILY, calendar, step=step)

    first_after, last_before = rule.first_from(begin + 1), rule.last_until(end - 2)

    assert calendar.asked < 6 * (min(end - begin, LONGEST_CLOSED) + 2 * LONGEST_MOVE)
    if years == 40:
        assert first_after is last_before is None
    else:
        assert first_after is not None
        assert first_after >= end
        assert last_before is not None
        assert last_before < begin


def test_days_of_a_closed_run_are_counted_without_a_search_for_each() -> None:
    begin, end = _day(2027, 1, 1), _day(2030, 1, 1)
    calendar = _Closed(end - begin)

    assert MovingHolidays(DAILY, calendar, step=1).count(begin, end + 5) == 5
    assert calendar.asked < 6 * (end - begin)


@pytest.mark.parametrize(
    "days",
    [
        DAILY,
        OnWeekdays(DAILY, frozenset({0, 4})),
        CalendarDays(days=1 | 1 << 14, months=4095, weekdays=127, either=False),
    ],
)
def test_forty_years_without_a_workday_are_passed_over_year_by_year(days: DayRule) -> None:
    begin, end = _day(2027, 1, 1), _day(2067, 1, 1)
    calendar = _Closed(end - begin)
    rule = SkippingHolidays(days, calendar)

    assert rule.first_from(begin) == days.first_from(end)
    assert rule.last_until(end - 1) == days.last_until(begin - 1)
    assert rule.count(begin - 400, end + 400) == days.count(begin - 400, begin) + days.count(end, end + 400)
    assert calendar.asked < 6 * 40


class _EveryDayOff(DaysOff):
    """A calendar of a firm that closed for good."""

    def days_off(self, year: int) -> frozenset[int]:
        return _each_day(year)


@cache
def _each_day(year: int) -> frozenset[int]:
    return frozenset(range(_day(year, 1, 1), _day(year + 1, 1, 1)))


# --- against a look at each day ---------------------------------------------------------------------------


@st.composite
def calendars(draw: st.DrawFn) -> DaysOff:
    """Draw a calendar with holidays each year, runs of them, and any weekend."""
    yearly = draw(st.sets(st.tuples(st.integers(1, 12), st.integers(1, 28)), max_size=12))
    begin = date(2024, 1, 1) + timedelta(days=draw(st.integers(0, 1_000)))
    run = [begin + timedelta(days=number) for number in range(draw(st.integers(0, 30)))]
    return DaysOff(*yearly, single=run, weekend=draw(st.sets(st.integers(0, 6), max_size=3)))


rules = st.sampled_from(
    [
        DAILY,
        DayGrid(step=3),
        DayGrid(step=7, phase=4),
        CalendarDays(days=1 | 1 << 14, months=(1 << 12) - 1, weekdays=127, either=False),
        CalendarDays(days=1 << 24, months=1 << 11, weekdays=127, either=False),
        OnWeekdays(DAILY, frozenset({4, 5, 6})),
        SingleDay((date(2025, 6, 1) - EPOCH).days),
    ]
)


@settings(max_examples=60, deadline=None)
@given(rules, calendars(), st.sampled_from([0, 1, -1]))
def test_the_days_around_holidays_are_those_found_one_by_one(days: DayRule, calendar: DaysOff, step: int) -> None:
    first, end = _day(2024, 6, 1), _day(2026, 3, 1)
    rule = SkippingHolidays(days, calendar) if step == 0 else MovingHolidays(days, calendar, step=step)

    expected = sorted(
        {
            goal
            for day in range(first - 400, end + 400)
            if days.first_from(day) == day and (goal := _goal(day, calendar, step)) is not None and first <= goal < end
        }
    )

    assert _all(rule, first, end) == expected
    assert list(_all_backwards(rule, first, end)) == expected[::-1]
    assert rule.count(first, end) == len(expected)
    assert rule.count(first, first) == rule.count(end, first) == 0


def _goal(day: int, calendar: DaysOff, step: int) -> int | None:
    """Return where a day goes, looking at one after the other."""
    when = EPOCH + timedelta(days=day)
    if when not in calendar.dates(when.year):
        return day
    while step and (when in calendar.dates(when.year) or when.weekday() in calendar.weekend):
        when += timedelta(days=step)
    return (when - EPOCH).days if step else None


def _all(rule: DayRule, first: int, end: int) -> list[int]:
    found = []
    day = rule.first_from(first)
    while day is not None and day < end:
        found.append(day)
        day = rule.first_from(day + 1)
    return found


def _all_backwards(rule: DayRule, first: int, end: int) -> Iterator[int]:
    day = rule.last_until(end - 1)
    while day is not None and day >= first:
        yield day
        day = rule.last_until(day - 1)


# --- what is refused --------------------------------------------------------------------------------------


def test_without_calendars_every_name_is_refused() -> None:
    with pytest.raises(TriggerError, match="calendar 'DE' cannot be used here: no calendars are at hand"):
        NO_CALENDARS.holidays("DE")


def test_an_unknown_treatment_of_holidays_is_a_mistake_of_the_program() -> None:
    daily = Pattern(times=(0,), days=DAILY, is_fixed=True)

    with pytest.raises(ValueError, match="no way to treat holidays is called 'nearest'"):
        narrowed(daily, said="'daily'", calendar=WESTERN, on_holiday="nearest")


def _day(year: int, month: int, day: int) -> int:
    return (date(year, month, day) - EPOCH).days


def _dates(slots: list[str]) -> list[str]:
    return [slot[8:10] for slot in slots]
