"""Tasks, their files and their jobs as documents."""

from __future__ import annotations

import functools
import heapq
import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, tzinfo

from task_scheduler.core.errors import Problem, TriggerError
from task_scheduler.core.tasks import Job, TaskRecord, TaskStatus, TaskVersion, errors_of
from task_scheduler.core.triggers import NO_CALENDARS, Calendars, parse_trigger, read_zone
from task_scheduler.core.triggers.zones import zone_key
from task_scheduler.services.documents import Document, iso, iso_or_none, short
from task_scheduler.services.over import over_since
from task_scheduler.services.requested_entry import call_text

#: How many coming instants of a task are told.
COMING = 3
#: What a task is told to be, in the place of these, while nothing of the folder of tasks may start.
SUSPENDED = "suspended"
MAY_BE_SUSPENDED = frozenset({TaskStatus.ACTIVE, TaskStatus.PREPARING})


def not_suspended() -> None:
    """Tell that tasks may start, as whoever is asked why they may not."""


class TaskDocuments:
    """Describes tasks by their records, with the instants to come of their jobs."""

    def __init__(
        self, *, zone: tzinfo, calendars: Calendars = NO_CALENDARS, suspended: Callable[[], str | None] = not_suspended
    ) -> None:
        """`zone` is that of jobs that name none; `suspended` tells why nothing may start at present, None: all is well."""
        self._zone = zone
        self._calendars = calendars
        self._why_suspended = suspended
        # Ten thousand jobs share few schedules, and a list is asked for again and again between two instants.
        self._following = functools.lru_cache(maxsize=4_096)(self._compute_following)

    def status_of(self, record: TaskRecord) -> str:
        """Return what a task is told to be."""
        is_suspended = record.status in MAY_BE_SUSPENDED and self._why_suspended() is not None
        return SUSPENDED if is_suspended else record.status.value

    def describe(
        self,
        record: TaskRecord,
        *,
        version: TaskVersion | None,
        jobs: Sequence[Job],
        faults: Mapping[int, str],
        last: Document | None,
        last_slots: Mapping[int, datetime],
        now: datetime,
    ) -> Document:
        """Return what every list tells of a task; `version` is the one in force, `last` its run that tells most.

        `faults` are what keeps jobs from running after the tasks they name, and `last_slots` the last slots on record of
        jobs that are over, by the job's id.
        """
        suspended = self._why_suspended()
        coming = [] if suspended is not None else list(self._coming(jobs, now))
        status = self.status_of(record)
        return {
            "id": record.task_id,
            "title": record.title,
            "path": record.path,
            "status": status,
            "jobs": [
                self._describe_job(job, is_suspended=suspended is not None, last_slot=last_slots.get(job.id), now=now)
                for job in jobs
            ],
            "chain_faults": list(dict.fromkeys(faults[job.id] for job in jobs if job.id in faults)),
            "next_run": coming[0] if coming else None,
            "next_runs": coming,
            "last_run": last,
            "problems": [describe_problem(problem) for problem in record.problems],
            "detail": suspended if status == SUSPENDED else record.detail,
            "version": short(record.version),
            "pending_digest": None if record.digest == record.version else short(record.digest),
            "environment": None if version is None else short(version.environment),
            "updated_at": iso(record.updated_at),
        }

    def _describe_job(self, job: Job, *, is_suspended: bool, last_slot: datetime | None, now: datetime) -> Document:
        ended_at = over_since(job, zone=self._zone, calendars=self._calendars, now=now, last=last_slot)
        return {
            "id": job.id,
            "function": job.function,
            "arguments": job.arguments,
            "call": call_text(job.function, job.arguments),
            "trigger": job.trigger,
            "timezone": job.timezone,
            # The one it is judged in; none where that is the machine's and has no name.
            "zone": job.timezone or zone_key(self._zone),
            "tags": list(job.tags),
            "next_run": None if is_suspended else iso_or_none(job.next_run),
            "ended_at": iso_or_none(ended_at),
        }

    def _coming(self, jobs: Sequence[Job], now: datetime) -> Iterator[str]:
        """Return the next instants over all jobs, each once; a slot that is owed already comes first."""
        instants = (
            self._following(job.trigger, job.timezone, job.next_run, now if job.next_run < now else None)
            for job in jobs
            if job.next_run is not None
        )
        distinct = itertools.groupby(heapq.merge(*instants))
        return (iso(instant) for instant, _ in itertools.islice(distinct, COMING))

    def _compute_following(
        self, trigger: str, timezone: str | None, owed: datetime, now: datetime | None
    ) -> tuple[datetime, ...]:
        """Return what a job owes next and the instants after it, those up to `now` left out."""
        instants = [owed]
        try:
            rule = parse_trigger(trigger, self._zone if timezone is None else read_zone(timezone), self._calendars)
        except TriggerError:
            # A zone this machine no longer knows: the scheduler says so where it admits; here the slot owed is all.
            return (owed,)
        moment = owed if now is None else now
        while len(instants) < COMING and (following := rule.next_after(moment)) is not None:
            instants.append(following)
            moment = following
        return tuple(instants)


def describe_problem(problem: Problem) -> Document:
    """Return a problem with the whole sentence that tells it."""
    return {"severity": problem.severity.value, "line": problem.line, "text": str(problem)}


def describe_invalid(record: TaskRecord) -> Document:
    """Return what a summary tells of a file that cannot be admitted."""
    errors = errors_of(record.problems)
    return {
        "id": record.task_id,
        "path": record.path,
        # Its first line: what an installer said may follow. A line break in a file's name is no end of a line.
        "problem": str(replace(errors[0], message=errors[0].message.partition("\n")[0])) if errors else "",
        "errors": len(errors),
        "version": short(record.version),
    }
