"""Windows of the day: both ends are in, and midnight may be inside."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from task_scheduler.core.errors import TriggerError
from task_scheduler.core.triggers.windows import Window
from tests.unit.core.triggers.shown import shown, trigger


def test_both_ends_of_a_window_are_in_it() -> None:
    assert shown("every 30 minutes between 08:00 and 09:30", "2027-01-04", "2027-01-04", "UTC") == [
        "2027-01-04T08:00+00:00",
        "2027-01-04T08:30+00:00",
        "2027-01-04T09:00+00:00",
        "2027-01-04T09:30+00:00",
    ]


def test_a_window_may_wrap_around_midnight() -> None:
    assert shown("every 2 hours between 22:00 and 04:00", "2027-01-04", "2027-01-05", "UTC") == [
        *[f"2027-01-04T{hour}:00+00:00" for hour in ("00", "02", "04", "22")],
        *[f"2027-01-05T{hour}:00+00:00" for hour in ("00", "02", "04", "22")],
    ]


def test_the_day_of_a_wrapped_window_is_the_one_the_clock_shows() -> None:
    assert shown("every 3 hours on mon between 22:00 and 04:00", "2027-01-03", "2027-01-05", "UTC") == [
        "2027-01-04T00:00+00:00",
        "2027-01-04T03:00+00:00",
    ]


def test_a_window_that_begins_a_second_after_its_end_is_the_whole_day() -> None:
    rule = trigger("every second between 08:00:01 and 08:00", "UTC")
    begin = datetime(2027, 1, 4, tzinfo=UTC)

    assert rule.count_between(begin, begin + timedelta(days=3)) == 3 * 86_400


def test_a_window_cuts_readings_in_a_gap_before_they_are_made_up_for() -> None:
    """02:30 is no time of the window, so nothing is due at 03:00; 02:15 is one."""
    assert shown("15,30 2 * * * between 02:10 and 02:20", "2027-03-28", "2027-03-28") == ["2027-03-28T03:00+02:00"]
    assert shown("30 2,4 * * * between 03:00 and 05:00", "2027-03-28", "2027-03-28") == ["2027-03-28T04:30+02:00"]


@pytest.mark.parametrize(
    "schedule",
    [
        "every day at 07:00 between 08:00 and 18:00",
        "0 12 * * * between 22:00 and 06:00",
        "every 24 to 24 hours between 08:00 and 18:00",
        "every 30 to 30 minutes between 08:01 and 08:29",
    ],
)
def test_a_time_that_is_never_in_the_window_is_refused(schedule: str) -> None:
    with pytest.raises(TriggerError, match="never fires: none of its times is between those after 'between'"):
        trigger(schedule)


def test_what_a_window_leaves_of_times_is_a_sequence() -> None:
    times = Window(begin=79_200, end=7_200).cut(range(0, 86_400, 3_600))

    assert list(times) == [0, 3_600, 7_200, 79_200, 82_800]
    assert times[-1] == 82_800
    assert list(times[1:4]) == [3_600, 7_200, 79_200]
    with pytest.raises(IndexError):
        times[5]


@pytest.mark.parametrize("window", [Window(begin=100, end=200), Window(begin=200, end=100), Window(begin=101, end=100)])
def test_a_window_is_searched_as_its_parts_say(window: Window) -> None:
    inside = sorted({second for first, end in window.parts() for second in range(first, end) if second < 400})
    near = set(inside) | {86_400 + second for second in inside} | {second - 86_400 for second in inside}
    ends = range(86_100, 86_400) if window.begin > window.end else ()
    near |= set(ends) | {second - 86_400 for second in ends}

    for wall in range(300):
        assert window.first_from(wall) == min(second for second in near if second >= wall)
        assert window.last_until(wall) == max(second for second in near if second <= wall)
