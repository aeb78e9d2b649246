"""The record of runs, written until the store takes it, with the executor told what it need not keep."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from task_scheduler import fault_points
from task_scheduler.core.outcomes import Cancelled, Failed, Missed, Skipped, TimedOut
from task_scheduler.core.requests import Started
from task_scheduler.core.runs import Attempt, AttemptId, Run
from task_scheduler.ports import AttemptClaim, AttemptEnd, Executor, Ledger
from task_scheduler.services.patience import Patience


class RunRecord:
    """Puts on record what happens to runs. Every method returns after its commit."""

    def __init__(self, *, ledger: Ledger, executor: Executor, patience: Patience) -> None:
        self._ledger = ledger
        self._executor = executor
        self._patience = patience

    async def begin(self, claims: Sequence[tuple[int, AttemptClaim]]) -> Sequence[Attempt]:
        """Put attempts on record before they are started."""
        attempts = await self._patience.write(lambda: self._ledger.begin(claims))
        fault_points.point("after-begin-commit")
        return attempts

    async def started(self, reports: Sequence[Started]) -> None:
        """Record that attempts execute."""
        await self._patience.write(lambda: self._ledger.started(reports))

    async def void(self, attempts: Sequence[AttemptId], reason: str) -> None:
        """Record that attempts never began."""
        await self._patience.write(lambda: self._ledger.void(attempts, reason))
        fault_points.point("after-void-commit")
        self._executor.forget(attempts)

    async def resolve(
        self, run_id: int, outcome: Skipped | Missed | Cancelled | Failed | TimedOut, at: datetime
    ) -> Run | None:
        """End a run that waits; None when it did not wait any more."""
        ended = await self._patience.write(lambda: self._ledger.resolve([run_id], outcome, at))
        fault_points.point("after-resolve-commit")
        return ended[0] if ended else None

    async def finish(self, ends: Sequence[AttemptEnd]) -> Mapping[int, Run | None]:
        """End attempts; return their runs by id, None for one whose outcome was on record before."""
        return await self._patience.write(lambda: self.finish_once(ends))

    async def finish_once(self, ends: Sequence[AttemptEnd]) -> Mapping[int, Run | None]:
        """End attempts like `finish`, but raise StoreError when the store fails."""
        fault_points.point("before-terminal-commit")
        runs: dict[int, Run | None] = {run.id: run for run in await self._ledger.finish(ends)}
        fault_points.point("after-terminal-commit")
        unknown = {end.id.run_id for end in ends} - runs.keys()
        if unknown:
            # They were on record already: a write that is reported as failed can have been committed.
            without_outcome = {run.id: run for run, _ in await self._ledger.open_runs()}
            runs.update({run_id: without_outcome.get(run_id) for run_id in unknown})
        self._executor.forget([end.id for end in ends])
        return runs

    def forget(self, attempt: AttemptId) -> None:
        """Have the executor drop what it keeps about an attempt whose end is on record."""
        self._executor.forget([attempt])
