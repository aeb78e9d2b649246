"""Slots that were claimed ahead and not handed over in time: what the clocks did comes first, then one rule for all of them."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from typing import Any

import pytest

from task_scheduler.core.accounting import Account, Fate, Term, account_for
from task_scheduler.core.clocks import CLOCK_GAPS, CLOCK_GENERATION, LAST_SEEN, read_gaps
from task_scheduler.core.policies import MisfirePolicy
from task_scheduler.core.runs import RunState
from task_scheduler.core.tasks import Missed, Overlap
from task_scheduler.testing.builders import a_job_declaration
from task_scheduler.testing.clock import NOON
from task_scheduler.testing.loops import in_event_loop
from tests.unit.services.world import World

HOURLY = a_job_declaration(trigger="every 1 hours")
ONE_O_CLOCK = NOON + timedelta(hours=1)
_STOOD_FOR = "the run of a later slot stands for it (missed: once)"


async def _claimed_ahead(missed: Missed = Missed.ONCE, **declared: Any) -> World:
    """Return a world three tenths of a second before an hourly slot, which is on record."""
    world = World(policy=MisfirePolicy(missed=missed))
    world.executor.automatic = True
    await world.clock.advance(3_500)
    await world.start()
    await world.admit(jobs=[HOURLY], **declared)
    await world.pass_time(99.7)
    (claimed,) = await world.runs()
    assert (claimed.state, claimed.scheduled_for) == (RunState.QUEUED, ONE_O_CLOCK)
    return world


def _launched(world: World) -> list[datetime | None]:
    return [request.scheduled_for for request in world.executor.launched]


async def _account(world: World) -> Account:
    (timed,) = world.timetable.all()
    runs = await world.runs()
    assert world.clock.now() < NOON + timedelta(hours=4)
    term = Term.of(first=ONE_O_CLOCK, last=runs[-1].scheduled_for, next_run=timed.job.next_run, is_active=True)
    end = world.clock.now() + timedelta(microseconds=1)
    return account_for(timed.trigger, runs, begin=NOON, end=end, now=world.clock.now(), term=term)


# --- the clocks come first --------------------------------------------------------------------------------


@pytest.mark.parametrize("missed", Missed)
@pytest.mark.parametrize("hours", [5, -5])
def test_a_correction_labels_what_was_claimed_ahead_whatever_the_policy(missed: Missed, hours: int) -> None:
    @in_event_loop
    async def scenario() -> None:
        world = await _claimed_ahead(missed)

        world.clock.step(timedelta(hours=hours))
        await world.pass_time(3)

        claimed = (await world.runs())[0]
        assert (claimed.state, claimed.reason) == (RunState.MISSED, f"the clock was corrected by {hours:+.1f} h")
        assert world.executor.launched == []
        await world.stop()

    scenario()


@in_event_loop
async def test_what_a_correction_passed_over_has_its_cause_on_record() -> None:
    world = await _claimed_ahead()

    world.clock.step(timedelta(hours=5))
    await world.pass_time(3)

    (gap,) = read_gaps(await world.store.get(CLOCK_GAPS))
    assert gap.cause == "the clock was corrected by +5 h 0 min"
    assert gap.after < ONE_O_CLOCK <= gap.until
    await world.stop()


# --- one run is what comes of several slots ---------------------------------------------------------------


@pytest.mark.parametrize("what", ["suspend", "step", "kill"])
def test_once_starts_one_run_for_all_that_is_late_and_the_sum_adds_up(what: str) -> None:
    @in_event_loop
    async def scenario() -> None:
        world = await _claimed_ahead(overlap=Overlap.PARALLEL)

        match what:
            case "suspend":
                world.clock.suspend(2.5 * 3_600)
            case "step":
                world.clock.step(timedelta(hours=2.5))
            case _:
                await world.crash()
                await world.clock.advance(2.5 * 3_600)
                await world.restart()
        await world.pass_time(3)

        first, newest = await world.runs()
        assert (first.state, first.reason) == (RunState.MISSED, _STOOD_FOR)
        assert (newest.state, newest.merged) == (RunState.SUCCEEDED, 1)
        assert _launched(world) == [NOON + timedelta(hours=3)]
        account = await _account(world)
        assert (account.expected, account.counts) == (3, {Fate.MISSED: 1, Fate.MERGED: 1, Fate.RAN: 1})
        assert account.is_balanced
        await world.stop()

    scenario()


@pytest.mark.parametrize("failing", ["resolve", "claim"])
def test_whoever_is_killed_while_that_goes_on_record_leaves_one_run_to_be_made(failing: str) -> None:
    @in_event_loop
    async def scenario() -> None:
        world = await _claimed_ahead(overlap=Overlap.PARALLEL)
        world.store.gates[failing] = asyncio.Event()
        world.executor.automatic = False

        world.clock.suspend(2.5 * 3_600)
        await world.pass_time(3)
        await world.crash()
        world.store.gates.clear()
        await world.restart()
        await world.pass_time(3)

        assert set(_launched(world)) == {NOON + timedelta(hours=3)}
        assert [(run.scheduled_for, run.state) for run in await world.runs()] == [
            (ONE_O_CLOCK, RunState.MISSED),
            (NOON + timedelta(hours=3), RunState.QUEUED),
        ]
        await world.stop()

    scenario()


@in_event_loop
async def test_a_stop_before_anybody_looked_says_nothing_of_what_was_not_handed_over() -> None:
    world = await _claimed_ahead(Missed.SKIP)

    world.clock.suspend(2.5 * 3_600)
    await world.stop()
    seen = await world.store.get(LAST_SEEN)
    await world.restart()
    await world.pass_time(3)

    assert seen is not None
    assert datetime.fromisoformat(seen) <= ONE_O_CLOCK
    assert world.executor.launched == []
    assert (await world.runs())[0].reason == "its time had passed (missed: skip)"
    await world.stop()


# --- a correction and a death -----------------------------------------------------------------------------


@pytest.mark.parametrize("gap", ["resolve", "put", "claim"])
@pytest.mark.parametrize("how", ["fails", "hangs"])
def test_a_correction_back_that_is_cut_short_runs_no_instant_twice(gap: str, how: str) -> None:
    @in_event_loop
    async def scenario() -> None:
        world = await _claimed_ahead(overlap=Overlap.PARALLEL)
        if how == "fails":
            world.store.failing.add(gap)
        else:
            world.store.gates[gap] = asyncio.Event()

        world.clock.step(timedelta(hours=-5))
        await world.pass_time(30)
        await world.crash()
        world.store.gates.clear()
        await world.restart()
        await world.scheduler.configure(policy=MisfirePolicy(), loop_interval=600)
        await world.pass_time(6 * 3_600)

        assert _launched(world) == [NOON + timedelta(hours=hours) for hours in (-4 + 1, -2, -1, 0, 1, 2)]
        dropped = (await world.runs())[0]
        assert (dropped.state, dropped.reason) == (RunState.MISSED, "the clock was corrected by -5.0 h")
        await world.stop()

    scenario()


@in_event_loop
async def test_a_correction_is_on_record_only_after_what_was_dropped_for_it() -> None:
    world = await _claimed_ahead()
    world.store.gates["resolve"] = asyncio.Event()

    world.clock.step(timedelta(hours=-5))
    await world.pass_time(3)
    before = await world.store.get(CLOCK_GENERATION)
    world.store.gates["resolve"].set()
    await world.pass_time(1)

    assert (before, await world.store.get(CLOCK_GENERATION)) == (None, "1")
    await world.stop()


@in_event_loop
async def test_a_run_that_waits_since_before_a_correction_waits_on_and_not_for_its_instant_again() -> None:
    world = World(max_concurrent=1)
    await world.clock.advance(3_500)
    await world.start()
    await world.admit("long", jobs=[])
    await world.admit(jobs=[HOURLY])
    await world.runner.request("long", None, "r")
    world.executor.begin()
    await world.pass_time(101)

    world.clock.step(timedelta(hours=-5))
    await world.pass_time(3)
    await world.restart_after_crash()
    world.executor.finish()
    await world.pass_time(1)

    assert [request.task_id for request in world.executor.launched] == ["long", "report"]
    assert world.executor.launched[-1].scheduled_for == ONE_O_CLOCK
    await world.stop()


# --- no judgement is older than a wait --------------------------------------------------------------------


@in_event_loop
async def test_a_gap_that_cannot_be_written_keeps_nothing_waiting_and_is_written_later() -> None:
    world = World(policy=MisfirePolicy(missed=Missed.SKIP))
    world.executor.automatic = True
    await world.start()
    await world.admit()
    await world.pass_time(90)
    world.store.failing = {"put"}

    world.clock.suspend(3_600)
    await world.pass_time(35)
    launched, gaps = _launched(world), await world.store.get(CLOCK_GAPS)
    world.store.failing = set()
    await world.pass_time(2)

    assert launched == [NOON + timedelta(minutes=minutes) for minutes in (1, 61, 62)]
    assert gaps is None
    assert [gap.cause for gap in read_gaps(await world.store.get(CLOCK_GAPS))] == [
        "the machine was suspended for 1 h 0 min"
    ]
    await world.stop()


async def _back_from_sleep_while_the_store_waits(method: str) -> World:
    """Return a world that slept an hour, from a minute and a half past noon, and whose store took 5 minutes after it."""
    world = World(policy=MisfirePolicy(missed=Missed.SKIP))
    world.executor.automatic = True
    await world.start()
    await world.admit(overlap=Overlap.PARALLEL)
    await world.pass_time(90)
    world.store.gates[method] = asyncio.Event()
    world.clock.suspend(3_600)
    await world.pass_time(300)
    world.store.gates[method].set()
    await world.pass_time(1)
    return world


@in_event_loop
async def test_what_a_gap_had_to_wait_for_is_planned_by_the_clock_after_it() -> None:
    world = await _back_from_sleep_while_the_store_waits("put")

    first, missed, last = await world.runs()
    assert (missed.state, missed.count) == (RunState.MISSED, 64), "in one judgement"
    assert _launched(world) == [first.scheduled_for, last.scheduled_for]
    assert last.scheduled_for == NOON + timedelta(minutes=66)
    await world.stop()


@in_event_loop
async def test_what_waits_long_for_its_claim_is_judged_by_the_clock_after_it() -> None:
    world = await _back_from_sleep_while_the_store_waits("claim")

    ends = {run.scheduled_for: run for run in await world.runs()}
    waited = ends[NOON + timedelta(minutes=61)]
    assert (waited.state, waited.reason) == (RunState.MISSED, "its time had passed (missed: skip)")
    assert _launched(world) == [NOON + timedelta(minutes=minutes) for minutes in (1, 66)]
    await world.stop()


# --- what had come to the line ----------------------------------------------------------------------------


@pytest.mark.parametrize("missed", [Missed.SKIP, Missed.ONCE])
@pytest.mark.parametrize("end", ["stop", "crash"])
def test_a_run_that_waits_in_time_behind_a_long_one_is_left_alone_by_a_restart(missed: Missed, end: str) -> None:
    @in_event_loop
    async def scenario() -> None:
        world = World(policy=MisfirePolicy(missed=missed), loop_interval=60)
        await world.start()
        await world.admit(jobs=[HOURLY], overlap=Overlap.QUEUE)
        await world.pass_time(3_601)
        world.executor.begin()
        await world.pass_time(2 * 3_600 + 900)

        await (world.stop() if end == "stop" else world.crash())
        await world.restart()
        for _ in range(3):
            world.executor.finish()
            await world.pass_time(1)

        assert await world.states() == [RunState.SUCCEEDED] * 3
        await world.stop()

    scenario()


@in_event_loop
async def test_a_run_in_the_line_is_missed_when_nobody_was_there_for_longer_than_its_window() -> None:
    world = World(loop_interval=60)
    await world.start()
    await world.admit(jobs=[HOURLY], overlap=Overlap.QUEUE, missed_window=1_200)
    await world.pass_time(3_601)
    world.executor.begin()
    await world.pass_time(3_600 + 1_500)
    await world.restart_after_crash()
    waiting = (await world.runs())[1].state

    await world.stop()
    await world.clock.advance(1_300)
    await world.restart()

    late = (await world.runs())[1]
    assert waiting is RunState.QUEUED, "it has waited for longer than its window, and somebody was there"
    assert (late.state, late.reason) == (
        RunState.MISSED,
        "older than the catch-up window when a scheduler was there again",
    )
    await world.stop()
