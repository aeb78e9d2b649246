"""Which slots of a job are due, and what becomes of each: (job, what it owes, now) -> decisions.

Every slot from `next_run` up to the moment planned for is in exactly one decision, so that the ledger's
sum can be checked: due = runs + merged + missed.

A slot is put on record half a second ahead of its instant. Between the two the machine may sleep, its clock be set, or
the scheduler die. So there is a second rule, for slots on record that were not handed over in time, and it says the same:

1. Of a clock that was corrected, none runs: that is found out first, and labels all of them.
2. Older than the catch-up window: missed.
3. Late within the grace, or by less than a minute: it simply runs late.
4. Later than that, `skip` misses it; `once` misses it too where a later slot of its job is past, whose run stands for
   both: that slot is owed or on record by then, so it is never lost, and one run is what comes of it; `all` runs it.

What was handed over in time waits for its turn alone: neither of the rules is asked about it again.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from task_scheduler.core.policies import LEAST_GRACE, MOST_CAUGHT_UP, MisfirePolicy
from task_scheduler.core.tasks import Missed

#: The resolution of every instant here.
TICK = timedelta(microseconds=1)
#: Why a run on record is missed that was found again too late, however long it may wait otherwise.
TOO_OLD = "older than the catch-up window when a scheduler was there again"
_PASSED = "its time had passed (missed: skip)"
_STOOD_FOR = "the run of a later slot stands for it (missed: once)"


class Slots(Protocol):
    """What planning asks of a trigger."""

    def next_after(self, moment: datetime) -> datetime | None:
        """Return the first slot later than `moment`."""
        ...

    def last_before(self, moment: datetime) -> datetime | None:
        """Return the newest slot not later than `moment`."""
        ...

    def count_between(self, after: datetime, until: datetime) -> int:
        """Return how many slots are later than `after` and not later than `until`."""
        ...

    def period(self, moment: datetime) -> timedelta | None:
        """Return the distance between two slots around `moment`."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class RunSlot:
    """This slot gets a run; it also stands for `merged` earlier ones, the first at `merged_from`."""

    scheduled_for: datetime
    merged: int = 0
    merged_from: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MissSlots:
    """These slots, both ends included, are recorded as missed."""

    first: datetime
    last: datetime
    count: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class JobPlan:
    """What becomes of a job's due slots, oldest first, and what it owes next."""

    decisions: tuple[RunSlot | MissSlots, ...]
    next_run: datetime | None


def plan_job(trigger: Slots, next_run: datetime, *, now: datetime, until: datetime, policy: MisfirePolicy) -> JobPlan:
    """Decide about every slot from `next_run` to `until`, which is `now` or a little later.

    Slots later than `now` each get a run of their own; of those up to `now`, the policy decides.
    """
    decisions = _past(trigger, next_run, now=now, policy=policy)
    upcoming = next_run if next_run > now else trigger.next_after(now)
    while upcoming is not None and upcoming <= until:
        decisions.append(RunSlot(scheduled_for=upcoming))
        upcoming = trigger.next_after(upcoming)
    return JobPlan(decisions=tuple(decisions), next_run=upcoming)


def why_too_late(trigger: Slots | None, slot: datetime, *, now: datetime, policy: MisfirePolicy) -> str | None:
    """Return why a slot on record that was not handed over in time may not run any more; None: it may.

    `trigger` is that of its job, None when that is no longer in force: then it has no later slot.
    """
    late = now - slot
    if late > policy.reach:
        return TOO_OLD
    if policy.missed is Missed.ALL or late <= LEAST_GRACE:
        return None
    if late <= policy.grace(None if trigger is None else trigger.period(slot - TICK)):
        return None
    if policy.missed is Missed.SKIP:
        return _PASSED
    following = None if trigger is None else trigger.next_after(slot)
    return _STOOD_FOR if following is not None and following <= now else None


def miss_all(trigger: Slots, next_run: datetime, *, now: datetime, reason: str) -> JobPlan:
    """Record every slot up to `now` as missed, for a clock that was corrected."""
    newest = trigger.last_before(now) if next_run <= now else None
    missed = [] if newest is None or newest < next_run else [_miss(trigger, next_run, newest, reason)]
    return JobPlan(decisions=tuple(missed), next_run=trigger.next_after(now))


def give_up(trigger: Slots, owed: datetime | None, *, now: datetime, recorded: datetime | None, reason: str) -> JobPlan:
    """Record what a job owes up to `now` as missed; it owes next what comes after that, and after what is on record.

    `recorded` is its newest slot on record, which may lie ahead of `now`; None: it has none.
    """
    begin = max(now, recorded or now)
    missed: list[RunSlot | MissSlots] = []
    newest = trigger.last_before(now) if owed is not None and owed <= now else None
    if owed is not None and newest is not None:
        first = trigger.next_after(max(owed - TICK, recorded or owed - TICK))
        if first is not None and first <= newest:
            missed.append(_miss(trigger, first, newest, reason))
    return JobPlan(decisions=tuple(missed), next_run=trigger.next_after(begin))


def _past(trigger: Slots, first: datetime, *, now: datetime, policy: MisfirePolicy) -> list[RunSlot | MissSlots]:
    newest = trigger.last_before(now) if first <= now else None
    if newest is None or newest < first:
        return []
    # Of a trigger that has changed, what is owed may lie between two slots.
    first = trigger.next_after(first - TICK) or newest
    oldest_kept, reason = _oldest_kept(trigger, newest, now=now, policy=policy)
    decisions: list[RunSlot | MissSlots] = []
    if first < oldest_kept:
        last_missed = trigger.last_before(oldest_kept - TICK) or first
        decisions.append(_miss(trigger, first, min(last_missed, newest), reason))
        if newest < oldest_kept:
            return decisions
        first = trigger.next_after(oldest_kept - TICK) or newest
    if policy.missed is Missed.ALL:
        return decisions + _each(trigger, first, newest)
    merged = trigger.count_between(first - TICK, newest) - 1
    return [*decisions, RunSlot(scheduled_for=newest, merged=merged, merged_from=first if merged else None)]


def _oldest_kept(trigger: Slots, newest: datetime, *, now: datetime, policy: MisfirePolicy) -> tuple[datetime, str]:
    """Return the instant before which slots are missed, and the reason they are."""
    in_window = now - policy.reach
    if policy.missed is Missed.SKIP:
        # A tenth of the period is judged at the newest slot; both ends of a changing period are on record.
        on_time = now - policy.grace(trigger.period(newest - TICK))
        if on_time > in_window:
            return on_time, _PASSED
    return in_window, f"older than the catch-up window of {_hours(policy.window)}"


def _each(trigger: Slots, first: datetime, newest: datetime) -> list[RunSlot | MissSlots]:
    slots: list[datetime] = []
    slot: datetime | None = newest
    while slot is not None and slot >= first and len(slots) < MOST_CAUGHT_UP:
        slots.append(slot)
        slot = trigger.last_before(slot - TICK)
    runs: list[RunSlot | MissSlots] = [RunSlot(scheduled_for=moment) for moment in reversed(slots)]
    if slot is None or slot < first:
        return runs
    reason = f"more than {MOST_CAUGHT_UP} slots to catch up with"
    return [_miss(trigger, first, slot, reason), *runs]


def _miss(trigger: Slots, first: datetime, last: datetime, reason: str) -> MissSlots:
    return MissSlots(first=first, last=last, count=trigger.count_between(first - TICK, last), reason=reason)


def _hours(window: timedelta) -> str:
    hours = window / timedelta(hours=1)
    return f"{hours:g} h" if hours >= 1 else f"{window.total_seconds():g} s"
