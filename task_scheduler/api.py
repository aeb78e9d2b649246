"""The one door: a project with everything that works on it, started and stopped as a whole."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from task_scheduler.core.environments import Collected
from task_scheduler.core.errors import Refused, UnknownRun, UnknownTask
from task_scheduler.core.events import Event
from task_scheduler.core.policies import MisfirePolicy, RetentionPolicy
from task_scheduler.core.runs import AttemptNotes, Run
from task_scheduler.core.stopping import StopOrder
from task_scheduler.ports import (
    Catalogue,
    Clock,
    EnvironmentProvider,
    Executor,
    Happenings,
    History,
    Ledger,
    Outputs,
    Resets,
    StateStore,
    TaskReader,
    TaskSource,
    WatchedFiles,
)
from task_scheduler.services.activity import Activity
from task_scheduler.services.calendar_keeper import CalendarKeeper
from task_scheduler.services.catalog import Catalog
from task_scheduler.services.event_bus import EventBus
from task_scheduler.services.happenings import HappeningsService
from task_scheduler.services.janitor import Janitor
from task_scheduler.services.patience import Patience
from task_scheduler.services.register import Admitted, Register
from task_scheduler.services.requested_entry import why_not_in_force
from task_scheduler.services.rescuer import Rescuer
from task_scheduler.services.resets import JobReset, Resetter
from task_scheduler.services.runner import Runner, RunnerLimits
from task_scheduler.services.scheduler import Scheduler
from task_scheduler.services.timetable import Timetable
from task_scheduler.services.winding_down import WindingDown, afterwards, doing, runs_in_words

#: How the scheduler ends where nobody says how.
LEAVE = StopOrder()


class Startable(Protocol):
    """Anything with the lifecycle of a service."""

    async def start(self) -> None:
        """Begin to work."""
        ...

    async def stop(self) -> None:
        """End the work."""
        ...


class Store(Ledger, Resets, Catalogue, History, StateStore, Happenings, Protocol):
    """The whole record."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Adapters:
    """What stands behind the ports."""

    clock: Clock
    store: Store
    source: TaskSource
    reader: TaskReader
    environments: EnvironmentProvider
    executor: Executor
    outputs: Outputs
    files: WatchedFiles
    boot_id: str  #: names this boot of the machine


@dataclass(frozen=True, slots=True, kw_only=True)
class Policies:
    """What a person decided."""

    misfire: MisfirePolicy
    retention: RetentionPolicy
    limits: RunnerLimits
    loop_interval: float  #: seconds, the longest sleep of the scheduler
    stop_on_invalid: bool
    shared_environment: bool
    reload_on_change: bool


class TaskScheduler:
    """Schedules the tasks of one project until it is stopped.

    Starting settles what a former scheduler left, takes the schedules from the record, then looks at the files.
    Stopping starts nothing more and leaves running attempts alive; the next start adopts them.
    """

    def __init__(
        self,
        *,
        adapters: Adapters,
        policies: Policies,
        timetable: Timetable,
        events: EventBus,
        on_look: Callable[[], None] | None = None,
        look_every: float = math.inf,
    ) -> None:
        """`on_look` is called by the scheduling loop at each look, at least every `look_every` seconds."""
        self._adapters = adapters
        self._events = events
        self._timetable = timetable
        self._register = Register()
        self._further: list[Startable] = []
        self._failure = asyncio.Event()
        self._started_at: datetime | None = None
        events.subscribe(self._note_failure)
        self._patience = Patience(clock=adapters.clock, publish=events.publish)
        self._runner = Runner(
            ledger=adapters.store,
            executor=adapters.executor,
            environments=adapters.environments,
            register=self._register,
            timetable=timetable,
            clock=adapters.clock,
            limits=policies.limits,
            patience=self._patience,
            publish=events.publish,
        )
        self._scheduler = Scheduler(
            ledger=adapters.store,
            state=adapters.store,
            runner=self._runner,
            executor=adapters.executor,
            register=self._register,
            timetable=timetable,
            clock=adapters.clock,
            policy=policies.misfire,
            loop_interval=policies.loop_interval,
            patience=self._patience,
            on_look=on_look,
            look_every=look_every,
            publish=events.publish,
        )
        self._catalog = Catalog(
            source=adapters.source,
            reader=adapters.reader,
            environments=adapters.environments,
            catalogue=adapters.store,
            state=adapters.store,
            register=self._register,
            timetable=timetable,
            clock=adapters.clock,
            stop_on_invalid=policies.stop_on_invalid,
            shared_environment=policies.shared_environment,
            reload_on_change=policies.reload_on_change,
            patience=self._patience,
            on_change=self._note_change,
            publish=events.publish,
        )
        self._happenings = HappeningsService(
            happenings=adapters.store,
            ledger=adapters.store,
            state=adapters.store,
            files=adapters.files,
            boot=adapters.boot_id,
            runner=self._runner,
            register=self._register,
            timetable=timetable,
            preparing=self._catalog.preparing,
            refused=self._catalog.refused,
            known_tasks=self._catalog.task_ids,
            window_of=self._catch_up_window,
            clock=adapters.clock,
            patience=self._patience,
            publish=events.publish,
        )
        events.subscribe(self._happenings.hear)
        self._resetter = Resetter(
            resets=adapters.store,
            history=adapters.store,
            timetable=timetable,
            slots=lambda: self._runner.slots,
            turn=self._scheduler.turn,
            generation=lambda: self._scheduler.generation,
            digest_of=self._digest_in_force,
            on_change=self._scheduler.wake,
            clock=adapters.clock,
            patience=self._patience,
            publish=events.publish,
        )
        self._rescuer = Rescuer(
            ledger=adapters.store,
            state=adapters.store,
            executor=adapters.executor,
            runner=self._runner,
            register=self._register,
            timetable=timetable,
            arm=self._scheduler.arm,
            clock=adapters.clock,
            policy=policies.misfire,
            publish=events.publish,
        )
        self._janitor = Janitor(
            state=adapters.store,
            catalogue=adapters.store,
            outputs=adapters.outputs,
            environments=adapters.environments,
            environments_in_use=self._catalog.environments_in_use,
            may_collect=lambda: not self._catalog.is_preparing,
            clock=adapters.clock,
            policy=policies.retention,
            publish=events.publish,
        )
        self._winding_down = WindingDown(
            runner=self._runner,
            services=(self._janitor, self._happenings, self._catalog, self._scheduler),
            failure=self._failure,
            clock=adapters.clock,
            publish=events.publish,
        )
        self._activity = Activity(
            runner=self._runner,
            scheduler=self._scheduler,
            catalog=self._catalog,
            happenings=self._happenings,
            winding_down=self._winding_down,
            register=self._register,
            timetable=timetable,
            patience=self._patience,
            clock=adapters.clock,
        )

    async def configure(self, policies: Policies, *, look_anew: bool) -> None:
        """Work by these policies from now on; `look_anew` where other files than before may be task files.

        What is under way goes on as it began. How tasks share environments is settled at the start alone.
        """
        self._runner.configure(policies.limits)
        self._rescuer.configure(policy=policies.misfire)
        self._janitor.configure(policy=policies.retention)
        await self._scheduler.configure(policy=policies.misfire, loop_interval=policies.loop_interval)
        await self._catalog.configure(
            stop_on_invalid=policies.stop_on_invalid,
            reload_on_change=policies.reload_on_change,
            look_anew=look_anew,
        )

    def keep_calendars(self, stamp_of: Callable[[str], str]) -> CalendarKeeper:
        """Have jobs follow the calendars they observe; `stamp_of` tells a change of one, or raises TriggerError."""
        keeper = CalendarKeeper(
            stamp_of=stamp_of,
            timetable=self._timetable,
            catalogue=self._adapters.store,
            history=self._adapters.store,
            state=self._adapters.store,
            turn=self._scheduler.turn,
            generation=lambda: self._scheduler.generation,
            on_change=self._scheduler.wake,
            clock=self._adapters.clock,
            patience=self._patience,
            publish=self._events.publish,
        )
        self.add(keeper)
        return keeper

    def add(self, service: Startable) -> None:
        """Have a further service start after, and stop before, the scheduler's own."""
        self._further.append(service)

    async def start(self) -> None:
        """Settle, then schedule; returns once the scheduler works."""
        self._winding_down.order = None
        self._started_at = self._adapters.clock.now()
        await self._catalog.load()
        await self._adapters.executor.start(self._runner.on_report)
        await self._runner.start()
        # Looking at the files comes before settling: a slot that is owed by a file deleted meanwhile must not start.
        await self._catalog.start()
        await self._catalog.first_look()
        await self._rescuer.settle()
        await self._happenings.start()
        await self._scheduler.start()
        await self._janitor.start()
        for service in self._further:
            await service.start()
        self._tell("scheduler.started", f"the scheduler works{self._hint()}")

    async def stop(self, order: StopOrder = LEAVE) -> None:
        """Start nothing more, do about the runs under way what `order` says, and put on record what has ended.

        A stop that is cancelled may be followed by another one, with another order.
        """
        await self.wind_down(order)
        own = (self._janitor, self._happenings, self._catalog, self._scheduler, self._runner)
        for service in (*reversed(self._further), *own):
            await service.stop()
        await self._adapters.executor.stop()
        self._tell("scheduler.stopped", f"the scheduler stopped{self._left()}")

    async def wind_down(self, order: StopOrder) -> None:
        """Do about the runs under way what `order` says; `stop` follows, and does the rest."""
        await self._winding_down.begin(order)

    async def failed(self) -> None:
        """Return when a service has stopped by a fault, which the scheduler cannot work without."""
        await self._failure.wait()

    async def start_task(
        self,
        task_id: str,
        function: str | None,
        request_id: str,
        *,
        argv: Sequence[str] = (),
        digest: str | None = None,
    ) -> Run:
        """Start a task now; raises UnknownTask, or Refused when it cannot start.

        `argv` is what it finds in `sys.argv[1:]`. With `digest` it runs with that very version or not at all.
        """
        if (order := self._winding_down.order) is not None:
            raise Refused(
                f"the scheduler is {doing(order)}: nothing is started any more; ask again once {afterwards(order)}"
            )
        in_force(task_id, self._register, self._catalog)
        return await self._runner.request(task_id, function, request_id, argv=argv, digest=digest)

    def in_force(self, task_id: str) -> Admitted:
        """Return the version of a task in force; raises UnknownTask, or Refused when there is none."""
        return in_force(task_id, self._register, self._catalog)

    async def pause_run(self, run_id: int) -> Run:
        """Have a run stand still, or not begin; raises UnknownRun, or Refused when it has ended."""
        try:
            return await self._runner.pause(run_id)
        except UnknownRun:
            raise await self._why_not_here(run_id) from None

    async def resume_run(self, run_id: int) -> Run:
        """Have a paused run go on; raises UnknownRun, or Refused when it has ended."""
        try:
            return await self._runner.unpause(run_id)
        except UnknownRun:
            raise await self._why_not_here(run_id) from None

    async def stop_run(self, run_id: int, reason: str, *, grace: float | None = None) -> Run:
        """Begin to end a run with its whole tree; one that waits has ended when this returns.

        `grace` is seconds between TERM and KILL; None: its own. Raises UnknownRun, or Refused when it has ended.
        """
        try:
            return await self._runner.cancel(run_id, reason, grace=grace)
        except UnknownRun:
            raise await self._why_not_here(run_id) from None

    async def reset_schedules(
        self, tasks: Collection[str] | None, *, overdue_only: bool, dry_run: bool
    ) -> Sequence[JobReset]:
        """Give up what is overdue of the jobs of these tasks, None: of all, and have them owe their next instant.

        Raises UnknownTask, and Refused for a task without a version in force, or while the scheduler ends.
        """
        if (order := self._winding_down.order) is not None:
            raise Refused(f"the scheduler is {doing(order)}: ask again once {afterwards(order)}")
        for task_id in tasks or ():
            self.in_force(task_id)
        return await self._resetter.reset(tasks, overdue_only=overdue_only, dry_run=dry_run)

    @property
    def misfire(self) -> MisfirePolicy:
        """What happens to slots that could not run in time."""
        return self._scheduler.misfire

    def notes_of(self, run_id: int) -> AttemptNotes | None:
        """Return what a run at work has told so far; None: nothing is known of it here."""
        return self._runner.notes_of(run_id)

    def waits_for(self, run_id: int) -> str | None:
        """Return what a run that has not begun waits for, as the end of a sentence; None: it does not wait."""
        return self._runner.waits_for(run_id)

    def why_endless(self, task_id: str) -> Sequence[str]:
        """Return, a sentence for each such job, how a task starts itself without end; none: it does not."""
        return self._happenings.why_endless(task_id)

    async def rescan(self) -> None:
        """Look at all task files now."""
        await self._adapters.source.rescan()

    async def prune_environments(self, *, dry_run: bool) -> Collected:
        """Remove the environments that no task and no unfinished run needs, however new they are."""
        return await self._janitor.collect_all(dry_run=dry_run)

    def why_suspended(self) -> str | None:
        """Return why nothing of the folder of tasks may start at present; None: all is well."""
        return self._register.suspended

    def activity(self) -> str:
        """Return in a line what it is at: `3 running, 2 waiting, next 14:05 backup`."""
        return self._activity.line()

    def live(self) -> dict[str, object]:
        """Return what only the working scheduler knows, as JSON values."""
        return self._activity.document(self._started_at)

    def _note_change(self) -> None:
        """Have everybody look again: what is in force, or may start, has changed."""
        self._scheduler.wake()
        self._happenings.look_again()

    def _catch_up_window(self, task_id: str) -> timedelta:
        """Return how late a run of a task may make up for what it should have run for."""
        admitted = self._register.get(task_id)
        return self.misfire.of(None if admitted is None else admitted.version.declaration).window

    def _digest_in_force(self, task_id: str) -> str | None:
        admitted = self._register.get(task_id)
        return None if admitted is None else admitted.version.digest

    async def _why_not_here(self, run_id: int) -> Refused | UnknownRun:
        """Return why nothing can be done about a run that is not at work."""
        run = await self._adapters.store.run(run_id)
        if run is None:
            return UnknownRun(str(run_id))
        if run.is_final:
            return Refused(f"run {run_id} has ended: {run.state.value.replace('_', ' ')}")
        return Refused(f"run {run_id} is being put on record: try again")

    def _tell(self, name: str, message: str) -> None:
        self._events.publish(Event(name=name, message=message))

    def _left(self) -> str:
        running = self._runner.counts()["running"]
        return f"; {runs_in_words(running)} {'goes' if running == 1 else 'go'} on without it" if running else ""

    def _hint(self) -> str:
        return "" if self._catalog.counts() else "; no tasks yet: drop a .py file into the folder of tasks"

    def _note_failure(self, event: Event) -> None:
        if event.name == "service.failed":
            self._failure.set()


def in_force(task_id: str, register: Register, catalog: Catalog) -> Admitted:
    """Return the version of a task in force; raises UnknownTask, or Refused that says why there is none."""
    admitted = register.get(task_id)
    if admitted is not None:
        return admitted
    record = catalog.status_of(task_id)
    if record is None:
        raise UnknownTask(task_id, register.task_ids())
    raise Refused(why_not_in_force(record))
