"""`H`: each job has its own place, the same for ever."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from task_scheduler.core.errors import TriggerError
from task_scheduler.core.triggers.cron import read_cron


@pytest.mark.parametrize(
    ("text", "seed", "canonical"),
    [
        ("h h * * *", "", "25 11 * * *"),
        ("h h * * *", "report start ()", "10 13 * * *"),
        ("h h * * *", "backup start ()", "10 3 * * *"),
        ("h h h h h h", "report start ()", "14 10 13 4 1 6"),
        ("h/15 * * * *", "report start ()", "10-55/15 * * * *"),
        ("h(0-29)/10 * * * *", "report start ()", "0-20/10 * * * *"),
        ("h(0-29),h(30-59) * * * *", "report start ()", "10,40 * * * *"),
        ("h h(0-7) * * *", "report start ()", "10 5 * * *"),
        ("0 h 1,h(10-20) h/3 h(mon-fri)", "report start ()", "0 13 1,15 1-10/3 2"),
        ("0 h h/10 * h(1-7)/3", "report start ()", "0 13 2-22/10 * 2-5/3"),
        ("h/40 5 * jan-mar *", "report start ()", "30 5 * jan-mar *"),
        ("h h * * *", "t\udc80sk", "45 4 * * *"),
    ],
)
def test_a_seed_picks_the_same_numbers_for_ever(text: str, seed: str, canonical: str) -> None:
    """Jobs are known by these numbers: a change here would be a new job for each of them."""
    assert read_cron(text, seed).text == canonical


def test_what_was_picked_is_plain_cron_text() -> None:
    canonical = read_cron("h h(0-7) l * 5l", "report start ()").text

    assert read_cron(canonical, "another seed") == read_cron(canonical)
    assert read_cron(canonical).text == canonical


@given(st.text())
def test_a_bare_letter_stays_on_days_that_each_month_has(seed: str) -> None:
    second, minute, hour, day, month, weekday = map(int, read_cron("h h h h h h", seed).text.split())

    assert 0 <= second <= 59
    assert 0 <= minute <= 59
    assert 0 <= hour <= 23
    assert 1 <= day <= 28
    assert 1 <= month <= 12
    assert 0 <= weekday <= 6


@given(st.text(), st.integers(2, 30))
def test_a_step_begins_within_its_first_interval(seed: str, step: int) -> None:
    times = read_cron(f"h(0-29)/{step} 0 * * *", seed).pattern.times

    minutes = [second // 60 for second in times]
    assert minutes == list(range(minutes[0], 30, step))
    assert minutes[0] < step


def test_jobs_are_spread() -> None:
    minutes = {read_cron("h * * * *", f"task{number} start ()").pattern.times[0] for number in range(1_000)}

    assert len(minutes) == 60


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (
            "h/1 * * * *",
            "minute 'h/1' in 'h/1 * * * *': a step of 1 leaves nothing to choose, write '*' for all or 'H' for one of them",
        ),
        ("h/0 * * * *", "minute 'h/0' in 'h/0 * * * *': a step is 1 or more"),
        (
            "h/90 * * * *",
            "minute 'h/90' in 'h/90 * * * *': a step above 60 selects only the first value, write every 90 minutes",
        ),
        (
            "0 h(0-7)/9 * * *",
            "hour 'h(0-7)/9' in '0 h(0-7)/9 * * *': a step above 8 selects one value or none, write it without the step",
        ),
        (
            "0 0 h/29 * *",
            "day of month 'h/29' in '0 0 h/29 * *': a step above 28 selects one value or none, write it without the step",
        ),
        ("0 h(22-2) * * *", "hour 'h(22-2)' in '0 h(22-2) * * *' runs backwards: write the smaller end first"),
        ("h(0-60) * * * *", "minute 'h(0-60)' in 'h(0-60) * * * *' is out of range: write 0 to 59"),
        (
            "h(5) * * * *",
            "minute 'h(5)' in 'h(5) * * * *' cannot be read: write '*', a number from 0 to 59, a range such as '1-5', a step such as '*/2', or a list of these",
        ),
        (
            "h-5 * * * *",
            "minute 'h-5' in 'h-5 * * * *' cannot be read: write '*', a number from 0 to 59, a range such as '1-5', a step such as '*/2', or a list of these",
        ),
        ("0 0 * * h(mon-fry)", "day of week 'h(mon-fry)' in '0 0 * * h(mon-fry)' cannot be read, did you mean 'fri'?"),
    ],
)
def test_a_letter_that_leaves_no_choice_is_refused(text: str, sentence: str) -> None:
    with pytest.raises(TriggerError) as caught:
        read_cron(text)

    assert str(caught.value) == sentence
