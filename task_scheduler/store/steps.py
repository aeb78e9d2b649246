"""What each step makes of a run and its attempt: pure, and shared by every store.

A step returns new values or raises IllegalTransition; how they are kept is the store's own business.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from task_scheduler.core.errors import IllegalTransition, Refused
from task_scheduler.core.outcomes import (
    Cancelled,
    Failed,
    Missed,
    Outcome,
    Skipped,
    Snoozed,
    TimedOut,
    attempt_state_of,
    reason_of,
    state_of,
)
from task_scheduler.core.requests import Started
from task_scheduler.core.runs import (
    OPEN_ATTEMPTS,
    TRANSITIONS,
    Attempt,
    AttemptExit,
    AttemptId,
    AttemptState,
    Run,
    RunKind,
    RunState,
    check_attempt_transition,
    check_transition,
    output_name,
)
from task_scheduler.ports import AttemptClaim, AttemptEnd, RunRequest, SlotClaim

#: Snoozed attempts that are kept of a run: one that polls for weeks would fill the disk with them.
KEPT_SNOOZES = 20
#: A run in one of these waits, and may end without an execution.
WAITING = frozenset({RunState.QUEUED, RunState.RETRYING})


@dataclass(frozen=True, slots=True, kw_only=True)
class Execution:
    """A run and one of its attempts, as they stand together."""

    run: Run
    attempt: Attempt


def check_same_request(run: Run, request: RunRequest) -> None:
    """Raise Refused when a request's name belongs to a run of something else."""
    difference = _difference(run, request)
    if difference:
        raise Refused(f"request id {request.request_id!r} is taken: run {run.id} {difference}; choose another")


def _difference(run: Run, request: RunRequest) -> str:
    """Return what the run of an earlier request has that this one does not ask for, in words; empty: nothing."""
    if run.task_id != request.task_id:
        return f"is of {run.task_id}"
    if run.function != request.function:
        return f"ran {run.task_id} as a whole" if run.function is None else f"called {run.function} of {run.task_id}"
    if run.argv != request.argv:
        return "had other arguments"
    if request.pinned not in {None, run.pinned or run.digest}:
        return f"was of another version of {run.task_id}"
    return ""


def slot(run_id: int, claim: SlotClaim) -> Run:
    """Make the run of a slot: queued, or ended at once when the claim brings its outcome."""
    outcome = claim.outcome
    if outcome is not None and claim.attempt is not None:
        raise IllegalTransition("a slot", state_of(outcome), RunState.RUNNING)
    return Run(
        id=run_id,
        kind=RunKind.SCHEDULED,
        state=RunState.QUEUED if outcome is None else state_of(outcome),
        task_id=claim.job.task_id,
        job_id=claim.job.id,
        function=claim.job.function,
        arguments=claim.job.arguments,
        scheduled_for=claim.scheduled_for,
        clock_generation=claim.clock_generation,
        digest=claim.digest,
        reason="" if outcome is None else reason_of(outcome),
        count=claim.count,
        range_end=claim.range_end,
        merged=claim.merged,
        merged_from=claim.merged_from,
        created_at=claim.created_at,
        ended_at=None if outcome is None else claim.created_at,
        attempts=0 if claim.attempt is None else 1,
    )


def requested(run_id: int, request: RunRequest) -> Run:
    """Make the run somebody asked for."""
    return Run(
        id=run_id,
        kind=RunKind.MANUAL if request.job_id is None and not request.is_for_event else RunKind.EVENT,
        state=RunState.QUEUED,
        task_id=request.task_id,
        job_id=request.job_id,
        function=request.function,
        arguments=request.arguments,
        argv=request.argv,
        scheduled_for=None,
        request_id=request.request_id,
        digest=request.digest,
        pinned=request.pinned,
        created_at=request.created_at,
    )


def claimed(run: Run, claim: AttemptClaim) -> Attempt:
    """Make the newest attempt of a run that counts it already."""
    attempt = AttemptId(run_id=run.id, number=run.attempts)
    return Attempt(
        id=attempt,
        state=AttemptState.CLAIMED,
        digest=claim.digest,
        environment=claim.environment,
        placement=claim.placement,
        output=output_name(run.task_id, attempt),
        claimed_at=claim.claimed_at,
    )


def begun(run: Run, claim: AttemptClaim, *, has_open_attempt: bool) -> Execution:
    """Give a waiting run its next attempt; a second one beside an open one would run it twice."""
    if run.state not in WAITING or has_open_attempt:
        raise IllegalTransition(f"run {run.id}", "at work" if has_open_attempt else run.state, "claimed again")
    run = replace(run, attempts=run.attempts + 1)
    return Execution(run=run, attempt=claimed(run, claim))


def started(execution: Execution, report: Started) -> Execution:
    """Note that a claimed attempt executes."""
    return _running(execution, report.started_at)


def _running(execution: Execution, moment: datetime | None) -> Execution:
    run, attempt = execution.run, execution.attempt
    check_transition(run.state, RunState.RUNNING)
    check_attempt_transition(attempt.state, AttemptState.RUNNING)
    return Execution(
        run=replace(
            run,
            state=RunState.RUNNING,
            started_at=run.started_at or moment,
            retry_at=None,
            reason="",
            digest=attempt.digest,
            executions=run.executions + 1,
        ),
        attempt=replace(attempt, state=AttemptState.RUNNING, started_at=moment),
    )


def ended(execution: Execution, end: AttemptEnd) -> Execution:
    """End an open attempt and move its run on.

    An attempt whose start was not recorded by itself passes through `running` here. When it began stays
    unknown (None) if neither the report of its start nor its exit tells. A snoozed one is not counted as an
    execution. Raises IllegalTransition for a snooze that says neither when the run goes on nor how it ends.
    """
    if execution.attempt.state is AttemptState.CLAIMED:
        told = end.started.started_at if end.started is not None else None
        execution = _running(execution, told or end.exit.started_at)
    run, attempt = execution.run, execution.attempt
    wanted = attempt_state_of(end.outcome)
    check_attempt_transition(attempt.state, wanted)
    exit_ = _recorded(end, started_at=attempt.started_at)
    attempt = replace(attempt, state=wanted, exit=exit_, started_at=exit_.started_at, reason=reason_of(end.outcome))
    outcome = None if end.retry_at is not None else _run_outcome(run, end)
    next_state = RunState.RETRYING if outcome is None else state_of(outcome)
    check_transition(run.state, next_state)
    run = replace(
        run,
        state=next_state,
        reason=attempt.reason if outcome is None else reason_of(outcome),
        retry_at=end.retry_at,
        ended_at=None if outcome is None else end.at,
        executions=run.executions - (1 if isinstance(end.outcome, Snoozed) else 0),
        last_exit=exit_,
    )
    return Execution(run=run if outcome is None else _without_pause(run, end.at), attempt=attempt)


def is_snoozing(execution: Execution) -> bool:
    """Whether an ended attempt asked for another time, and its run goes on then."""
    return execution.attempt.state is AttemptState.SNOOZED and not execution.run.is_final


def _recorded(end: AttemptEnd, *, started_at: datetime | None) -> AttemptExit:
    """Return of an exit what is kept, with both its moments."""
    error = end.exit.error
    return replace(
        end.exit,
        error=replace(error, bases=()) if error is not None and error.bases else error,
        started_at=started_at or end.exit.started_at,
        ended_at=end.exit.ended_at or end.at,
    )


def _run_outcome(run: Run, end: AttemptEnd) -> Outcome:
    if end.run_outcome is not None:
        return end.run_outcome
    if isinstance(end.outcome, Snoozed):
        raise IllegalTransition(f"run {run.id}", run.state, AttemptState.SNOOZED)
    return end.outcome


def voided(attempt: Attempt, reason: str) -> Attempt | None:
    """Note that a claimed attempt never began; None when its end is on record already.

    Raises IllegalTransition for a running one: a record that it began is no proof that it did not.
    """
    if attempt.state not in OPEN_ATTEMPTS:
        return None
    check_attempt_transition(attempt.state, AttemptState.VOID)
    return replace(attempt, state=AttemptState.VOID, reason=reason)


def resolved(
    run: Run, outcome: Skipped | Missed | Cancelled | Failed | TimedOut, at: datetime, *, has_open_attempt: bool
) -> Run | None:
    """End a waiting run without an execution; None when it does not wait, or may not end so."""
    wanted = state_of(outcome)
    if run.state not in WAITING or has_open_attempt or wanted not in TRANSITIONS[run.state]:
        return None
    run = _without_pause(run, at)
    return replace(run, state=wanted, reason=reason_of(outcome), retry_at=None, ended_at=at)


def paused(run: Run, at: datetime) -> Run | None:
    """Note that a run is to stand still; None when it has its outcome, unchanged when it is paused already."""
    if run.is_final:
        return None
    return run if run.paused_at is not None else replace(run, paused_at=at)


def unpaused(run: Run, at: datetime) -> Run | None:
    """Note that a paused run is to go on; None when it has its outcome, unchanged when it is not paused."""
    if run.is_final:
        return None
    return _without_pause(run, at)


def _without_pause(run: Run, at: datetime) -> Run:
    if run.paused_at is None:
        return run
    # A clock that was set back meanwhile takes nothing from the pauses before.
    lasted = max(0.0, (at - run.paused_at).total_seconds())
    return replace(run, paused_at=None, paused_seconds=run.paused_seconds + lasted)
