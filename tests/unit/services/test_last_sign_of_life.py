"""The last sign of life says what was handed over: it may be too old, and never too new."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

import pytest

from task_scheduler.core.clocks import CLOCK_GENERATION, LAST_SEEN
from task_scheduler.core.policies import MisfirePolicy
from task_scheduler.core.runs import Run, RunState
from task_scheduler.core.tasks import Missed, Overlap
from task_scheduler.ports import SlotClaim
from task_scheduler.testing.builders import a_job_declaration
from task_scheduler.testing.clock import NOON
from task_scheduler.testing.loops import in_event_loop
from tests.unit.services.world import World

HOURLY = a_job_declaration(trigger="every 1 hours")
ONE_O_CLOCK = NOON + timedelta(hours=1)


async def _shortly_before_one(missed: Missed) -> World:
    """Return a world ten seconds before the slot of an hourly job."""
    world = World(policy=MisfirePolicy(missed=missed))
    world.executor.automatic = True
    await world.clock.advance(3_500)
    await world.start()
    await world.admit(jobs=[HOURLY], overlap=Overlap.PARALLEL)
    await world.pass_time(90)
    return world


def _never_answer_a_claim(world: World) -> None:
    """Have claims be committed and those who made them wait for ever."""
    claim = world.store.claim

    async def committed(claims: Sequence[SlotClaim], next_runs: Mapping[int, datetime | None]) -> Sequence[Run]:
        await claim(claims, next_runs)
        await asyncio.Event().wait()
        raise AssertionError("nobody wakes it")

    world.store.claim = committed  # type: ignore[method-assign]


def _answer_claims(world: World) -> None:
    del world.store.claim


async def _seen(world: World) -> datetime:
    seen = await world.store.get(LAST_SEEN)
    assert seen is not None
    return datetime.fromisoformat(seen)


def _launched(world: World) -> list[datetime | None]:
    return [request.scheduled_for for request in world.executor.launched]


# --- what was claimed and went nowhere --------------------------------------------------------------------


@pytest.mark.parametrize("cut", ["a claim", "the door"])
@pytest.mark.parametrize("missed", [Missed.SKIP, Missed.ONCE])
def test_a_slot_that_was_claimed_and_not_handed_over_before_a_stop_is_late_at_the_next_start(
    cut: str, missed: Missed
) -> None:
    @in_event_loop
    async def scenario() -> None:
        world = await _shortly_before_one(missed)
        if cut == "a claim":
            _never_answer_a_claim(world)
            await world.pass_time(11)
        else:
            await world.pass_time(9.7)
            world.runner.close_door()
            await world.pass_time(1.3)

        await world.stop()
        seen = await _seen(world)
        if cut == "a claim":
            _answer_claims(world)
        await world.clock.advance(2.5 * 3_600)
        await world.restart()
        await world.pass_time(3)

        assert ONE_O_CLOCK - timedelta(seconds=1) < seen < ONE_O_CLOCK
        (first, _) = await world.runs()
        assert (first.scheduled_for, first.state) == (ONE_O_CLOCK, RunState.MISSED)
        assert _launched(world) == ([] if missed is Missed.SKIP else [NOON + timedelta(hours=3)])
        await world.stop()

    scenario()


@in_event_loop
async def test_a_late_slot_whose_claim_was_cut_short_is_judged_by_how_late_it_is_then() -> None:
    world = await _shortly_before_one(Missed.ONCE)
    await world.stop()
    await world.clock.advance(1_800)
    _never_answer_a_claim(world)
    await world.restart()
    await world.pass_time(1)
    await world.stop()

    _answer_claims(world)
    await world.clock.advance(2 * 3_600)
    await world.restart()
    await world.pass_time(3)

    assert [(run.scheduled_for, run.state) for run in await world.runs()] == [
        (ONE_O_CLOCK, RunState.MISSED),
        (NOON + timedelta(hours=3), RunState.SUCCEEDED),
    ]
    await world.stop()


@in_event_loop
async def test_the_sign_waits_for_a_slot_whose_claim_may_be_on_record_and_goes_on_after_it() -> None:
    world = await _shortly_before_one(Missed.SKIP)
    world.store.failing = {"claim"}
    await world.pass_time(100)
    before = await _seen(world)

    world.store.failing = set()
    await world.pass_time(100)

    assert before < ONE_O_CLOCK < await _seen(world)
    await world.stop()


@in_event_loop
async def test_the_sign_goes_on_where_the_job_of_a_failed_claim_is_gone() -> None:
    world = await _shortly_before_one(Missed.SKIP)
    world.store.failing = {"claim"}
    await world.pass_time(9.7)
    world.store.failing = set()
    await world.retire()

    await world.pass_time(100)

    assert await _seen(world) > ONE_O_CLOCK
    await world.stop()


@in_event_loop
async def test_a_correction_is_on_record_only_after_what_was_judged_before_it() -> None:
    world = await _shortly_before_one(Missed.SKIP)
    await world.pass_time(9.7)
    world.store.gates["resolve"] = asyncio.Event()
    world.clock.suspend(2.5 * 3_600)
    await world.pass_time(3)

    world.clock.step(timedelta(hours=-6))
    await world.pass_time(3)
    before = await world.store.get(CLOCK_GENERATION)
    world.store.gates["resolve"].set()
    await world.pass_time(1)

    assert (before, await world.store.get(CLOCK_GENERATION)) == (None, "1")
    await world.stop()


# --- how often --------------------------------------------------------------------------------------------


@in_event_loop
async def test_it_is_a_minute_old_at_most_however_long_the_loop_interval_is() -> None:
    world = World(loop_interval=31_536_000)
    await world.start()
    await world.admit(jobs=[HOURLY])

    await world.pass_time(1_000)

    assert world.clock.now() - await _seen(world) <= timedelta(minutes=1)
    await world.stop()


@in_event_loop
async def test_one_that_the_store_did_not_take_is_left_at_the_next_look() -> None:
    world = World()
    await world.start()
    await world.pass_time(30)
    world.store.failing = {"put"}
    await world.pass_time(40)
    world.store.failing = set()

    await world.pass_time(2)

    assert await _seen(world) >= NOON + timedelta(seconds=70)
    await world.stop()
