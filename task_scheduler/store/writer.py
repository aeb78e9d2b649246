"""The one writer: a thread that commits what many callers ask for in as few transactions as it can."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine

from task_scheduler.core.errors import StoreError
from task_scheduler.store.faults import explain, is_busy

T = TypeVar("T")

#: Operations that share one commit at most, so that none waits long for those behind it.
LARGEST_BATCH = 256
#: Seconds a write waits for another program that is known to hold the database: who asks then is to hear of it soon,
#: and those who do not give up ask again anyway.
LOCKED_PATIENCE = 0.5


@dataclass(frozen=True, slots=True)
class _Ask:
    """One operation, and where its answer goes."""

    operation: Callable[[Connection], Any]
    loop: asyncio.AbstractEventLoop
    future: asyncio.Future[Any]


@dataclass(frozen=True, slots=True)
class _Answer:
    """What became of one operation."""

    ask: _Ask
    result: Any = None
    error: Exception | None = None


class Writer:
    """Executes operations on one connection, in the order they were asked for.

    Operations that wait together share a transaction (group commit). When one of them raises, the
    transaction is rolled back and each is executed alone, so that it fails alone. An answer is delivered
    after its commit, in the event loop of whoever asked.
    """

    def __init__(
        self,
        engine: Engine,
        path: Path,
        *,
        busy_timeout: float,
        before_commit: Callable[[Connection], None] = lambda _: None,
        on_error: Callable[[Exception], None] = lambda _: None,
    ) -> None:
        """`busy_timeout` is how long the engine's connections wait for another program that writes, in seconds.

        `before_commit` is called, in the thread, at the end of each transaction, which is rolled back if it raises.
        `on_error` is told, in the thread, each error that an operation gets as its answer.
        """
        self._engine = engine
        self._path = path
        self._busy_timeout = busy_timeout
        self._before_commit = before_commit
        self._on_error = on_error
        self._is_locked = False
        self._asks: SimpleQueue[_Ask | None] = SimpleQueue()
        self._connection: Connection | None = None
        self._closed = False
        self.commits = 0  #: transactions committed so far
        self._thread = threading.Thread(target=self._work, name="store-writer", daemon=True)
        self._thread.start()

    async def write(self, operation: Callable[[Connection], T]) -> T:
        """Return what `operation` returned, once it is committed.

        Raises StoreError when the database could not take it; nothing of it is done then.
        """
        if self._closed:
            raise StoreError(f"{self._path} is closed")
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()
        self._asks.put(_Ask(operation, loop, future))
        return await future

    def close(self) -> None:
        """Do what was asked, then end the thread; does nothing the second time."""
        if not self._closed:
            self._closed = True
            self._asks.put(None)
            self._thread.join()

    # --- in the thread ------------------------------------------------------------------------------------

    def _work(self) -> None:
        goes_on = True
        while goes_on:
            batch, goes_on = self._next_batch()
            if batch:
                _deliver(self._execute(batch))
        self._disconnect()

    def _next_batch(self) -> tuple[list[_Ask], bool]:
        """Wait for something to do; return it with all that waits behind it, and whether to go on."""
        ask = self._asks.get()
        batch: list[_Ask] = []
        while ask is not None:
            batch.append(ask)
            if len(batch) == LARGEST_BATCH:
                return batch, True
            try:
                ask = self._asks.get_nowait()
            except Empty:
                return batch, True
        return batch, False

    def _execute(self, batch: Sequence[_Ask]) -> list[_Answer]:
        """Execute operations in one transaction; when one raises, each alone."""
        try:
            connection = self._connect()
            transaction = connection.begin()
        except Exception as error:  # noqa: BLE001  # its callers get it, and the thread lives on
            self._note_lock(is_locked=is_busy(error))
            return self._failed(batch, error)
        self._note_lock(is_locked=False)
        try:
            with transaction:
                results = [ask.operation(connection) for ask in batch]
                self._before_commit(connection)
        except Exception as error:  # noqa: BLE001  # likewise
            self._drop_unless_usable()
            if len(batch) > 1:
                return [answer for ask in batch for answer in self._execute([ask])]
            return self._failed(batch, error)
        self.commits += 1
        return [_Answer(ask, result=result) for ask, result in zip(batch, results, strict=True)]

    def _failed(self, batch: Sequence[_Ask], error: Exception) -> list[_Answer]:
        explained = explain(error, self._path)
        if explained is not error:
            explained.__cause__ = error
        self._on_error(explained)
        return [_Answer(ask, error=explained) for ask in batch]

    def _connect(self) -> Connection:
        if self._connection is None:
            self._connection = self._engine.connect()
        return self._connection

    def _note_lock(self, *, is_locked: bool) -> None:
        """Wait for other programs as long as usual, or shortly while one of them is known to hold on."""
        if is_locked is self._is_locked or self._connection is None:
            return
        self._is_locked = is_locked
        seconds = min(LOCKED_PATIENCE, self._busy_timeout) if is_locked else self._busy_timeout
        self._connection.connection.cursor().execute(f"PRAGMA busy_timeout = {round(seconds * 1000)}")

    def _drop_unless_usable(self) -> None:
        """Close a connection that is still within its transaction; the next batch opens another.

        That is so when the commit itself failed, which SQLAlchemy takes for the end of the transaction
        (test_a_commit_that_fails_leaves_nothing_half_done).
        """
        connection = self._connection
        if connection is None:
            return
        usable = not (connection.closed or connection.invalidated)
        if not usable or getattr(connection.connection.driver_connection, "in_transaction", True):
            self._disconnect()

    def _disconnect(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()


def _deliver(answers: Sequence[_Answer]) -> None:
    """Hand answers to their event loops: one call each, however many answers it gets."""
    by_loop: dict[asyncio.AbstractEventLoop, list[_Answer]] = {}
    for answer in answers:
        by_loop.setdefault(answer.ask.loop, []).append(answer)
    for loop, its_answers in by_loop.items():
        try:
            loop.call_soon_threadsafe(_resolve, its_answers)
        except RuntimeError:
            continue  # that loop is closed: nobody waits there any more


def _resolve(answers: Sequence[_Answer]) -> None:
    for answer in answers:
        future = answer.ask.future
        if future.done():
            continue  # whoever asked was cancelled meanwhile; what was asked is done all the same
        if answer.error is None:
            future.set_result(answer.result)
        else:
            future.set_exception(answer.error)
