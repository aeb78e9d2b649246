"""What the read models share: how instants and digests are told, and how much one answer holds.

Every answer is made of JSON values only: instants are ISO text in UTC with `Z`, durations seconds, sizes bytes.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

#: A JSON object.
Document = dict[str, Any]

#: Characters of a digest or an environment's key that are shown: enough to tell them apart.
SHORT = 12
#: Most runs one answer lists.
MOST_RUNS = 1_000
#: Tasks described in one turn of the event loop, so that a long list makes no due job late.
TURN = 25


def iso(moment: datetime) -> str:
    """Return an aware instant as `2026-11-22T14:05:00Z`, with microseconds only where it has some."""
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat() + "Z"


def iso_or_none(moment: datetime | None) -> str | None:
    """Return an instant likewise, None where there is none."""
    return None if moment is None else iso(moment)


def short(digest: str | None) -> str | None:
    """Return the beginning of a digest, None where there is none."""
    return None if digest is None else digest[:SHORT]
