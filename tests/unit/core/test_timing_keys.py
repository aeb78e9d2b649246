"""The keys of a frontmatter that say when, beside `schedule`: what they mean, and what is said of wrong ones."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from task_scheduler.core.declaration import declare
from task_scheduler.core.tasks import Jitter, Missed, OnHoliday, TaskDeclaration


def read(data: dict[str, object], *, assigns: str = ": ") -> tuple[TaskDeclaration | None, list[str]]:
    declaration, problems = declare(
        {"title": "Report", "description": "Counts", **data},
        path="tasks/report.py",
        lines={},
        default_title="report",
        requirement_fault=lambda _: None,
        python_fault=lambda _: None,
        assigns=assigns,
    )
    return declaration, [problem.message for problem in problems]


def declared(data: dict[str, object]) -> TaskDeclaration:
    declaration, problems = read(data)
    assert problems == []
    assert declaration is not None
    return declaration


@pytest.mark.parametrize(
    ("value", "meant"),
    [
        (60, Jitter(up_to=60)),
        (0, None),
        ({"up_to": 60}, Jitter(up_to=60)),
        ({"up_to": 60, "fresh": False}, Jitter(up_to=60)),
        ({"up_to": 60, "fresh": True}, Jitter(up_to=60, fresh=True)),
        ({"up_to": 0, "fresh": True}, None),
    ],
)
def test_jitter_is_seconds_the_same_for_ever_or_fresh_each_time(value: object, meant: Jitter | None) -> None:
    assert declared({"jitter": value}).jitter == meant


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("5 minutes", "jitter must be a whole number, not the text '5 minutes': write 300, in seconds"),
        (86_401, "jitter must be from 0 to 86,400 seconds (1 day), not 86401"),
        ({"fresh": True}, "jitter has no up_to: write {up_to: 60, fresh: true}"),
        ({"up_to": 60, "fresch": True}, "jitter: unknown part 'fresch', did you mean 'fresh'?: it has up_to and fresh"),
        ({"up_to": 60, "fresh": "yes"}, "jitter.fresh must be true or false, not the text 'yes'"),
        (
            {"up_to": True},
            "jitter.up_to must be a whole number from 0 to 86,400 seconds (1 day), not true",
        ),
        ({"up_to": -1}, "jitter.up_to must be a whole number from 0 to 86,400 seconds (1 day), not the number -1"),
    ],
)
def test_a_jitter_that_cannot_be_meant(value: object, said: str) -> None:
    assert read({"jitter": value}) == (None, [said])


def test_the_policy_for_missed_slots() -> None:
    plain, own = declared({}), declared({"missed": "all", "missed_window": 3_600})

    assert (plain.missed, plain.missed_window) == (None, None)
    assert (own.missed, own.missed_window) == (Missed.ALL, 3_600)


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("catchup", "missed must be once, skip or all, not the text 'catchup', did you mean 'all'?"),
        (False, "missed must be once, skip or all, not false, did you mean 'skip'?"),
        (1, "missed must be once, skip or all, not the number 1"),
    ],
)
def test_a_way_to_treat_missed_slots_that_there_is_not(value: object, said: str) -> None:
    assert read({"missed": value}) == (None, [said])


@pytest.mark.parametrize(
    ("value", "seconds"),
    [(0, 0), (90, 90), ("90 s", 90), ("1.5 h", 5_400), ("36 h", 129_600), ("366 days", 31_622_400)],
)
def test_the_window_is_seconds_or_a_duration(value: object, seconds: int) -> None:
    assert declared({"missed_window": value}).missed_window == seconds


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("90", " or a duration such as \"36 h\", not the text '90': write 90 without quotes"),
        ("soon", " or a duration such as \"36 h\", not the text 'soon'"),
        ("0.5 s", " or a duration such as \"36 h\", not the text '0.5 s'"),
        (-1, ' or a duration such as "36 h", not the number -1'),
        (True, ' or a duration such as "36 h", not true'),
    ],
)
def test_a_window_that_is_no_duration(value: object, said: str) -> None:
    assert read({"missed_window": value}) == (None, [f"missed_window must be whole seconds{said}"])


def test_a_window_that_is_too_long() -> None:
    assert read({"missed_window": "400 days"}) == (
        None,
        ["missed_window must be at most 366 days, not the text '400 days'"],
    )


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("2027-01-01", "2027-01-01"),
        ("2027-01-01 9:00", "2027-01-01 09:00"),
        ("2027-01-01T09:00:00", "2027-01-01 09:00"),
        ("2027-01-01 00:00", "2027-01-01 00:00"),
        ("2028-02-29 09:00:30", "2028-02-29 09:00:30"),
        (date(2027, 1, 1), "2027-01-01"),
        (datetime(2027, 1, 1, 9, 30), "2027-01-01 09:30"),  # noqa: DTZ001 - as TOML gives it
    ],
)
@pytest.mark.parametrize("key", ["starts", "ends"])
def test_the_first_and_the_last_moment(key: str, value: object, text: str) -> None:
    assert getattr(declared({key: value}), key) == text


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("2027-02-30", " that there is, such as 2027-01-01 or 2027-01-01 09:00, not the text '2027-02-30'"),
        ("2027-01-01 24:00", " that there is, such as 2027-01-01 or 2027-01-01 09:00, not the text '2027-01-01 24:00'"),
        ("01.01.2027", " that there is, such as 2027-01-01 or 2027-01-01 09:00, not the text '01.01.2027'"),
        (2027, ", such as 2027-01-01 or 2027-01-01 09:00, not the number 2027"),
    ],
)
def test_a_moment_that_there_is_not(value: object, said: str) -> None:
    assert read({"starts": value}) == (None, [f"starts must be a date{said}"])


def test_a_moment_has_the_tasks_own_zone() -> None:
    said = "starts is the reading of the clock in the task's time zone: leave out the zone, and see timezone"

    assert read({"starts": datetime(2027, 1, 1, tzinfo=UTC)}) == (None, [said])


def test_the_last_moment_is_not_before_the_first() -> None:
    assert read({"starts": "2027-01-02", "ends": "2027-01-01"}) == (
        None,
        ["ends is before starts: 2027-01-01 comes before 2027-01-02"],
    )
    assert read({"starts": "2027-01-02 10:00", "ends": "2027-01-02 09:00"})[0] is None
    # A day is meant to its end.
    assert declared({"starts": "2027-01-02 10:00", "ends": "2027-01-02"}).ends == "2027-01-02"


@pytest.mark.parametrize("name", ["DE", "DE-BY", "US-CA", "config/holidays.ics", "days.txt"])
def test_a_calendar_is_a_country_or_a_file(name: str) -> None:
    declaration = declared({"calendar": name, "on_holiday": "previous_workday"})

    assert (declaration.calendar, declaration.on_holiday) == (name, OnHoliday.PREVIOUS_WORKDAY)


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("de", ": did you mean DE?"),
        ("de_by", ": did you mean DE-BY?"),
        ("Germany", ""),
        ("../days.txt", ""),
        ("/etc/days.txt", ""),
        ("my days.txt", ""),
        ("days.csv", ""),
        ("", ""),
    ],
)
def test_a_calendar_that_there_cannot_be(name: str, hint: str) -> None:
    said = (
        "calendar must be a country's code such as DE or DE-BY, or a file of the project that ends in .ics or .txt "
        f"and has no space in its path, not the text {name!r}{hint}"
    )

    assert read({"calendar": name}) == (None, [said])


@pytest.mark.parametrize(("assigns", "quote"), [(": ", ""), (" = ", '"')])
def test_a_calendar_with_what_happens_behind_it_is_told_as_two_keys(assigns: str, quote: str) -> None:
    said = (
        "calendar is a country or a file alone, not the text 'DE next_workday': write "
        f"`calendar{assigns}{quote}DE{quote}` and, in a line of its own, `on_holiday{assigns}{quote}next_workday{quote}`"
    )

    assert read({"calendar": "DE next_workday"}, assigns=assigns) == (None, [said])


def test_what_to_do_on_holidays_needs_a_calendar() -> None:
    declaration, problems = read({"on_holiday": "next_workday"}, assigns=" = ")

    assert declaration is not None
    assert problems == ["on_holiday has no effect without a calendar: add `calendar = …`, such as DE-BY"]
    assert read({"calendar": "DE", "on_holiday": "next"})[1] == [
        "on_holiday must be skip, next_workday or previous_workday, not the text 'next', did you mean 'next_workday'?"
    ]
