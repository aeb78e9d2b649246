"""Every due slot is in exactly one decision."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from datetime import datetime, timedelta

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from task_scheduler.core.planning import (
    TICK,
    TOO_OLD,
    JobPlan,
    MissSlots,
    RunSlot,
    give_up,
    miss_all,
    plan_job,
    why_too_late,
)
from task_scheduler.core.policies import MOST_CAUGHT_UP, PUNCTUAL, MisfirePolicy
from task_scheduler.core.tasks import Missed
from task_scheduler.testing.clock import NOON


class Instants:
    """The simplest trigger there is: a sorted list."""

    def __init__(self, instants: list[datetime]) -> None:
        self._instants = sorted(set(instants))

    def next_after(self, moment: datetime) -> datetime | None:
        place = bisect_right(self._instants, moment)
        return self._instants[place] if place < len(self._instants) else None

    def last_before(self, moment: datetime) -> datetime | None:
        place = bisect_right(self._instants, moment)
        return self._instants[place - 1] if place else None

    def count_between(self, after: datetime, until: datetime) -> int:
        return max(0, bisect_right(self._instants, until) - bisect_right(self._instants, after))

    def period(self, moment: datetime) -> timedelta | None:
        place = bisect_right(self._instants, moment)
        return self._instants[place + 1] - self._instants[place] if place + 1 < len(self._instants) else None

    def due(self, first: datetime, until: datetime) -> list[datetime]:
        return self._instants[bisect_left(self._instants, first) : bisect_right(self._instants, until)]


def at(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def every(seconds: float, *, begin: float = 0, count: int = 1_000) -> Instants:
    return Instants([at(begin + number * seconds) for number in range(count)])


def slots_of(trigger: Instants, plan: JobPlan) -> list[datetime]:
    """Return every slot the decisions stand for, in order, as the record will tell."""
    found: list[datetime] = []
    for decision in plan.decisions:
        if isinstance(decision, MissSlots):
            missed = trigger.due(decision.first, decision.last)
            assert len(missed) == decision.count
            assert (missed[0], missed[-1]) == (decision.first, decision.last)
            found += missed
        elif decision.merged_from is None:
            assert decision.merged == 0
            found.append(decision.scheduled_for)
        else:
            run = trigger.due(decision.merged_from, decision.scheduled_for)
            assert len(run) == decision.merged + 1
            found += run
    return found


LISTS = st.lists(st.integers(min_value=-400_000, max_value=400_000), min_size=1, max_size=250)


@given(
    LISTS,
    st.sampled_from(Missed),
    st.integers(min_value=0, max_value=200_000),
    st.integers(min_value=-1_000, max_value=400_000),
    st.integers(min_value=0, max_value=5_000),
)
def test_due_slots_are_runs_plus_merged_plus_missed(
    seconds: list[int], missed: Missed, window: int, now: int, ahead: int
) -> None:
    trigger = Instants([at(second) for second in seconds])
    next_run = at(min(seconds))
    policy = MisfirePolicy(missed=missed, window=timedelta(seconds=window))

    plan = plan_job(trigger, next_run, now=at(now), until=at(now + ahead), policy=policy)

    assert slots_of(trigger, plan) == trigger.due(next_run, at(now + ahead))
    assert plan.next_run == trigger.next_after(max(at(now + ahead), next_run - TICK))


@given(
    LISTS,
    st.sampled_from(Missed),
    st.integers(min_value=0, max_value=200_000),
    st.lists(st.integers(min_value=0, max_value=50_000), min_size=1, max_size=8),
)
def test_planning_again_and_again_forgets_no_slot_and_repeats_none(
    seconds: list[int], missed: Missed, window: int, pauses: list[int]
) -> None:
    trigger = Instants([at(second) for second in seconds])
    next_run: datetime | None = at(min(seconds))
    policy = MisfirePolicy(missed=missed, window=timedelta(seconds=window))
    now, seen = at(min(seconds)), []

    for pause in pauses:
        now += timedelta(seconds=pause)
        if next_run is not None:
            plan = plan_job(trigger, next_run, now=now, until=now, policy=policy)
            seen += slots_of(trigger, plan)
            next_run = plan.next_run

    assert seen == trigger.due(at(min(seconds)), now)


@given(LISTS, st.integers(min_value=-400_000, max_value=400_000))
def test_a_corrected_clock_records_what_it_skips_and_goes_on_from_now(seconds: list[int], now: int) -> None:
    trigger = Instants([at(second) for second in seconds])
    next_run = at(min(seconds))

    plan = miss_all(trigger, next_run, now=at(now), reason="set")

    assert slots_of(trigger, plan) == trigger.due(next_run, at(now))
    assert all(isinstance(decision, MissSlots) and decision.reason == "set" for decision in plan.decisions)
    assert plan.next_run == trigger.next_after(at(now))


@given(LISTS, st.integers(min_value=0, max_value=200_000), st.integers(min_value=0, max_value=400_000))
def test_once_runs_at_most_one_of_the_slots_that_are_past(seconds: list[int], window: int, now: int) -> None:
    trigger = Instants([at(second) for second in seconds])
    policy = MisfirePolicy(missed=Missed.ONCE, window=timedelta(seconds=window))

    plan = plan_job(trigger, at(min(seconds)), now=at(now), until=at(now), policy=policy)

    runs = [decision for decision in plan.decisions if isinstance(decision, RunSlot)]
    assert len(runs) <= 1
    assert all(at(now - window) <= run.scheduled_for <= at(now) for run in runs)


def test_slots_just_ahead_get_a_run_each() -> None:
    plan = plan_job(every(1), at(5), now=at(4.6), until=at(6.1), policy=MisfirePolicy())

    assert plan == JobPlan(decisions=(RunSlot(scheduled_for=at(5)), RunSlot(scheduled_for=at(6))), next_run=at(7))


def test_nothing_due_is_no_decision() -> None:
    plan = plan_job(every(60), at(60), now=at(1), until=at(2), policy=MisfirePolicy())

    assert plan == JobPlan(decisions=(), next_run=at(60))


def test_a_job_may_owe_nothing_more() -> None:
    plan = plan_job(Instants([at(5)]), at(5), now=at(5), until=at(5.5), policy=MisfirePolicy())

    assert plan == JobPlan(decisions=(RunSlot(scheduled_for=at(5)),), next_run=None)


def test_once_merges_everything_in_the_window_into_the_newest_slot() -> None:
    plan = plan_job(every(60), at(60), now=at(250), until=at(250), policy=MisfirePolicy())

    assert plan.decisions == (RunSlot(scheduled_for=at(240), merged=3, merged_from=at(60)),)


def test_what_is_older_than_the_window_is_one_row_of_missed_slots() -> None:
    policy = MisfirePolicy(window=timedelta(seconds=100))

    plan = plan_job(every(60), at(60), now=at(340), until=at(340), policy=policy)

    assert plan.decisions == (
        MissSlots(first=at(60), last=at(180), count=3, reason="older than the catch-up window of 100 s"),
        RunSlot(scheduled_for=at(300), merged=1, merged_from=at(240)),
    )


def test_a_slot_at_the_very_edge_of_the_window_still_runs() -> None:
    policy = MisfirePolicy(window=timedelta(seconds=100))

    plan = plan_job(Instants([at(0)]), at(0), now=at(100), until=at(100), policy=policy)
    later = plan_job(Instants([at(0)]), at(0), now=at(100) + TICK, until=at(101), policy=policy)

    assert plan.decisions == (RunSlot(scheduled_for=at(0)),)
    assert later.decisions == (
        MissSlots(first=at(0), last=at(0), count=1, reason="older than the catch-up window of 100 s"),
    )


@pytest.mark.parametrize(("late", "runs"), [(0.0, True), (60.0, True), (60.1, False), (400.0, False)])
def test_skip_runs_only_what_is_late_by_less_than_the_grace(*, late: float, runs: bool) -> None:
    trigger, policy = every(600), MisfirePolicy(missed=Missed.SKIP)

    plan = plan_job(trigger, at(0), now=at(late), until=at(late), policy=policy)

    miss = MissSlots(first=at(0), last=at(0), count=1, reason="its time had passed (missed: skip)")
    assert plan.decisions == ((RunSlot(scheduled_for=at(0)),) if runs else (miss,))


def test_skip_judges_a_rare_job_by_a_tenth_of_its_period_but_never_beyond_the_window() -> None:
    trigger = every(30 * 86_400)

    within = plan_job(
        trigger, at(0), now=at(20 * 3_600), until=at(20 * 3_600), policy=MisfirePolicy(missed=Missed.SKIP)
    )
    beyond = plan_job(
        trigger, at(0), now=at(25 * 3_600), until=at(25 * 3_600), policy=MisfirePolicy(missed=Missed.SKIP)
    )

    assert within.decisions == (RunSlot(scheduled_for=at(0)),)
    assert beyond.decisions == (
        MissSlots(first=at(0), last=at(0), count=1, reason="older than the catch-up window of 24 h"),
    )


def test_all_runs_each_slot_in_the_window() -> None:
    policy = MisfirePolicy(missed=Missed.ALL, window=timedelta(minutes=5))

    plan = plan_job(every(60), at(0), now=at(420), until=at(420), policy=policy)

    assert plan.decisions == (
        MissSlots(first=at(0), last=at(60), count=2, reason="older than the catch-up window of 300 s"),
        *(RunSlot(scheduled_for=at(second)) for second in range(120, 421, 60)),
    )


def test_all_is_bounded_and_says_what_it_leaves_out() -> None:
    policy = MisfirePolicy(missed=Missed.ALL)

    plan = plan_job(every(1), at(0), now=at(500), until=at(500), policy=policy)

    missed, *runs = plan.decisions
    assert missed == MissSlots(first=at(0), last=at(400), count=401, reason="more than 100 slots to catch up with")
    assert runs == [RunSlot(scheduled_for=at(second)) for second in range(401, 501)]
    assert len(runs) == MOST_CAUGHT_UP


def test_a_slot_its_trigger_no_longer_has_is_left_to_the_next_one() -> None:
    trigger = Instants([at(1_000)])

    plan = plan_job(trigger, at(5), now=at(10), until=at(11), policy=MisfirePolicy())
    corrected = miss_all(trigger, at(5), now=at(10), reason="set")

    assert plan == corrected == JobPlan(decisions=(), next_run=at(1_000))


@given(LISTS, st.integers(min_value=-400_000, max_value=0), st.sampled_from(Missed), st.integers(0, 200_000))
def test_a_trigger_that_changed_owes_its_own_slots_from_what_was_owed(
    seconds: list[int], owed: int, missed: Missed, window: int
) -> None:
    trigger = Instants([at(second) for second in seconds])
    policy = MisfirePolicy(missed=missed, window=timedelta(seconds=window))

    plan = plan_job(trigger, at(owed), now=at(0), until=at(0), policy=policy)

    assert slots_of(trigger, plan) == trigger.due(at(owed), at(0))


@given(LISTS, st.sampled_from(Missed), st.integers(min_value=0, max_value=400_000))
def test_decisions_are_in_order_of_time(seconds: list[int], missed: Missed, now: int) -> None:
    assume(min(seconds) <= now)
    trigger = Instants([at(second) for second in seconds])

    plan = plan_job(trigger, at(min(seconds)), now=at(now), until=at(now), policy=MisfirePolicy(missed=missed))

    ends = [slot.last if isinstance(slot, MissSlots) else slot.scheduled_for for slot in plan.decisions]
    assert ends == sorted(ends)


# --- giving up --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("owed", "now", "recorded", "missed", "next_run"),
    [
        (1, 3.5, None, (1, 3), 4),
        (1, 3, None, (1, 3), 4),
        (1, 3, 2, (3, 3), 4),
        (1, 3, 3, None, 4),
        (4, 3.5, None, None, 4),
        (9, 3.5, None, None, 4),
        (5, 3.9, 4, None, 5),
        (None, 3.5, None, None, 4),
    ],
)
def test_what_is_owed_up_to_now_is_given_up_and_the_first_slot_to_come_is_owed(
    owed: float | None, now: float, recorded: float | None, missed: tuple[float, float] | None, next_run: float
) -> None:
    plan = give_up(
        every(1),
        None if owed is None else at(owed),
        now=at(now),
        recorded=None if recorded is None else at(recorded),
        reason="enough",
    )

    expected = [] if missed is None else [(at(missed[0]), at(missed[1]), 1 + int(missed[1] - missed[0]), "enough")]
    assert plan.next_run == at(next_run)
    assert [
        (found.first, found.last, found.count, found.reason) for found in plan.decisions if isinstance(found, MissSlots)
    ] == expected


def test_a_trigger_without_a_slot_before_now_has_nothing_to_give_up() -> None:
    plan = give_up(Instants([]), NOON, now=NOON, recorded=None, reason="enough")

    assert plan == JobPlan(decisions=(), next_run=None)


# --- slots on record that were not handed over in time --------------------------------------------------------------


@pytest.mark.parametrize(
    ("missed", "late", "why"),
    [
        (Missed.SKIP, 360, None),
        (Missed.SKIP, 361, "its time had passed (missed: skip)"),
        (Missed.SKIP, 7_201, TOO_OLD),
        (Missed.ONCE, 3_599, None),
        (Missed.ONCE, 3_600, "the run of a later slot stands for it (missed: once)"),
        (Missed.ONCE, 7_201, TOO_OLD),
        (Missed.ALL, 7_200, None),
        (Missed.ALL, 7_201, TOO_OLD),
    ],
)
def test_a_slot_on_record_that_is_late_is_judged_by_its_policy(missed: Missed, late: float, why: str | None) -> None:
    policy = MisfirePolicy(missed=missed, window=timedelta(hours=2))

    assert why_too_late(every(3_600), at(0), now=at(late), policy=policy) == why


def test_a_slot_within_the_grace_runs_late_though_later_ones_are_past() -> None:
    assert why_too_late(every(10), at(0), now=at(60), policy=MisfirePolicy()) is None
    assert why_too_late(every(10), at(0), now=at(61), policy=MisfirePolicy()) is not None


def test_a_slot_whose_job_is_gone_or_has_no_further_one_has_nothing_that_stands_for_it() -> None:
    assert why_too_late(None, at(0), now=at(4_000), policy=MisfirePolicy()) is None
    assert why_too_late(every(3_600, count=1), at(0), now=at(4_000), policy=MisfirePolicy()) is None
    assert why_too_late(None, at(0), now=at(61), policy=MisfirePolicy(missed=Missed.SKIP)) is not None


@pytest.mark.parametrize("window", [0, 1, 30])
@pytest.mark.parametrize("late", [0.5, PUNCTUAL.total_seconds(), 10, 29, 31, 59])
def test_a_window_of_less_than_a_minute_holds_for_what_is_owed_and_for_what_is_on_record(
    window: float, late: float
) -> None:
    policy = MisfirePolicy(window=timedelta(seconds=window))

    (owed,) = plan_job(every(3_600), at(0), now=at(late), until=at(late), policy=policy).decisions
    on_record = why_too_late(every(3_600), at(0), now=at(late), policy=policy)

    assert isinstance(owed, RunSlot) is (on_record is None) is (late <= max(window, 2))
