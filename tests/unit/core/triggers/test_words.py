"""Mistakes in words, and the way out that is named."""

from __future__ import annotations

import pytest

from task_scheduler.core.errors import TriggerError
from task_scheduler.core.triggers import read_schedule

FORMS = "write words such as 'every 5 minutes' or 'daily at 10:30', or cron text"


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ("evry 5 minutes", "'evry 5 minutes': unknown word 'evry', did you mean 'every'?"),
        ("every 5 minuts", "'every 5 minuts': unknown word 'minuts', did you mean 'minutes'?"),
        ("every mon at 09:00", "'every mon at 09:00': unknown word 'mon', did you mean 'monday'?"),
        ("mondays at 09:00", "'mondays at 09:00': unknown word 'mondays', did you mean 'monday'?"),
        ("every five minutes", f"'every five minutes': unknown word 'five': {FORMS}"),
        ("sometimes", f"'sometimes': unknown word 'sometimes': {FORMS}"),
        ("every 5 minute", "'every 5 minute': write 'every 5 minutes'"),
        ("every minutes", "'every minutes': write 'every minute', or how many minutes"),
        ("every", f"'every' cannot be read: {FORMS}"),
        ("at 10:30", f"'at 10:30' cannot be read: {FORMS}"),
        ("every second monday", f"'every second monday' cannot be read: {FORMS}"),
        ("every 5 5", "'every 5 5': an interval is a whole number, 1 or more"),
        ("daily at", "'daily at': a time is missing after 'at'"),
        (
            "daily at 10:30 pm",
            "'daily at 10:30 pm': 'pm' cannot follow the time '10:30': hours are 00 to 23, a time zone goes into the key 'timezone'",
        ),
        (
            "monday at 09:00 and 17:00",
            "'monday at 09:00 and 17:00': 'and 17:00' cannot follow the time '09:00': a schedule has one time, write a list of schedules, one for each",
        ),
        (
            "every day at 9:00, 17:00",
            "'every day at 9:00, 17:00': '17:00' cannot follow the time '9:00,': a schedule has one time, write a list of schedules, one for each, or cron text such as '0 9,17 * * *'",
        ),
        (
            "daily at 09:00, 17:30",
            "'daily at 09:00, 17:30': '17:30' cannot follow the time '09:00,': a schedule has one time, write a list of schedules, one for each",
        ),
        (
            "monday at 09:00 and friday at 10:00",
            "'monday at 09:00 and friday at 10:00': 'and friday at 10:00' cannot follow the time '09:00': a schedule has one time, write a list of schedules, one for each",
        ),
        (
            "every last friday at 17:30",
            "'every last friday at 17:30': weeks of a month cannot be said in words, write cron text such as '30 17 * * 5L'",
        ),
        (
            "every 3rd monday of the month at noon",
            "'every 3rd monday of the month at noon': weeks of a month cannot be said in words, write cron text such as '0 9 * * mon#3'",
        ),
        (
            "third sunday",
            "'third sunday': weeks of a month cannot be said in words, write cron text such as '0 0 * * sun#3'",
        ),
        (
            "daily at 9:00 betwen 8:00 and 18:00",
            "'daily at 9:00 betwen 8:00 and 18:00': 'betwen 8:00 and 18:00' cannot follow the time '9:00', did you mean 'between'?",
        ),
        (
            "0 9 * * mon /usr/bin/report",
            "cron text '0 9 * * mon /usr/bin/report': '/usr/bin/report' is no part of a schedule: write '0 9 * * mon' alone, for what is run is the task file itself",
        ),
        (
            "@daily root /x/y.sh",
            "cron text '@daily root /x/y.sh': 'root /x/y.sh' is no part of a schedule: write '@daily' alone, for what is run is the task file itself",
        ),
        ("0 9 * * * weds", "day of week 'weds' in '0 9 * * * weds' cannot be read, did you mean 'wed'?"),
        ("monthly", "'monthly': 'monthly' cannot be said in words, write cron text such as '@monthly'"),
        (
            "every weekend at 09:00",
            "'every weekend at 09:00': write such as 'daily at 09:00 on weekends'",
        ),
        (
            "Weekdays at 25:00",
            "'Weekdays at 25:00': '25:00' is no time of day, write HH:MM or HH:MM:SS, such as '09:30'",
        ),
        ("Every 5 Minuts", "'Every 5 Minuts': unknown word 'Minuts', did you mean 'minutes'?"),
        ("EVERY Month", "'EVERY Month': 'Month' cannot be said in words, write cron text such as '@monthly'"),
        (
            "Daily at 10:30 On Funday",
            "'Daily at 10:30 On Funday': 'Funday' is no day of the week, did you mean 'sunday'?",
        ),
        (
            "Daily AT 09:00 Calendar DE Nxt_workday",
            (
                "'Daily AT 09:00 Calendar DE Nxt_workday': 'Nxt_workday' cannot follow the calendar 'DE', "
                "did you mean 'next_workday'?"
            ),
        ),
        ("Once At 2027-01-01", "'Once At 2027-01-01': a time is missing, write 'once at 2027-01-01 09:00'"),
        ("@Dialy", "no nickname '@Dialy', did you mean '@daily'?"),
        (
            "0 0 * * MON-FRI#1",
            (
                "day of week 'MON-FRI#1' in '0 0 * * MON-FRI#1' cannot be read: "
                "write each day with its own number, such as 'mon#1,tue#1'"
            ),
        ),
        ("0 0 30 FEB *", "cron text '0 0 30 FEB *' never fires: no month it names has day 30"),
        (
            "every 99999999999999 seconds",
            "'every 99999999999999 seconds': more than a hundred years apart, write a shorter interval",
        ),
        (
            "every 9999999999999999999999999999999999 hours",
            "'every 9999999999999999999999999999999999 hours': more than a hundred years apart, write a shorter interval",
        ),
        (
            "every 5 to 99999999999 minutes",
            "'every 5 to 99999999999 minutes': more than a hundred years apart, write a shorter interval",
        ),
        (
            "*/99999999999999 * * * *",
            (
                "minute '*/99999999999999' in '*/99999999999999 * * * *': a step above 60 selects only the first value, "
                "write a shorter interval"
            ),
        ),
        (
            "0 0 1 1 * 2027",
            (
                "cron text '0 0 1 1 * 2027' ends with '2027', and years are no field: leave it out and write "
                "'from 2027-01-01 until 2027-12-31' (the keys 'starts' and 'ends' say the same), or for a single time "
                "'once at 2027-01-01 09:00'"
            ),
        ),
        (
            "0 0 12 1 1 ? 2027-2030",
            (
                "cron text '0 0 12 1 1 ? 2027-2030' ends with '2027-2030', and years are no field: leave it out and write "
                "'from 2027-01-01 until 2030-12-31' (the keys 'starts' and 'ends' say the same), or for a single time "
                "'once at 2027-01-01 09:00'"
            ),
        ),
        (
            "daily plus 9999999 s",
            "'daily plus 9999999 s': a delay of 9999999 s is longer than a day: write at most 86400",
        ),
        ("10:30", "'10:30' cannot be read, did you mean 'daily at 10:30'?"),
        ("9:30", "'9:30' cannot be read, did you mean 'daily at 09:30'?"),
        ("5 minutes", "'5 minutes' cannot be read, did you mean 'every 5 minutes'?"),
    ],
)
def test_names_the_word_and_the_way_out(words: str, sentence: str) -> None:
    with pytest.raises(TriggerError) as caught:
        read_schedule(words)

    assert str(caught.value) == sentence


@pytest.mark.parametrize(
    ("words", "canonical"),
    [
        ("daily at 9:00", "every day at 09:00"),
        ("Monday at 9:05:10", "every monday at 09:05:10"),
        ("every 2 days at 0:30", "every 2 days at 00:30"),
        ("weekdays at 9:00", "every day at 09:00 on mon,tue,wed,thu,fri"),
    ],
)
def test_an_hour_may_have_one_digit_where_no_minute_can_be_meant(words: str, canonical: str) -> None:
    assert read_schedule(words) == canonical


@pytest.mark.parametrize("words", ["every hour at 9:30", "at 9:30", "every minute at 9:30"])
def test_where_a_minute_may_be_meant_it_is_refused(words: str) -> None:
    with pytest.raises(TriggerError):
        read_schedule(words)


@pytest.mark.parametrize("words", ["10:30 monday", "5 apples", "-"])
def test_has_no_hint_where_there_is_none(words: str) -> None:
    with pytest.raises(TriggerError, match="write five"):
        read_schedule(words)


@pytest.mark.parametrize(
    "text",
    ["-" * 200 + "every minutes", "1" * 300 + " minutes", "every " + "1" * 300 + " minutes", "5 minutes " + "x" * 300],
)
def test_a_sentence_about_a_long_text_stays_short(text: str) -> None:
    with pytest.raises(TriggerError) as refusal:
        read_schedule(text)

    assert len(str(refusal.value)) < 300
