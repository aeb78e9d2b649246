"""Runs after another task's runs: each of its ends has its follower, whatever dies in between."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from task_scheduler import fault_points
from task_scheduler.core.happenings import after_id
from task_scheduler.core.runs import RunState
from task_scheduler.core.tasks import Job
from task_scheduler.core.triggers import AfterTask
from task_scheduler.ports import Clock, EndedRun, Happenings
from task_scheduler.services.event_requests import EventRequests
from task_scheduler.services.patience import Patience

_FAILURES = frozenset({RunState.FAILED, RunState.TIMED_OUT, RunState.INTERRUPTED})
#: Which outcomes each ending stands for. What was skipped or missed has not been run, so nothing follows it.
ENDINGS: Mapping[str, frozenset[RunState]] = {
    "success": frozenset({RunState.SUCCEEDED}),
    "failure": _FAILURES,
    "any": _FAILURES | {RunState.SUCCEEDED, RunState.CANCELLED},
}
#: The name of the mark that tells up to where a job has followed.
_FOLLOWED = "followed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Followed:
    """Which runs a job need not look at any more: all before `first`, and those of `done`."""

    first: int
    done: frozenset[int] = frozenset()

    @property
    def text(self) -> str:
        """How it is kept on record."""
        return json.dumps({"first": self.first, "done": sorted(self.done)})

    @classmethod
    def read(cls, text: str) -> Followed:
        """Read what `text` wrote."""
        document = json.loads(text)
        return cls(first=int(document["first"]), done=frozenset(map(int, document["done"])))


class Followers:
    """Compares the ends on record with those each job has followed, and makes up for the difference.

    Nothing depends on hearing of an end: that only says when to compare. So what ended while nobody was there, or
    just before a crash, is found by the same look. The mark is set after the requests, whose names keep a repeated
    one from making a second run; the mark in turn keeps those from running again whose followers were pruned.
    """

    def __init__(
        self,
        *,
        happenings: Happenings,
        requests: EventRequests,
        window_of: Callable[[str], timedelta],
        clock: Clock,
        patience: Patience,
    ) -> None:
        """`window_of` tells how old an end may be to be made up for by a task."""
        self._happenings = happenings
        self._requests = requests
        self._window_of = window_of
        self._clock = clock
        self._patience = patience
        self._followed: dict[int, Followed] = {}
        self._jobs: dict[int, tuple[Job, AfterTask]] = {}
        #: The tasks whose ends are waited for.
        self.tasks: Collection[str] = frozenset()
        self._refused: Collection[tuple[str, str]] = frozenset()

    def load(self, marks: Mapping[int, Mapping[str, str]]) -> None:
        """Take over what a former scheduler noted."""
        self._followed = {
            job_id: Followed.read(named[_FOLLOWED]) for job_id, named in marks.items() if _FOLLOWED in named
        }

    def forget(self, job_ids: Collection[int]) -> None:
        """Forget jobs that are no longer in force: what ends from now on is not theirs."""
        for job_id in job_ids:
            self._jobs.pop(job_id, None)
            self._followed.pop(job_id, None)

    def refuse(self, pairs: Iterable[tuple[str, str]]) -> None:
        """Have no task run after another where they are one of these pairs, until the next call."""
        self._refused = frozenset(pairs)

    async def look(self, jobs: Mapping[Job, object], ended: Collection[str] | None = None) -> None:
        """Make the runs that are missing after the ends of other tasks; new jobs begin with the ends from now on.

        `ended` are the tasks of which a run has ended since the last look; None: any may have.
        """
        self._jobs = {job.id: (job, event) for job, event in jobs.items() if isinstance(event, AfterTask)}
        self.tasks = frozenset(event.task for _, event in self._jobs.values())
        for job, event in tuple(self._jobs.values()):
            if ended is None or event.task in ended or job.id not in self._followed:
                await self._follow(job, event)

    async def _follow(self, job: Job, event: AfterTask) -> None:
        before = self._followed.get(job.id)
        found = await self._patience.write(
            lambda: self._happenings.ended_runs(event.task, None if before is None else before.first)
        )
        if before is None:
            done = {run.id for run in found.runs}
        else:
            done = {
                *before.done,
                *await self._made(job, event, [run for run in found.runs if run.id not in before.done]),
            }
        first = min([found.next_open, *(run.id for run in found.runs if run.id not in done)])
        after = Followed(first=first, done=frozenset(run_id for run_id in done if run_id >= first))
        if after != before and job.id in self._jobs:
            await self._patience.write(lambda: self._happenings.put_marks({(job.id, _FOLLOWED): after.text}))
            self._followed[job.id] = after

    async def _made(self, job: Job, event: AfterTask, ended: Sequence[EndedRun]) -> set[int]:
        """Make the followers of these runs; return which of them are settled."""
        settled: set[int] = set()
        for run in ended:
            if run.state in ENDINGS[event.on] and (job.task_id, event.task) not in self._refused:
                fault_points.point("before-follower-request")
                if self._clock.now() - run.ended_at > self._window_of(job.task_id):
                    reason = "it is older than the catch-up window (missed_window)"
                    self._requests.tell_dropped(job, f"the end of run {run.id} of {event.task}", reason)
                elif not await self._requests.make(
                    job, after_id(job.id, run.id), f"the end of run {run.id} of {event.task}"
                ):
                    continue
                fault_points.point("after-follower-request")
            settled.add(run.id)
        return settled
