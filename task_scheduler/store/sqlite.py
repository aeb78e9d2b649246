"""The store on SQLite: its parts put together, opened and closed."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Self

from sqlalchemy import Connection, Engine, select

from task_scheduler.core.errors import DatabaseDamaged, StoreError
from task_scheduler.ports import Clock
from task_scheduler.private_files import claim_private, tighten
from task_scheduler.store.access import Access
from task_scheduler.store.backups import KEPT_BACKUPS, BackupFolder
from task_scheduler.store.catalogue import SqliteCatalogue
from task_scheduler.store.connections import Readers, writing_engine
from task_scheduler.store.faults import explain
from task_scheduler.store.history import SqliteHistory
from task_scheduler.store.ledger import SqliteLedger
from task_scheduler.store.locks import ProjectLock
from task_scheduler.store.schema import bring_up_to_date, check_readable
from task_scheduler.store.source_folder import SourceFolder
from task_scheduler.store.state import SqliteState
from task_scheduler.store.tables import sources
from task_scheduler.store.writer import Writer

#: Seconds to wait for another program that writes to the database before giving up with a StoreError.
BUSY_TIMEOUT = 5.0
#: A file up to this many bytes is checked at every opening; a larger one after the machine may have lost power.
#: (Measured: 0.01 s for 1 MB, 27 s for 1.3 GB on a busy disk.)
ALWAYS_CHECKED = 32 * 1024 * 1024


class SqliteStore(SqliteLedger, SqliteCatalogue, SqliteHistory, SqliteState):
    """The ports Ledger, Catalogue, History and StateStore on one SQLite file."""

    def __init__(
        self,
        *,
        path: Path,
        writer: Writer | None,
        readers: Readers,
        source_folder: SourceFolder | None,
        backups: BackupFolder | None,
        leave: Callable[[], None],
        what_is_gone: Callable[[], str | None] = lambda: None,
    ) -> None:
        Access.__init__(self, path=path, writer=writer, readers=readers)
        self._source_folder = source_folder
        self._backups = backups
        self._leave = leave
        #: Tells what of the database was moved or deleted since it was opened; None: nothing.
        self.what_is_gone = what_is_gone

    @classmethod
    def open(
        cls,
        path: Path,
        *,
        clock: Clock,
        sources: Path,
        backups: Path,
        keep_backups: int = KEPT_BACKUPS,
        busy_timeout: float = BUSY_TIMEOUT,
        work: str = "",
    ) -> Self:
        """Open the database at `path` for a scheduler, or `work` in its place, alone; make or migrate it first if need be.

        `sources` is the folder where recorded sources become files, `backups` the one for copies.
        Raises AlreadyRunning, DatabaseDamaged, SchemaTooNew or StoreError.
        """
        # Two names of one file are one database.
        path = path.resolve()
        with ExitStack() as undo:
            lock = ProjectLock(path.with_name(f"{path.name}.lock"), str(path), since=clock.now(), work=work)
            undo.callback(lock.acquire().release)
            _close_to_others(path, backups)
            engine = writing_engine(path, busy_timeout=busy_timeout)
            undo.callback(engine.dispose)
            _make_ready(engine, path, was_left_safely=lock.was_left_safely)
            writer = Writer(engine, path, busy_timeout=busy_timeout)
            undo.callback(writer.close)
            # Closed before the writer: whoever is last merges the log into the file, and readers cannot.
            readers = Readers(path, busy_timeout=busy_timeout)
            undo.callback(readers.close)
            return cls(
                path=path,
                writer=writer,
                readers=readers,
                source_folder=SourceFolder(sources, lambda digest: _source(readers, digest)),
                backups=BackupFolder(backups, path, clock=clock, keep=keep_backups),
                leave=undo.pop_all().close,
                what_is_gone=_watch(path, lock),
            )

    @classmethod
    def open_reader(cls, path: Path, *, busy_timeout: float = BUSY_TIMEOUT) -> Self:
        """Open the database at `path` to ask questions, beside a scheduler or without one.

        Nothing is made, migrated or locked; every write raises StoreError. Raises StoreError when there is
        no database, or one with another schema.
        """
        path = path.resolve()
        if not path.is_file():
            raise StoreError(f"there is no database {path}: start the scheduler once")
        with ExitStack() as undo:
            readers = Readers(path, busy_timeout=busy_timeout)
            undo.callback(readers.close)
            readers.ask_now(lambda connection: check_readable(connection, path))
            return cls(
                path=path, writer=None, readers=readers, source_folder=None, backups=None, leave=undo.pop_all().close
            )

    @property
    def commits(self) -> int:
        """How many transactions this store committed since it was opened."""
        return 0 if self._writer is None else self._writer.commits

    def source_path(self, digest: str) -> Path:
        """Return a file that holds the admitted source with this digest; raises StoreError."""
        if self._source_folder is None:
            raise self._reads_only()
        return self._source_folder.path(digest)

    def close(self) -> None:
        """Finish what was asked and let go of the database; does nothing the second time."""
        leave, self._leave = self._leave, _nothing
        leave()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.close()


def _nothing() -> None:
    pass


def _close_to_others(path: Path, backups: Path) -> None:
    """Keep the record to its owner: who can open a file of it can lock it too, and so hold up every write."""
    # SQLite gives the files it makes beside the database the mode of the database.
    claim_private(path)
    for beside in ("-wal", "-shm", "-journal"):
        tighten(path.with_name(path.name + beside))
    tighten(backups)
    for backup in backups.glob("*.db"):
        tighten(backup)


def _watch(path: Path, lock: ProjectLock) -> Callable[[], str | None]:
    """Return what tells whether the database and its lock are still the files that were opened."""
    opened = path.stat()

    def what_is_gone() -> str | None:
        try:
            is_there = os.path.samestat(path.stat(), opened)
        except OSError:
            is_there = False
        return lock.what_is_gone() if is_there else f"the database {path}"

    return what_is_gone


def _source(readers: Readers, digest: str) -> bytes | None:
    return readers.ask_now(
        lambda connection: connection.scalar(select(sources.c.content).where(sources.c.digest == digest))
    )


def _check(connection: Connection, path: Path) -> None:
    finding = connection.exec_driver_sql("PRAGMA quick_check(1)").scalar()
    if finding != "ok":
        # The first line only says which database.
        raise DatabaseDamaged(str(path), str(finding).splitlines()[-1])


def _make_ready(engine: Engine, path: Path, *, was_left_safely: bool) -> None:
    size = path.stat().st_size if path.exists() else 0
    doubtful = size > 0 and (size <= ALWAYS_CHECKED or not was_left_safely)
    try:
        with engine.begin() as connection:
            if doubtful:
                _check(connection, path)
            bring_up_to_date(connection, path)
    except Exception as error:
        explained = explain(error, path)
        if explained is error:
            raise
        raise explained from error
