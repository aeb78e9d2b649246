"""What is simulated: jobs, a stretch of time, places, and when no scheduler is there."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from task_scheduler.core.planning import TICK
from task_scheduler.core.policies import MisfirePolicy
from task_scheduler.core.tasks import Overlap
from task_scheduler.core.triggers import Trigger
from task_scheduler.simulation.durations import Durations

_HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class JobScenario:
    """A job, and how it is treated."""

    task_id: str
    calls: str  #: the function; empty: the whole file
    trigger: Trigger
    durations: Durations
    overlap: Overlap = Overlap.SKIP
    policy: MisfirePolicy

    def slots_between(self, begin: datetime, end: datetime) -> int:
        """Return how many slots there are from `begin` to before `end`."""
        return self.trigger.count_between(begin - TICK, end - TICK)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pause:
    """Time in which no scheduler is there: nothing begins, what executes goes on. Both moments are aware."""

    begin: datetime
    end: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """Slots from `begin` to before `end` of these jobs, which are in the order of their ids."""

    jobs: Sequence[JobScenario]
    begin: datetime
    end: datetime
    places: int  #: how many runs may execute at once
    pauses: Sequence[Pause] = ()

    @property
    def slots(self) -> int:
        """How many slots there are in all."""
        return self._slots_until(self.end)

    def stops(self) -> Iterator[Pause]:
        """Yield the pauses as far as they are in its time, in order, those that touch made one."""
        # What the last of them leaves is judged before the end, so that no slot stays without an outcome.
        last = self.end - TICK
        clipped = [Pause(begin=max(one.begin, self.begin), end=min(one.end, last)) for one in self.pauses]
        open_one: Pause | None = None
        for pause in sorted((one for one in clipped if one.begin < one.end), key=lambda one: one.begin):
            if open_one is not None and pause.begin <= open_one.end:
                open_one = replace(open_one, end=max(open_one.end, pause.end))
                continue
            if open_one is not None:
                yield open_one
            open_one = pause
        if open_one is not None:
            yield open_one

    def shortened(self, most: int) -> Scenario:
        """Return it with an earlier end, whole hours after its begin, if there are more slots than `most`."""
        if self.slots <= most:
            return self
        few, many = 0, (self.end - self.begin) // _HOUR + 1
        while many - few > 1:
            middle = (few + many) // 2
            if self._slots_until(self.begin + middle * _HOUR) <= most:
                few = middle
            else:
                many = middle
        return replace(self, end=self.begin + few * _HOUR)

    def _slots_until(self, end: datetime) -> int:
        return sum(job.slots_between(self.begin, end) for job in self.jobs)
