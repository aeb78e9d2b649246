"""The jobs in force and what each owes next, ordered by time."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, tzinfo

from task_scheduler.core.planning import TICK
from task_scheduler.core.tasks import Job
from task_scheduler.core.triggers import (
    NO_CALENDARS,
    Calendars,
    EventTrigger,
    Trigger,
    calendar_of,
    parse_trigger,
    read_zone,
)

#: What a canonical text has in it that names a calendar.
_CALENDAR = " calendar "
#: Different triggers that are kept at hand.
_MOST_TRIGGERS = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class TimedJob:
    """A job with its trigger at hand."""

    job: Job
    trigger: Trigger


class Timetable:
    """Which job is due next. Entries of a job that changed are dropped when they come up."""

    def __init__(self, *, zone: tzinfo, calendars: Calendars = NO_CALENDARS) -> None:
        """`zone` is that of jobs which name none, and `calendars` those that schedules may name."""
        self._zone = zone
        self._calendars = calendars
        self._jobs: dict[int, TimedJob] = {}
        self._by_task: dict[str, tuple[int, ...]] = {}
        #: Jobs that owe nothing by the clock.
        self._events: dict[int, TimedJob] = {}
        #: The calendars of the jobs that observe one.
        self._observed: dict[int, str] = {}
        #: A trigger has no memory, so equal ones are one, of which thousands of jobs may have the same.
        self._triggers: dict[tuple[str, str | None], Trigger] = {}
        self._heap: list[tuple[datetime, int]] = []
        self._ended: list[TimedJob] = []

    def __len__(self) -> int:
        """Return how many jobs are in force."""
        return len(self._jobs)

    @property
    def zone(self) -> tzinfo:
        """The zone of jobs that name none."""
        return self._zone

    def trigger_of(self, text: str, timezone: str | None) -> Trigger:
        """Return the trigger of a canonical text; `timezone` None takes the scheduler's zone."""
        trigger = self._triggers.get((text, timezone))
        if trigger is None:
            zone = self._zone if timezone is None else read_zone(timezone)
            trigger = parse_trigger(text, zone, self._calendars)
            if _CALENDAR in text:
                return trigger  # its file may change
            if len(self._triggers) >= _MOST_TRIGGERS:
                self._triggers.clear()
            self._triggers[text, timezone] = trigger
        return trigger

    def set_task(self, task_id: str, jobs: Iterable[Job]) -> None:
        """Put exactly these jobs of a task in force; raises TriggerError, and then nothing has changed."""
        timed = [TimedJob(job=job, trigger=self.trigger_of(job.trigger, job.timezone)) for job in jobs]
        stay = {entry.job.id for entry in timed}
        for job_id in self._by_task.pop(task_id, ()):
            before = self._jobs.pop(job_id)
            self._events.pop(job_id, None)
            self._observed.pop(job_id, None)
            if job_id not in stay and before.job.next_run is not None:
                self._ended.append(before)
        if timed:
            self._by_task[task_id] = tuple(dict.fromkeys(entry.job.id for entry in timed))
        for entry in timed:
            self._jobs[entry.job.id] = entry
            if isinstance(entry.trigger, EventTrigger):
                self._events[entry.job.id] = entry
            elif _CALENDAR in entry.trigger.text:
                self._observed[entry.job.id] = calendar_of(entry.trigger.text)
            self._push(entry.job)

    @property
    def has_ended(self) -> bool:
        """Whether there are jobs that are no longer in force and that nobody has taken yet."""
        return bool(self._ended)

    def take_ended(self) -> list[TimedJob]:
        """Return the jobs that are no longer in force, as they were, each once: they may still owe something."""
        ended, self._ended = self._ended, []
        return ended

    def keep_ended(self, ended: Iterable[TimedJob]) -> None:
        """Offer jobs again whose debts could not be put on record."""
        self._ended += ended

    def jobs_of(self, task_id: str) -> Sequence[Job]:
        """Return a task's jobs in force, oldest first."""
        return [self._jobs[job_id].job for job_id in sorted(self._by_task.get(task_id, ()))]

    def job(self, job_id: int | None) -> Job | None:
        """Return a job in force, None when there is none of that id."""
        timed = None if job_id is None else self._jobs.get(job_id)
        return None if timed is None else timed.job

    def timed(self, job_id: int | None) -> TimedJob | None:
        """Return a job in force with its trigger, None when there is none of that id."""
        return None if job_id is None else self._jobs.get(job_id)

    def trigger(self, job_id: int | None) -> Trigger | None:
        """Return when a job in force is due, None when there is none of that id."""
        timed = self.timed(job_id)
        return None if timed is None else timed.trigger

    def period_at(self, job_id: int | None, slot: datetime) -> timedelta | None:
        """Return the distance from a slot of a job to the one after it; None when that cannot be told."""
        trigger = self.trigger(job_id)
        return None if trigger is None else trigger.period(slot - TICK)

    def all(self) -> Sequence[TimedJob]:
        """Return every job in force."""
        return list(self._jobs.values())

    def waiting_for_events(self) -> Sequence[TimedJob]:
        """Return the jobs in force that wait for an event, and owe nothing by the clock."""
        return list(self._events.values())

    def observed(self) -> Mapping[str, Sequence[TimedJob]]:
        """Return the jobs in force that observe a calendar, by its name."""
        found: dict[str, list[TimedJob]] = {}
        for job_id, name in self._observed.items():
            found.setdefault(name, []).append(self._jobs[job_id])
        return found

    def plan_anew(self, job_id: int, trigger: Trigger, next_run: datetime | None) -> None:
        """Have a job follow another trigger of its text from now on; ignored when it is no longer in force."""
        timed = self._jobs.get(job_id)
        if timed is not None:
            self._jobs[job_id] = TimedJob(job=replace(timed.job, next_run=next_run), trigger=trigger)
            self._push(self._jobs[job_id].job)

    def move_on(self, job_id: int, next_run: datetime | None) -> None:
        """Set what a job owes next; ignored when the job is no longer in force."""
        timed = self._jobs.get(job_id)
        if timed is not None:
            self._jobs[job_id] = TimedJob(job=replace(timed.job, next_run=next_run), trigger=timed.trigger)
            self._push(self._jobs[job_id].job)

    def next_due(self) -> datetime | None:
        """Return the earliest instant any job owes, None when none owes any."""
        while self._heap:
            moment, job_id = self._heap[0]
            timed = self._jobs.get(job_id)
            if timed is not None and timed.job.next_run == moment:
                return moment
            heapq.heappop(self._heap)
        return None

    def take_due(self, until: datetime) -> list[TimedJob]:
        """Return the jobs that owe a slot up to `until`; each is given again only after `move_on`."""
        due: dict[int, TimedJob] = {}
        while self._heap and self._heap[0][0] <= until:
            moment, job_id = heapq.heappop(self._heap)
            timed = self._jobs.get(job_id)
            if timed is not None and timed.job.next_run == moment:
                due[job_id] = timed
        return list(due.values())

    def due_within(self, until: datetime) -> list[TimedJob]:
        """Return the jobs that owe a slot up to `until`, leaving them where they are."""
        found: dict[int, TimedJob] = {}
        unseen = [0] if self._heap else []
        while unseen:
            place = unseen.pop()
            moment, job_id = self._heap[place]
            if moment > until:
                continue  # the heap's order: nothing below this place is earlier
            timed = self._jobs.get(job_id)
            if timed is not None and timed.job.next_run == moment:
                found[job_id] = timed
            unseen += [child for child in (2 * place + 1, 2 * place + 2) if child < len(self._heap)]
        return list(found.values())

    def put_back(self, jobs: Iterable[TimedJob]) -> None:
        """Offer jobs again that were taken and whose slots could not be put on record."""
        for timed in jobs:
            current = self._jobs.get(timed.job.id)
            if current is not None:
                self._push(current.job)

    def _push(self, job: Job) -> None:
        if job.next_run is None:
            return
        if len(self._heap) > 2 * len(self._jobs) + 64:
            self._heap = [
                (timed.job.next_run, job_id) for job_id, timed in self._jobs.items() if timed.job.next_run is not None
            ]
            heapq.heapify(self._heap)
        heapq.heappush(self._heap, (job.next_run, job.id))
