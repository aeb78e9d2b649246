"""Runs on record, or on their way there, that wait for their instant, and those that were late then and wait to be judged."""

from __future__ import annotations

import heapq
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from task_scheduler.core.planning import TICK
from task_scheduler.core.runs import Run
from task_scheduler.ports import SlotClaim


@dataclass(frozen=True, slots=True, kw_only=True)
class ArmedRun:
    """A run on record that is handed over at its instant."""

    at: datetime
    run: Run
    judged_at: datetime | None  #: by which moment it is late and may run all the same; None: it was claimed ahead

    @property
    def since(self) -> datetime:
        """Since when it is to be handed over."""
        return self.at if self.judged_at is None else max(self.at, self.judged_at)

    def __lt__(self, other: ArmedRun) -> bool:
        return (self.at, self.run.id) < (other.at, other.run.id)


class ArmedRuns:
    """All of them, by instant."""

    def __init__(self) -> None:
        self._to_come: list[ArmedRun] = []
        self._late: list[ArmedRun] = []
        #: Of what is on its way to the record, the first moment by which it would have been handed over; None: nothing is.
        self._expected: datetime | None = None

    def expect(self, slots: Iterable[SlotClaim]) -> None:
        """Reckon with runs of these slots: they may be on record from now on, also where the store reports a failure."""
        first = min(
            (_from(slot.scheduled_for, slot.created_at) for slot in slots if slot.outcome is None), default=None
        )
        if first is not None:
            self._expected = first if self._expected is None else min(first, self._expected)

    def expect_no_more(self) -> None:
        """Reckon with nothing but what was added: all that was expected is here, or never came to be."""
        self._expected = None

    def add(self, run: Run, *, judged_at: datetime | None) -> bool:
        """Take a run in; return whether it is the next one now. Raises ValueError for one without an instant."""
        if run.scheduled_for is None:
            raise ValueError(f"run {run.id} has no instant")
        heapq.heappush(self._to_come, ArmedRun(at=run.scheduled_for, run=run, judged_at=judged_at))
        return self._to_come[0].run.id == run.id

    @property
    def next_at(self) -> datetime | None:
        """The next instant of one that is not late; None: there is none."""
        return self._to_come[0].at if self._to_come else None

    @property
    def any_late(self) -> bool:
        """Whether some wait to be judged."""
        return bool(self._late)

    def take_due(self, now: datetime) -> list[ArmedRun]:
        """Take out those whose instant has come, in their order."""
        due: list[ArmedRun] = []
        while self._to_come and self._to_come[0].at <= now:
            due.append(heapq.heappop(self._to_come))
        return due

    def put_off(self, armed: ArmedRun) -> None:
        """Keep a run that was taken out until it is judged."""
        self._late.append(armed)

    def take_late(self) -> list[ArmedRun]:
        """Take out those that wait to be judged, in their order."""
        late, self._late = sorted(self._late), []
        return late

    def take_all(self) -> list[int]:
        """Take out all of them, expect none, and return the runs' ids."""
        taken = [armed.run.id for armed in (*self._to_come, *self._late)]
        self._to_come, self._late, self._expected = [], [], None
        return taken

    def none_before(self, now: datetime) -> datetime:
        """Return the last moment, `now` at most, by which all that was due and on record was taken out.

        It is compared with a run's instant and with when it was put on record, whichever is later.
        """
        waiting = [_from(armed.at, armed.run.created_at) for armed in (*self._to_come, *self._late)]
        if self._expected is not None:
            waiting.append(self._expected)
        return min((now, *(moment - TICK for moment in waiting)))


def _from(scheduled_for: datetime, created_at: datetime) -> datetime:
    """Return the first moment at which a run can be handed over."""
    return max(scheduled_for, created_at)
