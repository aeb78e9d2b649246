"""A record that was restored: the time it knows nothing of is written off, and what comes after is judged as ever."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from task_scheduler.core.policies import MisfirePolicy
from task_scheduler.core.restoring import UNSETTLED, Restored
from task_scheduler.core.runs import RunState
from task_scheduler.core.tasks import Missed
from task_scheduler.testing.clock import NOON
from task_scheduler.testing.loops import in_event_loop
from tests.unit.services.world import World

ALL = MisfirePolicy(missed=Missed.ALL, window=timedelta(days=1))


def minutes(number: float) -> datetime:
    return NOON + timedelta(minutes=number)


def restored(at: datetime) -> Restored:
    return Restored(at=at, taken_at=NOON, backup="b.db", because="it was damaged", aside="x")


async def _restored_after(world: World, at: datetime) -> None:
    """Leave a record with a task for each minute, as it was at noon, restored at a moment."""
    await world.start()
    await world.admit()
    await world.stop()
    await world.store.put(UNSETTLED, restored(at).text())


@in_event_loop
async def test_slots_of_the_lost_time_are_missed_and_those_after_it_are_made_up_for() -> None:
    world = World(policy=ALL)
    await _restored_after(world, minutes(10.5))
    await world.clock.advance(13.5 * 60)

    await world.start()
    await world.pass_time(1)
    runs = await world.runs()

    (lost,) = [run for run in runs if run.state is RunState.MISSED]
    assert (lost.scheduled_for, lost.range_end, lost.count) == (minutes(1), minutes(10), 10)
    assert lost.reason == "the record of this time was lost: restored from the backup of 2026-03-01 12:00:00 UTC"
    assert [run.scheduled_for for run in runs if run is not lost] == [minutes(11), minutes(12), minutes(13)]
    assert await world.store.get(UNSETTLED) == ""
    await world.stop()


@in_event_loop
async def test_a_job_that_owes_nothing_of_that_time_is_left_as_it_is() -> None:
    world = World(policy=ALL)
    await _restored_after(world, minutes(0.5))
    await world.clock.advance(150)

    await world.start()
    await world.pass_time(1)

    assert [run.scheduled_for for run in await world.runs()] == [minutes(1), minutes(2)]
    await world.stop()


@in_event_loop
async def test_it_is_written_off_once() -> None:
    world = World(policy=ALL)
    await _restored_after(world, minutes(5.5))
    await world.clock.advance(330)
    await world.start()
    await world.stop()
    await world.clock.advance(120)

    await world.restart()
    await world.pass_time(1)

    states = [run.state for run in await world.runs()]
    assert states.count(RunState.MISSED) == 1
    assert len(states) == 3
    await world.stop()


@pytest.mark.parametrize("outputs", [0, 1, 2])
def test_it_is_told_in_a_sentence(outputs: int) -> None:
    told = Restored(
        at=minutes(10), taken_at=NOON, backup="b.db", because="it is gone", aside="data/damaged/x", outputs=outputs
    )

    expected = ["", "; 1 of its outputs remains in logs/runs", "; 2 of its outputs remain in logs/runs"][outputs]
    assert told.sentence(UTC) == (
        "it is gone; restored from the backup of 2026-03-01 12:00:00 UTC (b.db): what ran between then and 2026-03-01 "
        f"12:10:00 UTC is not on record{expected}; the record before is kept in data/damaged/x"
    )
