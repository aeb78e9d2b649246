"""What a person may do about a run that has no outcome yet: cancel it, pause it, let it go on."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from task_scheduler import fault_points
from task_scheduler.core.errors import Refused
from task_scheduler.core.outcomes import Cancelled, Skipped
from task_scheduler.core.runs import Run, RunState
from task_scheduler.ports import Clock, Executor, Ledger
from task_scheduler.services.active_run import IDLE, ActiveRun, Phase
from task_scheduler.services.endings import Endings
from task_scheduler.services.next_attempts import NextAttempts
from task_scheduler.services.roster import Roster, has_ended
from task_scheduler.services.run_events import run_paused, run_resumed, run_stopping
from task_scheduler.services.service import Publish
from task_scheduler.services.waits import is_done_within

#: Seconds a pause waits to hear that the processes stand still; the order holds in any case.
CONFIRMED_WITHIN = 2.0


class Interventions:
    """Changes what becomes of runs, in whatever phase they are.

    Work that is under way for a run is not torn out of its hands: it finds `ActiveRun.cancelled` or the pause
    when it comes back, and goes no further.
    """

    def __init__(
        self,
        *,
        roster: Roster,
        ledger: Ledger,
        endings: Endings,
        next_attempts: NextAttempts,
        executor: Executor,
        clock: Clock,
        publish: Publish,
    ) -> None:
        self._roster = roster
        self._ledger = ledger
        self._endings = endings
        self._next_attempts = next_attempts
        self._executor = executor
        self._clock = clock
        self._publish = publish

    # --- ends ---------------------------------------------------------------------------------------------

    async def cancel(self, run_id: int, reason: str, *, grace: float | None) -> Run:
        """End a run: an executing one is returned as it is, still running; any other once its end is on record.

        An attempt that ends by itself first counts as it ended; in no case does another follow.
        """
        active = self._roster.require(run_id)
        self._ask_for_end(active, Cancelled(reason), grace)
        if active.phase is Phase.LAUNCHED:
            return active.shown
        ended = await self._roster.outcome_of(active)
        if ended.state is not RunState.CANCELLED:
            raise has_ended(run_id, ended.state)
        return ended

    def replace(self, other: ActiveRun, *, by: ActiveRun) -> None:
        """End a run because a younger one takes its place; one that never began is skipped."""
        reason = f"replaced by run {by.run.id}"
        if other.phase in IDLE and other.run.state is RunState.QUEUED:
            self._endings.end_soon(other, Skipped(reason))
        elif other.cancelled is None:
            self._ask_for_end(other, Cancelled(reason), None)

    async def end_all(self, reason: str, *, grace: float | None) -> None:
        """End every execution; returns once all their ends are on record."""
        executing = [active for active in self._roster.runs if active.phase is Phase.LAUNCHED]
        for active in executing:
            self._ask_for_end(active, Cancelled(reason), grace)
        # A cancelled run is never sent on: its next outcome is its last.
        for active in executing:
            await self._roster.outcome_of(active)

    def _ask_for_end(self, active: ActiveRun, outcome: Cancelled, grace: float | None) -> None:
        if active.phase is Phase.LAUNCHED and active.attempt is not None:
            if active.cancelled is None:
                active.cancelled = outcome
                self._publish(run_stopping(active.shown, outcome.reason))
            self._executor.terminate(active.attempt, active.cancelled.reason, grace=grace)
        elif active.phase in IDLE:
            self._endings.end_soon(active, outcome)
        elif active.cancelled is None:
            # Whoever is at work on it, or puts its end on record, ends it in passing; a run that has ended is none.
            active.cancelled = outcome

    # --- pauses -------------------------------------------------------------------------------------------

    async def pause(self, run_id: int) -> Run:
        """Have a run stand still, or not start; returns once its processes do, or after a short while."""
        active = self._roster.require(run_id)
        if active.cancelled is not None:
            raise Refused(f"run {run_id} is being ended: {active.cancelled.reason}")
        if (
            active.phase is Phase.LAUNCHED
            and active.attempt is not None
            and not self._executor.can_pause(active.attempt)
        ):
            raise Refused(
                f"run {run_id} cannot be paused: its process is of an older version of this program; "
                "stop it, or let it end"
            )
        was_paused = active.is_held_by_person
        paused = await self._ledger.pause(run_id, self._clock.now())
        fault_points.point("after-pause-commit")
        await self._put_on_record(active, paused)
        if not was_paused and active.is_held_by_person:
            self._publish(run_paused(active.shown))
        if active.phase is Phase.LAUNCHED and active.attempt is not None and active.is_paused is not True:
            self._executor.pause(active.attempt)
            await self._confirm(active, is_paused=True)
        return active.shown

    async def unpause(self, run_id: int) -> Run:
        """Have a paused run go on, or start when its turn comes; returns once its processes do."""
        active = self._roster.require(run_id)
        was_paused = active.is_held_by_person
        resumed = await self._ledger.unpause(run_id, self._clock.now())
        fault_points.point("after-unpause-commit")
        await self._put_on_record(active, resumed)
        if was_paused and not active.is_held_by_person:
            self._publish(run_resumed(active.shown))
        if active.phase is Phase.LAUNCHED and active.attempt is not None:
            if was_paused or active.is_paused:
                self._executor.resume(active.attempt)
                await self._confirm(active, is_paused=False)
        else:
            self._roster.release_held(active.run.task_id)
            self._roster.fill()
            self._next_attempts.watch(active)
        return active.shown

    async def _put_on_record(self, active: ActiveRun, recorded: Run | None) -> None:
        """Take over the pause as it is on record; raises Refused when the run has its outcome, or is about to."""
        if recorded is None or (active.phase is Phase.ENDING and not active.will_go_on):
            ended = await self._roster.outcome_of(active)
            raise has_ended(ended.id, ended.state)
        active.run = replace(active.run, paused_at=recorded.paused_at, paused_seconds=recorded.paused_seconds)

    async def _confirm(self, active: ActiveRun, *, is_paused: bool) -> None:
        attempt = active.attempt
        told = self._roster.until(lambda: active.is_paused is is_paused or active.attempt != attempt)
        await is_done_within(self._clock, CONFIRMED_WITHIN, asyncio.ensure_future(told))
