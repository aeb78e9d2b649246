"""The store on SQLite: its parts put together, opened and closed."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from typing import Self

from sqlalchemy import select

from task_scheduler.core.errors import StoreError
from task_scheduler.ports import Clock
from task_scheduler.store.access import Access
from task_scheduler.store.backups import KEEP, BackupFolder
from task_scheduler.store.catalogue import SqliteCatalogue
from task_scheduler.store.connections import Readers
from task_scheduler.store.damage import Suspicion, check_there
from task_scheduler.store.happenings import SqliteHappenings
from task_scheduler.store.history import SqliteHistory
from task_scheduler.store.ledger import SqliteLedger
from task_scheduler.store.locks import ProjectLock
from task_scheduler.store.opening import Opening, Rescue
from task_scheduler.store.recovery import SqliteRecovery
from task_scheduler.store.restoring import finish_restore, is_half_done
from task_scheduler.store.schema import check_readable
from task_scheduler.store.sign import Sign, was_made
from task_scheduler.store.slot_history import SqliteSlotHistory
from task_scheduler.store.source_folder import SourceFolder
from task_scheduler.store.state import SqliteState
from task_scheduler.store.tables import sources
from task_scheduler.store.writer import Writer

#: Seconds to wait for another program that writes to the database before giving up with a StoreError.
BUSY_TIMEOUT = 5.0


class SqliteStore(
    SqliteLedger, SqliteCatalogue, SqliteHistory, SqliteSlotHistory, SqliteState, SqliteHappenings, SqliteRecovery
):
    """All ports of the record on one SQLite file."""

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
        suspicion: Suspicion | None = None,
    ) -> None:
        Access.__init__(self, path=path, writer=writer, readers=readers)
        self._source_folder = source_folder
        self._backups = backups
        self._leave = leave
        #: Tells what of the database was moved or deleted since it was opened; None: nothing.
        self.what_is_gone = what_is_gone
        self._suspicion = suspicion

    @classmethod
    def open(
        cls,
        path: Path,
        *,
        clock: Clock,
        sources: Path,
        backups: Path,
        keep_backups: timedelta = KEEP,
        busy_timeout: float = BUSY_TIMEOUT,
        work: str = "",
        rescue: Rescue | None = None,
        numbers_used: Callable[[], int] = lambda: 0,
    ) -> Self:
        """Open the database at `path` for a scheduler, or `work` in its place, alone; make or migrate it first if need be.

        `sources` is the folder where recorded sources become files, `backups` the one for copies, each of which stays
        for `keep_backups`. `rescue` is asked to put a record right that is damaged or gone, once. The runs of a new
        record get higher numbers than `numbers_used`.
        Raises AlreadyRunning, DatabaseDamaged, RecordGone, SchemaTooNew or StoreError.
        """
        # Two names of one file are one database.
        path = path.resolve()
        with ExitStack() as undo:
            lock = ProjectLock(path.with_name(f"{path.name}.lock"), str(path), since=clock.now(), work=work)
            undo.callback(lock.acquire().release)
            finish_restore(path)
            folder = BackupFolder(backups, path, clock=clock, keep=keep_backups)
            suspicion, sign = Suspicion(path), Sign(path)
            opening = Opening(
                path=path,
                busy_timeout=busy_timeout,
                was_left_safely=lock.was_left_safely,
                backups=folder,
                suspicion=suspicion,
                sign=sign,
                numbers_used=numbers_used,
                now=clock.now(),
            )
            engine = opening.engine_with(rescue)
            undo.callback(engine.dispose)
            writer = Writer(
                engine,
                path,
                busy_timeout=busy_timeout,
                before_commit=sign.reserve_for,
                on_error=suspicion.meet,
            )
            undo.callback(writer.close)
            # Closed before the writer: whoever is last merges the log into the file, and readers cannot.
            readers = Readers(path, busy_timeout=busy_timeout, on_error=suspicion.meet)
            undo.callback(readers.close)
            return cls(
                path=path,
                writer=writer,
                readers=readers,
                source_folder=SourceFolder(sources, lambda digest: _source(readers, digest)),
                backups=folder,
                leave=undo.pop_all().close,
                what_is_gone=_watch(path, lock),
                suspicion=suspicion,
            )

    @classmethod
    def open_reader(cls, path: Path, *, busy_timeout: float = BUSY_TIMEOUT) -> Self:
        """Open the database at `path` to ask questions, beside a scheduler or without one.

        Nothing is made, migrated or locked; every write raises StoreError. Raises StoreError when there is
        no database, or one with another schema.
        """
        path = path.resolve()
        if is_half_done(path):
            raise StoreError(f"the restore of {path} was interrupted: the next start of the scheduler finishes it")
        if was_made(path):
            check_there(path)
        if not path.is_file():
            raise StoreError(f"there is no database {path}: start the scheduler once")
        with ExitStack() as undo:
            readers = Readers(path, busy_timeout=busy_timeout)
            undo.callback(readers.close)
            readers.ask_now(lambda connection: check_readable(connection, path))
            return cls(
                path=path, writer=None, readers=readers, source_folder=None, backups=None, leave=undo.pop_all().close
            )

    def what_is_damaged(self) -> str | None:
        """Return what was found to be damaged since the record was opened; None: nothing."""
        return None if self._suspicion is None else self._suspicion.finding

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
