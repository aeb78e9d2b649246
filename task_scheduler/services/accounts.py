"""The read model that answers why: what became of every slot of a task.

Answers are JSON documents, made of the record and of the schedules alone, like those of `overview`.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime, timedelta, tzinfo
from typing import Protocol

from task_scheduler.core.accounting import (
    Account,
    Extra,
    Fate,
    Stretch,
    Term,
    account_for,
    gathered,
    listed,
)
from task_scheduler.core.clocks import CLOCK_GAPS, LAST_SEEN, OUTAGES, ClockGap, read_gaps
from task_scheduler.core.errors import Refused, TriggerError, UnknownTask
from task_scheduler.core.planning import TICK
from task_scheduler.core.tasks import Job, TaskRecord, TaskStatus
from task_scheduler.core.triggers import NO_CALENDARS, Calendars, Trigger, read_event
from task_scheduler.core.triggers.left_out import LeftOut, LeftOuts
from task_scheduler.core.triggers.zones import zone_name
from task_scheduler.ports import Catalogue, Clock, History, SlotHistory, StateStore
from task_scheduler.services.chains import chain_faults
from task_scheduler.services.documents import Document, iso
from task_scheduler.services.over import is_over, over_since
from task_scheduler.services.requested_entry import call_text, why_not_in_force
from task_scheduler.services.said_days import midnight, read_day, read_moment
from task_scheduler.services.task_documents import MAY_BE_SUSPENDED, not_suspended

#: Lines of a job's day before those that tell the same are joined.
MOST_LINES = 500
#: A slot recorded this long after its instant was found, and not awaited.
_FOUND_LATE = timedelta(minutes=1)
#: The fate of what a day off took away, which is no slot of the schedule.
LEFT_OUT = "left_out"
#: How far from a moment rows are looked for that no schedule tells of.
_WITHIN = timedelta(days=1)


class ReadTrigger(Protocol):
    """Reads triggers."""

    def __call__(self, text: str, timezone: str | None, /) -> Trigger:
        """Return the trigger of a canonical text; `timezone` None takes the scheduler's. Raises TriggerError."""
        ...


class AccountedRecord(Catalogue, History, SlotHistory, StateStore, Protocol):
    """The parts of the record that are asked."""


class Accounts:
    """Answers what became of slots."""

    def __init__(
        self,
        *,
        record: AccountedRecord,
        clock: Clock,
        zone: tzinfo,
        read_trigger: ReadTrigger,
        is_alive: bool,
        calendars: Calendars = NO_CALENDARS,
        suspended: Callable[[], str | None] = not_suspended,
        endless: Callable[[str], Sequence[str]] = lambda _: (),
    ) -> None:
        """`zone` is that of jobs that name none; `is_alive`: a scheduler that works asks, else the record was left.

        `suspended` tells why nothing may start at present, None: all is well; `endless` how a task starts itself.
        """
        self._why_endless = endless
        self._record = record
        self._clock = clock
        self._zone = zone
        self._read_trigger = read_trigger
        self._is_alive = is_alive
        self._calendars = calendars
        self._why_suspended = suspended

    # --- why ----------------------------------------------------------------------------------------------

    async def why(self, task: str, day: str | None = None, at: str | None = None) -> Document:
        """Return what became of every slot of a task on a day, `YYYY-MM-DD`; None: today.

        With `at`, a moment or a wall reading in the job's zone, return what became of the slot nearest to it.
        Raises UnknownTask, and Refused for what is neither a day nor a moment.
        """
        if day is not None and at is not None:
            raise Refused("give a day, or the moment of one slot")
        now = self._clock.now()
        task_record = await self._task_record(task)
        # First: what a working scheduler puts on record between these reads comes after what its jobs owed.
        all_jobs = await self._record.all_jobs(task)
        bounds = await self._record.slot_bounds(task)
        admissions = await self._record.admissions(task)
        gaps = read_gaps(await self._record.get(CLOCK_GAPS))
        outages = read_gaps(await self._record.get(OUTAGES))
        ledgers = [
            _Ledger(
                record=self._record,
                job=job,
                trigger=self._trigger(job),
                zone=self._zone_of(job),
                now=now,
                admissions=admissions,
                gaps=gaps,
                outages=outages,
                calendars=self._calendars,
                term=Term.of(
                    first=bounds[job.id].first if job.id in bounds else None,
                    last=bounds[job.id].last if job.id in bounds else None,
                    next_run=job.next_run,
                    is_active=job.active,
                ),
            )
            for job in all_jobs
            if job.active or job.id in bounds
        ]
        last_seen = await self._record.get(LAST_SEEN)
        document: Document = {
            "task": task,
            "title": task_record.title,
            "status": task_record.status.value,
            "now": iso(now),
            "scheduler": self._is_alive,
            "last_seen": None if last_seen is None else iso(datetime.fromisoformat(last_seen)),
            "remarks": [
                *self._remarks(task_record, ledgers, now),
                *await self._faults(ledgers),
                *self._why_endless(task),
            ],
        }
        if at is not None:
            return {**document, "at": at, "nearest": await _nearest(ledgers, at, now)}
        jobs = [await ledger.day(day) for ledger in ledgers]
        jobs = [job for job in jobs if job["active"] or job["lines"] or job["left_out"]]
        return {
            **document,
            "jobs": jobs,
            "balanced": all(job["balanced"] for job in jobs),
        }

    async def _task_record(self, task: str) -> TaskRecord:
        records = {record.task_id: record for record in await self._record.tasks()}
        if task not in records:
            raise UnknownTask(task, records)
        return records[task]

    def _trigger(self, job: Job) -> Trigger | str:
        """Return the trigger of a job, or why it cannot be read."""
        try:
            return self._read_trigger(job.trigger, job.timezone)
        except TriggerError as error:
            return str(error)

    def _zone_of(self, job: Job) -> tzinfo:
        trigger = self._trigger(job)
        return self._zone if isinstance(trigger, str) else trigger.zone

    async def _faults(self, ledgers: Sequence[_Ledger]) -> list[str]:
        """Return why jobs are not started by the tasks after which they run."""
        if not any(ledger.is_event for ledger in ledgers):
            return []
        faults = chain_faults(await self._record.jobs(), await self._record.tasks())
        return list(dict.fromkeys(faults[ledger.job.id] for ledger in ledgers if ledger.job.id in faults))

    def _remarks(self, record: TaskRecord, ledgers: Sequence[_Ledger], now: datetime) -> list[str]:
        """Return, in sentences, what keeps slots of a task from running, or from being there at all."""
        jobs = [ledger.job for ledger in ledgers]
        remarks: list[str] = []
        suspended = self._why_suspended() if record.status in MAY_BE_SUSPENDED else None
        if suspended is not None:
            remarks.append(suspended)
        if record.status in {TaskStatus.DISABLED, TaskStatus.DELETED, TaskStatus.MODULE}:
            remarks.append(f"{why_not_in_force(record)}; since then it has no slots")
        elif record.version is None:
            remarks.append(why_not_in_force(record))
        elif not any(job.active for job in jobs):
            remarks.append(f"{record.task_id} has no schedule: it runs by `start` alone")
        over = [ledger for ledger in ledgers if is_over(ledger.job)]
        for ledger in over:
            last = over_since(ledger.job, zone=self._zone, calendars=self._calendars, now=now, last=ledger.term.until)
            ended = "" if last is None else f"; the last was {last.astimezone(ledger.zone):%Y-%m-%d %H:%M:%S}"
            which = f"{ledger.call}, {ledger.job.trigger}: " if len(jobs) > 1 else ""
            remarks.append(f"{which}its schedule has no further instant{ended}")
        return remarks


class _Ledger:
    """The slots of one job, for as long as the record knows it."""

    def __init__(
        self,
        *,
        record: SlotHistory,
        job: Job,
        trigger: Trigger | str,
        zone: tzinfo,
        now: datetime,
        admissions: Sequence[datetime],
        gaps: Sequence[ClockGap],
        outages: Sequence[ClockGap],
        calendars: Calendars,
        term: Term,
    ) -> None:
        self._record = record
        self.job = job
        self.trigger = trigger
        self.zone = zone
        self._now = now
        self._admissions = admissions
        self._gaps = gaps
        self._outages = outages
        self._left_outs: LeftOuts | None = None
        with suppress(TriggerError):  # why its schedule cannot be read is told elsewhere
            self._left_outs = LeftOuts(job.trigger, zone, calendars)
        self.term = term

    @property
    def is_event(self) -> bool:
        """Whether it waits for an event, and has no slots by the clock."""
        return read_event(self.job.trigger) is not None

    @property
    def call(self) -> str:
        """What it calls, as a person reads it."""
        return call_text(self.job.function, self.job.arguments) or "the whole file"

    async def day(self, day: str | None) -> Document:
        """Return the slots of a day; `day` None: today where the job is."""
        wanted = self._now.astimezone(self.zone).date() if day is None else read_day(day)
        begin, end = midnight(wanted, self.zone), midnight(wanted + timedelta(days=1), self.zone)
        account = await self.account(begin, end)
        stretches = account.stretches if len(account.stretches) <= MOST_LINES else gathered(account.stretches)
        lines = [self.line(stretch) for stretch in stretches]
        counts, extras = account.counts, account.extras
        states = Counter[str]()
        for stretch in account.stretches:
            if stretch.fate is Fate.RAN and stretch.run is not None:
                states[stretch.run.state.value] += stretch.count
        return {
            **self.describe(),
            "day": wanted.isoformat(),
            "begin": iso(begin),
            "end": iso(end),
            "hours": (end - begin) / timedelta(hours=1),
            "lines": lines,
            "left_out": [self.left_out_line(found) for found in await self.left_out(begin, end)],
            "expected": account.expected,
            "counts": {fate.value: counts.get(fate, 0) for fate in Fate},
            "states": dict(states),
            "extras": {extra.value: extras.get(extra, 0) for extra in Extra},
            "difference": account.difference,
            "balanced": account.is_balanced,
        }

    async def account(self, begin: datetime, end: datetime) -> Account:
        """Return the account of the slots from `begin` to before `end`."""
        runs = await self._record.slots(self.job.id, begin, end)
        trigger = self.trigger
        if isinstance(trigger, str):
            return listed(runs, begin=begin, end=end)
        # A day of a job that is due each second has 86,400 slots: nobody else is to wait for their sum.
        return await asyncio.to_thread(
            account_for,
            trigger,
            runs,
            begin=begin,
            end=end,
            now=self._now,
            term=self.term,
            admissions=self._admissions,
        )

    async def left_out(self, begin: datetime, end: datetime) -> Sequence[LeftOut]:
        """Return what days off took away from `begin` to before `end`, as long as the job was there."""
        since = self.term.since
        if self._left_outs is None or since is None:
            return []
        # It was there when a version was put in force before its first slot, at the latest.
        there = max((moment for moment in self._admissions if moment <= since), default=since)
        if not self.job.active:
            end = min(end, end if self.term.until is None else self.term.until)
        elif is_over(self.job):
            end = min(end, self._now)
        return await asyncio.to_thread(lambda left: [*left.between(max(begin, there), end)], self._left_outs)

    async def nearest(self, moments: Sequence[datetime]) -> tuple[timedelta, Document] | None:
        """Return the slot nearest to one of these moments, and how far it is; None: there is none.

        One that a day off took away counts as a slot here, and comes after one that is due at the same instant.
        """
        found: list[tuple[timedelta, bool, datetime, Document]] = []
        for moment in moments:
            candidates = set(await self._instants_around(moment))
            for slot in candidates:
                account = await self.account(slot, slot + TICK)
                found += [(abs(slot - moment), False, each.first, self.line(each)) for each in account.stretches]
            for taken in await self.left_out(moment - _WITHIN, moment + _WITHIN):
                distance = max(taken.first - moment, moment - taken.last, timedelta())
                found.append((distance, True, taken.first, self.left_out_line(taken)))
        nearest = min(found, key=lambda entry: entry[:3], default=None)
        return None if nearest is None else (nearest[0], nearest[3])

    async def _instants_around(self, moment: datetime) -> Sequence[datetime]:
        """Return the instants of slots beside a moment, by the schedule and by the record."""
        earliest, latest = moment - _WITHIN, moment + _WITHIN
        instants = [self.term.since, self.term.until]
        if not isinstance(self.trigger, str):
            before, after = self.trigger.last_before(moment), self.trigger.next_after(moment - TICK)
            instants += [before, after]
            earliest, latest = max(before or earliest, earliest), min(after or latest, latest)
        # Rows beside the schedule, as it is read today, are slots too.
        rows = await self._record.slots(self.job.id, earliest, latest)
        instants += [run.scheduled_for for run in rows]
        return [instant for instant in instants if instant is not None]

    def describe(self) -> Document:
        """Return which job it is, and since when and until when the record knows it."""
        job = self.job
        return {
            "job": job.id,
            "function": job.function,
            "arguments": job.arguments,
            "call": call_text(job.function, job.arguments),
            "trigger": job.trigger,
            "timezone": job.timezone,
            "zone": zone_name(self.zone),
            "active": job.active,
            "since": None if self.term.since is None else iso(self.term.since),
            "local_since": None if self.term.since is None else self.term.since.astimezone(self.zone).isoformat(),
            "until": None if self.term.until is None else iso(self.term.until),
            "local_until": None if self.term.until is None else self.term.until.astimezone(self.zone).isoformat(),
            "event": self.is_event,
            "next_run": None if job.next_run is None else iso(job.next_run),
            "problem": self.trigger if isinstance(self.trigger, str) else "",
        }

    def line(self, stretch: Stretch) -> Document:
        """Return what became of a slot, or of several in a row."""
        run = stretch.run
        found_late = run is not None and run.created_at - stretch.last > _FOUND_LATE
        return {
            "first": iso(stretch.first),
            "last": iso(stretch.last),
            "local_first": stretch.first.astimezone(self.zone).isoformat(),
            "local_last": stretch.last.astimezone(self.zone).isoformat(),
            "count": stretch.count,
            "fate": stretch.fate.value,
            "extra": None if stretch.extra is None else stretch.extra.value,
            "run": None if run is None else run.id,
            "state": None if run is None else run.state.value,
            "reason": "" if run is None else run.reason,
            "late": None if run is None or run.started_at is None else (run.started_at - stretch.last).total_seconds(),
            "recorded_at": None if run is None else iso(run.created_at),
            "found_late": found_late,
            "gap": None if run is None else self._gap(stretch.last, run.created_at, is_late=found_late),
            "ended_at": None if run is None or run.ended_at is None else iso(run.ended_at),
        }

    def left_out_line(self, found: LeftOut) -> Document:
        """Return what a day off took away, as a line of a day: no row stands for it, and none is expected."""
        nothing = dict.fromkeys(("extra", "run", "state", "late", "recorded_at", "gap", "ended_at"))
        moved_to = found.moved_to
        return {
            "first": iso(found.first),
            "last": iso(found.last),
            "local_first": found.first.astimezone(self.zone).isoformat(),
            "local_last": found.last.astimezone(self.zone).isoformat(),
            "count": found.count,
            "fate": LEFT_OUT,
            **nothing,
            "reason": "",
            "found_late": False,
            "holiday": found.holiday,
            "moved_to": None if moved_to is None else iso(moved_to),
            "local_moved_to": None if moved_to is None else moved_to.astimezone(self.zone).isoformat(),
        }

    def _gap(self, slot: datetime, recorded_at: datetime, *, is_late: bool) -> str | None:
        """Return in words why nobody could look at an instant in time; None: nothing is known of it."""
        # The newest of several: a clock that was set back lives through the same time again.
        gap = next((gap for gap in reversed(self._gaps) if gap.after < slot <= gap.until), None)
        if gap is not None:
            return gap.cause if is_late else None
        outage = next((gap for gap in reversed(self._outages) if gap.after < slot <= gap.until <= recorded_at), None)
        if outage is None:
            return None
        after, until = outage.after.astimezone(self.zone), outage.until.astimezone(self.zone)
        end = f"{until:%H:%M:%S}" if until.date() == after.date() else f"{until:%Y-%m-%d %H:%M:%S}"
        # Of a scheduler that was killed, the last sign of life on record may be older than its end.
        return f"{outage.cause} from {after:%Y-%m-%d %H:%M:%S}, at the earliest, to {end}"


async def _nearest(ledgers: Sequence[_Ledger], at: str, now: datetime) -> list[Document]:
    """Return the slots nearest to a moment: one, or those of several jobs at one instant."""
    found = [
        (nearest[0], ledger, nearest[1])
        for ledger in ledgers
        if (nearest := await ledger.nearest(read_moment(at, ledger.zone, now))) is not None
    ]
    least = min((distance for distance, _, _ in found), default=None)
    return [
        {**ledger.describe(), **line, "distance": distance.total_seconds()}
        for distance, ledger, line in found
        if distance == least
    ]
