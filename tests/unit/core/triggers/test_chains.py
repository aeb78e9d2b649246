"""Chains of decorators as data: what they mean, and the sentences for those that mean nothing."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from task_scheduler.core.errors import TriggerError
from task_scheduler.core.triggers import ChainCall, read_chain, read_tags

YES = True
#: Ten thirty in Arabic digits, which int() reads.
ARABIC = "\u0661\u0660:\u0663\u0660"


def call(name: str, *args: object, **kwargs: object) -> ChainCall:
    """Record one link, as the decorators do."""
    return name, args, kwargs


def links(*names: str) -> list[ChainCall]:
    """Record links that take nothing."""
    return [call(name) for name in names]


@pytest.mark.parametrize(
    ("calls", "text"),
    [
        ([call("every"), call("minute")], "every minute"),
        ([call("every", 1), call("minutes")], "every minute"),
        ([call("every", interval=5), call("minutes")], "every 5 minutes"),
        ([call("every", 1), call("day")], "every day at 00:00"),
        ([call("every", 1), call("days")], "every day at 00:00"),
        ([call("every", 2), call("weeks")], "every 2 weeks"),
        ([call("every"), call("monday")], "every monday at 00:00"),
        ([call("every"), call("day"), call("at", "10:30")], "every day at 10:30"),
        ([call("every"), call("day"), call("at", time_str="10:30", tz=None)], "every day at 10:30"),
        ([call("every"), call("hour"), call("at", ":15")], "every hour at :15"),
        ([call("every"), call("minute"), call("at", ":15")], "every minute at :15"),
        ([call("every", 3), call("days"), call("at", "10:30:15")], "every 3 days at 10:30:15"),
        ([call("cron", "0  9 * * MON")], "0 9 * * mon"),
        ([call("cron", "@daily", timezone=None)], "0 0 * * *"),
    ],
)
def test_means_what_words_mean(calls: list[ChainCall], text: str) -> None:
    assert read_chain(calls) == (text, None)


NAIVE = datetime(2027, 6, 30, 18, 0, 30, 500_000)  # noqa: DTZ001 - as a task file writes it


@pytest.mark.parametrize(
    ("links_after", "text"),
    [
        ([call("until", "2027-06-30 18:00:30")], "until 2027-06-30 18:00:30"),
        ([call("until", "2027-06-30 18:00")], "until 2027-06-30 18:00"),
        ([call("until", "2027-06-30")], "until 2027-06-30"),
        ([call("until", "2027-6-3")], "until 2027-06-03"),
        ([call("until", NAIVE)], "until 2027-06-30 18:00:30"),
        ([call("until", until_time="2027-06-30")], "until 2027-06-30"),
        ([call("between", "8:00", "18:00")], "between 08:00 and 18:00"),
        ([call("between", begin="22:00", end="06:00:30")], "between 22:00 and 06:00:30"),
        ([call("on", "weekdays")], "on mon,tue,wed,thu,fri"),
        ([call("on", "fri", "monday")], "on mon,fri"),
        ([call("starting", "2027-01-01")], "from 2027-01-01"),
        ([call("starting", NAIVE)], "from 2027-06-30 18:00:30"),
        (
            [
                call("until", "2028-01-01"),
                call("starting", "2027-01-01"),
                call("on", "mon"),
                call("between", "1:00", "2:00"),
            ],
            "on mon between 01:00 and 02:00 from 2027-01-01 until 2028-01-01",
        ),
    ],
)
def test_links_that_say_more_are_clauses(links_after: list[ChainCall], text: str) -> None:
    assert read_chain([call("every", 5), call("minutes"), *links_after]) == (f"every 5 minutes {text}", None)
    assert read_chain([call("cron", "*/5 * * * *"), *links_after]) == (f"*/5 * * * * {text}", None)


@pytest.mark.parametrize(
    ("end", "text"),
    [
        ("18:30", "2027-06-30 18:30"),
        ("08:30:15", "2027-06-30 08:30:15"),
        (time(18, 30), "2027-06-30 18:30"),
        (time(18, 30, 15, 9), "2027-06-30 18:30:15"),
        (timedelta(hours=8), "2027-07-01 01:00"),
        (timedelta(days=-1), "2027-06-29 17:00"),
        (datetime(2027, 7, 1, 10, tzinfo=UTC), "2027-07-01 12:00"),
    ],
)
def test_an_end_counts_from_when_the_file_was_saved(end: object, text: str) -> None:
    chain = [call("every", 5), call("minutes"), call("until", end)]

    saved_at = datetime(2027, 6, 30, 17, tzinfo=ZoneInfo("Europe/Berlin"))

    assert read_chain(chain, saved_at=saved_at)[0] == f"every 5 minutes until {text}"


def test_an_end_is_told_by_the_clock_of_the_chain_s_own_zone() -> None:
    chain = [call("cron", "0 9 * * *", "Asia/Tokyo"), call("until", timedelta(hours=1))]

    assert read_chain(chain, saved_at=datetime(2027, 6, 30, 17, tzinfo=UTC)) == (
        "0 9 * * * until 2027-07-01 03:00",
        "Asia/Tokyo",
    )
    aware = [call("once", datetime(2027, 6, 30, 17, tzinfo=UTC), "Asia/Tokyo")]
    assert read_chain(aware) == ("once at 2027-07-01 02:00", "Asia/Tokyo")


@pytest.mark.parametrize(
    ("end", "sentence"),
    [
        (timedelta.max, "an end after 999999999 days is out of bounds"),
        (timedelta(days=-400 * 365), "the year 1627 is out of bounds: years are 1970 to 9998"),
        (datetime.max.replace(tzinfo=UTC), "the year 9999 is out of bounds"),
        (
            time(18, tzinfo=UTC),
            "until() takes text such as '2027-06-30 18:00', a datetime, a time without a zone or a timedelta",
        ),
    ],
)
def test_an_end_beyond_all_calendars_is_refused(end: object, sentence: str) -> None:
    with pytest.raises(TriggerError) as caught:
        read_chain(
            [call("every", 5), call("minutes"), call("until", end)],
            saved_at=datetime(2027, 6, 30, 17, tzinfo=ZoneInfo("Asia/Tokyo")),
        )

    assert str(caught.value).endswith(f": {sentence}")


@pytest.mark.parametrize(
    ("calls", "text"),
    [
        ([call("once", "2027-03-01 9:00")], "once at 2027-03-01 09:00"),
        ([call("once", when="2027-03-01T09:00:30")], "once at 2027-03-01 09:00:30"),
        ([call("once", NAIVE)], "once at 2027-06-30 18:00:30"),
        ([call("at_startup")], "at startup"),
        ([call("at_boot"), call("tag", "a")], "at boot"),
        ([call("after", "other/task")], "after other/task on success"),
        ([call("after", "tasks/Other.py", on="any")], "after Other on any"),
        ([call("on_change", " ./inbox//*.csv ")], "on change of inbox/*.csv"),
        ([call("on_change", pattern="/srv/in/")], "on change of /srv/in/*"),
        ([call("every", 5), call("to", 5), call("minutes")], "every 5 minutes"),
        ([call("every"), call("to", latest=1), call("tuesday")], "every tuesday at 00:00"),
    ],
)
def test_other_beginnings(calls: list[ChainCall], text: str) -> None:
    assert read_chain(calls) == (text, None)


def test_an_interval_that_varies_is_drawn_for_its_job() -> None:
    chain = [call("every", 5), call("to", 10), call("minutes")]

    assert read_chain(chain, seed="a start ((), {})")[0] == "every 5 to 10 minutes by e115ca7d"
    assert read_chain(chain, seed="b start ((), {})")[0] != read_chain(chain, seed="a start ((), {})")[0]
    assert read_chain([call("cron", "H H * * *")], seed="a")[0] != read_chain([call("cron", "H H * * *")], seed="b")[0]


def test_tags_are_words_each_once() -> None:
    chain = [call("every"), call("day"), call("tag", "b", "a"), call("tag", 1, "a", ("x", 2))]

    assert read_tags(chain) == ("b", "a", "1", "('x', 2)")
    assert read_chain(chain) == ("every day at 00:00", None)


@pytest.mark.parametrize(
    "calls",
    [
        [call("every"), call("day"), call("at", "10:30", "Europe/Berlin")],
        [call("every"), call("day"), call("at", "10:30", tz="Europe/Berlin")],
        [call("cron", "30 10 * * *", "Europe/Berlin")],
        [call("cron", text="30 10 * * *", timezone="Europe/Berlin")],
    ],
)
def test_names_the_zone(calls: list[ChainCall]) -> None:
    assert read_chain(calls)[1] == "Europe/Berlin"


@pytest.mark.parametrize(
    ("calls", "sentence"),
    [
        ([], "the schedule is empty: write every(5).minutes, for example"),
        ([call("every", 0), call("minutes")], "every(0).minutes: an interval is a whole number, 1 or more"),
        ([call("every", -5), call("minutes")], "every(-5).minutes: an interval is a whole number, 1 or more"),
        ([call("every", 1.5), call("hours")], "every(1.5).hours: an interval is a whole number, 1 or more"),
        ([call("every", YES), call("hours")], "every(True).hours: an interval is a whole number, 1 or more"),
        ([call("every", "5"), call("hours")], "every('5').hours: an interval is a whole number, 1 or more"),
        ([call("every", None), call("hours")], "every(None).hours: an interval is a whole number, 1 or more"),
        ([call("every", 48), call("hours")], "every(48).hours: longer than a day, count in days: every 2 days"),
        ([call("every", 5), call("minute")], "every(5).minute: write every(5).minutes"),
        (
            [call("every", 2), call("monday")],
            "every(2).monday: a weekday comes every week, leave the interval out or count weeks",
        ),
        (
            [call("every", 2), call("weeks"), call("at", "10:30")],
            "every(2).weeks.at('10:30'): weeks begin on Monday at 00:00 and take no time, name a weekday instead",
        ),
        ([call("every", 5)], "every(5) has no unit: write every(5).minutes or every().monday, for example"),
        (
            [call("every"), *links("minutes", "hours")],
            "every().minutes.hours has more than one unit: write every(5).minutes or every().monday, for example",
        ),
        (
            [call("every"), call("day"), call("at", "10:30"), call("at", "11:30")],
            "every().day.at('10:30').at('11:30') has more than one time: give each its own decorator",
        ),
        ([call("every"), call("at", "10:30"), call("day")], "every().at('10:30').day: at() comes after the unit"),
        ([call("every"), call("day"), call("at")], "every().day.at(): at() needs 'time_str'"),
        ([call("every"), call("day"), call("at", 10)], "every().day.at(10): at() takes text such as '10:30'"),
        (
            [call("every"), call("day"), call("at", "10:30", "UTC", 5)],
            "every().day.at('10:30', 'UTC', 5): at() takes at most 2 arguments, 3 are given",
        ),
        (
            [call("every"), call("day"), call("at", "10:30", tzz="UTC")],
            "every().day.at('10:30', tzz='UTC'): at() takes no 'tzz', did you mean 'tz'?",
        ),
        (
            [call("every"), call("day"), call("at", "10:30", time_str="10:30")],
            "every().day.at('10:30', time_str='10:30'): at() is given 'time_str' twice",
        ),
        (
            [call("every"), call("day"), call("at", "10:30", 1)],
            "every().day.at('10:30', 1): a time zone is text such as 'Europe/Berlin'",
        ),
        (
            [call("every"), call("day"), call("at", "10:30", "Europe/Berln")],
            "no time zone 'Europe/Berln', did you mean 'Europe/Berlin'?",
        ),
        (
            [call("every"), call("day"), call("at", "25:00")],
            "every().day.at('25:00'): '25:00' is no time of day, write HH:MM or HH:MM:SS, such as '09:30'",
        ),
        (
            [call("every"), call("day"), call("at", "10:30\n")],
            "every().day.at('10:30\\n'): '10:30\\n' is no time of day, write HH:MM or HH:MM:SS, such as '09:30'",
        ),
        (
            [call("every"), call("day"), call("at", ARABIC)],
            f"every().day.at({ARABIC!r}): {ARABIC!r} is no time of day, write HH:MM or HH:MM:SS, such as '09:30'",
        ),
        (
            [call("every", 5), call("minutes", 3)],
            "every(5).minutes(3): 'minutes' takes nothing, write it without parentheses",
        ),
        (
            [call("every", 10), call("to", 5), call("minutes")],
            "every(10).to(5).minutes: the interval runs backwards, write 5 to 10",
        ),
        (
            [call("every", 5), call("to", 6.5), call("minutes")],
            "every(5).to(6.5).minutes: an interval is a whole number, 1 or more",
        ),
        (
            [call("every", 5), call("to", 10), call("to", 11), call("minutes")],
            "more than one to() in every(5).to(10).to(11).minutes: give each its own decorator",
        ),
        (
            [call("every", 5), call("minutes"), call("until", "18:30")],
            "every(5).minutes.until('18:30'): an end at 18:30 names no day: write a date too, or for every day 'between 00:00 and 18:30'",
        ),
        (
            [call("every", 5), call("minutes"), call("until", timedelta(hours=8))],
            "every(5).minutes.until(datetime.timedelta(seconds=28800)): an end after some time counts from when the file is saved: write a date here",
        ),
        (
            [call("every", 5), call("minutes"), call("until", "tomorrow")],
            "every(5).minutes.until('tomorrow'): 'tomorrow' is no date: write YYYY-MM-DD or YYYY-MM-DD HH:MM",
        ),
        (
            [call("every", 5), call("minutes"), call("until", "2027-02-30")],
            "every(5).minutes.until('2027-02-30'): there is no date 2027-02-30",
        ),
        (
            [call("every", 5), call("minutes"), call("until", date(2027, 1, 1))],
            "every(5).minutes.until(datetime.date(2027, 1, 1)): until() takes text such as '2027-06-30 18:00', a datetime, a time without a zone or a timedelta",
        ),
        (
            [call("every", 5), call("minutes"), call("until", datetime(2027, 1, 1, tzinfo=UTC))],
            "every(5).minutes.until(datetime.datetime(2027, 1, 1, 0, 0, tzinfo=datetime.timezone.utc)): 2027-01-01T00:00:00+00:00 is a time of another zone: write it without one",
        ),
        (
            [call("every", 5), call("minutes"), call("tag", ["a"])],
            "every(5).minutes.tag(['a']): tags must be hashable, ['a'] is not",
        ),
        (
            [call("every", 5), call("minutes"), call("tag", "a\nb")],
            "every(5).minutes.tag('a\\nb'): a tag is a word or a few on one line, 'a\\nb' is not",
        ),
        (
            [call("every", 5), call("minutes"), call("tag", words="a")],
            "every(5).minutes.tag(words='a'): tag() takes no 'words'",
        ),
        (
            [call("every", 5), call("minutes"), call("on", "mon"), call("on", "fri")],
            "more than one on() in every(5).minutes.on('mon').on('fri'): give each its own decorator",
        ),
        (
            [call("every", 5), call("minutes"), call("between", "08:00")],
            "every(5).minutes.between('08:00'): between() needs 'end'",
        ),
        (
            [call("every", 5), call("minutes"), call("between", 8, 18)],
            "every(5).minutes.between(8, 18): between() takes text such as '08:00'",
        ),
        (
            [call("every", 5), call("minutes"), call("on", "mon", 2)],
            "every(5).minutes.on('mon', 2): on() takes text such as 'weekdays'",
        ),
        (
            [call("every", 5), call("minutes"), call("on", days="mon")],
            "every(5).minutes.on(days='mon'): on() takes no 'days'",
        ),
        (
            [call("every", 5), call("minutes"), call("starting", 2027)],
            "every(5).minutes.starting(2027): starting() takes text such as '2027-01-01'",
        ),
        (
            [call("every"), call("monday"), call("on", "tue")],
            "every().monday.on('tue'): it never fires: none of its days is a day of the week after 'on'",
        ),
        (
            [call("every", 5), call("minutes"), call("do", 1)],
            "every(5).minutes.do(1): .do() is not needed, the decorated function is what runs",
        ),
        ([call("every", 5), call("minuts")], "every(5).minuts(): unknown 'minuts', did you mean 'minutes'?"),
        ([call("once")], "once(): once() needs 'when'"),
        ([call("once", 5)], "once(5): once() takes a date and a time, such as '2027-03-01 09:00'"),
        (
            [call("once", "2027-03-01")],
            "once('2027-03-01'): once() takes a date and a time, such as '2027-03-01 09:00'",
        ),
        ([call("once", "2027-02-30 09:00")], "once('2027-02-30 09:00'): there is no date 2027-02-30"),
        (
            [call("once", "2027-03-01 09:00"), call("until", "2028-01-01")],
            "once('2027-03-01 09:00').until('2028-01-01'): 'until' cannot follow once(), only tag() can",
        ),
        ([call("at_startup", 5)], "at_startup(5): at_startup() takes no arguments, 1 are given"),
        ([call("at_boot"), call("minutes")], "at_boot().minutes: 'minutes' cannot follow at_boot(), only tag() can"),
        ([call("after")], "after(): after() needs 'task'"),
        ([call("after", 5)], "after(5): write which task, such as 'other_task'"),
        (
            [call("after", "report", on="succes")],
            "after('report', on='succes'): 'succes' is no ending, did you mean 'success'?",
        ),
        ([call("after", "report", on=1)], "after('report', on=1): 1 is no ending: there are success, failure, any"),
        ([call("on_change", None)], "on_change(None): write which files, such as 'inbox/*.csv'"),
        (
            [call("each", 5), call("minutes")],
            "each(5).minutes: a schedule begins with every() or cron(), not with 'each'",
        ),
        (
            [call("cron", "0 9 * * *"), call("minutes")],
            "cron('0 9 * * *').minutes: 'minutes' cannot follow cron(), only between(), on(), starting(), until() and tag() can",
        ),
        ([call("cron", 5)], "cron(5): cron() takes text such as '0 9 * * 1-5'"),
        ([call("cron")], "cron(): cron() needs 'text'"),
        (
            [call("cron", "every 5 minutes")],
            "cron text 'every 5 minutes' has 3 fields: write five (minute, hour, day of month, month, day of week), six with seconds first, or words such as 'every 5 minutes'",
        ),
    ],
)
def test_names_the_link_and_the_way_out(calls: list[ChainCall], sentence: str) -> None:
    with pytest.raises(TriggerError) as caught:
        read_chain(calls)

    assert str(caught.value) == sentence


@pytest.mark.parametrize(
    ("calls", "sentence"),
    [
        ([call("every"), call("day"), call("at", "9:00")], "hours have two digits.* write at\\('09:00'\\)"),
        ([call("every"), call("monday"), call("at", "9:00:30")], "write at\\('09:00:30'\\)"),
        ([call("every"), call("weekday")], "write \\.on\\('weekdays'\\) after the unit"),
        ([call("every"), call("day"), call("calendar", "DE")], "a key of the frontmatter, `calendar: DE`"),
    ],
)
def test_what_people_write_for_something_else_is_told_what_to_write(calls: list[ChainCall], sentence: str) -> None:
    with pytest.raises(TriggerError, match=sentence):
        read_chain(calls)
