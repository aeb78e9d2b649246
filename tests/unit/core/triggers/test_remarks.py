"""What a person is told of a cron text that is valid and may surprise."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from task_scheduler.core.errors import TriggerError
from task_scheduler.core.triggers import calendar_of, parse_trigger, read_schedule
from task_scheduler.core.triggers.remarks import remarks, schedule_remarks
from tests.unit.core.triggers.cron_drawn import DrawnCron, crons


@pytest.mark.parametrize(
    ("text", "remark"),
    [
        (
            "0 0 13 * fri",
            "day of month '13' and day of week 'fri': either is enough; days that fit both are written as in '0 0 13 * * on fri'",
        ),
        (
            "0 16 */2 * sat",
            "day of month '*/2' and day of week 'sat': a day must fit both, since '*/2' begins with '*'",
        ),
        (
            "0 16 1-7 * */7",
            "day of month '1-7' and day of week '*/7': a day must fit both, since '*/7' begins with '*'",
        ),
        (
            "0 0 13 * 0-6",
            "day of month '13' and day of week '0-6': either is enough; days that fit both are written as in '0 0 13 * * on fri'",
        ),
        ("*/7 * * * *", "minute '*/7' starts anew: after minute 56 comes minute 0, 4 and not 7 minutes later"),
        ("3/25 * * * *", "minute '3/25' starts anew: after minute 53 comes minute 3, 10 and not 25 minutes later"),
        ("0 */5 * * *", "hour '*/5' starts anew: after hour 20 comes hour 0, 4 and not 5 hours later"),
        ("*/45 * * * * *", "second '*/45' starts anew: after second 45 comes second 0, 15 and not 45 seconds later"),
        ("0 0 1 */5 *", "month '*/5' starts anew: after month 11 comes month 1, 2 and not 5 months later"),
        ("0 0 1 feb/5 *", "month 'feb/5' starts anew: after month 12 comes month 2, 2 and not 5 months later"),
        ("0 0 */2 * *", "day of month '*/2' starts anew each month, whatever its last day was"),
        ("0 0 * * */2", "day of week '*/2' starts anew each Sunday"),
        (
            "0 0 31 * *",
            "day of month '31': skipped in February, April, June, September and November; 'L' is the last day of each month",
        ),
        (
            "0 0 1,31w 1-4 *",
            "day of month '31w': skipped in February and April; 'LW' is the last workday of each month",
        ),
        ("0 0 30 * *", "day of month '30': skipped in February; 'L' is the last day of each month"),
        ("0 0 29 2 *", "day of month '29': February has it in leap years only"),
        ("0 0 * * 5#5", "a month without a fifth Friday is skipped; '5L' is the last Friday of each month"),
        ("0 0 * * 7#5", "a month without a fifth Sunday is skipped; '0L' is the last Sunday of each month"),
    ],
)
def test_what_surprises_is_said(text: str, remark: str) -> None:
    assert remark in remarks(text)


@pytest.mark.parametrize(
    "text",
    [
        "* * * * *",
        "*/5 */2 * */3 *",
        "5/15 * * * *",
        "*/7 9 * * *",
        "10-50/7 * * * *",
        "*/20 * * * * *",
        "*/45 30 9 * * *",
        "0 0 */1 * */1",
        "0 0 l * *",
        "0 0 lw,15w,28 * *",
        "0 0 29 3 *",
        "0 0 31 1,mar,12 *",
        "0 0 1-31 * *",
        "0 0 * * 1#4,5l",
        "0 0 * * */7",
        "@monthly",
    ],
)
def test_nothing_is_said_of_what_does_not_surprise(text: str) -> None:
    assert remarks(text) == ()


def test_all_remarks_come_in_the_order_of_days_steps_and_dates() -> None:
    assert remarks("*/7 * 29 * 5#5") == (
        "day of month '29' and day of week '5#5': either is enough; days that fit both are written as in '0 0 13 * * on fri'",
        "minute '*/7' starts anew: after minute 56 comes minute 0, 4 and not 7 minutes later",
        "day of month '29': February has it in leap years only",
        "a month without a fifth Friday is skipped; '5L' is the last Friday of each month",
    )


@settings(max_examples=30)
@given(crons())
def test_any_cron_text_can_be_remarked_on(cron: DrawnCron) -> None:
    assert len(remarks(cron.six.lower())) <= 14


def test_what_is_no_cron_text_is_refused() -> None:
    with pytest.raises(TriggerError):
        remarks("every day")


def test_the_cron_text_of_a_schedule_with_clauses_is_remarked_on() -> None:
    said = ("minute '*/7' starts anew: after minute 56 comes minute 0, 4 and not 7 minutes later",)

    assert schedule_remarks("*/7 * * * * on mon until 2027-01-01 plus 17 s") == said == remarks("*/7 * * * *")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("every 45 minutes", "each hour: after 00:45 comes 01:00, 15 and not 45 minutes later"),
        ("every 50 seconds", "each minute: after 00:00:50 comes 00:01, 10 and not 50 seconds later"),
        ("every 100 minutes", "each day: after 23:20 comes 00:00, 40 and not 100 minutes later"),
        ("every 7 hours at :15", "each day: after 21:15 comes 00:15, 3 and not 7 hours later"),
        ("every 7 hours on sun,mon", "each day: after 21:00 comes 00:00, 3 and not 7 hours later"),
        ("every 45 minutes between 08:00 and 10:50", "each hour: after 08:45 comes 09:00, 15 and not 45 minutes later"),
        ("every 7 hours between 20:00 and 03:00", "each day: after 21:00 comes 00:00, 3 and not 7 hours later"),
    ],
)
def test_an_interval_that_does_not_fit_is_told_with_the_first_place_at_which_it_starts_anew(
    text: str, said: str
) -> None:
    [remark] = schedule_remarks(text)

    base = text.partition(" on ")[0].partition(" between ")[0]
    assert remark == f"'{base}' starts anew {said}"


@pytest.mark.parametrize(
    "text",
    [
        "every 5 minutes",
        "every 90 minutes",
        "every 90 seconds",
        "every 8 hours",
        "every 45 minutes between 08:00 and 08:50",
        "every 7 hours on mon,wed",
        "every 7 hours between 06:00 and 22:00",
        "every 7 days at 00:00",
        "every 5 to 10 minutes",
    ],
)
def test_nothing_is_said_of_intervals_that_are_even_where_they_are_due(text: str) -> None:
    assert schedule_remarks(text) == ()


@given(st.sampled_from(["seconds", "minutes", "hours"]), st.integers(1, 1_500))
def test_an_interval_is_remarked_on_if_and_only_if_its_slots_are_unevenly_apart(unit: str, interval: int) -> None:
    try:
        text = read_schedule(f"every {interval} {unit}")
    except TriggerError:
        return
    rule = parse_trigger(text, UTC)
    slots = [datetime(2026, 1, 5, tzinfo=UTC)]
    while len(slots) < 200 or slots[-1] - slots[0] <= timedelta(days=1):
        following = rule.next_after(slots[-1])
        assert following is not None
        slots.append(following)
        if len(slots) > 4_000:
            break
    uneven = len({later - earlier for earlier, later in pairwise(slots)}) > 1

    assert bool(schedule_remarks(text)) == uneven


@pytest.mark.parametrize("text", ["after other on success", "once at 2027-01-31 09:00"])
def test_there_are_no_remarks_on_what_has_no_steps(text: str) -> None:
    assert schedule_remarks(text) == ()


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("every day at 10:30 calendar config/a.ics skip", "config/a.ics"),
        ("every day at 10:30", ""),
        ("on change of calendar DE skip", ""),
    ],
)
def test_the_calendar_of_a_schedule_is_known(text: str, name: str) -> None:
    assert calendar_of(text) == name
