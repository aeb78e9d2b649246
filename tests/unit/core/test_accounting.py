"""What became of every slot, and the law that the sum is checked by."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from task_scheduler.core.accounting import (
    MOST_UNFOLDED,
    Account,
    Extra,
    Fate,
    Term,
    account_for,
    fate_of,
    first_covered,
    gathered,
    last_covered,
    listed,
)
from task_scheduler.core.runs import Run, RunState
from task_scheduler.core.triggers import parse_trigger
from task_scheduler.testing.builders import a_run

BEGIN = datetime(2026, 11, 22, tzinfo=UTC)
END = BEGIN + timedelta(days=1)
HOURLY = parse_trigger("every 1 hour", UTC)
MINUTES = parse_trigger("every 15 minutes", UTC)
BERLIN = ZoneInfo("Europe/Berlin")


def hour(number: float) -> datetime:
    return BEGIN + timedelta(hours=number)


def row(number: float, state: RunState = RunState.SUCCEEDED, **values: Any) -> Run:
    """Return the row of an hourly slot that began on time, unless it is of a state in which nothing begins."""
    begins = state not in {RunState.MISSED, RunState.SKIPPED, RunState.QUEUED, RunState.CANCELLED}
    moment = hour(number)
    made = a_run(
        id=int(number * 10) + 1,
        state=state,
        scheduled_for=moment,
        created_at=moment,
        started_at=moment if begins else None,
        ended_at=moment if state not in {RunState.QUEUED, RunState.RUNNING, RunState.RETRYING} else None,
    )
    return replace(made, **values)


def in_force(runs: Sequence[Run], next_run: datetime | None) -> Term:
    """Return the term of an active job with these rows."""
    instants = [run.merged_from or run.scheduled_for for run in runs]
    return Term.of(
        first=min((moment for moment in instants if moment), default=None),
        last=max((run.range_end or run.scheduled_for for run in runs if run.scheduled_for), default=None),
        next_run=next_run,
        is_active=True,
    )


def hourly(runs: Sequence[Run], *, now: float = 24, next_run: float | None = 24, **options: Any) -> Account:
    owed = None if next_run is None else hour(next_run)
    term = options.pop("term", None) or in_force(runs, owed)
    return account_for(HOURLY, runs, **{"begin": BEGIN, "end": END, "now": hour(now), "term": term, **options})


def fates(account: Account) -> dict[str, int]:
    return {fate.value: number for fate, number in account.counts.items()}


class TestFates:
    @pytest.mark.parametrize(
        ("run", "fate"),
        [
            (row(0), Fate.RAN),
            (row(0, RunState.FAILED), Fate.RAN),
            (row(0, RunState.TIMED_OUT), Fate.RAN),
            (row(0, RunState.INTERRUPTED), Fate.RAN),
            (row(0, RunState.RUNNING), Fate.RAN),
            (row(0, RunState.RUNNING, started_at=None), Fate.RAN),
            (row(0, RunState.RETRYING), Fate.RAN),
            (row(0, RunState.CANCELLED, started_at=hour(0)), Fate.RAN),
            (row(0, RunState.CANCELLED), Fate.NOT_BEGUN),
            (row(0, RunState.FAILED, started_at=None), Fate.NOT_BEGUN),
            (row(0, RunState.QUEUED), Fate.WAITING),
            (row(0, RunState.QUEUED, paused_at=hour(0)), Fate.PAUSED),
            (row(0, RunState.RUNNING, paused_at=hour(0)), Fate.PAUSED),
            (row(0, RunState.SKIPPED), Fate.SKIPPED),
            (row(0, RunState.SKIPPED, started_at=hour(0)), Fate.SKIPPED),
            (row(0, RunState.MISSED), Fate.MISSED),
        ],
    )
    def test_each_row_has_one(self, run: Run, fate: Fate) -> None:
        assert fate_of(run) is fate


class TestADay:
    def test_the_sum_names_every_fate(self) -> None:
        runs = [
            row(0),
            row(1, RunState.FAILED),
            row(2, RunState.SKIPPED),
            row(3, RunState.MISSED, count=4, range_end=hour(6)),
            row(10, merged=3, merged_from=hour(7)),
            row(11, RunState.CANCELLED),
            row(12, RunState.QUEUED, paused_at=hour(12)),
            row(13, RunState.QUEUED),
        ]

        account = hourly(runs, now=16.5, next_run=14)

        assert fates(account) == {
            "ran": 3,
            "skipped": 1,
            "missed": 4,
            "merged": 3,
            "not_begun": 1,
            "paused": 1,
            "waiting": 4,
            "coming": 7,
        }
        assert account.expected == 17
        assert account.is_balanced
        assert [stretch.first for stretch in account.stretches] == [hour(n) for n in range(24)]
        merged = [stretch for stretch in account.stretches if stretch.fate is Fate.MERGED]
        assert {stretch.run.id for stretch in merged if stretch.run} == {101}

    def test_a_slot_without_a_row_is_named(self) -> None:
        account = hourly([row(n) for n in range(24) if n not in {5, 17}])

        assert [s.first for s in account.stretches if s.fate is Fate.UNACCOUNTED] == [hour(5), hour(17)]
        assert (account.expected, account.difference, account.is_balanced) == (24, 2, False)

    def test_a_lost_slot_and_a_foreign_one_do_not_cancel_out(self) -> None:
        account = hourly([row(n) for n in range(24) if n != 5] + [row(5.5)])

        assert (account.expected, account.difference) == (24, 0)
        assert account.extras == {Extra.UNSCHEDULED: 1}
        assert not account.is_balanced

    def test_a_slot_on_record_twice_is_named(self) -> None:
        bulk = row(4.0, RunState.MISSED, id=900, count=3, range_end=hour(6))

        account = hourly([row(n) for n in range(24) if n != 4] + [bulk])

        assert account.extras == {Extra.DOUBLED: 2}
        assert (account.difference, account.is_balanced) == (-2, False)

    def test_slots_that_a_corrected_clock_showed_twice_are_expected_twice(self) -> None:
        before = [row(n) for n in range(8)]
        after = [row(n, id=500 + n, clock_generation=1) for n in range(4, 24)]

        account = hourly([*before, *after])

        assert account.extras == {Extra.REPEATED: 4}
        assert account.is_balanced
        assert fates(account) == {"ran": 28}

    def test_of_two_ranges_one_upon_the_other_each_slot_counts_once_more_only_where_both_are(self) -> None:
        one = row(0, RunState.MISSED, count=12, range_end=hour(11))
        other = row(10, RunState.SKIPPED, count=14, range_end=hour(23))

        account = hourly([one, other])

        assert account.extras == {Extra.DOUBLED: 2}
        assert fates(account) == {"missed": 12, "skipped": 14}
        assert account.difference == -2

    def test_a_range_upon_another_may_end_after_the_day(self) -> None:
        one = row(20, RunState.MISSED, count=10, range_end=hour(29))
        other = row(22, RunState.SKIPPED, id=900, count=10, range_end=hour(31))

        account = hourly([*(row(n) for n in range(20)), one, other], now=32, next_run=32)

        assert account.extras == {Extra.DOUBLED: 2}
        assert fates(account) == {"ran": 20, "missed": 4, "skipped": 2}

    def test_a_slot_the_schedule_has_not_is_named_within_a_range_too(self) -> None:
        account = hourly([row(0, RunState.MISSED, count=24, range_end=hour(23)), row(5.5)])

        assert account.extras == {Extra.UNSCHEDULED: 1}

    def test_so_are_slots_merged_that_the_schedule_has_not(self) -> None:
        runs = [row(0), row(1, merged=2, merged_from=hour(0.25)), *(row(n) for n in range(2, 24))]

        account = hourly(runs)

        assert account.extras == {Extra.UNSCHEDULED: 2}
        assert account.counts[Fate.MERGED] == 2

    def test_a_bulk_row_that_counts_fewer_slots_than_its_range_has_does_not_add_up(self) -> None:
        account = hourly([row(0), row(1, RunState.MISSED, count=20, range_end=hour(23))])

        assert fates(account) == {"ran": 1, "missed": 20, "unaccounted": 3}
        assert (account.difference, account.is_balanced) == (3, False)

    def test_a_bulk_row_that_counts_more_does_not_add_up_either(self) -> None:
        account = hourly([row(0), row(1, RunState.MISSED, count=25, range_end=hour(23))])

        assert account.extras == {Extra.UNSCHEDULED: 2}
        assert (account.difference, account.is_balanced) == (-2, False)

    def test_a_row_over_midnight_counts_on_each_day_for_its_slots_there(self) -> None:
        missed = row(-5, RunState.MISSED, count=10, range_end=hour(4))
        merged = row(26, merged=12, merged_from=hour(14))
        runs = [missed, *(row(n) for n in range(5, 14)), merged]

        account = hourly(runs, now=27, next_run=28)

        assert fates(account) == {"missed": 5, "ran": 9, "merged": 10}
        assert (account.expected, account.is_balanced) == (24, True)

    def test_nothing_is_expected_before_the_first_slot_on_record(self) -> None:
        account = hourly([row(n) for n in range(20, 24)])

        assert (account.expected, account.is_balanced) == (4, True)

    def test_a_new_job_owes_nothing_but_what_comes(self) -> None:
        account = hourly([], now=10.5, next_run=11)

        assert (fates(account), account.expected) == ({"coming": 13}, 0)

    def test_a_row_put_on_record_ahead_of_its_instant_is_still_to_come(self) -> None:
        account = hourly([row(0), row(1, RunState.QUEUED)], now=0.9999, next_run=2)

        assert (fates(account), account.expected, account.is_balanced) == ({"ran": 1, "coming": 23}, 1, True)
        assert [line.first for line in account.stretches] == [hour(n) for n in range(24)]

    def test_a_job_that_ended_answers_up_to_its_last_slot(self) -> None:
        runs = [row(n) for n in range(6)]
        term = Term.of(first=hour(0), last=hour(5), next_run=None, is_active=False)

        account = hourly(runs, term=term)

        assert (fates(account), account.expected, account.is_balanced) == ({"ran": 6}, 6, True)

    def test_slots_before_the_admission_that_put_it_in_force_again_are_not_expected(self) -> None:
        runs = [row(n) for n in (*range(4), *range(12, 24))]

        account = hourly(runs, admissions=[hour(-100), hour(10.5)])

        assert fates(account) == {"ran": 16, "not_in_force": 7, "unaccounted": 1}
        assert (account.expected, account.difference) == (17, 1)

    def test_so_are_those_of_a_day_that_ended_before_that_admission(self) -> None:
        runs = [row(n) for n in range(4)] + [row(40)]

        account = hourly(runs, now=41, next_run=41, admissions=[hour(39.5)])

        assert fates(account) == {"ran": 4, "not_in_force": 20}
        assert account.is_balanced

    def test_a_schedule_that_cannot_be_read_is_listed_and_not_summed(self) -> None:
        runs = [row(-2, RunState.MISSED, count=5, range_end=hour(2)), row(3), row(30)]

        account = listed(runs, begin=BEGIN, end=END)

        assert [(s.first, s.fate) for s in account.stretches] == [(BEGIN, Fate.MISSED), (hour(3), Fate.RAN)]
        assert (account.expected, account.difference) == (None, 0)

    def test_a_request_is_no_slot(self) -> None:
        assert fates(hourly([row(n) for n in range(24)] + [row(3, scheduled_for=None)])) == {"ran": 24}

    def test_a_long_range_stays_one_line(self) -> None:
        trigger = parse_trigger("every 5 minutes", UTC)
        last = END - timedelta(minutes=5)
        missed = row(0, RunState.MISSED, count=288, range_end=last)

        account = account_for(trigger, [missed], begin=BEGIN, end=END, now=END, term=in_force([missed], END))

        [line] = account.stretches
        assert line.count > MOST_UNFOLDED
        assert (line.first, line.last, line.count, account.is_balanced) == (BEGIN, last, 288, True)

    def test_lines_that_tell_the_same_are_joined(self) -> None:
        account = hourly([row(n, RunState.FAILED if n == 5 else RunState.SUCCEEDED) for n in range(24)])

        lines = [(line.first, line.last, line.count) for line in gathered(account.stretches)]

        assert lines == [(hour(0), hour(4), 5), (hour(5), hour(5), 1), (hour(6), hour(23), 18)]
        assert gathered([]) == []

    def test_lines_of_slots_without_a_row_are_joined_with_their_like_alone(self) -> None:
        account = hourly([row(0), row(1), *(row(n, RunState.QUEUED) for n in (5, 6))], now=9, next_run=7)

        lines = [(line.fate, line.run is None, line.count) for line in gathered(account.stretches)]

        assert lines == [
            (Fate.RAN, False, 2),
            (Fate.UNACCOUNTED, True, 3),
            (Fate.WAITING, False, 2),
            (Fate.WAITING, True, 3),
            (Fate.COMING, True, 14),
        ]


class TestTimeChanges:
    """Europe/Berlin goes forward on 2026-03-29 and back on 2026-10-25."""

    @pytest.mark.parametrize(
        ("text", "begin", "hours", "slots"),
        [
            ("every 1 hour", datetime(2026, 3, 28, 23, tzinfo=UTC), 23, 23),
            ("every 1 hour", datetime(2026, 10, 24, 22, tzinfo=UTC), 25, 25),
            ("every 15 minutes", datetime(2026, 10, 24, 22, tzinfo=UTC), 25, 100),
        ],
    )
    def test_every_real_hour_counts(self, text: str, begin: datetime, hours: int, slots: int) -> None:
        step = timedelta(hours=hours) / slots
        runs = [a_run(id=n, state=RunState.SUCCEEDED, scheduled_for=begin + n * step) for n in range(slots)]
        runs = [replace(run, started_at=run.scheduled_for) for run in runs]
        end = begin + timedelta(hours=hours)

        account = account_for(
            parse_trigger(text, BERLIN), runs, begin=begin, end=end, now=end, term=in_force(runs, end)
        )

        assert (account.expected, fates(account), account.is_balanced) == (slots, {"ran": slots}, True)

    @pytest.mark.parametrize(
        ("begin", "hours", "instant"),
        [
            # 02:30 does not exist: it runs at 03:00, the first moment after the gap.
            (datetime(2026, 3, 28, 23, tzinfo=UTC), 23, datetime(2026, 3, 29, 1, tzinfo=UTC)),
            # 02:30 exists twice: it runs the first time.
            (datetime(2026, 10, 24, 22, tzinfo=UTC), 25, datetime(2026, 10, 25, 0, 30, tzinfo=UTC)),
        ],
    )
    def test_a_daily_job_has_one_slot(self, begin: datetime, hours: int, instant: datetime) -> None:
        trigger = parse_trigger("30 2 * * *", BERLIN)
        run = a_run(state=RunState.SUCCEEDED, scheduled_for=instant, started_at=instant)
        end = begin + timedelta(hours=hours)

        told = account_for(
            trigger, [run], begin=begin, end=end, now=end, term=in_force([run], end + timedelta(hours=2))
        )
        second = replace(run, id=2, scheduled_for=instant + timedelta(hours=1))
        doubled = account_for(trigger, [run, second], begin=begin, end=end, now=end, term=in_force([run, second], end))

        assert (told.expected, fates(told), told.is_balanced) == (1, {"ran": 1}, True)
        assert (doubled.extras, doubled.is_balanced) == ({Extra.UNSCHEDULED: 1}, False)


# --- the law over random ledgers --------------------------------------------------------------------------


@dataclass(frozen=True)
class Ledger:
    """Rows over slots a quarter of an hour apart, and what became of each slot, by its place."""

    rows: tuple[Run, ...]
    fates: tuple[Fate, ...]
    lost: frozenset[int]  #: places of rows that are taken away: their slots are lost


def quarter(place: int) -> datetime:
    return BEGIN + timedelta(minutes=15 * place)


_SINGLE = {
    Fate.RAN: RunState.SUCCEEDED,
    Fate.SKIPPED: RunState.SKIPPED,
    Fate.MISSED: RunState.MISSED,
    Fate.NOT_BEGUN: RunState.CANCELLED,
}


@st.composite
def ledgers(draw: st.DrawFn) -> Ledger:
    rows: list[Run] = []
    told: list[Fate] = []
    place = 0
    for number in range(draw(st.integers(1, 25))):
        fate = draw(st.sampled_from([*_SINGLE, Fate.MERGED]))
        count = draw(st.integers(1, 7)) if fate in {Fate.MISSED, Fate.MERGED} else 1
        if fate is Fate.MERGED:
            at = quarter(place + count)
            rows.append(
                a_run(
                    id=number,
                    state=RunState.FAILED,
                    scheduled_for=at,
                    started_at=at,
                    merged=count,
                    merged_from=quarter(place),
                )
            )
            told += [Fate.MERGED] * count + [Fate.RAN]
        else:
            began = quarter(place) if fate is Fate.RAN else None
            end = quarter(place + count - 1) if count > 1 else None
            rows.append(
                a_run(
                    id=number,
                    state=_SINGLE[fate],
                    scheduled_for=quarter(place),
                    started_at=began,
                    count=count,
                    range_end=end,
                )
            )
            told += [fate] * count
        place = len(told)
    # The first and the last say since when and until when the job is known.
    inner = range(1, len(rows) - 1)
    lost = draw(st.frozensets(st.sampled_from(inner))) if inner else frozenset()
    return Ledger(rows=tuple(rows), fates=tuple(told), lost=lost)


def places_of(run: Run) -> Iterator[int]:
    assert run.scheduled_for is not None
    first, last = run.merged_from or run.scheduled_for, run.range_end or run.scheduled_for
    return iter(
        range((first - BEGIN) // timedelta(minutes=15), (last - BEGIN) // timedelta(minutes=15) + 1),
    )


@given(ledger=ledgers(), window=st.tuples(st.integers(-5, 150), st.integers(1, 150)))
def test_every_slot_has_its_fate_and_the_sum_holds_for_any_stretch_of_any_ledger(
    ledger: Ledger, window: tuple[int, int]
) -> None:
    kept = [run for place, run in enumerate(ledger.rows) if place not in ledger.lost]
    lost = {place for number in ledger.lost for place in places_of(ledger.rows[number])}
    total = len(ledger.fates)
    begin, end = window[0], window[0] + window[1]
    expected = {
        place: Fate.UNACCOUNTED if place in lost else ledger.fates[place]
        for place in range(max(begin, 0), min(end, total))
    }
    due = dict.fromkeys(range(max(begin, total), end), Fate.COMING)

    # What the port gives: the rows that stand for slots inside, and the one that follows.
    given_rows = [run for run in kept if any(begin <= place < end for place in places_of(run))]
    given_rows += [run for run in kept if min(places_of(run)) >= end][:1]

    account = account_for(
        MINUTES,
        given_rows,
        begin=quarter(begin),
        end=quarter(end),
        now=quarter(total) - timedelta(seconds=1),
        term=in_force(ledger.rows, quarter(total)),
    )

    found = {(line.first - BEGIN) // timedelta(minutes=15): line.fate for line in account.stretches}
    assert found == expected | due
    assert all(line.count == 1 for line in account.stretches)
    assert account.expected == len(expected)
    assert account.difference == sum(fate is Fate.UNACCOUNTED for fate in expected.values())
    assert account.is_balanced == (not lost & set(expected))


def test_a_row_covers_all_it_stands_for() -> None:
    merged = row(3, merged=2, merged_from=hour(1))
    missed = row(3, RunState.MISSED, count=3, range_end=hour(5))

    assert (first_covered(merged), last_covered(merged)) == (hour(1), hour(3))
    assert (first_covered(missed), last_covered(missed)) == (hour(3), hour(5))
