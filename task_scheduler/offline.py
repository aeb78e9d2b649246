"""What is done about a whole project in the place of a scheduler that is not there: the composition root of that.

It holds the project's lock meanwhile, so that none can come. Nothing is scheduled, settled or started.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from task_scheduler import composition
from task_scheduler.calendars.holiday_calendars import HolidayCalendars
from task_scheduler.clock import SystemClock
from task_scheduler.core.clocks import CLOCK_GENERATION
from task_scheduler.core.errors import Refused, TriggerError, UnknownTask
from task_scheduler.core.outcomes import Missed
from task_scheduler.core.runs import Attempt, AttemptId, Run, RunKind, RunState
from task_scheduler.core.tasks import Job
from task_scheduler.logs import set_up_logging
from task_scheduler.project import Project
from task_scheduler.services.event_bus import EventBus
from task_scheduler.services.patience import Patience
from task_scheduler.services.requested_entry import why_not_in_force
from task_scheduler.services.resets import IS_PAUSED, MAY_BE_AT_WORK, Resetter, WaitingSlot
from task_scheduler.services.timetable import Timetable
from task_scheduler.settings import load_settings
from task_scheduler.store.locks import ProjectLock
from task_scheduler.store.sqlite import SqliteStore

#: A JSON object.
Document = dict[str, Any]


class Offline:
    """Acts on the record and the logs of a project that no scheduler works on."""

    def __init__(self, project: Project, *, note: Callable[[str], None], pause: Callable[[float], object]) -> None:
        """Read the settings; raises SettingsError. `note` is told who is waited for, `pause` waits for some seconds."""
        self._settings, self._paths = load_settings(project)
        self._note = note
        self._pause = pause
        self._clock = SystemClock()

    def reset_schedules(self, tasks: Collection[str] | None, *, future_only: bool, dry_run: bool) -> Document:
        """Reset the schedules of these tasks, None: of all, as a running scheduler would; see `Resetter.reset`.

        Raises UnknownTask, AlreadyRunning when a scheduler has come meanwhile, StoreError, and Refused.
        """
        if not self._paths.database.is_file():
            for task_id in tasks or ():
                raise UnknownTask(task_id)
            return {"dry_run": dry_run, "jobs": []}
        if dry_run:
            with SqliteStore.open_reader(self._paths.database) as store:
                return asyncio.run(self._reset(store, tasks, future_only=future_only, dry_run=True))
        with self._in_place("reset-schedules"), self._store("reset-schedules") as store:
            return asyncio.run(self._reset(store, tasks, future_only=future_only, dry_run=False))

    def rotate_logs(self) -> Document:
        """Put aside the log files that are due; raises AlreadyRunning when a scheduler has come meanwhile."""
        with self._in_place("logs --rotate"):
            logs = set_up_logging(self._settings, self._paths, foreground=False)
            try:
                return {"put_aside": list(logs.rotate(self._clock.now().astimezone()))}
            finally:
                logs.close()

    @contextmanager
    def _in_place(self, work: str) -> Iterator[None]:
        """Hold the project for as long as it takes; raises AlreadyRunning and StoreError."""
        folder = composition.run_folder(self._paths)
        what = f"the project folder {self._paths.root}"
        lock = ProjectLock(folder / "scheduler.lock", what, since=self._clock.now(), work=work)
        with lock.acquire_in_turn(tell=self._note, pause=self._pause):
            yield

    def _store(self, work: str) -> SqliteStore:
        return SqliteStore.open(
            self._paths.database,
            clock=self._clock,
            sources=self._paths.data / "run" / "sources",
            backups=self._paths.data / "backups",
            work=work,
        )

    async def _reset(
        self, store: SqliteStore, tasks: Collection[str] | None, *, future_only: bool, dry_run: bool
    ) -> Document:
        await _check_tasks(store, tasks)
        events = EventBus()
        generation = int(await store.get(CLOCK_GENERATION) or 0)
        versions = {record.task_id: record.version for record in await store.tasks()}
        slots = _LeftSlots(await store.open_runs(), now=self._clock.now())
        resetter = Resetter(
            resets=store,
            history=store,
            timetable=self._timetable(await store.jobs()),
            slots=lambda: slots,
            turn=asyncio.Lock(),
            generation=lambda: generation,
            digest_of=versions.get,
            on_change=_nobody_waits,
            clock=self._clock,
            patience=Patience(clock=self._clock, publish=events.publish),
            publish=events.publish,
        )
        resets = await resetter.reset(tasks, overdue_only=future_only, dry_run=dry_run)
        return {"dry_run": dry_run, "jobs": [reset.describe() for reset in resets]}

    def _timetable(self, jobs: Sequence[Job]) -> Timetable:
        """Return the jobs in force; those whose trigger cannot be read here any more are told, and left out."""
        calendars = HolidayCalendars.for_looking(self._paths.root)
        timetable = Timetable(zone=self._settings.scheduler.zone, calendars=calendars)
        by_task: defaultdict[str, list[Job]] = defaultdict(list)
        for job in jobs:
            by_task[job.task_id].append(job)
        for task_id, some in by_task.items():
            try:
                timetable.set_task(task_id, some)
            except TriggerError as error:
                self._note(f"{task_id} is left as it is: {error}")
        return timetable


class _LeftSlots:
    """The slots that a scheduler left waiting, as the record has them; nothing can start them meanwhile."""

    def __init__(self, found: Sequence[tuple[Run, Sequence[Attempt]]], *, now: datetime) -> None:
        self._slots = {
            run.id: WaitingSlot(run=run, kept=_why_kept(run, attempts))
            for run, attempts in found
            if run.kind is RunKind.SCHEDULED
            and run.state is RunState.QUEUED
            and run.scheduled_for is not None
            and run.scheduled_for <= now
        }

    def waiting(self) -> Sequence[WaitingSlot]:
        """Return the slots whose instant has passed and that have not begun."""
        return list(self._slots.values())

    def take_out(self, run_ids: Collection[int]) -> Sequence[AttemptId]:
        """Forget them; they have no attempts."""
        for run_id in run_ids:
            self._slots.pop(run_id, None)
        return []

    def let_go(self, run_ids: Collection[int], ended: Sequence[Run], outcome: Missed) -> None:
        """Do nothing: there is nobody to tell."""


def _why_kept(run: Run, attempts: Sequence[Attempt]) -> str:
    if run.paused_at is not None:
        return IS_PAUSED
    # Whether an attempt that was claimed has begun, its host alone knows.
    return MAY_BE_AT_WORK if attempts else ""


async def _check_tasks(store: SqliteStore, tasks: Collection[str] | None) -> None:
    """Raise UnknownTask, or Refused for a task without a version in force."""
    records = {record.task_id: record for record in await store.tasks()}
    for task_id in tasks or ():
        record = records.get(task_id)
        if record is None:
            raise UnknownTask(task_id, records)
        if record.version is None:
            raise Refused(why_not_in_force(record))


def _nobody_waits() -> None:
    """Wake nobody."""
