"""A damaged record, or one that is gone, is noticed at opening; what is none of that is left alone."""

import asyncio
import random
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from task_scheduler.core.errors import DatabaseDamaged, RecordGone, StoreError
from task_scheduler.store.damage import is_cut_short
from task_scheduler.store.sign import Sign, sign_path, was_made
from task_scheduler.store.sqlite import SqliteStore
from task_scheduler.testing.builders import a_request, a_slot, admit_task, after
from task_scheduler.testing.clock import FakeClock

Open = Callable[..., SqliteStore]
TABLES = ("tasks", "sources", "locks", "versions", "jobs", "runs", "attempts", "state")


@pytest.fixture
def record(open_store: Open, database: Path) -> Path:
    """A record with a few pages of everything, closed."""

    async def fill(store: SqliteStore) -> None:
        (job,) = await admit_task(store)
        await store.claim([a_slot(job, scheduled_for=after(number)) for number in range(200)], {job.id: None})
        for number in range(50):
            await store.request(a_request(f"request {number}"))
        await store.put("fact", "x" * 9_000)

    store = open_store()
    asyncio.run(fill(store))
    store.close()
    return database


def rows_of(database: Path) -> dict[str, list[tuple[Any, ...]]]:
    with closing(sqlite3.connect(database)) as shell:
        return {table: shell.execute(f"SELECT * FROM {table} ORDER BY 1, 2").fetchall() for table in TABLES}  # noqa: S608


def _no_database(path: Path) -> None:
    path.write_text("my shopping list " * 1000)


def _cut_short(path: Path) -> None:
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])


def _cut_within_the_header(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:60])


def _a_wrong_page(path: Path) -> None:
    content = bytearray(path.read_bytes())
    with closing(sqlite3.connect(path)) as shell:
        (page,) = shell.execute("SELECT rootpage FROM sqlite_master WHERE name = 'attempts'").fetchone()
    content[(page - 1) * 4096 : page * 4096] = content[4096:8192]
    path.write_bytes(content)


def _a_missing_table(path: Path) -> None:
    with closing(sqlite3.connect(path)) as shell, shell:
        shell.execute("DROP TABLE attempts")


def _no_schema(path: Path) -> None:
    with closing(sqlite3.connect(path)) as shell, shell:
        shell.execute("DELETE FROM alembic_version")


def _a_foreign_log(path: Path) -> None:
    """Put the log of writes of another, older life of the record beside it."""
    other = path.with_name("other.db")
    shutil.copyfile(path, other)
    with closing(sqlite3.connect(other)) as shell:
        shell.execute("PRAGMA journal_mode = WAL")
        for table in ("attempts", "runs", "versions", "jobs"):
            shell.execute(f"DELETE FROM {table}")  # noqa: S608 - names of ours
        shell.execute("CREATE TABLE ballast (content BLOB)")
        shell.execute("INSERT INTO ballast SELECT randomblob(60000)")
        shell.execute("DROP TABLE sources")
        shell.commit()
        shutil.copyfile(other.with_name("other.db-wal"), path.with_name(f"{path.name}-wal"))
    other.unlink()


DAMAGES = [
    _no_database,
    _cut_short,
    _cut_within_the_header,
    _a_wrong_page,
    _a_missing_table,
    _no_schema,
    _a_foreign_log,
]


@pytest.mark.parametrize("damage", DAMAGES, ids=lambda damage: damage.__name__.strip("_"))
def test_damage_is_noticed_and_nothing_else_is_written(
    record: Path, open_store: Open, damage: Callable[[Path], None]
) -> None:
    damage(record)

    with pytest.raises(DatabaseDamaged):
        open_store()


def _removed(path: Path) -> None:
    path.unlink()


def _empty(path: Path) -> None:
    path.write_bytes(b"")


def _emptied_of_all(path: Path) -> None:
    with closing(sqlite3.connect(path)) as shell, shell:
        shell.execute("PRAGMA writable_schema = 1")
        shell.execute("DELETE FROM sqlite_master")


@pytest.mark.parametrize("loss", [_removed, _empty, _emptied_of_all], ids=lambda loss: loss.__name__.strip("_"))
def test_a_record_that_is_gone_is_never_replaced_by_an_empty_one(
    record: Path, open_store: Open, loss: Callable[[Path], None]
) -> None:
    loss(record)
    before = record.read_bytes() if record.exists() else None

    with pytest.raises((RecordGone, DatabaseDamaged)):
        open_store()

    assert (record.read_bytes() if record.exists() else None) == before
    if loss is _removed:
        with pytest.raises(RecordGone, match="is gone, although one was made there"):
            SqliteStore.open_reader(record)


def test_a_record_that_never_was_is_made(open_store: Open, database: Path) -> None:
    database.write_bytes(b"")  # of a first start that was ended at once

    open_store().close()

    assert was_made(database)


def test_the_database_of_another_program_is_left_alone(open_store: Open, database: Path) -> None:
    with closing(sqlite3.connect(database)) as shell, shell:
        shell.execute("CREATE TABLE recipes (name TEXT)")
    before = database.read_bytes()

    with pytest.raises(StoreError, match="belongs to another program"):
        open_store()

    assert database.read_bytes()[100:] == before[100:]


def test_what_may_not_be_opened_is_not_damaged(open_store: Open, database: Path) -> None:
    database.mkdir()

    with pytest.raises(StoreError, match="mend the permissions") as told:
        open_store()

    assert not isinstance(told.value, DatabaseDamaged | RecordGone)


def test_a_rescue_puts_it_right_once(record: Path, open_store: Open, tmp_path: Path) -> None:
    good = tmp_path / "good.db"
    shutil.copyfile(record, good)
    asked: list[StoreError] = []

    def rescue(error: StoreError) -> bool:
        asked.append(error)
        shutil.copyfile(good, record)
        return False

    def in_vain(error: StoreError) -> bool:
        asked.append(error)
        return False

    _cut_short(record)
    open_store(rescue=rescue).close()
    assert len(asked) == 1
    _cut_short(record)
    with pytest.raises(DatabaseDamaged):
        open_store(rescue=in_vain)
    assert len(asked) == 2


def test_a_backup_alone_tells_that_there_was_a_record(record: Path, open_store: Open, tmp_path: Path) -> None:
    with open_store() as store:
        asyncio.run(store.backup(why="a test"))
    record.unlink()
    sign_path(record).unlink()

    with pytest.raises(RecordGone):
        open_store(rescue=lambda _: False)
    open_store(rescue=lambda _: True).close()


def test_the_runs_of_a_new_record_have_numbers_that_none_had(open_store: Open) -> None:
    store = open_store(numbers_used=lambda: 42)
    asyncio.run(admit_task(store))

    run, _ = asyncio.run(store.request(a_request()))

    assert run.id == 1_001


def test_the_sign_is_ahead_of_every_number_a_run_has(open_store: Open, database: Path) -> None:
    async def fill(store: SqliteStore) -> None:
        (job,) = await admit_task(store)
        for hundred in range(11):
            slots = [a_slot(job, scheduled_for=after(hundred * 100 + number)) for number in range(100)]
            await store.claim(slots, {job.id: None})
            assert Sign(database).reserved > (hundred + 1) * 100

    store = open_store()
    assert Sign(database).reserved == 1_000
    asyncio.run(fill(store))
    store.close()
    assert Sign(database).reserved == 2_000
    database.unlink()

    store = open_store(rescue=lambda _: True)
    asyncio.run(admit_task(store))
    run, _ = asyncio.run(store.request(a_request()))
    assert run.id == 2_001


def test_a_run_whose_number_cannot_be_reserved_is_not_put_on_record(open_store: Open, database: Path) -> None:
    store = open_store()
    asyncio.run(admit_task(store))
    with closing(sqlite3.connect(database)) as shell, shell:
        shell.execute("INSERT INTO sqlite_sequence (name, seq) VALUES ('runs', 999)")
    partial = sign_path(database).with_name(".scheduler.db.made.new")
    partial.mkdir()

    with pytest.raises(StoreError, match="numbers of runs cannot be reserved"):
        asyncio.run(store.request(a_request()))
    partial.rmdir()

    run, is_new = asyncio.run(store.request(a_request()))
    assert (run.id, is_new) == (1_000, True)


# --- while it is open -------------------------------------------------------------------------------------


def test_damage_that_is_met_is_remembered_until_all_was_looked_at(
    record: Path, open_store: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("task_scheduler.store.opening.ALWAYS_CHECKED", 0)
    whole = record.read_bytes()
    _a_wrong_page(record)
    store = open_store()  # large, and left safely: not looked at
    assert store.what_is_damaged() is None

    with pytest.raises(StoreError):
        asyncio.run(store._read(lambda connection: connection.exec_driver_sql("SELECT * FROM attempts").all()))
    assert store.what_is_damaged()
    store.close()

    with pytest.raises(DatabaseDamaged):
        open_store()
    record.write_bytes(whole)
    open_store().close()
    assert not record.with_name("scheduler.db.suspect").exists()


def test_a_file_that_is_shorter_than_it_says_is_seen_at_a_glance(record: Path) -> None:
    assert not is_cut_short(record)
    _cut_short(record)
    assert is_cut_short(record)
    assert not is_cut_short(record.with_name("missing.db"))


# --- any damage -------------------------------------------------------------------------------------------


class Spoiled:
    """Copies of a record, each with its own damage."""

    def __init__(self, record: Path, folder: Path) -> None:
        self.content = record.read_bytes()
        self.rows = rows_of(record)
        self.pages = len(self.content) // 4096
        self._folder = folder
        self._number = 0

    def is_noticed_or_reads_the_same(self, content: bytes) -> bool:
        """Whether opening it raises, or what is on record has the same shape and the same keys as before."""
        self._number += 1
        folder = self._folder / str(self._number)
        folder.mkdir()
        path = folder / "scheduler.db"
        path.write_bytes(content)
        (folder / ".scheduler.db.made").touch()
        try:
            SqliteStore.open(path, clock=FakeClock(), sources=folder, backups=folder).close()
        except StoreError:
            return True
        with suppress(sqlite3.DatabaseError):
            return _shape(rows_of(path)) == _shape(self.rows)
        return False


def _shape(rows: dict[str, list[tuple[Any, ...]]]) -> dict[str, int]:
    return {table: len(found) for table, found in rows.items()}


@pytest.fixture
def spoiled(record: Path, tmp_path: Path) -> Spoiled:
    return Spoiled(record, tmp_path / "spoiled")


@pytest.mark.slow
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_page_of_anything_is_noticed_or_changes_nothing(spoiled: Spoiled, data: st.DataObject) -> None:
    spoiled._folder.mkdir(exist_ok=True)
    page = data.draw(st.integers(0, spoiled.pages - 1))
    kind = data.draw(st.sampled_from(["zeros", "noise", "another page"]))
    content = bytearray(spoiled.content)
    instead = {
        "zeros": b"\0" * 4096,
        "noise": random.Random(page).randbytes(4096),  # noqa: S311 - no secret
        "another page": spoiled.content[(other := data.draw(st.integers(0, spoiled.pages - 1))) * 4096 :][:4096],
    }[kind]
    del other
    content[page * 4096 : (page + 1) * 4096] = instead

    assert spoiled.is_noticed_or_reads_the_same(bytes(content)), (page, kind)
