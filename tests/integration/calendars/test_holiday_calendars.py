"""Calendars by name: countries, and files that change while the scheduler works."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from task_scheduler.calendars import HolidayCalendars
from task_scheduler.calendars.holiday_calendars import COPIES
from task_scheduler.core.errors import TriggerError
from task_scheduler.core.triggers import parse_trigger

EPOCH = date(1970, 1, 1)


@pytest.fixture
def calendars(tmp_path: Path) -> HolidayCalendars:
    """Give the calendars of a project."""
    return HolidayCalendars(tmp_path)


def _dates(calendars: HolidayCalendars, name: str, year: int) -> Sequence[str]:
    days = sorted(calendars.holidays(name).days_off(year))
    return [(EPOCH + timedelta(days=day)).isoformat() for day in days]


def test_a_country_has_its_public_holidays(calendars: HolidayCalendars) -> None:
    assert _dates(calendars, "DE", 2027) == [
        "2027-01-01",
        "2027-03-26",
        "2027-03-29",
        "2027-05-01",
        "2027-05-06",
        "2027-05-17",
        "2027-10-03",
        "2027-12-25",
        "2027-12-26",
    ]
    assert calendars.holidays("DE").weekend == {5, 6}


def test_a_part_of_a_country_has_more(calendars: HolidayCalendars) -> None:
    assert {"2027-01-06", "2027-11-01"} <= set(_dates(calendars, "DE-BY", 2027)) - set(_dates(calendars, "DE", 2027))


def test_a_country_rests_on_its_own_days(calendars: HolidayCalendars) -> None:
    assert calendars.holidays("EG").weekend == {4, 5}


def test_a_holiday_observed_in_the_year_before_is_in_that_year(calendars: HolidayCalendars) -> None:
    assert "2027-12-31" in _dates(calendars, "US", 2027)
    assert all(day.startswith("2028") for day in _dates(calendars, "US", 2028))


def test_holidays_have_names(calendars: HolidayCalendars) -> None:
    calendar = calendars.holidays("US")

    assert calendar.names((date(2027, 11, 25) - EPOCH).days) == "Thanksgiving Day"
    assert calendar.names((date(2027, 11, 24) - EPOCH).days) == ""


def test_a_year_that_nobody_knows_has_no_holidays(calendars: HolidayCalendars) -> None:
    assert _dates(calendars, "DE", 9999) == _dates(calendars, "DE", 1) == []


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("germany", "no calendar 'germany': write a country such as 'DE', a part of one such as 'DE-BY', or a path"),
        ("de", "no calendar 'de': write a country such as 'DE'"),
        ("XX", "no calendar 'XX'"),
        ("DE-XX", "no calendar 'DE-XX': the parts of 'DE' are 'BB', 'BE', 'BW', 'BY', 'HB', 'HE', 'HH', 'MV', 'NI', "),
        ("VA-1", "no calendar 'VA-1': 'VA' has no parts"),
        ("missing.txt", "calendar 'missing.txt' cannot be read: No such file or directory; its path is counted from"),
        ("/etc/holidays.txt", "calendar '/etc/holidays.txt' lies outside the project: write a path inside it"),
        ("../holidays.ics", "calendar '../holidays.ics' lies outside the project"),
    ],
)
def test_a_name_that_leads_nowhere_is_told(calendars: HolidayCalendars, name: str, sentence: str) -> None:
    with pytest.raises(TriggerError) as refused:
        calendars.holidays(name)
    with pytest.raises(TriggerError):
        calendars.stamp(name)

    assert str(refused.value).startswith(sentence)


def test_a_file_is_the_same_calendar_until_its_content_changes(calendars: HolidayCalendars, tmp_path: Path) -> None:
    path = tmp_path / "closed.txt"
    path.write_text("2027-01-01\n", encoding="utf-8")
    first, stamp = calendars.holidays("closed.txt"), calendars.stamp("closed.txt")

    os.utime(path, (1, 1))
    assert calendars.holidays("closed.txt") is first
    assert calendars.stamp("closed.txt") == stamp

    path.write_text("2027-01-02\n", encoding="utf-8")
    assert calendars.holidays("closed.txt") is not first
    assert calendars.stamp("closed.txt") != stamp
    assert _dates(calendars, "closed.txt", 2027) == ["2027-01-02"]


def test_a_country_is_the_same_calendar_and_its_stamp_names_the_package(calendars: HolidayCalendars) -> None:
    assert calendars.holidays("DE") is calendars.holidays("DE")
    assert calendars.stamp("DE").startswith("holidays 0.")


def test_a_file_that_is_too_large_is_not_read(calendars: HolidayCalendars, tmp_path: Path) -> None:
    (tmp_path / "large.txt").write_bytes(b"\n" * 1_000_001)

    with pytest.raises(TriggerError, match=r"calendar 'large.txt' has 1000001 bytes: at most 1000000 are read"):
        calendars.holidays("large.txt")


def test_a_file_that_is_no_utf_8_is_told_with_its_line(calendars: HolidayCalendars, tmp_path: Path) -> None:
    (tmp_path / "latin.txt").write_bytes(b"2027-01-01\n2027-05-01 Maifeiertag f\xfcr alle\n")

    with pytest.raises(TriggerError, match=r"^latin.txt:2: is no UTF-8 text: save the calendar as UTF-8$"):
        calendars.holidays("latin.txt")


def test_a_trigger_follows_a_file_in_a_folder_of_the_project(calendars: HolidayCalendars, tmp_path: Path) -> None:
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "closed.txt").write_text("2027-05-14 Bridge day\n", encoding="utf-8")
    text = "every day at 09:00 calendar config/closed.txt next_workday"

    trigger = parse_trigger(text, ZoneInfo("Europe/Berlin"), calendars)

    # 14 May is a Friday, so that slot is Monday's.
    slots = [trigger.next_after(datetime(2027, 5, day, 12, tzinfo=UTC)) for day in (12, 13, 16)]
    assert slots == [datetime(2027, 5, day, 7, tzinfo=UTC) for day in (13, 15, 17)]


def test_the_package_of_countries_is_imported_only_when_one_is_used() -> None:
    program = (
        "import sys; from pathlib import Path; from task_scheduler.calendars import HolidayCalendars; "
        "calendars = HolidayCalendars(Path()); before = 'holidays' in sys.modules; calendars.holidays('DE'); "
        "print(before, 'holidays' in sys.modules)"
    )

    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert ran.stdout.split() == ["False", "True"]


def test_without_the_package_a_country_is_refused_with_the_way_out(
    calendars: HolidayCalendars, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "holidays", None)

    with pytest.raises(TriggerError, match=r"calendar 'DE-BY' needs the package holidays: install requirements.txt"):
        calendars.holidays("DE-BY")


def test_a_copy_holds_what_a_file_said_last_for_its_owner_alone(tmp_path: Path) -> None:
    copies = tmp_path / "data" / "calendars"
    file = tmp_path / "closed.txt"
    file.write_text("2027-05-14\n")
    assert _dates(HolidayCalendars(tmp_path, copies=copies), "closed.txt", 2027) == ["2027-05-14"]
    file.write_text("2027-05-21\n2027-05-28\n")
    HolidayCalendars(tmp_path, copies=copies).holidays("closed.txt")
    file.unlink()
    later = HolidayCalendars(tmp_path, copies=copies)

    assert _dates(later, "closed.txt", 2027) == ["2027-05-21", "2027-05-28"]
    with pytest.raises(TriggerError, match="cannot be read"):
        later.stamp("closed.txt")
    (copy,) = copies.iterdir()
    assert (copies.stat().st_mode & 0o777, copy.stat().st_mode & 0o777) == (0o700, 0o600)


def test_a_file_that_could_never_be_read_and_one_outside_have_no_copy(tmp_path: Path) -> None:
    calendars = HolidayCalendars(tmp_path, copies=tmp_path / "data" / "calendars")
    (tmp_path / "closed.txt").write_text("no date\n")

    for name in ("closed.txt", "missing.ics", "../outside.txt"):
        with pytest.raises(TriggerError):
            calendars.holidays(name)
    assert not (tmp_path / "data").exists()


def test_where_no_copy_can_be_written_the_file_counts_all_the_same(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("in the way")
    (tmp_path / "closed.txt").write_text("2027-05-14\n")

    calendars = HolidayCalendars(tmp_path, copies=tmp_path / "data" / "calendars")

    assert _dates(calendars, "closed.txt", 2027) == ["2027-05-14"]


def test_who_only_looks_uses_copies_and_makes_none(tmp_path: Path) -> None:
    file = tmp_path / "closed.txt"
    file.write_text("2027-05-14 Bridge day\n", encoding="utf-8")
    looking = HolidayCalendars.for_looking(tmp_path)
    looking.holidays("closed.txt")
    made_by_looking = (tmp_path / COPIES).exists()
    HolidayCalendars(tmp_path, copies=tmp_path / COPIES).holidays("closed.txt")
    [copy] = (tmp_path / COPIES).iterdir()
    os.utime(copy, (1_800_000_000,) * 2)

    file.write_text("nothing\n", encoding="utf-8")
    new = HolidayCalendars.for_looking(tmp_path)
    kept = _dates(new, "closed.txt", 2027)
    stand_in = new.stand_ins["closed.txt"]
    file.write_text("2027-05-15 Another\n", encoding="utf-8")

    assert (made_by_looking, looking.stand_ins) == (False, {})
    assert kept == ["2027-05-14"]
    assert stand_in.reason.startswith("closed.txt:1: 'nothing' is no holiday")
    assert stand_in.kept_at == datetime.fromtimestamp(1_800_000_000, UTC)
    # Once it can be read again, its own days count.
    assert _dates(new, "closed.txt", 2027) == ["2027-05-15"]
    assert new.stand_ins == {}
