"""The schema: migrated by itself, equal to the tables the program knows."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, create_engine, insert, select
from sqlalchemy.pool import StaticPool

from task_scheduler.store import rows, schema
from task_scheduler.store.connections import writing_engine
from task_scheduler.store.sqlite import SqliteStore
from task_scheduler.store.tables import attempts, jobs, locks, metadata, runs, tasks, versions
from task_scheduler.testing.builders import a_job, a_run, a_task, a_version, an_attempt, an_exit

Open = Callable[..., SqliteStore]

_OF_0003 = ("paused_at", "paused_seconds")


def _schema(connection: Connection) -> dict[str, list[str]]:
    """Return what each table and index is made of, whatever the order: an added column comes after the constraints."""
    found = connection.exec_driver_sql(
        "SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL AND name NOT LIKE 'alembic_%' "
        "AND name NOT LIKE 'sqlite_%'"
    )
    return {name: sorted(_parts(sql)) for name, sql in found}


def _parts(sql: str) -> Iterator[str]:
    """Yield what stands before, between and after the outermost brackets, cut at the commas in between."""
    depth, part = 0, ""
    for character in " ".join(sql.split()):
        depth += {"(": 1, ")": -1}.get(character, 0)
        if (character == "(" and depth == 1) or (character == ")" and depth == 0) or (character == "," and depth == 1):
            yield part.strip()
            part = ""
        else:
            part += character
    yield part.strip()


@pytest.fixture
def in_memory() -> Iterator[Engine]:
    engine = create_engine("sqlite://", poolclass=StaticPool)
    yield engine
    engine.dispose()


def test_a_migrated_database_has_the_tables_the_program_knows(store: SqliteStore, in_memory: Engine) -> None:
    metadata.create_all(in_memory)

    with in_memory.connect() as connection:
        known = _schema(connection)

    assert store._readers.ask_now(_schema) == known


def _upgrade(connection: Connection, revision: str) -> None:
    config = Config()
    config.set_main_option("script_location", str(schema.MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, revision)


def _without(values: dict[str, object], *names: str) -> dict[str, object]:
    return {name: value for name, value in values.items() if name not in names}


@pytest.mark.parametrize(
    ("revision", "later"), [("0001", ("argv", "pinned", "paused_at", "paused_seconds")), ("0002", _OF_0003)]
)
def test_rows_of_an_older_schema_have_nothing_in_the_columns_that_came_later(
    in_memory: Engine, revision: str, later: tuple[str, ...]
) -> None:
    ended = an_attempt(exit=an_exit(), started_at=an_exit().started_at)

    with in_memory.begin() as connection:
        _upgrade(connection, revision)
        connection.execute(insert(runs), _without(rows.run_values(a_run()), *later))
        connection.execute(insert(attempts), _without(rows.attempt_values(ended), "details", "notes"))
        schema.bring_up_to_date(connection, Path("test.db"))
        (run,) = connection.execute(select(runs)).all()
        (attempt,) = connection.execute(select(attempts)).all()

    assert rows.run_from(run) == a_run()
    assert rows.attempt_from(attempt) == ended


def test_jobs_of_an_older_schema_have_no_tags(in_memory: Engine) -> None:
    job = a_job()

    with in_memory.begin() as connection:
        _upgrade(connection, "0003")
        connection.execute(insert(jobs), _without(asdict(job), "tags"))
        schema.bring_up_to_date(connection, Path("test.db"))
        (row,) = connection.execute(select(jobs)).all()

    assert rows.job_from(row) == job


def test_a_large_record_is_migrated_without_being_copied(database: Path) -> None:
    engine = writing_engine(database, busy_timeout=1)
    old = _without(rows.run_values(a_run()), *_OF_0003)
    ended = _without(rows.attempt_values(an_attempt(exit=an_exit())), "details", "notes")
    with engine.begin() as connection:
        _upgrade(connection, "0002")
        connection.execute(insert(tasks), rows.task_values(a_task()))
        numbers = range(1, 5001)
        connection.execute(insert(runs), [{**old, "id": n, "job_id": None} for n in numbers])
        connection.execute(insert(attempts), [{**ended, "run_id": n} for n in numbers])
    size = database.stat().st_size

    with engine.connect() as connection:
        with connection.begin():
            schema.bring_up_to_date(connection, database)
        written = database.with_name(f"{database.name}-wal").stat().st_size
    engine.dispose()

    assert size > 1_000_000
    assert written < 100_000


def test_the_revisions_the_program_knows_are_those_of_the_scripts() -> None:
    config = Config()
    config.set_main_option("script_location", str(schema.MIGRATIONS))
    scripts = ScriptDirectory.from_config(config)

    in_order = [script.revision for script in scripts.walk_revisions()][::-1]

    assert list(schema.REVISIONS) == in_order
    assert scripts.get_heads() == [schema.HEAD]


def test_opening_a_current_database_does_not_import_alembic(open_store: Open, database: Path) -> None:
    open_store().close()
    program = (
        "import sys; from pathlib import Path; from task_scheduler.store.sqlite import SqliteStore;"
        "from task_scheduler.testing.clock import FakeClock; p = Path(sys.argv[1]);"
        "SqliteStore.open(p, clock=FakeClock(), sources=p.parent, backups=p.parent).close();"
        "sys.exit('alembic' in sys.modules)"
    )

    subprocess.run([sys.executable, "-c", program, str(database)], check=True, timeout=60)


def test_rows_are_written_and_read_in_the_order_of_the_columns() -> None:
    assert list(rows.run_values(a_run())) == runs.c.keys()
    assert {"id", *rows.version_values(a_version())} == set(versions.c.keys())
    assert list(rows.task_values(a_task())) == tasks.c.keys()
    assert versions.c.keys() == [
        "id", "task_id", "digest", "environment", "declaration", "preload", "local_digest", "functions",
        "admitted_at",
    ]  # fmt: skip
    assert jobs.c.keys() == [
        "id", "task_id", "function", "trigger", "timezone", "arguments", "active", "next_run", "tags",
    ]  # fmt: skip
    assert locks.c.keys() == ["key", "text", "python", "platform"]
    assert attempts.c.keys()[10:] == [
        "started_at", "ended_at", "exit_code", "signal", "stopped_for", "error_kind", "error_message", "error_place",
        "duration", "cpu_seconds", "peak_memory", "output_bytes", "output_dropped", "left_behind", "details", "notes",
    ]  # fmt: skip
