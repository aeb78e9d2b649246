"""What a simulation is about, read from a project: the composition root of the verb that tries schedules out.

It reads the record beside a running scheduler or without one, and writes nothing.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from task_scheduler.calendars import HolidayCalendars
from task_scheduler.core.errors import TriggerError, UnknownTask
from task_scheduler.core.runs import Run, RunState
from task_scheduler.core.tasks import Job, Overlap, TaskVersion
from task_scheduler.core.triggers import has_slots, parse_trigger, read_zone
from task_scheduler.ports import RunFilter
from task_scheduler.project import Project
from task_scheduler.services.over import is_over
from task_scheduler.settings import usable_settings
from task_scheduler.simulation import Durations, JobScenario
from task_scheduler.store.sign import was_made
from task_scheduler.store.sqlite import SqliteStore

#: Runs of a task that tell how long it takes: the newest so many.
MOST_MEASURED = 200
#: States of runs whose last execution was left to end by itself, or by its own limit.
_MEASURED = frozenset({RunState.SUCCEEDED, RunState.FAILED, RunState.TIMED_OUT})


@dataclass(frozen=True, slots=True, kw_only=True)
class InForce:
    """What of a project can be simulated."""

    jobs: Sequence[JobScenario]  #: in the order of their ids
    events: Sequence[str]  #: tasks that have jobs begun by events, which no clock tells; sorted
    remarks: Sequence[str]  #: which jobs cannot be simulated, and why


class Simulations:
    """A project looked at for what its schedules will do."""

    def __init__(self, project: Project) -> None:
        """Read the settings; what cannot be used of them is left out, and `unusable` says what is wrong."""
        settings, self._paths, self.unusable = usable_settings(project)
        self.zone = settings.scheduler.zone  #: of schedules that name none
        self.places = settings.scheduler.concurrency_limit
        self.calendars = HolidayCalendars.for_looking(self._paths.root)
        self._misfire = settings.scheduler.misfire
        #: Whether a scheduler ever ran here; where its record is gone, reading it says so.
        self.exists = self._paths.database.is_file() or was_made(self._paths.database.resolve())

    def in_force(self, tasks: Collection[str] = ()) -> InForce:
        """Return the jobs in force, with `tasks` only theirs; raises UnknownTask and StoreError."""
        return asyncio.run(self._in_force(tasks))

    async def _in_force(self, tasks: Collection[str]) -> InForce:
        versions: Mapping[str, TaskVersion] = {}
        jobs: Sequence[Job] = ()
        runs: Mapping[str, Sequence[Run]] = {}
        known: Sequence[str] = ()
        if self.exists:
            with SqliteStore.open_reader(self._paths.database) as store:
                known = [task.task_id for task in await store.tasks()]
                versions = {version.task_id: version for version in await store.versions()}
                jobs = [job for job in await store.jobs() if not tasks or job.task_id in tasks]
                measured = sorted({job.task_id for job in jobs})
                runs = {task_id: await store.runs(_measured(task_id)) for task_id in measured}
        for task_id in tasks:
            if task_id not in known:
                raise UnknownTask(task_id, known)
        durations = {task_id: _durations(task_id, some, versions.get(task_id)) for task_id, some in runs.items()}
        found, remarks = [], []
        for job in sorted(jobs, key=_id):
            if not has_slots(job.trigger) or is_over(job):
                continue
            try:
                found.append(self._scenario(job, versions.get(job.task_id), durations[job.task_id]))
            except TriggerError as error:
                remarks.append(f"{job.task_id}, {job.trigger}: left out: {error}")
        events = sorted({job.task_id for job in jobs if not has_slots(job.trigger)})
        return InForce(jobs=found, events=events, remarks=remarks)

    def _scenario(self, job: Job, version: TaskVersion | None, durations: Durations) -> JobScenario:
        zone = self.zone if job.timezone is None else read_zone(job.timezone)
        declaration = None if version is None else version.declaration
        return JobScenario(
            task_id=job.task_id,
            calls=job.function or "",
            trigger=parse_trigger(job.trigger, zone, self.calendars),
            durations=durations,
            overlap=Overlap.SKIP if declaration is None else declaration.overlap,
            policy=self._misfire.of(declaration),
        )


def _measured(task_id: str) -> RunFilter:
    return RunFilter(task_id=task_id, states=_MEASURED, limit=MOST_MEASURED)


def _durations(task_id: str, runs: Sequence[Run], version: TaskVersion | None) -> Durations:
    seconds = [took for run in runs if (took := _took(run)) is not None]
    longest = math.inf if version is None else float(version.declaration.timeout)
    return Durations.of(seconds, longest=longest, seed=task_id)


def _took(run: Run) -> float | None:
    """Return how many seconds the last execution of a run took; None: that is not on record."""
    if run.last_exit is not None and run.last_exit.duration is not None:
        return run.last_exit.duration
    if run.executions == 1 and run.started_at is not None and run.ended_at is not None:
        return max(0.0, (run.ended_at - run.started_at).total_seconds() - run.paused_seconds)
    return None


def _id(job: Job) -> int:
    return job.id
