"""A simulation and the scheduler itself come to the same, slot by slot."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import pytest

from task_scheduler.core.policies import MisfirePolicy
from task_scheduler.core.requests import AttemptRequest
from task_scheduler.core.runs import RunState
from task_scheduler.core.tasks import Missed, Overlap
from task_scheduler.simulation import Fate, JobScenario, Pause, Scenario, SlotsTold, simulate
from task_scheduler.testing.builders import a_job_declaration
from task_scheduler.testing.clock import NOON, FakeClock
from task_scheduler.testing.fakes import FakeExecutor
from task_scheduler.testing.loops import in_event_loop
from tests.unit.services.world import World
from tests.unit.simulation.scenarios import a_job

#: What became of a slot: its fate, and how many others its run stands for.
_Fates = dict[tuple[str, datetime], tuple[Fate, int]]


class _Timed(FakeExecutor):
    """Ends each attempt after the time its task takes, whether a scheduler listens or not."""

    clock: FakeClock
    takes: Mapping[str, float]  #: seconds, by task

    def __init__(self, *, now: Callable[[], datetime]) -> None:
        super().__init__(now=now)
        self.ends: list[asyncio.Task[None]] = []

    def launch(self, request: AttemptRequest, placement: str) -> None:
        super().launch(request, placement)
        self.begin(request.id)
        self.ends.append(asyncio.create_task(self._end(request)))

    async def _end(self, request: AttemptRequest) -> None:
        await self.clock.sleep(self.takes[request.task_id])
        if request.id in self.living:
            self.finish(request.id)


@dataclass(frozen=True, kw_only=True)
class _Case:
    """Jobs as they are declared, and minutes of life, up and down by turns."""

    jobs: Sequence[JobScenario]
    minutes: Sequence[float]
    places: int = 10


_SKIP, _ALL = MisfirePolicy(missed=Missed.SKIP), MisfirePolicy(missed=Missed.ALL)
# No two executions end at the same moment, and none at that of a slot: which comes first then is not to be told.
CASES = {
    "places run short": _Case(
        jobs=[
            *(a_job("every 10 seconds", takes=6.3 + 0.17 * number, task_id=f"often-{number}") for number in range(4)),
            *(a_job("every minute", takes=11.3 + 0.23 * number, task_id=f"seldom-{number}") for number in range(8)),
        ],
        minutes=[6],
        places=3,
    ),
    "overlaps": _Case(
        jobs=[
            a_job("every 10 seconds", takes=22.7 + 0.37 * number, overlap=overlap, task_id=overlap)
            for number, overlap in enumerate(Overlap)
        ],
        minutes=[5],
    ),
    "overlaps where places run short": _Case(
        jobs=[
            a_job("every 10 seconds", takes=22.7 + 0.37 * number, overlap=overlap, task_id=overlap)
            for number, overlap in enumerate(Overlap)
        ],
        minutes=[5],
        places=2,
    ),
    "down": _Case(
        jobs=[
            a_job("every 7 minutes", takes=20.3, task_id="once"),
            a_job("every 7 minutes", takes=20.3, policy=_SKIP, task_id="skip"),
            a_job("every 7 minutes", takes=20.3, policy=_ALL, task_id="all"),
            a_job("every 7 minutes", takes=20.3, policy=_ALL, overlap=Overlap.PARALLEL, task_id="all-at-once"),
            a_job("every 7 minutes", policy=MisfirePolicy(window=timedelta(minutes=5)), task_id="short"),
        ],
        minutes=[10, 31, 10],
    ),
    "runs that are held stand in the line again": _Case(
        jobs=[
            a_job("every 30 seconds", takes=42.4707, overlap=Overlap.QUEUE, task_id="queue"),
            a_job("every 20 seconds", takes=12.1237, policy=_ALL, task_id="skip"),
            a_job("every 20 seconds", takes=40.9067, policy=_ALL, overlap=Overlap.QUEUE_ONE, task_id="queue_one"),
            a_job("every 10 seconds", takes=23.7497, task_id="often"),
            a_job("every 20 seconds", takes=48.0427, policy=_ALL, overlap=Overlap.PARALLEL, task_id="parallel"),
            a_job("every minute", takes=26.5057, policy=_ALL, task_id="seldom"),
            a_job("every minute", takes=42.6487, policy=_ALL, overlap=Overlap.QUEUE, task_id="queue_all"),
        ],
        minutes=[3.3, 0.3, 4.11],
        places=3,
    ),
    "down again and again, with few places": _Case(
        jobs=[
            *(a_job("every minute", takes=43.3 + 0.61 * number, task_id=f"once-{number}") for number in range(6)),
            a_job("every minute", takes=31.7, policy=_ALL, overlap=Overlap.QUEUE, task_id="all"),
            a_job("every minute", takes=31.3, policy=_SKIP, overlap=Overlap.QUEUE_ONE, task_id="skip"),
            a_job("every minute", takes=75.11, overlap=Overlap.REPLACE, task_id="replace"),
        ],
        minutes=[4.5, 3, 5, 0.4, 6],
        places=3,
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", CASES)
@in_event_loop
async def test_each_slot_has_the_fate_that_the_scheduler_gives_it(name: str) -> None:
    case = CASES[name]
    world, pauses, fates = await _lived(case)
    found: list[SlotsTold] = []
    # From after the slot at which the jobs came into force, with that of the last moment.
    begin, end = (moment + timedelta(seconds=1) for moment in (NOON, world.clock.now()))

    simulate(Scenario(jobs=case.jobs, begin=begin, end=end, places=case.places, pauses=pauses), found.append)

    simulated = _simulated(found, case.jobs)
    # What waited when the scheduler was left went on to wait in the simulation.
    settled = {slot for slot in fates if fates[slot][0] is not None}
    assert len(settled) > 20
    assert {slot: simulated[slot] for slot in settled if slot in simulated} == {slot: fates[slot] for slot in settled}


async def _lived(case: _Case) -> tuple[World, list[Pause], dict[tuple[str, datetime], tuple[Fate | None, int]]]:
    """Let a scheduler live through a case; return it, when it was down, and what became of its slots."""
    world = World(max_concurrent=case.places, executor=_Timed)
    executor = world.executor
    assert isinstance(executor, _Timed)
    executor.clock, executor.takes = world.clock, {job.task_id: job.durations.median for job in case.jobs}
    await world.start()
    for job in case.jobs:
        policy = job.policy
        await world.admit(
            job.task_id,
            jobs=[a_job_declaration(trigger=job.trigger.text)],
            overlap=job.overlap,
            timeout=100_000,
            missed=policy.missed,
            missed_window=int(policy.window.total_seconds()),
        )
    pauses: list[Pause] = []
    for number, minutes in enumerate(case.minutes):
        if number % 2 == 0:
            await world.pass_time(minutes * 60)
            continue
        began = world.clock.now()
        await world.stop()
        await world.clock.advance(minutes * 60 - (world.clock.now() - began).total_seconds())
        pauses.append(Pause(begin=began, end=world.clock.now()))
        await world.restart()
    fates = await _recorded(world)
    await world.stop()
    for task in executor.ends:
        task.cancel()
    return world, pauses, fates


async def _recorded(world: World) -> dict[tuple[str, datetime], tuple[Fate | None, int]]:
    fates: dict[tuple[str, datetime], tuple[Fate | None, int]] = {}
    for run in await world.runs():
        assert run.scheduled_for is not None
        fate = {
            RunState.SUCCEEDED: Fate.RAN,
            RunState.SKIPPED: Fate.SKIPPED,
            RunState.MISSED: Fate.MISSED,
            RunState.CANCELLED: Fate.RAN if run.started_at is not None else Fate.SKIPPED,
            RunState.RUNNING: Fate.RAN,
        }.get(run.state)
        merged = run.count - 1 if fate is Fate.MISSED else run.merged
        fates[run.task_id, run.scheduled_for] = (fate, merged)
    return fates


def _simulated(found: Sequence[SlotsTold], jobs: Sequence[JobScenario]) -> _Fates:
    return {
        (jobs[one.job].task_id, one.first): (one.fate, one.count - 1 if one.fate is Fate.MISSED else one.merged)
        for one in found
    }
