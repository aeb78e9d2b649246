"""A whole scheduler over fakes: the runner, the scheduler, the catalog and what they share."""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, tzinfo
from typing import Any

from task_scheduler.core.errors import StoreError
from task_scheduler.core.events import Event
from task_scheduler.core.outcomes import Cancelled, Failed, Missed, Skipped, TimedOut
from task_scheduler.core.policies import MisfirePolicy
from task_scheduler.core.requests import Started
from task_scheduler.core.runs import Attempt, AttemptId, Run, RunState
from task_scheduler.core.tasks import Job, JobDeclaration, TaskRecord
from task_scheduler.core.triggers import NO_CALENDARS, Calendars
from task_scheduler.ports import Admission, AttemptClaim, AttemptEnd, GivenUp, RunFilter, RunRequest, SlotClaim
from task_scheduler.services.catalog import Catalog
from task_scheduler.services.patience import Patience
from task_scheduler.services.register import Admitted, Register
from task_scheduler.services.rescuer import Rescuer, Settled
from task_scheduler.services.runner import Runner, RunnerLimits
from task_scheduler.services.scheduler import Scheduler
from task_scheduler.services.timetable import Timetable
from task_scheduler.store.memory import MemoryStore
from task_scheduler.testing.builders import a_declaration, a_job_declaration, a_lock, a_task, a_version, digest_of
from task_scheduler.testing.clock import FakeClock
from task_scheduler.testing.fakes import FakeEnvironments, FakeExecutor, FakeFolder


class FlakyStore(MemoryStore):
    """A store whose writes fail when the test says so: before they are done, or after their commit."""

    def __init__(self) -> None:
        super().__init__()
        self.failing: set[str] = set()
        #: Writes that are committed and still reported as failed, once each.
        self.lying: set[str] = set()
        #: Awaited by a write of that name before it is done.
        self.gates: dict[str, asyncio.Event] = {}
        self.writes: list[str] = []

    async def _do(self, name: str, write: Callable[[], Any]) -> Any:
        gate = self.gates.get(name)
        if gate is not None:
            await gate.wait()
        if name in self.failing:
            raise StoreError("the disk is full")
        self.writes.append(name)
        result = await write()
        if name in self.lying:
            self.lying.discard(name)
            raise StoreError("the disk did not answer")
        return result

    async def claim(self, claims: Sequence[SlotClaim], next_runs: Mapping[int, datetime | None]) -> Sequence[Run]:
        return await self._do("claim", lambda: super(FlakyStore, self).claim(claims, next_runs))  # type: ignore[no-any-return]

    async def request(self, request: RunRequest) -> tuple[Run, bool]:
        return await self._do("request", lambda: super(FlakyStore, self).request(request))  # type: ignore[no-any-return]

    async def begin(self, claims: Sequence[tuple[int, AttemptClaim]]) -> Sequence[Attempt]:
        return await self._do("begin", lambda: super(FlakyStore, self).begin(claims))  # type: ignore[no-any-return]

    async def started(self, started: Sequence[Started]) -> None:
        await self._do("started", lambda: super(FlakyStore, self).started(started))

    async def finish(self, ends: Sequence[AttemptEnd]) -> Sequence[Run]:
        return await self._do("finish", lambda: super(FlakyStore, self).finish(ends))  # type: ignore[no-any-return]

    async def void(self, attempts: Sequence[AttemptId], reason: str) -> None:
        await self._do("void", lambda: super(FlakyStore, self).void(attempts, reason))

    async def resolve(
        self, run_ids: Sequence[int], outcome: Skipped | Missed | Cancelled | Failed | TimedOut, at: datetime
    ) -> Sequence[Run]:
        return await self._do("resolve", lambda: super(FlakyStore, self).resolve(run_ids, outcome, at))  # type: ignore[no-any-return]

    async def give_up(self, given_up: GivenUp) -> Sequence[Run]:
        return await self._do("give_up", lambda: super(FlakyStore, self).give_up(given_up))  # type: ignore[no-any-return]

    async def pause(self, run_id: int, at: datetime) -> Run | None:
        return await self._do("pause", lambda: super(FlakyStore, self).pause(run_id, at))  # type: ignore[no-any-return]

    async def unpause(self, run_id: int, at: datetime) -> Run | None:
        return await self._do("unpause", lambda: super(FlakyStore, self).unpause(run_id, at))  # type: ignore[no-any-return]

    async def put(self, name: str, value: str) -> None:
        await self._do("put", lambda: super(FlakyStore, self).put(name, value))

    async def put_tasks(self, tasks: Sequence[TaskRecord]) -> None:
        await self._do("put_tasks", lambda: super(FlakyStore, self).put_tasks(tasks))

    async def put_stamps(self, stamps: Mapping[str, tuple[str, str]]) -> None:
        await self._do("put_stamps", lambda: super(FlakyStore, self).put_stamps(stamps))

    async def admit(self, admissions: Sequence[Admission]) -> Sequence[Sequence[Job]]:
        return await self._do("admit", lambda: super(FlakyStore, self).admit(admissions))  # type: ignore[no-any-return]

    async def retire(self, tasks: Sequence[TaskRecord]) -> None:
        await self._do("retire", lambda: super(FlakyStore, self).retire(tasks))


class World:
    """One project's life; `restart` is another process over the same record, executor and folder."""

    def __init__(
        self,
        *,
        max_concurrent: int = 10,
        policy: MisfirePolicy | None = None,
        loop_interval: float = 1.0,
        look_every: float = math.inf,
        stop_on_invalid: bool = False,
        shared_environment: bool = False,
        reload_on_change: bool = True,
        executor: type[FakeExecutor] = FakeExecutor,
        calendars: Calendars = NO_CALENDARS,
    ) -> None:
        self.clock = FakeClock()
        self.store = FlakyStore()
        self.executor = executor(now=self.clock.now)
        self.environments = FakeEnvironments()
        self.folder = FakeFolder()
        self.events: list[Event] = []
        self._max_concurrent = max_concurrent
        self._policy = policy or MisfirePolicy()
        self._loop_interval = loop_interval
        self._look_every = look_every
        self.looks: list[datetime] = []  #: when the scheduling loop has told that it moves
        self._stop_on_invalid = stop_on_invalid
        self._shared_environment = shared_environment
        self._reload_on_change = reload_on_change
        self._calendars = calendars
        self.zone: tzinfo = UTC  #: of jobs that name none, from the next restart on
        self._compose()

    def _compose(self) -> None:
        self.register = Register()
        self.timetable = Timetable(zone=self.zone, calendars=self._calendars)
        self.patience = Patience(clock=self.clock, publish=self.events.append)
        self.runner = Runner(
            ledger=self.store,
            executor=self.executor,
            environments=self.environments,
            register=self.register,
            timetable=self.timetable,
            clock=self.clock,
            limits=RunnerLimits(max_concurrent=self._max_concurrent, kill_grace=5.0, output_limit=1_000),
            patience=self.patience,
            publish=self.events.append,
        )
        self.scheduler = Scheduler(
            ledger=self.store,
            state=self.store,
            runner=self.runner,
            executor=self.executor,
            register=self.register,
            timetable=self.timetable,
            clock=self.clock,
            policy=self._policy,
            loop_interval=self._loop_interval,
            on_look=lambda: self.looks.append(self.clock.now()),
            look_every=self._look_every,
            patience=self.patience,
            publish=self.events.append,
        )
        self.catalog = Catalog(
            source=self.folder,
            reader=self.folder,
            environments=self.environments,
            catalogue=self.store,
            state=self.store,
            register=self.register,
            timetable=self.timetable,
            clock=self.clock,
            stop_on_invalid=self._stop_on_invalid,
            shared_environment=self._shared_environment,
            reload_on_change=self._reload_on_change,
            patience=self.patience,
            on_change=self.scheduler.wake,
            publish=self.events.append,
        )
        self.rescuer = Rescuer(
            ledger=self.store,
            state=self.store,
            executor=self.executor,
            runner=self.runner,
            register=self.register,
            timetable=self.timetable,
            arm=self.scheduler.arm,
            clock=self.clock,
            policy=self._policy,
            publish=self.events.append,
        )

    # --- life ---------------------------------------------------------------------------------------------

    async def start(self, *, catalog: bool = False) -> Settled:
        await self.catalog.load()
        await self.executor.start(self.runner.on_report)
        await self.runner.start()
        settled = await self.rescuer.settle()
        await self.scheduler.start()
        if catalog:
            await self.catalog.start()
        await self.clock.settle()
        return settled

    async def stop(self) -> None:
        stopping = asyncio.create_task(self._stop())
        await self.clock.settle()
        while not stopping.done():
            await self.clock.advance(1)
        await stopping

    async def crash(self) -> None:
        """End like a killed process: nothing is put on record any more."""
        self.store.failing = {
            "finish",
            "begin",
            "void",
            "resolve",
            "started",
            "request",
            "claim",
            "pause",
            "unpause",
            "put",
        }
        await self.stop()
        self.store.failing = set()

    async def _stop(self) -> None:
        for service in (self.catalog, self.scheduler, self.runner):
            await service.stop()
        await self.executor.stop()

    async def restart(self, *, catalog: bool = False) -> Settled:
        self._compose()
        return await self.start(catalog=catalog)

    async def restart_after_crash(self) -> Settled:
        await self.crash()
        return await self.restart()

    @asynccontextmanager
    async def running(self, *, catalog: bool = False) -> AsyncIterator[World]:
        await self.start(catalog=catalog)
        try:
            yield self
        finally:
            await self.stop()

    # --- tasks without a catalog --------------------------------------------------------------------------

    async def admit(
        self,
        task_id: str = "report",
        *,
        jobs: Collection[JobDeclaration] | None = None,
        source: bytes = b"1",
        environment: str = "env-a",
        built: bool = True,
        **declared: Any,
    ) -> Admitted:
        """Put a task in force, as the catalog does."""
        wanted = [a_job_declaration(trigger="every 1 minutes")] if jobs is None else list(jobs)
        digest, lock = digest_of(source), a_lock(environment)
        version = a_version(
            task_id,
            digest=digest,
            environment=environment,
            declaration=a_declaration(**declared),
            functions=tuple(dict.fromkeys(job.function for job in wanted)) or (None,),
        )
        now = self.clock.now()
        next_runs = [self.timetable.trigger_of(job.trigger, job.timezone).next_after(now) for job in wanted]
        record = a_task(task_id, digest=digest, version=digest)
        (on_record,) = await self.store.admit(
            [Admission(task=record, version=version, source=source, lock=lock, jobs=wanted, next_runs=next_runs)]
        )
        if built:
            self.environments.built.add(environment)
        admitted = Admitted(version=version, path=record.path, lock=lock)
        self.register.put(admitted)
        self.timetable.set_task(task_id, on_record)
        self.scheduler.wake()
        return admitted

    async def retire(self, task_id: str = "report") -> None:
        """End a task, as the catalog does."""
        await self.store.retire([a_task(task_id, version=None)])
        self.register.drop(task_id)
        self.timetable.set_task(task_id, ())
        self.scheduler.wake()

    # --- looking ------------------------------------------------------------------------------------------

    async def pass_time(self, seconds: float) -> None:
        await self.clock.advance(seconds)
        await self.clock.settle()

    async def runs(self) -> list[Run]:
        """Return all runs, oldest first."""
        return list(reversed(await self.store.runs(RunFilter(limit=100_000))))

    async def states(self) -> list[RunState]:
        return [run.state for run in await self.runs()]

    async def the_run(self) -> Run:
        runs = await self.runs()
        assert len(runs) == 1, runs
        return runs[0]

    def told(self, name: str) -> list[str]:
        """Return the messages of events of that name."""
        return [event.message for event in self.events if event.name == name]

    async def until(self, fact: Callable[[], bool]) -> None:
        """Return once a fact holds, while threads do their work and time stands still."""
        async with asyncio.timeout(10):
            while not fact():  # noqa: ASYNC110 - any fact, also one a thread makes true
                await asyncio.sleep(0.001)
        await self.clock.settle()
