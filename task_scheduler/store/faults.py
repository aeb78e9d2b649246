"""What SQLite's errors mean, as errors of ours."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from sqlalchemy.exc import DBAPIError

from task_scheduler.core.errors import DatabaseDamaged, StoreError, TaskSchedulerError

_DAMAGED = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})
#: What only a fault of the program, or a schema changed by hand, can bring about.
_FAULTS = frozenset(
    {
        sqlite3.SQLITE_ERROR,
        sqlite3.SQLITE_CONSTRAINT,
        sqlite3.SQLITE_MISMATCH,
        sqlite3.SQLITE_MISUSE,
        sqlite3.SQLITE_RANGE,
        sqlite3.SQLITE_TOOBIG,
    }
)
_IN_USE = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED})
_SENTENCES = {
    sqlite3.SQLITE_FULL: "the disk is full: free some space",
    sqlite3.SQLITE_READONLY: "it may not be written: mend the permissions of the file and of its folder",
    sqlite3.SQLITE_PERM: "it may not be opened: mend the permissions of the file and of its folder",
    sqlite3.SQLITE_CANTOPEN: "it cannot be opened: mend the permissions of the file and of its folder",
}


def explain(error: Exception, path: Path) -> Exception:
    """Return the error to raise for one met while working with the database at `path`.

    Only what may pass, or is mended outside the program, becomes a StoreError: callers try again on it. A
    statement or a row that SQLite refuses is a fault of the program and becomes the root error. Errors that
    do not come from SQLite are returned as they are.
    """
    original = _original(error)
    if not isinstance(original, sqlite3.Error):
        return error
    code = _code(original)
    if code in _FAULTS:
        return TaskSchedulerError(f"{path} refuses: {original}")
    if code in _DAMAGED:
        return DatabaseDamaged(str(path), str(original))
    if code in _IN_USE:
        return StoreError(f"{path} is locked by another program: end what writes to it")
    sentence = _SENTENCES.get(code, str(original))
    return StoreError(f"{path} cannot be used: {sentence}")


def is_busy(error: Exception) -> bool:
    """Whether another program held the database for longer than was waited."""
    original = _original(error)
    return isinstance(original, sqlite3.Error) and _code(original) in _IN_USE


def _original(error: Exception) -> BaseException | None:
    return error.orig if isinstance(error, DBAPIError) else error


def _code(error: sqlite3.Error) -> int:
    # Extended codes carry the plain one in their low byte.
    return getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF
