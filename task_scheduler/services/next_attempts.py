"""Whether a run goes on after an attempt, when, and how long it may."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from task_scheduler.core.outcomes import Ended, Failed, Interrupted, Snoozed, Succeeded, TimedOut
from task_scheduler.core.policies import RetryPolicy
from task_scheduler.core.runs import AttemptExit, RunState
from task_scheduler.core.tasks import TaskDeclaration
from task_scheduler.ports import AttemptEnd, Clock
from task_scheduler.services.active_run import ActiveRun, Phase
from task_scheduler.services.endings import Endings
from task_scheduler.services.register import Register
from task_scheduler.services.roster import Roster
from task_scheduler.services.side_work import SideWork
from task_scheduler.services.waits import SHORTEST_NAP, sleep_through_suspend


class NextAttempts:
    """Decides about retries and snoozes by the version in force, and lets runs wait for their time.

    A deadline counts from a run's first start by the wall clock, pauses left out. A next attempt that could only
    begin after it is not waited for, and a retry that is kept waiting until then ends as timed out.
    """

    def __init__(
        self, *, roster: Roster, endings: Endings, register: Register, side_work: SideWork, clock: Clock
    ) -> None:
        self._roster = roster
        self._endings = endings
        self._register = register
        self._side_work = side_work
        self._clock = clock

    # --- decisions ----------------------------------------------------------------------------------------

    def end_of(self, active: ActiveRun, exit_: AttemptExit, outcome: Ended) -> AttemptEnd:
        """Return what the end of the current attempt means for its run."""
        if active.attempt is None:
            raise AssertionError("an end belongs to an attempt")
        now = self._clock.now()
        end = AttemptEnd(
            id=active.attempt, outcome=outcome, exit=exit_, at=exit_.ended_at or now, started=active.started
        )
        match outcome:
            case Succeeded():
                return end
            case Snoozed() if active.cancelled is not None:
                return replace(end, run_outcome=active.cancelled)
            case Snoozed() | Failed() | TimedOut() | Interrupted() if active.cancelled is None:
                return self._with_next(active, end, now)
            case _:
                return end

    def _with_next(self, active: ActiveRun, end: AttemptEnd, now: datetime) -> AttemptEnd:
        declaration = self._declaration(active)
        policy = RetryPolicy() if declaration is None else RetryPolicy.of(declaration)
        retry_at = policy.next_attempt(
            outcome=end.outcome, exit_=end.exit, run_id=active.run.id, executions=active.executions, now=now
        )
        if retry_at is None:
            return end
        left = self.time_left(active)
        if declaration is not None and left is not None and retry_at >= now + timedelta(seconds=left):
            return _ended_by_deadline(end, declaration.deadline)
        return replace(end, retry_at=retry_at)

    def time_left(self, active: ActiveRun) -> float | None:
        """Return the seconds until the run's deadline, negative after it; None when it has none."""
        declaration = self._declaration(active)
        if declaration is None or declaration.deadline is None:
            return None
        run, now = active.run, self._clock.now()
        started_at = run.started_at or (None if active.started is None else active.started.started_at)
        if started_at is None:
            return float(declaration.deadline)
        paused = run.paused_seconds
        if run.paused_at is not None:
            paused += max(0.0, (now - run.paused_at).total_seconds())
        spent = (now - started_at).total_seconds() - paused
        # A clock that was set back gives nobody more than was declared.
        return min(float(declaration.deadline), declaration.deadline - spent)

    def is_past_deadline(self, active: ActiveRun) -> bool:
        """Whether a run that waits for a further attempt may no longer begin it."""
        left = self.time_left(active) if active.run.state is RunState.RETRYING else None
        return left is not None and left <= 0

    def end_at_deadline(self, active: ActiveRun) -> None:
        """End a run that waited for its next attempt until its deadline."""
        self._endings.end_soon(active, TimedOut("its deadline passed while it waited for its next attempt"))

    # --- waits --------------------------------------------------------------------------------------------

    def wait_for(self, active: ActiveRun, moment: datetime) -> None:
        """Let a run wait for the time of its next attempt."""
        active.phase = Phase.RETRYING
        if self._roster.is_open:
            active.wait = self._side_work.begin(self._queue_at(active, moment))

    async def _queue_at(self, active: ActiveRun, moment: datetime) -> None:
        wait = moment - self._clock.now()
        ended = active.run.last_exit
        if ended is not None and ended.ended_at is not None:
            # Bounded by the delay itself: the clock may have been set back since the moment was chosen.
            wait = min(wait, moment - ended.ended_at)
        await sleep_through_suspend(self._clock, wait.total_seconds())
        active.wait = None
        self._roster.queue(active)
        self._roster.fill()
        self.watch(active)

    def watch(self, active: ActiveRun) -> None:
        """See to it that a retry that waits to start ends at its deadline."""
        waits = active.phase in {Phase.WAITING, Phase.HELD} and active.run.state is RunState.RETRYING
        if waits and active.watch is None and not active.is_held_by_person and self.time_left(active) is not None:
            active.watch = self._side_work.begin(self._watch(active))

    async def _watch(self, active: ActiveRun) -> None:
        # What is paused meanwhile is watched again when it goes on; what is begun, its host watches.
        while active.phase in {Phase.WAITING, Phase.HELD} and not active.is_held_by_person:
            left = self.time_left(active)
            if left is None:
                break
            if left <= SHORTEST_NAP:
                active.watch = None
                self.end_at_deadline(active)
                return
            await sleep_through_suspend(self._clock, left)
        active.watch = None

    def _declaration(self, active: ActiveRun) -> TaskDeclaration | None:
        """Return what the version now in force declares: a task that was disabled or deleted is not retried."""
        admitted = self._register.get(active.run.task_id)
        return None if admitted is None else admitted.version.declaration


def _ended_by_deadline(end: AttemptEnd, deadline: int | None) -> AttemptEnd:
    """Return the end of a run whose next attempt could only begin after its deadline."""
    limit = f"its deadline of {deadline} s"
    match end.outcome:
        case Snoozed(reason=reason):
            asked = "it asked to be run again only after " + limit
            return replace(end, run_outcome=TimedOut(f"{asked}: {reason}" if reason else asked))
        case Failed() | TimedOut() | Interrupted() as outcome:
            reason = f"{outcome.reason}; the next attempt could only begin after {limit}"
            return replace(end, outcome=replace(outcome, reason=reason))
        case _:
            raise AssertionError("only these are followed by another attempt")
