"""Starts and ends of attempts, gathered, and put on record together."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace

from task_scheduler.core.errors import StoreError
from task_scheduler.core.outcomes import Snoozed, reason_of, state_of
from task_scheduler.core.requests import Started
from task_scheduler.core.runs import Run
from task_scheduler.ports import AttemptEnd, Clock
from task_scheduler.services.active_run import ActiveRun, Phase
from task_scheduler.services.endings import Endings
from task_scheduler.services.next_attempts import NextAttempts
from task_scheduler.services.roster import Roster
from task_scheduler.services.run_events import run_ended
from task_scheduler.services.run_record import RunRecord
from task_scheduler.services.service import Publish
from task_scheduler.services.waits import Alarm, within

Finish = Callable[[Sequence[AttemptEnd]], Awaitable[Mapping[int, Run | None]]]

#: A start is recorded by itself after this many seconds; a shorter run's start shares the commit of its end.
START_RECORDED_AFTER = 0.05
#: While attempts execute, ends are gathered for this many seconds: one commit serves them all.
ENDS_GATHERED = 0.02
#: Seconds a stop waits for the store to take the ends that are not on record yet.
LAST_WRITE_LIMIT = 5.0


class Recording:
    """Puts starts and ends of attempts on record before anyone is told, and sends runs on their way."""

    def __init__(
        self,
        *,
        roster: Roster,
        record: RunRecord,
        endings: Endings,
        next_attempts: NextAttempts,
        clock: Clock,
        publish: Publish,
    ) -> None:
        self._roster = roster
        self._record = record
        self._endings = endings
        self._next_attempts = next_attempts
        self._clock = clock
        self._publish = publish
        self._ends: list[AttemptEnd] = []
        self._end_noted = asyncio.Event()
        self._end_recording = Alarm(clock)
        self._starts: dict[int, ActiveRun] = {}
        self._start_noted = asyncio.Event()
        self._start_recording = Alarm(clock)

    def note_start(self, active: ActiveRun, started: Started) -> None:
        """Take note that an attempt executes."""
        active.started = started
        if not active.start_recorded:
            self._starts[active.run.id] = active
            self._start_noted.set()

    def note_end(self, active: ActiveRun, end: AttemptEnd) -> None:
        """Take note that an execution is over: its place is free from now on."""
        self._ends.append(end)
        active.will_retry = end.retry_at is not None
        self._roster.give_back_place(active, Phase.ENDING)
        self._end_noted.set()
        if self._starts.pop(active.run.id, None) is not None and not self._starts:
            self._start_recording.cut_short()  # a wake-up for nothing costs more than all of this
        self._roster.fill()
        if not self._roster.busy:
            self._end_recording.cut_short()

    async def record_ends(self) -> None:
        """Put ends on record, until cancelled."""
        while True:
            await self._end_noted.wait()
            self._end_noted.clear()
            while self._ends:
                if self._roster.busy:
                    # Nobody waits for this commit: the places of these runs are free already.
                    await self._end_recording.sleep(ENDS_GATHERED)
                await self._record_batch(tuple(self._ends), self._record.finish)

    async def record_starts(self) -> None:
        """Put the starts of runs that go on on record, until cancelled."""
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

    async def record_last(self) -> None:
        """Put what is left on record, if the store takes it at once.

        The executor keeps what it was not told to forget; this only saves the next start the work.
        """
        if self._ends:
            with contextlib.suppress(StoreError, TimeoutError):
                await within(
                    self._clock, LAST_WRITE_LIMIT, self._record_batch(tuple(self._ends), self._record.finish_once)
                )

    async def _record_batch(self, ends: Sequence[AttemptEnd], finish: Finish) -> None:
        runs = await finish(ends)
        del self._ends[: len(ends)]
        for end in ends:
            self._close_attempt(end, runs[end.id.run_id])
        self._roster.fill()

    def _close_attempt(self, end: AttemptEnd, run: Run | None) -> None:
        active = self._roster.runs.get(end.id.run_id)
        if active is None:
            raise AssertionError(f"run {end.id.run_id} ended twice")
        if run is None:
            run = _as_recorded(active.shown, end)
        active.clear_attempt()
        active.voids = 0
        if run.is_final:
            self._roster.let_go(active, run)
        else:
            active.run = run
            self._send_on(active, end)
        self._publish(run_ended(run, end))

    def _send_on(self, active: ActiveRun, end: AttemptEnd) -> None:
        if active.cancelled is not None:
            self._endings.end_soon(active, active.cancelled)
        else:
            self._next_attempts.wait_for(active, end.at if active.run.retry_at is None else active.run.retry_at)


def _as_recorded(run: Run, end: AttemptEnd) -> Run:
    """Return what is on record of a run whose end was reported as failed, and was committed all the same."""
    match end.run_outcome or end.outcome:
        case Snoozed():
            raise AssertionError("a run does not end by a snooze")
        case outcome:
            reason = reason_of(outcome)
            return replace(
                run, state=state_of(outcome), reason=reason, retry_at=None, ended_at=end.at, last_exit=end.exit
            )
