"""What becomes of a run that arrives while another of its job is at work, by each policy."""

from __future__ import annotations

import asyncio

import pytest

from task_scheduler.core.outcomes import Missed as missed  # noqa: N813 - an outcome, beside the policy of that name
from task_scheduler.core.policies import MOST_QUEUED, MisfirePolicy
from task_scheduler.core.runs import RunState
from task_scheduler.core.tasks import Missed, Overlap
from task_scheduler.services.recording import ENDS_GATHERED
from task_scheduler.testing.builders import a_job_declaration
from task_scheduler.testing.loops import in_event_loop
from tests.unit.services.world import World


async def _states(world: World) -> dict[int, tuple[RunState, str]]:
    return {run.id: (run.state, run.reason) for run in await world.runs()}


def _launched(world: World) -> list[int]:
    return [request.id.run_id for request in world.executor.launched]


# --- queue ------------------------------------------------------------------------------------------------


@in_event_loop
async def test_queued_slots_run_one_after_the_other_in_order() -> None:
    world = World()
    async with world.running():
        await world.admit(overlap=Overlap.QUEUE)
        await world.pass_time(180)
        assert _launched(world) == [1]

        for expected in ([1, 2], [1, 2, 3]):
            world.executor.finish()
            await world.pass_time(0.1)
            assert _launched(world) == expected

        assert [run.attempts for run in await world.runs()] == [1, 1, 1]


@in_event_loop
async def test_a_queue_waits_for_the_retries_of_the_run_before() -> None:
    world = World()
    async with world.running():
        await world.admit(jobs=[], overlap=Overlap.QUEUE, retry_count=1, retry_delay=30)
        await world.runner.request("report", None, "1")
        await world.runner.request("report", None, "2")

        world.executor.fail()
        await world.pass_time(29)
        before = _launched(world)
        await world.pass_time(2)
        between = _launched(world)
        world.executor.fail()
        await world.pass_time(0.1)

        assert (before, between, _launched(world)) == ([1], [1, 1], [1, 1, 2])


@in_event_loop
async def test_the_next_of_a_queue_starts_while_the_end_of_the_one_before_is_being_recorded() -> None:
    world = World()
    async with world.running():
        await world.admit(jobs=[], overlap=Overlap.QUEUE)
        await world.runner.request("report", None, "1")
        await world.runner.request("report", None, "2")
        world.store.failing = {"finish"}

        world.executor.finish()
        await world.pass_time(0.1)

        assert _launched(world) == [1, 2]
        world.store.failing = set()


@in_event_loop
async def test_a_full_queue_skips_what_comes_and_says_so() -> None:
    world = World()
    async with world.running():
        await world.admit(jobs=[], overlap=Overlap.QUEUE)
        for number in range(MOST_QUEUED + 1):
            await world.runner.request("report", None, str(number))
        last = await world.runner.request("report", None, "last")

        assert (last.state, last.reason) == (RunState.SKIPPED, "overlap: 100 runs of it wait already")
        world.executor.automatic = True
        world.executor.finish()
        await world.pass_time(20)
        assert _launched(world) == list(range(1, MOST_QUEUED + 2))


@in_event_loop
async def test_a_queue_keeps_its_order_over_a_crash() -> None:
    world = World()
    await world.start()
    await world.admit(jobs=[], overlap=Overlap.QUEUE)
    for number in range(4):
        await world.runner.request("report", None, str(number))
    world.executor.begin()

    await world.restart_after_crash()
    for _ in range(4):
        world.executor.finish()
        await world.pass_time(0.1)

    assert _launched(world) == [1, 2, 3, 4]
    assert await world.states() == [RunState.SUCCEEDED] * 4
    await world.stop()


@in_event_loop
async def test_a_queue_of_another_job_on_the_same_function_goes_its_own_way() -> None:
    world = World()
    jobs = [
        a_job_declaration(trigger="every 1 minutes", arguments="(('a',), {})"),
        a_job_declaration(trigger="every 1 minutes", arguments="(('b',), {})"),
    ]
    async with world.running():
        await world.admit(jobs=jobs, overlap=Overlap.QUEUE)
        await world.pass_time(120)

        world.executor.finish(world.executor.waiting[1])
        await world.pass_time(0.1)

        assert [world.executor.launched[-1].arguments, len(world.executor.launched)] == ["(('b',), {})", 3]


@in_event_loop
async def test_those_that_wait_for_one_of_their_row_take_no_turn_from_another_function_of_their_task() -> None:
    world = World(max_concurrent=2)
    later = "every day at 18:00"
    functions = [a_job_declaration(function=name, trigger=later) for name in ("slow", "quick")]
    async with world.running():
        await world.admit(jobs=functions, overlap=Overlap.QUEUE)
        await world.admit("other", jobs=[], overlap=Overlap.PARALLEL)
        for number in range(8):
            await world.runner.request("report", "slow", f"slow {number}")
        await world.runner.request("other", None, "other 0")
        await world.pass_time(2)
        quick = await world.runner.request("report", "quick", "quick")
        await world.pass_time(1)
        for number in range(1, 5):
            await world.runner.request("other", None, f"other {number}")
        assert _launched(world) == [1, 9]

        world.executor.finish(world.executor.waiting[1])
        await world.pass_time(0.1)

        assert _launched(world) == [1, 9, quick.id]


# --- queue one --------------------------------------------------------------------------------------------


@in_event_loop
async def test_of_a_queue_of_one_only_the_first_waits() -> None:
    world = World()
    async with world.running():
        await world.admit(overlap=Overlap.QUEUE_ONE)
        await world.pass_time(180)

        world.executor.finish()
        await world.pass_time(0.1)

        assert _launched(world) == [1, 2]
        assert (await _states(world))[3] == (RunState.SKIPPED, "overlap: run 2 of it waits already")


# --- parallel ---------------------------------------------------------------------------------------------


@in_event_loop
async def test_parallel_runs_start_beside_each_other_and_beside_another_version() -> None:
    world = World()
    async with world.running():
        await world.admit(overlap=Overlap.PARALLEL)
        await world.pass_time(60)
        await world.pass_time(60)
        newer = await world.admit(source=b"2", overlap=Overlap.PARALLEL)
        await world.runner.request("report", None, "r")
        await world.clock.settle()

        assert _launched(world) == [1, 2, 3]
        assert world.executor.launched[2].digest == newer.version.digest


@in_event_loop
async def test_a_parallel_slot_is_claimed_ahead_beside_the_run_at_work() -> None:
    world = World()
    async with world.running():
        await world.admit(overlap=Overlap.PARALLEL)
        await world.pass_time(119.7)

        assert [run.attempts for run in await world.runs()] == [1, 1]


# --- replace ----------------------------------------------------------------------------------------------


@in_event_loop
async def test_a_run_replaces_the_one_at_work_and_starts_once_that_has_ended() -> None:
    world = World()
    world.executor.stubborn = True
    async with world.running():
        await world.admit(overlap=Overlap.REPLACE, retry_count=3)
        await world.pass_time(60)
        old = world.executor.begin()

        await world.pass_time(60)
        before = _launched(world)
        world.executor.obey(old)
        await world.pass_time(ENDS_GATHERED)

        assert world.executor.terminated == [(old, "replaced by run 2")]
        assert (before, _launched(world)) == ([1], [1, 2])
        assert (await _states(world))[1] == (RunState.CANCELLED, "replaced by run 2")


@in_event_loop
async def test_of_several_that_replace_one_another_only_the_newest_waits() -> None:
    world = World()
    world.executor.stubborn = True
    async with world.running():
        await world.admit(jobs=[], overlap=Overlap.REPLACE)
        await world.runner.request("report", None, "1")
        old = world.executor.begin()

        for number in (2, 3, 4):
            await world.runner.request("report", None, str(number))
        world.executor.obey(old)
        await world.pass_time(1)

        states = await _states(world)
        assert _launched(world) == [1, 4]
        assert world.executor.terminated == [(old, "replaced by run 2")]
        assert states[2] == (RunState.SKIPPED, "replaced by run 3")
        assert states[3] == (RunState.SKIPPED, "replaced by run 4")


@in_event_loop
async def test_a_waiting_retry_is_replaced_at_once() -> None:
    world = World()
    async with world.running():
        await world.admit(jobs=[], overlap=Overlap.REPLACE, retry_count=1, retry_delay=300)
        await world.runner.request("report", None, "1")
        world.executor.fail()
        await world.pass_time(1)

        await world.runner.request("report", None, "2")
        await world.pass_time(0)

        assert _launched(world) == [1, 2]
        assert (await _states(world))[1] == (RunState.CANCELLED, "replaced by run 2")


@in_event_loop
async def test_a_run_whose_attempt_is_being_put_on_record_is_replaced_before_it_starts() -> None:
    world = World()
    async with world.running():
        await world.admit(jobs=[], overlap=Overlap.REPLACE)
        world.store.gates["begin"] = asyncio.Event()
        await world.runner.request("report", None, "1")
        await world.clock.settle()

        await world.runner.request("report", None, "2")
        await world.clock.settle()
        world.store.gates.pop("begin").set()
        await world.pass_time(0.1)

        assert _launched(world) == [2]
        assert (await _states(world))[1] == (RunState.CANCELLED, "replaced by run 2")


@in_event_loop
async def test_a_replacement_that_was_asked_for_before_a_crash_is_made_after_it() -> None:
    world = World()
    await world.start()
    await world.admit(jobs=[], overlap=Overlap.REPLACE)
    world.executor.stubborn = True
    await world.runner.request("report", None, "1")
    old = world.executor.begin()
    await world.runner.request("report", None, "2")
    await world.crash()
    world.executor.terminated.clear()

    await world.restart()
    world.executor.obey(old)
    await world.pass_time(1)

    assert world.executor.terminated == [(old, "replaced by run 2")]
    assert _launched(world) == [1, 2]
    await world.stop()


# --- all of them ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("overlap", Overlap)
def test_a_policy_that_changes_lets_go_whom_the_new_one_does_not_keep(overlap: Overlap) -> None:
    @in_event_loop
    async def scenario() -> None:
        world = World()
        async with world.running():
            await world.admit(jobs=[], overlap=Overlap.PARALLEL, source=b"1", retry_count=1, retry_delay=10)
            for number in range(3):
                await world.runner.request("report", None, str(number))
            await world.clock.settle()
            for _ in range(3):
                world.executor.fail(world.executor.waiting[0])
            await world.pass_time(1)

            await world.admit(jobs=[], overlap=overlap, source=b"2", retry_count=1, retry_delay=10)
            for _ in range(4):
                await world.pass_time(10)
                assert len(world.executor.waiting) <= (3 if overlap is Overlap.PARALLEL else 1)
                while world.executor.waiting:
                    world.executor.finish()

            await world.pass_time(1)
            assert await world.states() == [RunState.SUCCEEDED] * 3

    scenario()


@pytest.mark.parametrize("overlap", [Overlap.SKIP, Overlap.QUEUE, Overlap.QUEUE_ONE, Overlap.PARALLEL])
def test_slots_that_are_made_up_for_come_one_after_the_other_by_any_policy(overlap: Overlap) -> None:
    @in_event_loop
    async def scenario() -> None:
        world = World(policy=MisfirePolicy(missed=Missed.ALL))
        await world.start()
        await world.admit(overlap=overlap)
        await world.stop()
        world.clock.suspend(3 * 60 + 30)

        await world.restart()
        for expected in (1, 2, 3):
            await world.pass_time(1)
            assert len(world.executor.launched) == expected
            world.executor.finish()
        await world.pass_time(1)

        assert await world.states() == [RunState.SUCCEEDED] * 3
        await world.stop()

    scenario()


@in_event_loop
async def test_a_slot_that_is_dropped_leaves_its_queue_alone() -> None:
    world = World()
    async with world.running():
        await world.admit(overlap=Overlap.QUEUE)
        await world.pass_time(119.7)

        world.runner.drop([2], missed("the clock was corrected"))
        await world.pass_time(61)
        world.executor.finish()
        await world.pass_time(0.1)

        assert _launched(world) == [1, 3]
        assert (await _states(world))[2] == (RunState.MISSED, "the clock was corrected")
