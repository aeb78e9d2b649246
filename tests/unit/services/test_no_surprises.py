"""Enabling, restoring and changing a schedule plan from now: nothing that was not owed is made up for."""

from __future__ import annotations

from datetime import timedelta

import pytest

from task_scheduler.core.runs import RunState
from task_scheduler.core.tasks import JobDeclaration, Missed
from task_scheduler.testing.clock import NOON
from task_scheduler.testing.fakes import a_reading
from task_scheduler.testing.loops import in_event_loop
from tests.unit.services.test_catalog import BROKEN, quiet
from tests.unit.services.world import World

HOURLY = JobDeclaration(function="start", trigger="every 1 hours")
HALF_PAST = JobDeclaration(function="start", trigger="every 1 hours at :30")


async def _a_task_that_has_run(world: World) -> None:
    world.executor.automatic = True
    world.folder.write("report", a_reading(jobs=(HOURLY,)), text="first")
    await quiet(world)
    await world.pass_time(3_600)


def _slots(world: World) -> list[float]:
    """Return the hours after NOON of all slots that began."""
    return [
        (request.scheduled_for - NOON) / timedelta(hours=1)
        for request in world.executor.launched
        if request.scheduled_for is not None
    ]


@pytest.mark.parametrize("missed", Missed)
def test_a_task_that_is_enabled_again_owes_nothing_of_the_time_between(missed: Missed) -> None:
    @in_event_loop
    async def scenario() -> None:
        world = World(loop_interval=600)
        async with world.running(catalog=True):
            await _a_task_that_has_run(world)
            world.folder.write("report", a_reading(jobs=(HOURLY,), enabled=False, missed=missed), text="off")
            await quiet(world)
            await world.pass_time(5 * 3_600 + 600)

            world.folder.write("report", a_reading(jobs=(HOURLY,), missed=missed), text="on")
            await quiet(world)
            at_once = _slots(world)
            await world.pass_time(3_600)

            assert at_once == [1.0]
            assert _slots(world) == [1.0, 7.0]
            jobs = {run.job_id for run in await world.runs()}
            assert len(jobs) == 1, "its history is that of the same job"

    scenario()


@pytest.mark.parametrize("missed", Missed)
def test_another_trigger_is_planned_from_now_and_the_history_stays(missed: Missed) -> None:
    @in_event_loop
    async def scenario() -> None:
        world = World(loop_interval=600)
        async with world.running(catalog=True):
            await _a_task_that_has_run(world)
            await world.pass_time(2_400)

            world.folder.write("report", a_reading(jobs=(HALF_PAST,), missed=missed), text="second")
            await quiet(world)
            at_once = _slots(world)
            await world.pass_time(3_600)

            assert at_once == [1.0]
            assert _slots(world) == [1.0, 2.5]
            assert [run.state for run in await world.runs()] == [RunState.SUCCEEDED] * 2

    scenario()


@in_event_loop
async def test_a_trigger_that_comes_back_owes_nothing_of_the_time_between() -> None:
    world = World(loop_interval=600)
    async with world.running(catalog=True):
        await _a_task_that_has_run(world)
        for text, job in (("second", HALF_PAST), ("first", HOURLY)):
            world.folder.write("report", a_reading(jobs=(job,)), text=text)
            await quiet(world)
            await world.pass_time(2 * 3_600 + 60)

        assert _slots(world) == [1.0, 1.5, 2.5, 4.0, 5.0]


@in_event_loop
async def test_what_was_edited_while_no_scheduler_was_there_is_planned_from_now() -> None:
    world = World(loop_interval=600)
    await world.start(catalog=True)
    await _a_task_that_has_run(world)
    await world.stop()
    world.folder.write("report", a_reading(jobs=(HALF_PAST,)), text="second")
    await world.clock.advance(4 * 3_600)

    world._compose()
    await world.catalog.load()
    await world.executor.start(world.runner.on_report)
    await world.runner.start()
    await world.catalog.start()
    await quiet(world)
    await world.rescuer.settle()
    await world.scheduler.start()
    await world.pass_time(1)
    at_once = _slots(world)
    await world.pass_time(3_600)

    assert at_once == [1.0]
    assert _slots(world) == [1.0, 5.5]
    [missed] = [run for run in await world.runs() if run.state is RunState.MISSED]
    assert (missed.count, missed.scheduled_for, missed.range_end) == (
        4,
        NOON + timedelta(hours=2),
        NOON + timedelta(hours=5),
    )
    assert missed.reason == "its schedule was changed, disabled or deleted before they could run"
    await world.stop()


@in_event_loop
async def test_what_a_schedule_owed_that_was_changed_is_on_record_also_when_the_record_failed_first() -> None:
    world = World(loop_interval=600)
    async with world.running():
        await world.admit(jobs=[HOURLY])
        world.store.failing = {"claim"}
        await world.pass_time(2 * 3_600)
        await world.retire()
        await world.pass_time(60)
        before = await world.states()

        world.store.failing = set()
        await world.pass_time(60)

        assert before == []
        [missed] = await world.runs()
        assert (missed.state, missed.count) == (RunState.MISSED, 2)
        assert world.told("store.recovered")


@in_event_loop
async def test_a_folder_that_can_be_read_again_starts_nothing_by_itself() -> None:
    world = World(loop_interval=600)
    async with world.running(catalog=True):
        await _a_task_that_has_run(world)
        world.folder.suspend("tasks/ is gone")
        await quiet(world)
        await world.pass_time(5 * 3_600 + 600)

        world.folder.look()
        await quiet(world)
        await world.pass_time(60)
        at_once = _slots(world)
        await world.pass_time(3_600)

        assert at_once == [1.0]
        assert _slots(world) == [1.0, 7.0]
        skipped = [run for run in await world.runs() if run.state is RunState.SKIPPED]
        assert len(skipped) == 5
        assert {run.reason for run in skipped} == {"its task is suspended: tasks/ is gone"}


@in_event_loop
async def test_a_file_that_is_mended_goes_on_as_if_nothing_had_been() -> None:
    world = World(loop_interval=600)
    async with world.running(catalog=True):
        await _a_task_that_has_run(world)
        world.folder.write("report", BROKEN, text="broken")
        await quiet(world)
        await world.pass_time(3_600)
        world.folder.write("report", a_reading(jobs=(HOURLY,)), text="mended")
        await quiet(world)
        await world.pass_time(3_600)

        assert _slots(world) == [1.0, 2.0, 3.0]


@in_event_loop
async def test_a_run_that_is_resumed_is_the_only_one_that_begins() -> None:
    world = World(loop_interval=600)
    async with world.running(catalog=True):
        world.folder.write("report", a_reading(jobs=(HOURLY,)), text="first")
        await quiet(world)
        await world.pass_time(3_600)
        run = await world.the_run()
        world.executor.begin()
        world.executor.confirming = True
        await world.runner.pause(run.id)
        await world.pass_time(5 * 3_600)

        await world.runner.unpause(run.id)
        await world.pass_time(60)

        assert _slots(world) == [1.0]
        assert {run.state for run in await world.runs()} == {RunState.RUNNING, RunState.SKIPPED}
