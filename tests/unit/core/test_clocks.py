"""A suspended machine is told from a clock that was set."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from task_scheduler.core.clocks import (
    MOST_GAPS,
    NOISE,
    ClockChange,
    ClockGap,
    ClockReading,
    add_gap,
    compare,
    outage,
    read_gaps,
)
from task_scheduler.testing.clock import NOON

BEFORE = ClockReading(wall=NOON, monotonic=100.0, boottime=200.0)


def reading(*, wall: float, monotonic: float, boottime: float) -> ClockReading:
    """Return the reading so many seconds after BEFORE, by each clock."""
    return ClockReading(wall=NOON + timedelta(seconds=wall), monotonic=100.0 + monotonic, boottime=200.0 + boottime)


@pytest.mark.parametrize(
    ("wall", "monotonic", "boottime", "suspended", "stepped"),
    [
        (10, 10, 10, 0, 0),
        (11.5, 10, 10, 0, 0),  # noise
        (3_610, 10, 3_610, 3_600, 0),
        (3_610, 10, 10, 0, 3_600),
        (-3_590, 10, 10, 0, -3_600),
        (7_210, 10, 3_610, 3_600, 3_600),
        (0, 0, 0, 0, 0),
    ],
)
def test_three_clocks_tell_a_suspend_from_a_step(
    *, wall: float, monotonic: float, boottime: float, suspended: float, stepped: float
) -> None:
    change = compare(BEFORE, reading(wall=wall, monotonic=monotonic, boottime=boottime))

    assert change == ClockChange(suspended=timedelta(seconds=suspended), stepped=timedelta(seconds=stepped))


@pytest.mark.parametrize(
    ("hours", "is_correction"), [(0, False), (3, False), (-3, False), (3.01, True), (-3.01, True), (400_000, True)]
)
def test_more_than_three_hours_in_either_direction_are_a_correction(*, hours: float, is_correction: bool) -> None:
    change = ClockChange(suspended=timedelta(0), stepped=timedelta(hours=hours))

    assert change.is_correction is is_correction


@pytest.mark.parametrize("noise", [-1.9, 0, 1.9])
@pytest.mark.parametrize("hours", [-3, 3])
def test_just_three_hours_are_none_however_they_were_read(hours: float, noise: float) -> None:
    change = compare(BEFORE, reading(wall=hours * 3_600 + noise, monotonic=0, boottime=0))

    assert change.stepped
    assert not change.is_correction


@pytest.mark.parametrize(
    ("suspended", "stepped", "gap"),
    [
        (0, 0, ""),
        (12_000, 0, "the machine was suspended for 3 h 20 min"),
        (302.4, 0, "the machine was suspended for 5 min 2 s"),
        (3, 0, "the machine was suspended for 3 s"),
        (0, 3_600, "the clock was set forward by 1 h 0 min"),
        (60, 3_600, "the machine was suspended for 1 min 0 s"),
        (0, -3_600, ""),
        (0, 20_000, "the clock was corrected by +5 h 33 min"),
        (0, -20_000, ""),
    ],
)
def test_what_left_time_out_is_told(*, suspended: float, stepped: float, gap: str) -> None:
    change = ClockChange(suspended=timedelta(seconds=suspended), stepped=timedelta(seconds=stepped))

    assert change.gap == gap


def test_the_newest_gaps_are_kept() -> None:
    gaps = [
        ClockGap(after=NOON + timedelta(hours=hour), until=NOON + timedelta(hours=hour + 1), cause=f"gap {hour}")
        for hour in range(MOST_GAPS + 2)
    ]
    recorded: str | None = None

    for gap in gaps:
        recorded = add_gap(recorded, gap)

    assert read_gaps(recorded) == gaps[2:]
    assert add_gap(recorded, gaps[-1]) == recorded, "a write that is repeated"
    assert read_gaps(None) == []


def test_a_suspend_is_no_correction_however_long() -> None:
    change = compare(BEFORE, reading(wall=864_000, monotonic=1, boottime=864_000))

    assert change.suspended > timedelta(days=9)
    assert not change.is_correction


def test_nothing_happened_is_neither() -> None:
    assert ClockChange.none() == compare(BEFORE, BEFORE)


def test_the_time_between_two_schedulers_is_an_outage_as_far_as_it_is_more_than_noise() -> None:
    ended = datetime(2026, 3, 1, 12, tzinfo=UTC)

    found = outage(ended, ended + timedelta(minutes=5))

    assert found is not None
    assert (found.after, found.until, found.cause) == (ended, ended + timedelta(minutes=5), "no scheduler was there")
    assert outage(ended, ended + NOISE) is None
    assert outage(ended, ended - timedelta(hours=1)) is None
