"""Settles what a former scheduler left, before anything is scheduled.

Of runs that wait, the record does not say whether they were handed over at their instant. The last sign of life does:
it is left after what was due before it was handed over or is on record as missed. What came to the line in time keeps
its place there, unless nobody was there for longer than the catch-up window; the others are judged like slots that are
found late (`core/planning.py`). Who was killed may have handed over what was due after the last sign, a minute at most.

What is of an earlier clock generation was handed over, too: a correction is on record only after what was dropped for it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import assert_never

from task_scheduler import fault_points
from task_scheduler.core.clocks import CLOCK_GENERATION, LAST_SEEN
from task_scheduler.core.events import Event, Level
from task_scheduler.core.outcomes import Missed
from task_scheduler.core.planning import TOO_OLD, why_too_late
from task_scheduler.core.policies import MisfirePolicy
from task_scheduler.core.requests import (
    Finished,
    Lost,
    NotStarted,
    OpenAttempt,
    PauseConfirmed,
    Report,
    Started,
    StillRunning,
    Told,
)
from task_scheduler.core.runs import AttemptId, Run, RunKind, RunState
from task_scheduler.core.tasks import Missed as MissedPolicy
from task_scheduler.ports import Clock, Executor, Ledger, StateStore
from task_scheduler.services.register import Register
from task_scheduler.services.runner import Runner
from task_scheduler.services.service import Publish
from task_scheduler.services.timetable import Timetable


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """How many runs were found, by what became of them."""

    adopted: int = 0
    ended: int = 0
    interrupted: int = 0
    waiting: int = 0
    missed: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Left:
    """When and how the former scheduler left, as far as the record tells."""

    last_seen: datetime | None  #: its last sign of life; None: none was left
    generation: int  #: of the clock

    def had_handed_over(self, run: Run) -> bool:
        """Whether a run that waits came to the line in time."""
        if run.scheduled_for is None or run.clock_generation != self.generation:
            return True
        # One that was put on record late was handed over after that.
        return self.last_seen is not None and max(run.scheduled_for, run.created_at) <= self.last_seen

    def absence(self, now: datetime) -> timedelta:
        """Return for how long nobody was there; zero when that is not known."""
        return timedelta() if self.last_seen is None else now - self.last_seen


class Rescuer:
    """Finds the truth about every run without an outcome, by proof and never by age.

    The living are adopted, ends that were written down are recorded, claims that never began wait again
    under the misfire policy, and what is proved dead with no end written down is `interrupted`.
    """

    def __init__(
        self,
        *,
        ledger: Ledger,
        state: StateStore,
        executor: Executor,
        runner: Runner,
        register: Register,
        timetable: Timetable,
        arm: Callable[[Run], None],
        clock: Clock,
        policy: MisfirePolicy,
        publish: Publish,
    ) -> None:
        """`arm` takes a run whose instant is still to come."""
        self._ledger = ledger
        self._state = state
        self._executor = executor
        self._runner = runner
        self._register = register
        self._timetable = timetable
        self._arm = arm
        self._clock = clock
        self._policy = policy
        self._publish = publish

    def configure(self, *, policy: MisfirePolicy) -> None:
        """Judge by this policy what is left at the next settling."""
        self._policy = policy

    async def settle(self) -> Settled:
        """Settle every run without an outcome; returns once each is ended, adopted or waiting."""
        found = await self._ledger.open_runs()
        begun = {attempt.id: run for run, attempts in found for attempt in attempts}
        for run, attempts in found:
            for attempt in attempts:
                # Before it is asked what became of it: the executor may report the end at any moment from then on.
                self._runner.expect(run, attempt)
        opened = [OpenAttempt(id=attempt.id, placement=attempt.placement) for _, some in found for attempt in some]
        reports = await self._executor.settle(opened)
        fault_points.point("after-settling")
        counts = {"adopted": 0, "ended": 0, "interrupted": 0, "waiting": 0, "missed": 0}
        void: list[AttemptId] = []
        for report in reports:
            self._take_over(report, void, counts)
        if void:
            await self._ledger.void(void, "proved never to have begun")
            self._executor.forget(void)
        waiting = [run for run, attempts in found if not attempts] + [begun[attempt] for attempt in void]
        await self._let_wait(sorted(waiting, key=_turn), counts)
        self._runner.note_settled()
        settled = Settled(**counts)
        if found:
            self._tell(settled)
        return settled

    def _take_over(self, report: Report, void: list[AttemptId], counts: dict[str, int]) -> None:
        """Hand what was found out about an attempt to the runner; one that never began is added to `void`."""
        match report:
            case NotStarted():
                if self._runner.give_back(report.id):
                    void.append(report.id)
                return
            case StillRunning():
                counts["adopted"] += 1
            case Finished():
                counts["ended"] += 1
            case Lost():
                counts["interrupted"] += 1
            case Started() | Told() | PauseConfirmed():
                raise AssertionError(f"settling does not report {type(report).__name__}")
            case _:
                assert_never(report)
        self._runner.on_report(report)

    async def _let_wait(self, runs: Sequence[Run], counts: dict[str, int]) -> None:
        """Let runs that have no attempt wait again, or end those whose time has passed."""
        last_seen = await self._state.get(LAST_SEEN)
        left = _Left(
            last_seen=None if last_seen is None else datetime.fromisoformat(last_seen),
            generation=int(await self._state.get(CLOCK_GENERATION) or 0),
        )
        now = self._clock.now()
        missed: dict[str, list[int]] = {}
        for run in runs:
            was_in_line = left.had_handed_over(run)
            reason = self._why_missed(run, now, absence=left.absence(now) if was_in_line else None)
            if reason is not None:
                missed.setdefault(reason, []).append(run.id)
                counts["missed"] += 1
                continue
            counts["waiting"] += 1
            is_to_come = run.scheduled_for is not None and run.scheduled_for > now and not was_in_line
            if is_to_come and run.state is RunState.QUEUED:
                self._arm(run)
            else:
                self._runner.take_back(run, in_turn=self._is_made_up_for(run))
        for reason, run_ids in missed.items():
            await self._ledger.resolve(run_ids, Missed(reason), now)

    def _is_made_up_for(self, run: Run) -> bool:
        return self._policy_of(run).missed is MissedPolicy.ALL and run.kind is RunKind.SCHEDULED

    def _policy_of(self, run: Run) -> MisfirePolicy:
        """Return the policy for a run's slot: what its task declares itself comes before the setting."""
        admitted = self._register.get(run.task_id)
        return self._policy.of(None if admitted is None else admitted.version.declaration)

    def _why_missed(self, run: Run, now: datetime, *, absence: timedelta | None) -> str | None:
        """Return why a run may not wait on; `absence` is how long nobody was there, None: it was not handed over."""
        if run.kind is not RunKind.SCHEDULED or run.state is not RunState.QUEUED or run.scheduled_for is None:
            return None
        if run.paused_at is not None:
            return None  # it is late because somebody wanted it so
        policy = self._policy_of(run)
        if absence is not None:
            return TOO_OLD if absence > policy.reach else None
        return why_too_late(self._timetable.trigger(run.job_id), run.scheduled_for, now=now, policy=policy)

    def _tell(self, settled: Settled) -> None:
        message = (
            f"settled the runs that were left: found alive {settled.adopted}, ended meanwhile {settled.ended}, "
            f"interrupted {settled.interrupted}, waiting again {settled.waiting}, missed {settled.missed}"
        )
        level = Level.WARNING if settled.interrupted or settled.missed else Level.INFO
        self._publish(Event(name="runs.settled", message=message, level=level))


def _turn(run: Run) -> tuple[bool, int]:
    """Order retries before slots: what is at work already comes first."""
    return run.state is not RunState.RETRYING, run.id
