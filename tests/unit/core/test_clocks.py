"""A suspended machine is told from a clock that was set."""

from __future__ import annotations

from datetime import timedelta

import pytest

from task_scheduler.core.clocks import ClockChange, ClockReading, compare
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


def test_a_suspend_is_no_correction_however_long() -> None:
    change = compare(BEFORE, reading(wall=864_000, monotonic=1, boottime=864_000))

    assert change.suspended > timedelta(days=9)
    assert not change.is_correction


def test_nothing_happened_is_neither() -> None:
    assert ClockChange.none() == compare(BEFORE, BEFORE)
