"""Moments, durations and sizes, as people read them."""

from __future__ import annotations

from datetime import datetime, tzinfo

#: From so many seconds on days are told without hours.
_MANY_DAYS = 10 * 86_400
_SIZES = ("B", "kB", "MB", "GB", "TB")


def read(text: str) -> datetime:
    """Read an instant as the scheduler writes it."""
    return datetime.fromisoformat(text)


def zone_named(name: str) -> tzinfo | None:
    """Return a zone by its name; None: this machine does not know it."""
    # Late: what needs no zone does not pay for them.
    from zoneinfo import ZoneInfo

    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return None


def local(moment: datetime, now: datetime, zone: tzinfo | None) -> str:
    """Return the local time, with its date unless it is today; `zone` None is the machine's."""
    there, here = moment.astimezone(zone), now.astimezone(zone)
    return there.strftime("%H:%M:%S" if there.date() == here.date() else "%Y-%m-%d %H:%M:%S")


def distance(moment: datetime, now: datetime) -> str:
    """Return `in 2 h 54 min`, `12 s ago` or `now`: two units, rounded down, the second left out where it is zero."""
    seconds = int((moment - now).total_seconds())
    if seconds == 0:
        return "now"
    amount = _rough(abs(seconds))
    return f"in {amount}" if seconds > 0 else f"{amount} ago"


def both(moment: datetime, now: datetime, zone: tzinfo | None) -> str:
    """Return `in 4 min 5 s, 14:05:00`."""
    return f"{distance(moment, now)}, {local(moment, now, zone)}"


def duration(seconds: float) -> str:
    """Return `12 ms`, `3.2 s`, `1 min 15 s` or `2 h 5 min`."""
    if seconds < 0.9995:
        return f"{seconds * 1_000:.0f} ms"
    if seconds < 59.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 3_600:
        return f"{whole // 60} min {whole % 60} s"
    if whole < 172_800:
        return f"{whole // 3_600} h {whole % 3_600 // 60} min"
    return f"{whole // 86_400} days {whole % 86_400 // 3_600} h"


def size(count: float) -> str:
    """Return `312 B` or `4.2 MB`; a kB has 1,000 bytes."""
    amount = float(count)
    for unit in _SIZES[:-1]:
        if amount < 999.5:
            return f"{amount:.0f} {unit}" if unit == "B" or amount >= 99.95 else f"{amount:.1f} {unit}"
        amount /= 1_000
    return f"{amount:.1f} {_SIZES[-1]}"


def _rough(seconds: int) -> str:
    if seconds < 60:
        return f"{seconds} s"
    if seconds < 3_600:
        return _two(seconds // 60, "min", seconds % 60, "s")
    if seconds < 172_800:
        return _two(seconds // 3_600, "h", seconds % 3_600 // 60, "min")
    return _two(seconds // 86_400, "days", 0 if seconds >= _MANY_DAYS else seconds % 86_400 // 3_600, "h")


def _two(many: int, unit: str, more: int, smaller: str) -> str:
    return f"{many:,} {unit} {more} {smaller}" if more else f"{many:,} {unit}"
