"""SQLite underneath: settings, group commit, failures, opening and closing."""

import asyncio
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import Connection

from task_scheduler.core.errors import (
    AlreadyRunning,
    DatabaseDamaged,
    IllegalTransition,
    SchemaTooNew,
    StoreError,
    TaskSchedulerError,
)
from task_scheduler.core.policies import RetentionPolicy
from task_scheduler.core.runs import AttemptId
from task_scheduler.ports import RunFilter
from task_scheduler.store.sqlite import SqliteStore
from task_scheduler.testing.builders import (
    a_request,
    a_slot,
    a_start,
    admit_task,
    after,
    an_attempt_claim,
    an_end,
)
from task_scheduler.testing.clock import NOON, FakeClock
from task_scheduler.testing.loops import in_event_loop

Open = Callable[..., SqliteStore]


def _pragma_of_writer(store: SqliteStore, name: str) -> object:
    async def ask() -> object:
        return await store._write(lambda connection: connection.exec_driver_sql(f"PRAGMA {name}").scalar())

    return asyncio.run(ask())


# --- settings ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "value"), [("synchronous", 2), ("foreign_keys", 1), ("journal_mode", "wal")])
def test_every_connection_has_the_settings_that_keep_commits(store: SqliteStore, name: str, value: object) -> None:
    assert _pragma_of_writer(store, name) == value
    assert store._readers.pragma(name) == [value] * 3


def test_every_connection_waits_for_a_busy_database(open_store: Open) -> None:
    store = open_store(busy_timeout=2.5)

    assert _pragma_of_writer(store, "busy_timeout") == 2500
    assert store._readers.pragma("busy_timeout") == [2500] * 3


def test_readers_cannot_write(store: SqliteStore) -> None:
    def write(connection: Connection) -> None:
        connection.exec_driver_sql("DELETE FROM runs")

    with pytest.raises(StoreError, match="permissions"):
        store._readers.ask_now(write)


@in_event_loop
async def test_moments_read_well_in_any_shell(store: SqliteStore, database: Path) -> None:
    await admit_task(store)

    with closing(sqlite3.connect(database)) as shell:
        assert shell.execute("SELECT next_run FROM jobs").fetchone() == ("2026-03-01T12:00:00.000000Z",)


@in_event_loop
async def test_the_last_use_of_an_environment_follows_the_attempts_in_it(store: SqliteStore) -> None:
    await admit_task(store, environment="env-a")
    for number, environment in enumerate(("env-a", "env-a", "env-b", "env-c"), start=1):
        run, _ = await store.request(a_request(f"request-{number}"))
        claim = an_attempt_claim(environment=environment)
        (attempt,) = await store.begin([(run.id, claim)])
        if environment != "env-c":  # that one waits for its host
            await store.started([a_start(attempt.id, started_at=after(number))])
            await store.finish([an_end(attempt.id)])

    assert await store.last_uses() == {"env-a": after(2), "env-b": after(3)}


# --- group commit -----------------------------------------------------------------------------------------


@in_event_loop
async def test_writes_that_wait_together_share_commits(store: SqliteStore) -> None:
    await admit_task(store)
    before = store.commits

    runs = await asyncio.gather(*(store.request(a_request(f"request-{n}")) for n in range(50)))

    assert len({run.id for run, _ in runs}) == 50
    # The first may go alone; those that come meanwhile wait for the second commit.
    assert 1 <= store.commits - before <= 5


@in_event_loop
async def test_a_write_is_visible_to_readers_as_soon_as_it_returns(store: SqliteStore) -> None:
    await admit_task(store)

    async def write_and_read(n: int) -> bool:
        run, _ = await store.request(a_request(f"request-{n}"))
        return await store.run(run.id) == run

    assert all(await asyncio.gather(*(write_and_read(n) for n in range(50))))


@in_event_loop
async def test_a_bad_write_fails_alone(store: SqliteStore) -> None:
    (job,) = await admit_task(store)
    (run,) = await store.claim([a_slot(job, attempt=an_attempt_claim())], {})
    writes = [
        store.put("a", "1"),
        store.begin([(run.id, an_attempt_claim())]),
        store.request(a_request("r", task_id="nobody")),
        store.put("b", "2"),
    ]

    results = await asyncio.gather(*writes, return_exceptions=True)

    assert [type(result) for result in results[1:3]] == [IllegalTransition, TaskSchedulerError]
    assert (await store.get("a"), await store.get("b")) == ("1", "2")
    assert await store.runs(RunFilter()) == [run]


@in_event_loop
async def test_a_caller_that_gives_up_does_not_undo_what_it_asked(store: SqliteStore) -> None:
    write = asyncio.create_task(store.put("a", "1"))
    await asyncio.sleep(0)

    write.cancel()
    await asyncio.gather(write, return_exceptions=True)
    await store.put("b", "2")

    assert await store.get("a") == "1"


# --- failures ---------------------------------------------------------------------------------------------


@in_event_loop
async def test_a_full_disk_is_told_to_the_caller_and_the_writer_lives_on(store: SqliteStore) -> None:
    (job,) = await admit_task(store)
    (run,) = await store.claim([a_slot(job, attempt=an_attempt_claim())], {})
    end = an_end(AttemptId(run_id=run.id, number=1), started=a_start(AttemptId(run_id=run.id, number=1)))

    def limit(connection: Connection, pages: int) -> None:
        connection.exec_driver_sql(f"PRAGMA max_page_count = {pages}")

    await store._write(lambda connection: limit(connection, 1))
    with pytest.raises(StoreError, match="the disk is full"):
        await store.put("much", "x" * 1_000_000)
    assert await store.get("much") is None
    assert await store.runs(RunFilter()) == [run]

    await store._write(lambda connection: limit(connection, 1_000_000))
    assert [ended.id for ended in await store.finish([end])] == [run.id]


@in_event_loop
async def test_a_database_locked_by_another_program_fails_writes_until_it_lets_go(
    open_store: Open, database: Path
) -> None:
    store = open_store(busy_timeout=0.02)

    with closing(sqlite3.connect(database, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        results = await asyncio.gather(*(store.put(f"name-{n}", "1") for n in range(20)), return_exceptions=True)
        other.execute("ROLLBACK")

    assert all(isinstance(result, StoreError) for result in results)
    assert "is locked by another program" in str(results[0])
    await store.put("name-0", "2")
    assert [await store.get(f"name-{n}") for n in range(2)] == ["2", None]


@pytest.mark.slow
@in_event_loop
async def test_who_asks_while_another_program_is_known_to_hold_on_hears_of_it_soon(
    open_store: Open, database: Path
) -> None:
    store = open_store(busy_timeout=1.5)

    async def time_to_fail() -> float:
        began = time.monotonic()
        with pytest.raises(StoreError, match="is locked by another program"):
            await store.put("a", "1")
        return time.monotonic() - began

    with closing(sqlite3.connect(database, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        first, second = await time_to_fail(), await time_to_fail()
        other.execute("ROLLBACK")
        await store.put("a", "2")
        other.execute("BEGIN IMMEDIATE")
        after_recovery = await time_to_fail()
        other.execute("ROLLBACK")

    assert first > 1.4
    assert second < 1.0
    assert after_recovery > 1.4


@in_event_loop
async def test_a_commit_that_fails_leaves_nothing_half_done(store: SqliteStore) -> None:
    (job,) = await admit_task(store)

    def claim_and_break(connection: Connection) -> None:
        connection.exec_driver_sql("UPDATE jobs SET next_run = NULL")
        connection.exec_driver_sql("PRAGMA defer_foreign_keys = ON")
        connection.exec_driver_sql(
            "INSERT INTO attempts (run_id, number, state, digest, environment, placement, process, output, reason,"
            " claimed_at) VALUES (999, 1, 'claimed', '', '', '', '', '', '', '')"
        )

    with pytest.raises(TaskSchedulerError, match="FOREIGN KEY"):
        await store._write(claim_and_break)

    assert await store.jobs() == [job]
    await store.put("a", "1")
    assert await store.get("a") == "1"


def test_a_damaged_database_is_noticed_at_opening(open_store: Open, database: Path) -> None:
    open_store().close()
    _overwrite_a_page(database)

    with pytest.raises(DatabaseDamaged, match=r"the record .+ is damaged: .+"):
        open_store()


@pytest.mark.parametrize(
    ("left", "checked"), [("free\n", False), ("pid 1 on here since then\nanother boot\n", True), (None, True)]
)
def test_a_large_database_is_checked_only_when_the_machine_may_have_lost_power(
    open_store: Open, database: Path, monkeypatch: pytest.MonkeyPatch, left: str | None, *, checked: bool
) -> None:
    open_store().close()
    _overwrite_a_page(database)
    lock = database.with_name("scheduler.db.lock")
    lock.unlink() if left is None else lock.write_text(left)
    monkeypatch.setattr("task_scheduler.store.opening.ALWAYS_CHECKED", 0)

    if checked:
        with pytest.raises(DatabaseDamaged):
            open_store()
    else:
        open_store()


def _overwrite_a_page(database: Path) -> None:
    """Damage the empty table `locks`, which nothing looks at when a database is opened."""
    with closing(sqlite3.connect(database)) as shell:
        (page,) = shell.execute("SELECT rootpage FROM sqlite_master WHERE name = 'locks'").fetchone()
        (size,) = shell.execute("PRAGMA page_size").fetchone()
    content = bytearray(database.read_bytes())
    content[(page - 1) * size : page * size] = b"\xa5" * size
    database.write_bytes(content)


def test_a_file_that_is_no_database_is_not_touched(open_store: Open, database: Path) -> None:
    database.write_text("my shopping list " * 100)

    with pytest.raises(DatabaseDamaged):
        open_store()

    assert database.read_text().startswith("my shopping list")


def test_a_folder_that_cannot_be_made_is_said(database: Path) -> None:
    database.write_text("")
    inside_a_file = database / "data" / "scheduler.db"

    with pytest.raises(StoreError, match="cannot be locked"):
        SqliteStore.open(inside_a_file, clock=FakeClock(), sources=database, backups=database)


# --- opening and closing ----------------------------------------------------------------------------------


def test_a_database_has_one_scheduler(open_store: Open, database: Path, tmp_path: Path) -> None:
    store = open_store()
    link = tmp_path / "other-name.db"
    link.symlink_to(database)

    with pytest.raises(AlreadyRunning, match=r"pid \d+ on .* since 2026-03-01 12:00:00 UTC"):
        open_store()
    with pytest.raises(AlreadyRunning):
        SqliteStore.open(link, clock=FakeClock(), sources=tmp_path, backups=tmp_path)

    store.close()
    open_store()


def test_an_opening_that_fails_lets_go_of_the_lock(open_store: Open, database: Path) -> None:
    database.write_text("my shopping list " * 100)
    with pytest.raises(DatabaseDamaged):
        open_store()

    database.unlink()

    open_store()


def test_closing_leaves_one_file_and_no_log_of_writes(open_store: Open, database: Path) -> None:
    store = open_store()
    asyncio.run(store.put("a", "1"))

    store.close()
    store.close()

    assert sorted(path.name for path in database.parent.glob("scheduler.db*")) == ["scheduler.db", "scheduler.db.lock"]


@in_event_loop
async def test_a_closed_store_says_so(store: SqliteStore) -> None:
    store.close()

    with pytest.raises(StoreError, match="is closed"):
        await store.put("a", "1")
    with pytest.raises(StoreError, match="is closed"):
        await store.get("a")


@in_event_loop
async def test_everything_is_there_after_opening_again(open_store: Open) -> None:
    store = open_store()
    (job,) = await admit_task(store)
    await store.claim([a_slot(job, attempt=an_attempt_claim())], {job.id: NOON})
    before = (await store.tasks(), await store.jobs(), await store.versions(), await store.open_runs())
    store.close()

    again = open_store()

    assert (await again.tasks(), await again.jobs(), await again.versions(), await again.open_runs()) == before


# --- reading without a scheduler --------------------------------------------------------------------------


@in_event_loop
async def test_a_reader_reads_beside_a_scheduler_and_without_one(open_store: Open, database: Path) -> None:
    store = open_store()
    (job,) = await admit_task(store)
    with SqliteStore.open_reader(database) as reader:
        assert await reader.jobs() == [job]
        await store.put("a", "1")
        assert await reader.get("a") == "1"
    store.close()

    with SqliteStore.open_reader(database) as reader:
        assert await reader.jobs() == [job]
        assert reader.commits == 0


@in_event_loop
async def test_a_reader_writes_nothing(store: SqliteStore, database: Path) -> None:
    with SqliteStore.open_reader(database) as reader:
        with pytest.raises(StoreError, match="open for reading only"):
            await reader.put("a", "1")
        with pytest.raises(StoreError, match="open for reading only"):
            await reader.backup(why="asked for")
        with pytest.raises(StoreError, match="open for reading only"):
            reader.source_path("0" * 64)


def test_a_reader_makes_no_database(database: Path) -> None:
    with pytest.raises(StoreError, match="there is no database"):
        SqliteStore.open_reader(database)

    assert list(database.parent.iterdir()) == []


def test_a_reader_does_not_migrate(database: Path) -> None:
    with closing(sqlite3.connect(database)) as other:
        other.execute("CREATE TABLE something_else (x)")

    with pytest.raises(StoreError, match="holds no record of a scheduler"):
        SqliteStore.open_reader(database)


@pytest.mark.parametrize("read_only", [True, False])
def test_a_newer_schema_is_refused_and_left_as_it_is(open_store: Open, database: Path, *, read_only: bool) -> None:
    open_store().close()
    with closing(sqlite3.connect(database)) as other, other:
        other.execute("UPDATE alembic_version SET version_num = '9999'")

    open_it: Open = (lambda: SqliteStore.open_reader(database)) if read_only else open_store

    with pytest.raises(SchemaTooNew, match="has schema 9999, which this version does not know"):
        open_it()

    with closing(sqlite3.connect(database)) as other:
        assert other.execute("SELECT version_num FROM alembic_version").fetchone() == ("9999",)


# --- sources on disk --------------------------------------------------------------------------------------


@in_event_loop
async def test_pruned_sources_leave_no_file_behind(store: SqliteStore) -> None:
    await admit_task(store)
    (version,) = await store.versions()
    path = store.source_path(version.digest)
    await admit_task(store, source=b"newer = True\n")

    await store.prune(RetentionPolicy(), NOON, limit=10)

    assert not path.exists()
    with pytest.raises(StoreError, match="no source with digest"):
        store.source_path(version.digest)
