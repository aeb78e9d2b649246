"""What comes of slots on the virtual clock."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from task_scheduler.core.policies import MisfirePolicy
from task_scheduler.core.tasks import Missed, Overlap
from task_scheduler.simulation import Fate, JobScenario, Scenario, clock_effects, simulate
from tests.unit.simulation.scenarios import MONDAY, a_job, a_pause, a_scenario, began, told

ONCE, SKIP, ALL = (MisfirePolicy(missed=missed) for missed in (Missed.ONCE, Missed.SKIP, Missed.ALL))


# --- places -----------------------------------------------------------------------------------------------


def test_slots_run_at_their_moment_where_there_is_a_place() -> None:
    result = simulate(a_scenario(a_job()))

    assert (result.jobs[0].expected, result.jobs[0].ran) == (60, 60)
    assert (result.for_a_place.count, result.for_their_turn.count) == (0, 0)
    assert [(hour.begun, hour.most, round(hour.busy, 3)) for hour in result.hours] == [(60, 1, 60.0)]


def test_the_end_is_not_part_of_it_and_the_begin_is() -> None:
    result = simulate(a_scenario(a_job("every hour"), length=timedelta(hours=2)))

    assert result.jobs[0].expected == 2
    assert [hour.begun for hour in result.hours] == [1, 1]


def test_runs_wait_for_a_place_and_it_is_told_how_long_and_which_longest() -> None:
    jobs = [a_job("every hour", takes=30, task_id=name) for name in ("a", "b", "c")]

    result = simulate(a_scenario(*jobs, places=1))

    assert result.for_a_place.count == 2
    assert result.for_a_place.median == pytest.approx(45.0)
    worst = result.for_a_place.worst
    assert worst is not None
    assert (worst.job, worst.slot, round(worst.seconds, 3)) == (2, MONDAY, 60.0)


def test_an_execution_counts_in_each_hour_it_is_in() -> None:
    result = simulate(a_scenario(a_job("every day at 00:30", takes=3_600), length=timedelta(hours=3)))

    assert [hour.busy for hour in result.hours] == [pytest.approx(1_800), pytest.approx(1_800), 0]


# --- overlaps ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("overlap", "ran", "skipped", "queued", "replaced", "starts"),
    [
        (Overlap.SKIP, 2, 2, 0, 0, [0, 120]),
        (Overlap.QUEUE, 4, 0, 3, 0, [0, 90, 180, 270]),
        (Overlap.QUEUE_ONE, 4, 0, 3, 0, [0, 90, 180, 270]),
        (Overlap.PARALLEL, 4, 0, 0, 0, [0, 60, 120, 180]),
        (Overlap.REPLACE, 4, 0, 0, 3, [0, 60, 120, 180]),
    ],
)
def test_what_comes_while_another_is_at_work_is_treated_by_the_policy(
    overlap: Overlap, ran: int, skipped: int, queued: int, replaced: int, starts: list[float]
) -> None:
    scenario = a_scenario(a_job(takes=90, overlap=overlap), length=timedelta(minutes=4))

    totals = simulate(scenario).jobs[0]

    assert (totals.ran, totals.skipped, totals.queued, totals.replaced) == (ran, skipped, queued, replaced)
    assert began(scenario) == starts


def test_waiting_for_its_turn_is_told_apart_from_waiting_for_a_place() -> None:
    result = simulate(a_scenario(a_job(takes=90, overlap=Overlap.QUEUE), length=timedelta(minutes=4)))

    assert result.for_a_place.count == 0
    assert result.for_their_turn.count == 3
    assert result.for_their_turn.worst is not None
    assert result.for_their_turn.worst.seconds == pytest.approx(90)


def test_a_queue_of_one_skips_what_comes_further() -> None:
    totals = simulate(a_scenario(a_job(takes=600, overlap=Overlap.QUEUE_ONE), length=timedelta(minutes=10))).jobs[0]

    assert (totals.ran, totals.skipped, totals.queued) == (2, 8, 1)


def test_a_run_replaced_before_it_began_is_skipped() -> None:
    jobs = [a_job("every hour", takes=600, task_id="blocks"), a_job(overlap=Overlap.REPLACE)]

    result = simulate(a_scenario(*jobs, places=1, length=timedelta(minutes=5)))

    assert (result.jobs[1].ran, result.jobs[1].skipped, result.jobs[1].replaced) == (1, 4, 4)


# --- pauses -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("policy", "runs", "merged", "missed"),
    [(ONCE, 1, 9, 0), (SKIP, 1, 0, 9), (ALL, 10, 0, 0)],
)
def test_after_a_pause_each_policy_does_its_own(policy: MisfirePolicy, runs: int, merged: int, missed: int) -> None:
    [told_of] = simulate(a_scenario(a_job(policy=policy), pauses=[a_pause(10.5, 20.5)])).catch_ups

    assert (told_of.due, told_of.runs, told_of.merged, told_of.missed) == (10, runs, merged, missed)


def test_what_is_made_up_for_holds_half_of_the_places_and_it_is_told_how_long_that_takes() -> None:
    jobs = [a_job("every hour", takes=60, task_id=f"late-{number}") for number in range(8)]
    scenario = a_scenario(*jobs, places=4, length=timedelta(hours=2), pauses=[a_pause(59, 61)])

    result = simulate(scenario)

    assert result.catch_ups[0].runs == 8
    assert result.catch_ups[0].begun_after == pytest.approx(180)
    assert [hour.most for hour in result.hours] == [4, 2]


def test_what_executes_goes_on_while_nobody_is_there_and_what_waits_waits_on() -> None:
    jobs = [a_job("every hour", takes=300, task_id="long"), a_job("every hour", task_id="waits")]
    scenario = a_scenario(*jobs, places=1, pauses=[a_pause(1, 10)])

    result, found = told(scenario)

    assert [one.ended for one in found if one.job == 0] == [MONDAY + timedelta(seconds=300)]
    assert began(scenario, job=1) == [600]
    assert (result.catch_ups[0].waiting, result.catch_ups[0].due) == (1, 0)


def test_what_waited_too_long_is_missed_when_a_scheduler_is_there_again() -> None:
    policy = MisfirePolicy(window=timedelta(minutes=5))
    jobs = [a_job("every hour", takes=300, task_id="long"), a_job("every hour", task_id="waits", policy=policy)]

    result = simulate(a_scenario(*jobs, places=1, pauses=[a_pause(1, 10)]))

    assert (result.jobs[1].ran, result.jobs[1].missed, result.catch_ups[0].missed) == (0, 1, 1)


def test_pauses_that_touch_are_one_and_those_beyond_the_end_are_cut() -> None:
    scenario = a_scenario(a_job(), pauses=[a_pause(40, 90), a_pause(5, 10), a_pause(10, 15), a_pause(200, 300)])

    stops = [(stop.begin, stop.end) for stop in scenario.stops()]

    assert stops == [
        (MONDAY + timedelta(minutes=5), MONDAY + timedelta(minutes=15)),
        (MONDAY + timedelta(minutes=40), scenario.end - timedelta(microseconds=1)),
    ]
    assert simulate(scenario).is_balanced


# --- how much ---------------------------------------------------------------------------------------------


def test_too_many_slots_shorten_it_to_whole_hours() -> None:
    scenario = a_scenario(a_job(), length=timedelta(days=14))

    shortened = scenario.shortened(1_000)

    assert (shortened.end - shortened.begin, shortened.slots) == (timedelta(hours=16), 960)
    assert scenario.shortened(14 * 1_440) is scenario
    assert scenario.shortened(30).end == scenario.begin


# --- time changes -----------------------------------------------------------------------------------------


def test_time_changes_are_told_with_the_jobs_they_touch() -> None:
    jobs = [
        a_job("every day at 02:30", zone="Europe/Berlin"),
        a_job("every day at 12:00", zone="Europe/Berlin"),
        a_job("every day at 02:30"),
    ]
    spring = datetime.fromisoformat("2027-03-28T00:00:00+00:00")
    scenario = a_scenario(*jobs, begin=spring, length=timedelta(days=1))

    [effect] = clock_effects(scenario)

    assert [place for place, _ in effect.jobs] == [0]
    assert effect.change.shift == timedelta(hours=1)
    assert [totals.ran for totals in simulate(scenario).jobs] == [1, 1, 1]
    assert clock_effects(a_scenario(*jobs)) == []


# --- the law ----------------------------------------------------------------------------------------------

TRIGGERS = (
    "every 10 seconds",
    "every minute",
    "every 7 minutes",
    "every hour",
    "0 30 2 * * *",
    "every minute plus up to 40 s by 0a1b2c3d",
)
POLICIES = st.builds(
    MisfirePolicy,
    missed=st.sampled_from(list(Missed)),
    window=st.sampled_from([timedelta(minutes=3), timedelta(hours=24)]),
)


@st.composite
def scenarios(draw: st.DrawFn) -> Scenario:
    jobs: list[JobScenario] = [
        a_job(
            draw(st.sampled_from(TRIGGERS)),
            takes=draw(st.sampled_from([0.5, 5.0, 59.9, 60.0, 400.0])),
            overlap=draw(st.sampled_from(list(Overlap))),
            policy=draw(POLICIES),
            task_id=draw(st.sampled_from(["a", "b", "c"])),
            zone=draw(st.sampled_from(["UTC", "Europe/Berlin"])),
        )
        for _ in range(draw(st.integers(1, 5)))
    ]
    begin = datetime.fromisoformat(draw(st.sampled_from(["2026-10-25T00:10:00+00:00", "2026-11-23T00:00:07.5+00:00"])))
    times = st.floats(-10, 80, allow_nan=False)
    pairs = draw(st.lists(st.tuples(times, times), max_size=3))
    pauses = [a_pause(min(pair), max(pair), begin) for pair in pairs]
    return a_scenario(*jobs, begin=begin, length=timedelta(hours=1), places=draw(st.integers(1, 4)), pauses=pauses)


@pytest.mark.slow
@settings(max_examples=50)
@given(scenarios())
def test_each_slot_has_one_fate_and_no_more_run_at_once_than_there_are_places(scenario: Scenario) -> None:
    result, found = told(scenario)

    for place, (job, totals) in enumerate(zip(scenario.jobs, result.jobs, strict=True)):
        mine = [one for one in found if one.job == place]
        assert totals.expected == job.slots_between(scenario.begin, scenario.end)
        assert sum(one.count + one.merged for one in mine) == totals.expected
        assert totals.expected == totals.ran + totals.merged + totals.skipped + totals.missed
        assert sum(one.fate is Fate.RAN for one in mine) == totals.ran
        assert len({one.first for one in mine}) == len(mine)
    assert all(hour.most <= scenario.places for hour in result.hours)
