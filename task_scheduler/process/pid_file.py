"""The file that tells people and other programs the scheduler's number; this program itself never believes it."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from task_scheduler.private_files import claim_private


class PidFile:
    """Holds the number of the process that has the project's lock, for as long as that lives or until a crash."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def write(self) -> None:
        """Name this process in it, whoever was named there before; raises OSError."""
        partial = self._path.with_name(f"{self._path.name}.new")
        partial.unlink(missing_ok=True)
        claim_private(partial)
        partial.write_text(f"{os.getpid()}\n", encoding="ascii")
        partial.replace(self._path)

    def remove(self) -> None:
        """Remove it, unless it names another process."""
        with suppress(OSError):
            if self._path.read_text(encoding="ascii", errors="replace").strip() == str(os.getpid()):
                self._path.unlink()
