"""What SQLite's errors mean to a person."""

import sqlite3
from pathlib import Path

import pytest

from task_scheduler.core.errors import DatabaseDamaged, StoreError, TaskSchedulerError
from task_scheduler.store.faults import explain

PATH = Path("data/scheduler.db")


def _error(code: int, kind: type[sqlite3.Error] = sqlite3.OperationalError) -> sqlite3.Error:
    error = kind("what SQLite says")
    error.sqlite_errorcode = code
    return error


@pytest.mark.parametrize(
    ("code", "sentence"),
    [
        (sqlite3.SQLITE_FULL, "data/scheduler.db cannot be used: the disk is full: free some space"),
        (sqlite3.SQLITE_BUSY, "data/scheduler.db is locked by another program: end what writes to it"),
        (sqlite3.SQLITE_BUSY_SNAPSHOT, "data/scheduler.db is locked by another program: end what writes to it"),
        (sqlite3.SQLITE_IOERR_WRITE, "data/scheduler.db cannot be used: what SQLite says"),
    ],
)
def test_what_may_pass_is_a_store_error(code: int, sentence: str) -> None:
    explained = explain(_error(code), PATH)

    assert type(explained) is StoreError
    assert str(explained) == sentence


@pytest.mark.parametrize("code", [sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT_VTAB])
def test_damage_is_named(code: int) -> None:
    assert isinstance(explain(_error(code, sqlite3.DatabaseError), PATH), DatabaseDamaged)


@pytest.mark.parametrize("code", [sqlite3.SQLITE_ERROR, sqlite3.SQLITE_CONSTRAINT_UNIQUE])
def test_a_fault_of_the_program_is_not_taken_for_one_that_passes(code: int) -> None:
    explained = explain(_error(code, sqlite3.IntegrityError), PATH)

    assert type(explained) is TaskSchedulerError
    assert str(explained) == "data/scheduler.db refuses: what SQLite says"


def test_other_errors_stay_what_they_are() -> None:
    error = KeyError("x")

    assert explain(error, PATH) is error
