"""Writes backups of the database: consistent, verified, whole or not there, and never in the writer's way."""

from __future__ import annotations

import contextlib
import shutil
import sqlite3
import threading
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

from sqlalchemy import Connection

from task_scheduler.core.backups import Backup, WrittenBackup, kept
from task_scheduler.core.errors import BackupUnusable, DatabaseDamaged, StoreError
from task_scheduler.ports import Clock
from task_scheduler.private_files import claim_private
from task_scheduler.store.backup_files import (
    FACT,
    BackupFiles,
    check_whole,
    count_rows,
    digest_of,
    newest_run,
    opened,
    put_fact,
    sync,
)

#: How long backups are kept where nobody says.
KEEP = timedelta(days=7)
#: Bytes that stay free on the disk: a backup that filled it would keep the record itself from being written.
RESERVE = 64 * 1024 * 1024
#: Pages copied in one step, and seconds of rest after each: other work comes in between.
_STEP, _REST = 256, 0.004
#: Steps after which what was copied is put on the disk: all of it at once would hold up the commits of the writer.
_STEPS_TO_SYNC = 8


class BackupFolder:
    """Writes backups into a folder, and lets go of those that are not to be kept any more."""

    def __init__(self, folder: Path, database: Path, *, clock: Clock, keep: timedelta = KEEP) -> None:
        self.files = BackupFiles(folder, database)
        self.keep = keep  #: how long they are kept; may be changed at any time
        self._database = database
        self._clock = clock
        self._writing = threading.Lock()

    def write(self, connection: Connection, *, why: str) -> WrittenBackup:
        """Copy what `connection` reads, verify the copy, and give it its name; remove what is not kept any more.

        Raises StoreError; an unfinished copy never has the name of a finished one.
        """
        source = connection.connection.driver_connection
        if not isinstance(source, sqlite3.Connection):
            raise TypeError("only SQLite has the backup API")
        with self._writing:
            backup = self.write_from(source, why=why)
            removed, trouble = self._remove_outlived(backup.name)
            return WrittenBackup(backup=backup, removed=removed, trouble=trouble)

    def write_from(self, source: sqlite3.Connection, *, why: str) -> Backup:
        """Like `write`, from a connection of the driver; removes nothing, since nobody would be told of it."""
        folder = self.files.folder
        temporary = folder / f".{self._database.stem}-unfinished.tmp"
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            temporary.unlink(missing_ok=True)
            _check_room(source, folder)
            claim_private(temporary)
            name = self._write(source, temporary, why)
        except OSError as error:
            raise StoreError(f"no backup could be written into {folder}: {error.strerror or error}") from error
        except BackupUnusable as error:
            _check_source(source, self._database)
            raise StoreError(
                f"no backup could be written into {folder}: the copy is not whole: {error.finding}"
            ) from error
        finally:
            with contextlib.suppress(OSError):
                temporary.unlink(missing_ok=True)
        return self.files.describe(folder / name)

    def has_any(self) -> bool:
        """Whether there is a backup."""
        try:
            return bool(self.files.newest_first())
        except OSError:
            return False

    def describe_all(self) -> list[Backup]:
        """Return the backups, newest first; raises StoreError when their folder cannot be read."""
        try:
            return self.files.describe_all()
        except OSError as error:
            raise StoreError(f"{self.files.folder} cannot be read: {error.strerror}") from error

    def _write(self, source: sqlite3.Connection, temporary: Path, why: str) -> str:
        # One state of the record for everything that follows, however much is written beside.
        if not source.in_transaction:
            source.execute("BEGIN")
        rows = count_rows(source)
        taken_at = self._clock.now()
        newest, newest_at = newest_run(source)
        fact = {
            "taken_at": taken_at.isoformat(),
            "why": why,
            "rows": rows,
            "newest_run": newest,
            "newest_run_at": newest_at,
        }
        with contextlib.closing(sqlite3.connect(temporary, isolation_level=None)) as copy:
            # It has no name yet: a power cut leaves nothing that anybody takes for a backup.
            copy.execute("PRAGMA synchronous = OFF")
            source.backup(copy, pages=_STEP, progress=_resting(temporary))
            # A copy in WAL mode would be two files as soon as somebody looks into it.
            copy.execute("PRAGMA journal_mode = DELETE")
            put_fact(copy, FACT, fact)
        with opened(temporary) as copy:
            check_whole(copy, temporary)
        digest = digest_of(temporary)
        sync(temporary)
        name = self.files.free_name_at(taken_at)
        temporary.replace(self.files.folder / name)
        self.files.put_sum(name, digest)
        return name

    def _remove_outlived(self, written: str) -> tuple[tuple[str, ...], str]:
        """Remove what is not kept any more; return what that was, and what kept the rest of it from being removed."""
        removed: list[str] = []
        try:
            there = self.files.describe_all()
            stay = kept(there, now=self._clock.now(), keep=self.keep, written=written)
            for name in (backup.name for backup in reversed(there) if backup.name not in stay):
                (self.files.folder / name).unlink(missing_ok=True)
                removed.append(name)
            self.files.drop_sums_of_missing()
        except OSError as error:
            # No failure of the backup: that one is written.
            return tuple(removed), f"{error.filename or self.files.folder}: {error.strerror or error}"
        return tuple(removed), ""


def _resting(target: Path) -> Callable[[int, int, int], None]:
    """Return what is called after each step of a copy: it rests, and now and then puts on the disk what is there."""
    rest, steps = threading.Event(), 0

    def after_step(_status: int, _remaining: int, _total: int) -> None:
        nonlocal steps
        steps += 1
        if steps % _STEPS_TO_SYNC == 0:
            sync(target)
        rest.wait(_REST)

    return after_step


def _check_source(source: sqlite3.Connection, path: Path) -> None:
    """Raise DatabaseDamaged when it is what was copied that is not whole."""
    finding = str(source.execute("PRAGMA integrity_check(1)").fetchone()[0]).splitlines()[-1]
    if finding != "ok":
        raise DatabaseDamaged(str(path), finding)


def _check_room(source: sqlite3.Connection, folder: Path) -> None:
    """Raise OSError unless the folder has room for a copy and some more."""
    pages, size = (int(source.execute(f"PRAGMA {name}").fetchone()[0]) for name in ("page_count", "page_size"))
    free = shutil.disk_usage(folder).free
    if free < pages * size + RESERVE:
        raise OSError(
            None,
            f"it needs {pages * size / 1e6:,.1f} MB, of which {RESERVE / 1e6:.0f} MB more are to stay free, and "
            f"{free / 1e6:,.1f} MB are: free some space",
        )
