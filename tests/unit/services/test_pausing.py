"""Pausing and going on: the record is what is wanted, and the executor is brought to it."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from task_scheduler.core.errors import Refused, StoreError
from task_scheduler.core.policies import MisfirePolicy
from task_scheduler.core.requests import PauseConfirmed
from task_scheduler.core.runs import AttemptId, AttemptNotes, AttemptState, Progress, RunState
from task_scheduler.core.tasks import Missed
from task_scheduler.testing.clock import NOON
from task_scheduler.testing.loops import in_event_loop
from tests.unit.services.world import World

FIRST = AttemptId(run_id=1, number=1)


@in_event_loop
async def test_a_running_run_stands_still_and_goes_on() -> None:
    world = World()
    async with world.running():
        await world.admit(jobs=[])
        await world.runner.request("report", None, "r")
        world.executor.begin()

        paused = await world.runner.pause(1)
        await world.pass_time(10)
        resumed = await world.runner.unpause(1)
        world.executor.finish()
        await world.pass_time(1)

        assert (paused.state, paused.paused_at) == (RunState.RUNNING, NOON)
        assert (resumed.paused_at, resumed.paused_seconds) == (None, 10.0)
        assert world.executor.ordered == [("pause", FIRST), ("resume", FIRST)]
        assert (await world.the_run()).paused_seconds == 10.0
        assert world.told("run.paused") == ["report run 1 paused"]
        assert world.told("run.resumed") == ["report run 1 resumed"]


@in_event_loop
async def test_the_executor_is_told_only_after_the_commit() -> None:
    world = World()
    async with world.running():
        await world.admit(jobs=[])
        await world.runner.request("report", None, "r")
        world.executor.begin()
        world.store.gates["pause"] = asyncio.Event()

        caller = asyncio.create_task(world.runner.pause(1))
        await world.clock.settle()
        before = list(world.executor.ordered)
        world.store.gates.pop("pause").set()
        await caller

        assert (before, world.executor.ordered) == ([], [("pause", FIRST)])


@in_event_loop
async def test_a_pause_the_store_refuses_is_the_callers_error_and_changes_nothing() -> None:
    world = World()
    async with world.running():
        await world.admit(jobs=[])
        await world.runner.request("report", None, "r")
        world.executor.begin()
        world.store.failing = {"pause"}

        with pytest.raises(StoreError):
            await world.runner.pause(1)

        world.store.failing = set()
        assert world.executor.ordered == []


@in_event_loop
async def test_a_confirmation_that_does_not_come_is_waited_for_two_seconds() -> None:
    world = World()
    world.executor.confirming = False
    async with world.running():
        await world.admit(jobs=[])
        await world.runner.request("report", None, "r")
        world.executor.begin()

        caller = asyncio.create_task(world.runner.pause(1))
        await world.pass_time(1.9)
        early = caller.done()
        await world.pass_time(0.2)

        assert (early, caller.done()) == (False, True)
        assert (await caller).paused_at == NOON


@in_event_loop
async def test_what_cannot_be_paused_is_refused_and_stays_as_it_is() -> None:
    world = World()
    world.executor.unpausable.add(FIRST)
    async with world.running():
        await world.admit(jobs=[])
        await world.runner.request("report", None, "r")
        world.executor.begin()

        with pytest.raises(Refused, match="run 1 cannot be paused"):
            await world.runner.pause(1)

        assert (await world.the_run()).paused_at is None
        assert world.executor.ordered == []


@in_event_loop
async def test_a_pause_returns_when_the_attempt_ends_instead() -> None:
    world = World()
    world.executor.confirming = False
    async with world.running():
        await world.admit(jobs=[])
        await world.runner.request("report", None, "r")
        world.executor.begin()

        caller = asyncio.create_task(world.runner.pause(1))
        await world.clock.settle()
        world.executor.finish()
        await world.clock.settle()

        assert (await caller).state is RunState.SUCCEEDED


@in_event_loop
async def test_pausing_twice_is_no_error_and_told_once() -> None:
    world = World()
    async with world.running():
        await world.admit(jobs=[])
        await world.runner.request("report", None, "r")
        world.executor.begin()

        first, second = await world.runner.pause(1), await world.runner.pause(1)
        for _ in range(2):
            await world.runner.unpause(1)

        assert first.paused_at == second.paused_at == NOON
        assert (len(world.told("run.paused")), len(world.told("run.resumed"))) == (1, 1)
        assert world.executor.ordered == [("pause", FIRST), ("resume", FIRST)]


@in_event_loop
async def test_a_paused_run_in_the_line_does_not_start_before_it_goes_on() -> None:
    world = World(max_concurrent=1)
    async with world.running():
        for name in ("busy", "report", "third"):
            await world.admit(name, jobs=[])
            await world.runner.request(name, None, name)

        paused = await world.runner.pause(2)
        world.executor.finish()
        await world.pass_time(1)
        world.executor.finish()
        await world.pass_time(100)
        before = [request.task_id for request in world.executor.launched]
        await world.runner.unpause(2)
        await world.clock.settle()

        assert paused.state is RunState.QUEUED
        assert before == ["busy", "third"]
        assert world.executor.launched[-1].task_id == "report"


@in_event_loop
async def test_a_slot_paused_ahead_of_its_instant_is_held_with_its_claim() -> None:
    world = World()
    async with world.running():
        await world.admit()
        await world.pass_time(59.7)

        await world.runner.pause(1)
        await world.pass_time(100)
        before = list(world.executor.launched)
        await world.runner.unpause(1)
        await world.clock.settle()

        first, second = await world.runs()
        assert before == []
        assert [request.id for request in world.executor.launched] == [FIRST]
        assert (second.state, second.reason) == (RunState.SKIPPED, "overlap: run 1 of it is paused")
        assert first.scheduled_for == NOON + timedelta(seconds=60)


@in_event_loop
async def test_a_retry_whose_time_passes_in_a_pause_starts_when_it_goes_on() -> None:
    world = World()
    async with world.running():
        await world.admit(jobs=[], retry_count=1, retry_delay=30)
        await world.runner.request("report", None, "r")
        world.executor.fail()
        await world.pass_time(1)

        await world.runner.pause(1)
        await world.pass_time(100)
        before = len(world.executor.launched)
        await world.runner.unpause(1)
        await world.clock.settle()

        assert (before, len(world.executor.launched)) == (1, 2)


@in_event_loop
async def test_a_retry_that_goes_on_before_its_time_waits_for_it() -> None:
    world = World()
    async with world.running():
        await world.admit(jobs=[], retry_count=1, retry_delay=30)
        await world.runner.request("report", None, "r")
        world.executor.fail()
        await world.pass_time(1)

        await world.runner.pause(1)
        await world.runner.unpause(1)
        await world.pass_time(28)
        before = len(world.executor.launched)
        await world.pass_time(2)

        assert (before, len(world.executor.launched)) == (1, 2)


@in_event_loop
async def test_a_run_paused_while_its_attempt_is_put_on_record_keeps_the_attempt_for_later() -> None:
    world = World(max_concurrent=1)
    async with world.running():
        await world.admit("report", jobs=[])
        await world.admit("other", jobs=[])
        world.store.gates["begin"] = asyncio.Event()
        await world.runner.request("report", None, "r")
        await world.clock.settle()

        await world.runner.pause(1)
        world.store.gates.pop("begin").set()
        await world.runner.request("other", None, "o")
        await world.clock.settle()
        before = [request.task_id for request in world.executor.launched]
        world.executor.finish()
        await world.runner.unpause(1)
        await world.clock.settle()

        assert before == ["other"]
        assert world.executor.launched[-1].id == FIRST
        assert [attempt.state for attempt in await world.store.attempts(1)] == [AttemptState.CLAIMED]


@in_event_loop
async def test_a_paused_run_can_be_cancelled() -> None:
    world = World()
    async with world.running():
        await world.admit("a", jobs=[], retry_count=1)
        await world.admit("b", jobs=[])
        await world.runner.request("a", None, "1")
        world.executor.fail()
        await world.pass_time(1)
        await world.runner.request("b", None, "2")
        world.executor.begin()
        await world.runner.pause(1)
        await world.runner.pause(2)

        waiting = await world.runner.cancel(1, "enough")
        await world.runner.cancel(2, "enough")
        await world.pass_time(1)

        assert waiting.state is RunState.CANCELLED
        assert [(run.state, run.paused_at) for run in await world.runs()] == [(RunState.CANCELLED, None)] * 2


@in_event_loop
async def test_a_run_that_is_being_ended_cannot_be_paused() -> None:
    world = World()
    world.executor.stubborn = True
    async with world.running():
        await world.admit(jobs=[])
        await world.runner.request("report", None, "r")
        world.executor.begin()
        await world.runner.cancel(1, "enough")

        with pytest.raises(Refused, match="run 1 is being ended: enough"):
            await world.runner.pause(1)


@in_event_loop
async def test_a_run_whose_end_is_being_put_on_record_has_ended() -> None:
    world = World()
    async with world.running():
        await world.admit(jobs=[])
        await world.runner.request("report", None, "r")
        world.store.gates["finish"] = asyncio.Event()
        world.executor.finish()

        caller = asyncio.create_task(world.runner.pause(1))
        await world.clock.settle()
        world.store.gates.pop("finish").set()

        with pytest.raises(Refused, match="run 1 has ended: succeeded"):
            await caller
        assert world.told("run.paused") == []


# --- across schedulers ------------------------------------------------------------------------------------


@pytest.mark.parametrize("wanted", [True, False])
@pytest.mark.parametrize("is_so", [True, False])
def test_an_adopted_run_is_brought_to_what_the_record_says(wanted: bool, is_so: bool) -> None:
    @in_event_loop
    async def scenario() -> None:
        world = World()
        await world.start()
        await world.admit(jobs=[])
        await world.runner.request("report", None, "r")
        world.executor.begin()
        await world.pass_time(1)
        if wanted:
            await world.runner.pause(1)
        await world.crash()
        world.executor.ordered.clear()
        (world.executor.paused.add if is_so else world.executor.paused.discard)(FIRST)

        await world.restart()

        expected = [] if wanted is is_so else [("pause" if wanted else "resume", FIRST)]
        assert world.executor.ordered == expected
        assert ((await world.the_run()).paused_at is not None) is wanted
        await world.stop()

    scenario()


@in_event_loop
async def test_a_paused_slot_that_waits_survives_a_restart_and_is_not_missed() -> None:
    world = World(policy=MisfirePolicy(missed=Missed.SKIP))
    await world.start()
    await world.admit()
    await world.pass_time(59.7)
    await world.runner.pause(1)
    await world.stop()
    world.clock.suspend(7_200)

    await world.restart()
    await world.pass_time(1)
    before = [request.id.run_id for request in world.executor.launched]
    await world.runner.unpause(1)
    await world.clock.settle()

    assert 1 not in before
    assert (await world.runs())[0].paused_seconds > 7_200
    assert 1 in [request.id.run_id for request in world.executor.launched]
    await world.stop()


# --- what attempts tell -----------------------------------------------------------------------------------


@in_event_loop
async def test_what_an_attempt_told_last_is_known_while_it_executes_also_to_the_next_scheduler() -> None:
    world = World()
    await world.start()
    await world.admit(jobs=[])
    await world.runner.request("report", None, "r")
    attempt = world.executor.begin()
    await world.pass_time(1)

    silent = world.runner.notes_of(1)
    for done in (1, 3):
        world.executor.tell(attempt, AttemptNotes(progress=Progress(done=done, total=10, text="reading")))
    notes = world.runner.notes_of(1)
    await world.restart_after_crash()
    adopted = world.runner.notes_of(1)
    world.executor.finish()
    await world.pass_time(1)

    assert silent == AttemptNotes()
    assert notes == adopted == AttemptNotes(progress=Progress(done=3, total=10, text="reading"))
    assert world.runner.notes_of(1) is None
    assert world.told("run.told") == [
        "report run 1 progress 1/10 reading",
        "report run 1 progress 3/10 reading",
    ]
    await world.stop()


@in_event_loop
async def test_a_confirmation_nobody_asked_for_changes_nothing() -> None:
    world = World()
    async with world.running():
        await world.admit(jobs=[])
        await world.runner.request("report", None, "r")
        attempt = world.executor.begin()

        world.executor.report(PauseConfirmed(id=attempt, is_paused=False))
        world.executor.report(PauseConfirmed(id=AttemptId(run_id=9, number=1), is_paused=True))

        assert world.executor.forgotten == []
        assert (await world.runner.pause(1)).paused_at is not None
