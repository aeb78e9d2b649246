"""The ports of the record as one type: a store implements them together."""

from __future__ import annotations

from typing import Protocol

from task_scheduler.ports import Catalogue, Happenings, History, Ledger, Resets, StateStore


class Store(Ledger, Resets, Catalogue, History, StateStore, Happenings, Protocol):
    """A whole record."""
