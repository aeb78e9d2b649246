"""The store in memory keeps every contract of the record."""

import pytest

from task_scheduler.store.memory import MemoryStore
from task_scheduler.testing.contracts.catalogue import CatalogueContract
from task_scheduler.testing.contracts.happenings import HappeningsContract
from task_scheduler.testing.contracts.history import HistoryContract
from task_scheduler.testing.contracts.ledger import LedgerContract
from task_scheduler.testing.contracts.resets import ResetsContract
from task_scheduler.testing.contracts.state import StateContract


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore()


class TestLedgerInMemory(LedgerContract):
    pass


class TestCatalogueInMemory(CatalogueContract):
    pass


class TestHistoryInMemory(HistoryContract):
    pass


class TestStateInMemory(StateContract):
    pass


class TestResetsInMemory(ResetsContract):
    pass


class TestHappeningsInMemory(HappeningsContract):
    pass
