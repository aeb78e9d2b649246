"""Puts due slots on record and hands each run over at its instant.

A look compares the clocks, judges what was claimed ahead and is late, and claims what is due, in this order. A run is
handed over without a look only while nobody could doubt that it may run: it is late by less than any policy asks about, or
a look has judged it just now. So a clock that was corrected is noticed before a policy is asked, and no judgement is older
than the wait that followed it.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from task_scheduler import fault_points
from task_scheduler.core.clocks import (
    CLOCK_GAPS,
    CLOCK_GENERATION,
    LAST_SEEN,
    OUTAGES,
    ClockChange,
    ClockGap,
    ClockReading,
    compare,
    outage,
)
from task_scheduler.core.errors import StoreError
from task_scheduler.core.events import Event, Level
from task_scheduler.core.outcomes import Missed
from task_scheduler.core.planning import JobPlan, MissSlots, RunSlot, miss_all, plan_job, why_too_late
from task_scheduler.core.policies import LEAST_GRACE, PUNCTUAL, MisfirePolicy
from task_scheduler.core.restoring import UNSETTLED, Restored
from task_scheduler.core.runs import Run
from task_scheduler.core.tasks import Missed as MissedPolicy
from task_scheduler.ports import AttemptClaim, Clock, Executor, Ledger, SlotClaim, StateStore
from task_scheduler.services.armed_runs import ArmedRun, ArmedRuns
from task_scheduler.services.clock_gaps import ClockGaps
from task_scheduler.services.overdue import Overdue
from task_scheduler.services.patience import STORE_RETRY_DELAY, Patience
from task_scheduler.services.register import Register
from task_scheduler.services.runner import Runner
from task_scheduler.services.service import Publish, Service
from task_scheduler.services.slot_events import misfires
from task_scheduler.services.timetable import TimedJob, Timetable
from task_scheduler.services.waits import Alarm

#: Slots are put on record this long before their instant, so that the commit costs no punctuality.
CLAIM_AHEAD = timedelta(milliseconds=500)
#: Jobs whose slots share a transaction, at most: planning more in one go would make other runs late.
MOST_CLAIMED_AT_ONCE = 500
#: A worker for a job is made ready this long before its slot.
WARM_AHEAD = timedelta(seconds=10)
#: Time between two looks for workers to make ready, while nothing changes.
WARM_EVERY = timedelta(seconds=2)
#: A sign of life is left by the first look after this long, and looks are no further apart: so it is a minute old at most.
#: It tells the next start what was handed over, and whether the clock was set back meanwhile.
HEARTBEAT = timedelta(seconds=30)

#: Why slots are missed that nobody can make up for.
_ENDED = "its schedule was changed, disabled or deleted before they could run"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Planned:
    """One job's slots as they are to be put on record."""

    claims: list[SlotClaim]
    next_run: datetime | None


class Scheduler(Service):
    """The tick: one look at the clock, one plan, one commit, and each run handed over when its instant comes.

    A claim made ahead is only a row: whether it runs is judged at its instant, by the runner.
    """

    name = "scheduler"

    def __init__(
        self,
        *,
        ledger: Ledger,
        state: StateStore,
        runner: Runner,
        executor: Executor,
        register: Register,
        timetable: Timetable,
        clock: Clock,
        policy: MisfirePolicy,
        loop_interval: float,
        patience: Patience,
        on_look: Callable[[], None] | None = None,
        look_every: float = math.inf,
        publish: Publish,
    ) -> None:
        """Plan the jobs of `timetable`; `loop_interval` is the longest sleep, in seconds, and so is `look_every`.

        `on_look` is called after each look at the clock and all that came of it: whoever hears it knows that this loop moves.
        """
        super().__init__(publish=publish)
        self._ledger = ledger
        self._state = state
        self._runner = runner
        self._executor = executor
        self._register = register
        self._timetable = timetable
        self._clock = clock
        self._policy = policy
        self._loop_interval = loop_interval
        self._patience = patience
        self._on_look = on_look
        self._look_every = look_every
        #: Held by whoever plans jobs: two at once could each put the same slots on record.
        self.turn = asyncio.Lock()
        self._planning = Alarm(clock)
        self._handing_over = Alarm(clock, exact=True)
        self._armed = ArmedRuns()
        #: Runs that were judged and dropped, and may not have their outcome on record yet.
        self._dropped: list[int] = []
        self._gaps = ClockGaps(state)
        self._generation = 0
        self._reading: ClockReading | None = None
        self._seen_at: datetime | None = None
        self._warmed_at: datetime | None = None
        #: Since when nothing kept this from looking: what was due before is made up for.
        self._there_since: datetime | None = None
        #: What was found overdue last; None: nothing was since the start.
        self.overdue: Overdue | None = None

    def wake(self) -> None:
        """Look again now: the timetable has changed, or what may start."""
        self._warmed_at = None
        self._planning.ring()

    async def configure(self, *, policy: MisfirePolicy, loop_interval: float) -> None:
        """Plan by this policy, and sleep no longer than this, in seconds, from the next look on; returns before it."""
        # Between two looks: what one of them has judged goes on record as it was judged.
        async with self.turn:
            self._policy = policy
            self._loop_interval = loop_interval
        self.wake()
        self._handing_over.ring()

    def arm(self, run: Run) -> None:
        """Hand a run that a former scheduler claimed ahead over at its instant."""
        self._arm(run, None, in_turn=False, makes_up=False, judged_at=None)

    @property
    def next_due(self) -> datetime | None:
        """Return the next instant at which anything is due."""
        moments = (self._armed.next_at, self._timetable.next_due())
        return min((moment for moment in moments if moment is not None), default=None)

    @property
    def generation(self) -> int:
        """How often the clock was corrected: slots of a generation are told apart from those before."""
        return self._generation

    @property
    def misfire(self) -> MisfirePolicy:
        """What happens to slots that could not run in time."""
        return self._policy

    # --- lifecycle ----------------------------------------------------------------------------------------

    async def _set_up(self) -> None:
        self._generation = int(await self._state.get(CLOCK_GENERATION) or 0)
        last_seen = await self._state.get(LAST_SEEN)
        reading = self._read_clocks()
        self._there_since = reading.wall
        if last_seen is not None:
            # Of a clock that was changed while nobody looked, only a step backwards can be told.
            stepped = reading.wall - datetime.fromisoformat(last_seen)
            change = ClockChange(suspended=timedelta(0), stepped=min(stepped, timedelta(0)))
            if change.is_correction:
                await self._correct(reading.wall, change)
            if (gap := outage(await self._nobody_since(last_seen), reading.wall)) is not None:
                self._gaps.note(OUTAGES, gap)
                await self._gaps.record()
        await self._write_off_lost_time()
        self._reading = reading

    async def _nobody_since(self, last_seen: str) -> datetime:
        """Return since when nobody was there, as far as that is known."""
        lost = await self._lost_time()
        seen = datetime.fromisoformat(last_seen)
        # The sign in a backup is as old as the backup; who was there until that was restored is not on record.
        return seen if lost is None else max(seen, lost.at)

    async def _run(self) -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(self._plan_ahead(), name="scheduler: plan")
            group.create_task(self._hand_over(), name="scheduler: hand over")

    async def _tear_down(self) -> None:
        # A correction that was not made, or not to its end, is made at the next start, by the sign of life that is there.
        if self._reading is not None and not compare(self._reading, self._read_clocks()).is_correction:
            # The next scheduler tells from this how long nobody was there.
            self._seen_at = None
            await self._leave_sign_of_life(self._clock.now())
        self._reading = None
        self._armed.take_all()
        self._seen_at = None
        self._warmed_at = None
        self.overdue = None

    # --- planning -----------------------------------------------------------------------------------------

    async def _plan_ahead(self) -> None:
        while True:
            async with self.turn:
                now = await self._look_at_clocks()
                self._judge_late(now)
                is_on_record = await self._claim_due(now)
            if not is_on_record:
                await self._clock.sleep(STORE_RETRY_DELAY)
            self._warm_up(now)
            self._runner.look_again()
            await self._gaps.record()
            await self._leave_sign_of_life(now)
            if self._on_look is not None:
                self._on_look()
            await self._planning.sleep(self._pause())

    async def _claim_due(self, now: datetime) -> bool:
        """Put due slots on record; return False when the store fails, and they stay owed."""
        if not await self._write_off_ended(now):
            return False
        due = self._timetable.take_due(now + CLAIM_AHEAD)
        if not due:
            self._patience.give_up(self)
            self._armed.expect_no_more()
        overdue = Overdue.among(due, now)
        claims: list[SlotClaim] = []
        while due:
            batch, due = due[:MOST_CLAIMED_AT_ONCE], due[MOST_CLAIMED_AT_ONCE:]
            try:
                claims += await self._put_on_record({timed.job.id: self._plan(timed, now) for timed in batch})
            except StoreError as error:
                # Nothing runs that is not on record. The slots stay owed; the misfire policy judges them later.
                self._timetable.put_back([*batch, *due])
                self._tell_misfires(claims)
                self._patience.note_failure(self, error)
                return False
            self._patience.note_success(self)
        self._tell_misfires(claims)
        if overdue is not None:
            self.overdue = overdue
            self._publish(overdue.event())
        return True

    async def _write_off_ended(self, now: datetime) -> bool:
        """Record as missed what jobs owed whose files changed or went before it could run; False: the store fails."""
        ended = self._timetable.take_ended()
        claims = []
        for timed in ended:
            if timed.job.next_run is not None and timed.job.next_run <= now:
                plan = miss_all(timed.trigger, timed.job.next_run, now=now, reason=_ENDED)
                claims += self._claims(timed, plan, now)
        if not claims:
            return True
        try:
            await self._ledger.claim(claims, {})
        except StoreError as error:
            self._timetable.keep_ended(ended)
            self._patience.note_failure(self, error)
            return False
        self._patience.note_success(self)
        self._tell_misfires(claims)
        return True

    async def _put_on_record(self, planned: dict[int, _Planned]) -> Sequence[SlotClaim]:
        """Put plans on record and take over what is to run; return the claims, of which misfires are still to be told."""
        claims = [claim for plan in planned.values() for claim in plan.claims]
        # Before: a claim that is cancelled, or reported as failed, may be committed all the same.
        self._armed.expect(claims)
        runs = await self._ledger.claim(claims, {job_id: plan.next_run for job_id, plan in planned.items()})
        fault_points.point("after-claim-commit")
        for job_id, plan in planned.items():
            self._timetable.move_on(job_id, plan.next_run)
        self._take_over(runs, claims)
        self._armed.expect_no_more()
        return claims

    def _plan(self, timed: TimedJob, now: datetime) -> _Planned:
        if timed.job.next_run is None:
            raise AssertionError("a job without a next slot is never due")
        policy = self._policy_of(timed.job.task_id)
        plan = plan_job(timed.trigger, timed.job.next_run, now=now, until=now + CLAIM_AHEAD, policy=policy)
        return _Planned(claims=self._claims(timed, plan, now), next_run=plan.next_run)

    def _policy_of(self, task_id: str) -> MisfirePolicy:
        """Return the policy for a task's slots: what it declares itself comes before the setting."""
        admitted = self._register.get(task_id)
        return self._policy.of(None if admitted is None else admitted.version.declaration)

    def _claims(self, timed: TimedJob, plan: JobPlan, now: datetime) -> list[SlotClaim]:
        admitted = self._register.get(timed.job.task_id)
        digest = None if admitted is None else admitted.version.digest
        claims: list[SlotClaim] = []
        # Of several slots only the first can start at once: the others wait for it, or are skipped.
        attempt = (
            self._runner.claim_ahead(timed.job, now) if any(_runs(decision) for decision in plan.decisions) else None
        )
        for decision in plan.decisions:
            if isinstance(decision, RunSlot):
                claims.append(self._run_claim(timed, decision, digest=digest, attempt=attempt, now=now))
                attempt = None
            else:
                claims.append(self._miss_claim(timed, decision, digest=digest, now=now))
        return claims

    def _run_claim(
        self, timed: TimedJob, slot: RunSlot, *, digest: str | None, attempt: AttemptClaim | None, now: datetime
    ) -> SlotClaim:
        return SlotClaim(
            job=timed.job,
            digest=digest,
            scheduled_for=slot.scheduled_for,
            clock_generation=self._generation,
            created_at=now,
            merged=slot.merged,
            merged_from=slot.merged_from,
            attempt=attempt,
        )

    def _miss_claim(self, timed: TimedJob, slots: MissSlots, *, digest: str | None, now: datetime) -> SlotClaim:
        return SlotClaim(
            job=timed.job,
            digest=digest,
            scheduled_for=slots.first,
            clock_generation=self._generation,
            created_at=now,
            outcome=Missed(slots.reason),
            count=slots.count,
            range_end=slots.last,
        )

    def _take_over(self, runs: Sequence[Run], claims: Sequence[SlotClaim]) -> None:
        claimed = {(claim.job.id, claim.scheduled_for): claim for claim in claims}
        for run in runs:
            if run.job_id is None or run.scheduled_for is None:
                raise AssertionError("a claimed run names its slot")
            claim = claimed[run.job_id, run.scheduled_for]
            is_late = claim.scheduled_for < claim.created_at
            in_turn = is_late and self._policy_of(run.task_id).missed is MissedPolicy.ALL
            makes_up = is_late and self._makes_up(claim)
            judged_at = claim.created_at if is_late else None
            self._arm(run, claim.attempt, in_turn=in_turn, makes_up=makes_up, judged_at=judged_at)

    def _makes_up(self, claim: SlotClaim) -> bool:
        """Whether a slot is made up for: nobody was there at its instant, or it is later than it may be."""
        if self._there_since is not None and claim.scheduled_for < self._there_since:
            return True
        late = claim.created_at - claim.scheduled_for
        return late > LEAST_GRACE and late > self._runner.grace_of_slot(claim.job.id, claim.scheduled_for)

    def _arm(
        self, run: Run, attempt: AttemptClaim | None, *, in_turn: bool, makes_up: bool, judged_at: datetime | None
    ) -> None:
        self._runner.arm(run, attempt, in_turn=in_turn, makes_up=makes_up)
        if self._armed.add(run, judged_at=judged_at):
            self._handing_over.ring()

    def _tell_misfires(self, claims: Sequence[SlotClaim]) -> None:
        for event in misfires(claims):
            self._publish(event)

    def _warm_up(self, now: datetime) -> None:
        """Have workers ready for what is due soon."""
        if self._warmed_at is not None and abs(now - self._warmed_at) < WARM_EVERY:
            return
        self._warmed_at = now
        profiles = set()
        for timed in self._timetable.due_within(now + WARM_AHEAD + WARM_EVERY):
            admitted = self._register.get(timed.job.task_id)
            if admitted is not None:
                profiles.add(admitted.profile)
        for profile in profiles:
            self._executor.prepare(profile)

    def _pause(self) -> float:
        """Return seconds until something has to be done: workers made ready, then slots put on record."""
        if self._timetable.has_ended:
            return 0.0
        owed = self._timetable.next_due()
        longest = min(self._loop_interval, self._look_every, HEARTBEAT.total_seconds())
        if owed is None:
            return longest
        ahead = owed - self._clock.now()
        wait = ahead - WARM_AHEAD if ahead > WARM_AHEAD else ahead - CLAIM_AHEAD
        return min(longest, max(0.0, wait.total_seconds()))

    # --- handing over -------------------------------------------------------------------------------------

    async def _hand_over(self) -> None:
        while True:
            if not self._runner.is_open:
                # What would be handed over now would go nowhere: it stays here, so that the next scheduler judges it.
                await self._handing_over.sleep(self._loop_interval)
                continue
            now = self._clock.now()
            due: list[int] = []
            for armed in self._armed.take_due(now):
                if self._is_beyond_doubt(armed, now):
                    due.append(armed.run.id)
                else:
                    self._armed.put_off(armed)
            if due:
                self._runner.due(due)
            if self._armed.any_late:
                self._planning.ring()
            await self._handing_over.sleep(self._time_to_next())

    def _is_beyond_doubt(self, armed: ArmedRun, now: datetime) -> bool:
        """Whether a run may be handed over as it is: nobody has to look at the clocks and at its policy first.

        Between the claim and its instant the machine may have slept, or its clock been set; and a claim waits for the store.
        """
        if now - armed.since <= PUNCTUAL:
            return True
        late = now - armed.at
        return late <= LEAST_GRACE and late <= self._policy_of(armed.run.task_id).reach

    def _judge_late(self, now: datetime) -> None:
        """Hand over what is late and may run all the same, before later slots of its job; end the rest as missed."""
        if not self._runner.is_open:
            return  # the next scheduler judges
        due: list[int] = []
        for armed in self._armed.take_late():
            trigger = self._timetable.trigger(armed.run.job_id)
            reason = why_too_late(trigger, armed.at, now=now, policy=self._policy_of(armed.run.task_id))
            if reason is None:
                due.append(armed.run.id)
            else:
                self._dropped += self._runner.drop([armed.run.id], Missed(reason))
        if due:
            self._runner.due(due)

    def _time_to_next(self) -> float | None:
        """Return seconds until the next run is handed over; None when none is armed."""
        at = self._armed.next_at
        if at is None:
            return None
        # At most the loop interval, since the wall clock can be set while this sleeps.
        return min((at - self._clock.now()).total_seconds(), self._loop_interval)

    # --- clocks -------------------------------------------------------------------------------------------

    def _read_clocks(self) -> ClockReading:
        return ClockReading(wall=self._clock.now(), monotonic=self._clock.monotonic(), boottime=self._clock.boottime())

    async def _look_at_clocks(self) -> datetime:
        """Return the moment this round of planning is about, after doing what a change of the clocks asks for.

        What that asks for may wait for the store: the moment is read after it, and nothing was awaited since.
        """
        while True:
            before, reading = self._reading, self._read_clocks()
            change = ClockChange.none() if before is None else compare(before, reading)
            if before is not None and (change.suspended or change.stepped):
                await self._follow(change, before.wall, reading.wall)
                # Not before: a correction that is cancelled halfway is made at the next start, by the sign of life.
                self._reading = reading
            else:
                self._reading = reading
                return reading.wall

    async def _follow(self, change: ClockChange, before: datetime, now: datetime) -> None:
        """Do what a change of the clocks asks for, from the reading `before` it to that of `now`."""
        if change.suspended:
            self._tell_clock("clock.suspended", change.gap)
        self._there_since = now
        if change.gap:
            # Before the slots in it: whoever asks why they are late is told.
            self._gaps.note(CLOCK_GAPS, ClockGap(after=before, until=now, cause=change.gap))
            await self._gaps.record()
        if change.is_correction:
            await self._correct(now, change)
        elif change.stepped:
            by = f"{change.stepped.total_seconds():+.1f} s"
            self._tell_clock("clock.stepped", f"the clock was set by {by}; slots already on record are not repeated")

    async def _correct(self, now: datetime, change: ClockChange) -> None:
        """Plan everything from now: the time the clock showed before was wrong."""
        self._generation += 1
        hours = change.stepped / timedelta(hours=1)
        reason = f"the clock was corrected by {hours:+.1f} h"
        self._tell_clock("clock.corrected", f"{reason}: all jobs are planned from now")
        # On record before the generation is: else the next start would hand them over, beside the same slots of the new one.
        # So is what was judged and dropped before.
        await self._runner.over([*self._dropped, *self._runner.drop(self._armed.take_all(), Missed(reason))])
        await self._patience.write(lambda: self._state.put(CLOCK_GENERATION, str(self._generation)))
        # Planned anew at each try: the timetable may change while the store fails.
        self._tell_misfires(await self._patience.write(lambda: self._put_on_record(self._plans_from(now, reason))))

    async def _write_off_lost_time(self) -> None:
        """Record the slots between a backup and its restore as missed: they may have run, and run no second time."""
        restored = await self._lost_time()
        if restored is None:
            return
        claims = await self._patience.write(
            lambda: self._put_on_record(self._plans_from(restored.at, restored.reason, owed_only=True))
        )
        self._tell_misfires(claims)
        await self._patience.write(lambda: self._state.put(UNSETTLED, ""))

    async def _lost_time(self) -> Restored | None:
        """Return what is known of a backup that took the record's place since the last start; None: none did."""
        unsettled = await self._state.get(UNSETTLED)
        return Restored.parse(unsettled) if unsettled else None

    def _plans_from(self, now: datetime, reason: str, *, owed_only: bool = False) -> dict[int, _Planned]:
        """Return plans that leave out all before `now`; with `owed_only` jobs that owe nothing before stay as they are."""
        planned: dict[int, _Planned] = {}
        for timed in self._timetable.all():
            if timed.job.next_run is not None and not (owed_only and timed.job.next_run > now):
                plan = miss_all(timed.trigger, timed.job.next_run, now=now, reason=reason)
                planned[timed.job.id] = _Planned(claims=self._claims(timed, plan, now), next_run=plan.next_run)
        return planned

    def _tell_clock(self, name: str, message: str) -> None:
        self._publish(Event(name=name, message=message, level=Level.WARNING))

    async def _leave_sign_of_life(self, now: datetime) -> None:
        """Put on record that all that was due before was handed over or ended: the rescuer builds on it.

        It may say less than is true, never more.
        """
        if self._seen_at is not None and abs(now - self._seen_at) < HEARTBEAT:
            return
        if not self._runner.are_over(self._dropped):
            return
        self._dropped = []
        try:
            await self._state.put(LAST_SEEN, self._armed.none_before(now).isoformat())
        except StoreError:
            return  # what matters is refused by the claim itself, which says so; the next look tries again
        self._seen_at = now


def _runs(decision: RunSlot | MissSlots) -> bool:
    return isinstance(decision, RunSlot)
