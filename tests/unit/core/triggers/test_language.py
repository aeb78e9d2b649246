"""The grammar of schedules: one canonical text for one meaning, and a sentence for what means nothing."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from random import Random
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from task_scheduler.core.errors import TriggerError
from task_scheduler.core.triggers import (
    AfterTask,
    ChainCall,
    has_ended,
    has_slots,
    parse_trigger,
    read_chain,
    read_schedule,
    seed_of,
    stable_delay,
    with_clauses,
)
from task_scheduler.core.triggers.clauses import KEYWORDS, MOST_DELAY, Clauses
from task_scheduler.core.triggers.every_to import EveryTo
from task_scheduler.core.triggers.reading import Reading, read_parts
from task_scheduler.core.triggers.seeds import seed_digits
from tests.unit.core.triggers.shown import shown

BERLIN = ZoneInfo("Europe/Berlin")
WEEK = "mon,tue,wed,thu,fri"


@pytest.mark.parametrize(
    ("words", "text"),
    [
        ("every 5 minutes on weekdays", f"every 5 minutes on {WEEK}"),
        ("every 5 minutes on workdays", f"every 5 minutes on {WEEK}"),
        ("Every 5 minutes ON Weekends", "every 5 minutes on sat,sun"),
        ("every 5 minutes on monday and friday", "every 5 minutes on mon,fri"),
        ("every 5 minutes on fri, mondays", "every 5 minutes on mon,fri"),
        ("every 5 minutes on mon-fri", f"every 5 minutes on {WEEK}"),
        ("every 5 minutes on mon-wed,sun", "every 5 minutes on mon,tue,wed,sun"),
        ("every 5 minutes on tue-tue", "every 5 minutes on tue"),
        ("every 5 minutes on mon-sun", "every 5 minutes"),
        ("every 5 minutes on weekdays and weekends", "every 5 minutes"),
        ("weekdays at 09:00", f"every day at 09:00 on {WEEK}"),
        ("Every Weekday at 09:00 until 2027-01-01", f"every day at 09:00 on {WEEK} until 2027-01-01"),
        ("weekends", "every day at 00:00 on sat,sun"),
        ("every 5 minutes between 8:00 and 18:00", "every 5 minutes between 08:00 and 18:00"),
        ("every 5 minutes between 22:00:30 and 6:00", "every 5 minutes between 22:00:30 and 06:00"),
        ("every 5 minutes between 00:00 and 23:59:59", "every 5 minutes"),
        ("daily starting 2027-1-1", "every day at 00:00 from 2027-01-01"),
        ("daily from 2027-01-01 00:00", "every day at 00:00 from 2027-01-01"),
        ("daily from 2027-01-01 at 9:30", "every day at 00:00 from 2027-01-01 09:30"),
        ("daily from 2027-01-01T09:30:15", "every day at 00:00 from 2027-01-01 09:30:15"),
        ("daily until 2027-01-01", "every day at 00:00 until 2027-01-01"),
        ("daily until 2027-01-01 23:59:59", "every day at 00:00 until 2027-01-01"),
        ("daily until 2027-01-01 00:00", "every day at 00:00 until 2027-01-01 00:00"),
        ("daily calendar de", "every day at 00:00 calendar DE skip"),
        ("daily calendar de-by next_workday", "every day at 00:00 calendar DE-BY next_workday"),
        ("daily calendar by until 2027-01-01", "every day at 00:00 until 2027-01-01 calendar BY skip"),
        ("daily calendar config/Days.ics Previous_Workday", "every day at 00:00 calendar config/Days.ics previous_workday"),
        ("daily plus 17 s", "every day at 00:00 plus 17 s"),
        ("daily plus 0 seconds", "every day at 00:00"),
        ("daily plus up to 0 s", "every day at 00:00"),
        ("daily plus up to 60 sec", "every day at 00:00 plus up to 60 s by e3b0c442"),
        ("daily by 0123ABCD plus up to 60 s plus 5 s", "every day at 00:00 plus 5 s plus up to 60 s by 0123abcd"),
        ("every 5 to 10 minutes", "every 5 to 10 minutes by e3b0c442"),
        ("every 5 to 5 minutes", "every 5 minutes"),
        ("every 1 to 1 days at 10:30", "every day at 10:30"),
        ("every 5 to 10 minutes at :30", "every 5 to 10 minutes at :30 by e3b0c442"),
        ("every 2 to 24 hours at 15:30", "every 2 to 24 hours at 15:30 by e3b0c442"),
        ("every 60 to 120 seconds", "every 60 to 120 seconds by e3b0c442"),
        ("every 2 to 4 days", "every 2 to 4 days at 00:00 by e3b0c442"),
        ("every 2 to 4 weeks", "every 2 to 4 weeks by e3b0c442"),
        ("every 2 to 4 mondays", "every 2 to 4 weeks by e3b0c442"),
        ("every 2 to 4 mondays at 09:00", "every 2 to 4 mondays at 09:00 by e3b0c442"),
        ("every 1 to 3 sundays at 09:00:30", "every 1 to 3 sundays at 09:00:30 by e3b0c442"),
        ("0 9 * * MON-FRI between 08:00 and 18:00 until 2027-01-01", "0 9 * * mon-fri between 08:00 and 18:00 until 2027-01-01"),
        ("*/10 0 9 * * * on mon", "*/10 0 9 * * * on mon"),
        ("@daily on weekdays", f"0 0 * * * on {WEEK}"),
        ("once at 2027-03-01 09:00", "once at 2027-03-01 09:00"),
        ("Once on 2027-3-1 at 9:00:30", "once at 2027-03-01 09:00:30"),
        ("once 2027-03-01T09:00", "once at 2027-03-01 09:00"),
        ("once at 2027-03-01 09:00 plus 5 s", "once at 2027-03-01 09:00 plus 5 s"),
        ("once at 2027-03-01 09:00 on mon between 08:00 and 10:00", "once at 2027-03-01 09:00 on mon between 08:00 and 10:00"),
        ("@reboot", "at boot"),
        (" @Reboot\n", "at boot"),
        ("At  Startup", "at startup"),
        ("at boot", "at boot"),
        ("after other_task", "after other_task on success"),
        ("After Other/Task ON Failure", "after Other/Task on failure"),
        ("after my report on any", "after my report on any"),
        ("after x on success on any", "after x on success on any"),
        ("after tasks/report.py", "after report on success"),
        ("on change of inbox/*.csv", "on change of inbox/*.csv"),
        ("On Change Of ./Eing\u00e4nge//*.CSV", "on change of Eing\u00e4nge/*.CSV"),
        ("on change of /srv/ in /x", "on change of /srv/in/x"),
        ("on change of in/**/**/ ** /*.csv", "on change of in/**/*.csv"),
        ("on change of **/./**", "on change of **"),
        ("on change of inbox/", "on change of inbox/*"),
        ("on change of in/**/", "on change of in/**"),
        ("on change of in/[]a]/[!]]/[[]", "on change of in/[]a]/[!]]/[[]"),
    ],
)  # fmt: skip
def test_words_have_one_canonical_text(words: str, text: str) -> None:
    assert read_schedule(words) == text
    assert read_schedule(text) == text
    assert parse_trigger(text, BERLIN, _NoDaysOff()).text == text


class _NoDaysOff:
    """Calendars that know every name and no holiday."""

    weekend = frozenset({5, 6})

    def holidays(self, name: str) -> _NoDaysOff:
        return self

    def days_off(self, year: int) -> frozenset[int]:
        return frozenset()

    def names(self, day: int) -> str:
        return ""


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ("every 5 minutes on", "write which days, such as 'on weekdays' or 'on mon,wed,fri'"),
        ("every 5 minutes on and", "write which days, such as 'on weekdays' or 'on mon,wed,fri'"),
        ("every 5 minutes on wendesday", "'wendesday' is no day of the week, did you mean 'wednesday'?"),
        ("every 5 minutes on 5", "'5' is no day of the week: write mon, tue, wed, thu, fri, sat or sun"),
        ("every 5 minutes on fri-mon", "'fri-mon' runs backwards: write its days one by one, such as 'sat,sun,mon'"),
        ("every 5 minutes on mon on tue", "'on' is said twice: give each its own schedule"),
        ("weekdays at 09:00 on mon", "'on' is said twice: give each its own schedule"),
        ("every 5 minutes from 2027-01-01 starting 2027-01-02", "'starting' is said twice: give each its own schedule"),
        ("every 5 minutes between", "'between' takes two times of day, such as 'between 08:00 and 18:00'"),
        ("every 5 minutes between 08:00 - 18:00", "'between' takes two times of day, such as 'between 08:00 and 18:00'"),
        ("every 5 minutes between 08:00 and", "'between' takes two times of day, such as 'between 08:00 and 18:00'"),
        ("every 5 minutes between 8 and 18", "'8' is no time of day, write HH:MM or HH:MM:SS, such as '09:30'"),
        ("every 5 minutes between 08:00 and 24:00", "'24:00' is no time of day, write HH:MM or HH:MM:SS, such as '09:30'"),
        ("every 5 minutes between 08:00 and 8:00", "a window that begins and ends at 08:00 cannot be meant: write its two ends"),
        ("every 5 minutes between 08:00 and 18:00 o'clock", '"o\'clock" cannot stand here'),
        ("every 5 minutes between 08:00 and 18:00 untill 2027-01-01", "'untill' cannot stand here, did you mean 'until'?"),
        ("daily from", "a date is missing after 'from'"),
        ("daily from 08:00", "a beginning is a date, not 08:00: for every day write 'between 08:00 and 23:59'"),
        ("daily from tomorrow", "'tomorrow' is no date: write YYYY-MM-DD or YYYY-MM-DD HH:MM"),
        ("daily from 2027-02-29", "there is no date 2027-02-29"),
        ("daily from 1969-12-31", "the year 1969 is out of bounds: years are 1970 to 9998"),
        ("daily from 2027-01-01 at", "a time is missing after '2027-01-01'"),
        ("daily from 2027-01-01 9am", "'9am' is no time of day, write HH:MM or HH:MM:SS, such as '09:30'"),
        ("daily until 18:30", "an end at 18:30 names no day: write a date too, or for every day 'between 00:00 and 18:30'"),
        ("daily until 2027-01-01 from 2027-01-02", "it never fires, for it ends (2027-01-01) before it begins (2027-01-02)"),
        ("daily calendar", "'calendar' takes a country such as DE, or a file that ends in .ics or .txt"),
        ("daily calendar DE nextworkday", "'nextworkday' cannot follow the calendar 'DE', did you mean 'next_workday'?"),
        ("daily calendar DE ever", "'ever' cannot follow the calendar 'DE': write skip, next_workday, previous_workday"),
        ("daily plus", "'plus' takes seconds, such as 'plus 30 s' or 'plus up to 60 s'"),
        ("daily plus 5 minutes", "'plus' takes seconds, such as 'plus 30 s' or 'plus up to 60 s'"),
        ("daily plus some s", "'plus' takes seconds, such as 'plus 30 s' or 'plus up to 60 s'"),
        ("daily plus up to 86401 s", "a delay of 86401 s is longer than a day: write at most 86400"),
        ("daily by", "'by' takes eight hexadecimal digits: leave it out, and they are chosen"),
        ("daily by 1234567", "'by' takes eight hexadecimal digits: leave it out, and they are chosen"),
        ("daily by 12345678", "'by' goes with 'every A to B' and 'plus up to': leave it out"),
        ("daily at 20:00 between 08:00 and 18:00", "it never fires: none of its times is between those after 'between'"),
        ("monday on tue", "it never fires: none of its days is a day of the week after 'on'"),
        ("once at 2027-03-01 09:00 on tue", "it never fires: none of its days is a day of the week after 'on'"),
        ("once at 2027-03-01 09:00 until 2028-01-01", "what is due once takes no beginning and no end: leave 'from' and 'until' out"),
        ("once at 2027-03-01 09:00 from 2026-01-01", "what is due once takes no beginning and no end: leave 'from' and 'until' out"),
        ("once", "'once' takes a date and a time, such as 'once at 2027-03-01 09:00'"),
        ("once at 2027-03-01", "a time is missing, write 'once at 2027-03-01 09:00'"),
        ("once at 09:00", "'09:00' is no date: write YYYY-MM-DD or YYYY-MM-DD HH:MM"),
        ("once at 2027-02-30 09:00", "there is no date 2027-02-30"),
        ("every 10 to 5 minutes", "the interval runs backwards, write 5 to 10"),
        ("every 0 to 5 minutes", "an interval is a whole number, 1 or more"),
        ("every 5 to 10 minute", "write 'every 5 to 10 minutes'"),
        ("every 1 to 3 monday", "write 'every 1 to 3 mondays'"),
        ("every 12 to 36 hours", "longer than a day, count in days: every day or every 2 days"),
        ("every 5 to 10 seconds at :30", "seconds take no time, leave ':30' out or count minutes, hours or days"),
        ("every 2 to 4 weeks at 09:00", "weeks begin on Monday at 00:00 and take no time, name a weekday instead"),
        ("every 2 to 99999 days", "more than a hundred years apart, write a shorter interval"),
        ("every 2 to 99999 mondays", "more than a hundred years apart, write a shorter interval"),
        ("at startup at 10:30", "nothing may follow 'at startup', for it has no time of day"),
        ("after", "write which task, such as 'other_task'"),
        ("after report on monday", "'monday' is no ending: there are success, failure, any"),
        ("after ../report", "'../report' is no name of a task, write such as 'other_task' or 'folder/task'"),
        ("after x.py.py", "'x.py.py' is no name of a task, write such as 'other_task' or 'folder/task'"),
        ("on change", "write which files, such as 'on change of inbox/*.csv'"),
        ("on change inbox/*.csv", "write which files, such as 'on change of inbox/*.csv'"),
        ("on change of ../inbox", "'../inbox' leads out by '..': write the path from / instead"),
        (
            "on change of in/[a]/[!]b",
            "'[!]b' opens a set of letters by '[' that no ']' closes: write such as '[a-c]*', or '[[]' for the letter itself",
        ),
        ("on change of ./", "'./' names no file, write such as 'inbox/*.csv'"),
        ("on change of a\u00a0b", "a name contains the character U+00A0: write letters that can be seen"),
    ],
)  # fmt: skip
def test_a_mistake_is_told_with_the_way_out(words: str, sentence: str) -> None:
    with pytest.raises(TriggerError) as caught:
        read_schedule(words)

    assert str(caught.value).endswith(sentence)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ("at startupp", "'at startupp' cannot be read, did you mean 'startup'?"),
        ("at noon", "'at noon' cannot be read: write at startup or at boot, or every day at 10:30"),
        ("every 5 to 10 apples", "'every 5 to 10 apples': unknown word 'apples': write words such as 'every 5 minutes' or 'daily at 10:30', or cron text"),
        ("every 5 to 10 hourly", "'every 5 to 10 hourly' cannot be read: write words such as 'every 5 minutes' or 'daily at 10:30', or cron text"),
        ("weekend at 09:00", "'weekend at 09:00': write such as 'daily at 09:00 on weekends'"),
        ("5 minutes on mon", "'5 minutes' cannot be read, did you mean 'every 5 minutes'?"),
        ("every 5 minutes on mon\u00a0", "'every 5 minutes on mon\\xa0' contains a no-break space (U+00A0): write plain letters, digits and spaces"),
    ],
)  # fmt: skip
def test_a_mistake_in_the_first_words_is_told(words: str, sentence: str) -> None:
    with pytest.raises(TriggerError) as caught:
        read_schedule(words)

    assert str(caught.value) == sentence


@pytest.mark.parametrize(
    "name", ["germany2", "D", "days.csv", "/etc/days.ics", "../days.ics", "a//b.ics", "a/./b.txt", ".ics", "a/.txt"]
)
def test_what_is_no_calendar_is_refused(name: str) -> None:
    with pytest.raises(TriggerError) as caught:
        read_schedule(f"daily calendar {name}")

    assert f"{name!r} is no calendar: write a country such as DE or DE-BY" in str(caught.value)


def test_a_calendar_that_nobody_knows_is_refused_when_it_is_followed() -> None:
    with pytest.raises(TriggerError):
        parse_trigger("every day at 00:00 calendar DE skip", UTC)


def test_a_text_is_bounded_also_where_its_canonical_text_is_longer() -> None:
    minutes = ",".join(str(number % 60) for number in range(168))
    words = f"{minutes} * * * * on weekdays"
    assert len(words) < 500

    with pytest.raises(TriggerError, match="characters: write at most 500, or several schedules"):
        read_schedule(words)
    with pytest.raises(TriggerError, match="characters: write at most 500, or several schedules"):
        read_chain([("on_change", ("x" * 600,), {})])


def test_an_end_that_is_a_time_counts_from_when_it_was_written() -> None:
    saved_at = datetime(2027, 6, 30, 17, tzinfo=BERLIN)

    assert read_schedule("hourly until 18:30", saved_at=saved_at) == "every hour until 2027-06-30 18:30"


def test_a_window_and_days_leave_out_what_is_not_in_them() -> None:
    assert shown("every 6 hours on fri between 06:00 and 18:00", "2027-01-01", "2027-01-09") == [
        "2027-01-01T06:00+01:00",
        "2027-01-01T12:00+01:00",
        "2027-01-01T18:00+01:00",
        "2027-01-08T06:00+01:00",
        "2027-01-08T12:00+01:00",
        "2027-01-08T18:00+01:00",
    ]


def test_a_beginning_and_an_end_bound_it() -> None:
    assert shown("daily at 10:30 from 2027-01-02 until 2027-01-03", "2027-01-01", "2027-01-09") == [
        "2027-01-02T10:30+01:00",
        "2027-01-03T10:30+01:00",
    ]
    assert shown("daily at 10:30 until 2027-01-02 10:29", "2027-01-01", "2027-01-09") == ["2027-01-01T10:30+01:00"]
    assert shown("once at 2027-01-02 10:30 plus 5 s", "2027-01-01", "2027-01-09") == ["2027-01-02T10:30:05+01:00"]


def test_tuesdays_some_weeks_apart_are_tuesdays() -> None:
    slots = shown("every 1 to 3 tuesdays at 09:00", "2027-01-01", "2027-12-31")

    assert {datetime.fromisoformat(slot).strftime("%a %H:%M") for slot in slots} == {"Tue 09:00"}
    days = [datetime.fromisoformat(slot).date() for slot in slots]
    assert {(later - day).days for day, later in pairwise(days)} == {7, 14, 21}


def test_a_text_is_told_part_by_part() -> None:
    parts = read_parts("every 5 to 10 minutes on mon until 2027-01-01 by 0123abcd")

    assert isinstance(parts, Reading)
    assert parts.base == EveryTo(least=5, most=10, unit="minutes")
    assert parts.clauses == Clauses(weekdays=(0,), last=1_798_847_999, seed="0123abcd")
    assert read_parts("after report on any") == AfterTask("report", "any")


def test_an_event_has_no_slots() -> None:
    rule = parse_trigger("after report on any", BERLIN)
    moment = datetime(2027, 1, 1, tzinfo=UTC)

    assert (rule.text, rule.zone, repr(rule)) == (
        "after report on any",
        BERLIN,
        "<EventTrigger 'after report on any'>",
    )
    assert (rule.next_after(moment), rule.last_before(moment), rule.period(moment)) == (None, None, None)
    assert rule.count_between(moment, moment + timedelta(days=9)) == 0
    assert not has_slots("after report on any")
    assert has_slots("every day at 00:00")


def test_what_has_come_to_its_end_is_known_by_the_clock_on_the_wall() -> None:
    noon = datetime(2027, 1, 2, 12, tzinfo=BERLIN)

    assert has_ended("every hour until 2027-01-02 11:59", noon)
    assert not has_ended("every hour until 2027-01-02 12:00", noon)
    assert not has_ended("every hour until 2027-01-02", noon)
    assert has_ended("once at 2027-01-01 09:00", noon)
    assert not has_ended("every hour", noon)
    assert not has_ended("at startup", noon)


@pytest.mark.parametrize(
    ("text", "more", "together"),
    [
        ("every hour", "until 2027-01-01 calendar DE plus 9 s", "every hour until 2027-01-01 calendar DE skip plus 9 s"),
        ("every hour until 2026-01-01", "from 2025-01-01 until 2027-01-01", "every hour from 2025-01-01 until 2026-01-01"),
        ("every hour from 2026-01-01", "from 2025-01-01", "every hour from 2026-01-01"),
        ("every hour calendar US next_workday", "calendar DE", "every hour calendar US next_workday"),
        ("every hour plus 5 s", "plus up to 60 s", "every hour plus 5 s"),
        ("every hour", "plus up to 60 s", "every hour plus up to 60 s by 2d711642"),
        ("every hour on mon", "on tue between 08:00 and 09:00", "every hour on mon between 08:00 and 09:00"),
        ("once at 2027-01-01 09:00", "from 2025-01-01 until 2026-01-01 plus 5 s", "once at 2027-01-01 09:00 plus 5 s"),
        ("at startup", "from 2025-01-01 plus 5 s", "at startup"),
    ],
)  # fmt: skip
def test_a_text_is_given_more_clauses_and_keeps_its_own(text: str, more: str, together: str) -> None:
    assert with_clauses(text, more, seed="x") == together


def test_clauses_that_leave_nothing_of_a_text_are_refused() -> None:
    with pytest.raises(TriggerError) as caught:
        with_clauses("every hour from 2027-02-01", "until 2027-01-01")

    assert str(caught.value) == (
        "'every hour from 2027-02-01', with 'until 2027-01-01': "
        "it never fires, for it ends (2027-01-01) before it begins (2027-02-01)"
    )


def test_what_is_chosen_for_a_job_is_chosen_for_ever() -> None:
    seed = seed_of("folder/report", "start", "((1,), {})")

    assert seed == "folder/report start ((1,), {})"
    assert seed_of("report", None, "((), {})") == "report  ((), {})"
    assert seed_digits(seed) == "0c0f33af"
    assert [stable_delay(seed, most) for most in (0, 1, 60, MOST_DELAY)] == [0, 1, 27, 74_377]
    assert read_schedule("every 5 to 10 minutes", seed=seed) == "every 5 to 10 minutes by 0c0f33af"


@given(st.text(max_size=40), st.integers(0, MOST_DELAY))
def test_a_delay_is_within_its_bound(seed: str, most: int) -> None:
    assert 0 <= stable_delay(seed, most) <= most


#: Texts that the record of earlier versions holds.
OLD = [
    "every second", "every 30 seconds", "every minute", "every minute at :15", "every 5 minutes", "every 90 minutes",
    "every hour", "every hour at :15", "every hour at 15:30", "every 2 hours", "every day at 00:00", "every day at 10:30:15",
    "every 3 days at 10:30", "every monday at 09:00", "every sunday at 00:00", "every 2 weeks", "0 9 * * 1-5",
    "*/15 8-18 * * mon-fri", "05,5 */15 1-1 jan,mar mon-fri", "0 0 1 1 *", "5/15 * * * *",
]  # fmt: skip


@pytest.mark.parametrize("text", OLD)
def test_texts_on_record_are_read_unchanged(text: str) -> None:
    assert read_schedule(text, seed="x") == text
    assert parse_trigger(text, BERLIN).text == text


dates = st.dates(datetime(1970, 1, 1).date(), datetime(9998, 12, 31).date()).map(str)  # noqa: DTZ001 - wall dates
clock = st.times().map(lambda time: time.isoformat("seconds"))
days = st.lists(st.sampled_from(["mon", "tuesdays", "Weekends", "thu-sat", "friday"]), min_size=1, max_size=3)

#: Each clause as words, and as the link of a chain that says the same, None where there is none.
clause_pairs: st.SearchStrategy[tuple[str, ChainCall]] = st.one_of(
    days.map(lambda names: ("on " + " and ".join(names), ("on", tuple(names), {}))),
    st.tuples(clock, clock).map(lambda ends: (f"between {ends[0]} and {ends[1]}", ("between", ends, {}))),
    dates.map(lambda date: (f"starting {date}", ("starting", (date,), {}))),
    st.tuples(dates, clock).map(
        lambda moment: (f"until {moment[0]} {moment[1]}", ("until", (" ".join(moment),), {}))
    ),
    dates.map(lambda date: (f"until {date}", ("until", (date,), {}))),
)  # fmt: skip
base_pairs: st.SearchStrategy[tuple[str, list[ChainCall]]] = st.one_of(
    st.integers(1, 90).map(lambda n: (f"every {n} minutes", [("every", (n,), {}), ("minutes", (), {})])),
    st.tuples(st.integers(1, 5), st.integers(5, 9)).map(
        lambda ends: (
            f"every {ends[0]} to {ends[1]} hours",
            [("every", (ends[0],), {}), ("hours", (), {}), ("to", (ends[1],), {})],
        )
    ),
    st.just(("monday at 09:00", [("every", (), {}), ("monday", (), {}), ("at", ("09:00",), {})])),
    st.just(("*/5 9-17 * * *", [("cron", ("*/5 9-17 * * *",), {})])),
)


@given(base_pairs, st.lists(clause_pairs, max_size=4, unique_by=lambda pair: pair[1][0]), st.randoms())
def test_equal_meanings_have_one_text(
    base: tuple[str, list[ChainCall]], clauses: list[tuple[str, ChainCall]], chance: Random
) -> None:
    words, calls = base
    said = [words, *(clause for clause, _ in clauses)]
    chain: list[ChainCall] = [*calls, *(link for _, link in clauses)]
    chance.shuffle(clauses)
    try:
        text = read_schedule(" ".join(said), seed="x")
    except TriggerError:
        with pytest.raises(TriggerError):
            read_chain(chain, seed="x")
        return

    assert read_schedule(" ".join([words, *(clause for clause, _ in clauses)]), seed="x") == text
    assert read_chain(chain, seed="x") == (text, None)
    assert read_schedule(text, seed="another") == text
    assert with_clauses(text, "", seed="another") == text
    assert with_clauses(read_schedule(words, seed="x"), " ".join(clause for clause, _ in clauses), seed="x") == text


pieces = st.one_of(
    st.sampled_from([*KEYWORDS, "every", "weekdays", "daily", "monday", "to", "and", "5", "10", "minutes", "weeks", "once", "at"]),
    st.sampled_from(["after", "on change of", "at startup", "H", "*", "*/5", "L", "fri#2", "10:30", "2027-03-01", "s"]),
    st.sampled_from(["up", "DE", "skip", "mon-fri", "x/y.ics", "success", "12345678", "tasks/a.py", "./", "..", "@reboot"]),
    st.text(max_size=6),
)  # fmt: skip


@given(st.one_of(st.text(max_size=60), st.lists(pieces, max_size=12).map(" ".join)))
@example("on change of ./ ./ x")
@example("after tasks/tasks/a.py")
@example("after a.py .py")
def test_any_text_is_refused_with_a_sentence_or_read_for_good(text: str) -> None:
    try:
        canonical = read_schedule(text)
    except TriggerError:
        return

    assert read_schedule(canonical, seed="another") == canonical
    rule = parse_trigger(canonical, BERLIN, _NoDaysOff())
    assert rule.text == canonical
    rule.next_after(datetime(2027, 1, 1, tzinfo=UTC))


links = st.tuples(
    st.sampled_from(["every", "cron", "once", "after", "on_change", "minutes", "monday", "at", "to", "until", "tag", "between", "on", "starting"]),
    st.lists(
        st.one_of(st.none(), st.integers(-5, 100), st.text(max_size=9), st.datetimes(), st.times(), st.timedeltas(), clock, dates),
        max_size=2,
    ).map(tuple),
    st.dictionaries(st.sampled_from(["tz", "interval", "until_time"]), st.integers(1, 9), max_size=1),
)  # fmt: skip


@given(st.lists(links, max_size=5))
def test_any_chain_is_refused_with_a_sentence_or_read_for_good(calls: list[ChainCall]) -> None:
    try:
        text, _ = read_chain(calls, saved_at=datetime(2027, 1, 1, tzinfo=UTC))
    except TriggerError:
        return

    assert read_schedule(text) == text
