"""The schedule library judges what the core lets through, and is never asked what it hangs on."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest
import schedule
from hypothesis import given
from hypothesis import strategies as st

from task_scheduler.core.errors import TriggerError
from task_scheduler.core.triggers import ChainCall, read_chain
from task_scheduler.core.triggers.every import SINGULAR, UNITS, WEEKDAYS
from task_scheduler.decorators import Chain, after, cron, every, once
from task_scheduler.watcher.chains import Judged, judge


@pytest.mark.parametrize(
    ("chain", "answer"),
    [
        (every(5).minutes, ("every 5 minutes", None)),
        (every().day.at("10:30"), ("every day at 10:30", None)),
        (every().monday.at("09:00:30"), ("every monday at 09:00:30", None)),
        (every().hour.at(":15"), ("every hour at :15", None)),
        (every(2).weeks, ("every 2 weeks", None)),
        (cron("0 9 * * 1-5", "Europe/Berlin"), ("0 9 * * 1-5", "Europe/Berlin")),
    ],
)
def test_lets_through_what_both_accept(chain: Chain, answer: tuple[str, str | None]) -> None:
    assert judge(chain.calls)[:2] == answer


def test_knows_zones_without_the_package_that_the_library_needs_for_them() -> None:
    assert judge(every().day.at("10:30", "Europe/Berlin").calls)[:2] == ("every day at 10:30", "Europe/Berlin")


def test_reads_arguments_given_by_name() -> None:
    calls: list[ChainCall] = [
        ("every", (), {"interval": 3}),
        ("days", (), {}),
        ("at", (), {"time_str": "10:30", "tz": "UTC"}),
    ]

    assert judge(calls)[:2] == ("every 3 days at 10:30", "UTC")
    assert judge([("every", (), {}), ("day", (), {})])[:2] == ("every day at 00:00", None)


@pytest.mark.parametrize(
    ("chain", "text"),
    [
        (every(5).to(10).minutes, "every 5 to 10 minutes by 2d711642"),
        (every(5).minutes.to(10), "every 5 to 10 minutes by 2d711642"),
        (every().to(3).tuesday.at("09:00"), "every 1 to 3 tuesdays at 09:00 by 2d711642"),
        (every(5).minutes.until("2001-01-01"), "every 5 minutes until 2001-01-01"),
        (every(5).until("18:30").minutes, "every 5 minutes until 2027-01-01 18:30"),
        (
            every(5).minutes.on("weekends").between("8:00", "9:00").starting("2027-01-01"),
            "every 5 minutes on sat,sun between 08:00 and 09:00 from 2027-01-01",
        ),
        (once("2001-01-01 09:00"), "once at 2001-01-01 09:00"),
        (after("other"), "after other on success"),
    ],
)
def test_reads_the_whole_grammar(chain: Chain, text: str) -> None:
    saved_at = datetime(2027, 1, 1, tzinfo=UTC)

    assert judge(chain.calls, seed="x", saved_at=saved_at) == Judged(text, None)


def test_tells_the_tags() -> None:
    assert judge(every().day.tag("a", 2).tag("a").calls) == Judged("every day at 00:00", None, ("a", "2"))


def test_a_weekday_takes_no_interval_by_the_library() -> None:
    with pytest.raises(
        TriggerError, match=r"the schedule library refuses every\(2\)\.to\(3\)\.monday: Scheduling \.monday"
    ):
        judge(every(2).to(3).monday.calls)


def test_the_library_is_never_asked_for_an_instant(monkeypatch: pytest.MonkeyPatch) -> None:
    """It loops for ever over some, and an end that is past would make the file unreadable."""
    monkeypatch.setattr(schedule.Job, "until", None)
    monkeypatch.setattr(schedule.Job, "_schedule_next_run", None)
    monkeypatch.setattr(schedule.Job, "do", None)

    assert judge(every(5).to(10).days.at("10:30").until("2001-01-01").calls).timezone is None


@pytest.mark.parametrize("interval", [0, -5])
def test_never_asks_the_library_about_an_interval_it_loops_on(interval: int) -> None:
    with pytest.raises(TriggerError, match="an interval is a whole number, 1 or more"):
        judge(every(interval).minutes.calls)


@pytest.mark.parametrize(
    "chain", [every(2).monday, every(5).minute, every(2).weeks.at("10:30"), every().day.at("25:00")]
)
def test_says_it_in_the_core_s_words_where_both_refuse(chain: Chain) -> None:
    with pytest.raises(TriggerError) as by_core:
        read_chain(chain.calls)
    with pytest.raises(TriggerError) as by_both:
        judge(chain.calls)

    assert str(by_both.value) == str(by_core.value)


@pytest.mark.parametrize("error", [schedule.ScheduleValueError, schedule.IntervalError, TypeError, ValueError])
def test_passes_on_what_the_library_alone_refuses(monkeypatch: pytest.MonkeyPatch, error: type[Exception]) -> None:
    """The core is the stricter one today; a later library may not accept all that it does."""

    def refuse(_job: schedule.Job, _time: str) -> None:
        raise error("not at tea time")

    monkeypatch.setattr(schedule.Job, "at", refuse)

    with pytest.raises(TriggerError) as caught:
        judge(every().day.at("16:00").calls)

    assert str(caught.value) == "the schedule library refuses every(1).day.at('16:00'): not at tea time"


#: `.at()` texts that are right, nearly right and wrong.
times = st.from_regex(re.compile(r"[0-9]{0,3}:?[0-9]{0,2}(:[0-9]{1,2})?", re.ASCII), fullmatch=True)


@given(
    st.integers(1, 24),
    st.none() | st.integers(-1, 30),
    st.sampled_from([*UNITS, *SINGULAR, *WEEKDAYS]),
    st.none() | times,
)
def test_the_core_accepts_nothing_that_the_library_refuses(
    interval: int, latest: int | None, unit: str, time: str | None
) -> None:
    chain = getattr(every(interval), unit)
    chain = chain if time is None else chain.at(time)
    chain = chain if latest is None or unit in WEEKDAYS else chain.to(latest)
    try:
        answer = read_chain(chain.calls)
    except TriggerError:
        return

    assert judge(chain.calls)[:2] == answer


@given(st.integers(1, 20), st.sampled_from(["hour", "hours", "minute", "minutes", "day", "days", *WEEKDAYS]), times)
def test_the_core_accepts_every_time_that_the_library_accepts(interval: int, unit: str, time: str) -> None:
    try:
        getattr(schedule.Scheduler().every(interval), unit).at(time)
    except (schedule.ScheduleError, ValueError):
        return

    read_chain(getattr(every(interval), unit).at(time).calls)
