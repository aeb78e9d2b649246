"""Resets schedules: what is overdue of a job is given up, and it owes the first instant to come.

Given up is not forgotten: each slot gets the outcome `missed`, in the commit that moves its job on.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Protocol

from task_scheduler import fault_points
from task_scheduler.core.outcomes import GIVEN_UP, Missed
from task_scheduler.core.planning import JobPlan, MissSlots, give_up
from task_scheduler.core.runs import AttemptId, Run
from task_scheduler.core.tasks import Job
from task_scheduler.ports import Clock, GivenUp, History, Resets, SlotClaim
from task_scheduler.services.documents import Document, iso
from task_scheduler.services.over import is_over
from task_scheduler.services.patience import Patience
from task_scheduler.services.requested_entry import call_text
from task_scheduler.services.service import Publish
from task_scheduler.services.side_work import SideWork
from task_scheduler.services.slot_events import slots_missed
from task_scheduler.services.timetable import TimedJob, Timetable

#: The reason on record.
REASON = GIVEN_UP
#: Why a slot that waits is not given up.
IS_PAUSED = "is paused"
MAY_BE_AT_WORK = "may be at work: the next start finds out"
#: Jobs whose slots share a transaction, at most.
MOST_AT_ONCE = 500
#: Jobs planned in one turn of the event loop.
_TURN = 25


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitingSlot:
    """A run of a slot whose instant has passed and that has not begun."""

    run: Run
    kept: str = ""  #: why it is left as it is, as the end of `it …`; empty: it can be given up


class WaitingSlots(Protocol):
    """Whoever holds the slots that wait: the runner, or without a scheduler the record alone."""

    def waiting(self) -> Sequence[WaitingSlot]:
        """Return them."""
        ...

    def take_out(self, run_ids: Collection[int]) -> Sequence[AttemptId]:
        """Have nothing of these runs start from now on; return their attempts, which were never sent on."""
        ...

    def let_go(self, run_ids: Collection[int], ended: Sequence[Run], outcome: Missed) -> None:
        """Forget runs that were taken out, once their ends are on record."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class JobReset:
    """What a reset means for one job."""

    job: Job
    plan: JobPlan
    given_up: tuple[Run, ...] = ()
    kept: tuple[WaitingSlot, ...] = ()

    @property
    def missed(self) -> MissSlots | None:
        """The slots that were owed and have no run yet; None: none."""
        return next((decision for decision in self.plan.decisions if isinstance(decision, MissSlots)), None)

    @property
    def was_overdue(self) -> bool:
        """Whether anything of the job is late."""
        return bool(self.missed or self.given_up or self.kept)

    @property
    def changes(self) -> bool:
        """Whether anything is another way for the job afterwards."""
        return bool(self.missed or self.given_up) or self.plan.next_run != self.job.next_run

    def describe(self) -> Document:
        """Return it as a JSON document."""
        missed = self.missed
        return {
            "task": self.job.task_id,
            "job": self.job.id,
            "call": call_text(self.job.function, self.job.arguments),
            "trigger": self.job.trigger,
            "timezone": self.job.timezone,
            "overdue": self.was_overdue,
            "changes": self.changes,
            "old": _iso(self.job.next_run),
            "new": _iso(self.plan.next_run),
            "slots": 0 if missed is None else missed.count,
            "first": None if missed is None else iso(missed.first),
            "last": None if missed is None else iso(missed.last),
            "runs": [run.id for run in self.given_up],
            "kept": [{"run": slot.run.id, "why": slot.kept} for slot in self.kept],
        }


@dataclass(slots=True, kw_only=True)
class _Taken:
    """Runs that nothing starts any more, over all tries to put that on record."""

    runs: dict[int, Run] = field(default_factory=dict)
    attempts: list[AttemptId] = field(default_factory=list)


class Resetter:
    """Gives up what is overdue of jobs; nothing else plans jobs meanwhile."""

    def __init__(
        self,
        *,
        resets: Resets,
        history: History,
        timetable: Timetable,
        slots: Callable[[], WaitingSlots],
        turn: asyncio.Lock,
        generation: Callable[[], int],
        digest_of: Callable[[str], str | None],
        on_change: Callable[[], None],
        clock: Clock,
        patience: Patience,
        publish: Publish,
    ) -> None:
        """`turn` is held by whoever plans jobs; `digest_of` tells the version of a task in force."""
        self._resets = resets
        self._history = history
        self._timetable = timetable
        self._slots = slots
        self._turn = turn
        self._generation = generation
        self._digest_of = digest_of
        self._on_change = on_change
        self._clock = clock
        self._patience = patience
        self._publish = publish
        self._side_work = SideWork(service="resetter", publish=publish)

    async def reset(self, tasks: Collection[str] | None, *, overdue_only: bool, dry_run: bool) -> Sequence[JobReset]:
        """Reset the jobs of these tasks, None: of all; with `overdue_only` those of which anything is late.

        Each job is reset in one commit. With `dry_run` nothing is changed.
        """
        if dry_run:
            async with self._turn:
                chosen = await self._chosen(tasks, overdue_only=overdue_only)
                now, waiting = self._clock.now(), self._by_job(())
                return [self._plan(timed, newest, waiting, now) for timed, newest in chosen]
        return await self._side_work.complete(self._carry_out(tasks, overdue_only=overdue_only))

    async def _carry_out(self, tasks: Collection[str] | None, *, overdue_only: bool) -> Sequence[JobReset]:
        async with self._turn:
            chosen = [timed.job.id for timed, _ in await self._chosen(tasks, overdue_only=overdue_only)]
        done: list[JobReset] = []
        for place in range(0, len(chosen), MOST_AT_ONCE):
            some, taken = frozenset(chosen[place : place + MOST_AT_ONCE]), _Taken()
            done += await self._patience.write(partial(self._reset_some, some, taken))
        self._on_change()
        return done

    async def _reset_some(self, job_ids: Collection[int], taken: _Taken) -> Sequence[JobReset]:
        """Reset jobs in one commit; planned anew at each try, since time goes on while a store fails."""
        async with self._turn:
            newest = await self._history.latest_of_jobs()
            now, waiting = self._clock.now(), self._by_job(taken.runs.values())
            timed_jobs = [timed for timed in self._timetable.all() if timed.job.id in job_ids]
            resets = [self._plan(timed, newest.get(timed.job.id), waiting, now) for timed in timed_jobs]
            new = {run.id: run for reset in resets for run in reset.given_up if run.id not in taken.runs}
            taken.attempts += self._slots().take_out(new)
            taken.runs.update(new)
            claims = [claim for reset in resets for claim in self._claims(reset, now)]
            outcome = Missed(REASON)
            ended = await self._resets.give_up(
                GivenUp(
                    slots=claims,
                    next_runs={reset.job.id: reset.plan.next_run for reset in resets},
                    runs=list(taken.runs),
                    attempts=taken.attempts,
                    outcome=outcome,
                    at=now,
                )
            )
            fault_points.point("after-reset-commit")
            for reset in resets:
                self._timetable.move_on(reset.job.id, reset.plan.next_run)
            self._slots().let_go(taken.runs, ended, outcome)
            for claim in claims:
                self._publish(slots_missed(claim, REASON))
            return resets

    async def _chosen(
        self, tasks: Collection[str] | None, *, overdue_only: bool
    ) -> Sequence[tuple[TimedJob, Run | None]]:
        """Return the jobs that are meant, by task, each with the run of its latest slot."""
        newest = await self._history.latest_of_jobs()
        waiting = self._by_job(())
        chosen: list[tuple[TimedJob, Run | None]] = []
        for place, timed in enumerate(sorted(self._timetable.all(), key=_by_task)):
            if place % _TURN == 0:
                await asyncio.sleep(0)
            if tasks is not None and timed.job.task_id not in tasks:
                continue
            run = newest.get(timed.job.id)
            if not overdue_only or self._plan(timed, run, waiting, self._clock.now()).was_overdue:
                chosen.append((timed, run))
        return chosen

    def _plan(
        self, timed: TimedJob, newest: Run | None, waiting: Mapping[int, Sequence[WaitingSlot]], now: datetime
    ) -> JobReset:
        recorded = None
        if newest is not None and newest.clock_generation == self._generation():
            recorded = newest.range_end or newest.scheduled_for
        if is_over(timed.job) and recorded is not None:
            # It stays over, whatever its schedule says in the zone of today. Not so if its end was by a clock that was
            # wrong: then nothing is on record by the clock of today.
            plan = JobPlan(decisions=(), next_run=None)
        else:
            plan = give_up(timed.trigger, timed.job.next_run, now=now, recorded=recorded, reason=REASON)
        slots = waiting.get(timed.job.id, ())
        return JobReset(
            job=timed.job,
            plan=plan,
            given_up=tuple(slot.run for slot in slots if not slot.kept),
            kept=tuple(slot for slot in slots if slot.kept),
        )

    def _by_job(self, taken: Collection[Run]) -> Mapping[int, Sequence[WaitingSlot]]:
        """Return the slots that wait, those that are taken out already included, by job."""
        grouped: defaultdict[int, list[WaitingSlot]] = defaultdict(list)
        for slot in (*(WaitingSlot(run=run) for run in taken), *self._slots().waiting()):
            if slot.run.job_id is not None:
                grouped[slot.run.job_id].append(slot)
        return grouped

    def _claims(self, reset: JobReset, now: datetime) -> Sequence[SlotClaim]:
        missed = reset.missed
        if missed is None:
            return []
        return [
            SlotClaim(
                job=reset.job,
                digest=self._digest_of(reset.job.task_id),
                scheduled_for=missed.first,
                clock_generation=self._generation(),
                created_at=now,
                outcome=Missed(missed.reason),
                count=missed.count,
                range_end=missed.last,
            )
        ]


def _iso(moment: datetime | None) -> str | None:
    return None if moment is None else iso(moment)


def _by_task(timed: TimedJob) -> tuple[str, int]:
    return timed.job.task_id, timed.job.id
