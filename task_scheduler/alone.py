"""One task file without a scheduler, under the project's lock: a composition root of its own.

Nothing is scheduled, nothing that is owed is started, and runs that an earlier scheduler left open stay for the next
one to settle. Only this file is brought into force, and what is run is run and recorded as ever.
"""

from __future__ import annotations

import asyncio
import glob
import os
import signal
import threading
from collections.abc import Callable, Coroutine, Mapping, Sequence
from concurrent.futures import Future
from contextlib import AsyncExitStack, suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

from task_scheduler import composition
from task_scheduler.api import in_force
from task_scheduler.calendars.holiday_calendars import HolidayCalendars
from task_scheduler.clock import SystemClock
from task_scheduler.control.answers import Control
from task_scheduler.core.errors import Refused, TaskSchedulerError, UnknownRun
from task_scheduler.core.events import Event, Level
from task_scheduler.core.runs import OPEN_ATTEMPTS, Run
from task_scheduler.core.tasks import TaskRecord, TaskStatus
from task_scheduler.environments.failures import TRIED_AGAIN
from task_scheduler.execution.cards import HostCard
from task_scheduler.execution.executor import HostExecutor
from task_scheduler.execution.living import is_executing
from task_scheduler.logs import log_event, set_up_logging
from task_scheduler.ports import KnownFile, SourceChanges, SourceFile, TaskSource
from task_scheduler.project import Project
from task_scheduler.services.catalog import Catalog
from task_scheduler.services.event_bus import EventBus
from task_scheduler.services.overview import Overview
from task_scheduler.services.patience import Patience
from task_scheduler.services.register import Register
from task_scheduler.services.requested_entry import requested_entry
from task_scheduler.services.runner import Runner
from task_scheduler.services.service import fault
from task_scheduler.services.timetable import Timetable
from task_scheduler.settings import Paths, Settings, load_settings
from task_scheduler.store.locks import ProjectLock
from task_scheduler.store.sqlite import SqliteStore
from task_scheduler.watcher.scanning import Unreadable, scan, task_names

T = TypeVar("T")

#: Seconds between two looks at something that is about to happen.
_LOOK = 0.02
#: Seconds given to the hosts that were used, to leave.
_LEAVING_TIME = 5.0
_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
#: Events that the caller learns of by asking.
_TOLD_OTHERWISE = ("task.", "run.", "scheduler.")


class Alone:
    """Answers the commands of a scheduler about one task file; its work goes on in a thread until it is closed."""

    def __init__(self, project: Project, *, note: Callable[[str], None], verb: str) -> None:
        """Read the settings; raises SettingsError.

        `note` takes what a person should know while they wait; others who wait are told `verb`.
        """
        self._settings, self._paths = load_settings(project)
        self._note = note
        self._verb = verb
        self._lock: ProjectLock | None = None
        self._is_beside = False
        self._work: _Work | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._closing: asyncio.Event | None = None
        self._thread: threading.Thread | None = None

    @property
    def is_alone(self) -> bool:
        """Whether it lives in this process, and ends with it."""
        return True

    @property
    def is_gone(self) -> bool:
        """Whether a scheduler is gone: there is none to go."""
        return False

    def what_is_known(self, run_id: int) -> str:
        """Return nothing: it settles its runs itself."""
        del run_id
        return ""

    def allow_beside(self) -> None:
        """Start the task even while a run of it, left by an earlier scheduler, is executing."""
        self._is_beside = True

    def take_turn(self, task_id: str, *, pause: Callable[[float], object]) -> None:
        """Take the project's lock, waiting for other commands that work alone; raises AlreadyRunning and StoreError."""
        self._paths.create_folders()
        lock = _lock(self._paths, work=f"{self._verb} {task_id}")
        self._lock = lock.acquire_in_turn(tell=self._note, pause=pause)

    def look_at(self, task_id: str) -> None:
        """Begin to bring this file into force, when its turn has been taken; raises StoreError and its kin."""
        if self._thread is not None:
            raise AssertionError("one file at a time")
        ready: Future[None] = Future()
        self._thread = threading.Thread(target=self._live, args=(task_id, ready), name="alone")
        self._thread.start()
        ready.result()

    def ask(self, command: str, /, **arguments: object) -> Any:  # noqa: ANN401 - a JSON document
        """Return the answer to a command of `control.commands`; raises TaskSchedulerError."""
        if self._work is None:
            if command == "surroundings" and not arguments:
                return composition.whereabouts(self._settings, self._paths)
            raise AssertionError("nothing is done before a file is named")
        if self._work.failure is not None:
            raise TaskSchedulerError(self._work.failure)
        given = {name: value for name, value in arguments.items() if value is not None}
        answer = self._do(self._work.control.answer(command, given))
        return _without_promises(answer) if isinstance(answer, dict) and command == "show" else answer

    def end(self, run_id: int, reason: str, *, now: bool = False) -> bool:
        """Begin to end a run with its whole tree, with `now` by KILL at once; one that has ended is left as it is."""
        if self._work is not None:
            self._do(self._work.end(run_id, reason, grace=0.0 if now else None))
        return True

    def close(self) -> None:
        """End the work and release the lock; a run that has not ended goes on, for the next scheduler to take over."""
        if self._thread is None:
            if self._lock is not None:
                self._lock.release()
            return
        if self._loop is not None and self._closing is not None:
            with suppress(RuntimeError):  # it has ended by itself
                self._loop.call_soon_threadsafe(self._closing.set)
        self._thread.join()
        self._thread = None

    # --- the thread ---------------------------------------------------------------------------------------

    def _do(self, coroutine: Coroutine[Any, Any, T]) -> T:
        if self._loop is None:
            raise AssertionError("nothing is done before the work has begun")
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result()

    def _live(self, task_id: str, ready: Future[None]) -> None:
        try:
            asyncio.run(self._serve(task_id, ready))
        except BaseException as error:  # noqa: BLE001 - whoever waits for the thread is told, whatever it is
            if ready.done():
                self._note(f"a fault of the program: {error!r}")
            else:
                ready.set_exception(error)

    async def _serve(self, task_id: str, ready: Future[None]) -> None:
        async with AsyncExitStack() as undo:
            if self._lock is None:
                raise AssertionError("nothing is done before its turn is taken")
            undo.enter_context(self._lock)
            work = await _Work.begin(
                self._settings, self._paths, task_id, self._note, undo, for_others=f"{self._verb} {task_id}"
            )
            work.is_beside = self._is_beside
            self._loop, self._closing = asyncio.get_running_loop(), asyncio.Event()
            self._work = work
            ready.set_result(None)
            await self._closing.wait()


class _Work:
    """What a scheduler is made of, less what schedules and settles, around one task file."""

    def __init__(
        self,
        *,
        clock: SystemClock,
        store: _Store,
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
    ) -> _Work:
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
            _Store.open(
                paths.database,
                clock=clock,
                sources=run_folder / "sources",
                backups=paths.data / "backups",
                work=for_others,
            )
        )
        store.neighbours = _neighbours(settings, paths, task_id)
        if not _is_task(settings, task_id):
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
            source=_OneFile(
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


class _Store(SqliteStore):
    """The record, and with it the files beside the task's that are not on record: its imports may mean them."""

    neighbours: tuple[TaskRecord, ...] = ()

    async def tasks(self) -> Sequence[TaskRecord]:
        """Return every task file that is known of."""
        known = await super().tasks()
        ids = {record.task_id for record in known}
        return [*known, *(record for record in self.neighbours if record.task_id not in ids)]

    async def pass_over(self, task_id: str) -> None:
        """Leave a task on record as a scheduler has it that does not take it up: without a schedule, with its history."""
        for record in await super().tasks():
            if record.task_id == task_id and record.version is not None:
                await self.retire([replace(record, status=TaskStatus.DELETED, problems=(), detail="", stamp=None)])


class _OneFile:
    """A source of one file: what it holds at the start is reported, and nothing else ever."""

    def __init__(self, source: TaskSource, task_id: str) -> None:
        self._source = source
        self._task_id = task_id

    async def start(self, listener: Callable[[SourceChanges], None], known: Mapping[str, KnownFile]) -> None:
        """Report the file as it stands."""
        reported = False

        def report(changes: SourceChanges) -> None:
            nonlocal reported
            if not reported:
                reported = True
                files = tuple(file for file in changes.files if file.task_id == self._task_id)
                # Not `complete`: of the other files nothing is said.
                listener(SourceChanges(files=files, local_digest=changes.local_digest, suspended=changes.suspended))

        ours = {task_id: file for task_id, file in known.items() if task_id == self._task_id}
        await self._source.start(report, ours)

    async def stop(self) -> None:
        """Report no more."""
        await self._source.stop()

    async def rescan(self) -> None:
        """Report nothing: another content is another request."""

    async def fetch(self, files: Sequence[SourceFile]) -> Sequence[SourceFile | None]:
        """Return files as they are now."""
        return await self._source.fetch(files)


def _neighbours(settings: Settings, paths: Paths, task_id: str) -> tuple[TaskRecord, ...]:
    """Return a record of each file and folder in the folder of tasks: code of the project, which no host keeps."""
    try:
        found = scan(paths.tasks, _accepts(settings)).files
    except Unreadable:
        return ()
    ids = {path.removesuffix(".py") for path in found}
    ids |= {folder for each in ids for folder in _folders_above(each)}
    return tuple(
        TaskRecord(
            task_id=each,
            path=f"{each}.py",
            status=TaskStatus.MODULE,
            title=each,
            digest=None,
            version=None,
            updated_at=_LONG_AGO,
        )
        for each in sorted(ids - {task_id})
    )


def _accepts(settings: Settings) -> Callable[[str], bool]:
    return task_names(settings.tasks.file_pattern, include_examples=settings.tasks.include_example_tasks)


def _is_task(settings: Settings, task_id: str) -> bool:
    return _accepts(settings)(task_id.rpartition("/")[2] + ".py")


def _folders_above(task_id: str) -> list[str]:
    parts = task_id.split("/")
    return ["/".join(parts[:end]) for end in range(1, len(parts))]


def _lock(paths: Paths, *, work: str) -> ProjectLock:
    folder = composition.run_folder(paths)
    return ProjectLock(
        folder / "scheduler.lock", f"the project folder {paths.root}", since=SystemClock().now(), work=work
    )


def _tell(event: Event, note: Callable[[str], None]) -> None:
    """Tell the person at the terminal what a log would."""
    if event.level is not Level.DEBUG and not event.name.startswith(_TOLD_OTHERWISE):
        note(event.message)


def _without_promises(task: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is told of a task without what only a scheduler, which stays, would do."""
    problems = [{**problem, "text": problem["text"].replace(TRIED_AGAIN, "")} for problem in task["problems"]]
    return {**task, "problems": problems}


def _nothing() -> None:
    """Nothing is planned here, so nobody waits for a change."""
