"""The composition root: the only module that names concrete adapters, and the process that runs them."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

import task_scheduler
from task_scheduler import composition
from task_scheduler.api import Adapters, TaskScheduler
from task_scheduler.clock import SystemClock
from task_scheduler.composition import environment_provider, policies, task_reader, task_side_library, teller
from task_scheduler.control.answers import Control
from task_scheduler.control.server import ControlServer
from task_scheduler.core.errors import AlreadyRunning, Refused, SchemaTooNew, StoreError, TaskSchedulerError
from task_scheduler.core.events import Event, Level
from task_scheduler.core.stopping import StopMode, StopOrder
from task_scheduler.execution.outputs import OutputFolder
from task_scheduler.logs import Logs, log_event, set_up_logging
from task_scheduler.ports import Clock
from task_scheduler.process.lifetime import ENDING, Lifetime, first_of, hold_signals_back, listening
from task_scheduler.process.replacement import rehearse, replace_process
from task_scheduler.process.rereading import Rereading
from task_scheduler.process.rivals import explained, scheduler_there
from task_scheduler.project import Project
from task_scheduler.services.backups import Backups
from task_scheduler.services.custody import Custody
from task_scheduler.services.event_bus import EventBus
from task_scheduler.services.log_keeper import LogKeeper
from task_scheduler.services.memory_guard import MemoryGuard
from task_scheduler.services.overview import Overview
from task_scheduler.services.timetable import Timetable
from task_scheduler.settings import Paths, Settings, load_settings
from task_scheduler.store.locks import ProjectLock
from task_scheduler.store.sqlite import SqliteStore

#: What another order puts an end to.
_GIVEN_UP = {StopMode.LEAVE: "the shutdown", StopMode.DRAIN: "the drain", StopMode.KILL: "the ending of runs"}


def run(project: Project, *, on_signal: StopOrder, note: Callable[[str], None]) -> int:
    """Run the scheduler of a project in the foreground until it is told to stop; return the exit code.

    `on_signal` is what TERM and Ctrl-C do to runs under way. A command that works alone on the project is waited for,
    and `note` told so. Raises SettingsError, AlreadyRunning, StoreError and their kin before anything is started.
    """
    settings, paths = load_settings(project)
    paths.create_folders()
    run_folder = composition.run_folder(paths)
    clock = SystemClock()
    lock = ProjectLock(run_folder / "scheduler.lock", f"the project folder {paths.root}", since=clock.now())
    try:
        with _told_to_end():
            lock.acquire_in_turn(tell=note, pause=time.sleep)  # noqa: TID251 - there is no loop yet, and nothing to miss
    except _Told:
        return 0
    except AlreadyRunning as held:
        raise explained(held, paths.root) from None
    with lock:
        logs = set_up_logging(settings, paths, foreground=True)
        try:
            is_restart = asyncio.run(
                _Process(project, settings, paths, clock=clock, logs=logs, on_signal=on_signal).serve(run_folder, lock)
            )
        finally:
            logs.close()
        if is_restart:
            lock.hand_over()
            replace_process()
    return 0


def check(project: Project) -> Paths:
    """Return where the files of a project are; raises what would keep its scheduler from starting.

    All of the program is loaded by the time this is called, and nothing is started.
    """
    settings, paths = load_settings(project)
    if not paths.root.is_dir():
        raise TaskSchedulerError(f"no folder {paths.root}")
    if paths.database.is_file():
        try:
            SqliteStore.open_reader(paths.database).close()
        except SchemaTooNew:
            raise
        except StoreError:
            pass  # an older schema, which a start migrates; what else is wrong, only a start can tell
    settings.scheduler.zone  # noqa: B018 - read once, as a start does
    return paths


def scheduler_of(project: Project) -> str | None:
    """Return who is the scheduler of a project now, as its lock tells; None: nobody."""
    return scheduler_there(project.root)


class _Told(BaseException):
    """A signal told this process to end before its work began."""


@contextmanager
def _told_to_end() -> Iterator[None]:
    """Raise _Told in the block when this process is told to end."""

    def stop(*_signal: object) -> None:
        raise _Told

    earlier = {number: signal.signal(number, stop) for number in ENDING}
    try:
        # The program before this one, in the same process, held them back for it.
        signal.pthread_sigmask(signal.SIG_UNBLOCK, ENDING)
        yield
    finally:
        for number, before in earlier.items():
            signal.signal(number, before)


class _Process:
    """The scheduler's process between taking the lock and letting go of it."""

    def __init__(
        self, project: Project, settings: Settings, paths: Paths, *, clock: Clock, logs: Logs, on_signal: StopOrder
    ) -> None:
        self._project = project
        self._settings = settings
        self._paths = paths
        self._clock = clock
        self._logs = logs
        self._events = EventBus()
        self._events.subscribe(log_event)
        self._lifetime = Lifetime(on_signal=on_signal, publish=self._events.publish)

    async def serve(self, run_folder: Path, lock: ProjectLock) -> bool:
        """Run until told to end; return whether a new program is to take this one's place."""
        publish, lifetime = self._events.publish, self._lifetime
        with SqliteStore.open(
            self._paths.database,
            clock=self._clock,
            sources=run_folder / "sources",
            backups=self._paths.data / "backups",
        ) as store:
            scheduler = _compose(
                self._settings,
                self._paths,
                run_folder,
                clock=self._clock,
                store=store,
                events=self._events,
                process=self,
            )
            scheduler.add(
                Custody(
                    checks=[lock.what_is_gone, store.what_is_gone],
                    end=lifetime.give_up,
                    clock=self._clock,
                    interval=self._settings.scheduler.loop_interval,
                    publish=publish,
                )
            )
            scheduler.add(LogKeeper(rotate=self._logs.rotate, clock=self._clock, publish=publish))
            rereading = Rereading(
                settings=self._settings,
                read_settings=lambda: load_settings(self._project)[0],
                rescan=scheduler.rescan,
                rotate_logs=lambda: self._logs.rotate(self._clock.now().astimezone()),
                end=lambda: lifetime.ask(StopOrder()),
                publish=publish,
            )
            with listening(lifetime, look_anew=rereading.begin):
                message = f"{self._paths.root}: starting, process {os.getpid()}"
                publish(Event(name="scheduler.starting", message=message))
                try:
                    if await first_of(_start(scheduler), lifetime.told()) == 0:
                        await first_of(lifetime.told(), scheduler.failed())
                finally:
                    await rereading.stop()
                    await lifetime.carry_out(scheduler.stop)
                    if lifetime.is_restart:
                        await hold_signals_back(lifetime)
        if lifetime.failure is not None:
            raise TaskSchedulerError(lifetime.failure)
        if lifetime.order is None:
            raise TaskSchedulerError("the scheduler ended by a fault of the program; logs/errors.log has the details")
        return lifetime.is_restart

    # --- what the control socket asks of it ---------------------------------------------------------------

    def shut_down(self, order: StopOrder) -> None:
        """Begin to end; returns at once."""
        self._tell("told to shut down", order)
        self._lifetime.ask(order)

    async def restart(self, order: StopOrder) -> None:
        """Begin to give way to the program on disk; raises SettingsError or Refused when that could not start."""
        before = self._lifetime.order
        await asyncio.to_thread(check, self._project)
        await rehearse()
        if self._lifetime.order is not before:
            raise Refused("the scheduler is not restarted: it was told otherwise while the new program was tried out")
        self._tell("told to restart", order)
        self._lifetime.ask(order)

    def _tell(self, told: str, order: StopOrder) -> None:
        instead = ""
        if (before := self._lifetime.order) is not None:
            instead = f", which gives up {'the restart' if before.is_restart else _GIVEN_UP[before.mode]}"
        self._events.publish(Event(name="scheduler.told", message=f"{told}{instead}: {order.about_runs}"))

    def restart_for_memory(self, _reason: str) -> None:
        """Begin to start anew, unless the end has begun already."""
        if self._lifetime.order is None:
            self._lifetime.ask(StopOrder(is_restart=True))


async def _start(scheduler: TaskScheduler) -> None:
    """Start without collecting garbage, and spare later collections what lives as long as the process.

    The records of 10,000 tasks are half a million objects and no garbage: looking through them again and again
    takes a third of the start, and later a pause in which no run could begin.
    """
    gc.disable()
    try:
        await scheduler.start()
    finally:
        gc.enable()
    gc.collect()
    gc.freeze()


def _compose(
    settings: Settings,
    paths: Paths,
    run_folder: Path,
    *,
    clock: Clock,
    store: SqliteStore,
    events: EventBus,
    process: _Process,
) -> TaskScheduler:
    zone = settings.scheduler.zone
    lib = task_side_library(run_folder / "lib", paths)
    provider = environment_provider(settings, paths, lib, teller(events, "environments.notice"))
    executor = composition.host_executor(
        paths,
        lib,
        interpreter_of=provider.interpreter,
        source_of=store.source_path,
        notice=teller(events, "hosts.notice", Level.WARNING),
    )
    source = composition.task_source(
        settings, paths, pattern=settings.tasks.file_pattern, notice=teller(events, "watcher.notice", Level.WARNING)
    )
    timetable = Timetable(zone=zone)
    scheduler = TaskScheduler(
        adapters=Adapters(
            clock=clock,
            store=store,
            source=source,
            reader=task_reader(settings, paths),
            environments=provider,
            executor=executor,
            outputs=OutputFolder(composition.outputs_folder(paths)),
        ),
        policies=policies(settings),
        timetable=timetable,
        events=events,
    )
    scheduler.add(
        Backups(
            state=store,
            clock=clock,
            interval=settings.database.backup_interval,
            publish=events.publish,
        )
    )
    scheduler.add(
        MemoryGuard(
            state=store,
            clock=clock,
            resident=lambda: psutil.Process().memory_info().rss,
            restart=process.restart_for_memory,
            interval=settings.scheduler.memory_cleanup_interval,
            limit=settings.scheduler.max_memory_usage,
            publish=events.publish,
        )
    )
    overview = Overview(
        catalogue=store,
        history=store,
        clock=clock,
        zone=zone,
        suspended=scheduler.why_suspended,
        notes_of=scheduler.notes_of,
        waits_for=scheduler.waits_for,
    )
    control = Control(
        overview=overview,
        start_task=scheduler.start_task,
        rescan=scheduler.rescan,
        surroundings=composition.surroundings(
            settings, paths, lib, interpreter_of=provider.interpreter, in_force=scheduler.in_force
        ),
        prune_environments=scheduler.prune_environments,
        runs=scheduler,
        process=process,
        live=lambda: {
            "pid": os.getpid(),
            "version": task_scheduler.__version__,
            "root": str(paths.root),
            **scheduler.live(),
        },
    )
    scheduler.add(
        ControlServer(
            path=run_folder / "control.sock", commands=control, notice=teller(events, "control.notice", Level.WARNING)
        )
    )
    return scheduler
