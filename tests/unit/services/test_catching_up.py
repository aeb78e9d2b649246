"""What is made up for after a stop: by each task's own policy, spread over the places, told once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from task_scheduler.core.policies import MisfirePolicy
from task_scheduler.core.runs import RunKind, RunState
from task_scheduler.core.tasks import Missed, Overlap
from task_scheduler.services.occasions import Occasion, occasion_of
from task_scheduler.services.overdue import Overdue
from task_scheduler.services.schedules import ScheduleOverview
from task_scheduler.services.slot_events import MOST_TOLD
from task_scheduler.services.timetable import TimedJob, Timetable
from task_scheduler.testing.builders import a_job, a_job_declaration, a_run
from task_scheduler.testing.clock import NOON
from task_scheduler.testing.loops import in_event_loop
from tests.unit.services.world import World

HOURLY = a_job_declaration(trigger="every 1 hours")


async def _down(world: World, seconds: float) -> None:
    await world.stop()
    await world.clock.advance(seconds)
    await world.restart()
    await world.clock.settle()


def _launched(world: World) -> list[tuple[str, datetime | None]]:
    return [(request.task_id, request.scheduled_for) for request in world.executor.launched]


# --- each task's own policy -------------------------------------------------------------------------------


@in_event_loop
async def test_what_a_task_says_of_missed_slots_comes_before_the_setting() -> None:
    world = World(policy=MisfirePolicy(missed=Missed.SKIP), max_concurrent=20)
    await world.start()
    await world.admit("usual", jobs=[HOURLY])
    await world.admit("once", jobs=[HOURLY], missed=Missed.ONCE)
    await world.admit("all", jobs=[HOURLY], missed=Missed.ALL, overlap=Overlap.PARALLEL)
    await world.admit("short", jobs=[HOURLY], missed=Missed.ONCE, missed_window=3_600)

    await _down(world, 4 * 3_600 + 1_800)

    told = {
        task_id: [(run.state, run.count, run.merged) for run in await world.runs() if run.task_id == task_id]
        for task_id in ("usual", "once", "all", "short")
    }
    queued, missed = RunState.QUEUED, RunState.MISSED
    assert told == {
        "usual": [(missed, 4, 0)],
        "once": [(queued, 1, 3)],
        "all": [(queued, 1, 0)] * 4,
        "short": [(missed, 3, 0), (queued, 1, 0)],
    }
    await world.stop()


@in_event_loop
async def test_a_claim_that_was_left_is_judged_by_its_tasks_own_policy() -> None:
    world = World(max_concurrent=1)
    await world.start()
    for task_id, window in (("first", None), ("patient", 7_200), ("strict", 60)):
        await world.admit(task_id, missed_window=window)
    await world.admit("skipping", missed=Missed.SKIP)
    await world.pass_time(60)

    await _down(world, 1_800)

    ends = {run.task_id: run.state for run in await world.runs() if run.scheduled_for == NOON + timedelta(minutes=1)}
    assert ends["patient"] is not RunState.MISSED
    assert ends["strict"] is RunState.MISSED, "nobody was there for longer than its window"
    assert ends["skipping"] is RunState.QUEUED, "it had come to the line in time"
    await world.stop()


@in_event_loop
async def test_what_is_overdue_is_told_by_the_tasks_own_policy() -> None:
    world = World()
    await world.start()
    await world.admit("usual", jobs=[HOURLY])
    await world.admit("own", jobs=[HOURLY], missed=Missed.ALL, missed_window=7_200)
    await world.pass_time(1)
    overview = ScheduleOverview(
        catalogue=world.store, history=world.store, clock=world.clock, zone=UTC, misfire=MisfirePolicy
    )
    before = await overview.overdue()
    await world.stop()
    await world.clock.advance(4 * 3_600)

    after = {job["task"]: job["owed"] for job in (await overview.overdue())["jobs"]}

    assert before["overdue"] == 0
    assert (after["usual"]["runs"], after["usual"]["merged"], after["usual"]["missed"]) == (1, 3, 0)
    assert (after["own"]["runs"], after["own"]["merged"], after["own"]["missed"]) == (2, 0, 2)


# --- spread -----------------------------------------------------------------------------------------------


@in_event_loop
async def test_after_a_long_stop_half_of_the_places_stay_for_what_is_due_now() -> None:
    world = World(max_concurrent=4)
    await world.start()
    for number in range(20):
        await world.admit(f"late-{number}", jobs=[HOURLY])
    await world.admit("punctual", jobs=[a_job_declaration(trigger="every day at 13:30")])

    await _down(world, 3_600 + 29 * 60)
    at_start = len(world.executor.launched)
    await world.pass_time(60)

    assert at_start == 2
    assert _launched(world)[2:] == [("punctual", NOON + timedelta(minutes=90))]
    assert world.runner.making_up == 20
    await world.stop()


@in_event_loop
async def test_what_is_made_up_for_never_holds_more_than_half_and_all_of_it_runs() -> None:
    world = World(max_concurrent=6)
    await world.start()
    for number in range(20):
        await world.admit(f"daily-{number}", jobs=[HOURLY])

    await _down(world, 3_600 + 600)
    most = 0
    for _ in range(20):
        most = max(most, world.runner.counts()["running"])
        world.executor.finish()
        await world.clock.settle()

    assert most == 3
    assert await world.states() == [RunState.SUCCEEDED] * 20
    assert world.runner.making_up == 0
    await world.stop()


@in_event_loop
async def test_one_place_is_enough_to_make_up_for_what_was_missed() -> None:
    world = World(max_concurrent=1)
    await world.start()
    await world.admit("a", jobs=[HOURLY])
    await world.admit("b", jobs=[HOURLY])

    await _down(world, 3_700)
    world.executor.finish()
    await world.clock.settle()

    assert len(world.executor.launched) == 2
    await world.stop()


@in_event_loop
async def test_of_two_that_wait_the_one_that_is_on_time_comes_first() -> None:
    world = World(max_concurrent=1)
    await world.start()
    await world.admit("busy", jobs=[])
    await world.admit("late", jobs=[HOURLY])
    await world.admit("punctual", jobs=[a_job_declaration(trigger="every day at 13:30")])
    await world.runner.request("busy", None, "r")
    world.executor.begin()
    await _down(world, 3_600 + 29 * 60 + 50)
    await world.pass_time(15)
    assert [task_id for task_id, _ in _launched(world)] == ["busy"]

    for _ in range(2):
        world.executor.finish()
        await world.clock.settle()

    assert [task_id for task_id, _ in _launched(world)] == ["busy", "punctual", "late"]
    await world.stop()


@in_event_loop
async def test_a_short_restart_makes_up_for_what_was_due_meanwhile() -> None:
    world = World(max_concurrent=2)
    await world.start()
    for number in range(5):
        await world.admit(f"each-minute-{number}")
    await world.pass_time(50)

    await _down(world, 20)

    assert world.runner.making_up == 5
    assert len(world.executor.launched) == 1
    await world.stop()


@in_event_loop
async def test_a_run_that_was_adopted_counts_among_those_that_are_made_up_for() -> None:
    world = World(max_concurrent=2)
    await world.start()
    for number in range(3):
        await world.admit(f"daily-{number}", jobs=[HOURLY])
    await _down(world, 3_600 + 600)
    world.executor.begin()
    await world.clock.settle()

    await world.restart_after_crash()
    await world.clock.settle()

    assert world.runner.making_up == 3
    assert len(world.executor.launched) == 1
    await world.stop()


# --- told -------------------------------------------------------------------------------------------------


@in_event_loop
async def test_after_a_long_stop_what_many_jobs_missed_is_told_by_its_sums() -> None:
    world = World(policy=MisfirePolicy(missed=Missed.SKIP))
    await world.start()
    for number in range(MOST_TOLD + 1):
        await world.admit(f"task-{number:02}")
    await world.admit("hourly", jobs=[HOURLY], missed=Missed.ONCE)

    await _down(world, 2 * 3_600 + 30)

    assert world.told("slots.missed") == [
        "2,499 slots of 21 jobs missed since 2026-03-01 12:01:00 UTC: each is on record, see `history`"
    ]
    assert world.told("slots.merged") == ["1 run of 1 job stands for 1 earlier slot since 2026-03-01 13:00:00 UTC"]
    missed = [run for run in await world.runs() if run.state is RunState.MISSED]
    assert {run.task_id for run in missed} == {f"task-{number:02}" for number in range(MOST_TOLD + 1)}
    await world.stop()


@in_event_loop
async def test_what_few_jobs_missed_is_told_of_each() -> None:
    world = World(policy=MisfirePolicy(missed=Missed.SKIP))
    await world.start()
    for number in range(MOST_TOLD):
        await world.admit(f"task-{number:02}")

    await _down(world, 600 + 30)

    assert len(world.told("slots.missed")) == MOST_TOLD
    await world.stop()


@in_event_loop
async def test_overdue_schedules_are_told_in_one_line_with_the_worst_until_they_are_made_up_for() -> None:
    world = World()
    await world.start()
    await world.admit("hourly", jobs=[HOURLY])
    await world.admit("minutely")
    await world.admit("later", jobs=[a_job_declaration(trigger="every day at 18:00")])

    await _down(world, 3 * 3_600 + 20 * 60 + 30)

    assert world.told("slots.overdue") == ["2 schedules were overdue, the longest, of minutely, by 3 h 19 min"]
    found = world.scheduler.overdue
    assert found is not None
    assert (found.schedules, found.worst, found.late) == (2, "minutely", timedelta(hours=3, minutes=19, seconds=30))
    assert world.runner.making_up == 2
    world.executor.finish()
    world.executor.finish()
    await world.clock.settle()
    assert world.runner.making_up == 0
    await world.stop()


@in_event_loop
async def test_a_schedule_that_is_late_within_any_grace_is_not_overdue() -> None:
    world = World()
    await world.start()
    await world.admit()

    await _down(world, 119)

    assert world.told("slots.overdue") == []
    await world.stop()


@in_event_loop
async def test_what_a_record_that_failed_kept_from_running_is_told_once_it_is_back() -> None:
    world = World()
    async with world.running():
        await world.admit()
        world.store.failing = {"claim"}
        await world.pass_time(400)
        before = world.told("slots.overdue")

        world.store.failing = set()
        await world.pass_time(2)

        assert before == []
        assert world.told("slots.overdue") == ["a schedule of report was overdue by 5 min"]


@pytest.mark.parametrize(
    ("late", "shown"),
    [
        (timedelta(seconds=61), "1 min"),
        (timedelta(hours=2), "2 h"),
        (timedelta(days=1, minutes=5), "1 d"),
        (timedelta(days=400, hours=3, minutes=5), "400 d 3 h"),
    ],
)
def test_lateness_is_told_by_its_two_largest_units(late: timedelta, shown: str) -> None:
    trigger = Timetable(zone=UTC).trigger_of("every 5 minutes", None)
    found = Overdue.among([TimedJob(job=a_job(next_run=NOON - late), trigger=trigger)], NOON)

    assert found is not None
    assert found.event().message == f"a schedule of report was overdue by {shown}"
    assert Overdue.among([TimedJob(job=a_job(next_run=None), trigger=trigger)], NOON) is None


# --- what the task is told --------------------------------------------------------------------------------


@in_event_loop
async def test_a_run_knows_its_reason_and_the_window_it_stands_for() -> None:
    world = World(max_concurrent=10)
    world.executor.automatic = True
    await world.start()
    await world.admit("report", jobs=[HOURLY])
    await world.admit("by-hand", jobs=[])
    await world.pass_time(3_600)
    await world.runner.request("by-hand", None, "r")

    await _down(world, 3 * 3_600 + 600)

    on_time, by_hand, late = world.executor.launched
    assert (on_time.reason, on_time.scheduled_for, on_time.window_start) == (
        "schedule",
        NOON + timedelta(hours=1),
        NOON,
    )
    assert (by_hand.reason, by_hand.scheduled_for, by_hand.window_start, by_hand.zone) == ("manual", None, None, None)
    assert (late.reason, late.scheduled_for) == ("catch-up", NOON + timedelta(hours=4))
    assert (late.window_start, late.zone) == (NOON + timedelta(hours=1), "UTC")
    await world.stop()


@in_event_loop
async def test_a_retry_is_for_the_same_window_and_reason() -> None:
    world = World()
    async with world.running():
        await world.admit("report", jobs=[HOURLY], retry_count=1, retry_delay=60)
        await world.pass_time(3_600)
        world.executor.fail()
        await world.pass_time(61)

        first, second = world.executor.launched
        assert (first.reason, first.window_start) == (second.reason, second.window_start) == ("schedule", NOON)
        assert (first.id.number, second.id.number) == (1, 2)


@pytest.mark.parametrize(
    ("trigger", "reason"),
    [
        ("at startup", "startup"),
        ("at boot", "boot"),
        ("after other on failure", "after other"),
        ("on change of inbox/*.csv", "change"),
        ("every 5 minutes", "manual"),
    ],
)
def test_a_run_of_an_event_has_the_event_as_its_reason(trigger: str, reason: str) -> None:
    timetable = Timetable(zone=UTC)
    timetable.set_task("report", [a_job(trigger=trigger, next_run=None)])
    run = a_run(kind=RunKind.MANUAL, job_id=1, scheduled_for=None)

    assert occasion_of(run, timetable, makes_up=False) == Occasion(reason=reason)


def test_a_slot_whose_job_is_gone_has_its_reason_alone() -> None:
    timetable = Timetable(zone=UTC)

    assert occasion_of(a_run(), timetable, makes_up=False) == Occasion(reason="schedule")
    assert occasion_of(a_run(merged=2), timetable, makes_up=False) == Occasion(reason="catch-up")
