"""The moments at which a zone's clock is put forward or back."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone, tzinfo

from task_scheduler.core.triggers.stretches import LONGEST_TIME_CHANGE, stretch_at

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SECOND = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class ClockChange:
    """One change of a zone's offset from UTC."""

    at: datetime  #: the first moment with the new offset, in UTC
    before: timedelta  #: the offset until then, east positive
    after: timedelta

    @property
    def shift(self) -> timedelta:
        """By how much the clock is put forward; less than zero: back."""
        return self.after - self.before

    @property
    def is_correction(self) -> bool:
        """Whether it is too big for a time change: a correction of the calendar, for which nothing is made up."""
        return abs(self.shift) > timedelta(seconds=LONGEST_TIME_CHANGE)

    @property
    def clock_before(self) -> timezone:
        """The clock as it goes before, as if it were never changed."""
        return timezone(self.before)

    @property
    def clock_after(self) -> timezone:
        """The clock as it goes afterwards, as if it had always done so."""
        return timezone(self.after)


def clock_changes(zone: tzinfo, after: datetime, until: datetime) -> Iterator[ClockChange]:
    """Yield the changes of a zone's clock later than `after` and not later than `until`, in order. Both are aware."""
    instant, last = _instant(after), _instant(until)
    if instant >= last:
        return
    stretch = stretch_at(zone, instant)
    while stretch.end <= last:
        following = stretch_at(zone, stretch.end)
        # Long stretches come in pieces.
        if following.offset != stretch.offset:
            yield ClockChange(
                at=_EPOCH + timedelta(seconds=stretch.end),
                before=timedelta(seconds=stretch.offset),
                after=timedelta(seconds=following.offset),
            )
        stretch = following


def _instant(moment: datetime) -> int:
    return (moment - _EPOCH) // _SECOND
