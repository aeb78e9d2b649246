"""Puts a backup in the place of the record, so that at every moment one of the two is whole.

1. A copy of the backup is made ready beside the record, with what it is to tell of itself, in a folder.
2. That folder gets its final name. From here on the restore has happened: whoever opens the record next finishes it.
3. The present record goes aside with all its companions, then the copy takes its place, then the folder goes.
"""

from __future__ import annotations

import contextlib
import shutil
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from task_scheduler import fault_points
from task_scheduler.core.backups import Backup
from task_scheduler.core.errors import BackupUnusable, StoreError, TaskSchedulerError
from task_scheduler.core.restoring import COPIED_BY_HAND, RESTORED, UNSETTLED, Restored
from task_scheduler.private_files import claim_private
from task_scheduler.store.backup_files import FACT, BackupFiles, check_whole, fact_in, opened, put_text, sync
from task_scheduler.store.damage import COMPANIONS
from task_scheduler.store.sign import Sign, round_up

#: Where what was damaged, or replaced by a person's word, is kept: folders beside the record.
DAMAGED, REPLACED = "damaged", "replaced"
_NEW = "new.db"
_ASIDE = "aside"


@dataclass(frozen=True, slots=True, kw_only=True)
class Loss:
    """What of the present record is not in a backup."""

    runs: int
    first: datetime | None = None  #: when the first of them was put on record
    last: datetime | None = None
    unknown: str = ""  #: why it cannot be told; empty: it can


def is_half_done(path: Path) -> bool:
    """Whether a restore of the record at this path was interrupted, and is to be finished by who opens it next."""
    return _folder(path).is_dir()


def finish_restore(path: Path) -> None:
    """Finish a restore that has begun, if there is one; raises StoreError. The caller holds the record's lock."""
    folder = _folder(path)
    try:
        shutil.rmtree(_preparing(path), ignore_errors=True)
        if not folder.is_dir():
            return
        # Before anything is moved: that it was decided must outlast a loss of power.
        sync(path.parent)
        new = folder / _NEW
        if new.exists():
            put_aside(path, path.parent / (folder / _ASIDE).read_text(encoding="utf-8"))
            fault_points.point("restore-old-aside")
            new.replace(path)
            fault_points.point("restore-installed")
            sync(path.parent)
        shutil.rmtree(folder)
        sync(path.parent)
    except OSError as error:
        raise StoreError(
            f"the restore of {path} has begun and could not be finished: {_told(error)}; the next start of the "
            "scheduler goes on with it"
        ) from error


def put_aside(path: Path, aside: Path) -> None:
    """Move a record with its companions into a folder, which may hold some of them already; raises OSError."""
    there = files_of(path)
    if not there:
        return
    for folder in (aside.parent, aside):
        folder.mkdir(mode=0o700, exist_ok=True)
    for file in there:
        file.rename(aside / file.name)
        fault_points.point("record-part-aside")
    sync(aside)
    sync(aside.parent)
    sync(path.parent)


def files_of(path: Path) -> list[Path]:
    """Return what is there of a record and its companions, the record first."""
    # Moved in this order and cut off in between, it is gone, which the next start notices. Without its log of writes it
    # would look whole, and lack what was put on record last.
    names = (path.name, *(f"{path.name}{companion}" for companion in COMPANIONS))
    return [file for name in names if (file := path.with_name(name)).exists()]


def aside_for(path: Path, kind: str, at: datetime) -> Path:
    """Return a folder that is not there yet, for a record put aside at a moment."""
    stem = path.parent / kind / f"{path.stem}-{at:%Y%m%dT%H%M%SZ}"
    number, aside = 1, stem
    while aside.exists():
        number += 1
        aside = stem.with_name(f"{stem.name}-{number}")
    return aside


def restore(
    path: Path,
    backup: Path,
    restored: Restored,
    *,
    aside: Path,
    numbers_used: int,
    decided: Callable[[], None] = lambda: None,
) -> None:
    """Put a verified backup in the place of the record at `path`, which goes `aside`.

    `numbers_used` is the highest number that a run is known to have had. `decided` is called once nothing but its
    completion can follow. Raises StoreError, and then the present
    record is what it was, or the next opening goes on with it, as the message says. The caller holds the record's lock.
    """
    preparing = _preparing(path)
    try:
        shutil.rmtree(preparing, ignore_errors=True)
        preparing.mkdir(mode=0o700)
        _prepare(preparing, backup, restored, max(numbers_used, Sign(path).reserved))
        (preparing / _ASIDE).write_text(str(aside.relative_to(path.parent)), encoding="utf-8")
        sync(preparing / _ASIDE)
        sync(preparing)
        fault_points.point("restore-prepared")
        preparing.rename(_folder(path))
    except OSError as error:
        shutil.rmtree(preparing, ignore_errors=True)
        raise StoreError(f"{backup.name} could not be restored: {_told(error)}") from error
    except sqlite3.Error as error:
        shutil.rmtree(preparing, ignore_errors=True)
        raise StoreError(f"{backup.name} could not be restored: {error}") from error
    decided()
    fault_points.point("restore-decided")
    finish_restore(path)


def newest_usable(files: BackupFiles) -> tuple[Path | None, list[str]]:
    """Return the newest backup that is whole, and why those newer than it are not."""
    refused: list[str] = []
    try:
        paths = files.newest_first()
    except OSError as error:
        return None, [f"{files.folder} cannot be read: {error.strerror}"]
    for path in paths:
        try:
            files.verify(path)
        except (BackupUnusable, StoreError) as error:
            refused.append(str(error))
        else:
            return path, refused
    return None, refused


def loss_of(path: Path, backup: Backup) -> Loss:
    """Return what would be lost if a backup took the place of the present record; nothing of it is changed."""
    if not path.is_file():
        return Loss(runs=0, unknown="there is no record at present")
    try:
        # Not immutable: what is in the log of writes counts too.
        uri = f"{path.absolute().as_uri()}?mode=ro"
        with contextlib.closing(sqlite3.connect(uri, uri=True)) as present:
            count, first, last = present.execute(
                "SELECT count(*), min(created_at), max(created_at) FROM runs WHERE id > ?", (backup.newest_run or 0,)
            ).fetchone()
    except sqlite3.Error as error:
        return Loss(runs=0, unknown=f"the present record cannot be read: {error}")
    return Loss(runs=int(count), first=_moment(first), last=_moment(last))


def highest_number(path: Path) -> int:
    """Return the highest number a run of this record ever had, as far as it can be read; else 0."""
    try:
        with contextlib.closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as record:
            found = record.execute("SELECT seq FROM sqlite_sequence WHERE name = 'runs'").fetchone()
            return 0 if found is None else int(found[0])
    except (sqlite3.Error, ValueError):
        return 0


def _prepare(folder: Path, backup: Path, restored: Restored, numbers_used: int) -> None:
    new = folder / _NEW
    claim_private(new)
    shutil.copyfile(backup, new)
    with opened(new) as copy:
        try:
            check_whole(copy, new)
        except TaskSchedulerError as error:
            raise sqlite3.DatabaseError(f"what was copied is not whole: {error}") from error
    with contextlib.closing(sqlite3.connect(new, isolation_level=None)) as copy:
        copy.execute("BEGIN IMMEDIATE")
        put_text(copy, RESTORED, restored.text())
        put_text(copy, UNSETTLED, restored.text())
        copy.execute("DELETE FROM state WHERE name = ?", (FACT,))
        _raise_numbers(copy, numbers_used)
        copy.execute("COMMIT")
    sync(new)


def recognise_copy(record: sqlite3.Connection, path: Path, *, at: datetime, numbers_used: int) -> None:
    """Take note of a backup that somebody has put in the place of the record by hand, within the caller's transaction.

    A backup tells of itself, which a record never does.
    """
    told = fact_in(record)
    taken_at = told.get("taken_at")
    if taken_at is None:
        return
    restored = Restored(
        at=at, taken_at=datetime.fromisoformat(taken_at), backup=path.name, because=COPIED_BY_HAND, aside=""
    )
    put_text(record, RESTORED, restored.text())
    put_text(record, UNSETTLED, restored.text())
    record.execute("DELETE FROM state WHERE name = ?", (FACT,))
    _raise_numbers(record, numbers_used)


def _raise_numbers(copy: sqlite3.Connection, used: int) -> None:
    """Have the next run get a number that none had, whatever became of the record of it."""
    found = copy.execute("SELECT seq FROM sqlite_sequence WHERE name = 'runs'").fetchone()
    used = max(used, 0 if found is None else int(found[0]))
    if used == 0:
        return
    last = round_up(used)
    if found is None:
        copy.execute("INSERT INTO sqlite_sequence (name, seq) VALUES ('runs', ?)", (last,))
    else:
        copy.execute("UPDATE sqlite_sequence SET seq = ? WHERE name = 'runs'", (last,))


def _told(error: OSError) -> str:
    """Return what went wrong, and with which file where that is known."""
    what = error.strerror or str(error)
    return f"{what}: {error.filename}" if error.filename and error.strerror else what


def _moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


def _folder(path: Path) -> Path:
    return path.with_name(f".{path.name}.restoring")


def _preparing(path: Path) -> Path:
    return path.with_name(f".{path.name}.restoring.tmp")
