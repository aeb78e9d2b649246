"""Copies of the database: consistent, verified, whole or not there."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from pathlib import Path

from sqlalchemy import Connection

from task_scheduler.core.errors import DatabaseDamaged, StoreError
from task_scheduler.ports import Clock
from task_scheduler.private_files import claim_private

#: Copies kept: a day of hourly ones.
KEPT_BACKUPS = 24


class BackupFolder:
    """Writes copies into a folder and keeps the newest of them."""

    def __init__(self, folder: Path, database: Path, *, clock: Clock, keep: int = KEPT_BACKUPS) -> None:
        self._folder = folder
        self._stem = database.stem
        self._clock = clock
        self._keep = keep

    def write(self, connection: Connection) -> str:
        """Copy what `connection` reads, verify the copy, give it its name, drop the oldest; return the name.

        Raises StoreError; an unfinished copy never has the name of a finished one.
        """
        name = f"{self._stem}-{self._clock.now():%Y%m%dT%H%M%SZ}.db"
        temporary = self._folder / f".{self._stem}-unfinished.tmp"
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            temporary.unlink(missing_ok=True)
            claim_private(temporary)
            _copy(connection, temporary)
            _sync(temporary)
            temporary.replace(self._folder / name)
            _sync(self._folder)
            self._drop_oldest()
        except OSError as error:
            raise StoreError(f"no backup could be written into {self._folder}: {error.strerror}") from error
        finally:
            with contextlib.suppress(OSError):
                temporary.unlink(missing_ok=True)
        return name

    def newest_first(self) -> list[Path]:
        """Return the finished copies."""
        # The time in the name sorts as text.
        return sorted(self._folder.glob(f"{self._stem}-*Z.db"), reverse=True)

    def _drop_oldest(self) -> None:
        for outlived in self.newest_first()[self._keep :]:
            outlived.unlink(missing_ok=True)


def _copy(connection: Connection, target: Path) -> None:
    source = connection.connection.driver_connection
    if not isinstance(source, sqlite3.Connection):
        raise TypeError("only SQLite has the backup API")
    with contextlib.closing(sqlite3.connect(target, isolation_level=None)) as copy:
        source.backup(copy)
        # A copy in WAL mode would be two files as soon as somebody looks into it.
        copy.execute("PRAGMA journal_mode = DELETE")
        finding = copy.execute("PRAGMA integrity_check(1)").fetchone()[0]
    if finding != "ok":
        raise DatabaseDamaged(str(target), str(finding))


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
