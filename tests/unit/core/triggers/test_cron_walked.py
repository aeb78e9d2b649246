"""Cron text against a walk along a zone's clock, second by second, and along its dates, day by day."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from task_scheduler.core.errors import TriggerError
from tests.unit.core.triggers.cron_drawn import Days, DrawnCron, Times, crons, numbers
from tests.unit.core.triggers.shown import trigger

SECOND = timedelta(seconds=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)

#: Moments at which a clock is changed, by zone, forwards and back, by whole hours and by half of one.
CHANGES = [
    ("Europe/Berlin", "2025-03-30T01:00"),
    ("Europe/Berlin", "2025-10-26T01:00"),
    ("America/New_York", "2026-03-08T07:00"),
    ("America/New_York", "2026-11-01T06:00"),
    ("America/Havana", "2025-11-02T05:00"),
    ("America/Sao_Paulo", "2018-11-04T03:00"),
    ("America/St_Johns", "2010-11-07T02:31"),
    ("Antarctica/Troll", "2025-03-30T01:00"),
    ("Antarctica/Troll", "2025-10-26T01:00"),
    ("Australia/Lord_Howe", "2025-04-05T15:00"),
    ("Australia/Lord_Howe", "2025-10-04T15:30"),
    ("Asia/Kathmandu", "2025-01-01T00:00"),
]
EVERY_DAY = Days(text="*", on=lambda when: True)


def _times(text: str, *values: int) -> Times:
    return Times(text=text, values=frozenset(values))


def _daily(second: Times, minute: Times, hour: Times) -> DrawnCron:
    month = _times("*", *range(1, 13))
    return DrawnCron(second=second, minute=minute, hour=hour, day=EVERY_DAY, month=month, weekday=EVERY_DAY)


HALF_PAST_TWO = _daily(_times("5", 5), _times("30", 30), _times("2", 2))
TEN_SECONDS_OF_IT = _daily(_times("*/10", *range(0, 60, 10)), _times("30", 30), _times("2", 2))
THIRDS_OF_IT = _daily(_times("0", 0), _times("*/20", 0, 20, 40), _times("2", 2))


def walk(cron: DrawnCron, zone: ZoneInfo, begin: datetime, end: datetime) -> Iterator[datetime]:
    """Yield the seconds in [begin, end) at which the cron text is due; no change is shortly before `begin`."""
    served = _reading(begin, zone) - SECOND
    moment = begin
    while moment < end:
        reading = _reading(moment, zone)
        skipped = reading - served - SECOND
        passed = [served + (number + 1) * SECOND for number in range(skipped // SECOND)] if cron.is_fixed else []
        is_due = cron.at(reading, seconds=True) and (not cron.is_fixed or reading > served)
        if is_due or any(cron.at(missed, seconds=True) for missed in passed):
            yield moment
        served = max(served, reading)
        moment += SECOND


def _reading(moment: datetime, zone: ZoneInfo) -> datetime:
    return moment.astimezone(zone).replace(tzinfo=None)


@st.composite
def times_near_changes(draw: st.DrawFn) -> tuple[DrawnCron, str, datetime]:
    """Draw a daily cron text and a moment at which the clock is changed."""
    zone, moment = draw(st.sampled_from(CHANGES))
    near = st.integers(0, 3).map(lambda hour: _times(str(hour), hour))
    cron = _daily(draw(numbers(0, 59)), draw(numbers(0, 59)), draw(st.one_of(near, numbers(0, 23))))
    return cron, zone, datetime.fromisoformat(moment).replace(tzinfo=UTC)


@pytest.mark.slow
@settings(max_examples=20)
@example((HALF_PAST_TWO, "Europe/Berlin", datetime(2025, 3, 30, 1, tzinfo=UTC)))
@example((HALF_PAST_TWO, "Europe/Berlin", datetime(2025, 10, 26, 1, tzinfo=UTC)))
@example((TEN_SECONDS_OF_IT, "Europe/Berlin", datetime(2025, 3, 30, 1, tzinfo=UTC)))
@example((TEN_SECONDS_OF_IT, "Europe/Berlin", datetime(2025, 10, 26, 1, tzinfo=UTC)))
@example((THIRDS_OF_IT, "Europe/Berlin", datetime(2025, 3, 30, 1, tzinfo=UTC)))
@example((THIRDS_OF_IT, "Europe/Berlin", datetime(2025, 10, 26, 1, tzinfo=UTC)))
@given(times_near_changes())
def test_d12_six_fields_fire_when_a_walk_along_the_seconds_does(case: tuple[DrawnCron, str, datetime]) -> None:
    cron, zone, change = case
    begin, end = change - 2 * HOUR, change + 3 * HOUR
    expected = list(walk(cron, ZoneInfo(zone), begin, end))
    rule = trigger(cron.six, zone)

    found = []
    slot = rule.next_after(begin - SECOND)
    while slot is not None and slot < end:
        found.append(slot)
        slot = rule.next_after(slot)

    assert found == expected
    assert rule.count_between(begin - SECOND, end - SECOND) == len(expected)
    if expected:
        assert rule.last_before(end - SECOND) == expected[-1]


@pytest.mark.slow
@settings(max_examples=120)
@given(crons(), st.dates(date(1890, 1, 1), date(2110, 1, 1)))
def test_the_dates_are_those_that_a_walk_along_the_calendar_finds(cron: DrawnCron, first: date) -> None:
    days = [first + number * DAY for number in range(400)]
    expected = [day for day in days if cron.on(day)]
    try:
        rule = trigger(f"0 12 {cron.dates}", "UTC")
    except TriggerError:
        # Refused as never due: then no day of a longer walk is.
        assert not any(cron.on(first + number * DAY) for number in range(30 * 366))
        return
    begin = datetime(first.year, first.month, first.day, tzinfo=UTC)

    found = []
    slot = rule.next_after(begin)
    while slot is not None and slot < begin + 400 * DAY:
        found.append(slot.date())
        slot = rule.next_after(slot)

    assert found == expected
    assert rule.count_between(begin, begin + 400 * DAY) == len(expected)
    if expected:
        assert rule.last_before(begin + 400 * DAY) == datetime(*expected[-1].timetuple()[:3], 12, tzinfo=UTC)


@settings(max_examples=60)
@given(crons(), st.dates(date(1990, 1, 1), date(2040, 1, 1)))
def test_five_fields_are_due_at_second_zero_of_six(cron: DrawnCron, day: date) -> None:
    moment = datetime(day.year, day.month, day.day, tzinfo=UTC)
    try:
        five, six = trigger(cron.five, "UTC"), trigger(f"0 {cron.five}", "UTC")
    except TriggerError:
        assume(False)  # noqa: FBT003 - Hypothesis' own signature
        return

    assert five.text != six.text
    for _ in range(3):
        slot = five.next_after(moment)
        assert slot == six.next_after(moment)
        assert slot is not None
        moment = slot
