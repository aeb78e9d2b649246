"""From a free place to the launch: attempts are put on record, then sent to the executor."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from task_scheduler.core.errors import EnvironmentFailed
from task_scheduler.core.happenings import CHANGED, happening_of, inode_of
from task_scheduler.core.outcomes import Cancelled, Failed, Skipped
from task_scheduler.core.policies import LEAST_GRACE
from task_scheduler.core.requests import AttemptRequest
from task_scheduler.core.runs import AttemptId, RunKind, RunState
from task_scheduler.ports import AttemptClaim, Clock, EnvironmentProvider, Executor
from task_scheduler.services.active_run import ActiveRun, Phase
from task_scheduler.services.endings import Endings
from task_scheduler.services.next_attempts import NextAttempts
from task_scheduler.services.occasions import occasion_of
from task_scheduler.services.overlaps import must_wait
from task_scheduler.services.register import Admitted, Register
from task_scheduler.services.roster import Roster
from task_scheduler.services.run_record import RunRecord
from task_scheduler.services.runner_limits import RunnerLimits
from task_scheduler.services.side_work import SideWork
from task_scheduler.services.timetable import Timetable
from task_scheduler.services.waits import within

#: Seconds of pause after each attempt in a row that never began; the run has failed after one more.
VOID_PAUSES = (0.0, 1.0, 5.0, 15.0)


class Starter:
    """Gives free places to those whose turn it is, and launches their attempts once they are on record."""

    def __init__(
        self,
        *,
        roster: Roster,
        record: RunRecord,
        endings: Endings,
        next_attempts: NextAttempts,
        executor: Executor,
        environments: EnvironmentProvider,
        register: Register,
        timetable: Timetable,
        side_work: SideWork,
        clock: Clock,
        limits: RunnerLimits,
    ) -> None:
        self._roster = roster
        self._record = record
        self._endings = endings
        self._next_attempts = next_attempts
        self._executor = executor
        self._environments = environments
        self._register = register
        self._timetable = timetable
        self._side_work = side_work
        self._clock = clock
        self._limits = limits

    def configure(self, limits: RunnerLimits) -> None:
        """Launch by these limits from now on."""
        self._limits = limits

    def fill(self) -> None:
        """Give free places to those whose turn it is."""
        if not self._roster.is_open or self._register.suspended is not None:
            return
        to_begin: list[ActiveRun] = []
        while (active := self._roster.next_in_line()) is not None:
            admitted = self._startable(active)
            if admitted is None:
                self._roster.keep_turn(active)
                continue
            self._roster.take_place(active)
            active.digest = admitted.version.digest
            if active.attempt is not None and active.admitted is admitted:
                self._launch(active, admitted, active.attempt)
            else:
                to_begin.append(active)
        if to_begin:
            self._side_work.begin(self._begin(to_begin))

    def claim(self, admitted: Admitted, now: datetime) -> AttemptClaim:
        """Return the claim of an attempt of this version."""
        return AttemptClaim(
            digest=admitted.version.digest,
            environment=admitted.version.environment,
            placement=self._executor.place(admitted.profile),
            claimed_at=now,
        )

    def can_start_at_once(self, admitted: Admitted) -> bool:
        """Whether nothing of this version has to be waited for."""
        return self._environments.is_ready(admitted.version.environment)

    # --- whose turn it is ---------------------------------------------------------------------------------

    def _startable(self, active: ActiveRun) -> Admitted | None:
        """Return the version to run now; None when there is none, or the run has to wait, which is seen to."""
        if active.cancelled is not None:
            self._endings.end_soon(active, active.cancelled)
            return None
        if active.is_held_by_person:
            self._roster.hold(active)
            return None
        admitted = self._register.get(active.run.task_id)
        if admitted is None or active.run.function not in admitted.version.functions:
            self._end_without_version(active)
            return None
        if active.pinned not in {None, admitted.version.digest}:
            self._endings.end_soon(active, Cancelled("another version of its file came into force before it began"))
            return None
        if self._next_attempts.is_past_deadline(active):
            self._next_attempts.end_at_deadline(active)
            return None
        others = self._roster.runs.of_task(active.run.task_id)
        if must_wait(active, others, version=admitted.version):
            self._roster.hold(active)
            return None
        return admitted

    def _end_without_version(self, active: ActiveRun) -> None:
        reason = "its task is no longer in force, or without this function"
        was_due = active.run.state is RunState.QUEUED and active.run.kind is RunKind.SCHEDULED
        self._endings.end_soon(active, Skipped(reason) if was_due else Cancelled(reason))

    # --- putting attempts on record -----------------------------------------------------------------------

    async def _begin(self, batch: list[ActiveRun]) -> None:
        """Put attempts of runs that hold a place on record, then launch them."""
        while batch:
            await self._void_stale(batch)
            claims: list[tuple[ActiveRun, Admitted, AttemptClaim]] = []
            for active in batch:
                admitted = self._take_place_again(active)
                if admitted is not None:
                    claims.append((active, admitted, self.claim(admitted, self._clock.now())))
            self._roster.fill()
            if not claims:
                return
            attempts = await self._record.begin([(active.run.id, claim) for active, _, claim in claims])
            batch = []
            for (active, admitted, claim), attempt in zip(claims, attempts, strict=True):
                active.run = replace(active.run, attempts=attempt.id.number)
                active.admitted = admitted
                active.attempt = attempt.id
                active.placement = claim.placement
                active.output = attempt.output
                if self._has_to_step_back(active):
                    self._step_back(active)
                elif self._register.get(active.run.task_id) is admitted:
                    self._launch(active, admitted, attempt.id)
                else:
                    batch.append(active)

    async def _void_stale(self, batch: Sequence[ActiveRun]) -> None:
        stale = [active.attempt for active in batch if active.attempt is not None]
        if stale:
            await self._record.void(stale, "a newer version of its task is in force")
        for active in batch:
            active.clear_attempt()

    def _take_place_again(self, active: ActiveRun) -> Admitted | None:
        """Return the version to begin with now; None: the run lost its place, and its way is seen to."""
        if self._has_to_step_back(active):
            self._step_back(active)
            return None
        self._roster.give_back_place(active, Phase.HELD)
        admitted = self._startable(active)
        if admitted is None:
            return None
        if not self._environments.is_ready(admitted.version.environment):
            active.wait = self._side_work.begin(self._wait_for_environment(active, admitted))
            return None
        self._roster.take_place(active)
        active.digest = admitted.version.digest
        return admitted

    def _has_to_step_back(self, active: ActiveRun) -> bool:
        """Whether somebody decided otherwise while the attempt of a run was being put on record."""
        return active.cancelled is not None or active.is_held_by_person or not self._roster.is_open

    def _step_back(self, active: ActiveRun) -> None:
        """Take back the place of a run that is not begun after all; its attempt stays claimed, or is voided."""
        self._roster.give_back_place(active, Phase.HELD)
        if active.cancelled is not None:
            self._endings.end_soon(active, active.cancelled)
        else:
            self._roster.hold(active)
        self._roster.fill()

    async def _wait_for_environment(self, active: ActiveRun, admitted: Admitted) -> None:
        """Wait, without a place, for an environment that is gone at the time of a start."""
        grace = LEAST_GRACE.total_seconds()
        reason = "built, and gone again"
        try:
            await within(self._clock, grace, self._environments.ensure(admitted.lock))
        except EnvironmentFailed as error:
            reason = str(error)
        except TimeoutError:
            reason = f"not ready within {grace:g} s"
        active.wait = None
        is_ready = self._environments.is_ready(admitted.version.environment)
        if is_ready or self._register.get(active.run.task_id) is not admitted:
            self._roster.queue(active)
            self._roster.fill()
        else:
            await self._endings.end(active, Failed(f"its environment: {reason}"))

    async def begin_anew(self, active: ActiveRun, attempt: AttemptId, reason: str) -> None:
        """Claim another attempt for a run whose attempt never began, after a pause that grows."""
        await self._record.void([attempt], reason)
        active.clear_attempt()
        self._roster.give_back_place(active, Phase.HELD)
        self._roster.fill()
        if active.cancelled is not None:
            await self._endings.end(active, active.cancelled)
        elif active.voids == len(VOID_PAUSES):
            await self._endings.end(active, Failed(f"could not be started: {reason}"))
        else:
            active.wait = self._side_work.begin(self._queue_after(active, VOID_PAUSES[active.voids]))

    async def _queue_after(self, active: ActiveRun, pause: float) -> None:
        await self._clock.sleep(pause)
        active.wait = None
        active.voids += 1
        self._roster.queue(active)
        self._roster.fill()

    # --- sending them off ---------------------------------------------------------------------------------

    def _launch(self, active: ActiveRun, admitted: Admitted, attempt: AttemptId) -> None:
        active.phase = Phase.LAUNCHED
        self._executor.launch(self._request(active, admitted, attempt), active.placement)

    def _request(self, active: ActiveRun, admitted: Admitted, attempt: AttemptId) -> AttemptRequest:
        run, declared, limits = active.run, admitted.version.declaration, self._limits
        left = self._next_attempts.time_left(active)
        happening = happening_of(run)
        occasion = occasion_of(run, self._timetable, makes_up=active.makes_up)
        return AttemptRequest(
            id=attempt,
            task_id=run.task_id,
            title=declared.title,
            path=admitted.path,
            digest=admitted.version.digest,
            function=run.function,
            arguments=run.arguments,
            argv=run.argv or declared.arguments,
            start_method=declared.start_method,
            profile=admitted.profile,
            output=active.output,
            timeout=declared.timeout,
            kill_grace=limits.kill_grace if declared.kill_grace is None else declared.kill_grace,
            output_limit=limits.output_limit if declared.output_limit is None else declared.output_limit,
            deadline=None if left is None else max(0.0, left),
            memory_limit=declared.memory_limit,
            cpu_limit=declared.cpu_limit,
            max_processes=declared.max_processes,
            nice=declared.nice,
            user=declared.user,
            umask=declared.umask,
            working_directory=declared.working_directory,
            scheduled_for=run.scheduled_for,
            window_start=occasion.window_start,
            zone=occasion.zone,
            reason=occasion.reason,
            happening=happening,
            # Not of a later attempt: the first one may have moved the file itself.
            needs=happening.get(CHANGED) if run.started_at is None else None,
            needs_inode=inode_of(run) if run.started_at is None else None,
            variables=declared.env,
            log_level=limits.log_level,
        )
