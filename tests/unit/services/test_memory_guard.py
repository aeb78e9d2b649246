"""A scheduler that grows too big is restarted, with its reason on record, and never again and again."""

from __future__ import annotations

from datetime import timedelta

import pytest

from task_scheduler.core.errors import Refused
from task_scheduler.core.events import Event
from task_scheduler.services.memory_guard import MemoryGuard
from task_scheduler.testing.clock import NOON, FakeClock
from task_scheduler.testing.loops import in_event_loop
from tests.unit.services.world import FlakyStore

REASON = "memory is at 600 MB, above scheduler.max_memory_usage of 500 MB"


class Memory:
    """A process whose memory the test sets."""

    def __init__(self, store: FlakyStore | None = None) -> None:
        self.used = 600_000_000
        self.restarts: list[str] = []
        self.clock = FakeClock()
        self.store = store or FlakyStore()
        self.events: list[Event] = []
        self.rehearsals = 0
        self.trouble: str | None = None  #: why a new program could not start
        self.guard = MemoryGuard(
            state=self.store,
            clock=self.clock,
            resident=lambda: self.used,
            rehearse=self.rehearse,
            restart=self.restarts.append,
            interval=60,
            limit=500_000_000,
            publish=self.events.append,
        )

    async def rehearse(self) -> None:
        self.rehearsals += 1
        if self.trouble is not None:
            raise Refused(self.trouble)

    @property
    def told(self) -> list[str]:
        return [event.name for event in self.events]


@pytest.mark.parametrize("used", [0, 499_999_999, 500_000_000])
@in_event_loop
async def test_memory_up_to_the_limit_is_left_alone(used: int) -> None:
    memory = Memory()
    memory.used = used

    await memory.guard.check()

    assert (memory.restarts, memory.rehearsals, memory.told) == ([], 0, [])


@in_event_loop
async def test_memory_above_the_limit_asks_for_a_restart_once_an_hour() -> None:
    memory = Memory()

    await memory.guard.check()
    await memory.clock.advance(1_800)
    await memory.guard.check()
    await memory.guard.check()
    memory.used = 0
    await memory.guard.check()
    memory.used = 600_000_000
    memory.clock.step(timedelta(days=-3))
    await memory.guard.check()

    assert memory.restarts == [REASON, REASON]
    assert memory.told == ["memory.restart", "memory.high", "memory.restart"]


@in_event_loop
async def test_the_restart_is_on_record_for_the_program_that_follows() -> None:
    before = Memory()
    await before.guard.check()

    after = Memory(before.store)
    await after.guard.start()
    await after.clock.advance(60)

    restart = after.guard.last_restart
    assert restart is not None
    assert restart.document() == {"at": NOON.isoformat(), "used": 600_000_000, "limit": 500_000_000}
    assert (after.restarts, after.told) == ([], ["memory.high"])
    assert "it was restarted for that less than an hour ago: raise the limit" in after.events[0].message
    await after.guard.stop()


@in_event_loop
async def test_a_program_that_could_not_start_is_not_restarted_into_nor_tried_out_again_and_again() -> None:
    memory = Memory()
    memory.trouble = "the program on disk could not start"

    await memory.guard.check()
    await memory.guard.check()
    await memory.clock.advance(3_600)
    await memory.guard.check()

    assert (memory.restarts, memory.rehearsals, memory.guard.last_restart) == ([], 2, None)
    assert memory.told == ["memory.high", "memory.high"]
    assert memory.events[0].message == f"{REASON}, and it is not restarted for that: {memory.trouble}"


@in_event_loop
async def test_another_limit_holds_at_once() -> None:
    memory = Memory()
    await memory.guard.start()
    memory.guard.configure(interval=3_600, limit=700_000_000)
    await memory.clock.advance(600)
    before = list(memory.restarts)

    memory.guard.configure(interval=3_600, limit=550_000_000)
    await memory.clock.settle()

    assert before == []
    assert memory.restarts == ["memory is at 600 MB, above scheduler.max_memory_usage of 550 MB"]
    await memory.guard.stop()


@in_event_loop
async def test_a_store_that_fails_does_not_end_the_guard() -> None:
    memory = Memory()
    memory.store.failing = {"put"}
    await memory.guard.start()

    await memory.clock.advance(60)

    assert memory.guard.is_running
    assert (memory.told, memory.restarts) == (["memory.unwatched"], [])
    memory.store.failing = set()
    await memory.clock.advance(60)
    assert len(memory.restarts) == 1
    await memory.guard.stop()
