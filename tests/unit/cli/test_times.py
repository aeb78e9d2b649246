"""Moments, durations and sizes read as people say them."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from task_scheduler.cli import times

NOW = datetime(2026, 11, 22, 14, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0, "now"),
        (0.9, "now"),
        (-0.9, "now"),
        (1, "in 1 s"),
        (59.9, "in 59 s"),
        (240, "in 4 min"),
        (299.9, "in 4 min 59 s"),
        (3_600, "in 1 h"),
        (3_659, "in 1 h"),
        (2 * 3_600 + 54 * 60, "in 2 h 54 min"),
        (47 * 3_600, "in 47 h"),
        (48 * 3_600, "in 2 days"),
        (-(2 * 86_400 + 5 * 3_600), "2 days 5 h ago"),
        (10 * 86_400 - 1, "in 9 days 23 h"),
        (10 * 86_400 + 23 * 3_600, "in 10 days"),
        (-5, "5 s ago"),
        (-90 * 86_400, "90 days ago"),
        (2_912_000 * 86_400, "in 2,912,000 days"),
    ],
)
def test_tells_the_distance(seconds: float, said: str) -> None:
    assert times.distance(NOW + timedelta(seconds=seconds), NOW) == said


def test_tells_distance_and_local_time() -> None:
    moment = times.read("2026-11-22T14:05:00Z")

    assert times.both(moment, NOW, ZoneInfo("Europe/Berlin")) == "in 4 min, 15:05:00"


def test_adds_the_date_when_it_is_not_today_there() -> None:
    moment = datetime(2026, 11, 22, 23, 30, tzinfo=UTC)

    assert times.local(moment, NOW, UTC) == "23:30:00"
    assert times.local(moment, NOW, ZoneInfo("Europe/Berlin")) == "2026-11-23 00:30:00"


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0, "0 ms"),
        (0.0124, "12 ms"),
        (0.9994, "999 ms"),
        (0.9996, "1.0 s"),
        (3.24, "3.2 s"),
        (59.94, "59.9 s"),
        (59.96, "1 min 0 s"),
        (75.4, "1 min 15 s"),
        (3_599.6, "1 h 0 min"),
        (7_500, "2 h 5 min"),
        (200_000, "2 days 7 h"),
    ],
)
def test_tells_durations(seconds: float, said: str) -> None:
    assert times.duration(seconds) == said


@pytest.mark.parametrize(
    ("count", "said"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1_000, "1.0 kB"),
        (99_940, "99.9 kB"),
        (312_400, "312 kB"),
        (999_600, "1.0 MB"),
        (4_200_000, "4.2 MB"),
        (7e15, "7000.0 TB"),
    ],
)
def test_tells_sizes(count: float, said: str) -> None:
    assert times.size(count) == said
