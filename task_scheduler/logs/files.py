"""A log file that is put aside at midnight or at a size, compressed, and deleted after a time."""

from __future__ import annotations

import gzip
import os
import re
import shutil
import threading
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from task_scheduler.log_lines import append, put_aside
from task_scheduler.settings import Rotation


class LogFile:
    """One log file and those of its name that were put aside.

    Written by any number of processes; put aside by the one scheduler. All moments are aware.
    """

    def __init__(self, path: Path, *, rotation: Rotation, max_size: int, retention: timedelta) -> None:
        """`max_size` is in bytes; files put aside are deleted `retention` after their last line."""
        self._path = path
        self._rotation = rotation
        self._max_size = max_size
        self._retention = retention
        self._begun: date | None = None
        self._tidying: threading.Thread | None = None
        stem, suffix = re.escape(path.stem), re.escape(path.suffix)
        self._aside = re.compile(rf"{stem}\.\d{{4}}-\d\d-\d\d_\d\d-\d\d-\d\d(_\d+)?{suffix}(?P<packed>\.gz)?")

    def append(self, line: str) -> None:
        """Write a line; raises OSError."""
        append(str(self._path), line)

    def rotate_if_due(self, now: datetime) -> bool:
        """Put the file aside when its time or size says so; return whether it was."""
        try:
            size = self._path.stat().st_size
        except FileNotFoundError:
            return False
        local = now.astimezone()
        if size == 0 or not (size >= self._max_size or self._is_old(local.date())):
            return False
        if not put_aside(str(self._path), str(self._name_aside(local))):
            return False
        self._begun = None
        self.tidy(now)
        return True

    def tidy(self, now: datetime) -> None:
        """Compress what was put aside and delete what is too old, in a thread of its own."""
        self.wait()
        self._tidying = threading.Thread(target=self._tidy, args=(now,), name=f"tidy {self._path.name}", daemon=True)
        self._tidying.start()

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

    def _name_aside(self, local: datetime) -> Path:
        name = f"{self._path.stem}.{local:%Y-%m-%d_%H-%M-%S}"
        path = self._path.with_name(f"{name}{self._path.suffix}")
        number = 1
        while path.exists() or path.with_name(f"{path.name}.gz").exists():
            number += 1
            path = self._path.with_name(f"{name}_{number}{self._path.suffix}")
        return path

    def _tidy(self, now: datetime) -> None:
        with suppress(OSError):
            for entry in sorted(self._path.parent.iterdir()):
                match = self._aside.fullmatch(entry.name)
                # Another program, or a person, may delete files here at any time.
                with suppress(OSError):
                    if match is None or not entry.is_file() or entry.is_symlink():
                        continue
                    if datetime.fromtimestamp(entry.stat().st_mtime, UTC) < now - self._retention:
                        entry.unlink()
                    elif match["packed"] is None:
                        _compress(entry)


def _compress(path: Path) -> None:
    """Replace a file by its compressed copy, which keeps the time of the last line."""
    packed = path.with_name(f"{path.name}.gz")
    temporary = path.with_name(f".{path.name}.gz.new")
    times = path.stat()
    with path.open("rb") as source, gzip.open(temporary, "wb", compresslevel=6) as target:
        shutil.copyfileobj(source, target)
    os.utime(temporary, ns=(times.st_atime_ns, times.st_mtime_ns))
    temporary.replace(packed)
    path.unlink()
