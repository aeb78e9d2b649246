"""Windows, by which stretches are found and kept, must not show."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from task_scheduler.core.triggers import stretches
from tests.unit.core.triggers.shown import shown

SPRING = int(datetime(2025, 3, 30, 1, tzinfo=UTC).timestamp())
AUTUMN = int(datetime(2025, 10, 26, 1, tzinfo=UTC).timestamp())


@pytest.fixture(params=[-3_600, -1_800, -50, 0, 50, 1_800, 3_550, 3_600])
def distance(request: pytest.FixtureRequest) -> int:
    """Give seconds from a time change to the boundary of a window, in multiples of 50."""
    chosen: int = request.param
    return chosen


@pytest.fixture
def windows(monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    """Give the means to set the length of windows, and forget those of another length."""
    stretches._stretches.cache_clear()
    yield monkeypatch
    stretches._stretches.cache_clear()


def test_an_overlap_may_reach_over_the_boundary_of_a_window(windows: pytest.MonkeyPatch, distance: int) -> None:
    windows.setattr(stretches, "_WINDOW", (AUTUMN + distance) // 50)

    assert shown("0-59/15 1-3 * * *", "2025-10-26", "2025-10-26") == [
        *[f"2025-10-26T0{hour}:{minute:02}+02:00" for hour in (1, 2) for minute in (0, 15, 30, 45)],
        *[f"2025-10-26T03:{minute:02}+01:00" for minute in (0, 15, 30, 45)],
    ]
    assert len(shown("*/15 1-3 * * *", "2025-10-26", "2025-10-26")) == 16


def test_a_gap_may_lie_at_the_boundary_of_a_window(windows: pytest.MonkeyPatch, distance: int) -> None:
    windows.setattr(stretches, "_WINDOW", (SPRING + distance) // 50)

    assert shown("30 1-3 * * *", "2025-03-30", "2025-03-30") == [
        "2025-03-30T01:30+01:00",
        "2025-03-30T03:00+02:00",
        "2025-03-30T03:30+02:00",
    ]


def test_stretches_follow_one_another_without_a_hole() -> None:
    zone = ZoneInfo("Europe/Berlin")
    stretch = stretches.stretch_at(zone, 0)

    for _ in range(200):
        following = stretches.stretch_at(zone, stretch.end)
        assert following.begin == stretch.end
        assert following.end > following.begin
        stretch = following
