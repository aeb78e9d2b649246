"""Schedules of the form `every N units`: their grids, their canonical texts, and what is refused."""

from __future__ import annotations

import pytest

from task_scheduler.core.errors import TriggerError
from task_scheduler.core.triggers import read_schedule
from tests.unit.core.triggers.shown import shown


@pytest.mark.parametrize(
    ("words", "text"),
    [
        ("every second", "every second"),
        ("every 1 seconds", "every second"),
        ("every 10 seconds", "every 10 seconds"),
        ("every 60 seconds", "every minute"),
        ("every 90 seconds", "every 90 seconds"),
        ("every 120 seconds", "every 2 minutes"),
        ("every 420 seconds", "every 420 seconds"),  # counted from midnight; 7 minutes start anew each hour
        ("every 3600 seconds", "every hour"),
        ("every 5400 seconds", "every 90 minutes"),
        ("every 86400 seconds", "every day at 00:00"),
        ("every minute", "every minute"),
        ("every 1 minute", "every minute"),
        ("Every  1 MINUTES ", "every minute"),
        ("every 5 minutes", "every 5 minutes"),
        ("every 7 minutes", "every 7 minutes"),
        ("every 60 minutes", "every hour"),
        ("every 90 minutes", "every 90 minutes"),
        ("every 300 minutes", "every 5 hours"),
        ("every 1440 minutes", "every day at 00:00"),
        ("every minute at :00", "every minute"),
        ("every minute at :30", "every minute at :30"),
        ("every 5 minutes at :05", "every 5 minutes at :05"),
        ("every 60 minutes at :30", "every hour at 00:30"),
        ("hourly", "every hour"),
        ("every hour", "every hour"),
        ("every 2 hours", "every 2 hours"),
        ("every hour at :00", "every hour"),
        ("every hour at :15", "every hour at :15"),
        ("hourly at 15:00", "every hour at :15"),
        ("hourly at 15:30", "every hour at 15:30"),
        ("every 24 hours", "every day at 00:00"),
        ("every 24 hours at :15", "every day at 00:15"),
        ("daily", "every day at 00:00"),
        ("every day", "every day at 00:00"),
        ("every 1 days at 00:00:00", "every day at 00:00"),
        ("daily at 10:30", "every day at 10:30"),
        ("every day at 10:30:05", "every day at 10:30:05"),
        ("every 3 days", "every 3 days at 00:00"),
        ("every 7 days", "every 7 days at 00:00"),
        ("weekly", "every monday at 00:00"),
        ("every week", "every monday at 00:00"),
        ("every 1 weeks", "every monday at 00:00"),
        ("every 2 weeks", "every 2 weeks"),
        ("monday", "every monday at 00:00"),
        ("every monday at 09:00", "every monday at 09:00"),
        ("every 1 sunday at 09:00", "every sunday at 09:00"),
        ("Monday at 09:00", "every monday at 09:00"),
    ],
)
def test_equal_meanings_have_one_text_that_never_changes(words: str, text: str) -> None:
    """The texts are on record as the identity of jobs: a change here would make every job a new one."""
    assert read_schedule(words) == text
    assert read_schedule(text) == text


def _times(schedule: str) -> list[str]:
    return [slot[11:19].removesuffix("+00") for slot in shown(schedule, "2025-01-06", "2025-01-06", "UTC")]


def test_an_interval_that_divides_its_parent_is_on_its_boundaries() -> None:
    assert _times("every 6 hours") == ["00:00", "06:00", "12:00", "18:00"]
    assert _times("every 5 minutes")[:3] == ["00:00", "00:05", "00:10"]
    assert len(_times("every 5 minutes")) == 288
    assert len(_times("every 10 seconds")) == 8_640


def test_an_interval_that_does_not_divide_starts_anew_at_the_boundary_above() -> None:
    assert _times("every 7 hours") == ["00:00", "07:00", "14:00", "21:00"]
    assert _times("every 25 minutes")[:6] == ["00:00", "00:25", "00:50", "01:00", "01:25", "01:50"]
    assert [slot[11:19] for slot in shown("every 25 seconds", "2025-01-06", "2025-01-06", "UTC")[1:5]] == [
        "00:00:25",
        "00:00:50",
        "00:01+00",
        "00:01:25",
    ]


def test_a_longer_interval_is_counted_from_midnight() -> None:
    assert _times("every 500 minutes") == ["00:00", "08:20", "16:40"]
    assert _times("every 420 seconds")[8:11] == ["00:56", "01:03", "01:10"]
    assert _times("every 90 minutes at :30")[:2] == ["00:00:30", "01:30:30"]


def test_at_moves_every_slot_of_an_hour_or_minute() -> None:
    assert _times("every 8 hours at 15:30") == ["00:15:30", "08:15:30", "16:15:30"]
    assert _times("every 20 minutes at :05")[:4] == ["00:00:05", "00:20:05", "00:40:05", "01:00:05"]


def test_days_are_counted_from_1970() -> None:
    assert shown("every 3 days at 10:30", "1970-01-01", "1970-01-07", "UTC") == [
        "1970-01-01T10:30+00:00",
        "1970-01-04T10:30+00:00",
        "1970-01-07T10:30+00:00",
    ]
    assert shown("every 3 days", "2025-01-01", "2025-01-06", "UTC") == [
        "2025-01-03T00:00+00:00",
        "2025-01-06T00:00+00:00",
    ]


def test_weeks_are_counted_from_the_first_monday_of_1970() -> None:
    assert shown("every 2 weeks", "1970-01-01", "1970-01-20", "UTC") == [
        "1970-01-05T00:00+00:00",
        "1970-01-19T00:00+00:00",
    ]
    assert shown("weekly", "1970-01-01", "1970-01-13", "UTC") == ["1970-01-05T00:00+00:00", "1970-01-12T00:00+00:00"]


@pytest.mark.parametrize(
    ("weekday", "date"),
    [
        ("monday", "06"),
        ("tuesday", "07"),
        ("wednesday", "08"),
        ("thursday", "09"),
        ("friday", "10"),
        ("saturday", "11"),
        ("sunday", "12"),
    ],
)
def test_weekdays_are_their_own(weekday: str, date: str) -> None:
    assert shown(f"{weekday} at 09:00", "2025-01-06", "2025-01-12", "UTC") == [f"2025-01-{date}T09:00+00:00"]


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ("every 0 minutes", "'every 0 minutes': an interval is a whole number, 1 or more"),
        ("every -5 minutes", "'every -5 minutes': an interval is a whole number, 1 or more"),
        ("every 1.5 hours", "'every 1.5 hours': an interval is a whole number, 1 or more"),
        ("every 48 hours", "'every 48 hours': longer than a day, count in days: every 2 days"),
        ("every 36 hours", "'every 36 hours': longer than a day, count in days: every day or every 2 days"),
        ("every 4000 minutes", "'every 4000 minutes': longer than a day, count in days: every 2 days or every 3 days"),
        ("every 86401 seconds", "'every 86401 seconds': longer than a day, count in days: every day or every 2 days"),
        ("every 36526 days", "'every 36526 days': more than a hundred years apart, write a shorter interval"),
        ("every 5218 weeks", "'every 5218 weeks': more than a hundred years apart, write a shorter interval"),
        ("every 2 monday", "'every 2 monday': a weekday comes every week, leave the interval out or count weeks"),
        (
            "weekly at 09:00",
            "'weekly at 09:00': weeks begin on Monday at 00:00 and take no time, name a weekday instead",
        ),
        (
            "every 5 seconds at :10",
            "'every 5 seconds at :10': seconds take no time, leave ':10' out or count minutes, hours or days",
        ),
        ("daily at 24:00", "'daily at 24:00': '24:00' is no time of day, write HH:MM or HH:MM:SS, such as '09:30'"),
        ("monday at :30", "'monday at :30': ':30' is no time of day, write HH:MM or HH:MM:SS, such as '09:30'"),
        (
            "hourly at 10:30:00",
            "'hourly at 10:30:00': '10:30:00' is no time within an hour, write :MM or MM:SS, such as ':15'",
        ),
        ("hourly at :60", "'hourly at :60': ':60' is no time within an hour, write :MM or MM:SS, such as ':15'"),
        (
            "every minute at 10:30",
            "'every minute at 10:30': '10:30' is no time within a minute, write :SS, such as ':30'",
        ),
    ],
)
def test_what_cannot_be_meant_is_refused(words: str, sentence: str) -> None:
    with pytest.raises(TriggerError) as caught:
        read_schedule(words)

    assert str(caught.value) == sentence
