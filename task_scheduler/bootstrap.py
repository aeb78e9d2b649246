"""The composition root: the only module that names concrete adapters, and the process that runs them."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType

import psutil

import task_scheduler
from task_scheduler import composition, known_secrets, rescue, staying_down
from task_scheduler.api import Adapters, TaskScheduler
from task_scheduler.calendars.holiday_calendars import COPIES, HolidayCalendars
from task_scheduler.clock import SystemClock
from task_scheduler.composition import environment_provider, policies, task_reader, task_side_library, teller
from task_scheduler.control.answers import Control
from task_scheduler.control.server import ControlServer
from task_scheduler.core.errors import (
    AlreadyRunning,
    Refused,
    SchemaTooNew,
    SettingsError,
    StoreError,
    TaskSchedulerError,
)
from task_scheduler.core.events import Event, Level
from task_scheduler.core.stopping import StopMode, StopOrder
from task_scheduler.execution.executor import HostExecutor
from task_scheduler.execution.outputs import OutputFolder
from task_scheduler.execution.processes import boot_id
from task_scheduler.inbox import ProjectFiles
from task_scheduler.logs import Logs, log_event, set_up_logging
from task_scheduler.ports import Clock
from task_scheduler.process.detaching import Background
from task_scheduler.process.lifetime import ENDING, Lifetime, first_of, hold_signals_back, listening
from task_scheduler.process.live_settings import LiveSettings
from task_scheduler.process.notify import ServiceManager
from task_scheduler.process.presence import Presence
from task_scheduler.process.replacement import rehearse, replace_process
from task_scheduler.process.rereading import Rereading
from task_scheduler.process.rivals import explained, scheduler_there
from task_scheduler.process.settings_on_disk import SettingsOnDisk
from task_scheduler.process.watched_file import WatchedFile
from task_scheduler.project import Project
from task_scheduler.secrets_file import read_secrets
from task_scheduler.services.accounts import Accounts
from task_scheduler.services.backups import Backups
from task_scheduler.services.custody import Custody
from task_scheduler.services.documents import iso
from task_scheduler.services.event_bus import EventBus
from task_scheduler.services.log_keeper import LogKeeper
from task_scheduler.services.memory_guard import MemoryGuard
from task_scheduler.services.month import MonthOverview
from task_scheduler.services.overview import Overview
from task_scheduler.services.restoration import Restoration
from task_scheduler.services.schedules import ScheduleOverview
from task_scheduler.services.secret_keeper import SecretKeeper
from task_scheduler.services.service import fault
from task_scheduler.services.timetable import Timetable
from task_scheduler.settings import Paths, Settings, flags_of, load_settings
from task_scheduler.store.locks import ProjectLock
from task_scheduler.store.sqlite import SqliteStore

#: What another order puts an end to.
_GIVEN_UP = {StopMode.LEAVE: "the shutdown", StopMode.DRAIN: "the drain", StopMode.KILL: "the ending of runs"}


def run(
    project: Project,
    *,
    on_signal: StopOrder,
    note: Callable[[str], None],
    given: Mapping[str, str] = MappingProxyType({}),
    is_detached: bool = False,
    new_record: bool = False,
    program: str = "task-scheduler",
) -> int:
    """Run the scheduler of a project until it is told to stop; return the exit code.

    `on_signal` is what TERM and Ctrl-C do to runs under way. A command that works alone on the project is waited for,
    and `note` told so. `given` holds settings of the command line, by `section.key`. `is_detached`: this process was
    started in the background, and somebody waits until it works. `new_record`: a record that is damaged or gone is put
    aside, and a new one begun, instead of restoring a backup. `program` begins what a person is told to type.
    Raises SettingsError, AlreadyRunning, StoreError and their kin before anything is started.
    """
    manager = ServiceManager.of_process()
    sources = _Sources(project, given, program)
    settings, paths = sources.read()
    paths.create_folders()
    background = Background(root=paths.root, logs=paths.logs) if is_detached else None
    run_folder = composition.run_folder(paths)
    clock = SystemClock()
    lock = ProjectLock(run_folder / "scheduler.lock", f"the project folder {paths.root}", since=clock.now())
    try:
        with _told_to_end():
            lock.acquire_in_turn(tell=note, pause=manager.waits(time.sleep))  # noqa: TID251 - there is no loop yet, and nothing to miss
    except _Told:
        return 0
    except AlreadyRunning as held:
        raise explained(held, paths.root) from None
    with lock:
        staying_down.forget(paths.root)
        logs = set_up_logging(settings, paths, foreground=background is None)
        process = _Process(
            sources,
            settings,
            paths,
            run_folder=run_folder,
            clock=clock,
            logs=logs,
            on_signal=on_signal,
            manager=manager,
            background=background,
            new_record=new_record,
        )
        try:
            is_restart = asyncio.run(process.serve(lock))
        finally:
            logs.close()
        if is_restart:
            lock.hand_over()
            if background is not None:
                background.go_back()
            replace_process(manager.variables)
    return 0


class _Sources:
    """Where the settings of this process come from."""

    def __init__(self, project: Project, given: Mapping[str, str], program: str) -> None:
        """`given` is of the command line; `program` is how that begins."""
        self.project = project
        self.given = given
        self.program = program
        self.had_file = project.config_required or project.config.exists()

    def read(self, content: bytes | None = None) -> tuple[Settings, Paths]:
        """Read them; `content` is that of the file, None: it is read, too. Raises SettingsError."""
        return load_settings(self.project, flags=flags_of(self.given), content=content)


def check(project: Project, *, given: Mapping[str, str] = MappingProxyType({})) -> Paths:
    """Return where the files of a project are; raises what would keep its scheduler from starting.

    All of the program is loaded by the time this is called, and nothing is started.
    """
    settings, paths = load_settings(project, flags=flags_of(given))
    if not paths.root.is_dir():
        raise TaskSchedulerError(f"no folder {paths.root}")
    if faults := paths.faults():
        raise SettingsError(str(project.config), [*faults.values()])
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
        self,
        sources: _Sources,
        settings: Settings,
        paths: Paths,
        *,
        run_folder: Path,
        clock: Clock,
        logs: Logs,
        on_signal: StopOrder,
        manager: ServiceManager,
        background: Background | None,
        new_record: bool = False,
    ) -> None:
        """`manager` is what started this process; `background` None: it has its terminal, or whatever was given to it."""
        self._sources = sources
        self._settings = settings
        self._paths = paths
        self._clock = clock
        self._logs = logs
        self.secrets = composition.learn_secrets(paths)  # first of all: nothing has been logged yet
        self._events = EventBus()
        self._events.subscribe(log_event)
        self._lifetime = Lifetime(on_signal=on_signal, publish=self._events.publish)
        self._run_folder = run_folder
        self._background = background
        self._new_record = new_record
        self.presence = Presence(root=paths.root, run_folder=run_folder, manager=manager, publish=self._events.publish)

    async def serve(self, lock: ProjectLock) -> bool:
        """Run until told to end; return whether a new program is to take this one's place."""
        self.presence.begin()
        try:
            return await self._serve(lock)
        finally:
            self.presence.close(is_restart=self._lifetime.is_restart)

    async def _serve(self, lock: ProjectLock) -> bool:
        publish, lifetime = self._events.publish, self._lifetime
        with rescue.open_record(
            self._settings, self._paths, run_folder=self._run_folder, clock=self._clock, new_record=self._new_record
        ) as store:
            restoration = rescue.restoration_of(self._paths, store, clock=self._clock, publish=publish)
            live = LiveSettings(self._settings, self._paths, publish=publish)
            live.follow(
                lambda settings, paths: {"options": settings.logging, "log": paths.log},
                self._logs.configure,
                is_last=_is_quieter,
            )
            on_disk = SettingsOnDisk(
                file=WatchedFile(self._sources.project.config, clock=self._clock),
                is_there=self._sources.had_file,
                live=live,
                read=self._sources.read,
                paths_of=lambda settings: Paths.of(self._sources.project, settings),
                clock=self._clock,
                around=self.presence.looking_anew,
                publish=publish,
                program=self._sources.program,
            )
            scheduler = _compose(
                live,
                on_disk,
                self._run_folder,
                clock=self._clock,
                store=store,
                events=self._events,
                process=self,
                restoration=restoration,
            )
            custody = Custody(
                checks=[lock.what_is_gone, store.what_is_gone],
                damage=store.what_is_damaged,
                end=lifetime.give_up,
                clock=self._clock,
                interval=self._settings.scheduler.loop_interval,
                publish=publish,
            )
            live.follow(lambda settings, _: {"interval": settings.scheduler.loop_interval}, custody.configure)
            scheduler.add(custody)
            scheduler.add(on_disk)
            scheduler.add(LogKeeper(rotate=self._logs.rotate, clock=self._clock, publish=publish))
            rereading = Rereading(
                look_at_settings=lambda: on_disk.look(is_asked=True),
                rescan=scheduler.rescan,
                rotate_logs=self.rotate_logs,
                end=lambda: lifetime.ask(StopOrder()),
                around=self.presence.looking_anew,
                publish=publish,
            )
            with listening(lifetime, look_anew=rereading.begin):
                message = f"{self._paths.root}: starting, process {os.getpid()}"
                publish(Event(name="scheduler.starting", message=message))
                try:
                    if await first_of(_start(scheduler, restoration), lifetime.told()) == 0:
                        self._works(scheduler)
                        await first_of(lifetime.told(), scheduler.failed())
                finally:
                    await rereading.stop()
                    await lifetime.carry_out(lambda order: self._stop(scheduler, order))
                    if lifetime.is_restart:
                        await hold_signals_back(lifetime)
        if lifetime.failure is not None:
            raise TaskSchedulerError(lifetime.failure)
        if lifetime.order is None:
            raise TaskSchedulerError("the scheduler ended by a fault of the program; logs/errors.log has the details")
        return lifetime.is_restart

    def _works(self, scheduler: TaskScheduler) -> None:
        """Tell whoever waits for it that the scheduler works."""
        self.presence.works(scheduler.activity)
        if self._background is not None:
            self._background.works()

    async def _stop(self, scheduler: TaskScheduler, order: StopOrder) -> None:
        if order.mode is not StopMode.LEAVE:
            async with self.presence.waiting(scheduler.activity):
                await scheduler.wind_down(order)
        # Not before: a drain may be given up for a restart, which whoever was told of an end would not believe.
        self.presence.ends(is_restart=order.is_restart)
        await scheduler.stop(StopOrder(is_restart=order.is_restart))

    def rotate_logs(self) -> Sequence[str]:
        """Put aside the log files that are due; return their names."""
        return self._logs.rotate(self._clock.now().astimezone())

    # --- what the control socket asks of it ---------------------------------------------------------------

    def shut_down(self, order: StopOrder) -> None:
        """Begin to end; returns at once."""
        self._tell("told to shut down", order)
        self._lifetime.ask(order)

    async def restart(self, order: StopOrder) -> None:
        """Begin to give way to the program on disk; raises SettingsError or Refused when that could not start."""
        before = self._lifetime.order
        await self.rehearse()
        if self._lifetime.order is not before:
            raise Refused("the scheduler is not restarted: it was told otherwise while the new program was tried out")
        self._tell("told to restart", order)
        self._lifetime.ask(order)

    def _tell(self, told: str, order: StopOrder) -> None:
        instead = ""
        if (before := self._lifetime.order) is not None:
            instead = f", which gives up {'the restart' if before.is_restart else _GIVEN_UP[before.mode]}"
        self._events.publish(Event(name="scheduler.told", message=f"{told}{instead}: {order.about_runs}"))

    async def rehearse(self) -> None:
        """Raise SettingsError or Refused where the program on disk could not start here."""
        await asyncio.to_thread(check, self._sources.project, given=self._sources.given)
        await rehearse(folder=None if self._background is None else self._background.started_in)

    def restart_for_memory(self, _reason: str) -> None:
        """Begin to start anew, unless the end has begun already."""
        if self._lifetime.order is None:
            self._lifetime.ask(StopOrder(is_restart=True))


async def _start(scheduler: TaskScheduler, restoration: Restoration) -> None:
    """Start without collecting garbage, and spare later collections what lives as long as the process.

    The records of 10,000 tasks are half a million objects and no garbage: looking through them again and again
    takes a third of the start, and later a pause in which no run could begin.
    """
    gc.disable()
    try:
        await restoration.settle()
        await scheduler.start()
    finally:
        gc.enable()
    gc.collect()
    gc.freeze()


def _is_quieter(before: Settings, after: Settings) -> bool:
    """Whether less is logged by the settings after than by those before."""
    levels = list(Level)
    return levels.index(after.logging.level) > levels.index(before.logging.level)


def _resident() -> int:
    """Return how many bytes of this process are in memory."""
    return psutil.Process().memory_info().rss


def _compose(
    live: LiveSettings,
    on_disk: SettingsOnDisk,
    run_folder: Path,
    *,
    clock: Clock,
    store: SqliteStore,
    events: EventBus,
    process: _Process,
    restoration: Restoration,
) -> TaskScheduler:
    settings, paths = live.settings, live.paths
    zone = settings.scheduler.zone
    lib = task_side_library(run_folder / "lib", paths)
    provider = environment_provider(settings, paths, lib, teller(events, "environments.notice"))
    executor = composition.host_executor(
        paths,
        lib,
        interpreter_of=provider.interpreter,
        source_of=store.source_path,
        notice=teller(events, "hosts.notice", Level.WARNING),
        on_fault=lambda error: events.publish(fault("executor", error)),
    )
    executor.hide(process.secrets.values)
    source = composition.task_source(
        settings, paths, pattern=settings.tasks.file_pattern, notice=teller(events, "watcher.notice", Level.WARNING)
    )
    reader = task_reader(settings, paths)
    calendars = HolidayCalendars(paths.root, copies=paths.root / COPIES)
    timetable = Timetable(zone=zone, calendars=calendars)
    scheduler = TaskScheduler(
        adapters=Adapters(
            clock=clock,
            store=store,
            source=source,
            reader=reader,
            environments=provider,
            executor=executor,
            outputs=OutputFolder(composition.outputs_folder(paths)),
            files=ProjectFiles(paths.root),
            boot_id=boot_id(),
        ),
        policies=policies(settings),
        timetable=timetable,
        events=events,
        on_look=process.presence.looked,
        look_every=process.presence.interval,
    )

    async def follow(settings: Settings, paths: Paths) -> None:
        are_others = composition.configure_files(settings, paths, source=source, reader=reader, environments=provider)
        await scheduler.configure(policies(settings), look_anew=are_others)

    live.follow(lambda settings, paths: {"settings": settings, "paths": paths}, follow)
    secrets = SecretKeeper(
        first=process.secrets,
        read=lambda: read_secrets(paths.root),
        hide=lambda values: _hide(values, executor),
        clock=clock,
        publish=events.publish,
    )
    scheduler.add(secrets)
    observed = scheduler.keep_calendars(calendars.stamp)
    backups = Backups(
        store=store,
        clock=clock,
        interval=settings.database.backup_interval,
        keep=settings.database.backup_keep,
        publish=events.publish,
    )
    live.follow(
        lambda settings, _: {"interval": settings.database.backup_interval, "keep": settings.database.backup_keep},
        backups.configure,
    )
    scheduler.add(backups)
    memory = MemoryGuard(
        state=store,
        clock=clock,
        resident=_resident,
        rehearse=process.rehearse,
        restart=process.restart_for_memory,
        interval=settings.scheduler.memory_cleanup_interval,
        limit=settings.scheduler.max_memory_usage,
        publish=events.publish,
    )
    live.follow(
        lambda settings, _: {
            "interval": settings.scheduler.memory_cleanup_interval,
            "limit": settings.scheduler.max_memory_usage,
        },
        memory.configure,
    )
    scheduler.add(memory)
    overview = Overview(
        catalogue=store,
        history=store,
        clock=clock,
        zone=zone,
        calendars=calendars,
        suspended=scheduler.why_suspended,
        notes_of=scheduler.notes_of,
        waits_for=scheduler.waits_for,
        endless=scheduler.why_endless,
    )
    control = Control(
        overview=overview,
        start_task=scheduler.start_task,
        rescan=scheduler.rescan,
        surroundings=composition.surroundings(
            lambda: (live.settings, live.paths),
            lib,
            interpreter_of=provider.interpreter,
            in_force=scheduler.in_force,
        ),
        settings=on_disk.document,
        prune_environments=scheduler.prune_environments,
        runs=scheduler,
        process=process,
        schedules=ScheduleOverview(
            catalogue=store,
            history=store,
            clock=clock,
            zone=zone,
            calendars=calendars,
            misfire=lambda: scheduler.misfire,
            suspended=scheduler.why_suspended,
            waits_for=scheduler.waits_for,
        ),
        accounts=Accounts(
            record=store,
            clock=clock,
            zone=zone,
            read_trigger=timetable.trigger_of,
            is_alive=True,
            calendars=calendars,
            suspended=scheduler.why_suspended,
            endless=scheduler.why_endless,
        ),
        month=MonthOverview(
            record=store, clock=clock, zone=zone, read_trigger=timetable.trigger_of, calendars=calendars
        ),
        reset_schedules=scheduler.reset_schedules,
        rotate_logs=process.rotate_logs,
        back_up=backups.back_up,
        live=lambda: {
            "pid": os.getpid(),
            "version": task_scheduler.__version__,
            "root": str(paths.root),
            **scheduler.live(),
            "settings": on_disk.summary(),
            "secrets": secrets.trouble(),
            "calendars": observed.trouble(),
            **restoration.news(),
            "newest_backup": None if backups.newest is None else iso(backups.newest.taken_at),
            "memory": _resident(),
            "memory_limit": memory.limit,
            "memory_restart": None if memory.last_restart is None else memory.last_restart.document(),
        },
    )
    scheduler.add(
        ControlServer(
            path=run_folder / "control.sock", commands=control, notice=teller(events, "control.notice", Level.WARNING)
        )
    )
    return scheduler


def _hide(secrets: Collection[str], executor: HostExecutor) -> None:
    """Have these hidden in what this process writes and in what attempts write."""
    known_secrets.know(secrets)
    executor.hide(secrets)
