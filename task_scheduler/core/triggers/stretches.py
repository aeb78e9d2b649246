"""A zone's clock as stretches of time during which its offset from UTC stands still.

Instants are whole seconds of UTC counted from 1970-01-01 00:00; wall readings are what the zone's clock
shows, counted alike. Inside a stretch one is the other plus the offset, so the rest is integers.
"""

from __future__ import annotations

from datetime import datetime, timedelta, timezone, tzinfo
from functools import lru_cache
from typing import NamedTuple

from task_scheduler.core.triggers.days import FIRST_DAY, LAST_DAY
from task_scheduler.core.triggers.pattern import DAY

#: A bigger jump of the clock is a correction of the calendar (Samoa's 30 December 2011), not a time change:
#: nothing is made up for and nothing held back. Vixie cron draws the line there too.
LONGEST_TIME_CHANGE = 3 * 3_600

#: Stretches are found and kept by windows of this length, about a year.
_WINDOW = 1 << 25
#: Offsets are compared at this distance. The shortest time from one change to its reversal that the zone
#: database knows is 95 hours (Freetown, 1939), so that no change hides between two looks.
_LOOK = 2 * DAY

#: Offsets are asked for within datetime's range only, and stand still outside.
_EARLIEST = (FIRST_DAY - 1) * DAY
_LATEST = (LAST_DAY + 2) * DAY


class Stretch(NamedTuple):
    """Instants from `begin` until before `end`, all with one offset.

    `served` is the wall reading before which fixed times of day have had their turn when the stretch begins.
    It is less than the reading at `begin` after a gap: what lies between is due at `begin`. It is more
    after an overlap: what lies between was due in the first pass. Else both are equal.
    """

    begin: int
    end: int
    offset: int
    served: int


def stretch_at(zone: tzinfo, instant: int) -> Stretch:
    """Return the stretch an instant is in; long ones are cut, which changes nothing for their slots."""
    stretches = _stretches(zone, instant // _WINDOW)
    return next(stretch for stretch in stretches if instant < stretch.end)


@lru_cache(maxsize=4_096)
def _stretches(zone: tzinfo, window: int) -> tuple[Stretch, ...]:
    """Return the stretches that cover one window."""
    start, end = window * _WINDOW, (window + 1) * _WINDOW
    # A change shortly before the window may hold back fixed times inside it.
    begin = start - _LOOK
    offset = _offset(zone, begin)
    served = begin + offset
    found = []
    for change in (*_changes(zone, begin, end), end):
        if change > start:
            first = max(begin, start)
            found.append(Stretch(first, change, offset, served if first == begin else max(served, first + offset)))
        before, offset = offset, _offset(zone, change)
        begin = change
        served = change + (before if abs(offset - before) <= LONGEST_TIME_CHANGE else offset)
    return tuple(found)


def _changes(zone: tzinfo, begin: int, end: int) -> list[int]:
    """Return the instants in (begin, end) from which on another offset holds."""
    if isinstance(zone, timezone):
        return []  # one offset for ever
    found = []
    before = _offset(zone, begin)
    for low in range(begin, end - 1, _LOOK):
        high = min(low + _LOOK, end - 1)
        after = _offset(zone, high)
        if after != before:
            found.append(_change(zone, low, high, after))
        before = after
    return found


def _change(zone: tzinfo, low: int, high: int, wanted: int) -> int:
    """Return the first instant after `low` with the offset `wanted`, which `high` has."""
    while high - low > 1:
        middle = (low + high) // 2
        if _offset(zone, middle) == wanted:
            high = middle
        else:
            low = middle
    return high


def _offset(zone: tzinfo, instant: int) -> int:
    """Return a zone's offset from UTC at an instant, in whole seconds, east positive."""
    local = datetime.fromtimestamp(min(max(instant, _EARLIEST), _LATEST), zone)
    return (local.utcoffset() or timedelta()) // timedelta(seconds=1)
