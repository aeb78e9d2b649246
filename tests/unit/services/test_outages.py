"""Times without a scheduler are on record, so that whoever asks about a slot of them is told."""

from __future__ import annotations

from datetime import timedelta

import pytest

from task_scheduler.core.clocks import OUTAGES, read_gaps
from task_scheduler.core.restoring import UNSETTLED, Restored
from task_scheduler.testing.clock import NOON
from task_scheduler.testing.loops import in_event_loop
from tests.unit.services.world import World


@pytest.mark.parametrize("is_killed", [True, False])
@in_event_loop
async def test_the_next_scheduler_puts_on_record_how_long_none_was_there(is_killed: bool) -> None:
    world = World()
    await world.start()
    await world.admit()
    await world.pass_time(30)
    await (world.crash() if is_killed else world.stop())
    ended = world.clock.now()
    await world.clock.advance(600)
    await world.restart()

    [gap] = read_gaps(await world.store.get(OUTAGES))

    # Of one that was killed, the last sign of life on record may be a minute old.
    earliest = NOON if is_killed else ended
    assert earliest <= gap.after <= ended
    assert gap.until == ended + timedelta(seconds=600)
    await world.stop()


@pytest.mark.parametrize("restored_after", [0, 400])
@in_event_loop
async def test_the_time_before_a_backup_was_restored_is_none_without_a_scheduler(restored_after: int) -> None:
    world = World()
    await world.start()
    await world.stop()
    await world.clock.advance(600)
    restored_at = world.clock.now() - timedelta(seconds=restored_after)
    lost = Restored(at=restored_at, taken_at=NOON, backup="b.db", because="it was damaged", aside="x")
    await world.store.put(UNSETTLED, lost.text())

    await world.restart()

    gaps = [(gap.after, gap.until) for gap in read_gaps(await world.store.get(OUTAGES))]
    assert gaps == ([(restored_at, NOON + timedelta(seconds=600))] if restored_after else [])
    await world.stop()
