"""Windows, weekdays, holidays, beginnings, ends and delays against a walk minute by minute."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from functools import cache
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from task_scheduler.core.errors import TriggerError
from tests.unit.core.triggers.days_off import WESTERN
from tests.unit.core.triggers.oracle import MINUTE, Due, walk
from tests.unit.core.triggers.shown import trigger
from tests.unit.core.triggers.test_laws import DAY, TICK, day_fields, moments_near_changes, zones

NAMES = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


@dataclass(frozen=True, kw_only=True)
class InWindow(Due):
    """A schedule that is due only within a part of the day."""

    begin: time
    end: time

    def at(self, reading: datetime) -> bool:
        """Whether it is time, and a time that is in the window."""
        seen = reading.time()
        inside = self.begin <= seen <= self.end if self.begin <= self.end else not self.end < seen < self.begin
        return inside and super().at(reading)


@dataclass(frozen=True, kw_only=True)
class Case:
    """A schedule with clauses, as text and as a walk knows it."""

    text: str
    due: Due
    first: datetime | None  #: wall reading
    last: datetime | None  #: wall reading
    delay: timedelta


def _on_workdays(on: Callable[[date], bool], step: int) -> Callable[[date], bool]:
    """Return a rule whose holidays are moved day by day, or with step 0 left out."""

    def goal(day: date) -> date | None:
        if day not in WESTERN.dates(day.year):
            return day
        while step and (day in WESTERN.dates(day.year) or day.weekday() in WESTERN.weekend):
            day += step * DAY
        return day if step else None

    @cache
    def moved(day: date) -> bool:
        return any(on(start) and goal(start) == day for start in (day + number * DAY for number in range(-9, 10)))

    return moved


def _on_weekdays(on: Callable[[date], bool], chosen: Container[int]) -> Callable[[date], bool]:
    return lambda day: on(day) and day.weekday() in chosen


@st.composite
def clauses(draw: st.DrawFn, near: datetime) -> Case:
    """Draw a schedule with some clauses, whose beginning and end are likely to matter around a moment."""
    text, due = draw(day_fields())
    if draw(st.booleans()):
        chosen = sorted(draw(st.sets(st.integers(0, 6), min_size=3, max_size=6)))
        text += f" on {','.join(NAMES[number] for number in chosen)}"
        due = replace(due, on=_on_weekdays(due.on, chosen))
    if draw(st.booleans()):
        begin, end = draw(st.times()).replace(second=0, microsecond=0), draw(st.sampled_from([time(2, 30), time(14)]))
        text += f" between {begin:%H:%M} and {end:%H:%M}"
        due = InWindow(hours=due.hours, minutes=due.minutes, on=due.on, is_fixed=due.is_fixed, begin=begin, end=end)
    wall = near.replace(tzinfo=None)
    first, last = (
        draw(st.none() | st.timedeltas(low * DAY, (low + 1) * DAY).map(lambda far: (wall + far).replace(second=0)))
        for low in (-1, 1)
    )
    text += "" if first is None else f" from {first:%Y-%m-%d %H:%M}"
    text += "" if last is None else f" until {last:%Y-%m-%d %H:%M}"
    rule = draw(st.sampled_from([None, "skip", "next_workday", "previous_workday"]))
    if rule is not None:
        text += f" calendar DE {rule}"
        due = replace(due, on=_on_workdays(due.on, {"skip": 0, "next_workday": 1, "previous_workday": -1}[rule]))
    delay = draw(st.sampled_from([0, 60, 1_800, 7_200]))
    return Case(
        text=text if not delay else f"{text} plus {delay} s",
        due=due,
        first=None if first is None else first.replace(microsecond=0),
        last=None if last is None else last.replace(microsecond=0),
        delay=delay * timedelta(seconds=1),
    )


@st.composite
def cases(draw: st.DrawFn) -> tuple[Case, str, datetime]:
    """Draw a schedule with clauses, a zone, and a moment near a time change or at the turn of a year."""
    zone = draw(zones)
    turns = st.integers(1975, 2036).map(lambda year: datetime(year, 12, 31, 12, tzinfo=UTC))
    moment = draw(st.one_of(moments_near_changes(zone), turns)).replace(second=0)
    return draw(clauses(moment)), zone, moment


def _never(case: Case) -> bool:
    """Whether no time of day of a schedule is in its window, or no day of it on its weekdays."""
    readings = [datetime(2000, 1, 1, hour, minute) for hour in case.due.hours for minute in case.due.minutes]  # noqa: DTZ001
    anywhen = replace(case.due, on=lambda _day: True)
    days = (date(2000, 1, 1) + number * DAY for number in range(400))
    return not any(map(anywhen.at, readings)) or not any(map(case.due.on, days))


def _expected(case: Case, zone: tzinfo, begin: datetime, end: datetime) -> list[datetime]:
    begins = None if case.first is None else _first_showing(zone, case.first)
    ends = None if case.last is None else _first_showing(zone, case.last + MINUTE)
    slots = walk(case.due, zone, begin - case.delay, end - case.delay)
    held = (slot for slot in slots if (begins is None or slot >= begins) and (ends is None or slot < ends))
    return [slot + case.delay for slot in held]


def _first_showing(zone: tzinfo, wall: datetime) -> datetime:
    """Return the first minute at which a clock shows a reading or has passed it."""
    return next(minute for minute in _minutes_around(wall) if minute.astimezone(zone).replace(tzinfo=None) >= wall)


def _minutes_around(wall: datetime) -> Iterator[datetime]:
    moment = wall.replace(tzinfo=UTC) - timedelta(hours=30)
    while True:
        yield moment
        moment += MINUTE


@pytest.mark.slow
@settings(max_examples=60, deadline=None)
@given(cases())
def test_clauses_mean_what_a_walk_along_the_minutes_finds(drawn: tuple[Case, str, datetime]) -> None:
    case, zone, begin = drawn
    if _never(case):
        with pytest.raises(TriggerError, match="never fires"):
            trigger(case.text, zone)
        return
    end = begin + 2 * DAY
    expected = _expected(case, ZoneInfo(zone), begin, end)
    rule = trigger(case.text, zone)

    found = []
    slot = rule.next_after(begin - TICK)
    while slot is not None and slot < end:
        found.append(slot)
        slot = rule.next_after(slot)

    assert found == expected
    assert rule.count_between(begin - TICK, end - TICK) == len(expected)
    if expected:
        assert rule.last_before(end - TICK) == expected[-1]
