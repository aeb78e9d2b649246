"""The schedule library judges what the core lets through, and is never asked what it hangs on."""

from __future__ import annotations

import re

import pytest
import schedule
from hypothesis import given
from hypothesis import strategies as st

from task_scheduler.core.errors import TriggerError
from task_scheduler.core.triggers import ChainCall, read_chain
from task_scheduler.core.triggers.every import SINGULAR, UNITS, WEEKDAYS
from task_scheduler.decorators import Chain, cron, every
from task_scheduler.watcher.chains import judge


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
    assert judge(chain.calls) == answer


def test_knows_zones_without_the_package_that_the_library_needs_for_them() -> None:
    assert judge(every().day.at("10:30", "Europe/Berlin").calls) == ("every day at 10:30", "Europe/Berlin")


def test_reads_arguments_given_by_name() -> None:
    calls: list[ChainCall] = [
        ("every", (), {"interval": 3}),
        ("days", (), {}),
        ("at", (), {"time_str": "10:30", "tz": "UTC"}),
    ]

    assert judge(calls) == ("every 3 days at 10:30", "UTC")
    assert judge([("every", (), {}), ("day", (), {})]) == ("every day at 00:00", None)


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


@given(st.integers(1, 24), st.sampled_from([*UNITS, *SINGULAR, *WEEKDAYS]), st.none() | times)
def test_the_core_accepts_nothing_that_the_library_refuses(interval: int, unit: str, time: str | None) -> None:
    chain = getattr(every(interval), unit)
    chain = chain if time is None else chain.at(time)
    try:
        answer = read_chain(chain.calls)
    except TriggerError:
        return

    assert judge(chain.calls) == answer


@given(st.integers(1, 20), st.sampled_from(["hour", "hours", "minute", "minutes", "day", "days", *WEEKDAYS]), times)
def test_the_core_accepts_every_time_that_the_library_accepts(interval: int, unit: str, time: str) -> None:
    try:
        getattr(schedule.Scheduler().every(interval), unit).at(time)
    except (schedule.ScheduleError, ValueError):
        return

    read_chain(getattr(every(interval), unit).at(time).calls)
