"""Intervals that vary: drawn once and for all, by seed and calendar."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from task_scheduler.core.triggers.pattern import DAY, Readings
from task_scheduler.core.triggers.varying import VaryingGrid, varying_days, varying_parts
from tests.unit.core.triggers.shown import shown

HOUR = 3_600


@st.composite
def grids(draw: st.DrawFn) -> VaryingGrid:
    """Draw a grid of short blocks, each a sum of gaps."""
    low = draw(st.integers(1, 9))
    high = draw(st.integers(low, 12))
    block = sum(draw(st.lists(st.integers(low, high), min_size=1, max_size=20)))
    return VaryingGrid(low=low, high=high, block=block, seed=draw(st.text("0123456789abcdef", min_size=8, max_size=8)))


@settings(max_examples=60, deadline=None)
@given(grids(), st.integers(-10_000, 10_000))
def test_gaps_are_within_their_ends_and_blocks_begin_with_a_slot(grid: VaryingGrid, start: int) -> None:
    places = [grid.first_from(start)]
    for _ in range(60):
        places.append(grid.first_from(places[-1] + 1))

    assert {grid.low <= following - place <= grid.high for place, following in pairwise(places)} == {True}
    boundary = -(-start // grid.block) * grid.block
    assert grid.first_from(boundary) == boundary
    for place, following in pairwise(places):
        assert grid.last_until(place) == grid.last_until(following - 1) == place
    for number, place in enumerate(places):
        assert grid.count(places[0], place) == number
        assert grid.count(places[0] - 1, place + 1) >= number + 1
    assert grid.count(start, start) == grid.count(start, start - 7) == 0


@pytest.mark.parametrize(
    ("low", "high", "unit", "boundary"),
    [
        (1, 2, 1, HOUR),
        (300, 900, 1, HOUR),
        (300, 901, 1, DAY),
        (5, 10, 60, HOUR),
        (7, 16, 60, DAY),
        (13, 13, 60, 64 * 13 * 60),
        (2, 6, HOUR, DAY),
        (2, 7, HOUR, 64 * 7 * HOUR),
        (24, 36, HOUR, 64 * 36 * HOUR),
    ],
)
def test_blocks_begin_at_the_boundary_that_the_longest_gap_fits_into(
    low: int, high: int, unit: int, boundary: int
) -> None:
    readings = varying_parts(low, high, unit, seed="0123abcd")

    assert all(readings.count(number * boundary, number * boundary + 1) == 1 for number in range(200))
    assert all(low * unit <= gap <= high * unit for gap in _gaps(readings, 17 * DAY + 5, 400))


def test_gaps_take_all_their_values() -> None:
    assert set(_gaps(varying_parts(5, 10, 60, seed="0123abcd"), 0, 2_000)) == {60 * gap for gap in range(5, 11)}
    assert set(_gaps(varying_days(2, 4, week=False, at=0, seed="0123abcd"), 0, 300)) == {2 * DAY, 3 * DAY, 4 * DAY}


def test_varying_days_are_fixed_times_of_day_and_parts_of_a_day_are_not() -> None:
    assert varying_days(2, 4, week=False, at=0, seed="0123abcd").is_fixed
    assert not varying_parts(2, 4, 1, seed="0123abcd").is_fixed


def test_varying_weeks_fall_on_one_day_of_the_week() -> None:
    readings = varying_days(1, 3, week=True, weekday=1, at=9 * HOUR, seed="0123abcd")

    wall = readings.first_from(0)

    assert wall is not None
    assert datetime.fromtimestamp(wall, UTC) == datetime(1970, 1, 6, 9, tzinfo=UTC)
    assert set(_gaps(readings, 0, 100)) == {7 * DAY, 14 * DAY, 21 * DAY}


def test_other_seeds_draw_otherwise() -> None:
    assert _gaps(varying_parts(5, 10, 60, seed="0123abcd"), 0, 50) != _gaps(varying_parts(5, 10, 60, seed="a"), 0, 50)


def test_what_is_drawn_is_this_for_ever() -> None:
    """A slot is an identity: another draw after an upgrade would run the job at other times, some of them twice."""
    minutes = [slot[11:16] for slot in shown("every 5 to 10 minutes by 0123abcd", "2027-01-01", "2027-01-01")]
    days = shown("every 2 to 9 days at 10:30 by 0123abcd", "2027-01-01", "2027-01-31")

    assert minutes[:9] == ["00:00", "00:10", "00:17", "00:26", "00:36", "00:44", "00:51", "01:00", "01:05"]
    assert days == [f"2027-01-{day}T10:30+01:00" for day in ("07", "09", "16", "23", "29")]


def test_a_varying_interval_follows_the_wall_clock_through_time_changes() -> None:
    spring = shown("every 20 to 30 minutes by 0123abcd", "2027-03-28", "2027-03-28")
    autumn = shown("every 20 to 30 minutes by 0123abcd", "2027-10-31", "2027-10-31")

    assert not [slot for slot in spring if slot[11:13] == "02"]
    first, second = (
        [slot[:16] for slot in autumn if slot[11:13] == "02" and slot.endswith(offset)]
        for offset in ("+02:00", "+01:00")
    )
    assert first == second != []


def test_the_ends_of_the_calendar_are_ends() -> None:
    parts = varying_parts(5, 10, 60, seed="0123abcd")
    days = varying_days(2, 9, week=False, at=0, seed="0123abcd")
    for readings in (parts, days):
        assert readings.first_from(4_000_000 * DAY) is None
        assert readings.last_until(-1_000_000 * DAY) is None


def _gaps(readings: Readings, start: int, count: int) -> list[int]:
    walls = [start]
    for _ in range(count + 1):
        found = readings.first_from(walls[-1] + 1)
        assert found is not None
        walls.append(found)
    return [following - wall for wall, following in pairwise(walls[1:])]


@pytest.mark.parametrize(("begin", "end"), [(-60_017, 60_031), (7, 61_440), (15_360, 46_080), (30_001, 30_002)])
def test_a_long_stretch_has_as_many_slots_as_its_pieces(begin: int, end: int) -> None:
    grid = VaryingGrid(low=5, high=10, block=60, seed="0123abcd")
    ends = [*range(begin, end, 61), end]

    pieces = [grid.count(first, last) for first, last in pairwise(ends)]

    assert grid.count(begin, end) == sum(pieces)
