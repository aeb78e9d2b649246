"""Backups: consistent, verified, whole or not there."""

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from task_scheduler.core.errors import StoreError
from task_scheduler.store.sqlite import SqliteStore
from task_scheduler.testing.builders import a_request, admit_task
from task_scheduler.testing.clock import FakeClock
from task_scheduler.testing.loops import in_event_loop


@in_event_loop
async def test_a_backup_is_one_file_with_everything_committed(
    store: SqliteStore, database: Path, tmp_path: Path
) -> None:
    (job,) = await admit_task(store)
    run, _ = await store.request(a_request())

    name = await store.backup()

    assert name == "scheduler-20260301T120000Z.db"
    assert [path.name for path in (tmp_path / "backups").iterdir()] == [name]
    # Bytes 18 and 19 of the header: no write-ahead log, which would be a second file.
    assert (tmp_path / "backups" / name).read_bytes()[18:20] == b"\x01\x01"
    with SqliteStore.open_reader(tmp_path / "backups" / name) as copy:
        assert await copy.jobs() == [job]
        assert await copy.run(run.id) == run


@in_event_loop
async def test_a_backup_put_in_place_of_a_lost_database_is_one(
    store: SqliteStore, database: Path, tmp_path: Path, clock: FakeClock
) -> None:
    (job,) = await admit_task(store)
    name = await store.backup()
    store.close()

    shutil.copyfile(tmp_path / "backups" / name, database)

    with SqliteStore.open(database, clock=clock, sources=tmp_path, backups=tmp_path) as restored:
        assert await restored.jobs() == [job]


@in_event_loop
async def test_only_the_newest_backups_are_kept(open_store: "type[SqliteStore]", clock: FakeClock) -> None:
    store = open_store(keep_backups=3)  # type: ignore[call-arg]
    names = []
    for _ in range(5):
        names.append(await store.backup())
        await clock.advance(3600)

    assert [path.name for path in store._backups.newest_first()] == names[:1:-1]  # type: ignore[union-attr]


@in_event_loop
async def test_a_backup_that_fails_leaves_no_file_and_keeps_the_older_ones(
    store: SqliteStore, tmp_path: Path, clock: FakeClock
) -> None:
    first = await store.backup()
    folder = tmp_path / "backups"
    with closing(sqlite3.connect(folder / first)) as other, other:
        other.execute("DELETE FROM alembic_version")
    await clock.advance(1)
    # A folder where the copy would be made.
    (folder / ".scheduler-unfinished.tmp").mkdir()

    with pytest.raises(StoreError, match="no backup could be written into"):
        await store.backup()

    assert [path.name for path in folder.glob("*.db")] == [first]
