"""The record opened for reading, when no scheduler runs: the composition root of the commands that only ask.

It stands beside `bootstrap` so that a listing pays for the store alone, and not for watching, hosts and environments.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from pathlib import Path
from typing import TYPE_CHECKING, Any

from task_scheduler.control.answers import (
    AccountModel,
    CalendarModel,
    Control,
    Document,
    ReadModel,
    ScheduleModel,
)
from task_scheduler.core.errors import (
    DatabaseDamaged,
    NotRunning,
    RecordGone,
    SettingsError,
    UnknownRun,
    UnknownTask,
)
from task_scheduler.core.runs import Run
from task_scheduler.project import Project
from task_scheduler.settings import Paths, Settings, usable_settings
from task_scheduler.store.sign import was_made

if TYPE_CHECKING:
    from task_scheduler.store.sqlite import SqliteStore


class Record:
    """Answers the commands that need no running scheduler."""

    def __init__(self, project: Project) -> None:
        """Open the database of a project; raises StoreError.

        What cannot be used of the settings keeps nobody from reading: it is left out, and `unusable` says so.
        """
        settings, paths, fault = usable_settings(project)
        #: Why settings were left out, and which record this is therefore; empty: none were.
        self.unusable = "" if fault is None else _what_is_read(project, paths, fault)
        self._project = project
        self._paths = paths
        self._runner = asyncio.Runner()
        self._close_store = _nothing
        self._store: SqliteStore | None = None
        self._zone = settings.scheduler.zone
        #: Whether a scheduler ever ran here; where its record is gone, opening it says so.
        self.exists = paths.database.is_file() or was_made(paths.database.resolve())
        models: _Models
        if self.exists:
            models = self._open(paths.database, settings)
        else:
            nothing = _NothingYet(self._zone)
            models = _Models(overview=nothing, schedules=nothing, accounts=nothing, month=nothing)
        self._control = Control(
            overview=models.overview,
            schedules=models.schedules,
            accounts=models.accounts,
            month=models.month,
            start_task=self._start,
            rescan=self._rescan,
            surroundings=self._look_around,
            live=None,
        )

    def ask(self, command: str, arguments: Mapping[str, object]) -> Any:  # noqa: ANN401 - a JSON document
        """Return the answer to a command; raises NotRunning for one that needs the scheduler."""
        given = {name: value for name, value in arguments.items() if value is not None}
        try:
            answer: Any = self._runner.run(self._control.answer(command, given))
        except DatabaseDamaged as error:
            self._name_remedy(error)
            raise
        if command == "why":
            return {**answer, "last_scheduler": self._last_scheduler(answer["last_seen"])}
        if command != "status":
            return answer
        last_seen, observed = self._runner.run(self._last_seen()), self._runner.run(self._observed())
        return {
            **answer,
            "held_by": self._holder(),
            "last_scheduler": self._last_scheduler(last_seen),
            "observed": observed,
            **self._runner.run(self._news()),
        }

    def what_is_known(self, run_id: int) -> str:
        """Return what is known of a run that no scheduler settles, in a sentence; empty: it may be executing."""
        return self._runner.run(self._what_is_known(run_id))

    def close(self) -> None:
        """Let go of the database."""
        self._close_store()
        self._runner.close()

    def _name_remedy(self, error: DatabaseDamaged | RecordGone) -> None:
        # Late: it takes long to import, and is needed where the record is damaged alone.
        from task_scheduler.rescue import whole_backup

        error.whole_backup = whole_backup(self._paths)

    async def _news(self) -> Document:
        """Return what people should know of a restore of the last day."""
        from task_scheduler.clock import SystemClock
        from task_scheduler.core.restoring import RESTORED, news_of
        from task_scheduler.machine_zone import machine_zone

        text = None if self._store is None else await self._store.get(RESTORED)
        return dict(news_of(text, now=SystemClock().now(), zone=machine_zone()))

    async def _last_seen(self) -> str | None:
        from task_scheduler.core.clocks import LAST_SEEN

        return None if self._store is None else await self._store.get(LAST_SEEN)

    async def _observed(self) -> list[str]:
        """Return the calendars that jobs in force observe, sorted."""
        from task_scheduler.services.month import calendar_of_job

        known = [] if self._store is None else await self._store.jobs()
        return sorted({name for job in known if (name := calendar_of_job(job))})

    def _last_scheduler(self, last_seen: str | None) -> Document | None:
        """Return when the last scheduler was there for the last time, and whether it was shut down or killed.

        `last_seen` is what the record knows of that. None: nobody knows, or one is there now. `ended` is None where
        only its last sign of life is known.
        """
        from task_scheduler.process.heartbeat import HEARTBEAT, Beat, Phase
        from task_scheduler.process.presence import PID_FILE
        from task_scheduler.store.locks import holder_of

        run_folder = self._paths.data / "run"
        holder, beat = holder_of(run_folder / "scheduler.lock"), Beat.read(self._paths.root / HEARTBEAT)
        if holder is not None and not holder.work:
            return None
        if beat is None:
            return None if last_seen is None else {"ended": None, "at": last_seen}
        is_left = (run_folder / PID_FILE).exists()
        ended = "shut_down" if beat.phase is Phase.ENDED else "killed" if is_left else None
        return {"ended": ended, "at": datetime.fromtimestamp(beat.written, UTC).isoformat()}

    def _holder(self) -> Document | None:
        """Return who holds the project folder although no scheduler answers; None: nobody."""
        from task_scheduler.store.locks import holder_of

        holder = holder_of(self._paths.data / "run" / "scheduler.lock")
        return None if holder is None else {"work": holder.work, "who": holder.who}

    def _open(self, database: Path, settings: Settings) -> _Models:
        from task_scheduler.calendars.holiday_calendars import HolidayCalendars
        from task_scheduler.clock import SystemClock
        from task_scheduler.services.accounts import Accounts
        from task_scheduler.services.month import MonthOverview
        from task_scheduler.services.overview import Overview
        from task_scheduler.services.schedules import ScheduleOverview
        from task_scheduler.services.timetable import Timetable
        from task_scheduler.store.sqlite import SqliteStore

        try:
            store = SqliteStore.open_reader(database)
        except (DatabaseDamaged, RecordGone) as error:
            self._name_remedy(error)
            raise
        self._close_store, self._store = store.close, store
        clock, zone, misfire = SystemClock(), settings.scheduler.zone, settings.scheduler.misfire
        calendars = HolidayCalendars.for_looking(self._paths.root)
        read_trigger = Timetable(zone=zone, calendars=calendars).trigger_of
        return _Models(
            overview=Overview(catalogue=store, history=store, clock=clock, zone=zone, calendars=calendars),
            schedules=ScheduleOverview(
                catalogue=store, history=store, clock=clock, zone=zone, calendars=calendars, misfire=lambda: misfire
            ),
            accounts=Accounts(
                record=store, clock=clock, zone=zone, read_trigger=read_trigger, is_alive=False, calendars=calendars
            ),
            month=MonthOverview(record=store, clock=clock, zone=zone, read_trigger=read_trigger, calendars=calendars),
        )

    async def _what_is_known(self, run_id: int) -> str:
        from task_scheduler.core.runs import OPEN_ATTEMPTS, RunState
        from task_scheduler.execution.living import end_seen

        run = None if self._store is None else await self._store.run(run_id)
        if self._store is None or run is None or run.is_final:
            return ""
        hosts, project = self._paths.data / "run" / "hosts", str(self._paths.root)
        known: list[str] = []
        for attempt in await self._store.attempts(run_id):
            if attempt.state in OPEN_ATTEMPTS:
                end = end_seen(attempt.id, attempt.placement, hosts=hosts, project=project)
                if end is None:
                    return ""
                known.append(f"its attempt {attempt.id.number} {end}")
        waits = "it waits for its next attempt" if run.state is RunState.RETRYING else "it has not begun"
        return "; ".join(known) or waits

    async def _start(self, *_request: object, **_which: object) -> Run:
        raise NotRunning(str(self._project.root))

    async def _look_around(self, _task: str | None) -> Document:
        raise NotRunning(str(self._project.root))

    async def _rescan(self) -> None:
        raise NotRunning(str(self._project.root))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Models:
    """Who answers the questions about the record."""

    overview: ReadModel
    schedules: ScheduleModel
    accounts: AccountModel
    month: CalendarModel


class _NothingYet:
    """The record of a project that no scheduler has run for."""

    def __init__(self, zone: tzinfo) -> None:
        self._zone = zone

    async def tasks(self) -> list[Document]:
        return []

    async def task(self, task_id: str) -> Document:
        raise UnknownTask(task_id)

    async def history(
        self, task: str | None = None, states: Iterable[str] | None = None, limit: int = 20, before: int | None = None
    ) -> list[Document]:
        del states, limit, before
        if task is not None:
            raise UnknownTask(task)
        return []

    async def run(self, run_id: int) -> Document:
        raise UnknownRun(str(run_id))

    async def overdue(self) -> Document:
        from task_scheduler.clock import SystemClock
        from task_scheduler.services.schedules import nothing_overdue

        return nothing_overdue(SystemClock().now())

    async def jobs(self, task: str | None = None) -> list[Document]:
        if task is not None:
            raise UnknownTask(task)
        return []

    async def why(self, task: str, day: str | None = None, at: str | None = None) -> Document:
        del day, at
        raise UnknownTask(task)

    async def calendar(self, month: str | None = None, task: str | None = None, *, slots: bool = False) -> Document:
        from task_scheduler.clock import SystemClock
        from task_scheduler.services.month import an_empty_month

        if task is not None:
            raise UnknownTask(task)
        return an_empty_month(month, now=SystemClock().now(), zone=self._zone, with_slots=slots)

    async def summary(self) -> Document:
        return {"tasks": {}, "invalid": [], "at_work": [], "needs_care": [], "runs": []}


def _what_is_read(project: Project, paths: Paths, fault: SettingsError) -> str:
    """Return, in a line, what is wrong with the settings, and which record is read all the same."""
    first, *others = fault.lines
    said = first if first in fault.elsewhere else f"{project.shown(project.config)}: {first}"
    more = f", and {len(others)} more" if others else ""
    return f"{said}{more}; without that, the record read is {project.shown(paths.database)}"


def _nothing() -> None:
    """Close nothing."""
