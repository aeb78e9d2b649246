"""Backups as values: what is known of one, when the next is due, and which are kept."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

#: For so long every hour keeps a backup; after it every day.
HOURLY = timedelta(days=1)
#: Backups kept at most, however long they are to be kept.
MOST_KEPT = 100
#: Time from the first start of a project to its first backup, unless the interval is shorter.
FIRST_AFTER = timedelta(minutes=1)
#: A backup that failed is tried again after this time, unless the interval is shorter.
RETRY_AFTER = timedelta(minutes=10)


@dataclass(frozen=True, slots=True, kw_only=True)
class Backup:
    """One backup, as it tells of itself."""

    name: str
    taken_at: datetime
    bytes: int
    why: str = ""  #: what it was written for, in words; empty: it does not tell
    runs: int | None = None  #: on record in it; None: it does not tell
    newest_run: int | None = None  #: the number of its newest run; None: it has none, or does not tell
    newest_run_at: datetime | None = None  #: when that was put on record
    is_verified: bool = False  #: whether it was checked whole when it was written, and has the size it had then
    problem: str = ""  #: why it cannot be restored, as far as was looked; empty: nothing was found


def kept(taken: Iterable[datetime], *, now: datetime, keep: timedelta) -> frozenset[datetime]:
    """Return which backups are kept, by when they were taken (UTC).

    The newest always; of those not older than `keep`, the newest of each hour of the last day and of each day before.
    """
    newest_first = sorted(set(taken), reverse=True)
    chosen: dict[str, datetime] = {}
    for moment in newest_first:
        age = now - moment
        if age <= keep or moment == newest_first[0]:
            chosen.setdefault(f"{moment:%Y-%m-%d %H}" if age <= HOURLY else f"{moment:%Y-%m-%d}", moment)
    return frozenset(list(chosen.values())[:MOST_KEPT])
