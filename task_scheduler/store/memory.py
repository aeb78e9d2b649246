"""The store in memory: for the library, and for tests of what works on a store.

It lives in one event loop and never waits, so each write is done as a whole or, when it raises, not at all.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from task_scheduler.core.environments import Lock
from task_scheduler.core.errors import TaskSchedulerError, UnknownRun, UnknownTask
from task_scheduler.core.outcomes import Cancelled, Failed, Missed, Skipped, TimedOut
from task_scheduler.core.policies import RetentionPolicy
from task_scheduler.core.requests import Started
from task_scheduler.core.runs import NOTHING_TOLD, OPEN_ATTEMPTS, Attempt, AttemptId, AttemptState, Run, RunState
from task_scheduler.core.tasks import Job, TaskRecord, TaskVersion
from task_scheduler.ports import (
    Admission,
    AttemptClaim,
    AttemptEnd,
    EndedRuns,
    GivenUp,
    Pruned,
    RunFilter,
    RunRequest,
    SlotClaim,
)
from task_scheduler.store import steps
from task_scheduler.store.admission import JobPlan, check_admissions, plan_jobs
from task_scheduler.store.ended import ended_runs
from task_scheduler.store.steps import Execution

_Slot = tuple[int, datetime, int]
_VersionKey = tuple[str, str, str]


class _Record:
    """What the parts of a MemoryStore share."""

    def __init__(self) -> None:
        self._tasks: dict[str, TaskRecord] = {}
        self._versions: dict[_VersionKey, TaskVersion] = {}  #: the one admitted last is the last
        self._sources: dict[str, bytes] = {}
        self._locks: dict[str, Lock] = {}
        self._jobs: dict[int, Job] = {}
        self._runs: dict[int, Run] = {}
        self._attempts: dict[AttemptId, Attempt] = {}
        self._slots: dict[_Slot, int] = {}
        self._requests: dict[str, int] = {}
        self._facts: dict[str, str] = {}
        self._marks: dict[tuple[int, str], str] = {}
        self._unused_outputs: list[str] = []  #: of attempts that were deleted before their run
        self._last_run_id = 0

    def _attempts_of(self, run: Run) -> list[Attempt]:
        names = (AttemptId(run_id=run.id, number=number) for number in range(1, run.attempts + 1))
        return [self._attempts[name] for name in names if name in self._attempts]

    def _open_attempts_of(self, run: Run) -> list[Attempt]:
        return [attempt for attempt in self._attempts_of(run) if attempt.state in OPEN_ATTEMPTS]

    def _check_known(self, task_id: str, job_id: int | None) -> None:
        if task_id not in self._tasks:
            raise UnknownTask(task_id, self._tasks)
        if job_id is not None and job_id not in self._jobs:
            raise TaskSchedulerError(f"no job {job_id} of {task_id} is on record")

    def _put(self, executions: Iterable[Execution]) -> None:
        for execution in executions:
            self._runs[execution.run.id] = execution.run
            self._attempts[execution.attempt.id] = execution.attempt

    def _set_next_runs(self, next_runs: Mapping[int, datetime | None]) -> None:
        for job_id, moment in next_runs.items():
            job = self._jobs.get(job_id)
            if job is not None and job.active:
                self._jobs[job_id] = replace(job, next_run=moment)


class MemoryLedger(_Record):
    """The ports Ledger and Resets in memory."""

    async def claim(self, claims: Sequence[SlotClaim], next_runs: Mapping[int, datetime | None]) -> Sequence[Run]:
        """Put slots on record and move their jobs on; return the new queued runs."""
        new: dict[_Slot, tuple[Run, SlotClaim]] = {}
        for number, claim in enumerate(claims, self._last_run_id + 1):
            self._check_known(claim.job.task_id, claim.job.id)
            run = steps.slot(number, claim)
            key = (claim.job.id, claim.scheduled_for, claim.clock_generation)
            if key not in self._slots:
                new.setdefault(key, (run, claim))
        # A slot that is on record already uses a number up, as it does in SQLite.
        self._last_run_id += len(claims)
        for key, (run, claim) in new.items():
            self._slots[key] = run.id
            self._runs[run.id] = run
            if claim.attempt is not None:
                attempt = steps.claimed(run, claim.attempt)
                self._attempts[attempt.id] = attempt
        self._set_next_runs(next_runs)
        return [run for run, _ in new.values() if run.state is RunState.QUEUED]

    async def request(self, request: RunRequest) -> tuple[Run, bool]:
        """Put a requested run on record; return it, and whether it is new."""
        known = self._requests.get(request.request_id)
        if known is not None:
            steps.check_same_request(self._runs[known], request)
            return self._runs[known], False
        self._check_known(request.task_id, request.job_id)
        run = steps.requested(self._last_run_id + 1, request)
        self._last_run_id = run.id
        self._requests[request.request_id] = run.id
        self._runs[run.id] = run
        return run, True

    async def begin(self, claims: Sequence[tuple[int, AttemptClaim]]) -> Sequence[Attempt]:
        """Put attempts on record; raises UnknownRun, or IllegalTransition for a run that does not wait."""
        begun: dict[int, Execution] = {}
        for run_id, claim in claims:
            run = self._known_run(run_id)
            at_work = run_id in begun or bool(self._open_attempts_of(run))
            begun[run_id] = steps.begun(run, claim, has_open_attempt=at_work)
        self._put(begun.values())
        return [execution.attempt for execution in begun.values()]

    async def started(self, started: Sequence[Started]) -> None:
        """Record that attempts are running; leaves those that are running or have ended as they are."""
        changed: dict[AttemptId, Execution] = {}
        for report in started:
            execution = self._execution(report.id)
            if execution is not None and execution.attempt.state is AttemptState.CLAIMED:
                changed.setdefault(report.id, steps.started(execution, report))
        self._put(changed.values())

    async def finish(self, ends: Sequence[AttemptEnd]) -> Sequence[Run]:
        """End open attempts; return their runs."""
        ended: dict[AttemptId, Execution] = {}
        for end in ends:
            execution = self._execution(end.id)
            if end.id not in ended and execution is not None and execution.attempt.state in OPEN_ATTEMPTS:
                ended[end.id] = steps.ended(execution, end)
        self._put(ended.values())
        for execution in ended.values():
            if steps.is_snoozing(execution):
                self._forget_old_snoozes(execution.run)
        return [execution.run for execution in ended.values()]

    def _forget_old_snoozes(self, run: Run) -> None:
        snoozed = [attempt for attempt in self._attempts_of(run) if attempt.state is AttemptState.SNOOZED]
        for attempt in snoozed[: -steps.KEPT_SNOOZES]:
            self._unused_outputs.append(attempt.output)
            del self._attempts[attempt.id]

    async def void(self, attempts: Sequence[AttemptId], reason: str) -> None:
        """Record claimed attempts as never begun; raises IllegalTransition for one that is running."""
        known = (self._attempts[name] for name in attempts if name in self._attempts)
        voided = [steps.voided(attempt, reason) for attempt in known]
        self._attempts.update({attempt.id: attempt for attempt in voided if attempt is not None})

    async def resolve(
        self, run_ids: Sequence[int], outcome: Skipped | Missed | Cancelled | Failed | TimedOut, at: datetime
    ) -> Sequence[Run]:
        """End runs that wait; return those that did."""
        known = (self._runs[run_id] for run_id in dict.fromkeys(run_ids) if run_id in self._runs)
        results = [
            steps.resolved(run, outcome, at, has_open_attempt=bool(self._open_attempts_of(run))) for run in known
        ]
        ended = [run for run in results if run is not None]
        self._runs.update({run.id: run for run in ended})
        return ended

    async def give_up(self, given_up: GivenUp) -> Sequence[Run]:
        """Record slots and waiting runs as missed and move their jobs on; return the runs it ended."""
        # What can be refused comes first: what raises has changed nothing.
        await self.void(given_up.attempts, given_up.outcome.reason)
        await self.claim(given_up.slots, given_up.next_runs)
        return await self.resolve(given_up.runs, given_up.outcome, given_up.at)

    async def pause(self, run_id: int, at: datetime) -> Run | None:
        """Record that a run is to stand still; None when it has its outcome. Raises UnknownRun."""
        return self._keep(steps.paused(self._known_run(run_id), at))

    async def unpause(self, run_id: int, at: datetime) -> Run | None:
        """Record that a run is to go on; None when it has its outcome. Raises UnknownRun."""
        return self._keep(steps.unpaused(self._known_run(run_id), at))

    async def open_runs(self) -> Sequence[tuple[Run, Sequence[Attempt]]]:
        """Return every run without an outcome, with those of its attempts that are open."""
        return [(run, tuple(self._open_attempts_of(run))) for run in self._runs.values() if not run.is_final]

    def _known_run(self, run_id: int) -> Run:
        run = self._runs.get(run_id)
        if run is None:
            raise UnknownRun(str(run_id))
        return run

    def _keep(self, run: Run | None) -> Run | None:
        if run is not None:
            self._runs[run.id] = run
        return run

    def _execution(self, name: AttemptId) -> Execution | None:
        attempt = self._attempts.get(name)
        return None if attempt is None else Execution(run=self._runs[name.run_id], attempt=attempt)


class MemoryCatalogue(_Record):
    """The port Catalogue in memory."""

    async def tasks(self) -> Sequence[TaskRecord]:
        """Return every task file on record, deleted ones included, by id."""
        return [self._tasks[task_id] for task_id in sorted(self._tasks)]

    async def put_tasks(self, tasks: Sequence[TaskRecord]) -> None:
        """Insert or replace what is on record of task files."""
        self._tasks.update({task.task_id: task for task in tasks})

    async def put_stamps(self, stamps: Mapping[str, tuple[str, str]]) -> None:
        """Set the stamps of task files that have the digests these belong to."""
        for task_id, (digest, stamp) in stamps.items():
            task = self._tasks.get(task_id)
            if task is not None and task.digest == digest:
                self._tasks[task_id] = replace(task, stamp=stamp)

    async def admit(self, admissions: Sequence[Admission]) -> Sequence[Sequence[Job]]:
        """Put versions in force; return each task's active jobs, by id."""
        check_admissions(admissions)
        plans = [plan_jobs(self._jobs_of(each.task.task_id), each.jobs, each.next_runs) for each in admissions]
        for admission, plan in zip(admissions, plans, strict=True):
            version, lock = admission.version, admission.lock
            self._tasks[version.task_id] = replace(admission.task, version=version.digest)
            self._sources[version.digest] = admission.source
            self._locks.setdefault(lock.key, lock)
            key = (version.task_id, version.digest, version.environment)
            self._versions.pop(key, None)
            self._versions[key] = version
            self._put_jobs(version.task_id, plan)
        return [[job for job in self._jobs_of(each.task.task_id) if job.active] for each in admissions]

    def _put_jobs(self, task_id: str, plan: JobPlan) -> None:
        for declared, next_run in plan.new:
            job_id = len(self._jobs) + 1
            self._jobs[job_id] = Job(
                id=job_id,
                task_id=task_id,
                function=declared.function,
                trigger=declared.trigger,
                timezone=declared.timezone,
                arguments=declared.arguments,
                active=True,
                next_run=next_run,
                tags=declared.tags,
            )
        for job_id, tags in plan.tagged:
            self._jobs[job_id] = replace(self._jobs[job_id], tags=tags)
        for job_id, next_run in plan.revived:
            self._jobs[job_id] = replace(self._jobs[job_id], active=True, next_run=next_run)
        self._end_jobs(self._jobs[job_id] for job_id in plan.gone)

    async def retire(self, tasks: Sequence[TaskRecord]) -> None:
        """Record tasks as disabled, deleted or no tasks any more and end their jobs."""
        for task in tasks:
            self._tasks[task.task_id] = task
            self._end_jobs(self._jobs_of(task.task_id))

    def _jobs_of(self, task_id: str) -> list[Job]:
        return [job for job in self._jobs.values() if job.task_id == task_id]

    def _end_jobs(self, jobs: Iterable[Job]) -> None:
        for job in jobs:
            self._jobs[job.id] = replace(job, active=False, next_run=None)

    async def versions(self) -> Sequence[TaskVersion]:
        """Return the version in force of every task that has one, by task id."""
        return sorted(self._in_force().values(), key=lambda version: version.task_id)

    async def version(self, task_id: str, digest: str) -> TaskVersion | None:
        """Return one version ever admitted, the newest with that digest."""
        return self._newest_versions().get((task_id, digest))

    async def jobs(self) -> Sequence[Job]:
        """Return every active job, by id."""
        return [job for job in self._jobs.values() if job.active]

    async def reschedule(self, next_runs: Mapping[int, datetime | None]) -> None:
        """Set what active jobs owe next."""
        self._set_next_runs(next_runs)

    async def lock(self, key: str) -> Lock | None:
        """Return a lock on record."""
        return self._locks.get(key)

    async def kept_environments(self) -> Collection[str]:
        """Return the keys of environments that a version in force or an unfinished run refers to."""
        active = {(run.task_id, run.digest) for run in self._runs.values() if not run.is_final}
        return frozenset(
            {version.environment for version in self._in_force().values()}
            | {attempt.environment for attempt in self._attempts.values() if attempt.state in OPEN_ATTEMPTS}
            | {
                version.environment
                for version in self._versions.values()
                if (version.task_id, version.digest) in active
            }
        )

    def _newest_versions(self) -> dict[tuple[str, str], TaskVersion]:
        return {(version.task_id, version.digest): version for version in self._versions.values()}

    def _in_force(self) -> dict[str, TaskVersion]:
        newest = self._newest_versions()
        found = {task.task_id: newest.get((task.task_id, task.version or "")) for task in self._tasks.values()}
        return {task_id: version for task_id, version in found.items() if version is not None}


class MemoryHistory(_Record):
    """The port History in memory."""

    async def runs(self, which: RunFilter) -> Sequence[Run]:
        """Return runs, newest first, without what they told."""
        found = [
            _listed(run)
            for run in reversed(self._runs.values())
            if (which.task_id is None or run.task_id == which.task_id)
            and (which.states is None or run.state in which.states)
            and (which.before_id is None or run.id < which.before_id)
        ]
        return found[: which.limit]

    async def run(self, run_id: int) -> Run | None:
        """Return one run."""
        return self._runs.get(run_id)

    async def attempts(self, run_id: int) -> Sequence[Attempt]:
        """Return a run's attempts, first one first."""
        run = self._runs.get(run_id)
        return [] if run is None else self._attempts_of(run)

    async def latest(self) -> Mapping[str, Run]:
        """Return the newest run of each task that has one, by task id, without what it told."""
        return {run.task_id: _listed(run) for run in self._runs.values()}

    async def latest_of_jobs(self) -> Mapping[int, Run]:
        """Return the run of the latest slot of each active job that has one, by job id, without what it told."""
        active = {job.id for job in self._jobs.values() if job.active}
        by_slot = sorted((slot, generation, run) for (_, slot, generation), run in self._slots.items())
        found = (self._runs[run_id] for _, _, run_id in by_slot)
        return {run.job_id: _listed(run) for run in found if run.job_id is not None and run.job_id in active}

    async def all_jobs(self, task_id: str) -> Sequence[Job]:
        """Return every job a task ever had, active ones first."""
        jobs = [job for job in self._jobs.values() if job.task_id == task_id]
        return sorted(jobs, key=lambda job: (not job.active, job.id))


def _listed(run: Run) -> Run:
    """Return a run without what it told."""
    return run if run.last_exit is None else replace(run, last_exit=replace(run.last_exit, notes=NOTHING_TOLD))


class MemoryState(MemoryCatalogue):
    """The port StateStore in memory."""

    async def get(self, name: str) -> str | None:
        """Return a fact, None when it was never set."""
        return self._facts.get(name)

    async def put(self, name: str, value: str) -> None:
        """Set a fact."""
        self._facts[name] = value

    async def prune(self, policy: RetentionPolicy, now: datetime, limit: int) -> Pruned:
        """Delete at most `limit` finished runs the policy no longer keeps, then what only they referred to."""
        outputs: list[str] = []
        outlived = sorted(self._outlived(policy, now)[:limit])
        for run_id in outlived:
            run = self._runs[run_id]
            outputs += [attempt.output for attempt in self._attempts_of(run)]
            self._remove(run)
        outputs += self._unused_outputs
        self._unused_outputs = []
        self._drop_unused_versions()
        return Pruned(runs=len(outlived), outputs=tuple(outputs))

    def _outlived(self, policy: RetentionPolicy, now: datetime) -> list[int]:
        found: list[int] = []
        if policy.age is not None:
            oldest = now - policy.age
            by_end = sorted((run.ended_at, run.id) for run in self._runs.values() if run.ended_at is not None)
            found += [run_id for ended_at, run_id in by_end if ended_at < oldest]
        if policy.runs_per_task is not None:
            for task_id in sorted({run.task_id for run in self._runs.values()}):
                of_task = [run for run in reversed(self._runs.values()) if run.task_id == task_id]
                found += [run.id for run in reversed(of_task[policy.runs_per_task :]) if run.is_final]
        return list(dict.fromkeys(found))

    def _remove(self, run: Run) -> None:
        for attempt in self._attempts_of(run):
            del self._attempts[attempt.id]
        if run.job_id is not None and run.scheduled_for is not None:
            del self._slots[run.job_id, run.scheduled_for, run.clock_generation]
        if run.request_id is not None:
            del self._requests[run.request_id]
        del self._runs[run.id]

    def _drop_unused_versions(self) -> None:
        in_force = self._in_force().values()
        newest = self._newest_versions()
        busy = {run.task_id for run in self._runs.values() if not run.is_final}
        by_runs = {(run.task_id, run.digest) for run in self._runs.values()}
        by_attempts = {
            (self._runs[attempt.id.run_id].task_id, attempt.digest, attempt.environment)
            for attempt in self._attempts.values()
        }
        for key, version in tuple(self._versions.items()):
            name = (version.task_id, version.digest)
            wanted = (name in by_runs and newest[name] is version) or key in by_attempts
            if not wanted and version.task_id not in busy and version not in in_force:
                del self._versions[key]
        kept_sources = {version.digest for version in self._versions.values()}
        kept_locks = {version.environment for version in self._versions.values()}
        self._sources = {digest: source for digest, source in self._sources.items() if digest in kept_sources}
        self._locks = {key: lock for key, lock in self._locks.items() if key in kept_locks}


class MemoryHappenings(_Record):
    """The port Happenings in memory."""

    async def marks(self) -> Mapping[int, Mapping[str, str]]:
        """Return all marks by job id and name."""
        found: dict[int, dict[str, str]] = {}
        for (job_id, name), value in self._marks.items():
            found.setdefault(job_id, {})[name] = value
        return found

    async def put_marks(self, marks: Mapping[tuple[int, str], str | None]) -> None:
        """Set marks; None removes one."""
        for which, value in marks.items():
            if value is None:
                self._marks.pop(which, None)
            else:
                self._marks[which] = value

    async def requested(self, request_ids: Collection[str]) -> Mapping[str, Run]:
        """Return the runs with these request ids, by id; those that have none are left out."""
        return {name: self._runs[self._requests[name]] for name in request_ids if name in self._requests}

    async def ended_runs(self, task_id: str, first: int | None) -> EndedRuns:
        """Return the runs of a task with an outcome from number `first` on; None: from its first open run on."""
        of_task = [run for run in self._runs.values() if run.task_id == task_id]
        if first is None:
            first = min((run.id for run in of_task if not run.is_final), default=self._last_run_id + 1)
        return ended_runs([(run.id, run.state, run.ended_at) for run in of_task if run.id >= first], first)


class MemoryStore(MemoryLedger, MemoryHistory, MemoryState, MemoryHappenings):
    """The ports Ledger, Catalogue, History, StateStore and Happenings in memory."""
