"""Telling a suspended machine from a clock that was set, by comparing three clocks."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

#: Differences below this are the noise of reading three clocks one after another, or a slewed clock.
NOISE = timedelta(seconds=2)
#: A bigger step than this is a correction: nothing is replayed (the rule of Vixie cron).
CORRECTION = timedelta(hours=3)
#: Gaps that are kept on record, at most: the newest.
MOST_GAPS = 100
#: Under what name the store keeps when a scheduler was last at work: a moment in ISO form.
LAST_SEEN = "last_seen"
#: Under what name the store keeps how often the clock was corrected.
CLOCK_GENERATION = "clock_generation"
#: Under what name the store keeps the newest gaps of the clock: a line for each, oldest first.
CLOCK_GAPS = "clock_gaps"
#: Under what name the store keeps the newest times without a scheduler: lines like those of the gaps.
OUTAGES = "outages"


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
        # What a person means by three hours is known no better than to the noise.
        return abs(self.stepped) > CORRECTION + NOISE

    @property
    def gap(self) -> str:
        """Return in words why the wall clock left time out; empty: it did not."""
        if self.suspended:
            return f"the machine was suspended for {_told(self.suspended)}"
        if self.stepped > timedelta(0):
            did = "corrected" if self.is_correction else "set forward"
            return f"the clock was {did} by {'+' if self.is_correction else ''}{_told(self.stepped)}"
        return ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockGap:
    """Time of the wall clock at which no scheduler could look, though it was there."""

    after: datetime  #: the last look before it
    until: datetime  #: the first look after it
    cause: str  #: in words


def read_gaps(text: str | None) -> list[ClockGap]:
    """Return the gaps on record, oldest first; none for None."""
    lines = (line.split(" ", 2) for line in (text or "").splitlines())
    return [
        ClockGap(after=datetime.fromisoformat(after), until=datetime.fromisoformat(until), cause=cause)
        for after, until, cause in lines
    ]


def add_gap(text: str | None, gap: ClockGap) -> str:
    """Return what is to be on record once this gap is added to it; one that is there already is there once."""
    gaps = [*(each for each in read_gaps(text) if each != gap), gap][-MOST_GAPS:]
    return "\n".join(f"{each.after.isoformat()} {each.until.isoformat()} {each.cause}" for each in gaps)


def outage(last_seen: datetime, now: datetime) -> ClockGap | None:
    """Return the time without a scheduler before one that starts now; None: none to speak of.

    `last_seen` is the last sign of life on record: of one that was killed, it may be a minute older than its end.
    """
    if now - last_seen <= NOISE:
        return None
    return ClockGap(after=last_seen, until=now, cause="no scheduler was there")


def _told(duration: timedelta) -> str:
    """Return `3 h 20 min`, `5 min 2 s` or `12 s`."""
    minutes, seconds = divmod(round(duration.total_seconds()), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours:,} h {minutes} min"
    return f"{minutes} min {seconds} s" if minutes else f"{seconds} s"


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
