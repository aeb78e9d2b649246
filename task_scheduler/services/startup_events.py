"""Runs at the start of the scheduler, and at the first one after the machine's."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

from task_scheduler.core.happenings import boot_id, startup_id
from task_scheduler.core.tasks import Job
from task_scheduler.core.triggers import AtBoot, AtStartup
from task_scheduler.ports import StateStore
from task_scheduler.services.event_requests import EventRequests
from task_scheduler.services.patience import Patience

#: Under what names the store keeps the number of the last start, and the boot whose events have all been seen to.
STARTS = "starts"
BOOT_DONE = "boot_done"


@dataclass(frozen=True, slots=True)
class _Start:
    """One start of the scheduler."""

    number: int
    is_first_of_boot: bool


class StartupEvents:
    """Makes a run of each job that waits for a start and was there at it, once for each.

    A task that was still being prepared at the start gets its run when it comes into force. That the jobs of a boot
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
        patience: Patience,
    ) -> None:
        """`boot` names this boot of the machine; `preparing` tells the tasks on their way into force for the first time."""
        self._state = state
        self._requests = requests
        self._boot = boot
        self._preparing = preparing
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
        await self._note_done()

    async def look(self, came: Mapping[Job, object]) -> None:
        """Make the runs of jobs that have come into force, if they were being prepared at the start."""
        if not self._expected:
            return
        still_preparing = set(self._preparing())  # before anything is waited for: more may come meanwhile
        for job, event in came.items():
            if job.task_id in self._expected:
                await self._make(job, event)
        self._expected &= still_preparing
        await self._note_done()

    async def _make(self, job: Job, event: object) -> None:
        if self._start is None:
            raise AssertionError("no start was taken note of")
        if isinstance(event, AtStartup):
            request_id = startup_id(job.id, self._boot, self._start.number)
            await self._requests.make(job, request_id, "this start of the scheduler")
        elif isinstance(event, AtBoot) and self._start.is_first_of_boot:
            await self._requests.make(job, boot_id(job.id, self._boot), "the start of the machine")

    async def _note_done(self) -> None:
        if not self._expected and self._start is not None and self._start.is_first_of_boot:
            await self._patience.write(lambda: self._state.put(BOOT_DONE, json.dumps(self._boot)))
