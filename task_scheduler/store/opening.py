"""Opens the database to write to it: looked at, made or brought up to date, and put right if that is asked for."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import Connection, Engine

from task_scheduler.core.errors import DatabaseDamaged, RecordGone, StoreError
from task_scheduler.private_files import claim_private, tighten
from task_scheduler.store.backups import BackupFolder
from task_scheduler.store.connections import writing_engine
from task_scheduler.store.damage import COMPANIONS, Suspicion, check_there, is_cut_short
from task_scheduler.store.faults import explain
from task_scheduler.store.restoring import recognise_copy
from task_scheduler.store.schema import HEAD, bring_up_to_date, check_not_newer, revision_of
from task_scheduler.store.sign import Sign, round_up, was_made
from task_scheduler.store.tables import metadata

#: A file up to this many bytes is checked at every opening; a larger one after the machine may have lost power.
#: (Measured: 0.01 s for 1 MB, 27 s for 1.3 GB on a busy disk.)
ALWAYS_CHECKED = 32 * 1024 * 1024
#: What puts the record right that is damaged or gone, or raises what keeps it from that; True: a new one is to be made.
Rescue = Callable[[StoreError], bool]


def check_unharmed(path: Path, *, has_backups: bool) -> None:
    """Look at a record as a start does, without its lock and without changing anything.

    One of more than `ALWAYS_CHECKED` bytes is read as a whole only where damage was met before. Raises DatabaseDamaged,
    RecordGone or another StoreError.
    """
    if not (was_made(path) or has_backups or path.is_file()):
        return
    if was_made(path) or has_backups:
        check_there(path)
    if not (path.stat().st_size <= ALWAYS_CHECKED or Suspicion(path).is_left or is_cut_short(path)):
        return
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as record:
            finding = str(record.execute("PRAGMA quick_check(1)").fetchone()[0])
    except sqlite3.Error as error:
        raise explain(error, path) from error
    if finding != "ok":
        raise DatabaseDamaged(str(path), finding.splitlines()[-1])


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """One opening of the record at `path`, whose lock is held."""

    path: Path
    busy_timeout: float  #: seconds to wait for another program that writes
    was_left_safely: bool  #: whether all that was written is sure to be on the disk
    backups: BackupFolder
    suspicion: Suspicion
    sign: Sign
    numbers_used: Callable[[], int]  #: the highest number of a run that is known of, for a new record
    now: datetime

    def engine_with(self, rescue: Rescue | None) -> Engine:
        """Return an engine for a record that is whole; one that is damaged or gone is put right by `rescue`, once.

        Raises DatabaseDamaged, RecordGone, SchemaTooNew, or another StoreError.
        """
        try:
            return self._engine(has_backups=rescue is not None and self.backups.has_any())
        except (DatabaseDamaged, RecordGone) as error:
            if rescue is None:
                raise
            may_be_new = rescue(error)
            return self._engine(has_backups=not may_be_new, may_be_new=may_be_new)

    def _engine(self, *, has_backups: bool, may_be_new: bool = False) -> Engine:
        is_known = was_made(self.path) and not may_be_new
        if is_known or has_backups:
            check_there(self.path)
        _close_to_others(self.path, self.backups.files.folder)
        engine = writing_engine(self.path, busy_timeout=self.busy_timeout)
        try:
            self._make_ready(engine, is_known=is_known)
        except BaseException as error:
            engine.dispose()
            explained = explain(error, self.path) if isinstance(error, Exception) else error
            if explained is error:
                raise
            raise explained from error
        self.suspicion.clear()
        return engine

    def _make_ready(self, engine: Engine, *, is_known: bool) -> None:
        with engine.begin() as connection:
            self._look_at(connection)
            _check_schema(connection, self.path, is_known=is_known)
            found = revision_of(connection)
            if found is None:
                bring_up_to_date(connection, self.path)
                _number_after(connection, max(self.sign.reserved, self.numbers_used()))
            else:
                self._recognise_copy(connection)
        if found not in {None, HEAD}:
            self._bring_up_to_date(engine)
        # After the commit: a sign without a record would be of one that is gone.
        with engine.connect() as connection:
            self._leave_sign(connection)

    def _recognise_copy(self, connection: Connection) -> None:
        record = connection.connection.driver_connection
        if not isinstance(record, sqlite3.Connection):
            raise TypeError("the record is no SQLite database")
        recognise_copy(record, self.path, at=self.now, numbers_used=self.sign.reserved)

    def _look_at(self, connection: Connection) -> None:
        """Raise DatabaseDamaged unless SQLite finds the content whole, where there is reason enough to ask."""
        size = self.path.stat().st_size
        is_small, is_suspect = size <= ALWAYS_CHECKED, self.suspicion.is_left
        if size == 0 or not (is_small or is_suspect or not self.was_left_safely or is_cut_short(self.path)):
            return
        # The thorough one also holds each index against its table, which takes longer.
        is_thorough = is_suspect or (is_small and not self.was_left_safely)
        pragma = "integrity_check" if is_thorough else "quick_check"
        finding = connection.exec_driver_sql(f"PRAGMA {pragma}(1)").scalar()
        if finding != "ok":
            # The first line only says which database.
            raise DatabaseDamaged(str(self.path), str(finding).splitlines()[-1])

    def _bring_up_to_date(self, engine: Engine) -> None:
        """Migrate an older record, once there is a backup of it as it is."""
        with engine.connect() as connection:
            check_not_newer(connection, self.path)
        uri = f"{self.path.as_uri()}?mode=ro"
        with closing(sqlite3.connect(uri, uri=True, isolation_level=None)) as source:
            self.backups.write_from(source, why="before the record was brought up to date")
        with engine.begin() as connection:
            bring_up_to_date(connection, self.path)

    def _leave_sign(self, connection: Connection) -> None:
        highest = connection.exec_driver_sql("SELECT seq FROM sqlite_sequence WHERE name = 'runs'").scalar()
        try:
            self.sign.reserve(int(highest or 0))
        except OSError as error:
            raise StoreError(f"the sign of a record cannot be left beside it: {error.strerror}") from error


def _check_schema(connection: Connection, path: Path, *, is_known: bool) -> None:
    """Raise unless this is a record of ours, or nothing yet where none `is_known`."""
    found = revision_of(connection)
    tables = set(connection.exec_driver_sql("SELECT name FROM sqlite_master WHERE type = 'table'").scalars())
    if found is None and tables:
        if is_known:
            raise DatabaseDamaged(str(path), "it does not tell its schema")
        raise StoreError(f"{path} belongs to another program: set database.path to another file")
    if found is None and is_known:
        raise RecordGone(str(path), "is empty")
    if found == HEAD and (missing := metadata.tables.keys() - tables):
        raise DatabaseDamaged(str(path), f"it has no table {min(missing)}")


def _number_after(connection: Connection, used: int) -> None:
    """Have the first run of a new record get a number that no run had, whose output may still be there."""
    if used:
        connection.exec_driver_sql("INSERT INTO sqlite_sequence (name, seq) VALUES ('runs', ?)", (round_up(used),))


def _close_to_others(path: Path, backups: Path) -> None:
    """Keep the record to its owner: who can open a file of it can lock it too, and so hold up every write."""
    # SQLite gives the files it makes beside the database the mode of the database.
    claim_private(path)
    for beside in COMPANIONS:
        tighten(path.with_name(path.name + beside))
    tighten(backups)
    for backup in backups.glob("*.db"):
        tighten(backup)
