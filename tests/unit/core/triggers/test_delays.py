"""Delays of slots: the same for all, or a fresh one for each."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from task_scheduler.core.triggers.delays import Jittered
from tests.unit.core.triggers.shown import shown, trigger


def test_a_stable_delay_moves_every_slot_alike() -> None:
    assert shown("every day at 02:30 plus 90 s", "2027-03-27", "2027-03-29") == [
        "2027-03-27T02:31:30+01:00",
        "2027-03-28T03:01:30+02:00",
        "2027-03-29T02:31:30+02:00",
    ]


def test_a_slot_is_counted_when_it_is_due_by_its_delay() -> None:
    rule = trigger("every hour plus 90 s", "UTC")
    noon = datetime(2027, 1, 1, 12, tzinfo=UTC)
    due = noon + timedelta(seconds=90)

    assert rule.count_between(noon, due - timedelta(seconds=1)) == 0
    assert rule.count_between(noon, due) == 1
    assert rule.count_between(due, due + timedelta(hours=3)) == 3


def test_a_delay_comes_after_the_end_was_looked_at() -> None:
    rule = trigger("every day at 10:30 until 2027-01-02 10:30 plus 90 s", "UTC")

    assert rule.last_before(datetime(2030, 1, 1, tzinfo=UTC)) == datetime(2027, 1, 2, 10, 31, 30, tzinfo=UTC)
    assert rule.next_after(datetime(2027, 1, 2, 10, 31, tzinfo=UTC)) == datetime(2027, 1, 2, 10, 31, 30, tzinfo=UTC)
    assert rule.next_after(datetime(2027, 1, 2, 10, 31, 30, tzinfo=UTC)) is None
    assert rule.last_before(datetime.min.replace(tzinfo=UTC)) is None


def test_fresh_delays_are_these_for_ever() -> None:
    """A slot is an identity: another delay after an upgrade would run it twice."""
    assert shown("every hour plus up to 600 s by 0123abcd", "2027-01-01", "2027-01-01", "UTC")[:4] == [
        "2027-01-01T00:06:56+00:00",
        "2027-01-01T01:02:43+00:00",
        "2027-01-01T02:01:43+00:00",
        "2027-01-01T03:05:36+00:00",
    ]


def test_other_seeds_delay_otherwise() -> None:
    one, other = (
        shown(f"every hour plus up to 600 s by {seed}", "2027-01-01", "2027-01-01") for seed in ("0123abcd", "0123abce")
    )

    assert one != other


class Listed:
    """Slots as a list."""

    def __init__(self, *slots: int) -> None:
        self._slots = slots

    def first_from(self, instant: int) -> int | None:
        """Return the first that is not earlier."""
        return min((slot for slot in self._slots if slot >= instant), default=None)

    def last_until(self, instant: int) -> int | None:
        """Return the last that is not later."""
        return max((slot for slot in self._slots if slot <= instant), default=None)

    def count(self, begin: int, end: int) -> int:
        """Count them."""
        return sum(begin <= slot < end for slot in self._slots)


def test_a_fresh_delay_moves_a_slot_towards_the_next_and_not_past_it() -> None:
    jittered = Jittered(Listed(0, 10, 1_000), most=500, seed="0123abcd")
    first, second, third = (jittered.first_from(slot) for slot in (0, 10, 1_000))

    assert first is not None
    assert second is not None
    assert third is not None
    assert 0 <= first < 10 <= second < 1_000 <= third <= 1_500
    assert jittered.first_from(-1) == first
    assert jittered.last_until(-1) is None
    assert [jittered.last_until(moved) for moved in (first, second, third)] == [first, second, third]
    assert [jittered.last_until(moved - 1) for moved in (first, second, third)] == [None, first, second]
    assert [jittered.first_from(moved + 1) for moved in (first, second, third)] == [second, third, None]
    assert jittered.count(-1, 2_000) == 3
    assert [jittered.count(moved, moved + 1) for moved in (first, second, third)] == [1, 1, 1]
    assert jittered.count(second + 1, third) == jittered.count(5, 5) == jittered.count(5, 4) == 0


@settings(max_examples=30, deadline=None)
@given(
    slots=st.sets(st.integers(0, 60), min_size=1).map(sorted),
    most=st.integers(1, 30),
    seed=st.text("0123456789abcdef", min_size=8, max_size=8),
)
def test_fresh_delays_keep_the_number_and_the_order_of_slots(slots: list[int], most: int, seed: str) -> None:
    jittered = Jittered(Listed(*slots), most=most, seed=seed)

    moved = []
    found = jittered.first_from(-1)
    while found is not None:
        moved.append(found)
        found = jittered.first_from(found + 1)

    assert len(moved) == len(slots)
    assert all(slot <= late <= slot + most for slot, late in zip(slots, moved, strict=True))
    assert all(late < following for late, (_, following) in zip(moved, pairwise(slots), strict=False))
    as_listed = Listed(*moved)
    for begin in range(-2, 100):
        assert jittered.first_from(begin) == as_listed.first_from(begin)
        assert jittered.last_until(begin) == as_listed.last_until(begin)
        for end in range(begin - 1, 100, 7):
            assert jittered.count(begin, end) == as_listed.count(begin, end)


def test_delays_use_all_of_their_room() -> None:
    rule = trigger("every 10 minutes plus up to 59 s by 0123abcd", "UTC")
    moment = datetime(2027, 1, 1, tzinfo=UTC)
    delays = set()
    for _ in range(600):
        slot = rule.next_after(moment)
        assert slot is not None
        delays.add(slot.minute % 10 * 60 + slot.second)
        moment = slot + timedelta(seconds=1)

    assert delays == set(range(60))
