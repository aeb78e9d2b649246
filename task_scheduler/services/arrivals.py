"""How runs come: at their instant, because a person asked, or from a former scheduler."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from task_scheduler import fault_points
from task_scheduler.core.errors import Refused, UnknownTask
from task_scheduler.core.outcomes import Missed, Skipped
from task_scheduler.core.policies import LEAST_GRACE
from task_scheduler.core.runs import Attempt, AttemptId, AttemptState, Run, RunKind, RunState, output_name
from task_scheduler.core.tasks import Job, Overlap
from task_scheduler.core.triggers import OnChange, read_event
from task_scheduler.core.waiting_line import PATIENCE_TO_MAKE_UP
from task_scheduler.ports import AttemptClaim, Clock, Ledger, RunRequest
from task_scheduler.services.active_run import ActiveRun, Phase
from task_scheduler.services.endings import Endings
from task_scheduler.services.interventions import Interventions
from task_scheduler.services.next_attempts import NextAttempts
from task_scheduler.services.overlaps import doubled, why_skipped
from task_scheduler.services.register import Admitted, Register
from task_scheduler.services.requested_entry import requested_entry
from task_scheduler.services.roster import Roster
from task_scheduler.services.starter import Starter
from task_scheduler.services.timetable import Timetable


class Arrivals:
    """Takes runs over, judges them by their task's overlap policy, and puts them into the line."""

    def __init__(
        self,
        *,
        roster: Roster,
        ledger: Ledger,
        endings: Endings,
        next_attempts: NextAttempts,
        starter: Starter,
        interventions: Interventions,
        register: Register,
        timetable: Timetable,
        clock: Clock,
    ) -> None:
        self._roster = roster
        self._ledger = ledger
        self._endings = endings
        self._next_attempts = next_attempts
        self._starter = starter
        self._interventions = interventions
        self._register = register
        self._timetable = timetable
        self._clock = clock

    # --- slots --------------------------------------------------------------------------------------------

    def claim_ahead(self, job: Job, now: datetime) -> AttemptClaim | None:
        """Return the attempt to claim together with a slot of `job`, None when it will hardly start at once."""
        admitted = self._register.get(job.task_id)
        if admitted is None or not self._starter.can_start_at_once(admitted):
            return None
        if admitted.version.declaration.overlap is not Overlap.PARALLEL:
            others = self._roster.runs.of_task(job.task_id)
            if any(other.is_at_work and other.run.job_id in {job.id, None} for other in others):
                return None
        return self._starter.claim(admitted, now)

    def arm(self, run: Run, claim: AttemptClaim | None, *, in_turn: bool, makes_up: bool) -> None:
        """Take over a run that was claimed for an instant to come; `due` follows."""
        active = ActiveRun(run=run, in_turn=in_turn, makes_up=makes_up)
        if claim is not None:
            # The version may have changed while the claim was committed: then another attempt is claimed later.
            active.admitted = self._in_force(run.task_id, claim.digest, claim.environment)
            active.attempt = AttemptId(run_id=run.id, number=1)
            active.digest = claim.digest
            active.placement = claim.placement
            active.output = output_name(run.task_id, active.attempt)
        self._roster.runs.add(active)

    def due(self, run_ids: Sequence[int]) -> None:
        """Start armed runs whose instant has come, or end them as skipped: policies are judged here."""
        if not self._roster.is_open:
            return  # they stay on record for the next scheduler
        for run_id in run_ids:
            active = self._roster.runs.get(run_id)
            if active is None or active.phase is not Phase.ARMED:
                continue
            skipped = self._why_not_any_more(active) or self._enter(active)
            if skipped is not None:
                self._endings.end_soon(active, skipped)
        self._roster.fill()

    def drop(self, run_ids: Sequence[int], outcome: Missed) -> Sequence[int]:
        """End armed runs whose instant will not come, beside other work; return which of these were armed."""
        dropped = []
        for run_id in run_ids:
            active = self._roster.runs.get(run_id)
            if active is not None and active.phase is Phase.ARMED:
                self._endings.end_soon(active, outcome)
                dropped.append(run_id)
        return dropped

    def _why_not_any_more(self, active: ActiveRun) -> Skipped | None:
        """Return why a slot whose instant has come may not run, None when it may."""
        if self._timetable.job(active.run.job_id) is None:
            return Skipped("its task was changed, disabled or deleted before its instant")
        if self._register.suspended is not None:
            return Skipped(f"its task is suspended: {self._register.suspended}")
        return None

    # --- requests -----------------------------------------------------------------------------------------

    def request_for(
        self, task_id: str, function: str | None, request_id: str, *, argv: Sequence[str], digest: str | None
    ) -> RunRequest:
        """Return what to put on record of a person's request; raises UnknownTask, or Refused when it cannot start."""
        admitted = self._may_be_asked_for(task_id)
        if digest is not None and admitted.version.digest != digest:
            raise Refused(f"version {digest[:12]} of {task_id} is not in force: {admitted.version.digest[:12]} is")
        function, arguments = requested_entry(admitted.version, function, self._timetable.jobs_of(task_id))
        return RunRequest(
            task_id=task_id,
            function=function,
            arguments=arguments,
            argv=tuple(argv),
            digest=admitted.version.digest,
            pinned=digest,
            request_id=request_id,
            created_at=self._clock.now(),
        )

    def request_of_event(self, job: Job, request_id: str) -> RunRequest:
        """Return what to put on record of an event a job waits for; raises UnknownTask, or Refused like `request_for`."""
        admitted = self._may_be_asked_for(job.task_id)
        return RunRequest(
            task_id=job.task_id,
            function=job.function,
            arguments=job.arguments,
            digest=admitted.version.digest,
            request_id=request_id,
            created_at=self._clock.now(),
            job_id=job.id,
        )

    def _may_be_asked_for(self, task_id: str) -> Admitted:
        """Return the version of a task that a run would have; raises UnknownTask, or Refused when none may start."""
        if not self._roster.is_open:
            raise Refused("the scheduler is stopping: nothing is started any more")
        admitted = self._register.get(task_id)
        if admitted is None:
            raise UnknownTask(task_id, self._register.task_ids())
        if self._register.suspended is not None:
            raise Refused(f"{task_id} is suspended: {self._register.suspended}")
        return admitted

    async def take_request(self, request: RunRequest) -> Run:
        """Put a request on record and start its run, or end it as skipped; a repeated one gives the run it made."""
        run, is_new = await self._ledger.request(request)
        fault_points.point("after-request-commit")
        is_here = self._roster.runs.get(run.id) is not None
        # One that waits and that nobody has was committed by a write that was reported as failed.
        if is_here or not (is_new or run.state is RunState.QUEUED):
            return run
        active = ActiveRun(run=run, in_turn=self._keeps_turn(run))
        self._roster.runs.add(active)
        skipped = self._enter(active)
        if skipped is None:
            self._roster.fill()
        else:
            await self._endings.end(active, skipped)
        return active.run

    # --- what a former scheduler left ---------------------------------------------------------------------

    def expect(self, run: Run, attempt: Attempt) -> None:
        """Take over a run with an attempt of a former scheduler; reports tell what became of it."""
        active = ActiveRun(
            run=run,
            admitted=self._in_force(run.task_id, attempt.digest, attempt.environment),
            attempt=attempt.id,
            digest=attempt.digest,
            placement=attempt.placement,
            output=attempt.output,
            start_recorded=attempt.state is AttemptState.RUNNING,
            is_counted=attempt.state is AttemptState.RUNNING,
            makes_up=_was_late(run, run.created_at),
        )
        self._roster.runs.add(active)
        self._roster.take_place(active)
        active.phase = Phase.LAUNCHED

    def give_back(self, attempt: AttemptId) -> bool:
        """Let go of a run whose expected attempt never began; False when a report has been acted on already."""
        active = self._roster.runs.get(attempt.run_id)
        if active is None or active.attempt != attempt or active.phase is not Phase.LAUNCHED:
            return False
        self._roster.give_back_place(active, Phase.ENDING)
        self._roster.runs.remove(active)
        return True

    def take_back(self, run: Run, *, in_turn: bool) -> None:
        """Take over a waiting run of a former scheduler, and start it when its turn comes."""
        in_turn = in_turn or self._keeps_turn(run)
        active = ActiveRun(run=run, in_turn=in_turn, makes_up=_was_late(run, self._clock.now()))
        self._roster.runs.add(active)
        if run.state is RunState.RETRYING and run.retry_at is not None:
            self._next_attempts.wait_for(active, run.retry_at)
            return
        skipped = self._enter(active)
        if skipped is None:
            self._roster.fill()
        else:
            self._endings.end_soon(active, skipped)

    # --- the door -----------------------------------------------------------------------------------------

    def _enter(self, active: ActiveRun) -> Skipped | None:
        """Put a run into the line, unless the overlap policy says why it is skipped."""
        of_task = self._roster.runs.of_task(active.run.task_id)
        if len(of_task) > 1 and not active.in_turn:  # it is one of them itself
            admitted = self._register.get(active.run.task_id)
            overlap = Overlap.SKIP if admitted is None else admitted.version.declaration.overlap
            digest = None if admitted is None else admitted.version.digest
            before = tuple(doubled(active, of_task, digest=digest))
            reason = why_skipped(before, overlap)
            if reason is not None:
                return Skipped(reason)
            if overlap is Overlap.REPLACE:
                for other in before:
                    self._interventions.replace(other, by=active)
        active.patience = self._patience(active)
        self._roster.queue(active)
        return None

    def _keeps_turn(self, run: Run) -> bool:
        """Whether a run waits for those before it and is never skipped: each is for another file."""
        job, admitted = self._timetable.job(run.job_id), self._register.get(run.task_id)
        if job is None or admitted is None or run.kind is not RunKind.EVENT:
            return False
        is_parallel = admitted.version.declaration.overlap is Overlap.PARALLEL
        return not is_parallel and isinstance(read_event(job.trigger), OnChange)

    def _patience(self, active: ActiveRun) -> timedelta:
        """Return how long a run may wait in the line until it is urgent: less when its job is due again before that."""
        if active.makes_up:
            return timedelta(seconds=PATIENCE_TO_MAKE_UP)
        job, slot = self._timetable.job(active.run.job_id), active.run.scheduled_for
        if job is None or job.next_run is None or slot is None or job.next_run <= slot:
            return active.patience
        return min(active.patience, job.next_run - slot)

    def _in_force(self, task_id: str, digest: str, environment: str) -> Admitted | None:
        """Return the version in force if it is this one."""
        admitted = self._register.get(task_id)
        if admitted is None or (admitted.version.digest, admitted.version.environment) != (digest, environment):
            return None
        return admitted


def _was_late(run: Run, now: datetime) -> bool:
    """Whether a run of a former scheduler makes up for its slot, as far as the run itself tells it."""
    return run.kind is RunKind.SCHEDULED and run.scheduled_for is not None and now - run.scheduled_for > LEAST_GRACE
