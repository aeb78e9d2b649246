"""What a scheduler is made of, less what schedules and settles, around one task file."""

from __future__ import annotations

import asyncio
import glob
import os
import signal
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack, suppress
from pathlib import Path

from task_scheduler import composition
from task_scheduler.alone.one_file import OneFile
from task_scheduler.alone.record import ProjectStore, is_task, neighbours
from task_scheduler.api import in_force
from task_scheduler.calendars.holiday_calendars import HolidayCalendars
from task_scheduler.clock import SystemClock
from task_scheduler.control.answers import Control
from task_scheduler.core.errors import Refused, UnknownRun
from task_scheduler.core.events import Event, Level
from task_scheduler.core.runs import OPEN_ATTEMPTS, Run
from task_scheduler.execution.cards import HostCard
from task_scheduler.execution.executor import HostExecutor
from task_scheduler.execution.living import is_executing
from task_scheduler.logs import log_event, set_up_logging
from task_scheduler.services.catalog import Catalog
from task_scheduler.services.event_bus import EventBus
from task_scheduler.services.overview import Overview
from task_scheduler.services.patience import Patience
from task_scheduler.services.register import Register
from task_scheduler.services.requested_entry import requested_entry
from task_scheduler.services.runner import Runner
from task_scheduler.services.service import fault
from task_scheduler.services.timetable import Timetable
from task_scheduler.settings import Paths, Settings

#: Seconds between two looks at something that is about to happen.
_LOOK = 0.02
#: Seconds given to the hosts that were used, to leave.
_LEAVING_TIME = 5.0
#: Events that the caller learns of by asking.
_TOLD_OTHERWISE = ("task.", "run.", "scheduler.")


class Work:
    """What a scheduler is made of, less what schedules and settles, around one task file."""

    def __init__(
        self,
        *,
        clock: SystemClock,
        store: ProjectStore,
        hosts: Path,
        project: str,
        executor: HostExecutor,
        register: Register,
        timetable: Timetable,
        catalog: Catalog,
        runner: Runner,
    ) -> None:
        self._clock = clock
        self._store = store
        self._hosts = hosts
        self._project = project
        self._executor = executor
        self._register = register
        self._timetable = timetable
        self._catalog = catalog
        self._runner = runner
        self._asked_for: set[int] = set()
        self.is_beside = False  #: whether a run may be started beside one that is executing
        self.failure: str | None = None  #: why nothing goes on any more: a fault of the program
        self.control: Control

    @classmethod
    async def begin(
        cls,
        settings: Settings,
        paths: Paths,
        task_id: str,
        note: Callable[[str], None],
        undo: AsyncExitStack,
        *,
        for_others: str,
    ) -> Work:
        """Open the record and begin to bring the file into force, under the lock; `undo` takes what ends it all.

        `for_others` is what others are told who want the database.
        """
        run_folder = composition.run_folder(paths)
        clock = SystemClock()
        secrets = composition.learn_secrets(paths)
        if secrets.fault:
            note(secrets.fault)
        undo.callback(set_up_logging(settings, paths, foreground=False).close)
        events = EventBus()
        events.subscribe(log_event)
        events.subscribe(lambda event: _tell(event, note))
        store = undo.enter_context(
            ProjectStore.open(
                paths.database,
                clock=clock,
                sources=run_folder / "sources",
                backups=paths.data / "backups",
                work=for_others,
            )
        )
        store.neighbours = neighbours(settings, paths, task_id)
        if not is_task(settings, task_id):
            undo.push_async_callback(store.pass_over, task_id)
        lib = composition.task_side_library(run_folder / "lib", paths)
        provider = composition.environment_provider(
            settings, paths, lib, composition.teller(events, "environments.notice")
        )
        executor = composition.host_executor(
            paths,
            lib,
            interpreter_of=provider.interpreter,
            source_of=store.source_path,
            notice=composition.teller(events, "hosts.notice"),
            on_fault=lambda error: events.publish(fault("executor", error)),
        )
        executor.hide(secrets.values)
        calendars = HolidayCalendars(paths.root)
        register, timetable = Register(), Timetable(zone=settings.scheduler.zone, calendars=calendars)
        policies = composition.policies(settings)
        patience = Patience(clock=clock, publish=events.publish)
        catalog = Catalog(
            # It opens only files of this name: a folder of thousands is no reason to wait.
            source=OneFile(
                composition.task_source(
                    settings,
                    paths,
                    pattern=glob.escape(task_id.rpartition("/")[2]) + ".py",
                    include_examples=True,  # whoever named it has decided
                    notice=composition.teller(events, "watcher.notice"),
                ),
                task_id,
            ),
            reader=composition.task_reader(settings, paths),
            environments=provider,
            catalogue=store,
            register=register,
            timetable=timetable,
            clock=clock,
            stop_on_invalid=policies.stop_on_invalid,
            # Of the needs of all other tasks nothing is known here: this file gets what it needs itself.
            shared_environment=False,
            on_change=_nothing,
            is_scheduling=False,
            patience=patience,
            publish=events.publish,
        )
        runner = Runner(
            ledger=store,
            executor=executor,
            environments=provider,
            register=register,
            timetable=timetable,
            clock=clock,
            limits=policies.limits,
            patience=patience,
            publish=events.publish,
        )
        work = cls(
            clock=clock,
            store=store,
            hosts=composition.hosts_folder(paths),
            project=str(paths.root),
            executor=executor,
            register=register,
            timetable=timetable,
            catalog=catalog,
            runner=runner,
        )
        work.control = Control(
            overview=Overview(
                catalogue=store,
                history=store,
                clock=clock,
                zone=settings.scheduler.zone,
                calendars=calendars,
                notes_of=runner.notes_of,
            ),
            start_task=work.start_task,
            rescan=work.look_again,
            surroundings=composition.surroundings(
                lambda: (settings, paths),
                lib,
                interpreter_of=provider.interpreter,
                in_force=lambda which: in_force(which, register, catalog),
            ),
            live=None,
        )
        events.subscribe(work.note_failure)
        await catalog.load()
        undo.push_async_callback(executor.stop)
        await executor.start(runner.on_report)
        undo.push_async_callback(work.dismiss_hosts)
        undo.push_async_callback(runner.stop)
        await runner.start()
        undo.push_async_callback(catalog.stop)
        await catalog.start()
        return work

    async def start_task(
        self, task_id: str, function: str | None, request_id: str, /, *, argv: Sequence[str], digest: str | None
    ) -> Run:
        """Start the task now; raises UnknownTask, or Refused when it cannot start."""
        in_force(task_id, self._register, self._catalog)
        await self._refuse_to_repeat_what_is_open(request_id)
        admitted = self._register.get(task_id)
        if admitted is not None and not self.is_beside:
            called, _ = requested_entry(admitted.version, function, self._timetable.jobs_of(task_id))
            await self._refuse_to_double(task_id, called, admitted.version.digest)
        run = await self._runner.request(task_id, function, request_id, argv=argv, digest=digest)
        self._asked_for.add(run.id)
        return run

    async def _refuse_to_repeat_what_is_open(self, request_id: str) -> None:
        """Refuse a request whose run somebody else began and left: what became of it, a scheduler finds out."""
        for run, _ in await self._store.open_runs():
            if run.request_id == request_id and run.id not in self._asked_for:
                raise Refused(
                    f"run {run.id} of {run.task_id} was asked for by this name, and left by a command or a scheduler that "
                    f"is gone: the next scheduler puts its end on record, and `logs {run.id}` shows what it wrote"
                )

    def note_failure(self, event: Event) -> None:
        """Take note of a service that has stopped by a fault: whoever waits would wait for ever."""
        if event.name == "service.failed":
            self.failure = event.message

    async def look_again(self) -> None:
        """Do nothing: this is about the content the file had."""

    async def _refuse_to_double(self, task_id: str, function: str | None, digest: str) -> None:
        """Raise Refused while a run an earlier scheduler left executes the same function, or another version."""
        for run, attempts in await self._store.open_runs():
            if run.task_id != task_id or (run.function != function and run.digest == digest):
                continue
            for attempt in attempts:
                if await asyncio.to_thread(
                    is_executing, attempt.id, attempt.placement, hosts=self._hosts, project=self._project
                ):
                    raise Refused(
                        f"run {run.id} of {task_id} is still executing, started by an earlier scheduler: a scheduler "
                        "takes it over, and `run-file --beside` runs the task beside it all the same"
                    )

    async def end(self, run_id: int, reason: str, *, grace: float | None) -> None:
        """Begin to end a run, unless it has ended; one that waits has ended when this returns."""
        with suppress(Refused, UnknownRun):
            await self._runner.cancel(run_id, reason, grace=grace)

    async def dismiss_hosts(self) -> None:
        """Let the hosts go that executed runs of ours, unless a run goes on in one."""
        cards: dict[str, HostCard] = {}
        for run_id in self._asked_for:
            for attempt in await self._store.attempts(run_id):
                if attempt.state in OPEN_ATTEMPTS:
                    return
                card = HostCard.parse(attempt.placement)
                cards[card.host] = card
        for card in cards.values():
            if card.pid is not None and card.is_alive():
                os.kill(card.pid, signal.SIGTERM)
        given_up = self._clock.monotonic() + _LEAVING_TIME
        while any(card.is_alive() for card in cards.values()) and self._clock.monotonic() < given_up:
            await self._clock.sleep(_LOOK)


def _tell(event: Event, note: Callable[[str], None]) -> None:
    """Tell the person at the terminal what a log would."""
    if event.level is not Level.DEBUG and not event.name.startswith(_TOLD_OTHERWISE):
        note(event.message)


def _nothing() -> None:
    """Nothing is planned here, so nobody waits for a change."""
