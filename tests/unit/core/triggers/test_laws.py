"""Laws that hold for every trigger in every zone, and agreement with a walk minute by minute."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import UTC, date, datetime, timedelta, timezone
from functools import cache
from importlib import resources
from itertools import pairwise
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from task_scheduler.core.errors import TriggerError
from task_scheduler.core.triggers import Trigger, parse_trigger, read_schedule, stretches
from tests.unit.core.triggers.oracle import Due, walk, whole_minute_changes
from tests.unit.core.triggers.shown import trigger

TICK = timedelta(microseconds=1)
DAY = timedelta(days=1)
YEAR = timedelta(days=365)

ZONES = sorted(available_timezones() - {"Factory", "localtime"})
ODD_ZONES = [
    "Africa/Casablanca",
    "America/Havana",
    "America/Sao_Paulo",
    "America/Scoresbysund",
    "America/St_Johns",
    "Antarctica/Casey",
    "Antarctica/Troll",
    "Antarctica/Vostok",
    "Asia/Gaza",
    "Asia/Tehran",
    "Australia/Lord_Howe",
    "Europe/Berlin",
    "Pacific/Apia",
    "Pacific/Kwajalein",
]
SCHEDULES = [
    "every second",
    "every 7 seconds",
    "every minute at :30",
    "every 5 minutes",
    "every 90 minutes",
    "every hour at 15:30",
    "every 5 hours",
    "every day at 00:00",
    "every day at 02:30",
    "every 3 days at 23:59:59",
    "every monday at 00:30",
    "every sunday at 02:00",
    "every 2 weeks",
    "*/20 2 * * *",
    "15,30 2,4 * * *",
    "0 */2 * * *",
    "0-59 0-3 * * *",
    "59 23 31 * *",
    "0 0 13 * fri",
    "30 1 */2 * sun",
    "0 12 29 2 *",
    "*/20 30 1-3 * * *",
    "59 59 23 L * fri#2",
    "every 1 to 3 seconds",
    "every 5 to 10 minutes",
    "every 11 to 11 minutes at :30",
    "every 7 to 20 hours",
    "every 2 to 4 days at 02:30",
    "every 1 to 2 weeks",
    "every 10 minutes between 22:00 and 03:30",
    "every 3 to 40 minutes on sat,sun between 01:30 and 03:00",
    "every day at 02:30 on sun,mon",
    "0 * 29 2 * on mon",
    "every hour between 01:00 and 04:00 calendar DE skip",
    "0 9 25,26 * * calendar DE next_workday",
    "every day at 02:30 calendar DE previous_workday",
    "30 * 1 * * on mon,tue,wed from 1970-02-01 02:30 calendar DE next_workday plus 1800 s",
    "every day at 02:30 from 1971-01-01 plus 7200 s",
    "every 2 to 9 minutes calendar DE skip plus up to 300 s",
    "0 0-4 * * * plus up to 7200 s",
    "15,30 2 * * * plus up to 60 s",
]

zones = st.one_of(st.sampled_from(ODD_ZONES), st.sampled_from(ZONES))
schedules = st.sampled_from(SCHEDULES)
moments = st.datetimes(datetime(1971, 1, 1), datetime(2060, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - gets UTC


@st.composite
def moments_near_changes(draw: st.DrawFn, zone: str) -> datetime:
    """Draw a moment that lies, where the year has one, within two days of a time change."""
    year = draw(st.integers(1975, 2037))
    days = _changes(zone, year) or [datetime(year, 3, 30, tzinfo=UTC)]
    return draw(st.sampled_from(days)) + timedelta(seconds=draw(st.integers(-86_400, 172_800)))


@cache
def _changes(zone: str, year: int) -> list[datetime]:
    return whole_minute_changes(ZoneInfo(zone), year)


@st.composite
def cases(draw: st.DrawFn) -> tuple[Trigger, datetime]:
    """Draw a trigger and a moment that is likely to be difficult."""
    zone = draw(zones)
    moment = draw(st.one_of(moments, moments_near_changes(zone)))
    return trigger(draw(schedules), zone), moment


@given(cases())
def test_slots_strictly_increase_and_are_found_from_just_before(case: tuple[Trigger, datetime]) -> None:
    rule, moment = case

    for _ in range(12):
        slot = rule.next_after(moment)
        assert slot is not None
        assert slot > moment
        assert slot.tzinfo is UTC
        assert rule.next_after(slot - TICK) == slot
        moment = slot


@given(cases(), st.integers(0))
def test_a_restart_between_two_slots_changes_nothing(case: tuple[Trigger, datetime], ticks: int) -> None:
    rule, moment = case
    slot = rule.next_after(moment)
    assert slot is not None

    stopped = moment + ticks % ((slot - moment) // TICK) * TICK

    assert rule.next_after(stopped) == slot


@given(cases())
def test_looking_back_finds_what_looking_forward_found(case: tuple[Trigger, datetime]) -> None:
    rule, moment = case
    slots = _steps(rule, moment, 12)

    assert rule.last_before(slots[0] - TICK) == rule.last_before(moment)
    for slot, following in pairwise(slots):
        assert rule.last_before(slot) == slot
        assert rule.last_before(following - TICK) == slot


@given(cases(), st.integers(0, 40))
def test_counting_is_stepping(case: tuple[Trigger, datetime], steps: int) -> None:
    rule, moment = case
    slots = _steps(rule, moment, steps + 1)

    assert rule.count_between(moment, slots[-1]) == steps + 1
    assert rule.count_between(moment, slots[-1] - TICK) == steps
    assert rule.count_between(slots[0], slots[-1]) == steps
    assert rule.count_between(slots[-1], moment) == 0


@given(cases(), st.timedeltas(timedelta(0), 2 * YEAR), st.timedeltas(timedelta(0), 2 * YEAR))
def test_counts_add_up(case: tuple[Trigger, datetime], first: timedelta, second: timedelta) -> None:
    rule, moment = case
    middle = moment + first
    end = middle + second

    assert rule.count_between(moment, end) == rule.count_between(moment, middle) + rule.count_between(middle, end)


@given(cases())
def test_the_period_is_the_distance_of_the_next_two(case: tuple[Trigger, datetime]) -> None:
    rule, moment = case
    first, second = _steps(rule, moment, 2)

    assert rule.period(moment) == second - first


#: Beyond these no calendar has a slot.
END = datetime.max.replace(tzinfo=UTC)
BEGINNING = datetime.min.replace(tzinfo=UTC) + timedelta(days=3)


@given(schedules, st.sampled_from(ODD_ZONES), st.integers(0, 3 * 86_400))
def test_at_both_ends_of_the_calendar_counting_is_stepping(text: str, zone: str, seconds: int) -> None:
    rule = trigger(text, zone)
    last = rule.last_before(END)
    if last is not None:
        early = last - timedelta(seconds=seconds % 5_000)
        slots = _steps_until(rule, early, END)
        assert rule.count_between(early, END) == len(slots)
        assert rule.next_after(last) is None
        assert rule.count_between(last, END) == 0
    late = BEGINNING + timedelta(days=4, seconds=seconds % 5_000)
    slots = _steps_until(rule, BEGINNING, late)
    assert rule.count_between(BEGINNING, late) == len(slots)
    assert rule.last_before(late) == (slots[-1] if slots else None)


def _steps_until(rule: Trigger, moment: datetime, end: datetime) -> list[datetime]:
    found = []
    slot = rule.next_after(moment)
    while slot is not None and slot <= end:
        found.append(slot)
        slot = rule.next_after(slot)
    return found


def _steps(rule: Trigger, moment: datetime, count: int) -> list[datetime]:
    found = []
    for _ in range(count):
        slot = rule.next_after(moment)
        assert slot is not None
        found.append(slot)
        moment = slot
    return found


# --- against the walk -------------------------------------------------------------------------------------


@st.composite
def fields(draw: st.DrawFn, most: int) -> tuple[str, frozenset[int]]:
    """Draw a cron field of hours or minutes, and what it selects."""
    whole = frozenset(range(most + 1))
    match draw(st.sampled_from(["star", "step", "list", "range"])):
        case "star":
            return "*", whole
        case "step":
            step = draw(st.integers(1, most))
            return f"*/{step}", frozenset(range(0, most + 1, step))
        case "list":
            values = draw(st.lists(st.integers(0, most), min_size=1, max_size=4))
            return ",".join(map(str, values)), frozenset(values)
        case _:
            first, last = sorted((draw(st.integers(0, most)), draw(st.integers(0, most))))
            step = draw(st.integers(1, 5))
            return f"{first}-{last}/{step}", frozenset(range(first, last + 1, step))


@st.composite
def day_fields(draw: st.DrawFn) -> tuple[str, Due]:
    """Draw cron text with any day fields; the Due's hours and minutes are what its first two fields select."""
    minute, minutes = draw(fields(59))
    hour, hours = draw(st.one_of(fields(23), st.just(("0,1,2,3,23", frozenset({0, 1, 2, 3, 23})))))
    parity = draw(st.sampled_from(["*", "*/2", "1-31/2"]))
    weekday = draw(st.sampled_from(["*", "*/2", "sun", "1-5"]))
    weekdays = {"*": range(7), "*/2": (0, 2, 4, 6), "sun": (0,), "1-5": range(1, 6)}[weekday]
    either = not (parity.startswith("*") or weekday.startswith("*"))

    def on(day: date) -> bool:
        by_day, by_weekday = parity == "*" or day.day % 2 == 1, day.isoweekday() % 7 in weekdays
        return by_day or by_weekday if either else by_day and by_weekday

    is_fixed = not (minute.startswith("*") or hour.startswith("*"))
    return f"{minute} {hour} {parity} * {weekday}", Due(hours=hours, minutes=minutes, on=on, is_fixed=is_fixed)


@st.composite
def walked(draw: st.DrawFn) -> tuple[str, Due, str, datetime]:
    """Draw cron text, its Due, a zone, and where to begin: near a time change of whole minutes."""
    zone = draw(zones)
    moment = draw(moments_near_changes(zone))
    text, due = draw(day_fields())
    return text, due, zone, moment.replace(second=0) - DAY / 2


EVERY_DAY = Due(hours=frozenset({0, 2, 23}), minutes=frozenset({0, 30}), on=lambda _day: True, is_fixed=True)


@pytest.mark.slow
@settings(max_examples=120, deadline=None)
@example(("0,30 0,2,23 * * *", EVERY_DAY, "America/Scoresbysund", datetime(2025, 3, 29, tzinfo=UTC)))
@example(("0,30 0,2,23 * * *", EVERY_DAY, "America/St_Johns", datetime(2010, 11, 6, 12, tzinfo=UTC)))
@example(("0,30 0,2,23 * * *", EVERY_DAY, "Pacific/Apia", datetime(2011, 12, 29, 12, tzinfo=UTC)))
@given(walked())
def test_fires_when_a_walk_along_the_minutes_does(case: tuple[str, Due, str, datetime]) -> None:
    text, due, zone, begin = case
    end = begin + 2 * DAY
    expected = list(walk(due, ZoneInfo(zone), begin, end))
    rule = trigger(text, zone)

    found = []
    slot = rule.next_after(begin - TICK)
    while slot is not None and slot < end:
        found.append(slot)
        slot = rule.next_after(slot)

    assert found == expected
    assert rule.count_between(begin - TICK, end - TICK) == len(expected)
    if expected:
        assert rule.last_before(end - TICK) == expected[-1]


def _different_zones() -> list[str]:
    """Return one name of each zone of the database; many have several."""
    folder = resources.files("tzdata.zoneinfo")
    by_rules: dict[bytes, str] = {}
    for name in ZONES:
        file = folder.joinpath(name)
        by_rules.setdefault(file.read_bytes() if file.is_file() else name.encode(), name)
    return list(by_rules.values())


@pytest.mark.slow
def test_a_daily_job_is_due_once_for_each_date_in_every_zone() -> None:
    """Read in order over two years in which half of the zones change: nothing lost, nothing doubled."""
    for name in _different_zones():
        zone = ZoneInfo(name)
        rule = trigger("daily at 02:30", name)
        slot = datetime(2026, 1, 1, tzinfo=zone).astimezone(UTC) - TICK
        for number in range(2 * 365):
            following = rule.next_after(slot)
            assert following is not None
            local = following.astimezone(zone)
            assert local.date() == date(2026, 1, 1) + number * DAY, name
            assert (local.hour, local.minute) >= (2, 30), name
            slot = following


@pytest.mark.slow
def test_a_daily_job_is_counted_once_for_each_date_in_every_zone_over_years() -> None:
    """Samoa and Tokelau left out 30 December 2011."""
    for name in _different_zones():
        zone = ZoneInfo(name)
        begin, end = (datetime(year, 1, 1, tzinfo=zone) for year in (2009, 2017))
        dates = (date(2017, 1, 1) - date(2009, 1, 1)).days - (name in {"Pacific/Apia", "Pacific/Fakaofo"})

        assert trigger("daily at 12:00", name).count_between(begin - TICK, end - TICK) == dates, name


@pytest.mark.parametrize("zone", ODD_ZONES)
@pytest.mark.parametrize(("year", "hours"), [(2023, 8_760), (2024, 8_784)])
def test_an_hourly_job_is_due_once_for_each_real_hour_of_a_year(zone: str, year: int, hours: int) -> None:
    begin, end = datetime(year, 1, 1, tzinfo=UTC), datetime(year + 1, 1, 1, tzinfo=UTC)
    expected = hours
    if zone == "Australia/Lord_Howe":
        expected += 1  # half an hour more in autumn shows one half past twice, and in spring skips no half past

    assert trigger("30 * * * *", zone).count_between(begin - TICK, end - TICK) == expected


def test_another_process_finds_the_same_slots() -> None:
    """Nothing may hang on the seed of a process' own hashes, or on what it was asked before."""
    moment = datetime(2027, 3, 28, tzinfo=UTC)
    program = (
        "from tests.unit.core.triggers.test_laws import answers; from datetime import datetime; "
        f"print(answers(datetime.fromisoformat({moment.isoformat()!r})))"
    )
    environment = {**os.environ, "PYTHONHASHSEED": "4711"}

    other = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, env=environment, check=True)

    assert other.stdout.strip() == answers(moment)


def answers(moment: datetime) -> str:
    """Return what all schedules of this page answer about a moment."""
    rules = [trigger(schedule) for schedule in reversed(SCHEDULES)]
    return repr([(rule.text, rule.next_after(moment), rule.last_before(moment)) for rule in rules])


def test_a_trigger_of_each_second_is_counted_over_decades_without_walking() -> None:
    begin = datetime(1975, 1, 1, tzinfo=UTC)
    end = datetime(2035, 1, 1, tzinfo=UTC)

    counted = trigger("every second").count_between(begin, end)

    assert counted == (end - begin) // timedelta(seconds=1)


# --- edges ------------------------------------------------------------------------------------------------


@given(zones, moments)
def test_an_offset_change_is_found_wherever_it_lies(zone: str, moment: datetime) -> None:
    instant = int(moment.timestamp())

    stretch = stretches.stretch_at(ZoneInfo(zone), instant)

    assert stretch.begin <= instant < stretch.end
    offset = moment.astimezone(ZoneInfo(zone)).utcoffset()
    assert offset == timedelta(seconds=stretch.offset)


@given(st.text(alphabet="0123456789*/-,@ abcdefghijklmnopqrstuvwxyz:#.", max_size=30))
def test_any_text_is_read_once_and_for_all_or_refused(text: str) -> None:
    try:
        canonical = read_schedule(text)
    except TriggerError:
        return

    assert read_schedule(canonical) == canonical


@given(day_fields(), moments)
def test_any_cron_text_that_is_read_has_a_next_slot(case: tuple[str, Due], moment: datetime) -> None:
    assert trigger(case[0]).next_after(moment) is not None


@pytest.mark.parametrize(
    "schedule",
    ["every second", "every day at 12:00", "every 36525 days", "0 12 29 2 *", "0 0 */31 12 *", "0 0 13 * fri"],
)
def test_the_ends_of_the_calendar_are_ends(schedule: str) -> None:
    rule = trigger(schedule, "Pacific/Kiritimati")
    first = datetime.min.replace(tzinfo=UTC)
    last = datetime.max.replace(tzinfo=UTC)

    assert rule.last_before(first) is None
    assert rule.next_after(last) is None
    assert rule.period(last) is None
    assert rule.next_after(first) is not None
    assert rule.last_before(last) is not None
    assert rule.count_between(last, last) == 0


def test_a_last_slot_has_no_period() -> None:
    rule = trigger("0 12 29 2 *", "UTC")

    assert rule.next_after(datetime(9996, 1, 1, tzinfo=UTC)) == datetime(9996, 2, 29, 12, tzinfo=UTC)
    assert rule.period(datetime(9996, 1, 1, tzinfo=UTC)) is None


def test_a_moment_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="a moment needs a time zone, 2025-01-01T00:00:00 has none"):
        trigger("daily").next_after(datetime(2025, 1, 1))  # noqa: DTZ001 - what is refused


def test_moments_may_come_in_any_zone() -> None:
    moment = datetime(2025, 3, 30, 1, 59, 59, 999_999, tzinfo=ZoneInfo("Europe/Berlin"))

    assert trigger("30 2 * * *").next_after(moment) == datetime(2025, 3, 30, 1, tzinfo=UTC)


def test_a_fixed_offset_is_a_zone() -> None:
    zone = timezone(timedelta(hours=5, minutes=30))

    rule = parse_trigger("every day at 10:30", zone)

    assert rule.zone is zone
    assert rule.next_after(datetime(2025, 1, 1, tzinfo=UTC)) == datetime(2025, 1, 1, 5, tzinfo=UTC)


def test_a_trigger_carries_its_canonical_text_and_shows_it() -> None:
    rule = parse_trigger("Daily at 10:30", ZoneInfo("Europe/Berlin"))

    assert rule.text == "every day at 10:30"
    assert repr(rule) == "<SlotTrigger 'every day at 10:30' in Europe/Berlin>"


def test_equal_texts_share_one_trigger() -> None:
    zone = ZoneInfo("Europe/Berlin")

    assert parse_trigger("every 5 minutes", zone) is parse_trigger("every 5 minutes", zone)


@given(st.sampled_from(["every 3 days at 00:00", "0 0 */5 * *", "0 0 13 2,6 fri"]), moments, st.integers(0, 900))
def test_days_are_counted_as_they_are_found(schedule: str, moment: datetime, days: int) -> None:
    rule = trigger(schedule, "UTC")
    end = moment + days * DAY

    found = 0
    slot = rule.next_after(moment)
    while slot is not None and slot <= end:
        found += 1
        slot = rule.next_after(slot)

    assert rule.count_between(moment, end) == found
