"""One lifecycle for every service, and the small tools beside it."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable

import pytest

from task_scheduler.core.errors import StoreError
from task_scheduler.core.events import Event
from task_scheduler.core.policies import RetentionPolicy
from task_scheduler.services.backups import Backups
from task_scheduler.services.event_bus import EventBus
from task_scheduler.services.janitor import Janitor
from task_scheduler.services.memory_guard import MemoryGuard
from task_scheduler.services.patience import Patience
from task_scheduler.services.service import Service, fault
from task_scheduler.services.side_work import SideWork
from task_scheduler.services.waits import Alarm, is_done_within, sleep_through_suspend, within
from task_scheduler.testing.clock import FakeClock
from task_scheduler.testing.fakes import FakeBackups, FakeOutputs
from task_scheduler.testing.loops import in_event_loop
from tests.unit.services.world import World


class Worker(Service):
    """Counts what is done to it; fails where told."""

    name = "worker"

    def __init__(self, publish: Callable[[Event], None] = lambda _event: None) -> None:
        super().__init__(publish=publish)
        self.set_up = self.torn_down = self.at_work = self.most_at_work = 0
        self.fails_at = ""

    async def _set_up(self) -> None:
        self.set_up += 1
        await asyncio.sleep(0)
        if self.fails_at == "set up":
            raise OSError("no")

    async def _run(self) -> None:
        self.at_work += 1
        self.most_at_work = max(self.most_at_work, self.at_work)
        try:
            if self.fails_at == "work":
                raise ExceptionGroup("all", [ExceptionGroup("some", [ValueError("odd")])])
            await asyncio.Event().wait()
        finally:
            self.at_work -= 1

    async def _tear_down(self) -> None:
        await asyncio.sleep(0)
        self.torn_down += 1


async def _nothing() -> None:
    pass


def every_service() -> list[Service]:
    world = World()
    state = world.store
    return [
        Worker(),
        world.runner,
        world.scheduler,
        world.catalog,
        Backups(store=FakeBackups(), clock=world.clock, interval=60, keep=600, publish=world.events.append),
        Janitor(
            state=state,
            catalogue=world.store,
            outputs=FakeOutputs(),
            environments=world.environments,
            environments_in_use=world.catalog.environments_in_use,
            may_collect=lambda: True,
            clock=world.clock,
            policy=RetentionPolicy(),
            publish=world.events.append,
        ),
        MemoryGuard(
            state=state,
            clock=world.clock,
            resident=lambda: 1,
            rehearse=_nothing,
            restart=lambda _reason: None,
            interval=60,
            limit=2,
            publish=world.events.append,
        ),
    ]


@pytest.mark.parametrize("number", range(7))
def test_any_order_of_starts_and_stops_ends_as_the_last_one_says(number: int) -> None:
    @in_event_loop
    async def scenario() -> None:
        service = every_service()[number]
        order = random.Random(number)  # noqa: S311 - a shuffle
        before = asyncio.all_tasks()
        await service.stop()

        for _ in range(20):
            calls = [order.choice([service.start, service.stop]) for _ in range(6)]
            tasks = [asyncio.create_task(call()) for call in calls]
            for task in order.sample(tasks, 1):
                await asyncio.sleep(0)
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await service.start()
            assert service.is_running
        await asyncio.gather(*(service.stop() for _ in range(5)))

        assert not service.is_running
        await asyncio.sleep(0)
        assert asyncio.all_tasks() == before

    scenario()


@in_event_loop
async def test_many_starts_at_once_are_one() -> None:
    worker = Worker()

    await asyncio.gather(*(worker.start() for _ in range(10)))
    await asyncio.sleep(0)

    assert (worker.set_up, worker.at_work) == (1, 1)
    await worker.stop()
    assert (worker.torn_down, worker.at_work) == (1, 0)


@in_event_loop
async def test_a_start_that_fails_leaves_nothing_behind_and_may_be_tried_again() -> None:
    worker = Worker()
    worker.fails_at = "set up"
    with pytest.raises(OSError, match="no"):
        await worker.start()
    assert (worker.is_running, worker.torn_down) == (False, 1)

    worker.fails_at = ""
    await worker.start()

    assert worker.is_running
    await worker.stop()


@in_event_loop
async def test_a_service_that_fails_says_so_with_its_name() -> None:
    events: list[Event] = []
    worker = Worker(events.append)
    worker.fails_at = "work"

    await worker.start()
    await asyncio.sleep(0.0)
    await asyncio.sleep(0.0)

    assert not worker.is_running
    assert [(event.name, event.message) for event in events] == [
        ("service.failed", "the worker met a fault of the program: ValueError: odd")
    ]
    await worker.stop()


@in_event_loop
async def test_a_stop_that_was_cancelled_is_finished_by_the_next() -> None:
    worker = Worker()
    await worker.start()
    stopping = asyncio.create_task(worker.stop())
    await asyncio.sleep(0)
    stopping.cancel()
    await asyncio.wait({stopping})

    await worker.stop()

    assert (worker.torn_down, worker.at_work) == (1, 0)


def test_a_fault_with_several_causes_is_told_as_a_whole() -> None:
    group = ExceptionGroup("two", [ValueError("a"), ValueError("b")])

    assert (
        fault("worker", group).message
        == "the worker met a fault of the program: ExceptionGroup: two (2 sub-exceptions)"
    )


# --- events -----------------------------------------------------------------------------------------------


def test_events_reach_every_listener_in_order_until_it_leaves() -> None:
    bus = EventBus()
    heard: list[object] = []
    leave = bus.subscribe(lambda event: heard.append(("first", event.name)))
    bus.subscribe(lambda event: heard.append(("second", event.name)))

    bus.publish(Event(name="a", message="x"))
    leave()
    leave()
    bus.publish(Event(name="b", message="x"))

    assert heard == [("first", "a"), ("second", "a"), ("second", "b")]


def test_a_listener_that_fails_harms_neither_the_others_nor_the_one_who_publishes() -> None:
    bus = EventBus()
    heard: list[object] = []

    def fail(event: Event) -> None:
        raise OSError(f"disk full at {event.name}")

    bus.subscribe(fail)
    bus.subscribe(lambda event: heard.append(event.message))
    bus.subscribe(lambda event: fail(event) if event.name == "listener.failed" else None)

    bus.publish(Event(name="run.started", message="x"))

    assert heard == ["a listener failed at run.started: OSError: disk full at run.started", "x"]


# --- waiting ----------------------------------------------------------------------------------------------


@in_event_loop
async def test_an_alarm_ends_a_sleep_early_or_beforehand() -> None:
    clock = FakeClock()
    alarm = Alarm(clock)
    for seconds in (60, None):
        sleeping = asyncio.create_task(alarm.sleep(seconds))
        await clock.settle()
        assert not sleeping.done()
        alarm.ring()
        await clock.settle()
        assert sleeping.done()

    alarm.ring()
    await alarm.sleep(None)

    assert clock.sleepers == 0


@in_event_loop
async def test_an_alarm_that_does_not_ring_sleeps_as_long_as_asked() -> None:
    clock = FakeClock()
    alarm = Alarm(clock)
    sleeping = asyncio.create_task(alarm.sleep(60))

    await clock.advance(59)
    early = sleeping.done()
    await clock.advance(1)
    await clock.settle()

    assert (early, sleeping.done()) == (False, True)


@in_event_loop
async def test_work_is_given_a_time_and_then_ended() -> None:
    clock = FakeClock()

    async def quick() -> int:
        return 7

    assert await within(clock, 5, quick()) == 7
    never = asyncio.ensure_future(asyncio.Event().wait())
    limited = asyncio.ensure_future(within(clock, 5, never))
    await clock.advance(5)
    await clock.settle()

    assert isinstance(limited.exception(), TimeoutError)
    assert never.cancelled()


@in_event_loop
async def test_work_that_is_only_watched_goes_on_unless_the_watcher_is_cancelled() -> None:
    clock = FakeClock()
    work = asyncio.ensure_future(asyncio.Event().wait())
    watching = asyncio.ensure_future(is_done_within(clock, 5, work, end=False))
    await clock.advance(5)
    await clock.settle()
    assert watching.result() is False
    assert not work.done()

    watching = asyncio.ensure_future(is_done_within(clock, 5, work, end=False))
    await clock.settle()
    watching.cancel()
    await clock.settle()

    assert work.cancelled()


@in_event_loop
async def test_a_long_sleep_counts_the_time_the_machine_was_suspended() -> None:
    clock = FakeClock()
    sleeping = asyncio.create_task(sleep_through_suspend(clock, 1_000))
    await clock.settle()

    clock.suspend(980)
    await clock.advance(31)
    await clock.settle()

    assert sleeping.done()


# --- writing patiently ------------------------------------------------------------------------------------


@in_event_loop
async def test_a_write_is_repeated_until_the_store_takes_it_and_told_once() -> None:
    clock, events = FakeClock(), []  # type: ignore[var-annotated]
    patience = Patience(clock=clock, publish=events.append)
    failures = [StoreError("full"), StoreError("full")]

    async def write() -> str:
        if failures:
            raise failures.pop()
        return "done"

    writing = asyncio.create_task(patience.write(write))
    await clock.advance(3)
    await clock.settle()

    assert writing.result() == "done"
    assert [event.name for event in events] == ["store.failing", "store.recovered"]


@in_event_loop
async def test_a_store_that_fails_is_told_once_for_all_and_its_recovery_when_the_last_write_is_done() -> None:
    clock, events = FakeClock(), []  # type: ignore[var-annotated]
    patience = Patience(clock=clock, publish=events.append)

    for who in ("one", "two"):
        patience.note_failure(who, StoreError("the disk is full"))
    patience.note_success("three")
    patience.note_success("two")
    told_while_failing = [event.name for event in events], patience.trouble
    patience.note_success("one")

    assert told_while_failing == (
        ["store.failing"],
        "the record cannot be written (the disk is full): nothing new is started until it can",
    )
    assert [event.name for event in events] == ["store.failing", "store.recovered"]
    assert patience.trouble is None


@in_event_loop
async def test_who_gives_up_writing_does_not_keep_the_recovery_from_being_told() -> None:
    clock, events = FakeClock(), []  # type: ignore[var-annotated]
    patience = Patience(clock=clock, publish=events.append)

    async def never() -> None:
        raise StoreError("the disk is full")

    writing = asyncio.create_task(patience.write(never))
    await clock.settle()
    writing.cancel()
    await asyncio.wait({writing})
    patience.note_success("another")

    assert [event.name for event in events] == ["store.failing", "store.recovered"]


# --- work beside ------------------------------------------------------------------------------------------


@in_event_loop
async def test_side_work_that_meets_a_fault_is_told_and_what_is_left_is_ended() -> None:
    events: list[Event] = []
    side_work = SideWork(service="runner", publish=events.append)
    ended = asyncio.Event()

    async def odd() -> None:
        raise ValueError("odd")

    async def stubborn() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            side_work.begin(late())

    async def late() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    side_work.begin(odd())
    side_work.begin(stubborn())
    await asyncio.sleep(0)
    await side_work.end()

    assert events[0].message == "the runner met a fault of the program: ValueError: odd"
    assert len(asyncio.all_tasks()) == 1
