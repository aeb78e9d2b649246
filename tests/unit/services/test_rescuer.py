"""What a former scheduler left is settled by proof."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest

from task_scheduler.core.policies import MisfirePolicy
from task_scheduler.core.requests import OpenAttempt, Report, Started
from task_scheduler.core.runs import AttemptExit, AttemptState, RunState
from task_scheduler.core.tasks import Missed
from task_scheduler.testing.builders import a_job_declaration
from task_scheduler.testing.clock import NOON
from task_scheduler.testing.loops import in_event_loop
from tests.unit.services.world import World


async def _stopped_with_a_living_run(world: World, **declared: Any) -> None:
    await world.start()
    await world.admit(jobs=[], **declared)
    await world.runner.request("report", None, "r")
    world.executor.begin()
    await world.pass_time(1)
    await world.stop()


@in_event_loop
async def test_a_living_run_is_adopted_and_ends_once() -> None:
    world = World()
    await _stopped_with_a_living_run(world)

    settled = await world.restart()
    world.executor.finish()
    await world.clock.settle()

    run = await world.the_run()
    assert settled.adopted == 1
    assert (run.state, run.executions) == (RunState.SUCCEEDED, 1)
    assert world.told("run.adopted") == ["report run 1 found alive and taken over"]
    await world.stop()


@in_event_loop
async def test_an_end_that_was_written_down_is_recorded() -> None:
    world = World()
    await _stopped_with_a_living_run(world)
    world.executor.finish(exit_=AttemptExit(exit_code=3, ended_at=NOON + timedelta(seconds=9)))

    settled = await world.restart()
    await world.clock.settle()

    run = await world.the_run()
    assert settled.ended == 1
    assert (run.state, run.reason, run.ended_at) == (RunState.FAILED, "exit code 3", NOON + timedelta(seconds=9))
    await world.stop()


@in_event_loop
async def test_what_is_proved_dead_is_interrupted() -> None:
    world = World()
    await _stopped_with_a_living_run(world)
    world.executor.lose(world.executor.living[0])

    settled = await world.restart()
    await world.clock.settle()

    assert settled.interrupted == 1
    assert (await world.the_run()).state is RunState.INTERRUPTED
    await world.stop()


@pytest.mark.parametrize("recorded", [True, False])
def test_an_interrupted_attempt_is_repeated_within_its_retries_and_counted_once(recorded: bool) -> None:
    @in_event_loop
    async def scenario() -> None:
        world = World()
        await world.start()
        await world.admit(jobs=[], retry_count=1, retry_delay=10)
        await world.runner.request("report", None, "r")
        world.executor.begin()
        await world.pass_time(1 if recorded else 0)
        await world.stop()
        world.executor.lose(world.executor.living[0])

        await world.restart()
        for _ in range(2):
            await world.pass_time(11)
            if world.executor.waiting:
                world.executor.fail()
        await world.pass_time(11)

        run = await world.the_run()
        assert (run.state, run.executions) == (RunState.FAILED, 2)
        await world.stop()

    scenario()


@in_event_loop
async def test_a_claim_that_never_began_is_void_and_waits_again() -> None:
    world = World()
    await world.start()
    await world.admit(jobs=[])
    await world.runner.request("report", None, "r")
    await world.stop()

    settled = await world.restart()
    await world.clock.settle()
    world.executor.finish()
    await world.clock.settle()

    attempts = await world.store.attempts(1)
    assert settled.waiting == 1
    assert [attempt.state for attempt in attempts] == [AttemptState.VOID, AttemptState.SUCCEEDED]
    await world.stop()


@in_event_loop
async def test_a_claim_made_ahead_is_kept_for_its_instant() -> None:
    world = World()
    await world.start()
    await world.admit()
    await world.pass_time(59.6)
    await world.stop()

    await world.restart()
    early = len(world.executor.launched)
    await world.pass_time(0.4)

    assert (early, len(world.executor.launched)) == (0, 1)
    assert (await world.the_run()).scheduled_for == NOON + timedelta(seconds=60)
    await world.stop()


@pytest.mark.parametrize(
    ("policy", "down", "reason"),
    [
        (MisfirePolicy(), 60, None),
        (MisfirePolicy(), 3_600, "the run of a later slot stands for it (missed: once)"),
        (MisfirePolicy(missed=Missed.ALL), 3_600, None),
        (MisfirePolicy(), 90_000, "older than the catch-up window when a scheduler was there again"),
        (MisfirePolicy(missed=Missed.SKIP), 50, None),
        (MisfirePolicy(missed=Missed.SKIP), 70, "its time had passed (missed: skip)"),
    ],
)
def test_a_claim_whose_time_has_passed_follows_the_misfire_policy(
    policy: MisfirePolicy, down: float, reason: str | None
) -> None:
    @in_event_loop
    async def scenario() -> None:
        world = World(policy=policy)
        await world.start()
        await world.admit()
        await world.pass_time(59.6)
        await world.stop()
        await world.clock.advance(down)

        await world.restart()
        await world.clock.settle()

        first = (await world.runs())[0]
        if reason is None:
            assert first.state is RunState.QUEUED
            assert world.executor.launched[0].id.run_id == first.id
        else:
            assert (first.state, first.reason) == (RunState.MISSED, reason)
        await world.stop()

    scenario()


@in_event_loop
async def test_skip_judges_a_claim_by_the_period_of_its_job() -> None:
    world = World(policy=MisfirePolicy(missed=Missed.SKIP))
    await world.start()
    await world.admit(jobs=[a_job_declaration(trigger="every 1 hours")])
    await world.pass_time(3_599.8)
    await world.stop()
    await world.clock.advance(300)

    await world.restart()
    await world.clock.settle()

    assert len(world.executor.launched) == 1
    await world.stop()


@in_event_loop
async def test_a_retry_survives_a_restart_with_its_time() -> None:
    world = World()
    await world.start()
    await world.admit(jobs=[], retry_count=1, retry_delay=100)
    await world.runner.request("report", None, "r")
    world.executor.fail()
    await world.pass_time(40)
    await world.stop()

    await world.restart()
    await world.pass_time(59)
    early = len(world.executor.launched)
    await world.pass_time(2)

    assert (early, len(world.executor.launched)) == (1, 2)
    await world.stop()


@in_event_loop
async def test_a_retry_time_of_a_clock_that_was_wrong_waits_no_longer_than_the_delay() -> None:
    world = World()
    await world.start()
    await world.admit(jobs=[], retry_count=1, retry_delay=100)
    await world.runner.request("report", None, "r")
    world.executor.fail()
    await world.clock.settle()
    await world.stop()
    world.clock.step(timedelta(days=-30))

    await world.restart()
    await world.pass_time(101)

    assert len(world.executor.launched) == 2
    await world.stop()


@in_event_loop
async def test_a_waiting_slot_is_skipped_beside_the_adopted_run_of_its_job() -> None:
    world = World()
    await world.start()
    await world.admit()
    await world.pass_time(60)
    world.executor.begin()
    await world.pass_time(59.6)
    await world.stop()
    await world.clock.advance(5)

    await world.restart()
    await world.clock.settle()

    assert await world.states() == [RunState.RUNNING, RunState.SKIPPED]
    await world.stop()


@in_event_loop
async def test_an_end_that_is_reported_while_settling_is_not_missed() -> None:
    world = World()
    await _stopped_with_a_living_run(world)
    settle = world.executor.settle

    async def settle_and_end(attempts: Sequence[OpenAttempt]) -> Sequence[Report]:
        reports = await settle(attempts)
        world.executor.finish()
        await asyncio.sleep(0)
        return reports

    world.executor.settle = settle_and_end  # type: ignore[method-assign]
    await world.restart()
    await world.clock.settle()

    assert (await world.the_run()).state is RunState.SUCCEEDED
    await world.stop()


@in_event_loop
async def test_a_refusal_that_is_reported_while_settling_is_acted_on_once() -> None:
    world = World()
    await world.start()
    await world.admit(jobs=[])
    await world.runner.request("report", None, "r")
    await world.stop()
    settle = world.executor.settle

    async def settle_and_refuse(attempts: Sequence[OpenAttempt]) -> Sequence[Report]:
        reports = await settle(attempts)
        world.executor.report(reports[0])
        await asyncio.sleep(0)
        return reports

    world.executor.settle = settle_and_refuse  # type: ignore[method-assign]
    await world.restart()
    await world.clock.settle()
    world.executor.finish()
    await world.clock.settle()

    assert (await world.the_run()).state is RunState.SUCCEEDED
    assert len(world.executor.launched) == 2
    await world.stop()


@in_event_loop
async def test_more_adopted_runs_than_places_only_delay_what_comes_after() -> None:
    world = World(max_concurrent=3)
    await world.start()
    for name in ("a", "b", "c"):
        await world.admit(name, jobs=[])
        await world.runner.request(name, None, name)
        world.executor.begin()
    await world.stop()
    world._max_concurrent = 1

    await world.restart()
    await world.runner.request("a", None, "again")
    await world.admit("d", jobs=[])
    await world.runner.request("d", None, "d")
    while world.executor.living:
        assert world.executor.waiting == []
        world.executor.finish()
        await world.clock.settle()

    assert [request.task_id for request in world.executor.launched] == ["a", "b", "c", "d"]
    await world.stop()


@in_event_loop
async def test_settling_tells_nothing_when_there_was_nothing() -> None:
    world = World()
    async with world.running():
        assert world.told("runs.settled") == []


@in_event_loop
async def test_a_start_is_no_answer_to_settling() -> None:
    world = World()
    await _stopped_with_a_living_run(world)

    async def settle(attempts: Sequence[OpenAttempt]) -> Sequence[Report]:
        return [Started(id=opened.id, started_at=NOON, process="x") for opened in attempts]

    world.executor.settle = settle  # type: ignore[method-assign]
    with pytest.raises(AssertionError, match="settling does not report Started"):
        await world.restart()
    await world.stop()
