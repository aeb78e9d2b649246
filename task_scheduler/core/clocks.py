"""Telling a suspended machine from a clock that was set, by comparing three clocks."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

#: Differences below this are the noise of reading three clocks one after another, or a slewed clock.
NOISE = timedelta(seconds=2)
#: A bigger step than this is a correction: nothing is replayed (the rule of Vixie cron).
CORRECTION = timedelta(hours=3)
#: Under what name the store keeps when a scheduler was last at work: a moment in ISO form.
LAST_SEEN = "last_seen"


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockReading:
    """The three clocks at (nearly) one moment."""

    wall: datetime
    monotonic: float  #: seconds; stands still in suspend
    boottime: float  #: seconds; goes on in suspend


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockChange:
    """What happened to the clocks between two readings."""

    suspended: timedelta  #: time the machine slept; zero when it did not
    stepped: timedelta  #: how far the wall clock was set, forward positive; zero when it was not

    @classmethod
    def none(cls) -> ClockChange:
        """Return that nothing happened."""
        return cls(suspended=timedelta(0), stepped=timedelta(0))

    @property
    def is_correction(self) -> bool:
        """Whether the wall clock was wrong, so that what lay between is not owed."""
        return abs(self.stepped) > CORRECTION


def compare(before: ClockReading, after: ClockReading) -> ClockChange:
    """Return what happened between two readings of the same boot."""
    monotonic = timedelta(seconds=after.monotonic - before.monotonic)
    boottime = timedelta(seconds=after.boottime - before.boottime)
    suspended = boottime - monotonic
    stepped = (after.wall - before.wall) - boottime
    return ClockChange(
        suspended=suspended if suspended > NOISE else timedelta(0),
        stepped=stepped if abs(stepped) > NOISE else timedelta(0),
    )
