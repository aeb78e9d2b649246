"""The table of time changes, row by row, as instants written out by hand.

Berlin's clock goes from 02:00 to 03:00 on 30 March 2025 and from 03:00 back to 02:00 on 26 October 2025.
"""

from __future__ import annotations

import pytest

from tests.unit.core.triggers.shown import shown

SPRING = "2025-03-30"
AUTUMN = "2025-10-26"

DAILY_AT_HALF_PAST_TWO = ["30 2 * * *", "every day at 02:30", "daily at 02:30:00", "30-30 2 * * *", "30 2-2 * * 0-7"]


@pytest.mark.parametrize("schedule", DAILY_AT_HALF_PAST_TWO)
def test_d1_a_skipped_time_of_day_is_due_at_the_first_moment_after_the_gap(schedule: str) -> None:
    assert shown(schedule, "2025-03-29", "2025-03-31") == [
        "2025-03-29T02:30+01:00",
        "2025-03-30T03:00+02:00",
        "2025-03-31T02:30+02:00",
    ]


@pytest.mark.parametrize("schedule", DAILY_AT_HALF_PAST_TWO)
def test_d2_a_repeated_time_of_day_is_due_in_the_first_pass_only(schedule: str) -> None:
    assert shown(schedule, "2025-10-25", "2025-10-27") == [
        "2025-10-25T02:30+02:00",
        "2025-10-26T02:30+02:00",
        "2025-10-27T02:30+01:00",
    ]


@pytest.mark.parametrize(
    ("schedule", "slot"), [("0 0 * * *", "2025-11-02T00:00-04:00"), ("30 0 * * *", "2025-11-02T00:30-04:00")]
)
def test_d2_the_first_pass_may_begin_at_midnight(schedule: str, slot: str) -> None:
    assert shown(schedule, "2025-11-02", "2025-11-02", "America/Havana") == [slot]


def test_d2_a_change_of_two_hours_has_one_first_pass() -> None:
    assert shown("0,30 1,2 * * *", AUTUMN, AUTUMN, "Antarctica/Troll") == [
        "2025-10-26T01:00+02:00",
        "2025-10-26T01:30+02:00",
        "2025-10-26T02:00+02:00",
        "2025-10-26T02:30+02:00",
    ]


@pytest.mark.parametrize("schedule", ["30 1 * * *", "30 2 * * *", "0 1,2,3 * * *"])
def test_d1_a_gap_of_two_hours_ends_in_one_slot(schedule: str) -> None:
    assert shown(schedule, SPRING, SPRING, "Antarctica/Troll") == ["2025-03-30T03:00+02:00"]


def test_d3_several_skipped_times_are_one_instant_and_one_slot() -> None:
    assert shown("15,30 2 * * *", SPRING, SPRING) == ["2025-03-30T03:00+02:00"]


def test_d3_a_skipped_time_and_the_time_right_after_the_gap_are_one_slot() -> None:
    assert shown("0 2,3 * * *", SPRING, SPRING) == ["2025-03-30T03:00+02:00"]


@pytest.mark.parametrize(
    ("schedule", "slots"),
    [
        ("15,30 2 * * *", ["2025-10-26T02:15+02:00", "2025-10-26T02:30+02:00"]),
        ("30 2,4 * * *", ["2025-10-26T02:30+02:00", "2025-10-26T04:30+01:00"]),
        (
            "0 2-5 * * *",
            ["2025-10-26T02:00+02:00", "2025-10-26T03:00+01:00", "2025-10-26T04:00+01:00", "2025-10-26T05:00+01:00"],
        ),
    ],
)
def test_d4_lists_and_ranges_are_due_in_the_first_pass_only(schedule: str, slots: list[str]) -> None:
    assert shown(schedule, AUTUMN, AUTUMN) == slots


def test_d5_a_list_makes_up_for_its_skipped_time_alone() -> None:
    assert shown("30 2,4 * * *", SPRING, SPRING) == ["2025-03-30T03:00+02:00", "2025-03-30T04:30+02:00"]


@pytest.mark.parametrize("schedule", ["0 */2 * * *", "every 2 hours", "every 120 minutes", "every 7200 seconds"])
def test_d6_wildcards_follow_the_wall_clock_over_a_gap(schedule: str) -> None:
    assert shown(schedule, SPRING, SPRING)[:3] == [
        "2025-03-30T00:00+01:00",
        "2025-03-30T04:00+02:00",
        "2025-03-30T06:00+02:00",
    ]


@pytest.mark.parametrize("schedule", ["0 */2 * * *", "every 2 hours", "every 120 minutes", "every 7200 seconds"])
def test_d7_wildcards_are_due_in_both_passes(schedule: str) -> None:
    assert shown(schedule, AUTUMN, AUTUMN)[:4] == [
        "2025-10-26T00:00+02:00",
        "2025-10-26T02:00+02:00",
        "2025-10-26T02:00+01:00",
        "2025-10-26T04:00+01:00",
    ]


@pytest.mark.parametrize("schedule", ["0 */3 * * *", "every 3 hours"])
def test_d7_the_end_of_an_overlap_is_shown_once(schedule: str) -> None:
    assert shown(schedule, AUTUMN, AUTUMN)[:3] == [
        "2025-10-26T00:00+02:00",
        "2025-10-26T03:00+01:00",
        "2025-10-26T06:00+01:00",
    ]


def test_d8_a_wildcard_minute_of_a_skipped_hour_is_not_due_that_day() -> None:
    assert shown("*/20 2 * * *", "2025-03-29", "2025-03-31") == [
        "2025-03-29T02:00+01:00",
        "2025-03-29T02:20+01:00",
        "2025-03-29T02:40+01:00",
        "2025-03-31T02:00+02:00",
        "2025-03-31T02:20+02:00",
        "2025-03-31T02:40+02:00",
    ]


@pytest.mark.parametrize("schedule", ["0 * * * *", "@hourly", "hourly", "every 60 minutes"])
def test_d9_every_hour_is_every_real_hour(schedule: str) -> None:
    assert shown(schedule, AUTUMN, AUTUMN)[1:5] == [
        "2025-10-26T01:00+02:00",
        "2025-10-26T02:00+02:00",
        "2025-10-26T02:00+01:00",
        "2025-10-26T03:00+01:00",
    ]
    assert len(shown(schedule, AUTUMN, AUTUMN)) == 25
    assert len(shown(schedule, SPRING, SPRING)) == 23


@pytest.mark.parametrize(
    ("schedule", "slots"),
    [
        ("30 * * * *", ["2025-10-05T00:30+10:30", "2025-10-05T01:30+10:30", "2025-10-05T02:30+11:00"]),
        ("0 */2 * * *", ["2025-10-05T00:00+10:30", "2025-10-05T04:00+11:00", "2025-10-05T06:00+11:00"]),
        ("0 */6 * * *", ["2025-10-05T00:00+10:30", "2025-10-05T06:00+11:00", "2025-10-05T12:00+11:00"]),
        ("15 2 * * *", ["2025-10-05T02:30+11:00"]),
    ],
)
def test_d10_a_gap_of_half_an_hour(schedule: str, slots: list[str]) -> None:
    assert shown(schedule, "2025-10-05", "2025-10-05", "Australia/Lord_Howe")[:3] == slots


@pytest.mark.parametrize(
    ("schedule", "slots"),
    [
        (
            "30 * * * *",
            ["2025-04-06T00:30+11:00", "2025-04-06T01:30+11:00", "2025-04-06T01:30+10:30", "2025-04-06T02:30+10:30"],
        ),
        (
            "0 */2 * * *",
            ["2025-04-06T00:00+11:00", "2025-04-06T02:00+10:30", "2025-04-06T04:00+10:30", "2025-04-06T06:00+10:30"],
        ),
        ("45 1 * * *", ["2025-04-06T01:45+11:00"]),
    ],
)
def test_d10_an_overlap_of_half_an_hour(schedule: str, slots: list[str]) -> None:
    assert shown(schedule, "2025-04-06", "2025-04-06", "Australia/Lord_Howe")[:4] == slots


@pytest.mark.parametrize("schedule", ["0 12 * * *", "every day at 12:00"])
def test_d11_a_day_that_never_was_is_not_made_up_for(schedule: str) -> None:
    assert shown(schedule, "2011-12-29", "2011-12-31", "Pacific/Apia") == [
        "2011-12-29T12:00-10:00",
        "2011-12-31T12:00+14:00",
    ]


def test_d12_seconds_obey_the_same_rule() -> None:
    assert shown("every day at 02:30:30", SPRING, SPRING) == ["2025-03-30T03:00+02:00"]
    assert shown("every day at 02:30:30", AUTUMN, AUTUMN) == ["2025-10-26T02:30:30+02:00"]
    assert shown("0 30 1-4 * * *", SPRING, SPRING) == [
        "2025-03-30T01:30+01:00",
        "2025-03-30T03:00+02:00",
        "2025-03-30T03:30+02:00",
        "2025-03-30T04:30+02:00",
    ]
    assert shown("15 30 1-3 * * *", AUTUMN, AUTUMN) == [
        "2025-10-26T01:30:15+02:00",
        "2025-10-26T02:30:15+02:00",
        "2025-10-26T03:30:15+01:00",
    ]


@pytest.mark.parametrize("schedule", ["@daily", "daily", "every 24 hours", "every 1440 minutes", "every 86400 seconds"])
def test_midnight_may_lie_in_a_gap(schedule: str) -> None:
    assert shown(schedule, "2018-11-03", "2018-11-05", "America/Sao_Paulo") == [
        "2018-11-03T00:00-03:00",
        "2018-11-04T01:00-02:00",
        "2018-11-05T00:00-02:00",
    ]


def test_a_time_skipped_just_before_midnight_is_due_on_the_next_date() -> None:
    assert shown("30 23 * * *", "2025-03-29", "2025-03-30", "America/Scoresbysund") == [
        "2025-03-30T00:00-01:00",
        "2025-03-30T23:30-01:00",
    ]


def test_an_overlap_may_lead_back_to_the_day_before() -> None:
    assert shown("*/30 23,0 * * *", "2010-11-06", "2010-11-07", "America/St_Johns") == [
        "2010-11-06T00:00-02:30",
        "2010-11-06T00:30-02:30",
        "2010-11-06T23:00-02:30",
        "2010-11-06T23:30-02:30",
        "2010-11-07T00:00-02:30",
        "2010-11-06T23:30-03:30",
        "2010-11-07T00:00-03:30",
        "2010-11-07T00:30-03:30",
        "2010-11-07T23:00-03:30",
        "2010-11-07T23:30-03:30",
    ]
    assert shown("59 23 * * *", "2010-11-06", "2010-11-07", "America/St_Johns") == [
        "2010-11-06T23:59-02:30",
        "2010-11-07T23:59-03:30",
    ]
    assert shown("0 0 * * *", "2010-11-06", "2010-11-07", "America/St_Johns") == [
        "2010-11-06T00:00-02:30",
        "2010-11-07T00:00-02:30",
    ]


@pytest.mark.parametrize(
    ("schedule", "spring", "autumn"),
    [
        ("every monday at 02:30", [], []),
        ("every sunday at 02:30", [SPRING + "T03:00+02:00"], [AUTUMN + "T02:30+02:00"]),
    ],
)
def test_weekdays_obey_the_rule_of_fixed_times(schedule: str, spring: list[str], autumn: list[str]) -> None:
    assert shown(schedule, SPRING, SPRING) == spring
    assert shown(schedule, AUTUMN, AUTUMN) == autumn


def test_ninety_minutes_count_from_local_midnight_and_follow_the_wall_clock() -> None:
    assert shown("every 90 minutes", SPRING, SPRING)[:4] == [
        "2025-03-30T00:00+01:00",
        "2025-03-30T01:30+01:00",
        "2025-03-30T03:00+02:00",
        "2025-03-30T04:30+02:00",
    ]


def test_a_zone_without_changes_has_none() -> None:
    assert shown("30 2 * * *", SPRING, SPRING, "UTC") == ["2025-03-30T02:30+00:00"]
