"""Days, months and moments as a person says them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta, tzinfo

from task_scheduler.core.errors import Refused

#: Years that can be asked for.
_FIRST_YEAR, _LAST_YEAR = 1970, 2199


def read_day(text: str) -> date:
    """Return the day of `2026-11-22`; raises Refused."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise Refused(f"{text!r:.60} is no day: write it like 2026-11-22") from None
    _check_year(day)
    return day


def read_month(text: str) -> date:
    """Return the first day of the month of `2026-11`; raises Refused."""
    try:
        first = date.fromisoformat(f"{text}-01")
    except ValueError:
        raise Refused(f"{text!r:.60} is no month: write it like 2026-11") from None
    _check_year(first)
    return first


def read_moment(text: str, zone: tzinfo, now: datetime) -> Sequence[datetime]:
    """Return the moment of a text, or both of a wall reading that comes twice; raises Refused.

    Without an offset it is a reading of the zone's clock; a time of day alone is one of today. A reading that a time
    change leaves out counts by the clock before the change, and by the one after.
    """
    said = text.strip()
    if ":" in said and len(said) <= len("00:00:00"):
        said = f"{now.astimezone(zone).date().isoformat()}T{said.zfill(len('00:00'))}"
    try:
        moment = datetime.fromisoformat(said)
    except ValueError:
        raise Refused(
            f"{text!r:.60} is no moment: write it like 2026-11-22T02:30, 02:30 for today, or 2026-11-22T01:30Z"
        ) from None
    _check_year(moment.date())
    if moment.tzinfo is not None:
        return [moment.astimezone(UTC)]
    return sorted({moment.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1)})


def midnight(day: date, zone: tzinfo) -> datetime:
    """Return the moment at which a day begins, in UTC: 00:00, or where a time change leaves that out, the one after it."""
    return datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC)


def days_of(first: date) -> Sequence[date]:
    """Return the days of the month that begins with `first`."""
    days = [first]
    while (following := days[-1] + timedelta(days=1)).month == first.month:
        days.append(following)
    return days


def _check_year(day: date) -> None:
    if not _FIRST_YEAR <= day.year <= _LAST_YEAR:
        raise Refused(f"the year {day.year} is not one of {_FIRST_YEAR} to {_LAST_YEAR}")
