"""The real planning under clocks that step, sleep, and were wrong at boot: no slot twice, no storm, each loss labelled."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from task_scheduler.core.policies import MisfirePolicy
from task_scheduler.core.runs import Run, RunState
from task_scheduler.core.tasks import Missed, Overlap
from task_scheduler.testing.builders import a_job_declaration
from task_scheduler.testing.loops import in_event_loop
from tests.unit.services.world import World

MINUTELY = a_job_declaration(trigger="every 1 minutes")
#: Starts that one job may have in a minute of the monotonic clock, and some for the step itself.
_NO_STORM = 3


async def _a_world_at_work(**wanted: object) -> World:
    world = World(**wanted)  # type: ignore[arg-type]
    world.executor.automatic = True
    await world.start()
    await world.admit(jobs=[MINUTELY])
    await world.pass_time(10 * 60)
    return world


def _never_twice(runs: list[Run]) -> None:
    slots = Counter((run.scheduled_for, run.clock_generation) for run in runs if run.state is RunState.SUCCEEDED)
    assert slots
    assert max(slots.values()) == 1


@pytest.mark.parametrize("minutes", [-179, -60, -3, 3, 60, 179])
def test_a_step_of_less_than_three_hours_is_no_storm_and_nothing_runs_twice(minutes: int) -> None:
    @in_event_loop
    async def scenario() -> None:
        world = await _a_world_at_work()
        before = len(world.executor.launched)

        world.clock.step(timedelta(minutes=minutes))
        await world.pass_time(5 * 60)

        runs = await world.runs()
        _never_twice(runs)
        assert len({run.scheduled_for for run in runs}) == len(runs)
        # Back: what ran is not repeated until the clock is where it was. Forward: one run stands for what was passed over.
        started = len(world.executor.launched) - before
        assert started == (max(0, 5 + minutes) if minutes < 0 else 6)
        if minutes > 0:
            assert sum(run.merged for run in runs) == minutes - 1
        assert world.told("clock.corrected") == []
        await world.stop()

    scenario()


@pytest.mark.parametrize("hours", [-400 * 24, -3.1, 3.1, 400 * 24])
def test_a_correction_goes_on_from_now_and_labels_what_it_passes_over(hours: float) -> None:
    @in_event_loop
    async def scenario() -> None:
        world = await _a_world_at_work()
        before = len(world.executor.launched)

        world.clock.step(timedelta(hours=hours))
        await world.pass_time(5 * 60)

        runs = await world.runs()
        _never_twice(runs)
        assert 5 <= len(world.executor.launched) - before <= 5 + _NO_STORM
        reason = f"the clock was corrected by {hours:+.1f} h"
        assert world.told("clock.corrected") == [f"{reason}: all jobs are planned from now"]
        missed = [run for run in runs if run.state is RunState.MISSED]
        assert {run.reason for run in missed} <= {reason}
        if hours > 0:
            assert sum(run.count for run in missed) == pytest.approx(hours * 60, abs=1)
        await world.stop()

    scenario()


@in_event_loop
async def test_after_a_step_back_new_work_does_not_wait_for_the_old_time() -> None:
    world = await _a_world_at_work()

    world.clock.step(-timedelta(hours=2))
    await world.admit("new", jobs=[MINUTELY])
    await world.runner.request("new", None, "by hand")
    await world.pass_time(3 * 60)

    of_new = [request.scheduled_for for request in world.executor.launched if request.task_id == "new"]
    assert len(of_new) == 4
    assert of_new[0] is None
    await world.stop()


@pytest.mark.parametrize("missed", Missed)
def test_a_suspend_of_three_hours_follows_the_policy_and_is_no_correction(missed: Missed) -> None:
    @in_event_loop
    async def scenario() -> None:
        world = World(policy=MisfirePolicy(missed=missed))
        world.executor.automatic = True
        await world.start()
        await world.admit(jobs=[a_job_declaration(trigger="every 1 hours")], overlap=Overlap.QUEUE)
        await world.pass_time(1_800)

        world.clock.suspend(3 * 3_600)
        await world.pass_time(2)

        told = [(run.state, run.merged, run.count) for run in await world.runs()]
        succeeded, gone = RunState.SUCCEEDED, RunState.MISSED
        assert (
            told
            == {
                Missed.ONCE: [(succeeded, 2, 1)],
                Missed.SKIP: [(gone, 0, 3)],
                Missed.ALL: [(succeeded, 0, 1)] * 3,
            }[missed]
        )
        assert world.told("clock.corrected") == []
        assert world.told("slots.overdue") == ["a schedule of report was overdue by 2 h 30 min"]
        assert await world.store.get("clock_generation") is None
        await world.stop()

    scenario()


@pytest.mark.parametrize(
    "boot", [datetime(1970, 1, 1, 0, 0, 20, tzinfo=UTC), datetime(2037, 6, 1, tzinfo=UTC)], ids=["1970", "2037"]
)
@pytest.mark.parametrize("is_first", [True, False], ids=["first start", "later start"])
def test_a_clock_that_is_wrong_at_boot_and_then_right(boot: datetime, is_first: bool) -> None:
    @in_event_loop
    async def scenario() -> None:
        world = World()
        world.executor.automatic = True
        if not is_first:
            await world.start()
            await world.admit(jobs=[MINUTELY])
            await world.pass_time(10 * 60)
            await world.stop()
        now = world.clock.now()
        world.clock.step(boot - now)
        await (world.start() if is_first else world.restart())
        if is_first:
            await world.admit(jobs=[MINUTELY])
        await world.pass_time(90)
        wrong = len(world.executor.launched)

        world.clock.step(now + timedelta(seconds=90) - world.clock.now())
        await world.pass_time(5 * 60)

        runs = await world.runs()
        _never_twice(runs)
        assert 5 <= len(world.executor.launched) - wrong <= 5 + _NO_STORM, "goes on at once, and without a storm"
        right = [run for run in runs if run.state is RunState.SUCCEEDED and run.scheduled_for > now]  # type: ignore[operator]
        assert len([run for run in right if run.scheduled_for < now + timedelta(days=1)]) >= 5  # type: ignore[operator]
        missed = [run for run in runs if run.state is RunState.MISSED]
        assert all("clock was corrected" in run.reason or "catch-up window" in run.reason for run in missed)
        assert world.told("service.failed") == []
        assert len(world.executor.launched) < 40
        await world.stop()

    scenario()


@pytest.mark.slow
@settings(max_examples=12)
@given(
    st.lists(
        st.one_of(
            st.tuples(st.just("step"), st.sampled_from([-500, -181, -120, -5, 5, 120, 181, 500])),
            st.tuples(st.just("sleep"), st.sampled_from([1, 30, 179, 300])),
            st.tuples(st.just("restart"), st.sampled_from([0, 1, 90])),
        ),
        min_size=1,
        max_size=5,
    )
)
def test_whatever_the_clocks_do_nothing_runs_twice_or_in_a_storm(happenings: list[tuple[str, int]]) -> None:
    @in_event_loop
    async def scenario() -> None:
        world = await _a_world_at_work()
        passed = 10
        for what, minutes in happenings:
            if what == "step":
                world.clock.step(timedelta(minutes=minutes))
            elif what == "sleep":
                world.clock.suspend(minutes * 60)
            else:
                await world.stop()
                await world.clock.advance(minutes * 60)
                await world.restart()
            await world.pass_time(3 * 60)
            passed += 3 + (1 if what == "restart" else 0)
        await world.stop()

        runs = await world.runs()
        _never_twice(runs)
        assert len(world.executor.launched) <= passed + _NO_STORM * len(happenings)
        assert world.told("service.failed") == []

    scenario()
