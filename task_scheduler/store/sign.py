"""The sign beside a record that one was made there, and how far its runs may be numbered.

Hidden, in the record's own folder: it goes where the record goes, and nobody takes it for a file of SQLite's. It outlives
the record, so that a missing one does not look like a new project, and the runs of the next one get numbers that no run
had: a host may still know an attempt by its number, and its output is named by it.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

from task_scheduler.core.errors import StoreError
from task_scheduler.private_files import claim_private
from task_scheduler.store.backup_files import sync

if TYPE_CHECKING:
    from sqlalchemy import Connection

#: Numbers of runs are reserved by so many.
NUMBERS = 1_000
_TEXT = """\
A record of a task scheduler was made here: without this file, a missing {name} would look like a new project.
Its runs may have numbers up to {reserved}.
"""
_RESERVED = re.compile(r"numbers up to (\d+)\.")


class Sign:
    """The sign beside one record."""

    def __init__(self, record: Path) -> None:
        self._record = record
        self._path = sign_path(record)
        self._reserved = self._read()

    @property
    def reserved(self) -> int:
        """The highest number a run of this record may have had; 0: none may."""
        return self._reserved

    def reserve(self, used: int) -> None:
        """Leave the sign, with numbers reserved beyond those that are used; raises OSError."""
        if used < self._reserved and self._path.exists():
            return
        reserved = max(self._reserved, round_up(used + 1))
        partial = self._path.with_name(f"{self._path.name}.new")
        partial.unlink(missing_ok=True)
        claim_private(partial)
        partial.write_text(_TEXT.format(name=self._record.name, reserved=reserved), encoding="utf-8")
        sync(partial)
        partial.replace(self._path)
        sync(self._path.parent)
        self._reserved = reserved

    def reserve_for(self, connection: Connection) -> None:
        """Have numbers reserved for all runs that a transaction is about to commit; raises StoreError."""
        # By the driver: every commit passes here.
        cursor = connection.connection.cursor()
        found = cursor.execute("SELECT seq FROM sqlite_sequence WHERE name = 'runs'").fetchone()
        if found is not None and found[0] >= self._reserved:
            try:
                self.reserve(int(found[0]))
            except OSError as error:
                raise StoreError(f"numbers of runs cannot be reserved in {self._path}: {error.strerror}") from error

    def _read(self) -> int:
        try:
            told = _RESERVED.search(self._path.read_text(encoding="utf-8", errors="replace"))
        except OSError:
            return 0
        return 0 if told is None else int(told[1])


def sign_path(record: Path) -> Path:
    """Return where the sign of a record is."""
    return record.with_name(f".{record.name}.made")


def was_made(record: Path) -> bool:
    """Whether a record was ever made at this path."""
    return os.path.exists(sign_path(record))  # noqa: PTH110 - a folder that may not be entered is no reason to fail


def round_up(used: int) -> int:
    """Return the end of the reserved numbers that `used` is among."""
    return -(-used // NUMBERS) * NUMBERS
