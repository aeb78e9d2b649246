"""The read model of a month: what ran on each day, and what is due on those to come, as a JSON document."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta, tzinfo
from itertools import pairwise

from task_scheduler.core.errors import TriggerError, UnknownTask
from task_scheduler.core.planning import TICK
from task_scheduler.core.runs import Run, RunState
from task_scheduler.core.tasks import Job
from task_scheduler.core.triggers import NO_CALENDARS, Calendars, Trigger, calendar_of
from task_scheduler.core.triggers.left_out import LeftOuts
from task_scheduler.core.triggers.zones import zone_name
from task_scheduler.ports import Clock
from task_scheduler.services.accounts import AccountedRecord, ReadTrigger
from task_scheduler.services.documents import TURN, Document, iso
from task_scheduler.services.over import is_over
from task_scheduler.services.requested_entry import call_text
from task_scheduler.services.said_days import days_of, midnight, read_month

#: Slots of a job on one day that are told one by one.
MOST_SLOTS_APART = 50
#: Slots of a month that are told at most, those told together counted as one.
MOST_SLOTS = 20_000

#: What is counted of a day, and of what states.
_COLUMNS: Mapping[str, frozenset[RunState]] = {
    "succeeded": frozenset({RunState.SUCCEEDED}),
    "failed": frozenset({RunState.FAILED, RunState.TIMED_OUT, RunState.INTERRUPTED}),
    "missed": frozenset({RunState.MISSED}),
    "skipped": frozenset({RunState.SKIPPED}),
    "cancelled": frozenset({RunState.CANCELLED}),
    "open": frozenset({RunState.QUEUED, RunState.RUNNING, RunState.RETRYING}),
}
_COLUMN_OF = {state: column for column, states in _COLUMNS.items() for state in states}


@dataclass(slots=True)
class _Day:
    """One day of a month, from `begin` to before `end`."""

    date: date
    begin: datetime
    end: datetime
    counts: Counter[str] = field(default_factory=Counter)
    owed: int = 0
    due: int = 0
    left_out: int = 0
    holiday: str = ""


class MonthOverview:
    """Answers what ran and what is due."""

    def __init__(
        self,
        *,
        record: AccountedRecord,
        clock: Clock,
        zone: tzinfo,
        read_trigger: ReadTrigger,
        calendars: Calendars = NO_CALENDARS,
    ) -> None:
        """`zone` is the one days are told in, unless all jobs that are asked about have another in common."""
        self._record = record
        self._clock = clock
        self._zone = zone
        self._read_trigger = read_trigger
        self._calendars = calendars

    async def calendar(self, month: str | None = None, task: str | None = None, *, slots: bool = False) -> Document:
        """Return what ran and what is due on each day of a month, `YYYY-MM`; None: this one.

        A run counts on the day of its slot, one without a slot on the day it ended. Of slots that were missed in bulk
        each counts on its day. With `slots`, the instants to come are told too. Of one task it is told as well what
        holidays took away: left out, or moved to another day. Raises UnknownTask or Refused.
        """
        now = self._clock.now()
        if task is not None:
            known = [record.task_id for record in await self._record.tasks()]
            if task not in known:
                raise UnknownTask(task, known)
        jobs = [job for job in await self._record.jobs() if task in {None, job.task_id}]
        zone = self._zone_of(jobs)
        days = _days_of(month, now, zone)
        for day in days:
            for state, number in (await self._record.counts(task, day.begin, day.end)).items():
                day.counts[_COLUMN_OF[state]] += number
        await self._count_ranges(await self._record.ranges(task, days[0].begin, days[-1].end), days)
        told = await self._look_ahead(jobs, days, now, with_slots=slots)
        if task is not None:
            await self._leave_out(jobs, days, task)
        document = _describe(days, now=now, zone=zone, task=task, slots=told if slots else None)
        return {**document, "calendars": sorted({name for job in jobs if (name := calendar_of_job(job))})}

    def _zone_of(self, jobs: Sequence[Job]) -> tzinfo:
        """Return the zone of these jobs where they have one in common, else the scheduler's."""
        if len({job.timezone for job in jobs}) != 1:
            return self._zone
        trigger = self._trigger(jobs[0])
        return self._zone if trigger is None else trigger.zone

    def _trigger(self, job: Job) -> Trigger | None:
        try:
            return self._read_trigger(job.trigger, job.timezone)
        except TriggerError:
            return None

    async def _count_ranges(self, runs: Sequence[Run], days: Sequence[_Day]) -> None:
        """Count the slots of rows that stand for several, each on its day."""
        jobs = {
            job.id: job for task_id in {run.task_id for run in runs} for job in await self._record.all_jobs(task_id)
        }
        for run in runs:
            trigger = self._trigger(jobs[run.job_id]) if run.job_id in jobs else None
            for day in days:
                day.counts[_COLUMN_OF[run.state]] += _slots_inside(run, day, trigger)

    async def _look_ahead(
        self, jobs: Sequence[Job], days: Sequence[_Day], now: datetime, *, with_slots: bool
    ) -> list[Document]:
        """Count what each day owes and has to come; return the slots to come where they are asked for."""
        told: list[Document] = []
        # Thousands of jobs share few schedules, and whole days of them are alike.
        whole_days: dict[tuple[str, str | None, datetime], int] = {}
        for position, job in enumerate(jobs, start=1):
            if position % TURN == 0:
                await asyncio.sleep(0)
            trigger = self._trigger(job)
            if job.next_run is None or trigger is None:
                continue
            for day in days:
                first, last_owed = max(day.begin, job.next_run), min(day.end - TICK, now)
                if first <= last_owed:
                    day.owed += trigger.count_between(first - TICK, last_owed)
                first = max(first, now + TICK)
                if first >= day.end:
                    continue
                key = (job.trigger, job.timezone, day.begin)
                count = whole_days.get(key) if first == day.begin else None
                if count is None:
                    count = trigger.count_between(first - TICK, day.end - TICK)
                    if first == day.begin:
                        whole_days[key] = count
                day.due += count
                if with_slots and len(told) <= MOST_SLOTS:
                    told += _slots_of(job, trigger, first, day.end, count)
        return sorted(told, key=lambda slot: (slot["first"], slot["task"]))

    async def _leave_out(self, jobs: Sequence[Job], days: Sequence[_Day], task: str) -> None:
        """Count what holidays took away of each day since the task is there."""
        admissions = await self._record.admissions(task)
        if not admissions:
            return
        since, now = min(admissions), self._clock.now()
        for job in jobs:
            trigger = self._trigger(job)
            if trigger is None or not calendar_of_job(job):
                continue
            taken = LeftOuts(job.trigger, trigger.zone, self._calendars)
            for day in days:
                for found in taken.between(max(day.begin, since), min(day.end, now) if is_over(job) else day.end):
                    day.left_out += found.count
                    day.holiday = day.holiday or found.holiday


def calendar_of_job(job: Job) -> str:
    """Return the calendar a job observes; empty: none."""
    try:
        return calendar_of(job.trigger)
    except TriggerError:
        return ""


def an_empty_month(month: str | None, *, now: datetime, zone: tzinfo, with_slots: bool) -> Document:
    """Return the month of a project that no scheduler has run for; raises Refused."""
    document = _describe(_days_of(month, now, zone), now=now, zone=zone, task=None, slots=[] if with_slots else None)
    return {**document, "calendars": []}


def _days_of(month: str | None, now: datetime, zone: tzinfo) -> Sequence[_Day]:
    today = now.astimezone(zone).date()
    dates = days_of(today.replace(day=1) if month is None else read_month(month))
    edges = [midnight(day, zone) for day in (*dates, dates[-1] + timedelta(days=1))]
    return [_Day(date, begin, end) for date, (begin, end) in zip(dates, pairwise(edges), strict=True)]


def _describe(
    days: Sequence[_Day], *, now: datetime, zone: tzinfo, task: str | None, slots: Sequence[Document] | None
) -> Document:
    return {
        "month": f"{days[0].date:%Y-%m}",
        "zone": zone_name(zone),
        "task": task,
        "now": iso(now),
        "today": now.astimezone(zone).date().isoformat(),
        "days": [
            {
                "date": day.date.isoformat(),
                **{column: day.counts.get(column, 0) for column in _COLUMNS},
                "owed": day.owed,
                "due": day.due,
                "left_out": day.left_out,
                "holiday": day.holiday,
            }
            for day in days
        ],
        **({} if slots is None else {"slots": slots[:MOST_SLOTS], "more": len(slots) > MOST_SLOTS}),
    }


def _slots_inside(run: Run, day: _Day, trigger: Trigger | None) -> int:
    """Return how many of the slots a row stands for lie on a day."""
    if run.scheduled_for is None or run.range_end is None:
        return 0
    if trigger is None:
        # Its schedule cannot be read any more: all of them count on the day of the first.
        return run.count if day.begin <= run.scheduled_for < day.end else 0
    first, last = max(day.begin, run.scheduled_for), min(day.end - TICK, run.range_end)
    return trigger.count_between(first - TICK, last) if first <= last else 0


def _slots_of(job: Job, trigger: Trigger, first: datetime, end: datetime, count: int) -> list[Document]:
    """Return the slots of a job from `first` to before `end`, each; or one entry for all where they are many."""
    slot = trigger.next_after(first - TICK)
    if slot is None or not count:
        return []
    named = {"task": job.task_id, "job": job.id, "call": call_text(job.function, job.arguments), "trigger": job.trigger}
    if count > MOST_SLOTS_APART:
        last = trigger.last_before(end - TICK) or slot
        return [{**named, "first": iso(slot), "last": iso(last), "count": count}]
    found: list[Document] = []
    while slot is not None and slot < end:
        found.append({**named, "first": iso(slot), "last": iso(slot), "count": 1})
        slot = trigger.next_after(slot)
    return found
