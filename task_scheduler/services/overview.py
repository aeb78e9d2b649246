"""The read model: what is on record, as documents for people and programs.

The scheduler answers with it through the control socket, the command line without a scheduler straight from the
database, so both say the same.
"""

from __future__ import annotations

import asyncio
import dataclasses
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, tzinfo

from task_scheduler.core.errors import Refused, UnknownRun, UnknownTask, did_you_mean
from task_scheduler.core.runs import AttemptNotes, RunState
from task_scheduler.core.tasks import Job, TaskStatus, TaskVersion
from task_scheduler.core.triggers import NO_CALENDARS, Calendars
from task_scheduler.ports import Catalogue, Clock, History, RunFilter
from task_scheduler.services.chains import chain_faults
from task_scheduler.services.documents import MOST_RUNS, TURN, Document, iso
from task_scheduler.services.over import is_over
from task_scheduler.services.run_documents import RunDocuments, describe_bad_end
from task_scheduler.services.task_documents import TaskDocuments, describe_invalid, not_suspended
from task_scheduler.services.telling_runs import TellingRuns

#: How many runs are told with a task, and with the summary.
RECENT = 10


class Overview:
    """Answers questions about tasks and runs."""

    def __init__(
        self,
        *,
        catalogue: Catalogue,
        history: History,
        clock: Clock,
        zone: tzinfo,
        calendars: Calendars = NO_CALENDARS,
        suspended: Callable[[], str | None] = not_suspended,
        notes_of: Callable[[int], AttemptNotes | None] | None = None,
        waits_for: Callable[[int], str | None] | None = None,
        endless: Callable[[str], Sequence[str]] = lambda _: (),
    ) -> None:
        """`zone` is that of jobs that name none; `suspended` tells why nothing may start at present, None: all is well.

        `notes_of` gives what a run at work has told so far; what one that has ended told is on record. `waits_for`
        tells what a run that has not begun waits for, and `endless` how a task starts itself, which the working
        scheduler alone knows.
        """
        self._why_endless = endless
        self._catalogue = catalogue
        self._history = history
        self._clock = clock
        self._task_documents = TaskDocuments(zone=zone, calendars=calendars, suspended=suspended)
        self._run_documents = RunDocuments(notes_of=notes_of, waits_for=waits_for)
        self._telling = TellingRuns(history=history, clock=clock)

    async def tasks(self) -> list[Document]:
        """Return every task file on record, deleted ones included, by id."""
        now = self._clock.now()
        records = await self._catalogue.tasks()
        versions = {version.task_id: version for version in await self._catalogue.versions()}
        latest = await self._telling.of_each_task()
        known = await self._catalogue.jobs()
        jobs, faults = _by_task(known), chain_faults(known, records)
        last_slots = await self._last_slots(known)
        documents = []
        for position, record in enumerate(records, start=1):
            task_id = record.task_id
            last = latest.get(task_id)
            documents.append(
                {
                    **self._task_documents.describe(
                        record,
                        version=versions.get(task_id),
                        jobs=jobs.get(task_id, ()),
                        faults=faults,
                        last=None if last is None else self._run_documents.describe(last),
                        last_slots=last_slots,
                        now=now,
                    ),
                    "endless": list(self._why_endless(task_id)),
                }
            )
            if position % TURN == 0:
                await asyncio.sleep(0)
        return documents

    async def task(self, task_id: str) -> Document:
        """Return all that is known of one task; raises UnknownTask."""
        records = await self._catalogue.tasks()
        record = next((record for record in records if record.task_id == task_id), None)
        if record is None:
            raise UnknownTask(task_id, (record.task_id for record in records))
        version = None if record.version is None else await self._catalogue.version(task_id, record.version)
        known = await self._catalogue.jobs()
        recent = await self._history.runs(RunFilter(task_id=task_id, limit=RECENT))
        last = await self._telling.of_task(task_id, recent)
        return {
            **self._task_documents.describe(
                record,
                version=version,
                jobs=[job for job in known if job.task_id == task_id],
                faults=chain_faults(known, records),
                last=None if last is None else self._run_documents.describe(last),
                last_slots=await self._last_slots([job for job in known if job.task_id == task_id]),
                now=self._clock.now(),
            ),
            "endless": list(self._why_endless(task_id)),
            "declaration": None if version is None else _json(dataclasses.asdict(version.declaration)),
            "admitted_at": None if version is None else iso(version.admitted_at),
            "lock": await self._lock(version),
            "runs": [self._run_documents.describe(run) for run in recent],
        }

    async def history(
        self, task: str | None = None, states: Iterable[str] | None = None, limit: int = 20, before: int | None = None
    ) -> list[Document]:
        """Return runs, newest first; raises UnknownTask, and Refused for a wrong state or limit."""
        if not 1 <= limit <= MOST_RUNS:
            raise Refused(f"limit is {limit}: give a number from 1 to {MOST_RUNS}")
        chosen = None if states is None else frozenset(_state(name) for name in states)
        found = await self._history.runs(RunFilter(task_id=task, states=chosen, limit=limit, before_id=before))
        if task is not None and not found:
            await self._require_task(task)
        return [self._run_documents.describe(run) for run in found]

    async def run(self, run_id: int) -> Document:
        """Return one run with its attempts; raises UnknownRun."""
        run = await self._history.run(run_id)
        if run is None:
            raise UnknownRun(str(run_id))
        attempts = await self._history.attempts(run_id)
        version = None if run.digest is None else await self._catalogue.version(run.task_id, run.digest)
        declared = {} if version is None else _json(dataclasses.asdict(version.declaration))
        return self._run_documents.describe_whole(run, attempts, declared, self._clock.now())

    async def summary(self) -> Document:
        """Return what a person needs to know first: tasks by status, those that need care, the newest runs."""
        records = await self._catalogue.tasks()
        recent = await self._history.runs(RunFilter(limit=RECENT))
        return {
            "tasks": dict(sorted(Counter(map(self._task_documents.status_of, records)).items())),
            "invalid": [describe_invalid(record) for record in records if record.status is TaskStatus.INVALID],
            "at_work": [self._run_documents.describe(run) for run in await self._telling.at_work()],
            "needs_care": [describe_bad_end(run) for run in await self._telling.bad_ends(records)],
            "runs": [self._run_documents.describe(run) for run in recent],
        }

    async def _last_slots(self, jobs: Iterable[Job]) -> Mapping[int, datetime]:
        """Return the last slot on record of each of these jobs that is over and has one, by the job's id."""
        over = {job.id for job in jobs if is_over(job)}
        latest = await self._history.latest_of_jobs() if over else {}
        found = {job_id: run.range_end or run.scheduled_for for job_id, run in latest.items() if job_id in over}
        return {job_id: slot for job_id, slot in found.items() if slot is not None}

    async def _lock(self, version: TaskVersion | None) -> list[str]:
        lock = None if version is None else await self._catalogue.lock(version.environment)
        return [] if lock is None else lock.text.splitlines()

    async def _require_task(self, task_id: str) -> None:
        known = [record.task_id for record in await self._catalogue.tasks()]
        if task_id not in known:
            raise UnknownTask(task_id, known)


def _by_task(jobs: Iterable[Job]) -> Mapping[str, list[Job]]:
    grouped: defaultdict[str, list[Job]] = defaultdict(list)
    for job in jobs:
        grouped[job.task_id].append(job)
    return grouped


def _state(name: str) -> RunState:
    try:
        return RunState(name)
    except ValueError:
        known = [state.value for state in RunState]
        raise Refused(f"no state {name!r}{did_you_mean(name, known)}: the states are {', '.join(known)}") from None


def _json(fields: Mapping[str, object]) -> Document:
    return {name: _plain(value) for name, value in fields.items()}


def _plain(value: object) -> object:
    if isinstance(value, Mapping):
        return dict(value)
    return list(value) if isinstance(value, tuple) else value
