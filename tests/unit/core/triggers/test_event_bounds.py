"""Events before the beginning of a schedule and after its end."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from task_scheduler.core.triggers.events import why_outside

BERLIN = ZoneInfo("Europe/Berlin")
SECOND = timedelta(seconds=1)


@pytest.mark.parametrize(
    ("starts", "begin"),
    [
        ("2027-01-01", datetime(2027, 1, 1, tzinfo=BERLIN)),
        ("2027-01-01 09:30", datetime(2027, 1, 1, 9, 30, tzinfo=BERLIN)),
    ],
)
def test_it_begins_with_its_first_second(starts: str, begin: datetime) -> None:
    assert why_outside(starts, None, zone=BERLIN, now=begin - SECOND) == f"its schedule begins {starts} (starts)"
    assert why_outside(starts, None, zone=BERLIN, now=begin) == ""


@pytest.mark.parametrize(
    ("ends", "last"),
    [
        ("2027-06-30", datetime(2027, 6, 30, 23, 59, 59, 999_999, tzinfo=BERLIN)),
        ("2027-06-30 18:00:05", datetime(2027, 6, 30, 18, 0, 5, tzinfo=BERLIN)),
    ],
)
def test_it_ends_with_its_last_second(ends: str, last: datetime) -> None:
    assert why_outside(None, ends, zone=BERLIN, now=last) == ""
    assert why_outside(None, ends, zone=BERLIN, now=last + SECOND) == f"its schedule ended {ends} (ends)"


def test_without_bounds_it_always_may() -> None:
    assert why_outside(None, None, zone=BERLIN, now=datetime(1970, 1, 1, tzinfo=BERLIN)) == ""
