"""When backups are written, and what is told of them."""

from __future__ import annotations

from datetime import timedelta

from task_scheduler.core.backups import Backup
from task_scheduler.core.events import Event
from task_scheduler.services.backups import Backups
from task_scheduler.testing.clock import NOON, FakeClock
from task_scheduler.testing.fakes import FakeBackups
from task_scheduler.testing.loops import in_event_loop

HOUR = 3_600
WEEK = 7 * 24 * HOUR


class Worked:
    """A service over a fake store, and what it told."""

    def __init__(self, *, interval: float = HOUR, newest: timedelta | None = None) -> None:
        """`newest` is how long ago the newest backup was taken."""
        self.clock = FakeClock()
        self.store = FakeBackups(now=self.clock.now)
        if newest is not None:
            self.store.taken.append(Backup(name="old.db", taken_at=NOON - newest, bytes=1))
        self.events: list[Event] = []
        self.service = Backups(
            store=self.store, clock=self.clock, interval=interval, keep=WEEK, publish=self.events.append
        )

    @property
    def told(self) -> list[str]:
        return [event.name for event in self.events]

    @property
    def written(self) -> list[float]:
        """How many seconds after the beginning each was taken."""
        return [(each.taken_at - NOON).total_seconds() for each in reversed(self.store.taken) if each.name != "old.db"]

    async def pass_time(self, seconds: float) -> None:
        await self.service.start()
        for _ in range(int(seconds // 30)):
            await self.clock.advance(30)
        await self.clock.settle()
        await self.service.stop()


@in_event_loop
async def test_the_first_comes_soon_and_the_others_at_the_interval() -> None:
    worked = Worked()

    await worked.pass_time(2 * HOUR + 120)

    assert worked.written == [60, 60 + HOUR, 60 + 2 * HOUR]
    assert set(worked.told) == {"backup.written"}
    assert worked.store.keep == timedelta(days=7)
    assert worked.service.newest == worked.store.taken[0]


@in_event_loop
async def test_a_scheduler_that_is_started_anew_each_half_hour_has_its_backups_all_the_same() -> None:
    worked = Worked(newest=timedelta(minutes=10))

    for _ in range(5):
        await worked.pass_time(HOUR / 2)

    assert worked.written == [50 * 60, 110 * 60]


@in_event_loop
async def test_a_clock_that_was_set_back_neither_stops_nor_hurries_them() -> None:
    worked = Worked(newest=timedelta(days=-30))

    await worked.pass_time(2.5 * HOUR)

    assert worked.written == [HOUR, 2 * HOUR]


@in_event_loop
async def test_a_failure_is_told_once_and_tried_again_and_so_is_its_end() -> None:
    worked = Worked(newest=timedelta(0))
    worked.store.failure = "the disk is full"

    await worked.pass_time(2 * HOUR)
    assert worked.told == ["backup.failed"]
    assert "the disk is full; the backups there are stay" in worked.events[0].message
    worked.store.failure = None
    await worked.pass_time(HOUR + 30)

    assert worked.told == ["backup.failed", "backup.recovered", "backup.written"]


@in_event_loop
async def test_what_is_removed_is_told_by_name_and_what_cannot_be_removed_too() -> None:
    worked = Worked(newest=timedelta(0))
    worked.store.outlived = ("a.db", "b.db")
    worked.store.trouble = "c.db: Operation not permitted"

    await worked.pass_time(HOUR + 30)

    assert worked.told == ["backup.written", "backup.removed", "backup.stuck"]
    _, removed, stuck = worked.events
    assert removed.message == "backups removed, as they are not kept any more: a.db, b.db"
    assert stuck.message.endswith("could be removed: c.db: Operation not permitted")


@in_event_loop
async def test_another_interval_counts_at_once() -> None:
    worked = Worked(newest=timedelta(minutes=10))
    await worked.service.start()
    await worked.clock.advance(30)

    worked.service.configure(interval=300, keep=HOUR)
    await worked.clock.settle()

    assert worked.written == [30]
    assert worked.store.keep == timedelta(hours=1)
    await worked.service.stop()


@in_event_loop
async def test_one_that_is_asked_for_counts_for_the_interval_too() -> None:
    worked = Worked(newest=timedelta(minutes=50))
    await worked.service.start()
    await worked.clock.advance(30)

    backup = (await worked.service.back_up("asked for")).backup
    await worked.pass_time(HOUR - 60)

    assert (backup.why, worked.written) == ("asked for", [30])
