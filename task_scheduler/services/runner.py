"""Takes runs from their instant to their outcome: places, attempts, retries, and the record of each step."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta

from task_scheduler.core.outcomes import Missed
from task_scheduler.core.policies import MisfirePolicy
from task_scheduler.core.requests import Report
from task_scheduler.core.runs import Attempt, AttemptId, AttemptNotes, Run, RunState
from task_scheduler.core.tasks import Job
from task_scheduler.ports import AttemptClaim, Clock, EnvironmentProvider, Executor, Ledger
from task_scheduler.services.active_run import Phase
from task_scheduler.services.arrivals import Arrivals
from task_scheduler.services.endings import Endings
from task_scheduler.services.follower import Follower
from task_scheduler.services.giving_up import GivingUp
from task_scheduler.services.interventions import Interventions
from task_scheduler.services.next_attempts import NextAttempts
from task_scheduler.services.patience import Patience
from task_scheduler.services.recording import Recording
from task_scheduler.services.register import Register
from task_scheduler.services.roster import Roster
from task_scheduler.services.run_record import RunRecord
from task_scheduler.services.runner_limits import RunnerLimits
from task_scheduler.services.service import Publish, Service
from task_scheduler.services.side_work import SideWork
from task_scheduler.services.starter import Starter
from task_scheduler.services.timetable import Timetable
from task_scheduler.services.waiting_for import waits_for

__all__ = ["Runner", "RunnerLimits"]


class Runner(Service):
    """Starts what is due, follows it, and records each end before anyone is told of it.

    Every change of a run passes through here while the scheduler lives. The parts share one roster, and each
    knows only those before it:

        roster ── endings ── next attempts ── starter ── recording ── follower
                                    └────── interventions ── arrivals
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
        patience: Patience,
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
        self._record = RunRecord(ledger=ledger, executor=executor, patience=patience)
        self._side_work = SideWork(service=self.name, publish=publish)
        self._begin_empty()

    def _begin_empty(self) -> None:
        """Make the parts anew: of runs, nothing is known."""
        record, side_work, clock, publish = self._record, self._side_work, self._clock, self._publish
        executor, register = self._executor, self._register
        roster = self._roster = Roster(places=self._limits.max_concurrent, clock=clock)
        endings = Endings(roster=roster, record=record, side_work=side_work, clock=clock, publish=publish)
        next_attempts = NextAttempts(
            roster=roster, endings=endings, register=register, side_work=side_work, clock=clock
        )
        starter = self._starter = Starter(
            roster=roster,
            record=record,
            endings=endings,
            next_attempts=next_attempts,
            executor=executor,
            environments=self._environments,
            register=register,
            timetable=self._timetable,
            side_work=side_work,
            clock=clock,
            limits=self._limits,
        )
        roster.fill_by(starter.fill)
        self._recording = Recording(
            roster=roster,
            record=record,
            endings=endings,
            next_attempts=next_attempts,
            clock=clock,
            publish=publish,
        )
        self._follower = Follower(
            roster=roster,
            record=record,
            recording=self._recording,
            starter=starter,
            next_attempts=next_attempts,
            executor=executor,
            side_work=side_work,
            publish=publish,
        )
        self._interventions = Interventions(
            roster=roster,
            ledger=self._ledger,
            endings=endings,
            next_attempts=next_attempts,
            executor=executor,
            clock=clock,
            publish=publish,
        )
        #: What a reset of schedules finds waiting.
        self.slots = GivingUp(roster=roster, executor=executor, clock=clock, publish=publish)
        self._arrivals = Arrivals(
            roster=roster,
            ledger=self._ledger,
            endings=endings,
            next_attempts=next_attempts,
            starter=starter,
            interventions=self._interventions,
            register=register,
            timetable=self._timetable,
            clock=clock,
        )

    def configure(self, limits: RunnerLimits) -> None:
        """Have these limits hold for what is started from now on; more places are given away at once."""
        self._limits = limits
        self._starter.configure(limits)
        self._roster.set_places(limits.max_concurrent)

    # --- what the scheduler asks --------------------------------------------------------------------------

    def counts(self) -> dict[str, int]:
        """Return how many runs execute, wait to start, and wait for a retry."""
        phases = [active.phase for active in self._roster.runs]
        return {
            "running": self._roster.busy,
            "queued": phases.count(Phase.WAITING) + phases.count(Phase.HELD),
            "retrying": phases.count(Phase.RETRYING),
        }

    @property
    def making_up(self) -> int:
        """How many runs without an outcome make up for a missed slot."""
        return sum(active.makes_up for active in self._roster.runs)

    def claim_ahead(self, job: Job, now: datetime) -> AttemptClaim | None:
        """Return the attempt to claim together with a slot of `job`, None when it will hardly start at once."""
        return self._arrivals.claim_ahead(job, now)

    def arm(self, run: Run, claim: AttemptClaim | None, *, in_turn: bool = False, makes_up: bool = False) -> None:
        """Take over a run that was claimed for an instant to come; `due` follows.

        With `in_turn` it waits for earlier slots of its job, whatever the overlap policy; with `makes_up` it leaves
        places to others.
        """
        self._arrivals.arm(run, claim, in_turn=in_turn, makes_up=makes_up)

    @property
    def is_open(self) -> bool:
        """Whether anything is started; else what is due stays on record for the next scheduler."""
        return self._roster.is_open

    def due(self, run_ids: Sequence[int]) -> None:
        """Start armed runs whose instant has come, or end them as skipped: policies are judged here."""
        self._arrivals.due(run_ids)

    def drop(self, run_ids: Sequence[int], outcome: Missed) -> Sequence[int]:
        """End armed runs whose instant will not come, beside other work; return which of these were armed."""
        return self._arrivals.drop(run_ids, outcome)

    def are_over(self, run_ids: Sequence[int]) -> bool:
        """Whether each of these runs has its outcome on record."""
        return not any(self._roster.runs.get(run_id) for run_id in run_ids)

    async def over(self, run_ids: Sequence[int]) -> None:
        """Return once each of these runs has its outcome on record."""
        await self._roster.until(lambda: self.are_over(run_ids))

    def look_again(self) -> None:
        """Start what may start now: what is in force, or may start at all, has changed."""
        self._roster.release_all_held()
        self._roster.fill()

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
        request = self._arrivals.request_for(task_id, function, request_id, argv=argv, digest=digest)
        return await self._side_work.complete(self._arrivals.take_request(request))

    async def request_for_event(self, job: Job, request_id: str) -> Run:
        """Start a job because of an event, which `request_id` names; the same event again returns the run it made.

        Raises UnknownTask, or Refused when its task cannot run now, and StoreError. Once on record, the run starts.
        """
        request = self._arrivals.request_of_event(job, request_id)
        return await self._side_work.complete(self._arrivals.take_request(request))

    def waiting_of_job(self, job: Job) -> int:
        """Return how many runs of a job have not begun."""
        of_task = self._roster.runs.of_task(job.task_id)
        return sum(active.run.job_id == job.id and active.run.state is RunState.QUEUED for active in of_task)

    async def cancel(self, run_id: int, reason: str, *, grace: float | None = None) -> Run:
        """End a run because somebody asked, and start nothing more of it.

        An executing one is returned as it is, still running, and ends within `grace` seconds (None: as its task
        says); any other is returned ended. Asked again, only the grace can change: it gets shorter. Raises Refused
        for a run that has ended, and UnknownRun for one that is not known here: it is on record as ended, or not.
        """
        return await self._side_work.complete(self._interventions.cancel(run_id, reason, grace=grace))

    async def pause(self, run_id: int) -> Run:
        """Have a run stand still, or not start, until somebody lets it go on; also by the next scheduler.

        Returns once its processes stand still, after two seconds in any case. Raises like `cancel`, and StoreError.
        """
        return await self._side_work.complete(self._interventions.pause(run_id))

    async def unpause(self, run_id: int) -> Run:
        """Have a paused run go on; raises like `pause`. One that is not paused is returned as it is."""
        return await self._side_work.complete(self._interventions.unpause(run_id))

    def notes_of(self, run_id: int) -> AttemptNotes | None:
        """Return what the attempt that executes has told of its work so far; None when none does."""
        active = self._roster.runs.get(run_id)
        return active.notes if active is not None and active.phase is Phase.LAUNCHED else None

    def waits_for(self, run_id: int) -> str | None:
        """Return what a run that has not begun waits for, as the end of a sentence; None: it does not wait."""
        active = self._roster.runs.get(run_id)
        if active is None:
            return None
        admitted = self._register.get(active.run.task_id)
        return waits_for(
            active,
            self._roster.runs.of_task(active.run.task_id),
            admitted,
            may_start=self._roster.is_open and self._register.suspended is None,
            is_ready=admitted is None or self._environments.is_ready(admitted.version.environment),
        )

    # --- what a former scheduler left ---------------------------------------------------------------------

    def expect(self, run: Run, attempt: Attempt) -> None:
        """Take over a run with an attempt of a former scheduler; reports tell what became of it."""
        self._arrivals.expect(run, attempt)

    def give_back(self, attempt: AttemptId) -> bool:
        """Let go of a run whose expected attempt never began; False when a report has been acted on already."""
        return self._arrivals.give_back(attempt)

    def take_back(self, run: Run, *, in_turn: bool = False) -> None:
        """Take over a waiting run of a former scheduler, and start it when its turn comes.

        With `in_turn` it waits for earlier slots of its job, whatever the overlap policy.
        """
        self._arrivals.take_back(run, in_turn=in_turn)

    def grace_of_slot(self, job_id: int | None, slot: datetime) -> timedelta:
        """Return how late a slot of a job may start and still be on time."""
        return MisfirePolicy.grace(self._timetable.period_at(job_id, slot))

    def note_settled(self) -> None:
        """Take note that every run without an outcome was handed over."""
        self._follower.note_settled()

    # --- what the executor reports ------------------------------------------------------------------------

    def on_report(self, report: Report) -> None:
        """Take a report of the executor; repeated and late ones change nothing."""
        self._follower.on_report(report)

    # --- lifecycle ----------------------------------------------------------------------------------------

    def close_door(self) -> None:
        """Start nothing more: what waits stays on record for the next scheduler, what executes is followed."""
        self._roster.is_open = False

    async def drained(self) -> None:
        """Return once no execution is under way and every end is on record."""
        await self._roster.until(lambda: self._roster.is_quiet)

    async def end_all(self, reason: str, *, grace: float | None = None) -> None:
        """End every execution; returns once their ends are on record. Asked again, the grace gets shorter.

        What waits is not touched: close the door first, or it takes their places.
        """
        await self._interventions.end_all(reason, grace=grace)

    async def _set_up(self) -> None:
        self._begin_empty()
        self._roster.is_open = True

    async def _run(self) -> None:
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._recording.record_ends(), name="runner: ends")
                group.create_task(self._recording.record_starts(), name="runner: starts")
        finally:
            self.close_door()

    async def _tear_down(self) -> None:
        self.close_door()
        await self._side_work.end()
        await self._recording.record_last()
