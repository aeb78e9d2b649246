"""What a frontmatter adds to the schedules of its jobs."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from task_scheduler.core.declaration.timing import outweighed_calendar, timed, with_timing, without_effect
from task_scheduler.core.errors import TriggerError
from task_scheduler.core.tasks import Jitter, OnHoliday, TaskDeclaration
from task_scheduler.core.triggers import read_schedule
from task_scheduler.testing.builders import a_declaration, a_job_declaration

ALL = a_declaration(
    starts="2027-01-01",
    ends="2027-06-30 18:00",
    calendar="DE-BY",
    on_holiday=OnHoliday.NEXT_WORKDAY,
    jitter=Jitter(up_to=60, fresh=True),
)


def test_each_key_becomes_a_clause_of_the_canonical_text() -> None:
    text = with_timing("every day at 10:30 on mon,tue", ALL, "seed")

    assert text == (
        "every day at 10:30 on mon,tue from 2027-01-01 until 2027-06-30 18:00 calendar DE-BY next_workday "
        "plus up to 60 s by 19b25856"
    )


def test_nothing_said_changes_nothing() -> None:
    assert with_timing("every 5 minutes", a_declaration(timeout=5, missed_window=3_600), "seed") == "every 5 minutes"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "every 5 minutes from 2027-02-01 until 2027-03-01 calendar US skip plus 3 s",
            "every 5 minutes from 2027-02-01 until 2027-03-01 calendar US skip plus 3 s",
        ),
        ("every 5 minutes until 2027-02-01", "every 5 minutes from 2027-01-01 until 2027-02-01"),
        ("once at 2028-03-01 09:00", "once at 2028-03-01 09:00"),
        ("at startup", "at startup"),
        ("after other on success", "after other on success"),
    ],
)
def test_what_a_schedule_says_itself_wins_and_what_has_no_slots_takes_nothing(text: str, expected: str) -> None:
    assert with_timing(text, a_declaration(starts="2027-01-01", ends="2027-06-30"), "s").startswith(
        expected.removesuffix(" calendar US skip plus 3 s")
    )
    if "calendar" in text or not text.startswith(("every", "once")):
        assert with_timing(text, replace(ALL, jitter=Jitter(up_to=60)), "s") == expected


@pytest.mark.parametrize(
    ("texts", "keys"),
    [
        (["at startup", "after other on success"], ["jitter", "calendar"]),
        (["at startup", "every 5 minutes"], []),
        ([], []),
    ],
)
def test_what_delays_slots_has_no_effect_where_all_schedules_wait_for_events(texts: list[str], keys: list[str]) -> None:
    told = dict(without_effect(texts, ALL))
    assert list(told) == keys
    if keys:
        assert told["jitter"] == "jitter has no effect: 'at startup' has no slots by the clock to delay"
    assert list(without_effect(texts, a_declaration(starts="2027-01-01", ends="2027-06-30"))) == []


def test_a_schedule_that_ends_before_its_file_begins_is_refused() -> None:
    with pytest.raises(TriggerError, match="before it begins"):
        with_timing("every 5 minutes until 2026-02-01", ALL, "seed")


def test_a_lasting_delay_is_drawn_for_the_job_and_stays() -> None:
    declaration = a_declaration(jitter=Jitter(up_to=600))
    jobs = [a_job_declaration(function=name, arguments=arguments) for name in "ab" for arguments in ("1", "2")]

    drawn = [timed(job, declaration, task_id).trigger for job in jobs for task_id in ("report", "other")]

    # Literals: what is drawn is part of the identity of jobs on record, and may never change.
    assert drawn[0] == "every 5 minutes plus 19 s"
    assert len(set(drawn)) > 6


def test_a_delay_of_nothing_is_no_clause() -> None:
    assert {with_timing("every 5 minutes", a_declaration(jitter=Jitter(up_to=1)), str(n)) for n in range(20)} == {
        "every 5 minutes",
        "every 5 minutes plus 1 s",
    }


def test_a_job_has_the_zone_of_its_file_unless_it_names_one() -> None:
    declaration = a_declaration(timezone="Europe/Berlin")

    assert timed(a_job_declaration(), declaration, "report").timezone == "Europe/Berlin"
    assert timed(a_job_declaration(timezone="UTC"), declaration, "report").timezone == "UTC"
    assert timed(a_job_declaration(), None, "report") == a_job_declaration()


@given(
    st.sampled_from(["every 5 minutes", "0 9 * * 1-5", "every day at 10:30 on mon", "once at 2027-03-01 09:00"]),
    st.builds(
        lambda starts, ends, calendar, jitter: a_declaration(
            starts=starts, ends=ends, calendar=calendar, jitter=jitter
        ),
        st.sampled_from([None, "2027-01-01", "2027-01-01 09:00"]),
        st.sampled_from([None, "2028-01-01", "2028-01-01 09:00:30"]),
        st.sampled_from([None, "DE", "days.txt"]),
        st.none() | st.builds(Jitter, up_to=st.integers(1, 600), fresh=st.booleans()),
    ),
    st.text(max_size=5),
)
def test_the_result_is_canonical_and_complete(text: str, declaration: TaskDeclaration, seed: str) -> None:
    once = with_timing(text, declaration, seed)

    assert read_schedule(once) == once
    assert with_timing(once, declaration, seed) == once


@pytest.mark.parametrize(
    ("text", "own", "key"),
    [
        ("every day at 10:30", "", ""),
        ("every day at 10:30 calendar DE-BY next_workday", "", ""),
        ("every day at 10:30 calendar US skip", "calendar US", "calendar DE-BY"),
        ("every day at 10:30 calendar DE-BY skip", "DE-BY skip", "on_holiday next_workday"),
    ],
)
def test_a_calendar_of_the_schedule_that_stands_before_another_one_of_the_keys_is_told(
    text: str, own: str, key: str
) -> None:
    told = outweighed_calendar(text, ALL)

    if own:
        expected = f"the schedule {text!r} goes by its own {own}, not by the key {key}: write it in one place"
        assert told == expected
    else:
        assert told == ""
    assert outweighed_calendar(text, a_declaration()) == ""
