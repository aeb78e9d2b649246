"""Moments as a person types them: on the clock of a zone, or with an offset of their own."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, tzinfo

from task_scheduler.core.errors import TriggerError
from task_scheduler.core.excerpts import quoted
from task_scheduler.core.triggers.pattern import DAY
from task_scheduler.core.triggers.wall_clock import first_showing
from task_scheduler.core.triggers.wall_text import read_wall

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def first_moment(text: str, zone: tzinfo) -> datetime:
    """Return the first moment at which the zone's clock shows a reading or has passed it; a date is its midnight.

    A text with an offset says its moment itself. Raises TriggerError.
    """
    own = _with_offset(text)
    return _moment(first_showing(zone, read_wall(text, second=0))) if own is None else own


def last_moment(text: str, zone: tzinfo) -> datetime:
    """Return the last moment before the zone's clock first passes a reading; a date is its last second.

    A text with an offset says its moment itself. Raises TriggerError.
    """
    own = _with_offset(text)
    return _moment(first_showing(zone, read_wall(text, second=DAY - 1) + 1) - 1) if own is None else own


def _with_offset(text: str) -> datetime | None:
    """Return the moment of a text that names its offset; None: it names none. Raises TriggerError."""
    try:
        moment = datetime.fromisoformat(text.strip())
        if moment.tzinfo is None:
            return None
        there = moment.astimezone(UTC)
    except ValueError:
        return None
    except OverflowError:
        raise TriggerError(f"{quoted(text)} is out of bounds: no calendar has it in UTC") from None
    # The second before it is asked for too.
    if there - datetime.min.replace(tzinfo=UTC) < timedelta(days=10):
        raise TriggerError(f"{quoted(text)} is out of bounds: years are 1 to 9999")
    return there


def _moment(instant: int) -> datetime:
    return _EPOCH + timedelta(seconds=instant)
