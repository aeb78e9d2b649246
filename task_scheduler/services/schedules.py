"""The read model of schedules: what is overdue and what becomes of it, and every job with why it is not scheduled.

Answers are JSON documents, made of the record alone, like those of `overview`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta, tzinfo

from task_scheduler.core.errors import TriggerError, UnknownTask
from task_scheduler.core.planning import MissSlots, RunSlot, plan_job
from task_scheduler.core.policies import MisfirePolicy
from task_scheduler.core.runs import Run, RunKind, RunState
from task_scheduler.core.tasks import Job, TaskRecord, TaskStatus, errors_of
from task_scheduler.core.triggers import NO_CALENDARS, Calendars, Trigger, parse_trigger, read_zone
from task_scheduler.core.triggers.zones import zone_key
from task_scheduler.ports import Catalogue, Clock, History, RunFilter
from task_scheduler.services.chains import chain_faults
from task_scheduler.services.documents import MOST_RUNS, SHORT, Document, iso, iso_or_none
from task_scheduler.services.over import is_over, over_since
from task_scheduler.services.requested_entry import call_text, why_not_in_force
from task_scheduler.services.task_documents import MAY_BE_SUSPENDED, SUSPENDED, not_suspended

#: What `overdue` calls a job.
OVERDUE, FUTURE = "OVERDUE", "FUTURE"
#: States of a job where its task's status does not say it.
PAUSED, MISSING, UNSCHEDULED, ENDED = "paused", "missing", "unscheduled", "ended"
#: What a file without a version in force, and with no wish for one, is: nobody looks for its jobs.
_NO_TASKS = frozenset({TaskStatus.MODULE})
#: Waiting runs that are looked at, at most.
_MOST_WAITING = 10 * MOST_RUNS


class ScheduleOverview:
    """Answers questions about jobs."""

    def __init__(
        self,
        *,
        catalogue: Catalogue,
        history: History,
        clock: Clock,
        zone: tzinfo,
        calendars: Calendars = NO_CALENDARS,
        misfire: Callable[[], MisfirePolicy],
        suspended: Callable[[], str | None] = not_suspended,
        waits_for: Callable[[int], str | None] | None = None,
    ) -> None:
        """`waits_for` tells what a run waits for, None: it does not wait; it is left out where no scheduler runs."""
        self._catalogue = catalogue
        self._history = history
        self._clock = clock
        self._zone = zone
        self._calendars = calendars
        self._misfire = misfire
        self._why_suspended = suspended
        self._waits_for = waits_for

    async def overdue(self) -> Document:
        """Return every job that owes a slot, the latest ones first, with what is late of it and what becomes of that."""
        now = self._clock.now()
        waiting = await self._waiting(now)
        known = await self._catalogue.jobs()
        is_late = bool(waiting) or any(job.next_run is not None and job.next_run <= now for job in known)
        policy_of = await self._policies() if is_late else self._usual_policy
        jobs = [
            self._describe_owed(job, waiting.get(job.id, ()), now, policy_of(job.task_id))
            for job in known
            if job.next_run is not None or job.id in waiting
        ]
        jobs.sort(key=lambda job: (job["status"] != OVERDUE, -(job["late"] or 0), job["next_run"] or "", job["task"]))
        count = sum(job["status"] == OVERDUE for job in jobs)
        return {"now": iso(now), "scheduler": self._waits_for is not None, "overdue": count, "jobs": jobs}

    async def jobs(self, task: str | None = None) -> list[Document]:
        """Return every job, or those of one task, and for a task without any why; raises UnknownTask."""
        records = await self._catalogue.tasks()
        if task is not None and task not in {record.task_id for record in records}:
            raise UnknownTask(task, (record.task_id for record in records))
        by_task: defaultdict[str, list[Job]] = defaultdict(list)
        for job in await self._catalogue.jobs():
            by_task[job.task_id].append(job)
        latest = await self._history.latest_of_jobs()
        faults = chain_faults((job for jobs in by_task.values() for job in jobs), records)
        documents: list[Document] = []
        for record in records:
            if task not in {None, record.task_id} or (task is None and record.status in _NO_TASKS):
                continue
            jobs: Sequence[Job | None] = by_task.get(record.task_id) or (None,)
            documents += [self._describe_job(record, job, latest, faults) for job in jobs]
        return documents

    # --- what is overdue ----------------------------------------------------------------------------------

    async def _waiting(self, now: datetime) -> Mapping[int, Sequence[Run]]:
        """Return the runs whose instant has passed and that have not begun, by job, oldest first."""
        found: defaultdict[int, list[Run]] = defaultdict(list)
        before: int | None = None
        for _ in range(_MOST_WAITING // MOST_RUNS):
            page = await self._history.runs(
                RunFilter(states=frozenset({RunState.QUEUED}), limit=MOST_RUNS, before_id=before)
            )
            for run in page:
                if run.job_id is not None and self._is_late(run, now):
                    found[run.job_id].insert(0, run)
            if len(page) < MOST_RUNS:
                break
            before = page[-1].id
        return found

    def _is_late(self, run: Run, now: datetime) -> bool:
        if run.kind is not RunKind.SCHEDULED or run.scheduled_for is None or run.scheduled_for > now:
            return False
        if self._waits_for is None or run.paused_at is not None:
            return True
        # Of a run that is being started this instant, the record does not know yet.
        return self._waits_for(run.id) is not None

    async def _policies(self) -> Callable[[str], MisfirePolicy]:
        """Return what tells the policy of a task: its own words come before the setting."""
        usual = self._misfire()
        own = {version.task_id: usual.of(version.declaration) for version in await self._catalogue.versions()}
        return lambda task_id: own.get(task_id, usual)

    def _usual_policy(self, task_id: str) -> MisfirePolicy:  # noqa: ARG002 - nothing is late, so no task is asked
        return self._misfire()

    def _describe_owed(self, job: Job, waiting: Sequence[Run], now: datetime, policy: MisfirePolicy) -> Document:
        is_owed = job.next_run is not None and job.next_run <= now
        late = [
            moment for moment in (job.next_run, *(run.scheduled_for for run in waiting)) if moment and moment <= now
        ]
        return {
            **_describe(job),
            "status": OVERDUE if late else FUTURE,
            "next_run": None if job.next_run is None else iso(job.next_run),
            "late": (now - min(late)).total_seconds() if late else None,
            "owed": self._describe_plan(job, now, policy) if is_owed else None,
            "waiting": [self._describe_waiting(run, now, policy) for run in waiting],
        }

    def _describe_plan(self, job: Job, now: datetime, policy: MisfirePolicy) -> Document:
        """Return what a scheduler that starts now would do about the slots a job owes."""
        trigger = self._trigger(job)
        if trigger is None or job.next_run is None:
            return {"slots": 1, "runs": 0, "merged": 0, "missed": 0, "reason": "its time zone is not known here"}
        decisions = plan_job(trigger, job.next_run, now=now, until=now, policy=policy).decisions
        runs = [decision for decision in decisions if isinstance(decision, RunSlot)]
        missed = [decision for decision in decisions if isinstance(decision, MissSlots)]
        merged, count = sum(run.merged for run in runs), sum(miss.count for miss in missed)
        return {
            "slots": len(runs) + merged + count,
            "runs": len(runs),
            "merged": merged,
            "missed": count,
            "reason": missed[0].reason if missed else "",
        }

    def _describe_waiting(self, run: Run, now: datetime, policy: MisfirePolicy) -> Document:
        moment = run.scheduled_for or now
        return {
            "run": run.id,
            "scheduled_for": iso(moment),
            "late": (now - moment).total_seconds(),
            "paused": run.paused_at is not None,
            "waits_for": None if self._waits_for is None else self._waits_for(run.id),
            "missed": None if self._waits_for is not None else _would_be_missed(run, now - moment, policy),
        }

    # --- jobs ---------------------------------------------------------------------------------------------

    def _describe_job(
        self, record: TaskRecord, job: Job | None, latest: Mapping[int, Run], faults: Mapping[int, str]
    ) -> Document:
        last = None if job is None else latest.get(job.id)
        state = self._state(record, job, last)
        return {
            "task": record.task_id,
            "title": record.title,
            "path": record.path,
            **(_NO_JOB if job is None else _describe(job)),
            # The zone it is judged in; none where that is the machine's and has no name.
            "zone": None if job is None else job.timezone or zone_key(self._zone),
            "tags": [] if job is None else list(job.tags),
            "state": state,
            "digest": None if record.version is None else record.version[:SHORT],
            "next_run": None if job is None or job.next_run is None or state == SUSPENDED else iso(job.next_run),
            "ended_at": None if job is None else iso_or_none(self._over_since(job, last)),
            "last": None if last is None else _describe_last(last),
            "why": self._why(record, job, state) or (None if job is None else faults.get(job.id)),
        }

    def _state(self, record: TaskRecord, job: Job | None, last: Run | None) -> str:
        if record.status is TaskStatus.DELETED:
            return MISSING
        if record.status in MAY_BE_SUSPENDED and self._why_suspended() is not None:
            return SUSPENDED
        if last is not None and not last.is_final and last.paused_at is not None:
            return PAUSED
        if job is None and record.status is TaskStatus.ACTIVE:
            return UNSCHEDULED
        if job is not None and record.status is TaskStatus.ACTIVE and is_over(job):
            return ENDED
        return record.status.value

    def _over_since(self, job: Job, last: Run | None) -> datetime | None:
        slot = None if last is None else last.range_end or last.scheduled_for
        return over_since(job, zone=self._zone, calendars=self._calendars, now=self._clock.now(), last=slot)

    def _why(self, record: TaskRecord, job: Job | None, state: str) -> str | None:
        """Return why a job is not scheduled as its file says; None: it is."""
        match state:
            case "suspended":
                return self._why_suspended()
            case "unscheduled":
                return "it has neither a decorated function nor `schedule:`: it runs by `start` alone"
            case "paused":
                return "its run is paused: `resume` it"
            case "active":
                return None
            case "ended":
                return "its schedule has no further instant"
            case "invalid" if job is not None:
                errors = errors_of(record.problems)
                said = str(errors[0]).partition("\n")[0] if errors else "its file cannot be admitted"
                return f"the version before goes on: {said}"
            case _:
                return why_not_in_force(record)

    def _trigger(self, job: Job) -> Trigger | None:
        try:
            zone = self._zone if job.timezone is None else read_zone(job.timezone)
            return parse_trigger(job.trigger, zone, self._calendars)
        except TriggerError:
            return None


def _would_be_missed(run: Run, late: timedelta, policy: MisfirePolicy) -> bool:
    """Whether a scheduler that starts now would find the run too old."""
    return run.paused_at is None and late > policy.window


_NO_JOB: Document = dict.fromkeys(("job", "function", "arguments", "call", "trigger", "timezone"))


def _describe(job: Job) -> Document:
    return {
        "task": job.task_id,
        "job": job.id,
        "function": job.function,
        "arguments": job.arguments,
        "call": call_text(job.function, job.arguments),
        "trigger": job.trigger,
        "timezone": job.timezone,
    }


def _describe_last(run: Run) -> Document:
    return {
        "run": run.id,
        "scheduled_for": None if run.scheduled_for is None else iso(run.range_end or run.scheduled_for),
        "created_at": iso(run.created_at),
        "state": run.state.value,
        "paused": run.paused_at is not None and not run.is_final,
        "reason": run.reason,
        "count": run.count,
    }


def nothing_overdue(now: datetime) -> Document:
    """Return what is overdue in a project that no scheduler has run for."""
    return {"now": iso(now), "scheduler": False, "overdue": 0, "jobs": []}
