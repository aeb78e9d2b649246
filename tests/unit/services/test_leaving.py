"""How a runner leaves: nothing more is started, what executes is followed or ended, and every end is on record."""

from __future__ import annotations

import asyncio

import pytest

from task_scheduler.core.errors import Refused
from task_scheduler.core.runs import AttemptState, RunState
from task_scheduler.services.recording import ENDS_GATHERED
from task_scheduler.testing.loops import in_event_loop
from tests.unit.services.world import World


@in_event_loop
async def test_behind_a_closed_door_nothing_starts_and_everything_that_waits_stays_on_record() -> None:
    world = World(max_concurrent=2)
    async with world.running():
        await world.admit("clock")
        for name in ("running", "failing", "waiting"):
            await world.admit(name, jobs=[], retry_count=1, retry_delay=5)
            await world.runner.request(name, None, name)
        await world.pass_time(59.7)

        world.runner.close_door()
        world.executor.fail(world.executor.waiting[1])
        await world.pass_time(100)
        with pytest.raises(Refused, match="stopping"):
            await world.runner.request("running", None, "more")

        assert [request.task_id for request in world.executor.launched] == ["running", "failing"]
        states = {run.task_id: run.state for run in await world.runs() if run.id <= 4}
        assert states == {
            "running": RunState.QUEUED,
            "failing": RunState.RETRYING,
            "waiting": RunState.QUEUED,
            "clock": RunState.QUEUED,
        }

    world.executor.automatic = True
    world.executor.finish()
    await world.restart()
    await world.pass_time(10)
    assert {run.state for run in await world.runs() if run.kind == "manual"} == {RunState.SUCCEEDED}
    await world.stop()


@in_event_loop
async def test_an_attempt_that_is_put_on_record_while_the_door_closes_is_left_to_the_next_scheduler() -> None:
    world = World()
    async with world.running():
        await world.admit(jobs=[])
        world.store.gates["begin"] = asyncio.Event()
        await world.runner.request("report", None, "r")

        world.runner.close_door()
        world.store.gates.pop("begin").set()
        await asyncio.wait_for(world.runner.drained(), 1)

        assert world.executor.launched == []
        assert world.runner.counts() == {"running": 0, "queued": 1, "retrying": 0}

    await world.restart()
    await world.clock.settle()
    assert len(world.executor.launched) == 1
    assert [attempt.state for attempt in await world.store.attempts(1)] == [AttemptState.VOID, AttemptState.CLAIMED]
    await world.stop()


@in_event_loop
async def test_it_is_drained_when_the_last_end_is_on_record() -> None:
    world = World()
    async with world.running():
        for name in ("a", "b"):
            await world.admit(name, jobs=[])
            await world.runner.request(name, None, name)
        world.runner.close_door()
        world.store.gates["finish"] = asyncio.Event()
        drained = asyncio.create_task(world.runner.drained())

        world.executor.finish()
        await world.pass_time(1)
        world.executor.finish()
        await world.pass_time(1)
        before = drained.done()
        world.store.gates.pop("finish").set()
        await world.pass_time(ENDS_GATHERED)

        assert (before, drained.done()) == (False, True)
        assert await world.states() == [RunState.SUCCEEDED] * 2


@in_event_loop
async def test_what_does_nothing_is_drained_at_once() -> None:
    world = World()
    async with world.running():
        await asyncio.wait_for(world.runner.drained(), 1)


@in_event_loop
async def test_all_executions_are_ended_and_what_waits_is_not() -> None:
    world = World(max_concurrent=2)
    async with world.running():
        for name in ("running", "launched", "waiting"):
            await world.admit(name, jobs=[], retry_count=3)
            await world.runner.request(name, None, name)
        world.executor.begin()
        world.runner.close_door()

        ending = asyncio.create_task(world.runner.end_all("the scheduler ends", grace=1.0))
        await world.clock.settle()
        before = ending.done()
        world.executor.refuse()
        await world.pass_time(ENDS_GATHERED)
        await asyncio.wait_for(ending, 1)

        runs = {run.task_id: (run.state, run.reason) for run in await world.runs()}
        assert before is False
        assert world.executor.graces == [1.0, 1.0]
        assert runs["running"] == runs["launched"] == (RunState.CANCELLED, "the scheduler ends")
        assert runs["waiting"] == (RunState.QUEUED, "")


@in_event_loop
async def test_a_second_order_to_end_all_hurries() -> None:
    world = World()
    world.executor.stubborn = True
    async with world.running():
        await world.admit(jobs=[])
        await world.runner.request("report", None, "r")
        attempt = world.executor.begin()
        world.runner.close_door()

        endings = [asyncio.create_task(world.runner.end_all("it ends", grace=grace)) for grace in (5.0, 0.0)]
        await world.clock.settle()
        world.executor.obey(attempt)
        await asyncio.wait_for(asyncio.gather(*endings), 1)

        assert world.executor.graces == [5.0, 0.0]
        assert len(world.told("run.stopping")) == 1
