"""Asking for the runs that events bring about, once each."""

from __future__ import annotations

from task_scheduler.core.errors import Refused, StoreError, UnknownTask
from task_scheduler.core.events import Event, Level
from task_scheduler.core.tasks import Job
from task_scheduler.ports import Clock
from task_scheduler.services.patience import STORE_RETRY_DELAY, Patience
from task_scheduler.services.register import Register
from task_scheduler.services.runner import Runner
from task_scheduler.services.service import Publish
from task_scheduler.services.timetable import Timetable


class EventRequests:
    """Makes the run of an event, or tells why none is made."""

    def __init__(
        self,
        *,
        runner: Runner,
        register: Register,
        timetable: Timetable,
        clock: Clock,
        patience: Patience,
        publish: Publish,
    ) -> None:
        self._runner = runner
        self._register = register
        self._timetable = timetable
        self._clock = clock
        self._patience = patience
        self._publish = publish

    async def make(self, job: Job, request_id: str, what: str) -> bool:
        """Make the run of an event, unless it is made already; return whether that is settled.

        `what` is the event in words. What is not in force, or suspended, makes no run, and that is settled. While the
        scheduler ends nothing is: the next start finds the event again. A store that fails is waited for.
        """
        try:
            while not (reason := self._why_not(job)):
                try:
                    await self._runner.request_for_event(job, request_id)
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

    def waiting(self, job: Job) -> int:
        """Return how many runs of a job have not begun."""
        return self._runner.waiting_of_job(job)

    def tell_dropped(self, job: Job, what: str, reason: str) -> None:
        """Tell that an event makes no run of a job."""
        message = f"{job.task_id} is not run for {what}: {reason}"
        self._publish(Event(name="event.dropped", message=message, level=Level.WARNING, fields={"task": job.task_id}))

    def _why_not(self, job: Job) -> str:
        if self._timetable.job(job.id) is None or self._register.get(job.task_id) is None:
            return "its schedule is no longer in force"
        if self._register.suspended is not None:
            return f"its task is suspended: {self._register.suspended}"
        return ""
