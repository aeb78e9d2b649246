"""A log file that is put aside at midnight or at a size, compressed, and deleted after a time."""

from __future__ import annotations

import gzip
import os
import shutil
import threading
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from task_scheduler.log_lines import append, put_aside
from task_scheduler.log_names import PACKED, asides, free_name
from task_scheduler.settings import Rotation

#: Of a file that strangers write, who take no lock, what was put aside is packed when it has been still for so long.
STILL_FOR = timedelta(minutes=2)


class LogFile:
    """One log file and those of its name that were put aside.

    Written by any number of processes; put aside by the one scheduler. All moments are aware.
    """

    def __init__(
        self, path: Path, *, rotation: Rotation, max_size: int, retention: timedelta, of_strangers: bool = False
    ) -> None:
        """`max_size` is in bytes; files put aside are deleted `retention` after their last line.

        Those `of_strangers` are written by who takes no lock, such as a shell, and may go on with what was put aside.
        """
        self._path = path
        self._rotation = rotation
        self._max_size = max_size
        self._retention = retention
        self._still_for = STILL_FOR if of_strangers else timedelta(0)
        self._begun: date | None = None
        self._turn = threading.Lock()
        self._tidying: threading.Thread | None = None
        self._is_untidy = of_strangers  #: something may have been put aside and not packed

    @property
    def path(self) -> Path:
        """Where it is."""
        return self._path

    def configure(self, *, rotation: Rotation, max_size: int, retention: timedelta) -> None:
        """Put aside and delete by these from now on."""
        self._rotation, self._max_size, self._retention = rotation, max_size, retention

    def append(self, line: str) -> None:
        """Write a line; raises OSError."""
        append(str(self._path), line)

    def rotate_if_due(self, now: datetime) -> bool:
        """Put the file aside when its time or size says so; return whether it was."""
        # Two threads could choose one name for two files.
        with self._turn:
            is_put_aside = self._rotate(now)
            if is_put_aside or (self._is_untidy and not self._is_tidying()):
                self.tidy(now)
            return is_put_aside

    def _rotate(self, now: datetime) -> bool:
        try:
            size = self._path.stat().st_size
        except FileNotFoundError:
            return False
        local = now.astimezone()
        if size == 0 or not (size >= self._max_size or self._is_old(local.date())):
            return False
        if not put_aside(str(self._path), str(free_name(self._path, local))):
            return False
        self._begun = None
        return True

    def tidy(self, now: datetime) -> None:
        """Compress what was put aside and delete what is too old, in a thread of its own."""
        self.wait()
        self._tidying = threading.Thread(target=self._tidy, args=(now,), name=f"tidy {self._path.name}", daemon=True)
        self._tidying.start()

    def _is_tidying(self) -> bool:
        return self._tidying is not None and self._tidying.is_alive()

    def wait(self) -> None:
        """Return once no tidying is under way."""
        if self._tidying is not None:
            self._tidying.join()

    def _is_old(self, today: date) -> bool:
        if self._begun is None:
            self._begun = self._first_day() or today
        match self._rotation:
            case Rotation.DAILY:
                return self._begun < today
            case Rotation.WEEKLY:
                return self._begun < today and self._begun.isocalendar()[:2] != today.isocalendar()[:2]
            case Rotation.SIZE:
                return False

    def _first_day(self) -> date | None:
        """Return the day of the first line: it survives a restart, which a time of creation in memory would not."""
        with suppress(OSError, ValueError), self._path.open("rb") as file:
            return date.fromisoformat(file.read(10).decode("ascii"))
        return None

    def _tidy(self, now: datetime) -> None:
        is_untidy = False
        with suppress(OSError):
            for _, _, is_packed, path in asides(self._path):
                # Another program, or a person, may delete files here at any time.
                with suppress(OSError):
                    if not path.is_file() or path.is_symlink():
                        continue
                    still_for = now - datetime.fromtimestamp(path.stat().st_mtime, UTC)
                    if still_for > self._retention:
                        path.unlink()
                    elif is_packed:
                        continue
                    elif self._still_for and still_for < self._still_for:
                        is_untidy = True
                    else:
                        _compress(path)
        self._is_untidy = is_untidy


def _compress(path: Path) -> None:
    """Replace a file by its compressed copy, which keeps the time of the last line."""
    packed = path.with_name(f"{path.name}{PACKED}")
    temporary = path.with_name(f".{path.name}{PACKED}.new")
    times = path.stat()
    with path.open("rb") as source, gzip.open(temporary, "wb", compresslevel=6) as target:
        shutil.copyfileobj(source, target)
    os.utime(temporary, ns=(times.st_atime_ns, times.st_mtime_ns))
    temporary.replace(packed)
    path.unlink()
