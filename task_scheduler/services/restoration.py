"""Puts a record that was restored from a backup in step with the world again, before anything is scheduled.

What the record says is open may have ended since, and what waits in it may have run: the lack of a marker proves
nothing here, since ends that are on record take their markers with them. So whatever no host knows is closed and not
run again. What hosts execute, or wrote the end of, is settled as after any start; what the record does not know of it
is put on record first.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, tzinfo

from task_scheduler.core.errors import StoreError
from task_scheduler.core.events import Event, Level
from task_scheduler.core.outcomes import Failed, Interrupted, Missed
from task_scheduler.core.restoring import BY_HAND, RESTORED, UNSETTLED, Restored, news_of
from task_scheduler.core.runs import Attempt, AttemptExit, AttemptId, Run, RunState
from task_scheduler.ports import AttemptEnd, Clock, FoundAttempt, Ledger, Recovery, StateStore
from task_scheduler.services.service import Publish


class Restoration:
    """Settles a restored record, and tells of it for a day."""

    def __init__(
        self,
        *,
        ledger: Ledger,
        recovery: Recovery,
        state: StateStore,
        found: Callable[[], Sequence[FoundAttempt]],
        clock: Clock,
        zone: tzinfo,
        publish: Publish,
    ) -> None:
        """`found` returns, blocking, the attempts that hosts execute or know the end of."""
        self._ledger = ledger
        self._recovery = recovery
        self._state = state
        self._found = found
        self._clock = clock
        self._zone = zone
        self._publish = publish
        self._told: str | None = None

    def news(self) -> Mapping[str, str | None]:
        """Return what people should know of a restore of the last day, as fields of a JSON document."""
        return news_of(self._told, now=self._clock.now(), zone=self._zone)

    async def settle(self) -> None:
        """Close what may have ended, and put on record what goes on; raises StoreError."""
        self._told = await self._state.get(RESTORED)
        unsettled = _parsed(await self._state.get(UNSETTLED))
        if unsettled is None:
            return
        level = Level.WARNING if unsettled.because == BY_HAND else Level.ERROR
        self._publish(Event(name="record.restored", message=unsettled.sentence(self._zone), level=level))
        found = {each.id: each for each in await asyncio.to_thread(self._found)}
        now = self._clock.now()
        closed = await self._close(await self._ledger.open_runs(), found, unsettled.reason, now)
        taken = await self._recovery.take_in(list(found.values()), now)
        unknown = sum(1 for each in found.values() if each.task_id is None and each.id not in taken)
        self._tell(closed, len(taken), unknown)

    async def _close(
        self,
        opened: Sequence[tuple[Run, Sequence[Attempt]]],
        found: dict[AttemptId, FoundAttempt],
        reason: str,
        now: datetime,
    ) -> int:
        """End what no host knows of; return how many runs ended so."""
        goes_on = {attempt.run_id for attempt in found}
        ends = [
            AttemptEnd(
                id=attempt.id,
                outcome=Interrupted(reason),
                exit=AttemptExit(),
                at=now,
                retry_at=now if run.id in goes_on else None,
            )
            for run, attempts in opened
            for attempt in attempts
            if attempt.id not in found
        ]
        ended = [run for run in await self._ledger.finish(ends) if run.is_final] if ends else []
        waiting = [run for run, attempts in opened if not attempts and run.id not in goes_on]
        queued = [run.id for run in waiting if run.state is RunState.QUEUED]
        retrying = [run.id for run in waiting if run.state is RunState.RETRYING]
        resolved = [
            *(await self._ledger.resolve(queued, Missed(reason), now) if queued else ()),
            *(await self._ledger.resolve(retrying, Failed(reason), now) if retrying else ()),
        ]
        return len(ended) + len(resolved)

    def _tell(self, closed: int, taken: int, unknown: int) -> None:
        parts = [
            f"{closed:,} that were open in the backup are closed and not run again" if closed else "",
            f"{taken:,} that hosts know go on, or end, on record" if taken else "",
            f"{unknown:,} that hosts know cannot be put on record: whose they are is not known" if unknown else "",
        ]
        message = "; ".join(filter(None, parts)) or "none was open"
        self._publish(
            Event(name="record.settled", message=f"runs of the restored record: {message}", level=Level.WARNING)
        )


def _parsed(text: str | None) -> Restored | None:
    if not text:
        return None
    try:
        return Restored.parse(text)
    except ValueError as error:
        raise StoreError(f"the record tells of a restore in a way that cannot be read: {error}") from error
