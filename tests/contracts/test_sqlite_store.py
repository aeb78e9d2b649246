"""The store on SQLite keeps every contract of the record."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from task_scheduler.store.sqlite import SqliteStore
from task_scheduler.testing.clock import FakeClock
from task_scheduler.testing.contracts.catalogue import CatalogueContract
from task_scheduler.testing.contracts.happenings import HappeningsContract
from task_scheduler.testing.contracts.history import HistoryContract
from task_scheduler.testing.contracts.ledger import LedgerContract
from task_scheduler.testing.contracts.resets import ResetsContract
from task_scheduler.testing.contracts.state import StateContract


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteStore]:
    with SqliteStore.open(
        tmp_path / "scheduler.db", clock=FakeClock(), sources=tmp_path / "sources", backups=tmp_path / "backups"
    ) as opened:
        yield opened


class TestLedgerOnSqlite(LedgerContract):
    pass


class TestCatalogueOnSqlite(CatalogueContract):
    pass


class TestHistoryOnSqlite(HistoryContract):
    pass


class TestStateOnSqlite(StateContract):
    pass


class TestResetsOnSqlite(ResetsContract):
    pass


class TestHappeningsOnSqlite(HappeningsContract):
    pass
