"""Asking for the runs that events bring about, once each."""

from __future__ import annotations

from task_scheduler.core.errors import Refused, StoreError, UnknownTask
from task_scheduler.core.events import Event, Level
from task_scheduler.core.happenings import again_id, found_gone
from task_scheduler.core.outcomes import Failed
from task_scheduler.core.policies import MOST_QUEUED
from task_scheduler.core.tasks import Job, JobDeclaration, Overlap
from task_scheduler.core.triggers.events import why_outside
from task_scheduler.ports import Clock, Ledger, RunRequest
from task_scheduler.services.patience import STORE_RETRY_DELAY, Patience
from task_scheduler.services.register import Register
from task_scheduler.services.run_events import run_not_started
from task_scheduler.services.runner import Runner
from task_scheduler.services.service import Publish
from task_scheduler.services.timetable import Timetable

#: Runs of one job that wait, at most, where one begins after the other: each end has all of them judged anew.
_MOST_IN_A_ROW = 20


class EventRequests:
    """Makes the run of an event, or tells why none is made."""

    def __init__(
        self,
        *,
        ledger: Ledger,
        runner: Runner,
        register: Register,
        timetable: Timetable,
        clock: Clock,
        patience: Patience,
        publish: Publish,
    ) -> None:
        self._ledger = ledger
        self._runner = runner
        self._register = register
        self._timetable = timetable
        self._clock = clock
        self._patience = patience
        self._publish = publish
        #: Jobs of which it is told that their schedules have not begun, or are over, with that.
        self._told_outside: set[tuple[int, str]] = set()

    async def make(self, job: Job, request_id: str, what: str) -> bool:
        """Make the run of an event, unless it is made already; return whether that is settled.

        `what` is the event in words. A file whose run found it gone, and that is back as it was, has a further run.
        What is not in force, or suspended, makes no run, and that is settled; so is what comes before the `starts` of its
        task or after its `ends`. While the scheduler ends nothing is: the next start finds the event again. A store that
        fails is waited for.
        """
        if outside := self._why_outside(job):
            if (job.id, outside) not in self._told_outside:
                self._told_outside.add((job.id, outside))
                self.tell_dropped(job, what, outside)
            return True
        try:
            while not (reason := self._why_not(job)):
                try:
                    run = await self._runner.request_for_event(job, request_id)
                    while found_gone(run):
                        run = await self._runner.request_for_event(job, again_id(str(run.request_id), run.id))
                except StoreError as error:
                    self._patience.note_failure(request_id, error)
                    await self._clock.sleep(STORE_RETRY_DELAY)
                else:
                    self._patience.note_success(request_id)
                    return True
        except (Refused, UnknownTask):
            return False
        finally:
            self._patience.give_up(request_id)
        self.tell_dropped(job, what, reason)
        return True

    async def fail(self, task_id: str, job: JobDeclaration, request_id: str, reason: str) -> None:
        """Put the run of an event on record as failed, of a job that could not be brought into force for it.

        A job that never was in force has no number, and its run none of it; made again, it is left as it is.
        """
        now = self._clock.now()
        request = RunRequest(
            task_id=task_id,
            function=job.function,
            arguments=job.arguments,
            digest=None,
            request_id=request_id,
            created_at=now,
            is_for_event=True,
        )
        run, is_new = await self._patience.write(lambda: self._ledger.request(request))
        outcome = Failed(f"could not be started: {reason}")
        for ended in await self._patience.write(lambda: self._ledger.resolve([run.id], outcome, now)):
            if is_new:
                self._publish(run_not_started(ended, outcome))

    def places(self, job: Job) -> int:
        """Return how many more runs of a job may wait now; 0 until half of those that may have begun."""
        admitted = self._register.get(job.task_id)
        is_parallel = admitted is not None and admitted.version.declaration.overlap is Overlap.PARALLEL
        most = MOST_QUEUED if is_parallel else _MOST_IN_A_ROW
        waiting = self._runner.waiting_of_job(job)
        return most - waiting if waiting <= most // 2 else 0

    def tell_dropped(self, job: Job, what: str, reason: str) -> None:
        """Tell that an event makes no run of a job."""
        message = f"{job.task_id} is not run for {what}: {reason}"
        self._publish(Event(name="event.dropped", message=message, level=Level.WARNING, fields={"task": job.task_id}))

    def _why_outside(self, job: Job) -> str:
        """Return why an event of a job starts nothing at this time; empty: it may."""
        timed, admitted = self._timetable.timed(job.id), self._register.get(job.task_id)
        if timed is None or admitted is None:
            return ""
        declared = admitted.version.declaration
        return why_outside(declared.starts, declared.ends, zone=timed.trigger.zone, now=self._clock.now())

    def _why_not(self, job: Job) -> str:
        if self._timetable.job(job.id) is None or self._register.get(job.task_id) is None:
            return "its schedule is no longer in force"
        if self._register.suspended is not None:
            return f"its task is suspended: {self._register.suspended}"
        return ""
