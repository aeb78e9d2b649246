"""What files of holidays say: lists of dates, and iCalendar."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest

from task_scheduler.calendars import HolidayCalendars
from task_scheduler.core.errors import TriggerError

EPOCH = date(1970, 1, 1)


def _named(tmp_path: Path, name: str, text: str, year: int) -> list[str]:
    """Return `MM-DD name` of each holiday of a year."""
    (tmp_path / name).write_text(text, encoding="utf-8", newline="")
    calendar = HolidayCalendars(tmp_path).holidays(name)
    days = sorted(calendar.days_off(year))
    return [f"{EPOCH + timedelta(days=day):%m-%d} {calendar.names(day)}".strip() for day in days]


def _events(*events: str) -> str:
    """Return a calendar of events, each given by its lines parted by blanks and bars."""
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0"]
    for event in events:
        lines += ["BEGIN:VEVENT", *event.split(" | "), "END:VEVENT"]
    return "\r\n".join([*lines, "END:VCALENDAR", ""])


# --- dates ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "2027-13-01\nx\n2027-01-01\n",
            "a.txt:1: there is no date 2027-13-01; a.txt:2: 'x' is no holiday: write a date",
        ),
        ("a\nb\nc\n", "a.txt:3: 'c' is no holiday: write a date and a name, such as '2027-01-01 New Year'$"),
        (
            "a\nb\nc\nd\n2027-01-01\ne\n",
            "a.txt:3: 'c' is no holiday: write a date and a name, such as [^;]*; and 2 more$",
        ),
    ],
)
def test_the_first_bad_lines_of_a_list_are_told_and_how_many_more(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "a.txt").write_text(text, encoding="utf-8")

    with pytest.raises(TriggerError, match=said):
        HolidayCalendars(tmp_path).holidays("a.txt")


def test_a_list_has_a_date_a_line_with_names_and_comments(tmp_path: Path) -> None:
    text = "\ufeff# Closed\r\n\r\n2027-01-01 New Year\r\n 2027-05-14\t Bridge day  # see the wiki\r\n2028-01-01\r\n"

    assert _named(tmp_path, "a.txt", text, 2027) == ["01-01 New Year", "05-14 Bridge day"]
    assert _named(tmp_path, "a.txt", text, 2028) == ["01-01"]


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("1 May 2027", "a.txt:2: '1 May 2027' is no holiday: write a date and a name, such as '2027-01-01 New Year'"),
        ("2027-05-01,May Day", "a.txt:2: '2027-05-01,May Day' is no holiday"),
        ("2027-02-29", "a.txt:2: there is no date 2027-02-29"),
        ("0000-01-01", "a.txt:2: there is no date 0000-01-01"),
    ],
)
def test_a_line_that_is_no_holiday_is_told(tmp_path: Path, line: str, sentence: str) -> None:
    with pytest.raises(TriggerError) as refused:
        _named(tmp_path, "a.txt", f"2027-01-01\n{line}\n", 2027)

    assert str(refused.value).startswith(sentence)


# --- events -----------------------------------------------------------------------------------------------


def test_all_day_events_are_holidays_for_all_their_days(tmp_path: Path) -> None:
    text = _events(
        "DTSTART;VALUE=DATE:20270514 | SUMMARY;LANGUAGE=en:Bridge\\, day\\nand more",
        "DTSTART;VALUE=DATE:20271230 | DTEND;VALUE=DATE:20280103 | SUMMARY:Closed",
        "DTSTART;VALUE=DATE:20270701 | DURATION:P2D",
        "DTSTART;VALUE=DATE:20270801 | DURATION:P1W",
        'DTSTART;TZID="Europe/Berlin:x":20270901T000000 | DTEND:20270902T000000 | SUMMARY:As Outlook writes it',
    )

    assert _named(tmp_path, "a.ics", text, 2027) == [
        "05-14 Bridge, day and more",
        "07-01",
        "07-02",
        *[f"08-0{day}" for day in range(1, 8)],
        "09-01 As Outlook writes it",
        "12-30 Closed",
        "12-31 Closed",
    ]
    assert _named(tmp_path, "a.ics", text, 2028) == ["01-01 Closed", "01-02 Closed"]


def test_meetings_and_cancelled_events_are_no_holidays(tmp_path: Path) -> None:
    text = _events(
        "DTSTART:20270104T090000 | DTEND:20270104T100000 | SUMMARY:Meeting",
        "DTSTART:20270105T000000 | DTEND:20270105T120000 | SUMMARY:Long night",
        "DTSTART:20270105T000000 | DURATION:PT12H | SUMMARY:Long night",
        "DTSTART;VALUE=DATE:20270106 | STATUS:CANCELLED",
    )

    assert _named(tmp_path, "a.ics", text, 2027) == []


def test_long_lines_are_folded_and_alarms_are_passed_over(tmp_path: Path) -> None:
    text = _events(
        "DTSTART;VALUE=DATE:20270514 | SUMMARY:A very | BEGIN:VALARM | SUMMARY:no | DTSTART:20270101 | END:VALARM"
    ).replace("A very", "A ve\r\n ry long\r\n\t name")
    text = text.replace("VERSION:2.0", "VERSION:2.0\r\nBEGIN:VTODO\r\nDTSTART:20270102\r\nEND:VTODO")

    assert _named(tmp_path, "a.ics", text, 2027) == ["05-14 A very long name"]


def test_two_events_of_one_day_are_one_holiday_with_both_names(tmp_path: Path) -> None:
    text = _events("DTSTART:20270514 | SUMMARY:One", "DTSTART:20270514 | SUMMARY:Two", "DTSTART:20270514 | SUMMARY:One")

    assert _named(tmp_path, "a.ics", text, 2027) == ["05-14 One, Two"]


@pytest.mark.parametrize(
    ("rule", "start", "years"),
    [
        ("FREQ=YEARLY", "20200501", {2019: [], 2020: ["05-01"], 2027: ["05-01"]}),
        ("FREQ=YEARLY;", "20200229", {2021: [], 2024: ["02-29"]}),
        ("FREQ=YEARLY;INTERVAL=2", "20200501", {2021: [], 2022: ["05-01"]}),
        ("FREQ=YEARLY;COUNT=3", "20200501", {2022: ["05-01"], 2023: [], 2050: []}),
        ("FREQ=YEARLY;BYMONTH=1,7;COUNT=3", "20200701", {2020: ["07-01"], 2021: ["01-01", "07-01"], 2022: []}),
        ("FREQ=YEARLY;UNTIL=20220501", "20200501", {2022: ["05-01"], 2023: []}),
        ("FREQ=YEARLY;UNTIL=20220430T235959Z", "20200501", {2021: ["05-01"], 2022: []}),
        ("FREQ=YEARLY;BYMONTH=11;BYDAY=4TH", "20201126", {2027: ["11-25"], 2028: ["11-23"]}),
        ("FREQ=YEARLY;BYMONTH=5;BYDAY=-1MO", "20200525", {2027: ["05-31"], 2028: ["05-29"]}),
        ("FREQ=YEARLY;BYMONTH=2;BYDAY=-4SU,+2WE", "20200202", {2026: ["02-01", "02-11"]}),
        ("FREQ=YEARLY;WKST=MO;BYMONTH=6;BYMONTHDAY=-1,1", "20200601", {2027: ["06-01", "06-30"]}),
        ("FREQ=YEARLY;BYMONTH=11;BYMONTHDAY=2,3,4,5,6,7,8;BYDAY=TU", "20201103", {2027: ["11-02"]}),
        ("FREQ=YEARLY;BYMONTHDAY=13;BYDAY=FR", "20200313", {2026: ["02-13", "03-13", "11-13"]}),
    ],
)
def test_events_come_back_each_year(tmp_path: Path, rule: str, start: str, years: dict[int, list[str]]) -> None:
    text = _events(f"DTSTART;VALUE=DATE:{start} | RRULE:{rule}")

    assert {year: _named(tmp_path, "a.ics", text, year) for year in years} == years


def test_a_series_may_have_more_and_fewer_dates_and_one_that_was_moved(tmp_path: Path) -> None:
    text = _events(
        "UID:1 | DTSTART:20200501 | RRULE:FREQ=YEARLY | EXDATE:20260501,20280501 | RDATE:20270714 | SUMMARY:Day",
        "UID:1 | RECURRENCE-ID:20270501 | DTSTART:20270503 | SUMMARY:Moved",
    )

    assert _named(tmp_path, "a.ics", text, 2026) == _named(tmp_path, "a.ics", text, 2028) == []
    assert _named(tmp_path, "a.ics", text, 2027) == ["05-03 Moved", "07-14 Day"]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "a.ics: the calendar is empty"),
        ("\n \n", "a.ics: the calendar is empty"),
        ("<html>\n", "a.ics:1: '<html>' is no line of an iCalendar file"),
        ("SUMMARY:x\n", "a.ics:1: 'SUMMARY' stands outside of 'BEGIN:VCALENDAR'"),
        ("BEGIN:VCALENDAR\nBEGIN:VEVENT\n", "a.ics: 'VEVENT' has no end: the file is cut off"),
        ("BEGIN:VCALENDAR\nEND:VEVENT\n", "a.ics:2: 'END:VEVENT' ends what did not begin"),
        (_events("SUMMARY:x"), "a.ics:3: the event has no DTSTART"),
        (_events("DTSTART:2027-01-01"), "a.ics:4: '2027-01-01' is no date such as 20270101"),
        (_events("DTSTART:20270229"), "a.ics:4: '20270229' is no date such as 20270101"),
        (_events("DTSTART:20270101 | DTEND:20280104"), "a.ics:3: the event lasts 368 days: write at most 366"),
        (
            _events("DTSTART:20270101 | RRULE:FREQ=WEEKLY;BYDAY=MO"),
            "a.ics:5: 'FREQ=WEEKLY;BYDAY=MO' does not come back each year: write FREQ=YEARLY, or single events",
        ),
        (
            _events("DTSTART:20270101 | RRULE:FREQ=YEARLY;BYWEEKNO=20"),
            "a.ics:5: 'BYWEEKNO=20' in 'FREQ=YEARLY;BYWEEKNO=20' is not understood: there are FREQ, INTERVAL, ",
        ),
        (
            _events("DTSTART:20270101 | RRULE:FREQ=YEARLY;BYDAY=1MO"),
            "a.ics:5: 'FREQ=YEARLY;BYDAY=1MO' counts weekdays within the year: name the month with BYMONTH",
        ),
        (_events("DTSTART:20270101 | RRULE:FREQ=YEARLY;BYDAY=XX"), "a.ics:5: 'XX' is no day of the week such as 'MO'"),
        (_events("DTSTART:20270101 | RRULE:FREQ=YEARLY;BYMONTH=13"), "a.ics:5: BYMONTH=13 is out of range"),
        (_events("DTSTART:20270101 | RRULE:FREQ=YEARLY;BYMONTHDAY=0"), "a.ics:5: BYMONTHDAY=0 is out of range"),
        (_events("DTSTART:20270101 | RRULE:FREQ=YEARLY;COUNT=0"), "a.ics:5: COUNT=0 is no number from 1 to 9999"),
        (_events("DTSTART:20270101 | RRULE:FREQ=YEARLY;UNTIL=2028"), "a.ics:5: UNTIL=2028 is no date such as 20301231"),
        (_events("DTSTART:20270101 | RRULE:FREQ=YEARLY;UNTIL=20270229"), "a.ics:5: UNTIL=20270229 is no date such as"),
    ],
)
def test_what_cannot_be_followed_is_told_with_its_line(tmp_path: Path, text: str, sentence: str) -> None:
    with pytest.raises(TriggerError) as refused:
        _named(tmp_path, "a.ics", text, 2027)

    assert str(refused.value).startswith(sentence)
