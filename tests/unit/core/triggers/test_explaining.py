"""What changes of the clock do to schedules, and what is told of single slots.

Berlin's clock goes from 02:00 to 03:00 on 29 March 2026 and from 03:00 back to 02:00 on 25 October 2026; that of Lord Howe
goes from 02:00 back to 01:30 on 5 April 2026 and from 02:00 to 02:30 on 4 October 2026.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from task_scheduler.core.errors import TriggerError
from task_scheduler.core.triggers import parse_trigger, read_schedule
from task_scheduler.core.triggers.calendars import NO_CALENDARS, Calendars
from task_scheduler.core.triggers.clock_changes import clock_changes
from task_scheduler.core.triggers.explaining import change_effects, undelayed, warnings_of
from task_scheduler.core.triggers.slot_notes import SlotNotes
from task_scheduler.core.triggers.typed_moments import first_moment, last_moment
from tests.unit.core.triggers.days_off import DaysOff, OneCalendar
from tests.unit.core.triggers.shown import BERLIN

LORD_HOWE = ZoneInfo("Australia/Lord_Howe")
NEW_YEAR = datetime(2026, 1, 1, tzinfo=UTC)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def test_the_changes_of_a_year_are_those_of_the_zone() -> None:
    found = [
        (change.at.isoformat(" "), change.shift) for change in clock_changes(BERLIN, NEW_YEAR, utc("2027-01-01 00:00"))
    ]

    hour = timedelta(hours=1)
    assert found == [("2026-03-29 01:00:00+00:00", hour), ("2026-10-25 01:00:00+00:00", -hour)]


def test_a_change_counts_at_the_end_of_the_time_asked_for_and_not_at_its_beginning() -> None:
    at = utc("2026-03-29 01:00")

    assert len([*clock_changes(BERLIN, at - timedelta(seconds=1), at)]) == 1
    assert [*clock_changes(BERLIN, at, at + timedelta(days=30))] == []
    assert [*clock_changes(ZoneInfo("UTC"), NEW_YEAR, utc("2030-01-01 00:00"))] == []


def test_a_change_is_between_two_clocks_that_are_never_changed() -> None:
    change, _ = clock_changes(BERLIN, NEW_YEAR, utc("2027-01-01 00:00"))

    assert change.at.astimezone(change.clock_before).isoformat() == "2026-03-29T02:00:00+01:00"
    assert change.at.astimezone(change.clock_after).isoformat() == "2026-03-29T03:00:00+02:00"


def test_a_calendar_that_lost_a_day_was_corrected() -> None:
    [change] = clock_changes(ZoneInfo("Pacific/Apia"), utc("2011-12-01 00:00"), utc("2012-01-31 00:00"))

    assert change.is_correction
    assert change.shift == timedelta(hours=24)


@pytest.mark.parametrize(
    ("schedule", "spring", "autumn"),
    [
        (
            "30 2 * * *",
            "02:30 does not exist: runs once, at 03:00",
            "02:30 comes twice: runs the first time only",
        ),
        (
            "15,30 2 * * *",
            "02:15 and 02:30 do not exist: runs once, at 03:00",
            "02:15 and 02:30 come twice: runs the first time only",
        ),
        (
            "30 2,3 * * *",
            "02:30 does not exist: runs once, at 03:00",
            "02:30 comes twice: runs the first time only",
        ),
        (
            "0,30 2,3 * * *",
            "02:00 and 02:30 do not exist: runs once, at 03:00, with what is due then anyway",
            "02:00 and 02:30 come twice: runs the first time only",
        ),
        ("*/20 2 * * *", "02:00, 02:20 and 02:40 do not exist: not run", "02:00, 02:20 and 02:40 come twice: runs both times"),
        ("every 2 hours", "02:00 does not exist: not run", "02:00 comes twice: runs both times"),
        ("every minute", "02:00, 02:01 and 58 more do not exist: not run", "02:00, 02:01 and 58 more come twice: runs both times"),
        (
            "daily at 12:00",
            "nothing is due between 02:00 and 03:00, which do not exist",
            "nothing is due between 02:00 and 03:00, which come twice",
        ),
        (
            "daily at 02:30 plus 17 s plus up to 60 s",
            "02:30 does not exist: runs once, at 03:00",
            "02:30 comes twice: runs the first time only",
        ),
        (
            "15 * * * * from 2026-10-25 02:30",
            "nothing is due between 02:00 and 03:00, which do not exist",
            "02:15 comes twice: runs the second time only",
        ),
        (
            "every 30 minutes from 2026-10-25 02:30",
            "nothing is due between 02:00 and 03:00, which do not exist",
            "runs once in the first pass, 2 times in the second",
        ),
    ],
)  # fmt: skip
def test_what_berlins_changes_of_2026_do(schedule: str, spring: str, autumn: str) -> None:
    effects = change_effects(read_schedule(schedule), BERLIN, NEW_YEAR)

    assert [effect.change.at.isoformat() for effect in effects] == [
        "2026-03-29T01:00:00+00:00",
        "2026-10-25T01:00:00+00:00",
    ]
    assert effects[0].sentence == spring
    assert effects[1].sentence.endswith(autumn)


@pytest.mark.parametrize(
    ("schedule", "autumn", "spring"),
    [
        ("every 30 minutes", "01:30 comes twice: runs both times", "02:00 does not exist: not run"),
        ("30 * * * *", "01:30 comes twice: runs both times", "nothing is due between 02:00 and 02:30, which do not exist"),
        ("45 1 * * *", "01:45 comes twice: runs the first time only", "nothing is due between 02:00 and 02:30, which do not exist"),
        ("15 2 * * *", "nothing is due between 01:30 and 02:00, which come twice", "02:15 does not exist: runs once, at 02:30"),
        ("0 2 * * *", "nothing is due between 01:30 and 02:00, which come twice", "02:00 does not exist: runs once, at 02:30"),
    ],
)  # fmt: skip
def test_what_lord_howes_changes_of_2026_do(schedule: str, autumn: str, spring: str) -> None:
    effects = change_effects(read_schedule(schedule), LORD_HOWE, NEW_YEAR)

    assert [effect.change.at.isoformat() for effect in effects] == [
        "2026-04-04T15:00:00+00:00",
        "2026-10-03T15:30:00+00:00",
    ]
    assert [effect.sentence for effect in effects] == [autumn, spring]


def test_counts_and_names_what_a_change_touches() -> None:
    spring, autumn = change_effects("*/20 2 * * *", BERLIN, NEW_YEAR)

    assert (spring.count, spring.runs, autumn.count, autumn.runs) == (3, 0, 3, 6)
    assert [reading.isoformat(" ") for reading in spring.readings] == [
        "2026-03-29 02:00:00",
        "2026-03-29 02:20:00",
        "2026-03-29 02:40:00",
    ]


@pytest.mark.parametrize("schedule", ["at startup", "after other", "on change of *.csv"])
def test_events_know_no_clock(schedule: str) -> None:
    assert change_effects(read_schedule(schedule), BERLIN, NEW_YEAR) == ()


def test_the_one_slot_there_ever_is_may_fall_into_a_gap() -> None:
    spring, _ = change_effects("once at 2026-03-29 02:30", BERLIN, NEW_YEAR)

    assert spring.sentence == "02:30 does not exist: runs once, at 03:00"
    assert (spring.count, spring.runs) == (1, 1)


def test_nothing_is_known_past_the_end_of_the_calendar() -> None:
    assert change_effects("30 2 * * *", BERLIN, utc("9999-12-01 00:00")) == ()


_MINUTES = st.integers(0, 59).map(str) | st.sampled_from(["*", "*/20", "0,30", "5-25/10"])
_HOURS = st.integers(0, 4).map(str) | st.sampled_from(["*", "*/2", "1,2,3", "0-5"])


@given(
    minute=_MINUTES,
    hour=_HOURS,
    zone=st.sampled_from(
        ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Antarctica/Troll", "Asia/Beirut"]
    ),
    year=st.integers(1990, 2030),
)
def test_a_day_with_a_change_has_as_many_slots_as_is_said(minute: str, hour: str, zone: str, year: int) -> None:
    """Of a usual day's slots a change takes those it skips, gives what makes up for them, and repeats some."""
    text, place = read_schedule(f"{minute} {hour} * * *"), ZoneInfo(zone)
    begin = datetime(year, 1, 1, tzinfo=UTC)
    trigger, usual = parse_trigger(text, place), parse_trigger(text, UTC)
    for effect in change_effects(text, place, begin):
        change = effect.change
        day = change.at.astimezone(change.clock_before).date()
        first, last = first_moment(day.isoformat(), place), last_moment(day.isoformat(), place)
        second = timedelta(seconds=1)
        slots = trigger.count_between(first - second, last)
        noon = datetime(2026, 1, 1, tzinfo=UTC)
        expected = usual.count_between(noon - second, noon + timedelta(days=1) - second)
        if change.shift > timedelta():
            together = "with what is due then" in effect.sentence
            expected += effect.runs - effect.count - together
        else:
            expected += effect.runs - effect.count
        if first < change.at < last:  # at midnight a change is of two days
            assert slots == expected, (effect.sentence, str(day))


@pytest.mark.parametrize(
    ("schedule", "without"),
    [
        ("daily at 10:30 plus 17 s", "every day at 10:30"),
        ("daily at 10:30 on weekdays plus up to 60 s", "every day at 10:30 on mon,tue,wed,thu,fri"),
        ("every 5 to 10 minutes by 0badcafe plus 17 s", "every 5 to 10 minutes by 0badcafe"),
        ("30 2 * * *", "30 2 * * *"),
        ("at startup", "at startup"),
    ],
)
def test_a_delay_can_be_left_aside(schedule: str, without: str) -> None:
    assert undelayed(read_schedule(schedule)) == without


@pytest.mark.parametrize(
    ("schedule", "warned"),
    [
        ("daily", ()),
        ("at startup", ()),
        ("once at 2025-03-01 09:00", ("it is over: its last slot was 2025-03-01 09:00 +01:00",)),
        ("daily at 10:00 until 2025-06-30", ("it is over: its last slot was 2025-06-30 10:00 +02:00",)),
        ("daily at 10:00 from 2027-01-01", ()),
        (
            "0 10 29 2 * from 2027-01-01 until 2027-12-31",
            ("day of month '29': February has it in leap years only", "it never fires"),
        ),
    ],
)
def test_warns_of_what_is_over(schedule: str, warned: tuple[str, ...]) -> None:
    text = read_schedule(schedule)

    assert warnings_of(text, parse_trigger(text, BERLIN), NEW_YEAR) == warned


def test_warns_of_what_surprises_in_cron_text() -> None:
    [days] = warnings_of("0 0 13 * fri on mon,fri", parse_trigger("0 0 13 * fri on mon,fri", BERLIN), NEW_YEAR)

    assert "either is enough" in days


# --- single slots -----------------------------------------------------------------------------------------


def noted(
    schedule: str, first: str, last: str, *, zone: ZoneInfo = BERLIN, calendars: Calendars = NO_CALENDARS
) -> list[str]:
    """Return the slots of some days that have notes, with these."""
    text = read_schedule(schedule)
    trigger, notes = parse_trigger(text, zone, calendars), SlotNotes(text, zone, calendars)
    before = first_moment(first, zone) - timedelta(seconds=1)
    found = []
    while (slot := trigger.next_after(before)) is not None and slot <= last_moment(last, zone):
        if said := notes.of(slot, before):
            found.append(f"{slot.astimezone(zone).strftime('%m-%d %H:%M:%S %z')}: {'; '.join(said)}")
        before = slot
    return found


@pytest.mark.parametrize(
    ("schedule", "spring"),
    [
        ("30 2 * * *", ["03-29 03:00:00 +0200: 02:30 does not exist on this day: 03:00"]),
        ("0,30 2,3 * * *", ["03-29 03:00:00 +0200: 02:00 and 02:30 do not exist on this day"]),
        ("every hour", ["03-29 03:00:00 +0200: 02:00 does not exist on this day"]),
        ("*/20 2 * * *", ["03-30 02:00:00 +0200: 02:00, 02:20 and 02:40 do not exist on 2026-03-29"]),
        ("daily at 12:00", []),
        ("daily at 02:30 plus 17 s", [
            "03-28 02:30:17 +0100: 17 s after 02:30",
            "03-29 03:00:17 +0200: 02:30 does not exist on this day: 03:00; 17 s after 03:00",
            "03-30 02:30:17 +0200: 17 s after 02:30",
        ]),
    ],
)  # fmt: skip
def test_notes_of_berlins_gap(schedule: str, spring: list[str]) -> None:
    assert noted(schedule, "2026-03-28", "2026-03-30") == spring


@pytest.mark.parametrize(
    ("schedule", "autumn"),
    [
        ("30 2 * * *", ["10-25 02:30:00 +0200: first of two 02:30s, the only one that counts"]),
        ("every hour", [
            "10-25 02:00:00 +0200: first of two 02:00s",
            "10-25 02:00:00 +0100: second of two 02:00s",
        ]),
        ("daily at 03:00", []),
        ("daily at 01:59", []),
    ],
)  # fmt: skip
def test_notes_of_berlins_overlap(schedule: str, autumn: list[str]) -> None:
    assert noted(schedule, "2026-10-24", "2026-10-26") == autumn


def test_what_was_skipped_is_told_by_the_next_slot_however_far_it_is() -> None:
    """Between the two there are also a change that skips nothing of it, and changes back."""
    assert noted("*/20 2 29 3 *", "2025-03-30", "2027-12-31") == [
        "03-29 02:00:00 +0200: 02:00, 02:20 and 02:40 do not exist on 2026-03-29"
    ]


def test_notes_of_a_day_that_a_calendar_lost() -> None:
    assert noted("daily at 12:00", "2011-12-28", "2012-01-02", zone=ZoneInfo("Pacific/Apia")) == [
        "12-31 12:00:00 +1400: 12:00 does not exist on 2011-12-30"
    ]
    assert noted("every 3 hours", "2011-12-31", "2011-12-31", zone=ZoneInfo("Pacific/Apia")) == [
        "12-31 00:00:00 +1400: 00:00, 03:00 and 6 more do not exist on this day"
    ]


def test_notes_of_lord_howes_half_hours() -> None:
    assert noted("every 30 minutes", "2026-04-05", "2026-04-05", zone=LORD_HOWE) == [
        "04-05 01:30:00 +1100: first of two 01:30s",
        "04-05 01:30:00 +1030: second of two 01:30s",
    ]
    assert noted("15 2 * * *", "2026-10-04", "2026-10-04", zone=LORD_HOWE) == [
        "10-04 02:30:00 +1100: 02:15 does not exist on this day: 02:30"
    ]


@dataclass(frozen=True, eq=False)
class Christmas:
    """Friday and Saturday, 25 and 26 December 2026."""

    weekend: frozenset[int] = frozenset({5, 6})
    named: Mapping[date, str] = field(
        default_factory=lambda: {date(2026, 12, 25): "Christmas Day", date(2026, 12, 26): ""}
    )

    def holidays(self, name: str) -> Christmas:
        return self

    def days_off(self, year: int) -> frozenset[int]:
        return frozenset((day - date(1970, 1, 1)).days for day in self.named if day.year == year)

    def names(self, day: int) -> str:
        return self.named.get(date(1970, 1, 1) + timedelta(days=day), "")


@pytest.mark.parametrize(
    ("clauses", "notes"),
    [
        ("calendar XX", ["12-27 10:30:00 +0100: left out: 2026-12-25 (Christmas Day) and 2026-12-26"]),
        (
            "calendar XX next_workday",
            ["12-28 10:30:00 +0100: stands for 2026-12-26 and 2026-12-25 (Christmas Day)"],
        ),
        (
            "on fri calendar XX next_workday",
            ["12-28 10:30:00 +0100: moved from 2026-12-25 (Christmas Day)"],
        ),
        (
            "on fri calendar XX previous_workday",
            ["12-24 10:30:00 +0100: moved from 2026-12-25 (Christmas Day)"],
        ),
        ("on mon calendar XX next_workday", []),
    ],
)
def test_notes_of_holidays(clauses: str, notes: list[str]) -> None:
    assert noted(f"daily at 10:30 {clauses}", "2026-12-23", "2026-12-31", calendars=Christmas()) == notes


def test_a_fresh_delay_is_told_of_each_slot() -> None:
    text = read_schedule("daily at 10:30 plus up to 600 s")
    trigger, notes = parse_trigger(text, BERLIN), SlotNotes(text, BERLIN)
    slot = trigger.next_after(NEW_YEAR)
    assert slot is not None

    late = slot - utc("2026-01-01 09:30")
    assert timedelta() < late <= timedelta(seconds=600)
    assert notes.of(slot, NEW_YEAR) == (f"{late.seconds} s after 10:30",)


# --- moments that people type -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "first", "last"),
    [
        ("2026-03-29", "2026-03-28 23:00:00", "2026-03-29 21:59:59"),
        ("2026-03-29 02:30", "2026-03-29 01:00:00", "2026-03-29 01:00:00"),
        ("2026-10-25 02:30", "2026-10-25 00:30:00", "2026-10-25 00:30:00"),
        ("2026-10-25T02:30+01:00", "2026-10-25 01:30:00", "2026-10-25 01:30:00"),
        ("2026-10-25T02:30Z", "2026-10-25 02:30:00", "2026-10-25 02:30:00"),
    ],
)
def test_moments_are_typed_on_the_clock_of_the_zone_or_with_an_offset(typed: str, first: str, last: str) -> None:
    assert first_moment(typed, BERLIN) == utc(first)
    assert last_moment(typed, BERLIN) in {utc(last), utc(last) - timedelta(seconds=1)}


@pytest.mark.parametrize(
    ("typed", "refusal"),
    [
        ("9999-12-31T23:59-23:00", "'9999-12-31T23:59-23:00' is out of bounds: no calendar has it in UTC"),
        ("0001-01-01T00:00Z", "'0001-01-01T00:00Z' is out of bounds: years are 1 to 9999"),
        ("1969-12-31 23:59", "the year 1969 is out of bounds: years are 1970 to 9998"),
        ("soon", "'soon' is no date: write YYYY-MM-DD or YYYY-MM-DD HH:MM"),
    ],
)
def test_a_moment_that_nothing_can_be_asked_of_is_refused(typed: str, refusal: str) -> None:
    for read in (first_moment, last_moment):
        with pytest.raises(TriggerError) as refused:
            read(typed, BERLIN)
        assert str(refused.value) == refusal


class _Since1990(DaysOff):
    """A calendar whose data begin in 1990."""

    def dates(self, year: int) -> set[date]:
        return super().dates(year) if year >= 1990 else set()


@pytest.mark.parametrize(
    ("clauses", "why"),
    [
        ("", "it never fires: each of its days is a holiday of its calendar"),
        (" until 2000-01-01", "it is over: its last slot was 1989-12-25 00:00 +01:00"),
    ],
)
def test_a_schedule_whose_days_are_all_holidays_is_not_over_but_never_due(clauses: str, why: str) -> None:
    text = read_schedule(f"0 0 25 12 *{clauses} calendar DE")
    trigger = parse_trigger(text, BERLIN, OneCalendar(_Since1990((12, 25))))

    assert warnings_of(text, trigger, NEW_YEAR) == (why,)
