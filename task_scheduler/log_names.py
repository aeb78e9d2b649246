"""What log files that were put aside are called: `tasks.2026-11-22_00-00-00.log`, packed or not. Light to import."""

from __future__ import annotations

import re
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

#: The ending of those that are compressed.
PACKED = ".gz"
_TIME = "%Y-%m-%d_%H-%M-%S"


class Aside(NamedTuple):
    """One log file that was put aside; in the order in which they were."""

    when: str  #: local time, in a form that sorts
    number: int  #: of those of one second, from 1
    is_packed: bool
    path: Path

    @property
    def packed(self) -> Aside:
        """The same, once it is packed."""
        return self if self.is_packed else self._replace(is_packed=True, path=_packed(self.path))


def asides(path: Path) -> list[Aside]:
    """Return the files of a log file's name that were put aside, oldest first; raises OSError."""
    stem, suffix = re.escape(path.stem), re.escape(path.suffix)
    name = re.compile(rf"{stem}\.(\d{{4}}-\d\d-\d\d_\d\d-\d\d-\d\d)(?:_(\d+))?{suffix}({re.escape(PACKED)})?")
    found: dict[tuple[str, int], Aside] = {}
    # Twice: a file that is packed while the folder is listed may be seen under neither of its names, and only that time.
    for entry in sorted({*path.parent.iterdir(), *path.parent.iterdir()}):
        if match := name.fullmatch(entry.name):
            # Of one that is just being packed there are two: the packed one, which is whole, and stays, comes later.
            aside = Aside(match[1], int(match[2] or 1), match[3] is not None, entry)
            found[aside.when, aside.number] = aside
    return [found[key] for key in sorted(found)]


def _packed(path: Path) -> Path:
    return path.with_name(f"{path.name}{PACKED}")


def free_name(path: Path, moment: datetime) -> Path:
    """Return what a log file is to be called that is put aside at this local moment: a name nothing has."""
    stem = f"{path.stem}.{moment:{_TIME}}"
    name, number = path.with_name(f"{stem}{path.suffix}"), 1
    while name.exists() or _packed(name).exists():
        number += 1
        name = path.with_name(f"{stem}_{number}{path.suffix}")
    return name
