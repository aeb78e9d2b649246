"""Ends of runs that have no execution under way."""

from __future__ import annotations

from dataclasses import replace

from task_scheduler.core.outcomes import Cancelled, Failed, Missed, Skipped, TimedOut, state_of
from task_scheduler.ports import Clock
from task_scheduler.services.active_run import ActiveRun, Phase
from task_scheduler.services.roster import Roster
from task_scheduler.services.run_events import run_not_started
from task_scheduler.services.run_record import RunRecord
from task_scheduler.services.service import Publish
from task_scheduler.services.side_work import SideWork

#: The outcomes a run can have without a further attempt.
Unstarted = Skipped | Missed | Cancelled | Failed | TimedOut


class Endings:
    """Takes runs out of wherever they wait, and puts their outcome on record."""

    def __init__(
        self, *, roster: Roster, record: RunRecord, side_work: SideWork, clock: Clock, publish: Publish
    ) -> None:
        self._roster = roster
        self._record = record
        self._side_work = side_work
        self._clock = clock
        self._publish = publish

    def end_soon(self, active: ActiveRun, outcome: Unstarted) -> None:
        """End a run beside other work; from now on nothing of it starts."""
        self._take_out(active)
        self._side_work.begin(self._put_on_record(active, outcome))

    async def end(self, active: ActiveRun, outcome: Unstarted) -> None:
        """End a run; returns once that is on record."""
        self._take_out(active)
        await self._put_on_record(active, outcome)

    def _take_out(self, active: ActiveRun) -> None:
        self._roster.take_out(active)
        active.phase = Phase.ENDING

    async def _put_on_record(self, active: ActiveRun, outcome: Unstarted) -> None:
        if active.attempt is not None:
            await self._record.void([active.attempt], outcome.reason)
            active.clear_attempt()
        now = self._clock.now()
        ended = await self._record.resolve(active.run.id, outcome, now)
        if ended is None:
            # It is on record already: a write that is reported as failed can have been committed.
            ended = replace(active.run, state=state_of(outcome), reason=outcome.reason, retry_at=None, ended_at=now)
        self._roster.let_go(active, ended)
        self._publish(run_not_started(ended, outcome))
        self._roster.fill()
