"""What cron text means, what is refused, and the sentences that say so."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from task_scheduler.core.errors import TriggerError
from task_scheduler.core.triggers import read_schedule
from task_scheduler.core.triggers.cron import read_cron
from tests.unit.core.triggers.shown import shown, trigger

DAY_FORMS = (
    "write '*', a number from 1 to 31, a range such as '1-5', a step such as '*/2', 'L' for the last day, "
    "'15W' for the workday nearest to a day, 'LW' for the last workday, or a list of these"
)
WEEKDAY_FORMS = (
    "write '*', a number from 0 to 7, a name such as 'sat', a range such as '1-5', a step such as '*/2', "
    "'5L' for the last Friday, 'fri#2' for the second, or a list of these"
)


@pytest.mark.parametrize("weekday", ["sat", "6", "SAT"])
def test_s1_a_day_field_that_starts_with_a_star_must_agree_with_the_other(weekday: str) -> None:
    assert shown(f"0 16 */2 * {weekday}", "2025-10-01", "2025-10-31", "UTC") == [
        "2025-10-11T16:00+00:00",
        "2025-10-25T16:00+00:00",
    ]


def test_s1_two_plain_day_fields_are_either_or() -> None:
    assert shown("0 0 13 * fri", "2025-06-10", "2025-06-21", "UTC") == [
        "2025-06-13T00:00+00:00",
        "2025-06-20T00:00+00:00",
    ]
    assert shown("0 0 12 * fri", "2025-06-10", "2025-06-16", "UTC") == [
        "2025-06-12T00:00+00:00",
        "2025-06-13T00:00+00:00",
    ]


@pytest.mark.parametrize(
    ("schedule", "slots"),
    [
        ("59-59/15 5 * * *", ["2025-01-04T05:59", "2025-01-05T05:59", "2025-01-06T05:59"]),
        ("0 2-2 * * *", ["2025-01-04T02:00", "2025-01-05T02:00", "2025-01-06T02:00"]),
        ("0 23-23 * * *", ["2025-01-04T23:00", "2025-01-05T23:00", "2025-01-06T23:00"]),
        ("0 0 5-5 * *", ["2025-01-05T00:00"]),
        ("0 0 5 1-1 *", ["2025-01-05T00:00"]),
        ("0 0 5 1-1/3 *", ["2025-01-05T00:00"]),
        ("0 0 * * Sun-Sun", ["2025-01-05T00:00"]),
        ("0 0 * * 0-0", ["2025-01-05T00:00"]),
        ("0 0 * * 7-7", ["2025-01-05T00:00"]),
    ],
)
def test_s3_a_range_with_equal_ends_is_that_value(schedule: str, slots: list[str]) -> None:
    assert shown(schedule, "2025-01-04", "2025-01-06", "UTC") == [f"{slot}+00:00" for slot in slots]


@pytest.mark.parametrize("weekday", ["fri#2", "5#2", "FRI#2"])
def test_s2_a_numbered_weekday_and_a_day_of_month_are_either_or(weekday: str) -> None:
    assert shown(f"0 0 15 * {weekday}", "2025-01-01", "2025-02-28", "UTC") == [
        "2025-01-10T00:00+00:00",
        "2025-01-15T00:00+00:00",
        "2025-02-14T00:00+00:00",
        "2025-02-15T00:00+00:00",
    ]


def test_s2_a_star_beside_a_numbered_weekday_adds_no_days() -> None:
    assert shown("8 0 * * 5#3", "2025-01-01", "2025-03-31", "UTC") == [
        "2025-01-17T00:08+00:00",
        "2025-02-21T00:08+00:00",
        "2025-03-21T00:08+00:00",
    ]


def test_s3_a_step_does_not_widen_a_range_with_equal_ends() -> None:
    assert shown("0 0 5 1-1/3 *", "2025-01-06", "2026-01-04", "UTC") == []


def test_s4_the_workday_of_a_day_that_a_month_lacks_is_skipped() -> None:
    # 31 May 2025 is a Saturday, 31 August a Sunday; April and June have no 31st.
    assert shown("0 0 31W * *", "2025-03-01", "2025-08-31", "UTC") == [
        "2025-03-31T00:00+00:00",
        "2025-05-30T00:00+00:00",
        "2025-07-31T00:00+00:00",
        "2025-08-29T00:00+00:00",
    ]
    assert shown("0 0 30w 2,3 *", "2025-01-01", "2025-12-31", "UTC") == ["2025-03-31T00:00+00:00"]


def test_s4_a_workday_never_leaves_its_month() -> None:
    # The first of February and March 2025 are Saturdays, that of June is a Sunday.
    assert shown("0 0 1W 2,3,6 *", "2025-01-01", "2025-12-31", "UTC") == [
        "2025-02-03T00:00+00:00",
        "2025-03-03T00:00+00:00",
        "2025-06-02T00:00+00:00",
    ]
    assert shown("0 0 15W 2,3,6 *", "2025-01-01", "2025-12-31", "UTC") == [
        "2025-02-14T00:00+00:00",
        "2025-03-14T00:00+00:00",
        "2025-06-16T00:00+00:00",
    ]


@pytest.mark.parametrize("text", ["0 0 31w 2,4,6,9,11 *", "0 0 30w feb *", "0 0 31w 4 */2"])
def test_s4_a_workday_that_no_month_has_is_refused(text: str) -> None:
    with pytest.raises(TriggerError, match=r"never fires: no month it names has day 3[01]$"):
        read_cron(text)


@pytest.mark.parametrize(
    ("weekday", "ending"),
    [
        ("mon-fri#1", "'mon-fri#1' in {} cannot be read: write each day with its own number, such as 'mon#1,tue#1'"),
        ("*,sat#3", "'*,sat#3' in {}: programs differ on '*' in a list with L, W or #, write the days that are meant"),
        ("5l,*/2", "'5l,*/2' in {}: programs differ on '*' in a list with L, W or #, write the days that are meant"),
        ("6/1", "'6/1' in {}: programs differ on where it ends, write a range such as '1-5/2'"),
    ],
)
def test_s5_weekdays_that_no_two_programs_read_alike_are_refused(weekday: str, ending: str) -> None:
    with pytest.raises(TriggerError) as caught:
        read_cron(f"0 0 * * {weekday}")

    assert str(caught.value) == "day of week " + ending.format(repr(f"0 0 * * {weekday}"))


def test_s5_a_star_beside_a_letter_is_refused_in_the_day_of_month_too() -> None:
    with pytest.raises(TriggerError, match="programs differ on"):
        read_cron("0 0 *,lw * *")


def test_the_last_day_of_each_month() -> None:
    assert shown("0 0 1,15,L 2,4 *", "2024-01-01", "2025-12-31", "UTC") == [
        "2024-02-01T00:00+00:00",
        "2024-02-15T00:00+00:00",
        "2024-02-29T00:00+00:00",
        "2024-04-01T00:00+00:00",
        "2024-04-15T00:00+00:00",
        "2024-04-30T00:00+00:00",
        "2025-02-01T00:00+00:00",
        "2025-02-15T00:00+00:00",
        "2025-02-28T00:00+00:00",
        "2025-04-01T00:00+00:00",
        "2025-04-15T00:00+00:00",
        "2025-04-30T00:00+00:00",
    ]


def test_the_last_workday_and_the_last_friday_of_each_month() -> None:
    assert shown("0 18 LW 3-8 *", "2025-01-01", "2025-12-31", "UTC") == [
        "2025-03-31T18:00+00:00",
        "2025-04-30T18:00+00:00",
        "2025-05-30T18:00+00:00",
        "2025-06-30T18:00+00:00",
        "2025-07-31T18:00+00:00",
        "2025-08-29T18:00+00:00",
    ]
    assert shown("0 18 * 1-3 5L", "2025-01-01", "2025-12-31", "UTC") == [
        "2025-01-31T18:00+00:00",
        "2025-02-28T18:00+00:00",
        "2025-03-28T18:00+00:00",
    ]
    assert shown("0 18 * 1-3 0L,7#1", "2025-01-01", "2025-12-31", "UTC") == [
        "2025-01-05T18:00+00:00",
        "2025-01-26T18:00+00:00",
        "2025-02-02T18:00+00:00",
        "2025-02-23T18:00+00:00",
        "2025-03-02T18:00+00:00",
        "2025-03-30T18:00+00:00",
    ]


def test_a_fifth_monday_is_skipped_where_there_is_none() -> None:
    assert shown("0 0 * 2,3 mon#5", "2025-01-01", "2032-12-31", "UTC") == [
        "2025-03-31T00:00+00:00",
        "2026-03-30T00:00+00:00",
        "2027-03-29T00:00+00:00",
    ] + [f"{day}T00:00+00:00" for day in ("2031-03-31", "2032-03-29")]


@pytest.mark.parametrize(
    ("schedule", "sentence"),
    [
        ("0 0 * * sat-sun", "day of week 'sat-sun' in '0 0 * * sat-sun' runs backwards: write 'sat,sun'"),
        ("0 0 * * fri-mon", "day of week 'fri-mon' in '0 0 * * fri-mon' runs backwards: write 'fri-sat,sun-mon'"),
        ("0 0 * * 6-0", "day of week '6-0' in '0 0 * * 6-0' runs backwards: write '6,0'"),
        ("0 22-2 * * *", "hour '22-2' in '0 22-2 * * *' runs backwards: write '22-23,0-2'"),
        ("0 0 1 nov-feb *", "month 'nov-feb' in '0 0 1 nov-feb *' runs backwards: write 'nov-dec,jan-feb'"),
    ],
)
def test_r1_backward_ranges_are_refused(schedule: str, sentence: str) -> None:
    with pytest.raises(TriggerError) as caught:
        read_schedule(schedule)

    assert str(caught.value) == sentence


@pytest.mark.parametrize(
    "item", ["*5", "**", "1_0", "5.0", "2#", "+5", "-5", "5-", "1--2", "5/", "/5", "*/", ",", "1,", "1-2-3"]
)
def test_r2_what_is_almost_a_number_is_refused(item: str) -> None:
    with pytest.raises(TriggerError) as caught:
        read_schedule(f"{item} 3 * * *" if item[0] not in "-+,/" else f"5,{item} 3 * * *")

    assert "cannot be read: write '*', a number from 0 to 59, a range such as '1-5'" in str(caught.value)


def test_r3_a_number_with_a_step_runs_to_the_end_of_its_field() -> None:
    assert shown("5/15 7 * * *", "2025-01-01", "2025-01-01", "UTC") == [
        "2025-01-01T07:05+00:00",
        "2025-01-01T07:20+00:00",
        "2025-01-01T07:35+00:00",
        "2025-01-01T07:50+00:00",
    ]


@pytest.mark.parametrize(
    ("schedule", "sentence"),
    [
        (
            "*/90 * * * *",
            "minute '*/90' in '*/90 * * * *': a step above 60 selects only the first value, write every 90 minutes",
        ),
        (
            "*/2880 * * * *",
            "minute '*/2880' in '*/2880 * * * *': a step above 60 selects only the first value, write every 2 days",
        ),
        (
            "0 */25 * * *",
            "hour '*/25' in '0 */25 * * *': a step above 24 selects only the first value, write every day or every 2 days",
        ),
        (
            "0 0 */32 * *",
            "day of month '*/32' in '0 0 */32 * *': a step above 31 selects only the first value, write every 32 days",
        ),
        (
            "0 0 1 */13 *",
            "month '*/13' in '0 0 1 */13 *': a step above 12 selects only the first value, write the values themselves",
        ),
        (
            "0 0 * * */8",
            "day of week '*/8' in '0 0 * * */8': a step above 7 selects only the first value, write the values themselves",
        ),
        ("*/0 * * * *", "minute '*/0' in '*/0 * * * *': a step is 1 or more"),
    ],
)
def test_r4_a_step_beyond_its_field_is_refused(schedule: str, sentence: str) -> None:
    with pytest.raises(TriggerError) as caught:
        read_schedule(schedule)

    assert str(caught.value) == sentence


@pytest.mark.parametrize(
    ("schedule", "day"), [("0 0 30 2 *", 30), ("0 0 31 4,6,9,11 *", 31), ("0 0 31 feb */2", 31), ("0 0 30,31 2 *", 30)]
)
def test_r5_dates_that_never_come_are_refused(schedule: str, day: int) -> None:
    with pytest.raises(TriggerError) as caught:
        read_schedule(schedule)

    assert str(caught.value) == f"cron text {schedule!r} never fires: no month it names has day {day}"


def test_r5_a_weekday_saves_a_day_that_never_comes() -> None:
    assert shown("0 0 30 2 mon", "2025-02-20", "2025-03-05", "UTC") == ["2025-02-24T00:00+00:00"]


@pytest.mark.parametrize("text", ["0 0 */31 * 1#2", "0 0 29w 2 */6", "0 0 */31 2 5#5"])
def test_r5_days_that_never_fit_both_fields_are_refused(text: str) -> None:
    with pytest.raises(TriggerError) as caught:
        read_cron(text)

    assert str(caught.value) == (
        f"cron text {text!r} never fires: no date fits both its day of month and its day of week"
    )


@pytest.mark.parametrize(
    ("schedule", "sentence"),
    [
        ("*", "cron text '*' has 1 field"),
        ("* * * *", "cron text '* * * *' has 4 fields"),
        ("1 2 3 4 5 6 7 8", "cron text '1 2 3 4 5 6 7 8' has 8 fields"),
    ],
)
def test_r6_a_wrong_number_of_fields_is_refused(schedule: str, sentence: str) -> None:
    with pytest.raises(TriggerError) as caught:
        read_schedule(schedule)

    ending = (
        ": write five (minute, hour, day of month, month, day of week), six with seconds first, "
        "or words such as 'every 5 minutes'"
    )
    assert str(caught.value) == sentence + ending


@pytest.mark.parametrize("schedule", ["", " ", "\n"])
def test_r6_an_empty_text_is_refused(schedule: str) -> None:
    with pytest.raises(TriggerError) as caught:
        read_schedule(schedule)

    assert str(caught.value) == "the schedule is empty: write words such as 'every 5 minutes', or cron text"


@pytest.mark.parametrize(
    ("character", "name"),
    [
        ("\u00a0", "a no-break space (U+00A0)"),
        ("\u3000", "an ideographic space (U+3000)"),
        ("\u2003", "an em space (U+2003)"),
        ("\u0085", "a next-line character (U+0085)"),
        ("\n", "a line break (U+000A)"),
        ("\uff15", "the character U+FF15"),
        ("\x00", "the character U+0000"),
    ],
)
def test_r7_odd_characters_are_refused_by_name(character: str, name: str) -> None:
    schedule = f"0{character}9 * * *"

    with pytest.raises(TriggerError) as caught:
        read_schedule(schedule)

    assert str(caught.value) == f"{schedule!r} contains {name}: write plain letters, digits and spaces"


def test_r8_years_are_refused() -> None:
    with pytest.raises(TriggerError) as caught:
        read_schedule("0 0 0 1 1 * *")

    assert str(caught.value) == (
        "cron text '0 0 0 1 1 * *' has seven fields: years cannot be given, write five fields, "
        "or six with seconds first"
    )


@pytest.mark.parametrize(
    ("twice", "once"), [("0,0 9 * * *", "0 9 * * *"), ("0 9 * * 0,7", "0 9 * * 0"), ("0 9 * * 5-7", "0 9 * * 0,5,6")]
)
def test_r9_a_value_may_be_given_twice(twice: str, once: str) -> None:
    week = ("2025-01-01", "2025-01-07", "UTC")

    assert shown(twice, *week) == shown(once, *week)


@pytest.mark.parametrize(
    ("nickname", "text"),
    [
        ("@hourly", "0 * * * *"),
        ("@daily", "0 0 * * *"),
        ("@Midnight", "0 0 * * *"),
        ("@WEEKLY", "0 0 * * 0"),
        ("@monthly", "0 0 1 * *"),
        ("@yearly", "0 0 1 1 *"),
        ("@annually", "0 0 1 1 *"),
    ],
)
def test_r10_nicknames_are_accepted_in_any_case(nickname: str, text: str) -> None:
    assert read_schedule(nickname) == text


@pytest.mark.parametrize(
    ("nickname", "sentence"),
    [
        ("@reboot", "'@reboot' is no time of the clock: write 'at boot', or at_boot() in a decorator"),
        ("@dayly", "no nickname '@dayly', did you mean '@daily'?"),
        ("@5m", "no nickname '@5m': there are @hourly, @daily, @midnight, @weekly, @monthly, @yearly, @annually"),
    ],
)
def test_r10_other_nicknames_are_refused(nickname: str, sentence: str) -> None:
    with pytest.raises(TriggerError) as caught:
        read_cron(nickname)

    assert str(caught.value) == sentence


@pytest.mark.parametrize(
    ("field", "sentence"),
    [
        ("r", "minute 'r' in 'r * * * *' cannot be read: write 'H', which is the same at each start"),
        (
            "r(0-9)/3",
            "minute 'r(0-9)/3' in 'r(0-9)/3 * * * *' cannot be read: write 'H', which is the same at each start",
        ),
        ("?", "minute '?' in '? * * * *' cannot be read: write '*'"),
    ],
)
def test_r11_what_other_programs_choose_is_refused(field: str, sentence: str) -> None:
    with pytest.raises(TriggerError) as caught:
        read_cron(f"{field} * * * *")

    assert str(caught.value) == sentence


@pytest.mark.parametrize(
    ("day", "ending"),
    [
        ("?", "write '*'"),
        ("l-1", "write 'L' for the last day, or days that every month has, such as '25'"),
        ("1-l", "write '1-31'"),
        ("x-l", DAY_FORMS),
        ("wl", DAY_FORMS),
        ("15w-20", DAY_FORMS),
    ],
)
def test_r11_other_forms_of_a_day_of_month_are_refused(day: str, ending: str) -> None:
    with pytest.raises(TriggerError) as caught:
        read_cron(f"0 0 {day} * *")

    assert str(caught.value) == f"day of month {day!r} in '0 0 {day} * *' cannot be read: {ending}"


@pytest.mark.parametrize(
    ("weekday", "ending"),
    [
        ("?", ": write '*'"),
        ("+fri", ": write 'fri'"),
        ("fri#l", ": write '5L'"),
        ("monl", ": write '1L'"),
        ("l", ": write which weekday, such as '5L' for the last Friday"),
        ("friday", ", did you mean 'fri'?"),
        ("+7", f": {WEEKDAY_FORMS}"),
        ("xl", f": {WEEKDAY_FORMS}"),
    ],
)
def test_r11_other_forms_of_a_day_of_week_are_refused(weekday: str, ending: str) -> None:
    with pytest.raises(TriggerError) as caught:
        read_cron(f"0 0 * * {weekday}")

    assert str(caught.value) == f"day of week {weekday!r} in '0 0 * * {weekday}' cannot be read{ending}"


@pytest.mark.parametrize("text", ["l * * * *", "0 lw * * *", "0 0 * 5l *", "0 0 * 1#2 *", "15w 0 0 * * *"])
def test_r11_letters_of_the_day_fields_stand_in_no_other(text: str) -> None:
    with pytest.raises(TriggerError, match="cannot be read: write '\\*', a number from"):
        read_cron(text)


def test_r12_seconds_come_first() -> None:
    assert shown("15,45 30 9 * * mon", "2025-01-05", "2025-01-12", "UTC") == [
        "2025-01-06T09:30:15+00:00",
        "2025-01-06T09:30:45+00:00",
    ]
    assert shown("0 30 9 * * *", "2025-01-06", "2025-01-06", "UTC") == ["2025-01-06T09:30+00:00"]


def test_r12_a_step_beyond_the_seconds_is_refused() -> None:
    with pytest.raises(TriggerError) as caught:
        read_cron("*/90 * * * * *")

    assert str(caught.value) == (
        "second '*/90' in '*/90 * * * * *': a step above 60 selects only the first value, write every 90 seconds"
    )


@pytest.mark.parametrize(
    ("schedule", "sentence"),
    [
        ("0 0 1 january *", "month 'january' in '0 0 1 january *' cannot be read, did you mean 'jan'?"),
        (
            "0 0 * * 5/1",
            "day of week '5/1' in '0 0 * * 5/1': programs differ on where it ends, write a range such as '1-5/2'",
        ),
        ("60 * * * *", "minute '60' in '60 * * * *' is out of range: write 0 to 59"),
        ("0 24 * * *", "hour '24' in '0 24 * * *' is out of range: write 0 to 23"),
        ("0 0 0 * *", "day of month '0' in '0 0 0 * *' is out of range: write 1 to 31"),
        ("0 0 1-32 * *", "day of month '1-32' in '0 0 1-32 * *' is out of range: write 1 to 31"),
        ("0 0 1 13 *", "month '13' in '0 0 1 13 *' is out of range: write 1 to 12"),
        ("0 0 * * 8", "day of week '8' in '0 0 * * 8' is out of range: write 0 to 7"),
        ("0 0 * * 8l", "day of week '8l' in '0 0 * * 8l' is out of range: write 0 to 7"),
        ("0 0 * * 9#1", "day of week '9#1' in '0 0 * * 9#1' is out of range: write 0 to 7"),
        ("0 0 0w * *", "day of month '0w' in '0 0 0w * *' is out of range: write 1 to 31"),
        ("0 0 32w * *", "day of month '32w' in '0 0 32w * *' is out of range: write 1 to 31"),
        (
            "0 0 * * fri#6",
            "day of week 'fri#6' in '0 0 * * fri#6': a month has a weekday four or five times, write '#1' to '#5', or '5L' for the last",
        ),
        (
            "0 0 * * 5#0",
            "day of week '5#0' in '0 0 * * 5#0': a month has a weekday four or five times, write '#1' to '#5', or '5L' for the last",
        ),
    ],
)
def test_what_a_field_cannot_hold_is_refused(schedule: str, sentence: str) -> None:
    with pytest.raises(TriggerError) as caught:
        read_schedule(schedule)

    assert str(caught.value) == sentence


def test_cron_text_is_kept_as_written_but_for_spaces_and_capitals() -> None:
    assert read_schedule("  05,5\t*/15  1-1 JAN,mar   Mon-FRI \n") == "05,5 */15 1-1 jan,mar mon-fri"


def test_an_endless_text_is_refused() -> None:
    with pytest.raises(TriggerError) as caught:
        read_schedule("0," * 400 + "0 9 * * *")

    assert str(caught.value) == "the schedule has 809 characters: write at most 500, or several schedules"


def test_a_step_on_all_weekdays_counts_sunday_once() -> None:
    assert shown("0 0 * * */2", "2025-01-05", "2025-01-11", "UTC") == shown(
        "0 0 * * 0,2,4,6", "2025-01-05", "2025-01-11", "UTC"
    )
    assert shown("0 0 * * */7", "2025-01-05", "2025-01-18", "UTC") == [
        "2025-01-05T00:00+00:00",
        "2025-01-12T00:00+00:00",
    ]


def test_the_rarest_date_is_found() -> None:
    assert shown("0 0 */28 2 mon", "2030-02-02", "2032-12-31", "UTC") == []
    assert shown("0 0 29 2 *", "2097-01-01", "2104-12-31", "UTC") == ["2104-02-29T00:00+00:00"]


@pytest.mark.parametrize(
    ("zone", "slot"), [("Pacific/Kiritimati", "2104-02-29T00:00+14:00"), ("Etc/GMT+12", "2104-02-29T00:00-12:00")]
)
def test_a_date_years_away_is_found_at_both_ends_of_the_earth(zone: str, slot: str) -> None:
    rule = trigger("0 0 29 2 *", zone)

    found = rule.next_after(datetime(2096, 3, 2, tzinfo=UTC))

    assert found == datetime.fromisoformat(slot)
    assert rule.last_before(datetime(2108, 2, 26, tzinfo=UTC)) == found


def test_a_word_after_the_fields_that_is_nearly_a_clause_is_no_command() -> None:
    with pytest.raises(TriggerError, match="'calender' cannot stand here, did you mean 'calendar'"):
        read_cron("0 9 * * 1 calender DE")
