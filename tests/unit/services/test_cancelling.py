"""Cancelling a run in whatever it is doing: the wish is never lost, and nothing of the run starts afterwards."""

from __future__ import annotations

import asyncio

import pytest

from task_scheduler.core.errors import Refused, UnknownRun
from task_scheduler.core.runs import AttemptExit, AttemptId, AttemptState, EndKind, EndRequest, Run, RunState
from task_scheduler.services.recording import ENDS_GATHERED
from task_scheduler.testing.loops import in_event_loop
from tests.unit.services.world import World

WHY = "asked for at the command line"
FIRST = AttemptId(run_id=1, number=1)


async def _cancelled_for_good(world: World, *, launched: int) -> None:
    """Check that run 1 is cancelled, holds nothing, and that nothing of it starts, however long one waits."""
    await world.pass_time(1_000)
    run = (await world.runs())[0]
    assert (run.state, run.reason) == (RunState.CANCELLED, WHY)
    assert len(world.executor.launched) == launched
    assert world.runner.counts() == {"running": 0, "queued": 0, "retrying": 0}
    assert world.told("service.failed") == []
    assert len(world.told("run.cancelled")) == 1


async def _ask(world: World, run_id: int = 1) -> asyncio.Task[Run]:
    caller = asyncio.create_task(world.runner.cancel(run_id, WHY))
    await world.clock.settle()
    return caller


# --- executing --------------------------------------------------------------------------------------------


@in_event_loop
async def test_a_running_run_is_returned_still_running_and_ends_with_its_reason() -> None:
    world = World()
    world.executor.stubborn = True
    async with world.running():
        await world.admit(jobs=[], retry_count=3)
        await world.runner.request("report", None, "r")
        world.executor.begin()

        run = await world.runner.cancel(1, WHY, grace=2.5)

        assert run.state is RunState.RUNNING
        assert (world.executor.terminated, world.executor.graces) == ([(FIRST, WHY)], [2.5])
        assert world.told("run.stopping") == [f"report run 1 is being ended: {WHY}"]
        world.executor.obey(FIRST)
        await _cancelled_for_good(world, launched=1)


@in_event_loop
async def test_a_second_cancel_of_a_running_run_changes_its_grace_and_not_its_reason() -> None:
    world = World()
    world.executor.stubborn = True
    async with world.running():
        await world.admit(jobs=[])
        await world.runner.request("report", None, "r")
        world.executor.begin()

        await world.runner.cancel(1, WHY)
        await world.runner.cancel(1, "in a hurry", grace=0.0)

        assert world.executor.terminated == [(FIRST, WHY), (FIRST, WHY)]
        assert world.executor.graces == [None, 0.0]
        world.executor.obey(FIRST)
        await _cancelled_for_good(world, launched=1)


@in_event_loop
async def test_a_launched_attempt_that_then_proves_not_to_have_begun_is_not_begun_anew() -> None:
    world = World()
    async with world.running():
        await world.admit(jobs=[])
        await world.runner.request("report", None, "r")

        run = await world.runner.cancel(1, WHY)
        world.executor.refuse()

        assert run.state is RunState.QUEUED
        await _cancelled_for_good(world, launched=1)
        assert [attempt.state for attempt in await world.store.attempts(1)] == [AttemptState.VOID]


@pytest.mark.parametrize(
    ("exit_", "state"),
    [
        (AttemptExit(exit_code=0), RunState.SUCCEEDED),
        (AttemptExit(exit_code=1), RunState.FAILED),
        (AttemptExit(), RunState.INTERRUPTED),
        (AttemptExit(exit_code=0, end_request=EndRequest(kind=EndKind.SKIP)), RunState.SKIPPED),
        (AttemptExit(exit_code=0, end_request=EndRequest(kind=EndKind.SNOOZE, seconds=5.0)), RunState.CANCELLED),
    ],
)
def test_an_attempt_that_ends_by_itself_first_counts_as_it_ended_and_no_other_follows(
    exit_: AttemptExit, state: RunState
) -> None:
    @in_event_loop
    async def scenario() -> None:
        world = World()
        world.executor.stubborn = True
        async with world.running():
            await world.admit(jobs=[], retry_count=3)
            await world.runner.request("report", None, "r")
            world.executor.begin()
            await world.runner.cancel(1, WHY)

            world.executor.finish(FIRST, exit_)
            await world.pass_time(1_000)

            assert (await world.the_run()).state is state
            assert len(world.executor.launched) == 1

    scenario()


# --- waiting ----------------------------------------------------------------------------------------------


@in_event_loop
async def test_a_slot_claimed_ahead_of_its_instant_is_ended_at_once() -> None:
    world = World()
    async with world.running():
        await world.admit()
        await world.pass_time(59.7)

        run = await world.runner.cancel(1, WHY)
        await world.pass_time(1)

        assert (run.state, run.reason) == (RunState.CANCELLED, WHY)
        assert [attempt.state for attempt in await world.store.attempts(1)] == [AttemptState.VOID]
        assert world.executor.launched == []


@in_event_loop
async def test_a_run_in_the_line_for_a_place_is_ended_at_once() -> None:
    world = World(max_concurrent=1)
    async with world.running():
        for name in ("report", "other", "third"):
            await world.admit(name, jobs=[])
        await world.runner.request("other", None, "o")
        await world.runner.request("report", None, "r")
        await world.runner.request("third", None, "t")

        run = await world.runner.cancel(2, WHY)
        world.executor.finish()
        await world.pass_time(1)

        assert run.state is RunState.CANCELLED
        assert [request.task_id for request in world.executor.launched] == ["other", "third"]
        assert world.told("run.cancelled") == [f"report run 2 cancelled: {WHY}"]


@in_event_loop
async def test_a_run_that_waits_for_another_of_its_job_is_ended_at_once() -> None:
    world = World()
    async with world.running():
        await world.admit(jobs=[], overlap="queue")
        await world.runner.request("report", None, "1")
        await world.runner.request("report", None, "2")

        run = await world.runner.cancel(2, WHY)
        world.executor.finish()
        await world.pass_time(1)

        assert run.state is RunState.CANCELLED
        assert len(world.executor.launched) == 1


@in_event_loop
async def test_a_waiting_retry_is_ended_at_once() -> None:
    world = World()
    async with world.running():
        await world.admit(jobs=[], retry_count=1, retry_delay=300)
        await world.runner.request("report", None, "r")
        world.executor.fail()
        await world.pass_time(1)

        run = await world.runner.cancel(1, WHY)

        assert (run.state, run.ended_at) == (RunState.CANCELLED, world.clock.now())
        await _cancelled_for_good(world, launched=1)


@in_event_loop
async def test_a_run_that_waits_for_its_environment_is_ended_at_once() -> None:
    world = World()
    async with world.running():
        await world.admit(jobs=[], built=False)
        world.environments.may_build.clear()
        await world.runner.request("report", None, "r")
        await world.pass_time(1)

        run = await world.runner.cancel(1, WHY)
        world.environments.may_build.set()

        assert run.state is RunState.CANCELLED
        await _cancelled_for_good(world, launched=0)


@in_event_loop
async def test_a_run_that_pauses_after_a_start_that_failed_is_ended_at_once() -> None:
    world = World()
    world.executor.broken = True
    async with world.running():
        await world.admit(jobs=[])
        await world.runner.request("report", None, "r")
        await world.pass_time(3)
        launched = len(world.executor.launched)

        run = await world.runner.cancel(1, WHY)

        assert run.state is RunState.CANCELLED
        await _cancelled_for_good(world, launched=launched)


# --- while something of it is being put on record ----------------------------------------------------------


@in_event_loop
async def test_a_run_whose_attempt_is_being_put_on_record_is_not_launched() -> None:
    world = World()
    async with world.running():
        await world.admit(jobs=[])
        world.store.gates["begin"] = asyncio.Event()
        await world.runner.request("report", None, "r")

        caller = await _ask(world)
        assert not caller.done()
        world.store.gates.pop("begin").set()

        assert (await caller).state is RunState.CANCELLED
        await _cancelled_for_good(world, launched=0)
        assert [attempt.state for attempt in await world.store.attempts(1)] == [AttemptState.VOID]


@in_event_loop
async def test_a_run_whose_attempt_of_an_older_version_is_being_voided_is_not_launched() -> None:
    world = World()
    async with world.running():
        await world.admit()
        await world.pass_time(59.7)
        await world.admit(source=b"2")
        world.store.gates["void"] = asyncio.Event()
        await world.pass_time(0.4)

        caller = await _ask(world)
        assert not caller.done()
        world.timetable.set_task("report", ())
        world.store.gates.pop("void").set()

        assert (await caller).state is RunState.CANCELLED
        await _cancelled_for_good(world, launched=0)


@in_event_loop
async def test_a_run_whose_attempt_never_began_is_not_begun_anew_once_that_is_on_record() -> None:
    world = World()
    async with world.running():
        await world.admit(jobs=[])
        await world.runner.request("report", None, "r")
        world.store.gates["void"] = asyncio.Event()
        world.executor.refuse()

        caller = await _ask(world)
        assert not caller.done()
        world.store.gates.pop("void").set()

        assert (await caller).state is RunState.CANCELLED
        await _cancelled_for_good(world, launched=1)


@in_event_loop
async def test_a_run_whose_failed_attempt_is_being_put_on_record_is_not_retried() -> None:
    world = World()
    async with world.running():
        await world.admit(jobs=[], retry_count=1, retry_delay=300)
        await world.runner.request("report", None, "r")
        world.store.gates["finish"] = asyncio.Event()
        world.executor.fail()

        caller = await _ask(world)
        assert not caller.done()
        world.store.gates.pop("finish").set()

        assert (await caller).state is RunState.CANCELLED
        await _cancelled_for_good(world, launched=1)


@in_event_loop
async def test_a_run_whose_last_end_is_being_put_on_record_has_ended_so() -> None:
    world = World()
    async with world.running():
        await world.admit(jobs=[])
        await world.runner.request("report", None, "r")
        world.store.gates["finish"] = asyncio.Event()
        world.executor.finish()

        caller = await _ask(world)
        world.store.gates.pop("finish").set()

        with pytest.raises(Refused, match=r"^run 1 has ended: succeeded$"):
            await caller


@in_event_loop
async def test_two_who_cancel_a_waiting_run_both_see_it_ended() -> None:
    world = World()
    async with world.running():
        await world.admit()
        await world.pass_time(59.7)
        world.store.gates["resolve"] = asyncio.Event()

        callers = [await _ask(world), await _ask(world)]
        world.store.gates.pop("resolve").set()

        assert [(await caller).state for caller in callers] == [RunState.CANCELLED] * 2
        assert len(world.told("run.cancelled")) == 1


@in_event_loop
async def test_an_end_that_was_committed_and_reported_as_failed_is_told_all_the_same() -> None:
    world = World()
    async with world.running():
        await world.admit()
        await world.pass_time(59.7)
        world.store.lying = {"resolve"}

        caller = await _ask(world)
        await world.pass_time(2)

        assert ((await caller).state, (await caller).reason) == (RunState.CANCELLED, WHY)
        assert world.told("run.cancelled") == [f"report run 1 cancelled: {WHY}"]


@in_event_loop
async def test_who_asks_and_goes_away_has_asked_all_the_same() -> None:
    world = World()
    async with world.running():
        await world.admit(jobs=[])
        world.store.gates["begin"] = asyncio.Event()
        await world.runner.request("report", None, "r")

        (await _ask(world)).cancel()
        world.store.gates.pop("begin").set()

        await _cancelled_for_good(world, launched=0)


@in_event_loop
async def test_cancelling_works_while_the_folder_is_suspended_and_after_the_door_is_closed() -> None:
    world = World()
    async with world.running():
        await world.admit("a", jobs=[])
        await world.admit("b", jobs=[])
        world.store.gates["begin"] = asyncio.Event()
        await world.runner.request("a", None, "1")
        await world.runner.request("b", None, "2")
        world.register.suspended = "tasks/ is gone"
        world.runner.close_door()

        callers = [await _ask(world, 1), await _ask(world, 2)]
        world.store.gates.pop("begin").set()

        assert [(await caller).state for caller in callers] == [RunState.CANCELLED] * 2
        assert world.executor.launched == []


# --- what is not here -------------------------------------------------------------------------------------


@in_event_loop
async def test_what_has_just_ended_is_refused_by_its_outcome_and_what_is_not_known_by_its_number() -> None:
    world = World()
    async with world.running():
        await world.admit(jobs=[])
        await world.runner.request("report", None, "r")
        world.executor.finish(FIRST, AttemptExit(exit_code=None, signal=15, stopped_for="timeout"))
        await world.pass_time(ENDS_GATHERED)

        for ask in (world.runner.cancel(1, WHY), world.runner.pause(1), world.runner.unpause(1)):
            with pytest.raises(Refused, match=r"^run 1 has ended: timed out$"):
                await ask
        with pytest.raises(UnknownRun, match="no run 7"):
            await world.runner.cancel(7, WHY)
