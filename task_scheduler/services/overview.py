"""The read model: what is on record, as documents for people and programs.

Every answer is made of JSON values only: instants are ISO text in UTC with `Z`, durations seconds, sizes bytes.
The scheduler answers with it through the control socket, the command line without a scheduler straight from the
database, so both say the same.
"""

from __future__ import annotations

import asyncio
import dataclasses
import functools
import heapq
import itertools
import json
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any

from task_scheduler.core.errors import Problem, Refused, TriggerError, UnknownRun, UnknownTask, did_you_mean
from task_scheduler.core.happenings import event_of
from task_scheduler.core.outcomes import GIVEN_UP
from task_scheduler.core.runs import (
    ACTIVE,
    FINAL,
    NOTHING_TOLD,
    Attempt,
    AttemptExit,
    AttemptNotes,
    AttemptState,
    Run,
    RunState,
)
from task_scheduler.core.tasks import Job, TaskRecord, TaskStatus, TaskVersion, errors_of
from task_scheduler.core.triggers import NO_CALENDARS, Calendars, parse_trigger, read_zone
from task_scheduler.ports import Catalogue, Clock, History, RunFilter
from task_scheduler.services.requested_entry import call_text
from task_scheduler.services.said_days import zone_key

#: A JSON object.
Document = dict[str, Any]

#: Characters of a digest or an environment's key that are shown: enough to tell them apart.
SHORT = 12
#: How many coming instants of a task are told.
COMING = 3
#: How many runs are told with a task, and with the summary.
RECENT = 10
#: Most runs one answer lists.
MOST_RUNS = 1_000
#: Ends that ask for a person.
BAD_ENDS = frozenset({RunState.FAILED, RunState.TIMED_OUT, RunState.INTERRUPTED, RunState.MISSED})
#: States that tell something of a task; a slot that was skipped, beside a run under way, tells nothing.
TELLING = frozenset(RunState) - {RunState.SKIPPED}
#: Ends that tell how a task does.
TELLING_ENDS = FINAL & TELLING
#: States of a run that is at work.
AT_WORK = frozenset({RunState.RUNNING})
#: States of a run that is not over and has begun, or not.
BEGUN = frozenset({RunState.RUNNING, RunState.RETRYING})
WAITING = ACTIVE - BEGUN
#: States in which a run may wait for something that is no time.
WAITING_STATES = frozenset({RunState.QUEUED, RunState.RETRYING})
#: Most runs of each kind that a summary tells as being at work.
MOST_AT_WORK = 100
#: What of a declaration bounds a run, or changes how it executes.
LIMITS = (
    "timeout",
    "deadline",
    "kill_grace",
    "memory_limit",
    "cpu_limit",
    "max_processes",
    "output_limit",
    "nice",
    "user",
    "umask",
    "working_directory",
)
#: What a task is told to be, in the place of these, while nothing of the folder of tasks may start.
SUSPENDED = "suspended"
MAY_BE_SUSPENDED = frozenset({TaskStatus.ACTIVE, TaskStatus.PREPARING})
#: Tasks whose runs a person counts on.
COUNTED_ON = frozenset({TaskStatus.ACTIVE, TaskStatus.PREPARING, TaskStatus.INVALID})
#: Seconds by which two clocks may tell one pause differently.
_ROUNDING = 0.5
#: Tasks described in one turn of the event loop, so that a long list makes no due job late.
TURN = 25


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
        suspended: Callable[[], str | None] | None = None,
        notes_of: Callable[[int], AttemptNotes | None] | None = None,
        waits_for: Callable[[int], str | None] | None = None,
    ) -> None:
        """`zone` is that of jobs that name none; `suspended` tells why nothing may start at present, None: all is well.

        `notes_of` gives what a run at work has told so far; what one that has ended told is on record. `waits_for`
        tells what a run that has not begun waits for, which the working scheduler alone knows.
        """
        self._catalogue = catalogue
        self._history = history
        self._clock = clock
        self._zone = zone
        self._calendars = calendars
        self._why_suspended = suspended or _not_suspended
        self._notes_of = notes_of or _nothing_told
        self._waits_for = waits_for or _nothing_known
        # Ten thousand jobs share few schedules, and a list is asked for again and again between two instants.
        self._following = functools.lru_cache(maxsize=4_096)(self._compute_following)

    async def tasks(self) -> list[Document]:
        """Return every task file on record, deleted ones included, by id."""
        now = self._clock.now()
        records = await self._catalogue.tasks()
        versions = {version.task_id: version for version in await self._catalogue.versions()}
        latest = await self._telling_runs()
        jobs = _by_task(await self._catalogue.jobs())
        documents = []
        for position, record in enumerate(records, start=1):
            task_id = record.task_id
            documents.append(
                self._describe(
                    record, version=versions.get(task_id), jobs=jobs.get(task_id, ()), last=latest.get(task_id), now=now
                )
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
        jobs = [job for job in await self._catalogue.jobs() if job.task_id == task_id]
        recent = await self._history.runs(RunFilter(task_id=task_id, limit=RECENT))
        return {
            **self._describe(
                record, version=version, jobs=jobs, last=await self._telling_run(task_id, recent), now=self._clock.now()
            ),
            "declaration": None if version is None else _json(dataclasses.asdict(version.declaration)),
            "admitted_at": None if version is None else iso(version.admitted_at),
            "lock": await self._lock(version),
            "runs": [self._describe_run(run) for run in recent],
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
        return [self._describe_run(run) for run in found]

    async def run(self, run_id: int) -> Document:
        """Return one run with its attempts; raises UnknownRun."""
        run = await self._history.run(run_id)
        if run is None:
            raise UnknownRun(str(run_id))
        attempts = await self._history.attempts(run_id)
        version = None if run.digest is None else await self._catalogue.version(run.task_id, run.digest)
        declared = {} if version is None else _json(dataclasses.asdict(version.declaration))
        is_snoozed = run.state is RunState.RETRYING and any(
            attempt.state is AttemptState.SNOOZED for attempt in attempts[-1:]
        )
        return {
            **self._describe_run(run),
            "snoozed": is_snoozed,
            "deadline_at": _iso(_deadline(run, declared.get("deadline"), self._clock.now())),
            "retry_count": declared.get("retry_count", 0),
            "time_used": _time_used(run, attempts, self._clock.now()),
            "limits": {name: declared[name] for name in LIMITS if declared.get(name) is not None},
            **_describe_notes(self._notes(run)),
            "attempts": [_describe_attempt(attempt) for attempt in attempts],
        }

    async def summary(self) -> Document:
        """Return what a person needs to know first: tasks by status, those that need care, the newest runs."""
        records = await self._catalogue.tasks()
        recent = await self._history.runs(RunFilter(limit=RECENT))
        return {
            "tasks": dict(sorted(Counter(map(self._status_of, records)).items())),
            "invalid": [_describe_invalid(record) for record in records if record.status is TaskStatus.INVALID],
            "at_work": [self._describe_run(run) for run in await self._at_work()],
            "needs_care": [_describe_bad_end(run) for run in await self._bad_ends(records)],
            "runs": [self._describe_run(run) for run in recent],
        }

    async def _at_work(self) -> Sequence[Run]:
        """Return the runs that execute or wait, oldest first; of an instant to come there is none at work."""
        begun = await self._history.runs(RunFilter(states=BEGUN, limit=MOST_AT_WORK))
        waiting = await self._history.runs(RunFilter(states=WAITING, limit=MOST_AT_WORK))
        now = self._clock.now()
        due = (run for run in waiting if run.scheduled_for is None or run.scheduled_for <= now or run.paused_at)
        return sorted((*begun, *due), key=lambda run: run.id)

    async def _bad_ends(self, records: Iterable[TaskRecord]) -> Sequence[Run]:
        """Return the newest finished run of each task in force where that one ended badly, newest first."""
        latest = await self._history.latest()
        counted_on = {record.task_id for record in records if record.version and record.status in COUNTED_ON}
        found = []
        for task_id, newest in latest.items():
            if task_id not in counted_on:
                continue
            run: Run | None = newest
            if newest.state not in TELLING_ENDS:
                ended = await self._history.runs(RunFilter(task_id=task_id, states=TELLING_ENDS, limit=1))
                run = ended[0] if ended else None
            # What a person gave up needs no care.
            if run is not None and run.state in BAD_ENDS and run.reason != GIVEN_UP:
                found.append(run)
        return sorted(found, key=lambda run: -run.id)

    async def _telling_runs(self) -> Mapping[str, Run]:
        """Return the run of each task that tells most: one at work, else the newest that was not skipped."""
        found = dict(await self._history.latest())
        skipped = [task_id for task_id, run in found.items() if run.state is RunState.SKIPPED]
        for task_id in skipped:
            found[task_id] = await self._telling_run(task_id, [found[task_id]]) or found[task_id]
        at_work = await self._history.runs(RunFilter(states=AT_WORK, limit=MOST_RUNS))
        # The newest one of a task comes first, and is the one to stay.
        found.update({run.task_id: run for run in reversed(at_work)})
        return found

    async def _telling_run(self, task_id: str, recent: Sequence[Run]) -> Run | None:
        """Return the run of a task that tells most; `recent` are its newest ones, newest first."""
        if not recent or recent[0].state in AT_WORK:
            return recent[0] if recent else None
        for states in (AT_WORK, TELLING):
            found = await self._history.runs(RunFilter(task_id=task_id, states=states, limit=1))
            if found:
                return found[0]
        return recent[0]

    def _status_of(self, record: TaskRecord) -> str:
        is_suspended = record.status in MAY_BE_SUSPENDED and self._why_suspended() is not None
        return SUSPENDED if is_suspended else record.status.value

    def _describe(
        self,
        record: TaskRecord,
        *,
        version: TaskVersion | None,
        jobs: Sequence[Job],
        last: Run | None,
        now: datetime,
    ) -> Document:
        suspended = self._why_suspended()
        coming = [] if suspended is not None else list(self._coming(jobs, now))
        status = self._status_of(record)
        return {
            "id": record.task_id,
            "title": record.title,
            "path": record.path,
            "status": status,
            "jobs": [self._describe_job(job, is_suspended=suspended is not None) for job in jobs],
            "next_run": coming[0] if coming else None,
            "next_runs": coming,
            "last_run": None if last is None else self._describe_run(last),
            "problems": [_describe_problem(problem) for problem in record.problems],
            "detail": suspended if status == SUSPENDED else record.detail,
            "version": _short(record.version),
            "pending_digest": None if record.digest == record.version else _short(record.digest),
            "environment": None if version is None else _short(version.environment),
            "updated_at": iso(record.updated_at),
        }

    def _describe_job(self, job: Job, *, is_suspended: bool) -> Document:
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
            "next_run": None if is_suspended else _iso(job.next_run),
        }

    def _describe_run(self, run: Run) -> Document:
        late = None
        if run.scheduled_for is not None and run.started_at is not None:
            late = (run.started_at - run.scheduled_for).total_seconds()
        return {
            "id": run.id,
            "kind": run.kind.value,
            "state": run.state.value,
            "final": run.is_final,
            "task": run.task_id,
            "job": run.job_id,
            "function": run.function,
            "arguments": run.arguments,
            "call": call_text(run.function, run.arguments),
            "argv": list(run.argv),
            "scheduled_for": _iso(run.scheduled_for),
            "request_id": run.request_id,
            "event": event_of(run),
            "digest": _short(run.digest),
            "reason": run.reason,
            "count": run.count,
            "range_end": _iso(run.range_end),
            "merged": run.merged,
            "merged_from": _iso(run.merged_from),
            "created_at": iso(run.created_at),
            "started_at": _iso(run.started_at),
            "ended_at": _iso(run.ended_at),
            "retry_at": _iso(run.retry_at),
            "waits_for": self._waits(run),
            "late": late,
            "executions": run.executions,
            "paused_at": _iso(run.paused_at),
            "paused_seconds": run.paused_seconds,
            "progress": _describe_progress(self._notes(run)),
            **_describe_exit(run.last_exit or AttemptExit()),
        }

    def _waits(self, run: Run) -> str | None:
        """Return what a run waits for, where the working scheduler knows it."""
        return self._waits_for(run.id) if run.state in WAITING_STATES else None

    def _notes(self, run: Run) -> AttemptNotes:
        """Return what a run has told: while an attempt executes what that one told, else what the one before told."""
        if run.state is RunState.RUNNING:
            return self._notes_of(run.id) or NOTHING_TOLD
        return NOTHING_TOLD if run.last_exit is None else run.last_exit.notes

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

    async def _lock(self, version: TaskVersion | None) -> list[str]:
        lock = None if version is None else await self._catalogue.lock(version.environment)
        return [] if lock is None else lock.text.splitlines()

    async def _require_task(self, task_id: str) -> None:
        known = [record.task_id for record in await self._catalogue.tasks()]
        if task_id not in known:
            raise UnknownTask(task_id, known)


def _not_suspended() -> None:
    """Tell that tasks may start."""


def _nothing_told(_run_id: int) -> None:
    """Tell that nothing is known of a run at work."""


def _nothing_known(_run_id: int) -> None:
    """Tell that nothing is known of what a run waits for."""


def iso(moment: datetime) -> str:
    """Return an aware instant as `2026-11-22T14:05:00Z`, with microseconds only where it has some."""
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat() + "Z"


def _iso(moment: datetime | None) -> str | None:
    return None if moment is None else iso(moment)


def _describe_problem(problem: Problem) -> Document:
    return {"severity": problem.severity.value, "line": problem.line, "text": str(problem)}


def _describe_invalid(record: TaskRecord) -> Document:
    errors = errors_of(record.problems)
    return {
        "id": record.task_id,
        "path": record.path,
        # Its first line: what an installer said may follow. A line break in a file's name is no end of a line.
        "problem": str(replace(errors[0], message=errors[0].message.partition("\n")[0])) if errors else "",
        "errors": len(errors),
        "version": _short(record.version),
    }


def _describe_bad_end(run: Run) -> Document:
    return {
        "task": run.task_id,
        "run": run.id,
        "state": run.state.value,
        "when": iso(run.ended_at or run.created_at),
        "reason": run.reason,
    }


def _describe_attempt(attempt: Attempt) -> Document:
    ended = attempt.exit or AttemptExit()
    return {
        "number": attempt.id.number,
        "state": attempt.state.value,
        "digest": _short(attempt.digest),
        "environment": _short(attempt.environment),
        "output": attempt.output,
        "reason": attempt.reason,
        "claimed_at": iso(attempt.claimed_at),
        "started_at": _iso(attempt.started_at or ended.started_at),
        "ended_at": _iso(ended.ended_at),
        **_describe_exit(ended),
        "progress": _describe_progress(ended.notes),
        **_describe_notes(ended.notes),
    }


def _describe_progress(notes: AttemptNotes) -> Document | None:
    return None if notes.progress is None else dataclasses.asdict(notes.progress)


def _describe_notes(notes: AttemptNotes) -> Document:
    """Return what was told, less the progress, which is told of every run."""
    return {
        "metrics": dict(notes.metrics),
        "artifacts": [dataclasses.asdict(artifact) for artifact in notes.artifacts],
        "has_result": notes.result is not None,
        "result": None if notes.result is None else _result(notes.result),
        "refused": list(notes.refused),
    }


def _result(text: str) -> object:
    """Return what a text of JSON says, or the text where no answer could be made of that, as of a number too large."""
    try:
        value = json.loads(text)
        json.dumps(value, allow_nan=False)
    except (ValueError, RecursionError):
        return text
    return value


def _deadline(run: Run, seconds: float | None, now: datetime) -> datetime | None:
    """Return when a run that is not over ends at the latest, its pauses so far left out; None: nothing bounds it."""
    if run.is_final or run.started_at is None or seconds is None:
        return None
    going_on = 0.0 if run.paused_at is None else max(0.0, (now - run.paused_at).total_seconds())
    return run.started_at + timedelta(seconds=seconds + run.paused_seconds + going_on)


def _time_used(run: Run, attempts: Sequence[Attempt], now: datetime) -> float | None:
    """Return the seconds of its time limit that the attempt at work has used; None: none is, or it cannot be known."""
    current = attempts[-1] if attempts else None
    if run.state is not RunState.RUNNING or current is None or current.started_at is None:
        return None
    # The record has the pauses of the run: those of earlier attempts are known, those of waits between them are not.
    earlier = sum(0.0 if one.exit is None else one.exit.paused_seconds for one in attempts[:-1])
    paused = max(0.0, run.paused_seconds - earlier)
    if paused > _ROUNDING and len(attempts) > 1:
        return None
    end = now if run.paused_at is None else max(run.paused_at, current.started_at)
    return max(0.0, (end - current.started_at).total_seconds() - paused)


def _describe_exit(ended: AttemptExit) -> Document:
    return {
        "exit_code": ended.exit_code,
        "signal": ended.signal,
        "error": None
        if ended.error is None
        else {"kind": ended.error.kind, "message": ended.error.message, "place": ended.error.place},
        "duration": ended.duration,
        "duration_paused": ended.paused_seconds,
        "cpu_seconds": ended.cpu_seconds,
        "peak_memory": ended.peak_memory,
        "output_bytes": ended.output_bytes,
        "output_dropped": ended.output_dropped,
        "left_behind": ended.left_behind,
        "stopped_for": ended.stopped_for,
        "core_dumped": ended.core_dumped,
        "out_of_memory": ended.out_of_memory,
    }


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


def _short(digest: str | None) -> str | None:
    return None if digest is None else digest[:SHORT]


def _json(fields: Mapping[str, object]) -> Document:
    return {name: _plain(value) for name, value in fields.items()}


def _plain(value: object) -> object:
    if isinstance(value, Mapping):
        return dict(value)
    return list(value) if isinstance(value, tuple) else value
