"""Takes slots that wait out of the line for good, for a person who resets their schedules."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

from task_scheduler.core.outcomes import Missed, state_of
from task_scheduler.core.runs import AttemptId, Run, RunKind, RunState
from task_scheduler.ports import Clock, Executor
from task_scheduler.services.active_run import ActiveRun, Phase
from task_scheduler.services.resets import IS_PAUSED, WaitingSlot
from task_scheduler.services.roster import Roster
from task_scheduler.services.run_events import run_not_started
from task_scheduler.services.service import Publish

#: A run that is armed is handed over at this very moment: it is not late.
_LATE = frozenset({Phase.WAITING, Phase.HELD})


class GivingUp:
    """The runner's side of a reset: what waits, and what becomes of it in memory."""

    def __init__(self, *, roster: Roster, executor: Executor, clock: Clock, publish: Publish) -> None:
        self._roster = roster
        self._executor = executor
        self._clock = clock
        self._publish = publish

    def waiting(self) -> Sequence[WaitingSlot]:
        """Return the slots whose instant has passed and that have not begun."""
        return [
            WaitingSlot(run=active.run, kept=IS_PAUSED if active.is_held_by_person else "")
            for active in self._roster.runs
            if _is_waiting_slot(active)
        ]

    def take_out(self, run_ids: Collection[int]) -> Sequence[AttemptId]:
        """Have nothing of these runs start from now on; return their attempts, which were never sent on."""
        attempts: list[AttemptId] = []
        for active in self._known(run_ids):
            self._roster.take_out(active)
            active.phase = Phase.ENDING
            if active.attempt is not None:
                attempts.append(active.attempt)
        return attempts

    def let_go(self, run_ids: Collection[int], ended: Sequence[Run], outcome: Missed) -> None:
        """Let go of runs that were taken out, once their ends are on record."""
        on_record = {run.id: run for run in ended}
        now = self._clock.now()
        for active in self._known(run_ids):
            if active.attempt is not None:
                self._executor.forget([active.attempt])
                active.clear_attempt()
            # One that is missing was on record already: a write that is reported as failed can have been committed.
            run = on_record.get(active.run.id) or replace(
                active.run, state=state_of(outcome), reason=outcome.reason, ended_at=now
            )
            self._roster.let_go(active, run)
            self._publish(run_not_started(run, outcome))
        self._roster.fill()

    def _known(self, run_ids: Collection[int]) -> list[ActiveRun]:
        found = (self._roster.runs.get(run_id) for run_id in run_ids)
        return [active for active in found if active is not None]


def _is_waiting_slot(active: ActiveRun) -> bool:
    run = active.run
    is_slot = run.kind is RunKind.SCHEDULED and run.state is RunState.QUEUED
    return is_slot and active.phase in _LATE and active.cancelled is None
