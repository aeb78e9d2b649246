"""Runs at the start of the scheduler, and at the first one after the machine's."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from task_scheduler.core.happenings import boot_id, spelled, startup_id
from task_scheduler.core.tasks import Job, JobDeclaration
from task_scheduler.core.triggers import AtBoot, AtStartup, read_event, seed_of
from task_scheduler.ports import StateStore
from task_scheduler.services.event_requests import EventRequests
from task_scheduler.services.patience import Patience

#: Under what names the store keeps the number of the last start, and the boot whose events have all been seen to.
STARTS = "starts"
BOOT_DONE = "boot_done"
#: By task what it declares, and why it cannot be made ready.
RefusedJobs: TypeAlias = Mapping[str, tuple[Sequence[JobDeclaration], str]]


@dataclass(frozen=True, slots=True)
class _Start:
    """One start of the scheduler."""

    number: int
    is_first_of_boot: bool


class StartupEvents:
    """Makes a run of each job that waits for a start and was there at it, once for each.

    A task that was still being prepared at the start gets its run when it comes into force; where it turns out that it
    cannot be made ready, the run is on record as failed. That the jobs of a boot
    have had theirs is noted last: a scheduler that dies before leaves them to the next start, and their names, which
    hold the boot, keep them from running twice.
    """

    def __init__(
        self,
        *,
        state: StateStore,
        requests: EventRequests,
        boot: str,
        preparing: Callable[[], Collection[str]],
        refused: Callable[[], RefusedJobs],
        patience: Patience,
    ) -> None:
        """`boot` names this boot of the machine; `preparing` tells the tasks on their way into force for the first time.

        `refused` tells those that could not be made ready.
        """
        self._state = state
        self._requests = requests
        self._boot = boot
        self._preparing = preparing
        self._refused = refused
        self._patience = patience
        self._start: _Start | None = None
        self._expected: set[str] = set()

    async def begin(self, jobs: Mapping[Job, object]) -> None:
        """Take note of a start; `jobs` are those in force that wait for events."""
        number = int(await self._state.get(STARTS) or 0) + 1
        await self._patience.write(lambda: self._state.put(STARTS, str(number)))
        done = json.loads(await self._state.get(BOOT_DONE) or "null")
        self._start = _Start(number=number, is_first_of_boot=done != self._boot)
        self._expected = set(self._preparing())
        for job, event in jobs.items():
            await self._make(job, event)
        await self._fail(self._refused())
        await self._note_done()

    async def look(self, came: Mapping[Job, object]) -> None:
        """See to jobs that were being prepared at the start and have come into force, or cannot."""
        if not self._expected:
            return
        still_preparing = set(self._preparing())  # before anything is waited for: more may come meanwhile
        refused = {task_id: why for task_id, why in self._refused().items() if task_id in self._expected}
        for job, event in came.items():
            if job.task_id in self._expected:
                await self._make(job, event)
        await self._fail(refused)
        self._expected &= still_preparing
        await self._note_done()

    async def _fail(self, refused: RefusedJobs) -> None:
        """Put on record that jobs that wait for this start could not be started."""
        for task_id, (jobs, reason) in refused.items():
            for job in jobs:
                event = read_event(job.trigger)
                request_id = self._request_id(spelled(seed_of(task_id, job.function, job.arguments)), event)
                if request_id is not None:
                    await self._requests.fail(task_id, job, request_id, reason)

    async def _make(self, job: Job, event: object) -> None:
        request_id = self._request_id(job.id, event)
        if request_id is not None:
            what = "this start of the scheduler" if isinstance(event, AtStartup) else "the start of the machine"
            await self._requests.make(job, request_id, what)

    def _request_id(self, job: int | str, event: object) -> str | None:
        """Return the name of a job's run for this start; None: it is not for it."""
        if self._start is None:
            raise AssertionError("no start was taken note of")
        if isinstance(event, AtStartup):
            return startup_id(job, self._boot, self._start.number)
        return boot_id(job, self._boot) if isinstance(event, AtBoot) and self._start.is_first_of_boot else None

    async def _note_done(self) -> None:
        if not self._expected and self._start is not None and self._start.is_first_of_boot:
            await self._patience.write(lambda: self._state.put(BOOT_DONE, json.dumps(self._boot)))
