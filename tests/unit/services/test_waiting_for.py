"""What a run that has not begun waits for, in the words a person is told."""

from __future__ import annotations

from task_scheduler.core.tasks import Overlap
from task_scheduler.testing.loops import in_event_loop
from tests.unit.services.world import World


@in_event_loop
async def test_a_run_waits_for_those_before_it_and_says_how_many() -> None:
    world = World()
    async with world.running():
        await world.admit(jobs=[], overlap=Overlap.QUEUE)
        for number in range(1, 4):
            await world.runner.request("report", None, str(number))
        world.executor.begin()
        await world.pass_time(0.1)

        waits = [world.runner.waits_for(number) for number in (1, 2, 3, 99)]
        await world.runner.pause(2)

        assert waits == [None, "run 1", "run 1 and 1 more of its task", None]
        assert world.runner.waits_for(2) is None


@in_event_loop
async def test_a_run_waits_for_a_place_and_then_for_nobody() -> None:
    world = World(max_concurrent=1)
    async with world.running():
        await world.admit("one", jobs=[])
        await world.admit("two", jobs=[])
        await world.runner.request("one", None, "1")
        await world.runner.request("two", None, "2")
        await world.pass_time(0.1)

        before = world.runner.waits_for(2)
        world.executor.finish()
        await world.pass_time(0.1)

        assert (before, world.runner.waits_for(2)) == ("a place", None)


@in_event_loop
async def test_a_run_waits_for_its_environment_that_is_gone() -> None:
    world = World()
    async with world.running():
        await world.admit(jobs=[])
        world.environments.built.clear()
        world.environments.may_build.clear()
        await world.runner.request("report", None, "1")
        await world.pass_time(0.1)

        assert world.runner.waits_for(1) == "its environment"


@in_event_loop
async def test_nothing_is_started_by_a_scheduler_that_ends() -> None:
    world = World(max_concurrent=1)
    async with world.running():
        await world.admit(jobs=[], overlap=Overlap.QUEUE)
        for number in range(1, 3):
            await world.runner.request("report", None, str(number))
        await world.pass_time(0.1)
        world.runner.close_door()

        assert world.runner.waits_for(2) == "leave to start: nothing of its task is started at present"
