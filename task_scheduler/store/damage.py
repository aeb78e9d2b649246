"""What tells that a record is damaged, or gone, although its folder looks like any other."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from task_scheduler.core.errors import DatabaseDamaged, RecordGone
from task_scheduler.private_files import claim_private

#: Names of the files SQLite keeps beside a database.
COMPANIONS = ("-wal", "-shm", "-journal")
#: Where the header of a database tells its size in pages, and the two places that agree when that counts.
_PAGE_SIZE, _CHANGES, _PAGES, _VALID_FOR = slice(16, 18), slice(24, 28), slice(28, 32), slice(92, 96)


def check_there(path: Path) -> None:
    """Raise RecordGone when nothing is left of a record that was made at this path."""
    try:
        size = path.stat().st_size
    except FileNotFoundError:
        raise RecordGone(str(path), "is gone") from None
    if size == 0 and not _has_content(path.with_name(f"{path.name}-wal")):
        raise RecordGone(str(path), "is empty")


def is_cut_short(path: Path) -> bool:
    """Whether a database is smaller than its header says."""
    try:
        with path.open("rb") as file:
            header = file.read(100)
        size = path.stat().st_size
    except OSError:
        return False
    if len(header) < 100 or header[_CHANGES] != header[_VALID_FOR]:
        return 0 < len(header) < 100
    page = int.from_bytes(header[_PAGE_SIZE], "big")
    return size < int.from_bytes(header[_PAGES], "big") * (65_536 if page == 1 else page)


class Suspicion:
    """Remembers over the end of the process that damage was met, so that the next start looks at everything."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._note = path.with_name(f"{path.name}.suspect")
        self._finding: str | None = None

    @property
    def finding(self) -> str | None:
        """What was met by this process; None: nothing."""
        return self._finding

    @property
    def is_left(self) -> bool:
        """Whether an earlier process met damage."""
        return self._note.exists()

    def meet(self, error: Exception) -> None:
        """Take note of an error, if it tells of damage."""
        if isinstance(error, DatabaseDamaged) and self._finding is None:
            self._finding = error.finding
            with suppress(OSError):
                claim_private(self._note)
                self._note.write_text(f"{error.finding}\n", encoding="utf-8")

    def clear(self) -> None:
        """Forget what an earlier process met: everything was looked at."""
        self._note.unlink(missing_ok=True)


def _has_content(path: Path) -> bool:
    try:
        return os.stat(path).st_size > 0  # noqa: PTH116 - one call, and no Path made for it
    except OSError:
        return False
