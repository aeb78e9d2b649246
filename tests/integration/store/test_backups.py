"""Backups: consistent, verified, whole or not there, and out of the writer's way."""

import asyncio
import shutil
import sqlite3
import subprocess
import time
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, timedelta
from pathlib import Path

import pytest

from task_scheduler.core.backups import ASKED_FOR, AT_INTERVAL
from task_scheduler.core.errors import BackupUnusable, DatabaseDamaged, SchemaTooNew, StoreError, UnknownBackup
from task_scheduler.core.restoring import UNSETTLED, Restored
from task_scheduler.store import backups as writing
from task_scheduler.store.backup_files import BackupFiles
from task_scheduler.store.sqlite import SqliteStore
from task_scheduler.testing.builders import a_request, admit_task, after
from task_scheduler.testing.clock import NOON, FakeClock
from task_scheduler.testing.loops import in_event_loop

Open = Callable[..., SqliteStore]

WHY = ASKED_FOR


def names_in(folder: Path, pattern: str = "*") -> list[str]:
    return sorted(path.name for path in folder.glob(pattern))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "backups"


@pytest.fixture
def files(folder: Path, database: Path) -> BackupFiles:
    return BackupFiles(folder, database)


@in_event_loop
async def test_a_backup_is_one_file_with_everything_committed(store: SqliteStore, folder: Path) -> None:
    (job,) = await admit_task(store)
    run, _ = await store.request(a_request())

    backup = (await store.backup(why=WHY)).backup

    assert backup.name == "scheduler-20260301T120000Z.db"
    assert names_in(folder) == ["SHA256SUMS", backup.name]
    # Bytes 18 and 19 of the header: no write-ahead log, which would be a second file.
    assert (folder / backup.name).read_bytes()[18:20] == b"\x01\x01"
    with SqliteStore.open_reader(folder / backup.name) as copy:
        assert await copy.jobs() == [job]
        assert await copy.run(run.id) == run


@in_event_loop
async def test_a_backup_tells_of_itself(store: SqliteStore, folder: Path) -> None:
    await admit_task(store)
    run, _ = await store.request(a_request())

    backup = (await store.backup(why=WHY)).backup

    assert (backup.taken_at, backup.why, backup.problem) == (NOON, WHY, "")
    assert (backup.runs, backup.newest_run, backup.newest_run_at) == (1, run.id, run.created_at)
    assert backup.is_verified
    assert backup.bytes == (folder / backup.name).stat().st_size
    assert await store.backups() == [backup]


@in_event_loop
async def test_its_checksum_is_one_that_sha256sum_knows(store: SqliteStore, folder: Path) -> None:
    await store.backup(why=WHY)

    said = await asyncio.to_thread(
        subprocess.run, ["sha256sum", "-c", "SHA256SUMS"], cwd=folder, capture_output=True, text=True, check=False
    )

    assert (said.returncode, said.stdout) == (0, "scheduler-20260301T120000Z.db: OK\n")


@in_event_loop
async def test_a_backup_put_in_place_of_a_lost_database_is_one(
    store: SqliteStore, database: Path, tmp_path: Path, clock: FakeClock
) -> None:
    (job,) = await admit_task(store)
    backup = (await store.backup(why=WHY)).backup
    store.close()

    shutil.copyfile(tmp_path / "backups" / backup.name, database)

    await clock.advance(60)
    with SqliteStore.open(database, clock=clock, sources=tmp_path, backups=tmp_path) as restored:
        assert await restored.jobs() == [job]
        told = Restored.parse(await restored.get(UNSETTLED) or "")
        assert (told.taken_at, told.at) == (NOON, after(60))
        assert "copied by hand" in told.sentence(UTC)
        run, _ = await restored.request(a_request())
        assert run.id == 1_001
        await restored.put(UNSETTLED, "")
    with SqliteStore.open(database, clock=clock, sources=tmp_path, backups=tmp_path) as opened_again:
        assert await opened_again.get(UNSETTLED) == ""


@in_event_loop
async def test_backups_outlive_a_day_by_the_day_and_go_with_their_time(
    open_store: Open, folder: Path, clock: FakeClock
) -> None:
    store = open_store(keep_backups=timedelta(days=3))
    removed: list[str] = []
    for _ in range(4 * 24):
        removed += (await store.backup(why=AT_INTERVAL)).removed
        await clock.advance(3600)

    names = [backup.name for backup in await store.backups()]

    hourly, daily = names[:25], names[25:]
    assert (hourly[0], hourly[-1]) == ("scheduler-20260305T110000Z.db", "scheduler-20260304T110000Z.db")
    assert daily == [f"scheduler-202603{when}0000Z.db" for when in ("04T10", "03T23", "02T23")]
    assert len(set(removed)) == len(removed) == 4 * 24 - len(names)
    # What is gone has no checksum either.
    assert sorted(line.split()[1] for line in (folder / "SHA256SUMS").read_text().splitlines()) == sorted(names)


@in_event_loop
async def test_backups_somebody_asked_for_stay_whatever_else_is_written_in_their_hour(
    open_store: Open, folder: Path, clock: FakeClock
) -> None:
    store = open_store(keep_backups=timedelta(days=3))
    written = []
    for why in (ASKED_FOR, AT_INTERVAL, ASKED_FOR, AT_INTERVAL):
        written.append(await store.backup(why=why))
        await clock.advance(10)
    first, automatic, second, newest = [each.backup.name for each in written]

    assert [each.removed for each in written] == [(), (), (), (automatic,)]
    assert names_in(folder, "*.db") == [first, second, newest]
    await clock.advance(3 * 86_400)
    assert (await store.backup(why=AT_INTERVAL)).removed == (first, second, newest)


@in_event_loop
async def test_two_in_one_second_are_two(store: SqliteStore, files: BackupFiles) -> None:
    written = [(await store.backup(why=WHY)).backup for _ in range(11)]

    stem = "scheduler-20260301T120000Z"
    names = [f"{stem}.db", *(f"{stem}-{number}.db" for number in range(2, 12))]
    assert [backup.name for backup in written] == names
    assert await store.backups() == written[::-1]
    assert files.named("latest").name == names[-1]
    assert files.named(f"{stem}-2").name == names[1]
    for name in names:
        files.verify(files.named(name))


@in_event_loop
async def test_one_that_was_restored_stays_from_then_on(
    open_store: Open, folder: Path, files: BackupFiles, clock: FakeClock
) -> None:
    store = open_store(keep_backups=timedelta(days=1))
    relied_on = (await store.backup(why=AT_INTERVAL)).backup
    await clock.advance(20 * 3600)

    files.note_restored(folder / relied_on.name, clock.now())
    await clock.advance(20 * 3600)
    written = await store.backup(why=AT_INTERVAL)

    assert written.removed == ()
    assert [backup.restored_at for backup in await store.backups()] == [None, after(20 * 3600)]
    await clock.advance(5 * 3600)
    assert (await store.backup(why=AT_INTERVAL)).removed == (relied_on.name,)


def test_a_copy_from_elsewhere_that_is_restored_is_nothing_to_keep(
    files: BackupFiles, folder: Path, tmp_path: Path
) -> None:
    folder.mkdir()

    files.note_restored(tmp_path / "carried.db", NOON)

    assert names_in(folder) == []


@in_event_loop
async def test_one_that_cannot_be_removed_is_no_failure_of_the_one_that_is_written(
    open_store: Open, folder: Path, clock: FakeClock
) -> None:
    store = open_store(keep_backups=timedelta(hours=1))
    await store.backup(why=WHY)
    # A folder has the name of an old backup: it cannot be deleted as a file is, whoever tries it.
    (folder / "scheduler-20260228T120000Z.db").mkdir()
    await clock.advance(2 * 3600)

    written = await store.backup(why=WHY)

    assert written.backup.is_verified
    assert "scheduler-20260228T120000Z.db" in written.trouble


@in_event_loop
async def test_the_newest_stays_however_old(open_store: Open, clock: FakeClock) -> None:
    store = open_store(keep_backups=timedelta(seconds=1))
    first = (await store.backup(why=WHY)).backup
    await clock.advance(3600)

    assert await store.backups() == [first]
    second = (await store.backup(why=WHY)).backup
    assert await store.backups() == [second]


@in_event_loop
async def test_a_backup_that_fails_leaves_no_file_and_keeps_the_older_ones(
    store: SqliteStore, folder: Path, clock: FakeClock
) -> None:
    first = (await store.backup(why=WHY)).backup
    await clock.advance(1)
    # A folder where the copy would be made.
    (folder / ".scheduler-unfinished.tmp").mkdir()

    with pytest.raises(StoreError, match="no backup could be written into"):
        await store.backup(why=WHY)

    assert names_in(folder, "*.db") == [first.name]


@in_event_loop
async def test_a_disk_without_room_is_not_filled(
    store: SqliteStore, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writing, "RESERVE", 10**18)

    with pytest.raises(StoreError, match=r"it needs 0\.\d MB, .* are: free some space"):
        await store.backup(why=WHY)

    assert names_in(folder) == []


def test_a_backup_is_taken_before_the_schema_changes(open_store: Open, database: Path, folder: Path) -> None:
    open_store().close()
    with closing(sqlite3.connect(database)) as shell, shell:
        shell.execute("ALTER TABLE runs DROP COLUMN paused_at")
        shell.execute("ALTER TABLE runs DROP COLUMN paused_seconds")
        shell.execute("ALTER TABLE attempts DROP COLUMN details")
        shell.execute("ALTER TABLE attempts DROP COLUMN notes")
        shell.execute("ALTER TABLE jobs DROP COLUMN tags")
        shell.execute("UPDATE alembic_version SET version_num = '0002'")

    store = open_store()
    (backup,) = asyncio.run(store.backups())

    assert backup.why == "before the record was brought up to date"
    with closing(sqlite3.connect(folder / backup.name)) as copy:
        assert copy.execute("SELECT version_num FROM alembic_version").fetchone() == ("0002",)


# --- verified ---------------------------------------------------------------------------------------------


@in_event_loop
async def test_every_changed_byte_of_a_backup_is_noticed(store: SqliteStore, folder: Path, files: BackupFiles) -> None:
    await admit_task(store)
    backup = (await store.backup(why=WHY)).backup
    path = folder / backup.name
    content = path.read_bytes()

    for place in range(0, len(content), 997):
        changed = bytearray(content)
        changed[place] ^= 0x20
        path.write_bytes(changed)
        with pytest.raises(BackupUnusable, match="SHA256SUMS tells another checksum"):
            files.verify(path)
    path.write_bytes(content)
    files.verify(path)


@pytest.mark.parametrize(
    ("statement", "finding"),
    [
        ("DELETE FROM runs", "it has 0 rows of runs, and says 1"),
        ("DROP TABLE attempts", "it has no table attempts"),
        ("DELETE FROM alembic_version", "it does not tell its schema"),
    ],
)
@in_event_loop
async def test_a_backup_from_elsewhere_is_judged_by_its_content(
    store: SqliteStore, folder: Path, files: BackupFiles, tmp_path: Path, statement: str, finding: str
) -> None:
    await admit_task(store)
    await store.request(a_request())
    backup = (await store.backup(why=WHY)).backup
    elsewhere = tmp_path / "carried.db"
    shutil.copyfile(folder / backup.name, elsewhere)
    files.verify(files.named(str(elsewhere)))

    with closing(sqlite3.connect(elsewhere)) as shell, shell:
        shell.execute(statement)

    with pytest.raises(BackupUnusable, match=finding):
        files.verify(elsewhere)


@in_event_loop
async def test_a_backup_of_a_newer_program_is_refused(
    store: SqliteStore, folder: Path, files: BackupFiles, tmp_path: Path
) -> None:
    backup = (await store.backup(why=WHY)).backup
    elsewhere = tmp_path / "newer.db"
    shutil.copyfile(folder / backup.name, elsewhere)
    with closing(sqlite3.connect(elsewhere)) as shell, shell:
        shell.execute("UPDATE alembic_version SET version_num = '9999'")

    with pytest.raises(SchemaTooNew):
        files.verify(elsewhere)


@pytest.mark.parametrize("content", [b"", b"my shopping list " * 100, b"SQLite format 3\0" + b"\xa5" * 5000])
def test_what_is_no_backup_says_so(files: BackupFiles, tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "list.db"
    path.write_bytes(content)

    with pytest.raises(BackupUnusable):
        files.verify(path)


def test_backups_are_named_by_name_by_latest_or_by_path(files: BackupFiles, folder: Path, tmp_path: Path) -> None:
    with pytest.raises(UnknownBackup, match="there is no backup in"):
        files.named("latest")
    folder.mkdir()
    for name in ("scheduler-20260301T120000Z.db", "scheduler-20260302T120000Z.db", "scheduler-now.db", "notes.txt"):
        (folder / name).touch()

    assert files.named("latest").name == "scheduler-20260302T120000Z.db"
    assert files.named("scheduler-20260301T120000Z").name == "scheduler-20260301T120000Z.db"
    assert files.named(str(tmp_path / "backups" / "." / "scheduler-20260301T120000Z.db")).parent == folder
    there = "scheduler-20260302T120000Z.db, scheduler-20260301T120000Z.db"
    with pytest.raises(UnknownBackup, match=f"no backup 'yesterday', .*: there are {there}"):
        files.named("yesterday")
    with pytest.raises(UnknownBackup, match="no backup 'xxx"):
        files.named("x" * 5_000)


def test_damage_of_the_record_that_a_backup_meets_is_told_as_such(
    open_store: Open, database: Path, folder: Path
) -> None:
    open_store().close()
    with closing(sqlite3.connect(database)) as shell:
        (page,) = shell.execute("SELECT rootpage FROM sqlite_master WHERE name = 'locks'").fetchone()
    content = bytearray(database.read_bytes())
    content[(page - 1) * 4096 : page * 4096] = b"\xa5" * 4096
    database.write_bytes(content)
    backups = writing.BackupFolder(folder, database, clock=FakeClock())

    with closing(sqlite3.connect(database, isolation_level=None)) as source, pytest.raises(DatabaseDamaged):
        backups.write_from(source, why=WHY)

    assert names_in(folder, "*.db") == []


# --- beside the writer ------------------------------------------------------------------------------------


@pytest.mark.slow
@in_event_loop
async def test_writes_are_not_held_up_by_the_backup_of_a_large_record(
    store: SqliteStore, database: Path, folder: Path
) -> None:
    await admit_task(store)
    with closing(sqlite3.connect(database)) as shell, shell:
        shell.execute("CREATE TABLE ballast (content BLOB)")
        shell.execute(
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 40) "
            "INSERT INTO ballast SELECT randomblob(1000000) FROM n"
        )
    writing_one = asyncio.create_task(store.backup(why=WHY))
    took: list[float] = []
    while not writing_one.done():
        began = time.monotonic()
        await store.put("beside", str(began))
        took.append(time.monotonic() - began)
        await asyncio.sleep(0.01)

    backup = (await writing_one).backup

    assert backup.bytes > 40_000_000
    assert len(took) >= 5, "nothing was written beside the backup"
    assert max(took) < 1.0, sorted(took)[-5:]
