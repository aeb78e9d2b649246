"""What cron text means, what is refused, and the sentences that say so."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from task_scheduler.core.errors import TriggerError
from task_scheduler.core.triggers import read_schedule
from tests.unit.core.triggers.shown import shown, trigger


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


def test_s3_a_step_does_not_widen_a_range_with_equal_ends() -> None:
    assert shown("0 0 5 1-1/3 *", "2025-01-06", "2026-01-04", "UTC") == []


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

    ending = ": write five (minute, hour, day of month, month, day of week), or words such as 'every 5 minutes'"
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
        read_schedule("0 0 0 1 1 * 2030")

    assert str(caught.value) == (
        "cron text '0 0 0 1 1 * 2030' has seven fields; seconds and years cannot be given: write five fields"
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
    ("schedule", "sentence"),
    [
        ("@reboot", "'@reboot' is not available yet: name times, such as '@hourly' or 'every 5 minutes'"),
        ("@dayly", "no nickname '@dayly', did you mean '@daily'?"),
        (
            "@5m",
            "no nickname '@5m': there are @hourly, @daily, @midnight, @weekly, @monthly, @yearly, @annually",
        ),
        (
            "0 0 * * * *",
            "cron text '0 0 * * * *' has six fields; seconds are not available in cron text yet: write five fields, or words such as 'every 10 seconds'",
        ),
    ],
)
def test_r10_other_nicknames_and_fields_for_seconds_are_refused(schedule: str, sentence: str) -> None:
    with pytest.raises(TriggerError) as caught:
        read_schedule(schedule)

    assert str(caught.value) == sentence


@pytest.mark.parametrize(
    "schedule",
    [
        "H * * * *",
        "H/15 * * * *",
        "H(0-29)/10 * * * *",
        "0 0 L * *",
        "0 0 15W * *",
        "0 0 LW * *",
        "0 0 * * fri#2",
        "0 0 * * 5L",
    ],
)
def test_r11_letters_of_other_dialects_are_not_available_yet(schedule: str) -> None:
    with pytest.raises(TriggerError, match=r"L, W, # and H are not available yet, write the values themselves$"):
        read_schedule(schedule)


@pytest.mark.parametrize(
    ("schedule", "sentence"),
    [
        ("0 0 * * friday", "day of week 'friday' in '0 0 * * friday' cannot be read, did you mean 'fri'?"),
        ("0 0 1 january *", "month 'january' in '0 0 1 january *' cannot be read, did you mean 'jan'?"),
        (
            "0 0 * * ?",
            "day of week '?' in '0 0 * * ?' cannot be read: write '*', a number from 0 to 7, a name such as 'sat', a range such as '1-5', a step such as '*/2', or a list of these",
        ),
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
    ],
)
def test_what_a_field_cannot_hold_is_refused(schedule: str, sentence: str) -> None:
    with pytest.raises(TriggerError) as caught:
        read_schedule(schedule)

    assert str(caught.value) == sentence


@pytest.mark.parametrize("item", ["R", "L-1", "+fri", "fri#L", "MONL", "1-L", "mon#6"])
def test_r11_the_rest_of_other_dialects_is_refused(item: str) -> None:
    with pytest.raises(TriggerError, match="cannot be read"):
        read_schedule(f"0 0 * * {item}")


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
