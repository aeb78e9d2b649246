"""The composition root: the only module that names concrete adapters, and the process that runs them."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Callable, Coroutine
from pathlib import Path

import psutil

import task_scheduler
from task_scheduler.api import Adapters, Policies, TaskScheduler
from task_scheduler.clock import SystemClock
from task_scheduler.control.answers import Control
from task_scheduler.control.server import ControlServer
from task_scheduler.core.errors import TaskSchedulerError
from task_scheduler.core.events import Event, Level
from task_scheduler.environments.provider import environments
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
from task_scheduler.services.runner import RunnerLimits
from task_scheduler.services.timetable import Timetable
from task_scheduler.settings import EnvironmentMode, OnInvalid, Paths, Settings, load_settings
from task_scheduler.store.locks import ProjectLock
from task_scheduler.store.sqlite import SqliteStore
from task_scheduler.watcher.chains import judge
from task_scheduler.watcher.folder import FolderSource
from task_scheduler.watcher.reader import TaskFileReader

#: The folder of this package: what tasks import `task_scheduler.decorators` from.
PACKAGE = Path(task_scheduler.__file__).resolve().parent


def run(root: Path, config: Path | None) -> int:
    """Run the scheduler of a project in the foreground until it is told to stop; return the exit code.

    Raises SettingsError, AlreadyRunning, StoreError and their kin before anything is started.
    """
    project = locate_project(config=config, root=root, default_root=root)
    settings, paths = load_settings(project)
    paths.create_folders()
    run_folder = _private_folder(paths.data / "run")
    clock = SystemClock()
    with ProjectLock(run_folder / "scheduler.lock", f"the project folder {paths.root}", since=clock.now()) as lock:
        logs = set_up_logging(settings, paths, foreground=True)
        try:
            restart = asyncio.run(_serve(settings, paths, run_folder, clock=clock, logs=logs, lock=lock))
        finally:
            logs.close()
    if restart:
        os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])
    return 0


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
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, ending.set)
        events.publish(Event(name="scheduler.starting", message=f"{paths.root}: starting, process {os.getpid()}"))
        try:
            await scheduler.start()
            await _first_of(ending.wait(), scheduler.failed())
        finally:
            await scheduler.stop()
    if lost:
        raise TaskSchedulerError(lost[0])
    if not ending.is_set():
        raise TaskSchedulerError("the scheduler ended by a fault of the program; logs/errors.log has the details")
    return bool(restart)


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
    lib = _task_side_library(run_folder / "lib", paths)
    provider = environments(
        folder=paths.data / "environments",
        root=paths.root,
        lib=lib,
        judge=judge,
        timeout=settings.environments.build_timeout,
        notice=_teller(events, "environments.notice", Level.INFO),
    )
    helpers = paths.helpers if paths.helpers.is_dir() else lib / "helpers"
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
        helpers=helpers,
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
            reader=TaskFileReader(root=paths.root, helpers=helpers),
            environments=provider,
            executor=executor,
            outputs=outputs,
        ),
        policies=_policies(settings),
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
    overview = Overview(catalogue=store, history=store, clock=clock, zone=zone)
    control = Control(
        overview=overview,
        start_task=scheduler.start_task,
        rescan=scheduler.rescan,
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


def _policies(settings: Settings) -> Policies:
    return Policies(
        misfire=settings.scheduler.misfire,
        retention=settings.history.retention,
        limits=RunnerLimits(
            max_concurrent=settings.scheduler.concurrency_limit,
            kill_grace=settings.tasks.kill_grace,
            output_limit=settings.tasks.output_limit,
        ),
        loop_interval=settings.scheduler.loop_interval,
        stop_on_invalid=settings.tasks.on_invalid is OnInvalid.STOP,
        shared_environment=settings.virtual_env.mode is EnvironmentMode.SHARED,
        reload_on_change=settings.tasks.reload_on_change,
    )


def _task_side_library(folder: Path, paths: Paths) -> Path:
    """Make the folder that gives tasks `task_scheduler`, and `helpers` where the project has none of its own.

    Links, since a task must never see the scheduler's own site-packages.
    """
    _private_folder(folder)
    _link(folder / "task_scheduler", PACKAGE)
    shipped = next(
        (place for place in (PACKAGE / "shipped" / "helpers", PACKAGE.parent / "helpers") if place.is_dir()), None
    )
    if shipped is not None and not paths.helpers.is_dir():
        _link(folder / "helpers", shipped)
    else:
        (folder / "helpers").unlink(missing_ok=True)
    return folder


def _link(link: Path, target: Path) -> None:
    if link.is_symlink() and link.readlink() == target:
        return
    partial = _beside(link, ".new")
    partial.unlink(missing_ok=True)
    partial.symlink_to(target)
    partial.replace(link)


def _private_folder(folder: Path) -> Path:
    """Make a folder only its owner may enter: who can write there can start processes."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o700)
    except OSError as error:
        raise TaskSchedulerError(f"{folder} cannot be used: {error.strerror}") from error
    return folder


def _beside(path: Path, suffix: str) -> Path:
    return path.with_name(path.name + suffix)


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
