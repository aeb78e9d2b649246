"""The tick: claims, hand-overs, misfires and clocks that change."""

from __future__ import annotations

import asyncio
import itertools
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from task_scheduler.core.policies import MisfirePolicy
from task_scheduler.core.runs import RunState
from task_scheduler.core.tasks import Missed
from task_scheduler.services import scheduler as scheduler_module
from task_scheduler.testing.builders import a_job_declaration
from task_scheduler.testing.clock import NOON
from task_scheduler.testing.loops import in_event_loop
from tests.unit.services.world import World


@in_event_loop
async def test_slots_are_on_record_before_their_instant_and_start_at_it() -> None:
    world = World()
    async with world.running():
        await world.admit()

        await world.pass_time(59.4)
        before = await world.states()
        await world.pass_time(0.2)
        claimed = await world.states()
        await world.pass_time(0.4)

        assert (before, claimed) == ([], [RunState.QUEUED])
        assert len(world.executor.launched) == 1


@in_event_loop
async def test_all_slots_of_one_instant_share_a_commit() -> None:
    world = World(max_concurrent=200)
    async with world.running():
        for number in range(50):
            await world.admit(f"task-{number}")

        await world.pass_time(60)

        assert world.store.writes.count("claim") == 1
        assert len(world.executor.launched) == 50


@in_event_loop
async def test_very_many_slots_of_one_instant_are_claimed_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scheduler_module, "MOST_CLAIMED_AT_ONCE", 20)
    world = World(max_concurrent=200)
    async with world.running():
        for number in range(50):
            await world.admit(f"task-{number}")

        await world.pass_time(60)

        assert world.store.writes.count("claim") == 3
        assert len(world.executor.launched) == 50


@in_event_loop
async def test_workers_are_made_ready_ahead_of_a_slot() -> None:
    world = World()
    async with world.running():
        await world.admit()
        await world.pass_time(40)
        early = len(world.executor.prepared)

        await world.pass_time(12)

        assert early == 0
        assert {profile.environment for profile in world.executor.prepared} == {"env-a"}


@in_event_loop
async def test_a_new_task_due_at_once_needs_no_waiting_for_the_interval() -> None:
    world = World(loop_interval=3_600)
    async with world.running():
        await world.pass_time(30)
        await world.admit()

        await world.pass_time(30)

        assert len(world.executor.launched) == 1
        assert world.scheduler.next_due == NOON + timedelta(minutes=2)


@in_event_loop
async def test_a_store_that_fails_starts_nothing_and_the_slots_stay_owed() -> None:
    world = World()
    async with world.running():
        await world.admit()
        world.store.failing = {"claim", "put"}
        await world.pass_time(65)
        assert world.executor.launched == []
        assert len(world.told("store.failing")) == 1

        world.store.failing = set()
        await world.pass_time(1)

        assert (await world.the_run()).scheduled_for == NOON + timedelta(seconds=60)
        assert len(world.executor.launched) == 1
        assert len(world.told("store.recovered")) == 1


@in_event_loop
async def test_a_claim_that_was_committed_and_reported_as_failed_is_not_doubled() -> None:
    world = World()
    async with world.running():
        await world.admit()
        world.store.lying = {"claim"}

        await world.pass_time(125)

        assert len({run.scheduled_for for run in await world.runs()}) == len(await world.runs())


# --- misfires ---------------------------------------------------------------------------------------------


async def _down_for(world: World, seconds: float) -> None:
    await world.start()
    await world.admit()
    await world.stop()
    await world.clock.advance(seconds)
    await world.restart()
    await world.clock.settle()


@in_event_loop
async def test_once_runs_the_newest_slot_and_says_which_it_stands_for() -> None:
    world = World()
    await _down_for(world, 200)

    run = await world.the_run()
    assert (run.scheduled_for, run.merged, run.merged_from) == (
        NOON + timedelta(minutes=3),
        2,
        NOON + timedelta(minutes=1),
    )
    assert world.told("slots.merged") == ["report: one run stands for 2 earlier slots since 2026-03-01 12:01:00 UTC"]
    await world.stop()


@in_event_loop
async def test_skip_records_a_range_and_runs_nothing_old() -> None:
    world = World(policy=MisfirePolicy(missed=Missed.SKIP))
    await _down_for(world, 60 * 10 + 30)

    missed, run = await world.runs()
    assert (missed.state, missed.count) == (RunState.MISSED, 9)
    assert (missed.scheduled_for, missed.range_end) == (NOON + timedelta(minutes=1), NOON + timedelta(minutes=9))
    assert run.scheduled_for == NOON + timedelta(minutes=10)
    assert world.told("slots.missed") == [
        "report: 9 slots missed since 2026-03-01 12:01:00 UTC: its time had passed (missed: skip)"
    ]
    await world.stop()


@pytest.mark.slow
@settings(max_examples=20)
@given(
    st.sampled_from(Missed),
    st.lists(
        st.tuples(st.sampled_from(["run", "down", "suspend", "fail", "back", "edit"]), st.integers(1, 400)),
        min_size=1,
        max_size=6,
    ),
    st.sampled_from(["every 1 minutes", "every 10 seconds"]),
)
def test_every_due_slot_is_on_record_exactly_once_whatever_happens(
    missed: Missed, history: list[tuple[str, int]], trigger: str
) -> None:
    @in_event_loop
    async def scenario() -> None:
        policy = MisfirePolicy(missed=missed, window=timedelta(seconds=600))
        world = World(policy=policy)
        world.executor.automatic = True
        await world.start()
        declared = [a_job_declaration(trigger=trigger)]
        await world.admit(jobs=declared)
        latest = NOON
        for number, (event, seconds) in enumerate(history):
            match event:
                case "down":
                    await world.stop()
                    await world.clock.advance(seconds)
                    await world.restart()
                case "suspend":
                    world.clock.suspend(seconds)
                case "fail":
                    world.store.failing = {"claim", "begin", "finish"}
                    await world.pass_time(seconds)
                    world.store.failing = set()
                case "back":
                    world.clock.step(-timedelta(seconds=seconds))
                case "edit":
                    await world.admit(jobs=declared, source=str(number).encode())
                    await world.pass_time(seconds)
                case _:
                    await world.pass_time(seconds)
            latest = max(latest, world.clock.now())
        # Past every moment the clock has shown, however far it was set back since.
        await world.pass_time((latest - world.clock.now()).total_seconds() + 700)
        latest = max(latest, world.clock.now())
        await world.stop()

        rule = world.timetable.trigger_of(trigger, None)
        seen: list[datetime] = []
        for run in await world.runs():
            assert run.scheduled_for is not None
            first, last = run.merged_from or run.scheduled_for, run.range_end or run.scheduled_for
            moment: datetime | None = first
            covered = []
            while moment is not None and moment <= last:
                covered.append(moment)
                moment = rule.next_after(moment)
            assert len(covered) == run.count + run.merged
            seen += covered
        due = rule.count_between(NOON, latest)
        assert len(seen) == len(set(seen)), "a slot is doubled"
        assert len([moment for moment in seen if moment <= latest]) == due, "a slot is lost"
        assert [run for run in await world.runs() if not run.is_final and run.scheduled_for < latest] == []  # type: ignore[operator]
        assert world.told("service.failed") == []

    scenario()


# --- clocks -----------------------------------------------------------------------------------------------


@in_event_loop
async def test_a_suspend_is_told_and_its_slots_follow_the_misfire_policy() -> None:
    world = World()
    async with world.running():
        await world.admit()
        await world.pass_time(1)

        world.clock.suspend(4 * 3_600)
        await world.pass_time(2)

        run = await world.the_run()
        assert run.merged == 239
        assert world.told("clock.suspended") == ["the machine was suspended for 4 h 0 min"]
        assert world.told("clock.corrected") == []


@pytest.mark.parametrize(
    ("declared", "hours", "reason"),
    [
        ({"missed": Missed.SKIP}, 4, "its time had passed (missed: skip)"),
        ({}, 30, "older than the catch-up window when a scheduler was there again"),
        ({}, 4, "the run of a later slot stands for it (missed: once)"),
        ({}, 0.9, None),
        ({"missed": Missed.ALL}, 4, None),
        ({"missed": Missed.SKIP}, 0.01, None),
        ({"missed_window": 30}, 0.01, "older than the catch-up window when a scheduler was there again"),
        ({"missed_window": 0}, 0.0001, None),
    ],
)
def test_a_suspend_between_the_claim_and_its_instant_makes_the_slot_a_late_one(
    declared: dict[str, Any], hours: float, reason: str | None
) -> None:
    @in_event_loop
    async def scenario() -> None:
        world = World()
        async with world.running():
            await world.admit(jobs=[a_job_declaration(trigger="every 1 hours")], **declared)
            await world.pass_time(3_599.7)
            (claimed,) = await world.runs()

            world.clock.suspend(hours * 3_600)
            await world.pass_time(1)

            run = (await world.runs())[0]
            assert (claimed.state, claimed.id) == (RunState.QUEUED, run.id)
            is_begun = run.id in {request.id.run_id for request in world.executor.launched}
            if reason is None:
                assert is_begun
            else:
                assert (run.state, run.reason, is_begun) == (RunState.MISSED, reason, False)

    scenario()


@pytest.mark.parametrize("hours", [-2.5, 2.5, -3, 3])
def test_a_small_step_is_no_correction(hours: float) -> None:
    @in_event_loop
    async def scenario() -> None:
        world = World()
        async with world.running():
            await world.admit()
            await world.pass_time(1)

            world.clock.step(timedelta(hours=hours))
            await world.pass_time(2)

            assert len(world.told("clock.stepped")) == 1
            assert await world.store.get("clock_generation") is None

    scenario()


@in_event_loop
async def test_slots_on_record_are_not_repeated_after_a_step_back() -> None:
    world = World()
    world.executor.automatic = True
    async with world.running():
        await world.admit()
        await world.pass_time(30 * 60)

        world.clock.step(timedelta(minutes=-20))
        await world.pass_time(22 * 60)

        slots = [run.scheduled_for for run in await world.runs()]
        assert slots == [NOON + timedelta(minutes=number) for number in range(1, 33)]


@in_event_loop
async def test_a_retry_does_not_sleep_through_a_step_back() -> None:
    world = World()
    async with world.running():
        await world.admit(jobs=[], retry_count=1, retry_delay=60)
        await world.runner.request("report", None, "r")
        world.executor.fail()

        world.clock.step(timedelta(hours=-2))
        await world.pass_time(61)

        assert len(world.executor.launched) == 2


@in_event_loop
async def test_a_correction_forward_misses_what_lay_between_and_goes_on_from_now() -> None:
    world = World()
    async with world.running():
        await world.admit()
        await world.pass_time(59.7)

        world.clock.step(timedelta(hours=4))
        await world.pass_time(61)

        dropped_or_run, missed, run = await world.runs()
        assert missed.state is RunState.MISSED
        assert (missed.reason, missed.clock_generation) == ("the clock was corrected by +4.0 h", 1)
        assert missed.count == 240
        assert run.clock_generation == 1
        assert dropped_or_run.clock_generation == 0


@in_event_loop
async def test_a_correction_back_drops_what_was_armed_and_plans_from_now() -> None:
    world = World()
    async with world.running():
        await world.admit()
        await world.pass_time(59.7)

        world.clock.step(timedelta(hours=-5))
        await world.pass_time(61)

        armed, run = await world.runs()
        assert (armed.state, armed.reason) == (RunState.MISSED, "the clock was corrected by -5.0 h")
        assert run.scheduled_for is not None
        assert run.scheduled_for < NOON
        assert len(world.executor.launched) == 1
        assert await world.store.get("clock_generation") == "1"


@in_event_loop
async def test_a_correction_waits_for_a_store_that_fails() -> None:
    world = World()
    async with world.running():
        await world.admit()
        await world.pass_time(10)
        world.store.failing = {"put", "claim", "resolve", "void"}
        world.clock.step(timedelta(hours=-5))
        await world.pass_time(70)
        assert world.executor.launched == []

        world.store.failing = set()
        await world.pass_time(62)

        assert await world.store.get("clock_generation") == "1"
        assert world.executor.launched
        assert world.told("service.failed") == []


@in_event_loop
async def test_a_clock_set_back_while_nothing_ran_is_noticed_at_the_next_start() -> None:
    world = World()
    await world.start()
    await world.admit()
    await world.pass_time(61)
    world.executor.finish()
    await world.stop()
    world.clock.step(timedelta(days=-400))

    await world.restart()
    await world.pass_time(61)

    assert world.told("clock.corrected") == ["the clock was corrected by -9600.0 h: all jobs are planned from now"]
    assert len(world.executor.launched) == 2
    await world.stop()


@in_event_loop
async def test_a_long_time_without_a_scheduler_is_no_correction() -> None:
    world = World()
    await _down_for(world, 400_000)

    assert world.told("clock.corrected") == []
    await world.stop()


@in_event_loop
async def test_a_sign_of_life_is_left_twice_a_minute() -> None:
    world = World()
    async with world.running():
        await world.pass_time(300)

        assert 10 <= world.store.writes.count("put") <= 11


@in_event_loop
async def test_an_instant_is_met_while_the_next_one_is_planned() -> None:
    world = World()
    async with world.running():
        await world.admit("a")
        await world.admit("b", jobs=[a_job_declaration(trigger="every 1 hours")])
        await world.pass_time(55)
        world.store.gates["put"] = asyncio.Event()

        await world.pass_time(5)

        assert [request.task_id for request in world.executor.launched] == ["a"]
        world.store.gates.clear()


@in_event_loop
async def test_a_run_without_an_instant_cannot_be_armed() -> None:
    world = World()
    async with world.running():
        await world.admit(jobs=[])
        run = await world.runner.request("report", None, "r")

        with pytest.raises(ValueError, match="has no instant"):
            world.scheduler.arm(run)


@in_event_loop
async def test_the_loop_tells_that_it_moves_often_enough_whatever_its_interval() -> None:
    world = World(loop_interval=3_600, look_every=10)
    async with world.running():
        await world.pass_time(60)

        gaps = [after - before for before, after in itertools.pairwise(world.looks)]
        assert len(world.looks) >= 7
        assert max(gaps) <= timedelta(seconds=10)


@in_event_loop
async def test_a_loop_that_hangs_tells_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(look_every=10)
    async with world.running():
        await world.admit()
        await world.pass_time(5)
        monkeypatch.setattr(world.store, "claim", lambda *_: asyncio.get_running_loop().create_future())
        await world.pass_time(55)
        before = len(world.looks)

        await world.pass_time(100)

        assert len(world.looks) == before
