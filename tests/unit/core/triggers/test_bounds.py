"""Beginnings and ends of schedules: first and last slot, on the wall clock."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from task_scheduler.core.triggers.wall_clock import first_showing
from tests.unit.core.triggers.shown import shown, trigger

LONG_AGO = datetime(1980, 1, 1, tzinfo=UTC)
FAR = datetime(2300, 1, 1, tzinfo=UTC)


def test_a_schedule_begins_and_ends_with_slots_of_those_very_readings() -> None:
    rule = trigger("every 6 hours from 2027-01-02 06:00 until 2027-01-03 12:00", "Asia/Tokyo")
    first = datetime(2027, 1, 1, 21, tzinfo=UTC)
    last = datetime(2027, 1, 3, 3, tzinfo=UTC)

    assert rule.next_after(LONG_AGO) == first
    assert rule.last_before(first - timedelta(seconds=1)) is None
    assert rule.last_before(FAR) == last
    assert rule.next_after(last) is None
    assert rule.count_between(LONG_AGO, FAR) == 6
    assert rule.count_between(last, FAR) == 0
    assert rule.count_between(LONG_AGO, first - timedelta(seconds=1)) == 0


def test_a_beginning_alone_and_an_end_alone() -> None:
    begins = trigger("every day at 10:30 from 2027-01-02")
    ends = trigger("every day at 10:30 until 2027-01-02")

    assert begins.last_before(datetime(2027, 1, 2, 9, tzinfo=UTC)) is None
    assert begins.next_after(LONG_AGO) == datetime(2027, 1, 2, 9, 30, tzinfo=UTC)
    assert begins.last_before(FAR) is not None
    assert ends.last_before(FAR) == datetime(2027, 1, 2, 9, 30, tzinfo=UTC)
    assert ends.next_after(LONG_AGO) == datetime(1980, 1, 1, 9, 30, tzinfo=UTC)


def test_a_last_slot_has_no_period() -> None:
    rule = trigger("every day at 10:30 until 2027-01-02")

    assert rule.period(datetime(2026, 12, 31, 12, tzinfo=UTC)) == timedelta(days=1)
    assert rule.period(datetime(2027, 1, 1, 12, tzinfo=UTC)) is None
    assert rule.period(datetime(2027, 1, 2, 12, tzinfo=UTC)) is None


def test_an_end_within_an_hour_that_comes_twice_ends_in_the_first_pass() -> None:
    assert shown("*/30 * * * * until 2027-10-31 02:30", "2027-10-31", "2027-10-31")[-2:] == [
        "2027-10-31T02:00+02:00",
        "2027-10-31T02:30+02:00",
    ]


def test_a_beginning_within_an_hour_that_comes_twice_is_in_the_first_pass() -> None:
    assert shown("*/30 * * * * from 2027-10-31 02:30", "2027-10-31", "2027-10-31")[:4] == [
        "2027-10-31T02:30+02:00",
        "2027-10-31T02:00+01:00",
        "2027-10-31T02:30+01:00",
        "2027-10-31T03:00+01:00",
    ]


def test_a_beginning_in_a_gap_is_the_end_of_the_gap() -> None:
    assert shown("every day at 02:15 from 2027-03-28 02:30", "2027-03-28", "2027-03-29") == [
        "2027-03-28T03:00+02:00",
        "2027-03-29T02:15+02:00",
    ]


def test_a_last_day_lasts_through_an_hour_before_midnight_that_comes_twice() -> None:
    assert shown("0 * * * * until 2018-02-17", "2018-02-17", "2018-02-18", "America/Sao_Paulo")[-2:] == [
        "2018-02-17T23:00-02:00",
        "2018-02-17T23:00-03:00",
    ]


@pytest.mark.parametrize(
    ("zone", "wall", "instant"),
    [
        ("UTC", "2027-01-01T00:00:00", "2027-01-01T00:00:00"),
        ("Pacific/Kiritimati", "2027-01-01T00:00:00", "2026-12-31T10:00:00"),
        ("Pacific/Apia", "2011-12-30T12:00:00", "2011-12-30T10:00:00"),
        ("Europe/Berlin", "2027-03-28T02:30:00", "2027-03-28T01:00:00"),
        ("Europe/Berlin", "2027-10-31T02:30:00", "2027-10-31T00:30:00"),
        ("America/Havana", "2027-11-07T00:00:00", "2027-11-07T04:00:00"),
    ],
)
def test_the_first_instant_a_clock_shows_a_reading_or_has_passed_it(zone: str, wall: str, instant: str) -> None:
    found = first_showing(ZoneInfo(zone), _seconds(wall))

    assert found == _seconds(instant)


def _seconds(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("*/30 * * * * from 2027-03-28 02:30", datetime(2027, 3, 28, 1, tzinfo=UTC)),
        ("every 2 hours from 2027-03-28 02:00", datetime(2027, 3, 28, 2, tzinfo=UTC)),
        ("every day at 02:45 from 2027-03-28 02:30", datetime(2027, 3, 28, 1, tzinfo=UTC)),
        ("every day at 03:00 from 2027-03-28 02:30", datetime(2027, 3, 28, 1, tzinfo=UTC)),
        ("every day at 01:59 from 2027-03-28 02:30", datetime(2027, 3, 28, 23, 59, tzinfo=UTC)),
    ],
)
def test_a_schedule_that_begins_in_a_gap_begins_at_the_first_instant_after_it(text: str, first: datetime) -> None:
    rule = trigger(text)

    assert rule.next_after(LONG_AGO) == first
    assert rule.last_before(first - timedelta(seconds=1)) is None
    assert rule.count_between(LONG_AGO, first) == 1


@pytest.mark.parametrize(
    ("text", "last"),
    [
        ("every day at 02:15 until 2027-03-28 02:30", datetime(2027, 3, 28, 1, tzinfo=UTC)),
        ("every day at 02:30 until 2027-03-28 02:30", datetime(2027, 3, 28, 1, tzinfo=UTC)),
        ("0 2,3 * * * until 2027-03-28 02:30", datetime(2027, 3, 28, 1, tzinfo=UTC)),
        ("every day at 02:45 until 2027-03-28 02:30", datetime(2027, 3, 27, 1, 45, tzinfo=UTC)),
        ("every day at 03:00 until 2027-03-28 02:30", datetime(2027, 3, 27, 2, tzinfo=UTC)),
        ("*/30 * * * * until 2027-03-28 02:30", datetime(2027, 3, 28, 0, 30, tzinfo=UTC)),
    ],
)
def test_what_is_due_in_a_gap_before_the_end_is_made_up_for_after_it_and_nothing_else(
    text: str, last: datetime
) -> None:
    rule = trigger(text)

    assert rule.last_before(FAR) == last
    assert rule.next_after(last - timedelta(seconds=1)) == last
    assert rule.next_after(last) is None
    assert rule.count_between(last - timedelta(seconds=1), FAR) == 1
