"""Whatever is asked, reported and lost in whatever order: each run ends once, and nothing runs that should not."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Coroutine
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from task_scheduler.core.errors import Refused, UnknownRun
from task_scheduler.core.requests import AttemptRequest
from task_scheduler.core.runs import AttemptExit, AttemptId, EndKind, EndRequest, RunState
from task_scheduler.core.tasks import Overlap
from task_scheduler.services.active_run import Phase
from task_scheduler.testing.builders import a_job_declaration
from task_scheduler.testing.fakes import FakeExecutor
from tests.unit.services.world import World

PLACES = 2
WRITES = ("begin", "void", "finish", "resolve", "started", "pause", "unpause", "request")
DEADLINE = 100

EXITS = st.sampled_from(
    [
        AttemptExit(exit_code=0),
        AttemptExit(exit_code=1),
        AttemptExit(exit_code=0, end_request=EndRequest(kind=EndKind.SKIP, reason="nothing to do")),
        AttemptExit(exit_code=0, end_request=EndRequest(kind=EndKind.SNOOZE, seconds=20.0)),
        AttemptExit(exit_code=0, end_request=EndRequest(kind=EndKind.CANCEL, reason="enough")),
    ]
)


class WatchedExecutor(FakeExecutor):
    """Refuses to launch what must not run."""

    world: World
    #: Runs that somebody cancelled while nothing of them executed.
    must_not_run: set[int]

    def launch(self, request: AttemptRequest, placement: str) -> None:
        run = self.world.store._runs[request.id.run_id]
        assert not run.is_final, f"run {run.id} is launched after its end"
        assert run.paused_at is None, f"run {run.id} is launched while it is paused"
        assert run.id not in self.must_not_run, f"run {run.id} is launched after it was cancelled"
        super().launch(request, placement)

    def executing(self) -> list[AttemptId]:
        """Attempts that were launched and are not known to be over or void."""
        return [*self.living, *(attempt for attempt in self.waiting if attempt not in self._over)]


class RunnerMachine(RuleBasedStateMachine):
    """A project with a task of each overlap policy, half of them on the clock too."""

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.Runner()
        self.callers: set[asyncio.Task[Any]] = set()
        self.requests = 0
        self.told = 0
        self.world = World(max_concurrent=PLACES, executor=WatchedExecutor)
        assert isinstance(self.world.executor, WatchedExecutor)
        self.executor = self.world.executor
        self.executor.world, self.executor.must_not_run = self.world, set()
        self.work(self.begin())

    async def begin(self) -> None:
        await self.world.start()
        for number, overlap in enumerate(Overlap):
            trigger = "every 1 minutes" if number % 2 else "every 1 days"
            await self.world.admit(
                str(overlap),
                jobs=[a_job_declaration(trigger=trigger)],
                overlap=overlap,
                retry_count=1,
                retry_delay=15,
                deadline=DEADLINE,
            )
        await self.world.clock.settle()

    def work(self, coroutine: Coroutine[Any, Any, None]) -> None:
        self.loop.run(coroutine)

    async def call(self, coroutine: Coroutine[Any, Any, Any]) -> None:
        """Have somebody ask for something, who may be kept waiting."""
        self.callers.add(asyncio.create_task(coroutine))
        await self.world.clock.settle()

    def open_runs(self) -> list[int]:
        return [run.id for run in self.world.store._runs.values() if not run.is_final]

    # --- what may happen ----------------------------------------------------------------------------------

    @rule(overlap=st.sampled_from(Overlap))
    def request(self, overlap: Overlap) -> None:
        self.requests += 1
        self.work(self.call(self.world.runner.request(str(overlap), None, str(self.requests))))

    @rule(seconds=st.sampled_from([0.0, 0.03, 1.0, 15.0, 59.8, 60.0, 130.0]))
    def pass_time(self, seconds: float) -> None:
        self.work(self.world.pass_time(seconds))

    @precondition(lambda self: self.executor.waiting)
    @rule(data=st.data(), begins=st.booleans())
    def begin_or_refuse(self, data: st.DataObject, begins: bool) -> None:
        attempt = data.draw(st.sampled_from(self.executor.waiting))
        self.work(self.report(self.executor.begin if begins else self.executor.refuse, attempt))

    @precondition(lambda self: self.executor.living)
    @rule(data=st.data(), exit_=EXITS)
    def finish(self, data: st.DataObject, exit_: AttemptExit) -> None:
        self.work(self.report(self.executor.finish, data.draw(st.sampled_from(self.executor.living)), exit_))

    @precondition(lambda self: self.executor.living)
    @rule(data=st.data())
    def lose(self, data: st.DataObject) -> None:
        self.work(self.report(self.executor.lose, data.draw(st.sampled_from(self.executor.living))))

    async def report(self, what: Any, *details: Any) -> None:
        what(*details)
        await self.world.clock.settle()

    @precondition(lambda self: bool(self.open_runs()))
    @rule(data=st.data(), stubborn=st.booleans())
    def cancel(self, data: st.DataObject, stubborn: bool) -> None:
        run_id = data.draw(st.sampled_from(self.open_runs()))
        active = self.world.runner._roster.runs.get(run_id)
        self.executor.stubborn = stubborn
        if active is not None and active.phase is not Phase.LAUNCHED:
            self.executor.must_not_run.add(run_id)
        self.work(self.call(self.world.runner.cancel(run_id, "enough")))

    @precondition(lambda self: bool(self.open_runs()))
    @rule(data=st.data(), pauses=st.booleans())
    def pause_or_unpause(self, data: st.DataObject, pauses: bool) -> None:
        run_id = data.draw(st.sampled_from(self.open_runs()))
        runner = self.world.runner
        self.work(self.call(runner.pause(run_id) if pauses else runner.unpause(run_id)))

    @rule(write=st.sampled_from(WRITES))
    def block(self, write: str) -> None:
        self.world.store.gates.setdefault(write, asyncio.Event())

    @rule()
    def unblock(self) -> None:
        self.work(self.open_gates())

    @rule(write=st.sampled_from(["finish", "void", "resolve"]))
    def lie_once(self, write: str) -> None:
        self.world.store.lying.add(write)

    @rule(crashes=st.booleans())
    def restart(self, crashes: bool) -> None:
        self.work(self.live_again(crashes=crashes))

    async def live_again(self, *, crashes: bool) -> None:
        await (self.world.crash() if crashes else self.world.stop())
        await asyncio.gather(*self.callers, return_exceptions=True)
        self.callers.clear()
        await self.open_gates()
        self.check_events()
        # What was asked of one that waited is forgotten with the process, unless it is on record.
        self.executor.must_not_run.clear()
        self.world.store.lying.clear()  # a start that meets a store that fails is given up, and made again
        await self.world.restart()

    async def open_gates(self) -> None:
        gates, self.world.store.gates = self.world.store.gates, {}
        for gate in gates.values():
            gate.set()
        await self.world.clock.settle()

    # --- what always holds --------------------------------------------------------------------------------

    @invariant()
    def only_what_may_runs_beside_another(self) -> None:
        beside = Counter(self.world.store._runs[attempt.run_id].task_id for attempt in self.executor.executing())
        del beside[str(Overlap.PARALLEL)]
        assert max(beside.values(), default=0) <= 1, beside

    @invariant()
    def places_are_neither_lost_nor_given_twice(self) -> None:
        roster = self.world.runner._roster
        assert roster.busy == sum(active.holds_place for active in roster.runs)
        assert roster.busy <= PLACES

    @invariant()
    def nothing_has_failed(self) -> None:
        assert self.world.told("service.failed") == []
        for caller in [caller for caller in self.callers if caller.done()]:
            self.callers.discard(caller)
            error = None if caller.cancelled() else caller.exception()
            assert error is None or isinstance(error, Refused | UnknownRun), error

    def check_events(self) -> None:
        """Each outcome is told at most once."""
        finals = {f"run.{state}" for state in RunState if state not in {RunState.RUNNING, RunState.RETRYING}}
        told = Counter(event.fields["run"] for event in self.world.events if event.name in finals)
        assert max(told.values(), default=0) <= 1, told

    def teardown(self) -> None:
        try:
            self.work(self.come_to_rest())
        finally:
            self.loop.close()

    async def come_to_rest(self) -> None:
        """Nobody asks for anything any more: every run comes to its end by itself."""
        world = self.world
        await self.open_gates()
        self.executor.stubborn = False
        for overlap in Overlap:
            world.timetable.set_task(str(overlap), ())
        for _ in range(300):
            for run_id in self.open_runs():
                if world.store._runs[run_id].paused_at is not None:
                    await self.call(world.runner.unpause(run_id))
            while self.executor.executing():
                self.executor.finish()
                await world.clock.settle()
            if not self.open_runs():
                break
            await world.pass_time(10)
        await world.pass_time(10)  # until writes that were reported as failed are done again
        assert self.open_runs() == []
        assert world.runner.counts() == {"running": 0, "queued": 0, "retrying": 0}
        await asyncio.wait_for(world.runner.drained(), 1)
        self.check_events()
        await world.stop()
        await asyncio.gather(*self.callers, return_exceptions=True)


RunnerMachine.TestCase.settings = settings(
    max_examples=60,
    stateful_step_count=40,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)


@pytest.mark.slow
class TestRunner(RunnerMachine.TestCase):  # type: ignore[misc,valid-type]
    """The machine as a test."""
