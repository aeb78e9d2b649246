"""Chains of decorators as data: what they mean, and the sentences for those that mean nothing."""

from __future__ import annotations

import pytest

from task_scheduler.core.errors import TriggerError
from task_scheduler.core.triggers import ChainCall, read_chain

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
            [call("every", 5), call("to", 10), call("minutes")],
            "every(5).to(10).minutes: .to() is not available yet, leave it out",
        ),
        (
            [call("every", 5), call("minutes"), call("until", "18:30")],
            "every(5).minutes.until('18:30'): .until() is not available yet, leave it out",
        ),
        (
            [call("every", 5), call("minutes"), call("tag", "a", "b")],
            "every(5).minutes.tag('a', 'b'): .tag() is not available yet, leave it out",
        ),
        (
            [call("every", 5), call("minutes"), call("do", 1)],
            "every(5).minutes.do(1): .do() is not needed, the decorated function is what runs",
        ),
        ([call("every", 5), call("minuts")], "every(5).minuts(): unknown 'minuts', did you mean 'minutes'?"),
        ([call("once")], "once(): once() is not available yet, use every() or cron()"),
        (
            [call("each", 5), call("minutes")],
            "each(5).minutes: a schedule begins with every() or cron(), not with 'each'",
        ),
        ([call("cron", "0 9 * * *"), call("minutes")], "cron('0 9 * * *').minutes: nothing may follow cron()"),
        ([call("cron", 5)], "cron(5): cron() takes text such as '0 9 * * 1-5'"),
        ([call("cron")], "cron(): cron() needs 'text'"),
        (
            [call("cron", "every 5 minutes")],
            "cron text 'every 5 minutes' has 3 fields: write five (minute, hour, day of month, month, day of week), or words such as 'every 5 minutes'",
        ),
    ],
)
def test_names_the_link_and_the_way_out(calls: list[ChainCall], sentence: str) -> None:
    with pytest.raises(TriggerError) as caught:
        read_chain(calls)

    assert str(caught.value) == sentence
