"""Resetting schedules: what is given up, what stays, and that nothing is doubled or forgotten."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from task_scheduler.core.policies import MisfirePolicy
from task_scheduler.core.runs import RunState
from task_scheduler.core.tasks import Missed as MissedPolicy
from task_scheduler.core.tasks import Overlap
from task_scheduler.services.overview import Overview
from task_scheduler.services.resets import REASON, JobReset, Resetter
from task_scheduler.services.schedules import ScheduleOverview
from task_scheduler.testing.builders import a_job_declaration
from task_scheduler.testing.clock import NOON
from task_scheduler.testing.loops import in_event_loop
from tests.unit.services.world import World


def resetter(world: World) -> Resetter:
    """Make what resets the schedules of a world, as the composed scheduler does."""
    return Resetter(
        resets=world.store,
        history=world.store,
        timetable=world.timetable,
        slots=lambda: world.runner.slots,
        turn=world.scheduler.turn,
        generation=lambda: world.scheduler.generation,
        digest_of=lambda task_id: None if (known := world.register.get(task_id)) is None else known.version.digest,
        on_change=world.scheduler.wake,
        clock=world.clock,
        patience=world.patience,
        publish=world.events.append,
    )


async def reset(
    world: World, tasks: Collection[str] | None = None, *, overdue_only: bool = False, dry_run: bool = False
) -> Sequence[JobReset]:
    """Reset schedules while time stands still."""
    asked = asyncio.ensure_future(resetter(world).reset(tasks, overdue_only=overdue_only, dry_run=dry_run))
    await world.clock.settle()
    return asked.result()


async def covered(world: World, trigger: str = "every 1 minutes") -> list[datetime]:
    """Return every instant on record, as often as it is."""
    rule = world.timetable.trigger_of(trigger, None)
    seen: list[datetime] = []
    for run in await world.runs():
        assert run.scheduled_for is not None
        moment: datetime | None = run.merged_from or run.scheduled_for
        while moment is not None and moment <= (run.range_end or run.scheduled_for):
            seen.append(moment)
            moment = rule.next_after(moment)
    return sorted(seen)


async def a_world_that_was_down(seconds: float) -> World:
    """Make a world whose scheduler is up again, and has not looked at what is owed yet."""
    world = World()
    world.executor.automatic = True
    await world.start()
    await world.admit()
    await world.stop()
    await world.clock.advance(seconds)
    return world


@in_event_loop
async def test_what_is_owed_becomes_one_row_of_missed_slots_and_the_next_instant_is_owed() -> None:
    world = await a_world_that_was_down(200)

    (done,) = await reset(world)

    (missed,) = await world.runs()
    assert done.changes
    assert (missed.state, missed.reason, missed.count) == (RunState.MISSED, REASON, 3)
    assert (missed.scheduled_for, missed.range_end) == (NOON + timedelta(minutes=1), NOON + timedelta(minutes=3))
    assert done.plan.next_run == NOON + timedelta(minutes=4)
    assert (await world.store.jobs())[0].next_run == NOON + timedelta(minutes=4)
    assert world.timetable.next_due() == NOON + timedelta(minutes=4)
    assert world.told("slots.missed") == [f"report: 3 slots missed since 2026-03-01 12:01:00 UTC: {REASON}"]


@in_event_loop
async def test_a_dry_run_tells_the_same_and_changes_nothing() -> None:
    world = await a_world_that_was_down(200)

    told = [job.describe() for job in await reset(world, dry_run=True)]

    assert await world.runs() == []
    assert (await world.store.jobs())[0].next_run == NOON + timedelta(minutes=1)
    assert told == [job.describe() for job in await reset(world)]


@in_event_loop
async def test_asked_again_it_gives_up_nothing_more() -> None:
    world = await a_world_that_was_down(200)
    await reset(world)

    (again,) = await reset(world)
    none = await reset(world, overdue_only=True)

    assert again.missed is None
    assert not again.changes
    assert none == []
    assert len(await world.runs()) == 1


@in_event_loop
async def test_only_the_tasks_that_are_named_are_reset() -> None:
    world = World()
    await world.start()
    for task in ("one", "two"):
        await world.admit(task)
    await world.stop()
    await world.clock.advance(100)

    done = await reset(world, ["two"])

    assert [job.job.task_id for job in done] == ["two"]
    assert [run.task_id for run in await world.runs()] == ["two"]


@in_event_loop
async def test_a_next_run_that_is_too_far_off_comes_back_to_the_schedule() -> None:
    world = World()
    await world.start()
    await world.admit()
    (job,) = await world.store.jobs()
    await world.store.reschedule({job.id: NOON + timedelta(days=400)})
    world.timetable.move_on(job.id, NOON + timedelta(days=400))

    (done,) = await reset(world)
    await world.pass_time(60)

    assert done.changes
    assert len(world.executor.launched) == 1
    await world.stop()


# --- at the instant itself --------------------------------------------------------------------------------


@pytest.mark.parametrize("seconds", [59.4, 59.5, 59.6, 59.999, 60.0, 60.001, 60.4])
def test_around_a_boundary_the_slot_runs_or_is_given_up_and_never_both(seconds: float) -> None:
    @in_event_loop
    async def scenario() -> None:
        world = World()
        world.executor.automatic = True
        await world.start()
        await world.admit()
        await world.clock.advance(seconds)
        asked = asyncio.ensure_future(resetter(world).reset(None, overdue_only=False, dry_run=False))
        await world.clock.settle()
        await asked

        await world.pass_time(130)

        minutes = [NOON + timedelta(minutes=number) for number in (1, 2, 3)]
        assert await covered(world) == minutes
        assert {run.state for run in await world.runs()} == {RunState.SUCCEEDED}
        assert [request.id.run_id for request in world.executor.launched] == [run.id for run in await world.runs()]
        await world.stop()

    scenario()


@in_event_loop
async def test_a_slot_of_this_very_second_that_nobody_claimed_is_given_up_once() -> None:
    world = await a_world_that_was_down(60)

    (done,) = await reset(world)
    await world.restart()
    await world.pass_time(61)

    assert done.plan.next_run == NOON + timedelta(minutes=2)
    assert [run.state for run in await world.runs()] == [RunState.MISSED, RunState.SUCCEEDED]
    await world.stop()


# --- slots that wait --------------------------------------------------------------------------------------


@in_event_loop
async def test_slots_that_wait_are_given_up_and_the_one_at_work_goes_on() -> None:
    world = World(max_concurrent=1)
    await world.start()
    await world.admit("long", overlap=Overlap.QUEUE)
    await world.pass_time(61)
    world.executor.begin()
    await world.pass_time(120)

    (done,) = await reset(world, overdue_only=True)

    assert len(done.given_up) == 2
    assert await world.states() == [RunState.RUNNING, RunState.MISSED, RunState.MISSED]
    world.executor.finish()
    await world.pass_time(60)
    assert [request.id.run_id for request in world.executor.launched] == [1, 4]
    await world.stop()


@in_event_loop
async def test_a_slot_that_waits_with_a_claimed_attempt_never_begins() -> None:
    world = World(max_concurrent=1)
    await world.start()
    await world.admit("one")
    await world.admit("two")
    await world.pass_time(60)
    waiting = [run for run in await world.runs() if run.id != world.executor.launched[0].id.run_id]

    done = await reset(world, [waiting[0].task_id])
    world.executor.finish()
    await world.pass_time(30)

    assert [run.id for job in done for run in job.given_up] == [waiting[0].id]
    assert len(world.executor.launched) == 1
    assert sorted(await world.states()) == [RunState.MISSED, RunState.SUCCEEDED]
    assert await world.store.open_runs() == []
    await world.stop()


@in_event_loop
async def test_a_paused_slot_stays_and_the_answer_says_so() -> None:
    world = World(max_concurrent=1)
    await world.start()
    await world.admit("one", overlap=Overlap.QUEUE)
    await world.pass_time(120)
    (waiting,) = [run for run in await world.runs() if run.state is RunState.QUEUED and run.attempts == 0]
    await world.runner.pause(waiting.id)

    (done,) = await reset(world, overdue_only=True)

    assert [(slot.run.id, slot.kept) for slot in done.kept] == [(waiting.id, "is paused")]
    assert not done.changes
    assert done.given_up == ()
    await world.stop()


@in_event_loop
async def test_a_store_that_fails_is_tried_again_and_nothing_begins_meanwhile() -> None:
    world = World(max_concurrent=1)
    await world.start()
    await world.admit("one", overlap=Overlap.QUEUE)
    await world.pass_time(125)
    world.store.failing = {"give_up"}
    asked = asyncio.ensure_future(resetter(world).reset(None, overdue_only=False, dry_run=False))
    await world.pass_time(3)
    world.executor.finish()
    await world.pass_time(3)
    assert not asked.done()
    world.store.failing, world.store.lying = set(), {"give_up"}

    await world.pass_time(5)

    assert len((await asked)[0].given_up) == 1
    assert len(world.executor.launched) == 1
    assert await world.states() == [RunState.SUCCEEDED, RunState.MISSED]
    assert await world.store.open_runs() == []
    await world.stop()


# --- whatever happens -------------------------------------------------------------------------------------


@pytest.mark.slow
@settings(max_examples=30, phases=[Phase.generate])
@given(
    missed=st.sampled_from(MissedPolicy),
    history=st.lists(
        st.tuples(
            st.sampled_from(["run", "down", "reset", "reset-while-down", "suspend", "fail", "back"]),
            st.integers(1, 300),
        ),
        min_size=2,
        max_size=8,
    ),
)
def test_every_instant_has_one_outcome_and_after_a_reset_nothing_is_overdue(
    missed: MissedPolicy, history: list[tuple[str, int]]
) -> None:
    @in_event_loop
    async def scenario() -> None:
        world = World(policy=MisfirePolicy(missed=missed, window=timedelta(hours=1)))
        world.executor.automatic = True
        await world.start()
        await world.admit()
        latest = NOON
        for event, seconds in history:
            match event:
                case "down" | "reset-while-down":
                    await world.stop()
                    await world.clock.advance(seconds)
                    if event == "reset-while-down":
                        await reset(world)
                        await nothing_is_overdue(world)
                    await world.restart()
                    await world.clock.settle()
                case "reset":
                    await reset(world)
                    await nothing_is_overdue(world)
                case "suspend":
                    world.clock.suspend(seconds)
                case "fail":
                    world.store.failing = {"claim", "begin", "finish"}
                    await world.pass_time(seconds)
                    world.store.failing = set()
                case "back":
                    world.clock.step(-timedelta(seconds=seconds))
                case _:
                    await world.pass_time(seconds)
            latest = max(latest, world.clock.now())
        await world.pass_time((latest - world.clock.now()).total_seconds() + 400)
        await world.stop()

        seen = await covered(world)
        # Of a clock that was set back, a reset takes the instants to come again, were they never on record.
        first = min(seen[0], NOON + timedelta(minutes=1))
        due = int((seen[-1] - first) / timedelta(minutes=1))
        assert seen == [first + timedelta(minutes=number) for number in range(due + 1)]

    scenario()


async def nothing_is_overdue(world: World) -> None:
    """Check that no job owes a slot that has passed, and no slot waits."""
    now = world.clock.now()
    assert all(job.next_run is None or job.next_run > now for job in await world.store.jobs())
    assert not world.runner.slots.waiting()


# --- what is over -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("zone", ["America/New_York", "Asia/Tokyo"])
@in_event_loop
async def test_what_has_had_its_last_slot_stays_over_in_another_time_zone(zone: str) -> None:
    world = World()
    world.executor.automatic = True
    await world.start()
    await world.admit("single", jobs=(a_job_declaration(trigger="once at 2026-03-01 12:01"),))
    await world.admit("bounded", jobs=(a_job_declaration(trigger="every minute until 2026-03-01 12:02"),))
    await world.pass_time(180)
    before = await world.runs()
    await world.stop()

    world.zone = ZoneInfo(zone)
    await world.restart()
    dry = await reset(world, dry_run=True)
    done = await reset(world)
    await world.pass_time(60)

    assert [each.changes for each in (*dry, *done)] == [False] * 4
    assert [run.id for run in await world.runs()] == [run.id for run in before]
    assert world.timetable.next_due() is None
    schedules = ScheduleOverview(
        catalogue=world.store, history=world.store, clock=world.clock, zone=world.zone, misfire=MisfirePolicy
    )
    told = {job["task"]: (job["state"], job["next_run"], job["ended_at"]) for job in await schedules.jobs()}
    assert told == {
        "single": ("ended", None, "2026-03-01T12:01:00Z"),
        "bounded": ("ended", None, "2026-03-01T12:02:00Z"),
    }
    overview = Overview(catalogue=world.store, history=world.store, clock=world.clock, zone=world.zone)
    assert {task["id"]: task["jobs"][0]["ended_at"] for task in await overview.tasks()} == {
        name: ended for name, (_, _, ended) in told.items()
    }
    await world.stop()


@in_event_loop
async def test_a_reset_brings_back_what_was_over_by_a_clock_that_was_wrong() -> None:
    world = World()
    world.clock.step(timedelta(days=1_460))
    await world.start()
    await world.admit(jobs=[a_job_declaration(trigger="every 1 hours until 2027-01-01")])
    await world.pass_time(5)
    world.clock.step(timedelta(days=-1_460))
    await world.pass_time(5)
    (before,) = world.timetable.all()

    await reset(world)

    (after,) = world.timetable.all()
    assert (before.job.next_run, after.job.next_run) == (None, NOON + timedelta(hours=1))
    await world.stop()
