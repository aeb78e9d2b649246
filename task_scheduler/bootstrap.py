"""The composition root: the only module that names concrete adapters, and the process that runs them."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import sys
import time
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

import task_scheduler
from task_scheduler import composition
from task_scheduler.api import Adapters, TaskScheduler
from task_scheduler.clock import SystemClock
from task_scheduler.composition import environment_provider, helpers_folder, policies, task_reader, task_side_library
from task_scheduler.control.answers import Control
from task_scheduler.control.server import ControlServer
from task_scheduler.core.errors import TaskSchedulerError
from task_scheduler.core.events import Event, Level
from task_scheduler.execution.executor import HostExecutor
from task_scheduler.execution.outputs import OutputFolder
from task_scheduler.logs import Logs, log_event, set_up_logging
from task_scheduler.ports import Clock
from task_scheduler.project import locate_project
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
from task_scheduler.watcher.folder import FolderSource

#: Signals that tell the scheduler to stop.
_ENDING = (signal.SIGINT, signal.SIGTERM)


def run(root: Path, config: Path | None, *, note: Callable[[str], None]) -> int:
    """Run the scheduler of a project in the foreground until it is told to stop; return the exit code.

    A command that works alone on the project is waited for, and `note` told so. Raises SettingsError, AlreadyRunning,
    StoreError and their kin before anything is started.
    """
    project = locate_project(config=config, root=root, default_root=root)
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
    with lock:
        logs = set_up_logging(settings, paths, foreground=True)
        try:
            restart = asyncio.run(_serve(settings, paths, run_folder, clock=clock, logs=logs, lock=lock))
        finally:
            logs.close()
    if restart:
        os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])
    return 0


class _Told(BaseException):
    """A signal told this process to end before its work began."""


@contextmanager
def _told_to_end() -> Iterator[None]:
    """Raise _Told in the block when this process is told to end."""

    def stop(*_signal: object) -> None:
        raise _Told

    earlier = {number: signal.signal(number, stop) for number in _ENDING}
    try:
        yield
    finally:
        for number, before in earlier.items():
            signal.signal(number, before)


async def _serve(
    settings: Settings, paths: Paths, run_folder: Path, *, clock: Clock, logs: Logs, lock: ProjectLock
) -> bool:
    """Run until a signal, or until a restart is asked for; return whether to restart."""
    events = EventBus()
    events.subscribe(log_event)
    ending = asyncio.Event()
    restart: list[str] = []
    lost: list[str] = []

    def give_up(reason: str) -> None:
        lost.append(reason)
        ending.set()

    def ask_for_restart(reason: str) -> None:
        restart.append(reason)
        ending.set()

    with SqliteStore.open(
        paths.database, clock=clock, sources=run_folder / "sources", backups=paths.data / "backups"
    ) as store:
        scheduler = _compose(
            settings, paths, run_folder, clock=clock, store=store, events=events, restart=ask_for_restart
        )
        scheduler.add(
            Custody(
                checks=[lock.what_is_gone, store.what_is_gone],
                end=give_up,
                clock=clock,
                interval=settings.scheduler.loop_interval,
                publish=events.publish,
            )
        )
        scheduler.add(LogKeeper(rotate=logs.rotate, clock=clock, publish=events.publish))
        loop = asyncio.get_running_loop()
        for number in _ENDING:
            loop.add_signal_handler(number, ending.set)
        events.publish(Event(name="scheduler.starting", message=f"{paths.root}: starting, process {os.getpid()}"))
        try:
            await _start(scheduler)
            await _first_of(ending.wait(), scheduler.failed())
        finally:
            await scheduler.stop()
    if lost:
        raise TaskSchedulerError(lost[0])
    if not ending.is_set():
        raise TaskSchedulerError("the scheduler ended by a fault of the program; logs/errors.log has the details")
    return bool(restart)


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
    restart: Callable[[str], None],
) -> TaskScheduler:
    zone = settings.scheduler.zone
    lib = task_side_library(run_folder / "lib", paths)
    provider = environment_provider(settings, paths, lib, _teller(events, "environments.notice", Level.INFO))
    outputs = OutputFolder(paths.logs / "runs")
    executor = HostExecutor(
        root=paths.root,
        run_folder=run_folder / "hosts",
        outputs=paths.logs / "runs",
        lib=lib,
        interpreter_of=provider.interpreter,
        source_of=store.source_path,
        project=str(paths.root),
        notice=_teller(events, "hosts.notice"),
    )
    source = FolderSource(
        root=paths.root,
        tasks=paths.tasks,
        helpers=helpers_folder(paths),
        pattern=settings.tasks.file_pattern,
        include_examples=settings.tasks.include_example_tasks,
        check_interval=settings.scheduler.task_check_interval,
        notice=_teller(events, "watcher.notice"),
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
            outputs=outputs,
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
            restart=restart,
            interval=settings.scheduler.memory_cleanup_interval,
            limit=settings.scheduler.max_memory_usage,
            publish=events.publish,
        )
    )
    overview = Overview(catalogue=store, history=store, clock=clock, zone=zone, suspended=scheduler.why_suspended)
    control = Control(
        overview=overview,
        start_task=scheduler.start_task,
        rescan=scheduler.rescan,
        surroundings=composition.surroundings(
            settings, paths, lib, interpreter_of=provider.interpreter, in_force=scheduler.in_force
        ),
        prune_environments=scheduler.prune_environments,
        live=lambda: {
            "pid": os.getpid(),
            "version": task_scheduler.__version__,
            "root": str(paths.root),
            **scheduler.live(),
        },
    )
    scheduler.add(
        ControlServer(path=run_folder / "control.sock", commands=control, notice=_teller(events, "control.notice"))
    )
    return scheduler


def _teller(events: EventBus, name: str, level: Level = Level.WARNING) -> Callable[[str], None]:
    """Return what an adapter tells a person through."""
    return lambda message: events.publish(Event(name=name, message=message, level=level))


async def _first_of(*coroutines: Coroutine[object, object, object]) -> None:
    tasks = [asyncio.ensure_future(coroutine) for coroutine in coroutines]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
