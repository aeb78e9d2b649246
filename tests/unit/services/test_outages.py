"""Times without a scheduler are on record, so that whoever asks about a slot of them is told."""

from __future__ import annotations

from datetime import timedelta

import pytest

from task_scheduler.core.clocks import OUTAGES, read_gaps
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
