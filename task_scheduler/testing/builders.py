"""Domain objects with sensible defaults: a test names only what it is about."""

# ruff: noqa: ANN401  # a builder takes any field of what it builds, and `replace` checks the names

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from task_scheduler.core.environments import Lock
from task_scheduler.core.outcomes import Ended, Failed, Succeeded
from task_scheduler.core.requests import Started
from task_scheduler.core.runs import (
    Artifact,
    Attempt,
    AttemptExit,
    AttemptId,
    AttemptNotes,
    AttemptState,
    EndKind,
    EndRequest,
    ErrorSummary,
    Progress,
    Run,
    RunKind,
    RunState,
    StopCause,
)
from task_scheduler.core.tasks import Job, JobDeclaration, TaskDeclaration, TaskRecord, TaskStatus, TaskVersion
from task_scheduler.ports import Admission, AttemptClaim, AttemptEnd, Catalogue, RunRequest, SlotClaim
from task_scheduler.testing.clock import NOON

SOURCE = b"def start():\n    print('hello')\n"


def digest_of(source: bytes) -> str:
    """Return the digest a source is known by."""
    return hashlib.sha256(source).hexdigest()


def after(seconds: float) -> datetime:
    """Return the moment so many seconds after NOON."""
    return NOON + timedelta(seconds=seconds)


def a_lock(key: str = "env-a", **values: Any) -> Lock:
    """Make a lock without packages."""
    return replace(Lock(key=key, text="", python="3.11", platform="linux-x86_64"), **values)


def a_declaration(**values: Any) -> TaskDeclaration:
    """Make a declaration with nothing but a title."""
    return replace(TaskDeclaration(title="Report"), **values)


def a_job_declaration(**values: Any) -> JobDeclaration:
    """Make the declaration of a job that runs `start` every five minutes."""
    return replace(JobDeclaration(function="start", trigger="every 5 minutes"), **values)


def a_job(**values: Any) -> Job:
    """Make an active job of task `report`, due at NOON."""
    job = Job(
        id=1,
        task_id="report",
        function="start",
        trigger="every 5 minutes",
        timezone=None,
        arguments="((), {})",
        active=True,
        next_run=NOON,
    )
    return replace(job, **values)


def a_task(task_id: str = "report", **values: Any) -> TaskRecord:
    """Make the record of an active task with SOURCE in force."""
    task = TaskRecord(
        task_id=task_id,
        path=f"tasks/{task_id}.py",
        status=TaskStatus.ACTIVE,
        title="Report",
        digest=digest_of(SOURCE),
        version=digest_of(SOURCE),
        updated_at=NOON,
    )
    return replace(task, **values)


def a_version(task_id: str = "report", **values: Any) -> TaskVersion:
    """Make the version of a task whose source is SOURCE."""
    version = TaskVersion(
        task_id=task_id,
        digest=digest_of(SOURCE),
        declaration=a_declaration(),
        environment="env-a",
        preload=(),
        local_digest="",
        admitted_at=NOON,
    )
    return replace(version, **values)


def a_run(**values: Any) -> Run:
    """Make a queued run of task `report` for NOON."""
    run = Run(
        id=1,
        kind=RunKind.SCHEDULED,
        state=RunState.QUEUED,
        task_id="report",
        job_id=1,
        function="start",
        arguments="((), {})",
        scheduled_for=NOON,
        created_at=NOON,
    )
    return replace(run, **values)


def an_attempt(**values: Any) -> Attempt:
    """Make the first attempt of run 1, claimed at NOON."""
    attempt = Attempt(
        id=AttemptId(run_id=1, number=1),
        state=AttemptState.CLAIMED,
        digest=digest_of(SOURCE),
        environment="env-a",
        placement="host-1",
        output="report/1.1.log",
        claimed_at=NOON,
    )
    return replace(attempt, **values)


def an_attempt_claim(**values: Any) -> AttemptClaim:
    """Make the claim of an attempt that runs SOURCE."""
    claim = AttemptClaim(digest=digest_of(SOURCE), environment="env-a", placement="host-1", claimed_at=NOON)
    return replace(claim, **values)


def a_slot(job: Job, **values: Any) -> SlotClaim:
    """Make the claim of one slot of a job, due at NOON."""
    claim = SlotClaim(job=job, digest=digest_of(SOURCE), scheduled_for=NOON, clock_generation=0, created_at=NOON)
    return replace(claim, **values)


def a_request(request_id: str = "request-1", **values: Any) -> RunRequest:
    """Make a person's request to run task `report`."""
    request = RunRequest(
        task_id="report",
        function="start",
        arguments="((), {})",
        digest=digest_of(SOURCE),
        request_id=request_id,
        created_at=NOON,
    )
    return replace(request, **values)


def a_start(attempt: AttemptId, **values: Any) -> Started:
    """Make the report that an attempt began, one second after NOON."""
    return replace(Started(id=attempt, started_at=after(1), process="host-1:4711"), **values)


def an_exit(**values: Any) -> AttemptExit:
    """Make a clean exit after four seconds."""
    exit_ = AttemptExit(
        exit_code=0,
        started_at=after(1),
        ended_at=after(5),
        duration=4.0,
        cpu_seconds=0.25,
        peak_memory=7_000_000,
        output_bytes=120,
    )
    return replace(exit_, **values)


def a_failing_exit(**values: Any) -> AttemptExit:
    """Make the exit of an attempt that raised ValueError."""
    error = ErrorSummary(kind="ValueError", message="no rows", place="tasks/report.py:2 in start")
    return an_exit(**{"exit_code": 1, "error": error, **values})


def some_notes(**values: Any) -> AttemptNotes:
    """Make the notes of an attempt that told of everything it can."""
    notes = AttemptNotes(
        progress=Progress(done=3, total=10, text="reading"),
        metrics={"rows": 1200.0},
        artifacts=(Artifact(path="out/report.pdf", title="The report"), Artifact(path="https://example.org/")),
        result='{"rows": 1200}',
        refused=("a result of 100,001 characters is longer than 100,000: it was not kept",),
    )
    return replace(notes, **values)


def a_telling_exit(**values: Any) -> AttemptExit:
    """Make an exit with every fact that few exits have."""
    return an_exit(
        **{
            "stopped_for": StopCause.MEMORY,
            "stop_limit": 512.0,
            "stop_value": 0.0,
            "end_request": EndRequest(kind=EndKind.SNOOZE, reason="not there yet", seconds=2.5),
            "notes": some_notes(),
            "core_dumped": True,
            "out_of_memory": True,
            "paused_seconds": 1.5,
            **values,
        }
    )


def an_end(attempt: AttemptId, outcome: Ended | None = None, **values: Any) -> AttemptEnd:
    """Make the end of an attempt, successful unless another outcome is given."""
    ended = AttemptEnd(id=attempt, outcome=outcome or Succeeded(), exit=an_exit(), at=after(5))
    return replace(ended, **values)


def a_failure(attempt: AttemptId, **values: Any) -> AttemptEnd:
    """Make the end of an attempt that raised ValueError."""
    return an_end(attempt, Failed("ValueError: no rows"), **{"exit": a_failing_exit(), **values})


def an_admission(**values: Any) -> Admission:
    """Make the admission of a task whose source is SOURCE, without jobs."""
    return replace(Admission(task=a_task(), version=a_version(), source=SOURCE, lock=a_lock()), **values)


async def admit_task(
    catalogue: Catalogue,
    task_id: str = "report",
    *,
    source: bytes = SOURCE,
    environment: str = "env-a",
    jobs: tuple[JobDeclaration, ...] | None = None,
    next_run: datetime | None = NOON,
) -> list[Job]:
    """Admit a task with one job, or the given ones, each due at `next_run`; return its active jobs."""
    declared = (a_job_declaration(),) if jobs is None else jobs
    digest = digest_of(source)
    admission = an_admission(
        task=a_task(task_id, digest=digest, version=digest),
        version=a_version(task_id, digest=digest, environment=environment),
        source=source,
        lock=a_lock(environment),
        jobs=declared,
        next_runs=[next_run] * len(declared),
    )
    (active,) = await catalogue.admit([admission])
    return list(active)
