"""A database in a folder of its own, opened as the scheduler opens it."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from task_scheduler.store.sqlite import SqliteStore
from task_scheduler.testing.clock import FakeClock

Open = Callable[..., SqliteStore]


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return tmp_path / "scheduler.db"


@pytest.fixture
def open_store(tmp_path: Path, database: Path, clock: FakeClock) -> Iterator[Open]:
    """Open the database; whatever a test leaves open is closed."""
    with ExitStack() as opened:

        def open_(**options: object) -> SqliteStore:
            store = SqliteStore.open(
                database,
                clock=clock,
                sources=tmp_path / "sources",
                backups=tmp_path / "backups",
                **options,  # type: ignore[arg-type]
            )
            opened.callback(store.close)
            return store

        yield open_


@pytest.fixture
def store(open_store: Open) -> SqliteStore:
    return open_store()
