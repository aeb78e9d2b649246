"""Who answers the commands inside the scheduler's process."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from typing import Any, Protocol

from task_scheduler import __version__, known_secrets
from task_scheduler.control.commands import command_named
from task_scheduler.core.backups import ASKED_FOR, Backup, WrittenBackup
from task_scheduler.core.environments import Collected
from task_scheduler.core.errors import Refused, TaskSchedulerError, UnknownRun, did_you_mean
from task_scheduler.core.excerpts import excerpt
from task_scheduler.core.runs import ACTIVE, Run
from task_scheduler.core.stopping import StopMode, StopOrder

Document = dict[str, Any]

#: Most characters of a reason, and the one of a stop nobody gave a reason for.
LONGEST_REASON = 500
BY_HAND = "stopped by hand"
_NOT_TOLD_HERE = "schedules are not told of here: ask the scheduler, or the record"
#: Runs of one task that are told apart in a sentence.
_TOLD_APART = 5


class ReadModel(Protocol):
    """What is on record, as JSON documents; `services.overview.Overview` is one."""

    async def tasks(self) -> list[Document]:
        """Return every task."""
        ...

    async def task(self, task_id: str) -> Document:
        """Return one task; raises UnknownTask."""
        ...

    async def history(
        self, task: str | None = None, states: Iterable[str] | None = None, limit: int = 20, before: int | None = None
    ) -> list[Document]:
        """Return runs, newest first."""
        ...

    async def run(self, run_id: int) -> Document:
        """Return one run; raises UnknownRun."""
        ...

    async def summary(self) -> Document:
        """Return what a person needs to know first."""
        ...


class ScheduleModel(Protocol):
    """What is on record of schedules, as JSON documents; `services.schedules.ScheduleOverview` is one."""

    async def overdue(self) -> Document:
        """Return every job that owes a slot, with what is late of it."""
        ...

    async def jobs(self, task: str | None = None) -> list[Document]:
        """Return every job, or those of one task; raises UnknownTask."""
        ...


class AccountModel(Protocol):
    """What became of slots, as JSON documents; `services.accounts.Accounts` is one."""

    async def why(self, task: str, day: str | None = None, at: str | None = None) -> Document:
        """Return what became of the slots of a task on a day, or of the one nearest to a moment; raises UnknownTask."""
        ...


class CalendarModel(Protocol):
    """What ran and what is due, as JSON documents; `services.month.MonthOverview` is one."""

    async def calendar(self, month: str | None = None, task: str | None = None, *, slots: bool = False) -> Document:
        """Return the days of a month; raises UnknownTask."""
        ...


class ResetSchedules(Protocol):
    """Gives up what is overdue of jobs."""

    def __call__(
        self, tasks: Collection[str] | None, *, overdue_only: bool, dry_run: bool
    ) -> Awaitable[Sequence[DescribedReset]]:
        """Return what it means for each job; raises UnknownTask or Refused."""
        ...


class DescribedReset(Protocol):
    """What a reset means for one job."""

    def describe(self) -> Document:
        """Return it as a JSON document."""
        ...


class StartTask(Protocol):
    """Starts a task."""

    def __call__(
        self, task_id: str, function: str | None, request_id: str, /, *, argv: Sequence[str], digest: str | None
    ) -> Awaitable[Run]:
        """Return the run; with `digest` it is of that version or of none. Raises UnknownTask or Refused."""
        ...


#: Tells what a run of a task finds around it; of no task (None), where the files of the project are.
Surroundings = Callable[[str | None], Awaitable[Document]]


class RunControl(Protocol):
    """Acts on runs that are not over; each raises UnknownRun, and Refused when the run has ended."""

    async def pause_run(self, run_id: int) -> Run:
        """Have a run stand still, or not begin."""
        ...

    async def resume_run(self, run_id: int) -> Run:
        """Have a paused run go on."""
        ...

    async def stop_run(self, run_id: int, reason: str, *, grace: float | None = None) -> Run:
        """Begin to end a run."""
        ...


class ProcessControl(Protocol):
    """Acts on the scheduler's own process."""

    def shut_down(self, order: StopOrder) -> None:
        """Begin to end; returns at once."""
        ...

    async def restart(self, order: StopOrder) -> None:
        """Begin to give way to the program on disk; raises Refused or SettingsError when that could not start."""
        ...


class PruneEnvironments(Protocol):
    """Removes environments that nothing needs."""

    def __call__(self, *, dry_run: bool) -> Awaitable[Collected]:
        """Return what went; with `dry_run` nothing goes."""
        ...


class NoRunAtWork(UnknownRun):
    """A task has no run that is not over."""

    def __init__(self, task: str) -> None:
        TaskSchedulerError.__init__(self, f"no run of {task} is at work or waits")


class Control:
    """Answers each command of the table; nothing is ever looked up by a name that came from a request."""

    def __init__(
        self,
        *,
        overview: ReadModel,
        start_task: StartTask,
        rescan: Callable[[], Awaitable[None]],
        surroundings: Surroundings,
        prune_environments: PruneEnvironments | None = None,
        runs: RunControl | None = None,
        process: ProcessControl | None = None,
        schedules: ScheduleModel | None = None,
        accounts: AccountModel | None = None,
        month: CalendarModel | None = None,
        reset_schedules: ResetSchedules | None = None,
        rotate_logs: Callable[[], Sequence[str]] | None = None,
        back_up: Callable[[str], Awaitable[WrittenBackup]] | None = None,
        settings: Callable[[], Document] | None = None,
        live: Callable[[], Mapping[str, object]] | None,
    ) -> None:
        """Commands that need one of those that may be None are refused where it is None.

        `live` tells what only the running scheduler knows; None: none runs, and the record answers alone.

        People are shown its started_at, root, running, queued, next_due, memory, suspended, record and stopping, where
        they are set.
        """
        self._overview = overview
        self._start_task = start_task
        self._rescan = rescan
        self._surroundings = surroundings
        self._prune_environments = prune_environments
        self._run_control = runs
        self._process = process
        self._schedules = schedules
        self._accounts = accounts
        self._month = month
        self._reset_schedules = reset_schedules
        self._rotate_logs = rotate_logs
        self._back_up = back_up
        self._settings = settings
        self._live = live
        self._handlers: Mapping[str, Callable[..., Awaitable[object]]] = {
            "status": self._status,
            "list": overview.tasks,
            "show": self._show,
            "overdue": self._overdue,
            "jobs": self._jobs,
            "why": self._why,
            "calendar": self._calendar,
            "reset_schedules": self._reset,
            "rotate_logs": self._rotate,
            "backup": self._backup,
            "history": overview.history,
            "run": self._run,
            "start": self._start,
            "pause": self._pause,
            "resume": self._resume,
            "stop": self._stop,
            "shutdown": self._shut_down,
            "restart": self._restart,
            "rescan": self._look_again,
            "settings": self._tell_settings,
            "surroundings": self._look_around,
            "prune_environments": self._prune,
        }

    async def answer(self, command: object, arguments: Mapping[str, object]) -> object:
        """Carry out one command and return its result; raises TaskSchedulerError."""
        known = command_named(command)
        return await self._handlers[known.name](**known.check(arguments))

    async def _status(self) -> Document:
        live = None if self._live is None else {"pid": os.getpid(), "version": __version__, **self._live()}
        return {"running": live is not None, "scheduler": live, **await self._overview.summary()}

    async def _show(self, task: str) -> Document:
        return await self._overview.task(task)

    async def _run(self, run: int) -> Document:
        return await self._overview.run(run)

    async def _overdue(self) -> Document:
        return await self._schedule_model().overdue()

    async def _jobs(self, task: str | None = None) -> list[Document]:
        return await self._schedule_model().jobs(task)

    async def _why(self, task: str, day: str | None = None, at: str | None = None) -> Document:
        if self._accounts is None:
            raise Refused(_NOT_TOLD_HERE)
        return await self._accounts.why(task, day, at)

    async def _calendar(self, month: str | None = None, task: str | None = None, *, slots: bool = False) -> Document:
        if self._month is None:
            raise Refused(_NOT_TOLD_HERE)
        return await self._month.calendar(month, task, slots=slots)

    def _schedule_model(self) -> ScheduleModel:
        if self._schedules is None:
            raise Refused(_NOT_TOLD_HERE)
        return self._schedules

    async def _reset(
        self, tasks: Sequence[str] | None = None, *, future_only: bool = False, dry_run: bool = False
    ) -> Document:
        if self._reset_schedules is None:
            raise Refused("schedules are reset by a running scheduler, or by `reset-schedules` where none runs")
        resets = await self._reset_schedules(tasks, overdue_only=future_only, dry_run=dry_run)
        return {"dry_run": dry_run, "jobs": [reset.describe() for reset in resets]}

    async def _backup(self) -> Document:
        if self._back_up is None:
            raise Refused("backups are written by a running scheduler, or by `backup now` where none runs")
        return describe_written(await self._back_up(ASKED_FOR))

    async def _rotate(self) -> Document:
        if self._rotate_logs is None:
            raise Refused("log files are put aside by a running scheduler, or by `logs --rotate` where none runs")
        return {"put_aside": list(await asyncio.to_thread(self._rotate_logs))}

    async def _start(
        self,
        task: str,
        function: str | None = None,
        request_id: str | None = None,
        argv: Sequence[str] = (),
        digest: str | None = None,
    ) -> Document:
        request = request_id or f"control-{os.urandom(8).hex()}"
        run = await self._start_task(task, function, request, argv=argv, digest=digest)
        return await self._overview.run(run.id)

    async def _pause(self, run: int | None = None, task: str | None = None) -> Document:
        control, run_id = self._runs_under_control(), await self._meant(run, task)
        before = await self._overview.run(run_id)
        await control.pause_run(run_id)
        return _beside(before, await self._overview.run(run_id))

    async def _resume(self, run: int | None = None, task: str | None = None) -> Document:
        control, run_id = self._runs_under_control(), await self._meant(run, task)
        before = await self._overview.run(run_id)
        await control.resume_run(run_id)
        return _beside(before, await self._overview.run(run_id))

    async def _stop(
        self, run: int | None = None, task: str | None = None, reason: str = BY_HAND, grace: float | None = None
    ) -> Document:
        control, run_id = self._runs_under_control(), await self._meant(run, task)
        await control.stop_run(run_id, excerpt(known_secrets.hide(reason), LONGEST_REASON) or BY_HAND, grace=grace)
        return await self._overview.run(run_id)

    def _runs_under_control(self) -> RunControl:
        if self._run_control is None:
            raise Refused("runs are paused, resumed and stopped by a running scheduler")
        return self._run_control

    async def _meant(self, run: int | None, task: str | None) -> int:
        """Return the number of the run that is meant: that of the one run of the task that is at work."""
        if run is not None and task is None:
            return run
        if task is None or run is not None:
            raise Refused("give the number of a run, or a task")
        at_work = await self._overview.history(task, states=sorted(ACTIVE), limit=_TOLD_APART + 1)
        if not at_work:
            raise NoRunAtWork(task)
        if len(at_work) > 1:
            told = [f"{each['id']} ({each['state']})" for each in at_work[:_TOLD_APART]]
            more = ", and more" if len(at_work) > _TOLD_APART else ""
            raise Refused(
                f"{task} has several runs that are not over: {', '.join(told)}{more}; say which by its number"
            )
        return int(at_work[0]["id"])

    async def _shut_down(self, mode: str = StopMode.LEAVE, patience: float | None = None) -> Document:
        order, process = _order(mode, patience), self._own_process()
        # Who waits for the end can tell by it that a new program has begun in this process instead.
        started_at = None if self._live is None else self._live().get("started_at")
        process.shut_down(order)
        return {"pid": os.getpid(), "started_at": started_at}

    async def _restart(self, mode: str = StopMode.LEAVE, patience: float | None = None) -> Document:
        order, process = _order(mode, patience, is_restart=True), self._own_process()
        await process.restart(order)
        return {"pid": os.getpid()}

    def _own_process(self) -> ProcessControl:
        if self._process is None:
            raise Refused("this is no scheduler that could be ended: it ends with the command it belongs to")
        return self._process

    async def _tell_settings(self) -> Document:
        if self._settings is None:
            raise Refused("what is in force is known to a running scheduler alone")
        return self._settings()

    async def _look_again(self) -> Document:
        await self._rescan()
        return {}

    async def _look_around(self, task: str | None = None) -> Document:
        return await self._surroundings(task)

    async def _prune(self, *, dry_run: bool = False) -> Document:
        if self._prune_environments is None:
            raise Refused("environments are removed by a running scheduler, or by `env prune` where none runs")
        collected = await self._prune_environments(dry_run=dry_run)
        return {"environments": list(collected.keys), "bytes": collected.bytes}


def describe_backup(backup: Backup) -> Document:
    """Return a backup as a JSON document."""
    return {
        "name": backup.name,
        "taken_at": backup.taken_at.isoformat(),
        "bytes": backup.bytes,
        "why": backup.why,
        "asked_for": backup.is_asked_for,
        "runs": backup.runs,
        "newest_run": backup.newest_run,
        "newest_run_at": None if backup.newest_run_at is None else backup.newest_run_at.isoformat(),
        "restored_at": None if backup.restored_at is None else backup.restored_at.isoformat(),
        "verified": backup.is_verified,
        "problem": backup.problem,
    }


def describe_written(written: WrittenBackup) -> Document:
    """Return a backup that was written just now as a JSON document, with the names of those that went for it."""
    return {**describe_backup(written.backup), "removed": list(written.removed), "trouble": written.trouble}


def _beside(before: Document, run: Document) -> Document:
    """Return a run as it is now, and whether it was paused before."""
    return {**run, "was_paused": before.get("paused_at") is not None}


def _order(mode: str, patience: float | None, *, is_restart: bool = False) -> StopOrder:
    """Return the order; raises Refused for a mode there is not, and for a patience only a drain has."""
    known = [each.value for each in StopMode]
    if mode not in known:
        raise Refused(f"no mode {mode:.60}{did_you_mean(mode, known)}: the modes are {', '.join(known)}")
    if patience is not None and mode != StopMode.DRAIN:
        raise Refused(f"only a drain waits, so patience means nothing to {mode}")
    return StopOrder(mode=StopMode(mode), patience=patience, is_restart=is_restart)
