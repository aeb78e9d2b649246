"""Triggers: pure rules from a moment to the next one."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, tzinfo
from typing import Protocol

from task_scheduler.core.triggers.bounds import EndingReadings, bounded_by_readings
from task_scheduler.core.triggers.delays import Delayed, Jittered
from task_scheduler.core.triggers.pattern import Readings
from task_scheduler.core.triggers.slots import Slots
from task_scheduler.core.triggers.wall_clock import WallClock

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SECOND = timedelta(seconds=1)


class Trigger(Protocol):
    """A rule that tells from any moment which slot comes next. Moments are aware; slots are in UTC."""

    @property
    def text(self) -> str:
        """The canonical text of its schedule: what `parse_trigger` reads and the record keeps."""
        ...

    @property
    def zone(self) -> tzinfo:
        """The zone whose clock it follows."""
        ...

    def next_after(self, moment: datetime) -> datetime | None:
        """Return the first slot later than `moment`; None: there is none."""
        ...

    def last_before(self, moment: datetime) -> datetime | None:
        """Return the newest slot at `moment` or before it; None: there is none."""
        ...

    def count_between(self, after: datetime, until: datetime) -> int:
        """Return how many slots are later than `after` and not later than `until`."""
        ...

    def period(self, moment: datetime) -> timedelta | None:
        """Return the distance of the two slots that follow `moment`; None: fewer than two remain."""
        ...


class SlotTrigger:
    """The moments of slots."""

    __slots__ = ("_slots", "text", "zone")

    def __init__(self, text: str, zone: tzinfo, slots: Slots) -> None:
        self.text = text
        self.zone = zone
        self._slots = slots

    def __repr__(self) -> str:
        return f"<SlotTrigger {self.text!r} in {self.zone}>"

    def next_after(self, moment: datetime) -> datetime | None:
        """Return the first slot later than `moment`; None: there is none."""
        return _moment(self._slots.first_from(_instant(moment) + 1))

    def last_before(self, moment: datetime) -> datetime | None:
        """Return the newest slot at `moment` or before it; None: there is none."""
        return _moment(self._slots.last_until(_instant(moment)))

    def count_between(self, after: datetime, until: datetime) -> int:
        """Return how many slots are later than `after` and not later than `until`."""
        return self._slots.count(_instant(after) + 1, _instant(until) + 1)

    def period(self, moment: datetime) -> timedelta | None:
        """Return the distance of the two slots that follow `moment`; None: fewer than two remain."""
        first = self._slots.first_from(_instant(moment) + 1)
        second = None if first is None else self._slots.first_from(first + 1)
        return None if first is None or second is None else timedelta(seconds=second - first)


def build_trigger(
    text: str,
    zone: tzinfo,
    readings: Readings,
    *,
    first: int | None = None,
    last: int | None = None,
    delay: int = 0,
    fresh_delay: int = 0,
    seed: str = "",
) -> Trigger:
    """Return the trigger of wall readings in a zone.

    `first` and `last` are the wall readings it begins and ends with, both included; None: without an end on
    that side. `delay` is the same for each slot, `fresh_delay` the most of one that `seed` and the slot
    decide, both in seconds.
    """
    if last is not None and readings.is_fixed:
        # A time of day that is not past the end, in a gap of the clock, is due after the gap: it is not lost.
        readings, last = EndingReadings(readings, last), None
    slots: Slots = WallClock(zone, readings)
    if first is not None or last is not None:
        slots = bounded_by_readings(slots, zone, first=first, last=last)
    if delay:
        slots = Delayed(slots, delay)
    if fresh_delay:
        slots = Jittered(slots, most=fresh_delay, seed=seed)
    return SlotTrigger(text, zone, slots)


def _instant(moment: datetime) -> int:
    """Return an aware datetime as whole seconds since 1970, rounded down."""
    if moment.utcoffset() is None:
        raise ValueError(f"a moment needs a time zone, {moment.isoformat()} has none")
    return (moment - _EPOCH) // _SECOND


def _moment(instant: int | None) -> datetime | None:
    return None if instant is None else _EPOCH + timedelta(seconds=instant)
