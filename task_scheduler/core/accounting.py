"""What became of every slot of a job in a stretch of time: (trigger, rows on record, its term, now) -> account.

The law that each account is checked by, with `expected` counted by the trigger alone and the rest from the record:
expected = ran + merged + skipped + missed + not begun + paused + waiting.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from itertools import pairwise

from task_scheduler.core.planning import TICK, Slots
from task_scheduler.core.runs import Run, RunState

#: A row that stands for more slots than this stays one line.
MOST_UNFOLDED = 200


class Fate(StrEnum):
    """What became of a slot."""

    RAN = "ran"  # its run has begun; it may have ended in any way
    MERGED = "merged"  # a later run stands for it
    SKIPPED = "skipped"
    MISSED = "missed"
    NOT_BEGUN = "not_begun"  # its run ended before anything of it had begun: cancelled, or without its environment
    PAUSED = "paused"  # its run stands still, as a person asked
    WAITING = "waiting"  # it is due, and has not begun
    UNACCOUNTED = "unaccounted"  # the schedule has it, and no row of the record stands for it
    NOT_IN_FORCE = "not_in_force"  # no row either, since the job was not in force: a version was admitted after it
    COMING = "coming"


#: The fates the law sums up.
ACCOUNTED = (Fate.RAN, Fate.MERGED, Fate.SKIPPED, Fate.MISSED, Fate.NOT_BEGUN, Fate.PAUSED, Fate.WAITING)


class Extra(StrEnum):
    """Why a row stands for a slot that is not to be expected."""

    REPEATED = "repeated"  # of another clock generation: the clock was corrected, and showed this time twice
    DOUBLED = "doubled"  # another row stands for it too
    UNSCHEDULED = "unscheduled"  # the schedule, as it is read today, has no such slot


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """For which time a job answers, as far as the record tells."""

    since: datetime | None  #: the first slot on record, or else the one it owes next; None: there is neither
    until: datetime | None  #: the last slot on record; None: there is none
    next_run: datetime | None  #: the slot it owes next; None: never again, or not active
    is_active: bool

    @classmethod
    def of(cls, *, first: datetime | None, last: datetime | None, next_run: datetime | None, is_active: bool) -> Term:
        """Return the term of a job with these slots on record, None for one without any."""
        return cls(since=next_run if first is None else first, until=last, next_run=next_run, is_active=is_active)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """Slots in a row with one fate; a single one has `first` equal to `last`."""

    first: datetime
    last: datetime
    count: int
    fate: Fate
    run: Run | None = None  #: the row that tells it; None: there is none
    extra: Extra | None = None  #: why it is one more than expected; None: it is not


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """The slots of a job in a stretch of time, by their instants, and their sum."""

    stretches: tuple[Stretch, ...]
    expected: int | None  #: slots the schedule has, up to now and as long as it was in force; None: it cannot be read

    @property
    def counts(self) -> Mapping[Fate, int]:
        """How many slots had each fate, those one more than expected included; fates nothing had are left out."""
        counts: Counter[Fate] = Counter()
        for stretch in self.stretches:
            counts[stretch.fate] += stretch.count
        return counts

    @property
    def extras(self) -> Mapping[Extra, int]:
        """How many slots are one more than expected, by the reason."""
        counts: Counter[Extra] = Counter()
        for stretch in self.stretches:
            if stretch.extra is not None:
                counts[stretch.extra] += stretch.count
        return counts

    @property
    def difference(self) -> int:
        """Expected slots less those the record tells the fate of; 0 also where the schedule cannot be read.

        Slots that a corrected clock showed twice are expected twice.
        """
        if self.expected is None:
            return 0
        counts = self.counts
        told = sum(counts.get(fate, 0) for fate in ACCOUNTED)
        return self.expected + self.extras.get(Extra.REPEATED, 0) - told

    @property
    def is_balanced(self) -> bool:
        """Whether the sum adds up, with nothing lost and nothing doubled that would cancel out."""
        extras = self.extras
        return not (
            self.difference
            or self.counts.get(Fate.UNACCOUNTED, 0)
            or extras.get(Extra.DOUBLED, 0)
            or extras.get(Extra.UNSCHEDULED, 0)
        )


def fate_of(run: Run) -> Fate:
    """Return what became of a run's own slot."""
    match run.state:
        case RunState.SKIPPED:
            return Fate.SKIPPED
        case RunState.MISSED:
            return Fate.MISSED
        case _ if not run.is_final and run.paused_at is not None:
            return Fate.PAUSED
        case _ if not run.is_final and run.started_at is None and run.state is not RunState.RUNNING:
            return Fate.WAITING
        case RunState.FAILED | RunState.TIMED_OUT | RunState.CANCELLED | RunState.INTERRUPTED if run.started_at is None:
            return Fate.NOT_BEGUN
        case _:
            return Fate.RAN


def first_covered(run: Run) -> datetime | None:
    """Return the first slot a row stands for; None for a request."""
    return run.scheduled_for if run.merged_from is None else run.merged_from


def last_covered(run: Run) -> datetime | None:
    """Return the last slot a row stands for; None for a request."""
    return run.scheduled_for if run.range_end is None else run.range_end


def account_for(
    trigger: Slots,
    runs: Iterable[Run],
    *,
    begin: datetime,
    end: datetime,
    now: datetime,
    term: Term,
    admissions: Sequence[datetime] = (),
) -> Account:
    """Return the account of the slots from `begin` to before `end`.

    `runs` are the rows of the job that stand for any of these slots, and the one that follows them, if there is
    one. `admissions` are the moments at which versions of its task were put in force.
    """
    parts = sorted(_parts(runs), key=lambda part: (part.first, part.last, _generation(part)))
    return _Walk(trigger, begin=begin, end=end, now=now, term=term, admissions=admissions).account(parts)


def listed(runs: Iterable[Run], *, begin: datetime, end: datetime) -> Account:
    """Return what the record tells of these slots where their schedule cannot be read; nothing can be checked."""
    parts = sorted(_parts(runs), key=lambda part: (part.first, part.last))
    return Account(
        stretches=tuple(
            replace(part, first=max(part.first, begin)) for part in parts if part.last >= begin and part.first < end
        ),
        expected=None,
    )


class _Walk:
    """One pass over the rows by their instants, which finds what lies between and what lies upon another."""

    def __init__(
        self,
        trigger: Slots,
        *,
        begin: datetime,
        end: datetime,
        now: datetime,
        term: Term,
        admissions: Sequence[datetime],
    ) -> None:
        self._trigger = trigger
        self._begin = begin
        self._end = end
        self._now = now
        self._term = term
        self._admissions = admissions
        self._found: list[Stretch] = []

    def account(self, parts: Sequence[Stretch]) -> Account:
        inside = [self._judged(part) for part in parts if part.last >= self._begin and part.first < self._end]
        following = min((part.first for part in parts if part.first >= self._end), default=None)
        known_end = self._known_end(inside)
        since = self._end if self._term.since is None else self._term.since
        begin = max(self._begin, since)
        reach, generation = begin - TICK, None
        for part in inside:
            if part.first <= reach and generation is not None:
                self._add_upon(part, reach, generation)
            else:
                self._add_beside(part, reach)
            if part.last > reach:
                reach, generation = part.last, _generation(part)
        before = min(self._end, known_end)
        self._add_gap(reach + TICK, before, following or known_end)
        owed = self._add_owed(max(self._begin, known_end))
        self._add_coming(max(self._begin, known_end))
        expected = self._count(begin, before) + owed
        expected -= sum(stretch.count for stretch in self._found if _is_not_expected(stretch))
        stretches = sorted(self._found, key=lambda stretch: (stretch.first, stretch.last))
        return Account(stretches=tuple(stretches), expected=expected)

    def _judged(self, part: Stretch) -> Stretch:
        """Return a row as it stands at this moment: what was put on record ahead of its instant is still to come."""
        return replace(part, fate=Fate.COMING) if part.fate is Fate.WAITING and part.first > self._now else part

    def _known_end(self, inside: Sequence[Stretch]) -> datetime:
        """Return the moment before which every slot is to be on record."""
        latest = max((part.last for part in inside), default=self._begin - TICK) + TICK
        if not self._term.is_active:
            return latest if self._term.until is None else max(latest, self._term.until + TICK)
        return max(latest, self._now + TICK if self._term.next_run is None else self._term.next_run)

    def _add_beside(self, part: Stretch, reach: datetime) -> None:
        """Add a row that begins after all before it, and what lies between."""
        if part.count == 1 and part.first == part.last == self._trigger.next_after(reach):
            self._found.append(part)  # by far the most, and this one question proves it
            return
        self._add_gap(reach + TICK, min(part.first, self._end), part.first)
        self._add_covered(part)

    def _add_upon(self, part: Stretch, reach: datetime, generation: int) -> None:
        """Add a row that stands for slots another row stands for."""
        extra = Extra.DOUBLED if generation == _generation(part) else Extra.REPEATED
        upon = replace(part, last=min(part.last, reach))
        inside = self._clipped(upon)
        count = self._count(inside.first, inside.last + TICK)
        if count == 0:
            self._add_covered(part)  # not of this schedule: it says so itself
            return
        self._found.extend(self._unfolded(replace(inside, count=count, extra=extra)))
        if min(part.last, self._end - TICK) > reach:
            rest = self._count(upon.last + TICK, part.last + TICK)
            surplus = part.count - self._count(part.first, part.last + TICK)
            self._add_covered(replace(part, first=upon.last + TICK, count=rest + surplus))

    def _add_covered(self, part: Stretch) -> None:
        """Add a row, as far as it lies inside, and what its own count and the schedule differ by."""
        surplus = part.count - self._count(part.first, part.last + TICK)
        inside = self._clipped(part)
        scheduled = self._count(inside.first, inside.last + TICK)
        told = max(0, min(scheduled, scheduled + surplus))
        if told:
            self._found.extend(self._unfolded(replace(inside, count=told)))
        if surplus > 0:
            self._found.append(replace(inside, count=surplus, extra=Extra.UNSCHEDULED))
        elif told < scheduled:
            self._found.append(replace(inside, count=scheduled - told, fate=Fate.UNACCOUNTED))

    def _clipped(self, part: Stretch) -> Stretch:
        if part.first >= self._begin and part.last < self._end and part.fate is not Fate.MERGED:
            return part
        first = max(part.first, self._begin)
        last = min(part.last, self._end - TICK)
        # The ends of what is cut are slots again, where the schedule has any there.
        slot_before = self._trigger.last_before(last)
        slot_after = self._trigger.next_after(first - TICK)
        if slot_before is None or slot_after is None or slot_after > slot_before or slot_before < first:
            return replace(part, first=first, last=last)
        return replace(part, first=slot_after, last=slot_before)

    def _add_gap(self, first: datetime, before: datetime, ended_by: datetime) -> None:
        """Add the slots from `first` to `before` that no row stands for; the next row begins at `ended_by`."""
        if not self._count(first, before):
            return
        admitted = max((moment for moment in self._admissions if first <= moment <= ended_by), default=None)
        split = first if admitted is None else min(admitted + TICK, before)
        self._add_range(first, split, Fate.NOT_IN_FORCE)
        self._add_range(split, before, Fate.UNACCOUNTED)

    def _add_owed(self, first: datetime) -> int:
        """Add what is due and not on record yet; return how many."""
        if self._term.next_run is None:
            return 0
        return self._add_range(first, min(self._end, self._now + TICK), Fate.WAITING)

    def _add_coming(self, first: datetime) -> None:
        if self._term.next_run is not None:
            self._add_range(max(first, self._now + TICK), self._end, Fate.COMING)

    def _add_range(self, first: datetime, before: datetime, fate: Fate) -> int:
        """Add the schedule's slots from `first` to before `before`; return how many."""
        count = self._count(first, before)
        if count:
            begin = self._trigger.next_after(first - TICK) or first
            last = self._trigger.last_before(before - TICK) or begin
            self._found.extend(self._unfolded(Stretch(first=begin, last=last, count=count, fate=fate)))
        return count

    def _unfolded(self, stretch: Stretch) -> Iterator[Stretch]:
        """Yield a stretch slot by slot, or as it is where it is long, or its count is not the schedule's."""
        if stretch.count > MOST_UNFOLDED or stretch.count != self._count(stretch.first, stretch.last + TICK):
            yield stretch
            return
        slot = self._trigger.next_after(stretch.first - TICK)
        while slot is not None and slot <= stretch.last:
            yield replace(stretch, first=slot, last=slot, count=1)
            slot = self._trigger.next_after(slot)

    def _count(self, first: datetime, before: datetime) -> int:
        """Return how many slots the schedule has from `first` to before `before`."""
        return self._trigger.count_between(first - TICK, before - TICK) if first < before else 0


def gathered(stretches: Sequence[Stretch]) -> Sequence[Stretch]:
    """Return the stretches with those in a row joined that tell the same: fate, state and reason, and no row of several."""
    if not stretches:
        return []
    found: list[Stretch] = []
    current = stretches[0]
    for before, after in pairwise(stretches):
        if _tells_the_same(before, after):
            current = replace(current, last=after.last, count=current.count + after.count)
        else:
            found.append(current)
            current = after
    return [*found, current]


def _tells_the_same(one: Stretch, other: Stretch) -> bool:
    if one.fate is not other.fate or one.extra is not other.extra or (one.run is None) is not (other.run is None):
        return False
    if one.run is None or other.run is None:
        return True
    return one.run.state is other.run.state and one.run.reason == other.run.reason


def _parts(runs: Iterable[Run]) -> Iterator[Stretch]:
    """Yield what each row stands for: the slots merged into it, and its own."""
    for run in runs:
        if run.scheduled_for is None:
            continue
        if run.merged and run.merged_from is not None:
            before = run.scheduled_for - TICK
            yield Stretch(first=run.merged_from, last=before, count=run.merged, fate=Fate.MERGED, run=run)
        last = run.range_end or run.scheduled_for
        yield Stretch(first=run.scheduled_for, last=last, count=run.count, fate=fate_of(run), run=run)


def _is_not_expected(stretch: Stretch) -> bool:
    """Whether the law leaves out slots before the moment up to which every slot is to be on record."""
    return stretch.fate is Fate.NOT_IN_FORCE or (stretch.fate is Fate.COMING and stretch.run is not None)


def _generation(part: Stretch) -> int:
    return 0 if part.run is None else part.run.clock_generation
