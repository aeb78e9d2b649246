"""The read model of schedules, on the record of a world."""

from __future__ import annotations

from datetime import UTC, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from task_scheduler.core.errors import UnknownTask
from task_scheduler.core.policies import MisfirePolicy
from task_scheduler.core.tasks import Missed, Overlap, TaskStatus
from task_scheduler.services.overview import Overview
from task_scheduler.services.schedules import ScheduleOverview
from task_scheduler.testing.builders import a_job_declaration, a_task
from task_scheduler.testing.loops import in_event_loop
from tests.unit.services.world import World


def told(world: World, *, missed: Missed = Missed.ONCE, alive: bool = False) -> ScheduleOverview:
    """Make the read model, of a working scheduler or of the record it left."""
    return ScheduleOverview(
        catalogue=world.store,
        history=world.store,
        clock=world.clock,
        zone=UTC,
        misfire=lambda: MisfirePolicy(missed=missed, window=timedelta(hours=1)),
        waits_for=world.runner.waits_for if alive else None,
    )


async def a_world_that_was_down(minutes: float) -> World:
    world = World()
    await world.start()
    await world.admit()
    await world.stop()
    await world.clock.advance(minutes * 60)
    return world


@pytest.mark.parametrize(
    ("missed", "minutes", "owed"),
    [
        (Missed.ONCE, 3.5, {"slots": 3, "runs": 1, "merged": 2, "missed": 0, "reason": ""}),
        (Missed.ALL, 3.5, {"slots": 3, "runs": 3, "merged": 0, "missed": 0, "reason": ""}),
        (
            Missed.SKIP,
            3.5,
            {"slots": 3, "runs": 1, "merged": 0, "missed": 2, "reason": "its time had passed (missed: skip)"},
        ),
        (
            Missed.ONCE,
            90.5,
            {"slots": 90, "runs": 1, "merged": 59, "missed": 30, "reason": "older than the catch-up window of 1 h"},
        ),
    ],
)
def test_what_is_owed_is_told_with_what_the_next_start_would_do(
    missed: Missed, minutes: float, owed: dict[str, Any]
) -> None:
    @in_event_loop
    async def scenario() -> None:
        world = await a_world_that_was_down(minutes)

        answer = await told(world, missed=missed).overdue()

        [job] = answer["jobs"]
        assert (answer["overdue"], answer["scheduler"]) == (1, False)
        assert (job["status"], job["late"], job["owed"]) == ("OVERDUE", (minutes - 1) * 60, owed)

    scenario()


@in_event_loop
async def test_a_job_is_overdue_at_the_very_second_and_not_before() -> None:
    world = await a_world_that_was_down(59.999 / 60)
    before = await told(world).overdue()
    await world.clock.advance(0.001)

    after = await told(world).overdue()

    assert [(before["overdue"], before["jobs"][0]["late"]), (after["overdue"], after["jobs"][0]["late"])] == [
        (0, None),
        (1, 0.0),
    ]


@in_event_loop
async def test_a_slot_that_waits_is_overdue_and_one_that_is_being_started_is_not() -> None:
    world = World(max_concurrent=1)
    await world.start()
    await world.admit(overlap=Overlap.QUEUE)
    await world.pass_time(60)
    starting = await told(world, alive=True).overdue()
    await world.pass_time(60)

    waiting = await told(world, alive=True).overdue()

    assert starting["overdue"] == 0
    [job] = waiting["jobs"]
    assert [(slot["run"], slot["waits_for"]) for slot in job["waiting"]] == [(2, "run 1")]
    await world.stop()


@in_event_loop
async def test_jobs_says_of_a_job_that_runs_after_none_why_nothing_starts_it() -> None:
    world = World()
    await world.start()
    after = a_job_declaration(function="late", trigger="after lod on success")
    await world.admit("report", jobs=[a_job_declaration(), after])
    await world.admit("load")

    why = {(job["task"], job["function"]): job["why"] for job in await told(world).jobs()}

    assert why["report", "late"] == (
        "after lod: there is no task 'lod', did you mean 'load'?; until there is, this starts nothing"
    )
    assert why["load", "start"] is None
    await world.stop()


@in_event_loop
async def test_jobs_says_why_a_task_has_none() -> None:
    world = World()
    await world.start()
    await world.admit("two", jobs=[a_job_declaration(), a_job_declaration(function="other")])
    await world.admit("by_hand", jobs=[])
    for task_id, status in (("off", TaskStatus.DISABLED), ("gone", TaskStatus.DELETED), ("lib", TaskStatus.MODULE)):
        await world.store.put_tasks([a_task(task_id, status=status, version=None)])

    jobs = await told(world).jobs()

    assert [(job["task"], job["function"], job["state"]) for job in jobs] == [
        ("by_hand", None, "unscheduled"),
        ("gone", None, "missing"),
        ("off", None, "disabled"),
        ("two", "start", "active"),
        ("two", "other", "active"),
    ]
    assert [job["state"] for job in await told(world).jobs("lib")] == ["module"]
    assert all(job["why"] for job in jobs if job["job"] is None)
    with pytest.raises(UnknownTask, match="did you mean 'gone'"):
        await told(world).jobs("gon")
    await world.stop()


@in_event_loop
async def test_a_paused_slot_makes_its_job_paused() -> None:
    world = World()
    await world.start()
    await world.admit()
    await world.pass_time(60)
    world.executor.begin()
    await world.pass_time(1)
    await world.runner.pause(1)

    [job] = await told(world).jobs()

    assert (job["state"], job["last"]["paused"]) == ("paused", True)
    await world.stop()


@in_event_loop
async def test_each_job_names_the_zone_it_is_judged_in() -> None:
    world = World()
    await world.start()
    await world.admit("here", jobs=[a_job_declaration(), a_job_declaration(function="there", timezone="Asia/Tokyo")])
    await world.admit("by_hand", jobs=[])
    model = ScheduleOverview(
        catalogue=world.store,
        history=world.store,
        clock=world.clock,
        zone=ZoneInfo("Europe/Berlin"),
        misfire=lambda: MisfirePolicy(missed=Missed.ONCE, window=timedelta(hours=1)),
    )

    assert [job["zone"] for job in await model.jobs()] == [None, "Europe/Berlin", "Asia/Tokyo"]
    assert [job["zone"] for job in await told(world).jobs("here")] == ["UTC", "Asia/Tokyo"]


@in_event_loop
async def test_a_job_has_ended_since_its_last_instant() -> None:
    world = World()
    await world.start()
    triggers = ("every minute until 2026-03-01 12:02:30", "at startup")
    await world.admit("over", jobs=[a_job_declaration(trigger=trigger) for trigger in triggers])
    await world.pass_time(100)
    before = await told(world).jobs("over")
    await world.pass_time(100)

    over, starts = await told(world).jobs("over")
    overview = Overview(catalogue=world.store, history=world.store, clock=world.clock, zone=UTC)
    [listed] = await overview.tasks()

    assert [(job["state"], job["ended_at"], job["why"]) for job in before] == [("active", None, None)] * 2
    assert (over["state"], over["next_run"], over["ended_at"]) == ("ended", None, "2026-03-01T12:02:00Z")
    assert over["why"] == "its schedule has no further instant"
    assert (starts["state"], starts["ended_at"]) == ("active", None)
    assert [job["ended_at"] for job in listed["jobs"]] == ["2026-03-01T12:02:00Z", None]
