"""The folder of what attempts wrote."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from task_scheduler.execution.orders import output_path


class OutputFolder:
    """Reads and deletes outputs by the names the record keeps."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder.absolute()

    def read(self, name: str, offset: int, limit: int) -> tuple[bytes, int]:
        """Return up to `limit` bytes of the kept text from `offset`, and the offset after them.

        An attempt that wrote nothing has no file, and reads as empty. Raises ValueError for a name that leads out
        of the folder.
        """
        path = output_path(self._folder, name)
        try:
            with path.open("rb") as file:
                file.seek(offset)
                data = file.read(limit)
        except FileNotFoundError:
            return b"", offset
        return data, offset + len(data)

    def delete(self, names: Sequence[str]) -> int:
        """Delete outputs, and folders that are empty then; return the bytes freed."""
        freed = 0
        for name in names:
            path = output_path(self._folder, name)
            try:
                size = path.stat().st_size
                path.unlink()
            except FileNotFoundError:
                continue
            freed += size
            self._remove_empty_folders(path.parent)
        return freed

    def _remove_empty_folders(self, folder: Path) -> None:
        with suppress(OSError):  # not empty, or somebody else was quicker
            while folder != self._folder:
                os.rmdir(folder)
                folder = folder.parent
