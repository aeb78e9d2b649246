"""Facts the scheduler keeps about itself, and the care of the record, in SQLite."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.dialects.sqlite import insert as upsert

from task_scheduler.core.backups import Backup, WrittenBackup
from task_scheduler.core.policies import RetentionPolicy
from task_scheduler.ports import Pruned
from task_scheduler.store import retention
from task_scheduler.store.access import Access
from task_scheduler.store.backups import BackupFolder
from task_scheduler.store.source_folder import SourceFolder
from task_scheduler.store.tables import state
from task_scheduler.store.unused_outputs import has_unused_outputs, take_unused_outputs

_insert = upsert(state)
_PUT = _insert.on_conflict_do_update(index_elements=[state.c.name], set_={"value": _insert.excluded.value})


class SqliteState(Access):
    """The ports StateStore and BackupStore on SQLite."""

    #: Beside the database; None when it is open for reading only.
    _source_folder: SourceFolder | None
    _backups: BackupFolder | None

    async def get(self, name: str) -> str | None:
        """Return a fact, None when it was never set."""
        question = select(state.c.value).where(state.c.name == name)
        return await self._read(lambda connection: connection.scalar(question))

    async def put(self, name: str, value: str) -> None:
        """Set a fact."""
        await self._write(lambda connection: connection.execute(_PUT, {"name": name, "value": value}).rowcount)

    async def prune(self, policy: RetentionPolicy, now: datetime, limit: int) -> Pruned:
        """Delete at most `limit` finished runs the policy no longer keeps, then what only they referred to.

        What goes is found by reading, so that the writer is held for the deletion alone.
        """
        outlived = await self._read(lambda connection: retention.outlived_runs(connection, policy, now, limit))
        outputs: list[str] = []
        if outlived:
            outputs += await self._write(lambda connection: retention.delete_runs(connection, outlived))
        if await self._read(has_unused_outputs):
            outputs += await self._write(take_unused_outputs)
        unused, newest_run = await self._read(retention.unused_versions)
        if unused:
            gone = await self._write(lambda connection: retention.delete_versions(connection, unused, newest_run))
            if self._source_folder is not None:
                self._source_folder.discard(gone)
        return Pruned(runs=len(outlived), outputs=tuple(outputs))

    async def backup(self, *, why: str) -> WrittenBackup:
        """Write a verified copy beside the others, and remove those that are not kept any more. Raises StoreError."""
        backups = self._writable_backups()
        return await asyncio.to_thread(self._readers.ask_now, lambda connection: backups.write(connection, why=why))

    async def backups(self) -> Sequence[Backup]:
        """Return the backups, newest first; raises StoreError when their folder cannot be read."""
        return await asyncio.to_thread(self._writable_backups().describe_all)

    def keep_backups(self, keep: timedelta) -> None:
        """Keep backups for so long from the next one on."""
        self._writable_backups().keep = keep

    def _writable_backups(self) -> BackupFolder:
        if self._backups is None:
            raise self._reads_only()
        return self._backups
