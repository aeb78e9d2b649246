"""Backups as values: what is known of one, when the next is due, and which are kept."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

#: What a backup is written for: because a person asked, or by the scheduler itself.
ASKED_FOR, AT_INTERVAL = "asked for", "at its interval"
#: For so long every hour keeps an automatic backup; after it every day.
HOURLY = timedelta(days=1)
#: Automatic backups kept at most, however long they are to be kept.
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
    restored_at: datetime | None = None  #: when it last took the record's place; None: never, as far as known
    is_verified: bool = False  #: whether it was checked whole when it was written
    problem: str = ""  #: why it cannot be restored, as far as was looked; empty: nothing was found

    @property
    def is_asked_for(self) -> bool:
        """Whether a person asked for it."""
        return self.why == ASKED_FOR

    @property
    def is_thinned(self) -> bool:
        """Whether it may make room for a later one of its hour or day: one at the interval that nobody relied on."""
        return self.why == AT_INTERVAL and self.restored_at is None and not self.problem


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenBackup:
    """A backup that was written just now, and what became of older ones by that."""

    backup: Backup
    removed: tuple[str, ...] = ()  #: names of those that were not to be kept any more
    trouble: str = ""  #: why some could not be removed: the next backup tries again; empty: all were


def kept(backups: Iterable[Backup], *, now: datetime, keep: timedelta, written: str = "") -> frozenset[str]:
    """Return the names of the backups that are kept.

    The newest that can be restored always, and the one `written` just now; empty: none was. Of those that were taken, or restored, not longer ago than `keep`: all but
    the automatic ones, and of these the newest of each hour of the last day and of each day before (UTC).
    Those of a clock that was ahead take no place from others until their time has come.
    """
    newest_first = sorted(backups, key=lambda backup: backup.taken_at, reverse=True)
    newest = next((backup for backup in newest_first if not backup.problem), None)
    stay = {name for name in (written, newest.name if newest is not None else "") if name}
    periods: dict[str, str] = {}
    ahead: dict[str, str] = {}
    for backup in newest_first:
        age = now - backup.taken_at
        if now - max(backup.taken_at, backup.restored_at or backup.taken_at) > keep:
            continue
        if backup.is_thinned:
            period = f"{backup.taken_at:%Y-%m-%d %H}" if age <= HOURLY else f"{backup.taken_at:%Y-%m-%d}"
            (periods if backup.taken_at <= now else ahead).setdefault(period, backup.name)
        else:
            stay.add(backup.name)
    return frozenset(stay.union(ahead.values(), list(periods.values())[:MOST_KEPT]))
