"""The clock of tests wakes sleepers in order, each at its own moment."""

import asyncio
from datetime import timedelta

from task_scheduler.testing.clock import NOON, FakeClock
from task_scheduler.testing.loops import in_event_loop


@in_event_loop
async def test_sleepers_wake_in_order_at_their_own_moments() -> None:
    clock = FakeClock()
    woken: list[tuple[str, float]] = []

    async def sleep(name: str, seconds: float) -> None:
        await clock.sleep(seconds)
        woken.append((name, (clock.now() - NOON).total_seconds()))

    async with asyncio.TaskGroup() as group:
        for name, seconds in (("late", 7.0), ("early", 0.1), ("middle", 3.5)):
            group.create_task(sleep(name, seconds))
        await clock.advance(10)

    assert woken == [("early", 0.1), ("middle", 3.5), ("late", 7.0)]
    assert clock.now() == NOON + timedelta(seconds=10)


@in_event_loop
async def test_a_loop_of_sleeps_is_woken_each_time() -> None:
    clock = FakeClock()
    ticks: list[float] = []

    async def tick() -> None:
        while True:
            await clock.sleep(1)
            ticks.append(clock.monotonic())

    task = asyncio.create_task(tick())
    start = clock.monotonic()
    await clock.advance(5)
    task.cancel()

    assert ticks == [start + n for n in range(1, 6)]


@in_event_loop
async def test_nobody_wakes_too_early_and_the_cancelled_not_at_all() -> None:
    clock = FakeClock()
    sleeper = asyncio.create_task(clock.sleep(5))
    cancelled = asyncio.create_task(clock.sleep(1))
    await clock.settle()
    cancelled.cancel()

    await clock.advance(4.999)
    assert not sleeper.done()
    assert clock.sleepers == 1
    assert clock.next_wake is not None

    await clock.advance(0.001)
    assert sleeper.done()
    assert clock.next_wake is None


@in_event_loop
async def test_a_sleep_of_nothing_returns_at_once() -> None:
    clock = FakeClock()

    await clock.sleep(0)
    await clock.sleep(-1)

    assert clock.now() == NOON


def test_suspend_and_steps_move_only_the_clocks_they_move() -> None:
    clock = FakeClock()
    monotonic, boottime = clock.monotonic(), clock.boottime()

    clock.suspend(60)
    clock.step(timedelta(hours=-1))

    assert clock.monotonic() == monotonic
    assert clock.boottime() == boottime + 60
    assert clock.now() == NOON + timedelta(seconds=60) - timedelta(hours=1)
