"""What holidays take away from a schedule, with literal instants."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from task_scheduler.core.triggers import read_schedule
from task_scheduler.core.triggers.left_out import LeftOut, LeftOuts
from tests.unit.core.triggers.days_off import CALENDARS, DaysOff, OneCalendar

BERLIN = ZoneInfo("Europe/Berlin")


def left_out(schedule: str, first: datetime, last: datetime, zone: ZoneInfo = BERLIN) -> list[LeftOut]:
    return [*LeftOuts(read_schedule(schedule), zone, CALENDARS).between(first, last)]


@pytest.mark.parametrize(
    ("clause", "moved_to"),
    [
        ("", None),
        ("next_workday", datetime(2026, 5, 4, 7, tzinfo=UTC)),
        ("previous_workday", datetime(2026, 4, 30, 7, tzinfo=UTC)),
    ],
)
def test_a_slot_on_a_holiday_is_told_with_the_one_that_stands_for_it(clause: str, moved_to: datetime | None) -> None:
    [found] = left_out(
        f"daily at 09:00 calendar DE {clause}".strip(),
        datetime(2026, 4, 28, tzinfo=UTC),
        datetime(2026, 5, 6, tzinfo=UTC),
    )

    slot = datetime(2026, 5, 1, 7, tzinfo=UTC)  # a Friday
    assert found == LeftOut(first=slot, last=slot, count=1, holiday="2026-05-01", moved_to=moved_to)


def test_many_slots_of_a_day_are_told_together_and_the_ends_of_the_time_count() -> None:
    whole = left_out("every minute calendar DE", datetime(2026, 4, 30, tzinfo=UTC), datetime(2026, 5, 3, tzinfo=UTC))
    part = left_out("every hour calendar DE", datetime(2026, 5, 1, 4, tzinfo=UTC), datetime(2026, 5, 1, 6, tzinfo=UTC))

    assert [(found.first, found.last, found.count) for found in whole] == [
        (datetime(2026, 4, 30, 22, tzinfo=UTC), datetime(2026, 5, 1, 21, 59, tzinfo=UTC), 1_440)
    ]
    assert [found.first.hour for found in part] == [4, 5]


@pytest.mark.parametrize(
    "schedule",
    [
        "daily at 09:00",  # no calendar
        "every friday at 09:00 until 2026-04-24 calendar DE",  # over before
        "every sunday at 09:00 calendar DE",  # another day
        "at startup",
    ],
)
def test_where_nothing_would_have_been_due_nothing_is_left_out(schedule: str) -> None:
    assert not left_out(schedule, datetime(2026, 4, 28, tzinfo=UTC), datetime(2026, 5, 6, tzinfo=UTC))


def test_what_would_be_moved_past_the_end_of_its_schedule_is_left_out() -> None:
    [found] = left_out(
        "every friday at 09:00 until 2026-05-01 calendar DE next_workday",
        datetime(2026, 4, 28, tzinfo=UTC),
        datetime(2026, 5, 6, tzinfo=UTC),
    )

    assert found.moved_to is None


def test_no_time_holds_nothing() -> None:
    moment = datetime(2026, 5, 1, 7, tzinfo=UTC)

    assert not left_out("every minute calendar DE", moment, moment)


def test_where_nobody_works_for_more_than_a_year_nothing_is_moved() -> None:
    closed = DaysOff(single=[date(2026, 1, 1) + timedelta(days=day) for day in range(800)])
    rule = LeftOuts("every day at 09:00 calendar DE next_workday", BERLIN, OneCalendar(closed))

    found = [*rule.between(datetime(2026, 5, 1, tzinfo=UTC), datetime(2026, 5, 1, 12, tzinfo=UTC))]

    assert [(each.count, each.moved_to) for each in found] == [(1, None)]
