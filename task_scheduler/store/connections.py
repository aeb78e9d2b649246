"""Connections to the database file: one that writes, several that read."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.pool import NullPool, QueuePool

from task_scheduler.core.errors import StoreError
from task_scheduler.store.faults import explain

T = TypeVar("T")

#: Connections, and threads, that answer questions.
READERS = 3
#: A write-ahead log that grew beyond this many bytes is cut back to it after a checkpoint.
KEPT_LOG = 64 * 1024 * 1024


def writing_engine(path: Path, *, busy_timeout: float) -> Engine:
    """Return an engine whose transactions take the write lock at their beginning, or fail there."""
    engine = create_engine(
        "sqlite://", creator=lambda: _connect(path, "rwc", busy_timeout=busy_timeout), poolclass=NullPool
    )
    event.listen(engine, "connect", _prepare_writing)
    event.listen(engine, "begin", _begin_immediate)
    return engine


def reading_engine(path: Path, *, busy_timeout: float) -> Engine:
    """Return an engine that can only read; each of its transactions sees one state of the record."""
    engine = create_engine(
        "sqlite://",
        creator=lambda: _connect(path, "ro", busy_timeout=busy_timeout),
        poolclass=QueuePool,
        pool_size=READERS,
        # Questions asked in a thread of the caller's own do not wait for the others.
        max_overflow=-1,
    )
    event.listen(engine, "connect", _prepare_reading)
    event.listen(engine, "begin", _begin_deferred)
    return engine


def _connect(path: Path, mode: str, *, busy_timeout: float) -> sqlite3.Connection:
    # isolation_level None: the driver would begin transactions by its own rules, too late for a write lock.
    return sqlite3.connect(
        f"{path.absolute().as_uri()}?mode={mode}",
        uri=True,
        timeout=busy_timeout,
        isolation_level=None,
        check_same_thread=False,
    )


def _prepare_writing(connection: sqlite3.Connection, _record: object) -> None:
    connection.execute("PRAGMA journal_mode = WAL")
    # NORMAL loses committed rows at a power cut (measured: 200 of 200).
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute(f"PRAGMA journal_size_limit = {KEPT_LOG}")


def _prepare_reading(connection: sqlite3.Connection, _record: object) -> None:
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("PRAGMA query_only = ON")


def _begin_immediate(connection: Connection) -> None:
    # By the driver: it is as quick as SQLite, and every write passes here.
    connection.connection.cursor().execute("BEGIN IMMEDIATE")


def _begin_deferred(connection: Connection) -> None:
    connection.connection.cursor().execute("BEGIN")


class Readers:
    """Answers questions about the record in threads of its own, beside the writer and never in its way."""

    def __init__(
        self, path: Path, *, busy_timeout: float, on_error: Callable[[Exception], None] = lambda _: None
    ) -> None:
        """`on_error` is told, in the thread, each error that is the answer to a question."""
        self._path = path
        self._on_error = on_error
        self._engine = reading_engine(path, busy_timeout=busy_timeout)
        self._threads = ThreadPoolExecutor(max_workers=READERS, thread_name_prefix="store-reader")
        self._closed = False

    async def ask(self, question: Callable[[Connection], T]) -> T:
        """Return the answer of `question` to one state of the record; raises StoreError."""
        if self._closed:
            raise StoreError(f"{self._path} is closed")
        return await asyncio.get_running_loop().run_in_executor(self._threads, self.ask_now, question)

    def ask_now(self, question: Callable[[Connection], T]) -> T:
        """Like `ask`, in the caller's own thread."""
        try:
            with self._engine.connect() as connection:
                return question(connection)
        except Exception as error:
            explained = explain(error, self._path)
            self._on_error(explained)
            if explained is error:
                raise
            raise explained from error

    def pragma(self, name: str) -> list[Any]:
        """Return what a setting is on every connection at once."""
        connections = [self._engine.connect() for _ in range(READERS)]
        try:
            return [connection.exec_driver_sql(f"PRAGMA {name}").scalar() for connection in connections]
        finally:
            for connection in connections:
                connection.close()

    def close(self) -> None:
        """Answer what was asked, then close every connection."""
        self._closed = True
        self._threads.shutdown()
        self._engine.dispose()
