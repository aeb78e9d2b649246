"""What every part of the SQLite store works through: a writer, unless it only reads, and readers."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from sqlalchemy import Connection

from task_scheduler.core.errors import StoreError
from task_scheduler.store.connections import Readers
from task_scheduler.store.writer import Writer

T = TypeVar("T")


class Access:
    """Runs operations on the database: writes one after another, reads beside them."""

    def __init__(self, *, path: Path, writer: Writer | None, readers: Readers) -> None:
        self.path = path  #: of the database file
        self._writer = writer
        self._readers = readers

    async def _write(self, operation: Callable[[Connection], T]) -> T:
        """Return what `operation` returned, after its commit; raises StoreError."""
        if self._writer is None:
            raise self._reads_only()
        return await self._writer.write(operation)

    async def _read(self, question: Callable[[Connection], T]) -> T:
        """Return the answer to a question about what is committed; raises StoreError."""
        return await self._readers.ask(question)

    def _reads_only(self) -> StoreError:
        return StoreError(f"{self.path} is open for reading only: ask the scheduler that runs on it")
