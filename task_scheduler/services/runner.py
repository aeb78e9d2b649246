"""Takes runs from their instant to their outcome: places, attempts, retries, and the record of each step."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import assert_never

from task_scheduler.core.errors import EnvironmentFailed, Refused, StoreError, UnknownTask
from task_scheduler.core.outcomes import Cancelled, Ended, Failed, Interrupted, Missed, Skipped, judge_exit
from task_scheduler.core.policies import LEAST_GRACE, MisfirePolicy, RetryPolicy
from task_scheduler.core.requests import AttemptRequest, Finished, Lost, NotStarted, Report, Started, StillRunning
from task_scheduler.core.runs import (
    Attempt,
    AttemptExit,
    AttemptId,
    AttemptState,
    Run,
    RunKind,
    RunState,
    output_name,
)
from task_scheduler.core.tasks import Job
from task_scheduler.ports import AttemptClaim, AttemptEnd, Clock, EnvironmentProvider, Executor, Ledger, RunRequest
from task_scheduler.services.active_run import ActiveRun, ActiveRuns, Phase
from task_scheduler.services.overlaps import describe_overlap, doubled, must_wait
from task_scheduler.services.patience import Patience
from task_scheduler.services.register import Admitted, Register
from task_scheduler.services.requested_entry import requested_entry
from task_scheduler.services.run_events import run_adopted, run_ended, run_not_started, run_started
from task_scheduler.services.run_record import RunRecord
from task_scheduler.services.service import Publish, Service
from task_scheduler.services.side_work import SideWork
from task_scheduler.services.timetable import Timetable
from task_scheduler.services.waiting_line import WaitingLine
from task_scheduler.services.waits import Alarm, sleep_through_suspend, within

Finish = Callable[[Sequence[AttemptEnd]], Awaitable[Mapping[int, Run | None]]]

#: A start is recorded by itself after this many seconds; a shorter run's start shares the commit of its end.
START_RECORDED_AFTER = 0.05
#: While attempts execute, ends are gathered for this many seconds: one commit serves them all.
ENDS_GATHERED = 0.02
#: Seconds of pause after each attempt in a row that never began; the run has failed after one more.
VOID_PAUSES = (0.0, 1.0, 5.0, 15.0)
#: Seconds a stop waits for the store to take the ends that are not on record yet.
LAST_WRITE_LIMIT = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class RunnerLimits:
    """Bounds that hold for every run."""

    max_concurrent: int  #: attempts executing at once
    kill_grace: float  #: seconds between TERM and KILL
    output_limit: int  #: bytes of output kept of one attempt


class Runner(Service):
    """Starts what is due, follows it, and records each end before anyone is told of it.

    Every change of a run passes through here while the scheduler lives. A place is held from the moment an
    attempt is begun until its execution is over; waiting runs and waiting retries hold none.
    """

    name = "runner"

    def __init__(
        self,
        *,
        ledger: Ledger,
        executor: Executor,
        environments: EnvironmentProvider,
        register: Register,
        timetable: Timetable,
        clock: Clock,
        limits: RunnerLimits,
        publish: Publish,
    ) -> None:
        super().__init__(publish=publish)
        self._ledger = ledger
        self._executor = executor
        self._environments = environments
        self._register = register
        self._timetable = timetable
        self._clock = clock
        self._limits = limits
        patience = Patience(clock=clock, publish=publish)
        self._record = RunRecord(ledger=ledger, executor=executor, patience=patience)
        self._side_work = SideWork(service=self.name, publish=publish)
        self._forget_everything()

    def _forget_everything(self) -> None:
        self._runs = ActiveRuns()
        self._line = WaitingLine()
        self._held: dict[str, list[ActiveRun]] = {}
        self._busy = 0
        self._ends: list[AttemptEnd] = []
        self._end_noted = asyncio.Event()
        self._end_recording = Alarm(self._clock)
        self._starts: dict[int, ActiveRun] = {}
        self._start_noted = asyncio.Event()
        self._start_recording = Alarm(self._clock)
        self._is_open = False
        self._is_settled = False

    # --- what the scheduler asks --------------------------------------------------------------------------

    def counts(self) -> dict[str, int]:
        """Return how many runs execute, wait to start, and wait for a retry."""
        phases = [active.phase for active in self._runs]
        return {
            "running": self._busy,
            "queued": phases.count(Phase.WAITING) + phases.count(Phase.HELD),
            "retrying": phases.count(Phase.RETRYING),
        }

    def claim_ahead(self, job: Job, now: datetime) -> AttemptClaim | None:
        """Return the attempt to claim together with a slot of `job`, None when it will hardly start at once."""
        admitted = self._register.get(job.task_id)
        if admitted is None or not self._environments.is_ready(admitted.version.environment):
            return None
        others = self._runs.of_task(job.task_id)
        if any(other.is_at_work and other.run.job_id in {job.id, None} for other in others):
            return None
        return self._attempt_claim(admitted, now)

    def arm(self, run: Run, claim: AttemptClaim | None, *, in_turn: bool = False) -> None:
        """Take over a run that was claimed for an instant to come; `due` follows.

        With `in_turn` it waits for earlier slots of its job instead of being skipped.
        """
        active = ActiveRun(run=run, in_turn=in_turn)
        if claim is not None:
            # The version may have changed while the claim was committed: then another attempt is claimed later.
            active.admitted = self._in_force(run.task_id, claim.digest, claim.environment)
            active.attempt = AttemptId(run_id=run.id, number=1)
            active.digest = claim.digest
            active.placement = claim.placement
            active.output = output_name(run.task_id, active.attempt)
        self._runs.add(active)

    def due(self, run_ids: Sequence[int]) -> None:
        """Start armed runs whose instant has come, or end them as skipped: policies are judged here."""
        for run_id in run_ids:
            active = self._runs.get(run_id)
            if active is None or active.phase is not Phase.ARMED:
                continue
            reason = self._why_not(active)
            if reason is None:
                self._queue(active)
            else:
                self._end_soon(active, Skipped(reason))
        self._fill()

    def drop(self, run_ids: Sequence[int], outcome: Missed) -> None:
        """End armed runs whose instant will not come."""
        for run_id in run_ids:
            active = self._runs.get(run_id)
            if active is not None and active.phase is Phase.ARMED:
                self._end_soon(active, outcome)

    def look_again(self) -> None:
        """Start what may start now: what is in force, or may start at all, has changed."""
        for task_id in tuple(self._held):
            self._release_held(task_id)
        self._fill()

    # --- what a person asks -------------------------------------------------------------------------------

    async def request(
        self,
        task_id: str,
        function: str | None,
        request_id: str,
        *,
        argv: Sequence[str] = (),
        digest: str | None = None,
    ) -> Run:
        """Start a task because somebody asked; the same `request_id` again returns the run it made.

        `argv` is the attempts' `sys.argv[1:]`. With `digest` the run begins with that very version or not at all.
        Raises UnknownTask, or Refused when the task cannot run now. A caller that gives up changes nothing:
        once on record, the run starts.
        """
        if not self._is_open:
            raise Refused("the scheduler is stopping: nothing is started any more")
        admitted = self._register.get(task_id)
        if admitted is None:
            raise UnknownTask(task_id, self._register.task_ids())
        if self._register.suspended is not None:
            raise Refused(f"{task_id} is suspended: {self._register.suspended}")
        if digest is not None and admitted.version.digest != digest:
            raise Refused(f"version {digest[:12]} of {task_id} is not in force: {admitted.version.digest[:12]} is")
        function, arguments = requested_entry(admitted.version, function, self._timetable.jobs_of(task_id))
        request = RunRequest(
            task_id=task_id,
            function=function,
            arguments=arguments,
            argv=tuple(argv),
            digest=admitted.version.digest,
            pinned=digest,
            request_id=request_id,
            created_at=self._clock.now(),
        )
        return await self._side_work.complete(self._take_request(request))

    async def _take_request(self, request: RunRequest) -> Run:
        run, is_new = await self._ledger.request(request)
        if not is_new:
            return run
        active = ActiveRun(run=run)
        self._runs.add(active)
        other = self._doubled_by(active)
        if other is None:
            self._queue(active)
            self._fill()
        else:
            await self._end_waiting(active, Skipped(describe_overlap(other)))
        return active.run

    # --- what a former scheduler left ---------------------------------------------------------------------

    def expect(self, run: Run, attempt: Attempt) -> None:
        """Take over a run with an attempt of a former scheduler; reports tell what became of it."""
        self._runs.add(
            ActiveRun(
                run=run,
                phase=Phase.LAUNCHED,
                admitted=self._in_force(run.task_id, attempt.digest, attempt.environment),
                attempt=attempt.id,
                digest=attempt.digest,
                placement=attempt.placement,
                output=attempt.output,
                start_recorded=attempt.state is AttemptState.RUNNING,
                is_counted=attempt.state is AttemptState.RUNNING,
            )
        )
        self._busy += 1

    def give_back(self, attempt: AttemptId) -> bool:
        """Let go of a run whose expected attempt never began; False when a report has been acted on already."""
        active = self._runs.get(attempt.run_id)
        if active is None or active.attempt != attempt or active.phase is not Phase.LAUNCHED:
            return False
        self._release(active)
        self._runs.remove(active)
        return True

    def resume(self, run: Run, *, in_turn: bool = False) -> None:
        """Take over a waiting run of a former scheduler, and start it when its turn comes.

        With `in_turn` it waits for earlier slots of its job instead of being skipped.
        """
        active = ActiveRun(run=run, in_turn=in_turn)
        self._runs.add(active)
        if run.state is RunState.RETRYING and run.retry_at is not None:
            self._retry(active, run.retry_at)
            return
        other = None if in_turn else self._doubled_by(active)
        if other is None:
            self._queue(active)
            self._fill()
        else:
            self._end_soon(active, Skipped(describe_overlap(other)))

    def grace_of(self, run: Run) -> timedelta:
        """Return how late the slot of a run may start and still be on time."""
        period = None if run.scheduled_for is None else self._timetable.period_at(run.job_id, run.scheduled_for)
        return MisfirePolicy.grace(period)

    def note_settled(self) -> None:
        """Take note that every run without an outcome was handed over.

        Before, a report about an attempt that is not known may be the truth about a run still to come.
        """
        self._is_settled = True

    # --- lifecycle ----------------------------------------------------------------------------------------

    async def _set_up(self) -> None:
        self._forget_everything()
        self._is_open = True

    async def _run(self) -> None:
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._record_ends(), name="runner: ends")
                group.create_task(self._record_starts(), name="runner: starts")
        finally:
            self._is_open = False

    async def _tear_down(self) -> None:
        self._is_open = False
        await self._side_work.end()
        # The executor keeps what it was not told to forget; this only saves the next start the work.
        if self._ends:
            with contextlib.suppress(StoreError, TimeoutError):
                await within(
                    self._clock, LAST_WRITE_LIMIT, self._record_batch(tuple(self._ends), self._record.finish_once)
                )

    # --- from the line to the executor --------------------------------------------------------------------

    def _queue(self, active: ActiveRun) -> None:
        active.phase = Phase.WAITING
        self._line.join(active.run.task_id, active.run.id)

    def _hold(self, active: ActiveRun) -> None:
        active.phase = Phase.HELD
        self._held.setdefault(active.run.task_id, []).append(active)

    def _release_held(self, task_id: str) -> None:
        for active in self._held.pop(task_id, ()):
            self._queue(active)

    def _fill(self) -> None:
        """Give free places to those whose turn it is."""
        if not self._is_open or self._register.suspended is not None:
            return
        to_begin: list[ActiveRun] = []
        while self._busy < self._limits.max_concurrent and (run_id := self._line.next()) is not None:
            active = self._runs.get(run_id)
            if active is None:
                raise AssertionError(f"run {run_id} stands in the line and is not known")
            admitted = self._startable(active)
            if admitted is None:
                continue
            self._busy += 1
            active.phase = Phase.BEGINNING
            active.digest = admitted.version.digest
            if active.attempt is not None and active.admitted is admitted:
                self._launch(active, admitted, active.attempt)
            else:
                to_begin.append(active)
        if to_begin:
            self._side_work.begin(self._begin(to_begin))

    def _startable(self, active: ActiveRun) -> Admitted | None:
        """Return the version to run now; None when there is none, or the run has to wait, which is seen to."""
        admitted = self._register.get(active.run.task_id)
        if admitted is None or active.run.function not in admitted.version.functions:
            self._end_without_version(active)
            return None
        if active.pinned not in {None, admitted.version.digest}:
            self._end_soon(active, Cancelled("another version of its file came into force before it began"))
            return None
        if must_wait(active, self._runs.of_task(active.run.task_id), digest=admitted.version.digest):
            self._hold(active)
            return None
        return admitted

    async def _begin(self, batch: list[ActiveRun]) -> None:
        """Put attempts of runs that hold a place on record, then launch them."""
        while batch:
            await self._void_stale(batch)
            claims: list[tuple[ActiveRun, Admitted, AttemptClaim]] = []
            for active in batch:
                admitted = self._take_place_again(active)
                if admitted is not None:
                    claims.append((active, admitted, self._attempt_claim(admitted, self._clock.now())))
            self._fill()
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
                if self._register.get(active.run.task_id) is admitted:
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
        self._release(active)
        admitted = self._startable(active)
        if admitted is None:
            return None
        if not self._environments.is_ready(admitted.version.environment):
            active.phase = Phase.HELD
            self._side_work.begin(self._wait_for_environment(active, admitted))
            return None
        self._busy += 1
        active.phase = Phase.BEGINNING
        active.digest = admitted.version.digest
        return admitted

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
        is_ready = self._environments.is_ready(admitted.version.environment)
        if is_ready or self._register.get(active.run.task_id) is not admitted:
            self._queue(active)
            self._fill()
        else:
            await self._end_waiting(active, Failed(f"its environment: {reason}"))

    def _launch(self, active: ActiveRun, admitted: Admitted, attempt: AttemptId) -> None:
        active.phase = Phase.LAUNCHED
        declaration = admitted.version.declaration
        self._executor.launch(
            AttemptRequest(
                id=attempt,
                task_id=active.run.task_id,
                title=declaration.title,
                path=admitted.path,
                digest=admitted.version.digest,
                function=active.run.function,
                arguments=active.run.arguments,
                argv=active.run.argv or declaration.arguments,
                start_method=declaration.start_method,
                profile=admitted.profile,
                output=active.output,
                timeout=declaration.timeout,
                kill_grace=self._limits.kill_grace,
                output_limit=self._limits.output_limit,
                scheduled_for=active.run.scheduled_for,
            ),
            active.placement,
        )

    # --- what the executor reports ------------------------------------------------------------------------

    def on_report(self, report: Report) -> None:
        """Take a report of the executor; repeated and late ones change nothing."""
        active = self._runs.get(report.id.run_id)
        if active is None or active.attempt != report.id:
            if self._is_settled and not isinstance(report, Started | StillRunning):
                self._record.forget(report.id)
            return
        if active.phase is not Phase.LAUNCHED:
            return
        match report:
            case Started():
                self._note_start(active, report)
            case StillRunning():
                self._note_adoption(active, report)
            case Finished():
                self._note_end(active, report.exit, judge_exit(report.exit, timeout=self._timeout(active)))
            case Lost():
                self._note_end(active, AttemptExit(), Interrupted(report.reason))
            case NotStarted():
                active.phase = Phase.BEGINNING
                self._side_work.begin(self._begin_anew(active, report.id, report.reason))
            case _:
                assert_never(report)

    def _note_start(self, active: ActiveRun, started: Started) -> None:
        if active.started is None:
            self._remember_start(active, started)
            self._publish(run_started(active.run))

    def _note_adoption(self, active: ActiveRun, report: StillRunning) -> None:
        if active.started is None and not active.start_recorded and report.started_at is not None:
            started = Started(id=report.id, started_at=report.started_at, process=active.placement)
            self._remember_start(active, started)
        self._publish(run_adopted(active.run))

    def _remember_start(self, active: ActiveRun, started: Started) -> None:
        active.started = started
        if not active.start_recorded:
            self._starts[active.run.id] = active
            self._start_noted.set()

    def _note_end(self, active: ActiveRun, exit_: AttemptExit, outcome: Ended) -> None:
        if active.attempt is None:
            raise AssertionError("an end belongs to an attempt")
        now = self._clock.now()
        policy = self._retry_policy(active.run.task_id)
        retry_at = policy.next_attempt(outcome=outcome, executions=active.executions, now=now)
        self._ends.append(
            AttemptEnd(
                id=active.attempt,
                outcome=outcome,
                exit=exit_,
                at=exit_.ended_at or now,
                retry_at=retry_at,
                started=active.started,
            )
        )
        self._release(active)
        active.phase = Phase.ENDING
        active.will_retry = retry_at is not None
        self._end_noted.set()
        if self._starts.pop(active.run.id, None) is not None and not self._starts:
            self._start_recording.cut_short()  # a wake-up for nothing costs more than all of this
        self._release_held(active.run.task_id)
        self._fill()
        if not self._busy:
            self._end_recording.cut_short()

    async def _begin_anew(self, active: ActiveRun, attempt: AttemptId, reason: str) -> None:
        """Claim another attempt for a run whose attempt never began, after a pause that grows."""
        await self._record.void([attempt], reason)
        active.clear_attempt()
        self._release(active)
        active.phase = Phase.HELD
        self._fill()
        if active.voids == len(VOID_PAUSES):
            await self._end_waiting(active, Failed(f"could not be started: {reason}"))
            return
        await self._clock.sleep(VOID_PAUSES[active.voids])
        active.voids += 1
        self._queue(active)
        self._fill()

    # --- the record ---------------------------------------------------------------------------------------

    async def _record_ends(self) -> None:
        while True:
            await self._end_noted.wait()
            self._end_noted.clear()
            while self._ends:
                if self._busy:
                    # Nobody waits for this commit: the places of these runs are free already.
                    await self._end_recording.sleep(ENDS_GATHERED)
                await self._record_batch(tuple(self._ends), self._record.finish)

    async def _record_batch(self, ends: Sequence[AttemptEnd], finish: Finish) -> None:
        runs = await finish(ends)
        del self._ends[: len(ends)]
        for end in ends:
            self._close_attempt(end, runs[end.id.run_id])
        self._fill()

    def _close_attempt(self, end: AttemptEnd, run: Run | None) -> None:
        active = self._runs.get(end.id.run_id)
        if active is None:
            raise AssertionError(f"run {end.id.run_id} ended twice")
        active.clear_attempt()
        active.voids = 0
        if run is None or run.is_final:
            self._runs.remove(active)
            self._release_held(active.run.task_id)
        else:
            active.run = run
            self._retry(active, end.at if run.retry_at is None else run.retry_at)
        if run is not None:
            self._publish(run_ended(run, end))

    async def _record_starts(self) -> None:
        while True:
            await self._start_noted.wait()
            self._start_noted.clear()
            noted = tuple(self._starts.values())
            await self._start_recording.sleep(START_RECORDED_AFTER)
            reports: list[Started] = []
            for active in noted:
                if active.started is not None and self._starts.get(active.run.id) is active:
                    del self._starts[active.run.id]
                    active.start_recorded = True
                    reports.append(active.started)
            if reports:
                await self._record.started(reports)

    def _retry(self, active: ActiveRun, moment: datetime) -> None:
        active.phase = Phase.RETRYING
        if self._is_open:
            self._side_work.begin(self._queue_at(active, moment))

    async def _queue_at(self, active: ActiveRun, moment: datetime) -> None:
        # Bounded by the delay itself: the clock may have been set back since the moment was chosen.
        longest = self._retry_policy(active.run.task_id).delay
        wait = min(moment - self._clock.now(), longest)
        await sleep_through_suspend(self._clock, wait.total_seconds())
        self._queue(active)
        self._fill()

    def _end_soon(self, active: ActiveRun, outcome: Skipped | Missed | Cancelled | Failed) -> None:
        active.phase = Phase.ENDING
        self._side_work.begin(self._end_waiting(active, outcome))

    def _end_without_version(self, active: ActiveRun) -> None:
        reason = "its task is no longer in force, or without this function"
        was_due = active.run.state is RunState.QUEUED and active.run.kind is RunKind.SCHEDULED
        self._end_soon(active, Skipped(reason) if was_due else Cancelled(reason))

    async def _end_waiting(self, active: ActiveRun, outcome: Skipped | Missed | Cancelled | Failed) -> None:
        """End a run that has no execution under way."""
        active.phase = Phase.ENDING
        if active.attempt is not None:
            await self._record.void([active.attempt], outcome.reason)
            active.clear_attempt()
        ended = await self._record.resolve(active.run.id, outcome, self._clock.now())
        self._runs.remove(active)
        if ended is not None:
            active.run = ended
            self._publish(run_not_started(ended, outcome))
        self._release_held(active.run.task_id)
        self._fill()

    # --- small answers ------------------------------------------------------------------------------------

    def _why_not(self, active: ActiveRun) -> str | None:
        """Return why a slot whose instant has come is not run, None when it is."""
        if self._timetable.job(active.run.job_id) is None:
            return "its task was changed, disabled or deleted before its instant"
        if self._register.suspended is not None:
            return f"its task is suspended: {self._register.suspended}"
        other = None if active.in_turn else self._doubled_by(active)
        return None if other is None else describe_overlap(other)

    def _doubled_by(self, active: ActiveRun) -> ActiveRun | None:
        admitted = self._register.get(active.run.task_id)
        digest = None if admitted is None else admitted.version.digest
        return doubled(active, self._runs.of_task(active.run.task_id), digest=digest)

    def _in_force(self, task_id: str, digest: str, environment: str) -> Admitted | None:
        """Return the version in force if it is this one."""
        admitted = self._register.get(task_id)
        if admitted is None or (admitted.version.digest, admitted.version.environment) != (digest, environment):
            return None
        return admitted

    def _attempt_claim(self, admitted: Admitted, now: datetime) -> AttemptClaim:
        return AttemptClaim(
            digest=admitted.version.digest,
            environment=admitted.version.environment,
            placement=self._executor.place(admitted.profile),
            claimed_at=now,
        )

    def _retry_policy(self, task_id: str) -> RetryPolicy:
        """Return the policy of the version now in force: a task that was disabled or deleted is not retried."""
        admitted = self._register.get(task_id)
        if admitted is None:
            return RetryPolicy()
        declaration = admitted.version.declaration
        return RetryPolicy(count=declaration.retry_count, delay=timedelta(seconds=declaration.retry_delay))

    @staticmethod
    def _timeout(active: ActiveRun) -> float | None:
        return None if active.admitted is None else active.admitted.version.declaration.timeout

    def _release(self, active: ActiveRun) -> None:
        """Give back the place a run holds."""
        if active.holds_place:
            self._busy -= 1
            active.phase = Phase.WAITING
