"""What becomes of a record that is damaged or gone: the parts of the store and of the hosts put together for it."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path

from task_scheduler import composition
from task_scheduler.core.errors import DatabaseDamaged, RecordGone, RecordLost, StoreError
from task_scheduler.core.restoring import Restored
from task_scheduler.execution import leftovers
from task_scheduler.machine_zone import machine_zone
from task_scheduler.ports import Clock
from task_scheduler.services.restoration import Restoration
from task_scheduler.services.service import Publish
from task_scheduler.settings import Paths, Settings
from task_scheduler.store.backup_files import BackupFiles
from task_scheduler.store.opening import check_unharmed
from task_scheduler.store.restoring import (
    DAMAGED,
    REPLACED,
    aside_for,
    files_of,
    highest_number,
    is_half_done,
    newest_usable,
    put_aside,
    restore,
)
from task_scheduler.store.sqlite import SqliteStore

_BACKUPS = "backups"


def backups_folder(paths: Paths) -> Path:
    """Return where backups are."""
    return paths.data / _BACKUPS


def backup_files(paths: Paths) -> BackupFiles:
    """Return the backups of a project's record."""
    return BackupFiles(backups_folder(paths), paths.database.resolve())


def open_record(
    settings: Settings, paths: Paths, *, run_folder: Path, clock: Clock, new_record: bool = False
) -> SqliteStore:
    """Open the record for the scheduler, which a damaged one, or one that is gone, is restored for.

    With `new_record` such a one is put aside instead, and a new one begun. Raises RecordLost where there is nothing to
    restore, and what `SqliteStore.open` raises.
    """
    keeper = _Keeper(paths, clock)
    return SqliteStore.open(
        paths.database,
        clock=clock,
        sources=run_folder / "sources",
        backups=backups_folder(paths),
        keep_backups=timedelta(seconds=settings.database.backup_keep),
        rescue=keeper.begin_anew if new_record else keeper.restore_newest,
        numbers_used=lambda: numbers_used(paths),
    )


def whole_backup(paths: Paths) -> tuple[str, datetime] | None:
    """Return the name and the moment of the backup that a start restores; None: none is whole. All of it is read."""
    files = backup_files(paths)
    backup, _ = newest_usable(files)
    return None if backup is None else (backup.name, files.describe(backup).taken_at)


def foretold(paths: Paths) -> str:
    """Return in a line what a start does about a record that is damaged or gone; empty: it is neither.

    No scheduler may be running. Raises RecordLost where nothing can take its place.
    """
    path, files = paths.database.resolve(), backup_files(paths)
    if is_half_done(path):
        return f"the restore of {_shown(path, paths)} was interrupted: a start finishes it"
    try:
        check_unharmed(path, has_backups=any(files.folder.glob("*.db")))
    except (DatabaseDamaged, RecordGone) as error:
        backup, refused = newest_usable(files)
        if backup is None:
            raise RecordLost(str(error), str(files.folder), refused) from error
        found = files.describe(backup)
        count = leftovers.outputs_after(composition.outputs_folder(paths), found.newest_run or 0)
        outputs = f"; {count:,} output{'' if count == 1 else 's'} would be without a run" if count else ""
        at = found.taken_at.astimezone(machine_zone())
        return f"{error}; a start restores it from the backup of {at:%Y-%m-%d %H:%M:%S %Z} ({found.name}){outputs}"
    except StoreError:
        pass  # what else is wrong is not for a backup to mend
    return ""


def restoration_of(paths: Paths, store: SqliteStore, *, clock: Clock, publish: Publish) -> Restoration:
    """Return what puts a restored record in step with the world again."""
    return Restoration(
        ledger=store,
        recovery=store,
        state=store,
        found=lambda: leftovers.found_attempts(
            composition.hosts_folder(paths), composition.outputs_folder(paths).absolute()
        ),
        clock=clock,
        zone=machine_zone(),  # as the lines of the log have it
        publish=publish,
    )


def restore_backup(paths: Paths, backup: Path, *, clock: Clock, because: str, kind: str = REPLACED) -> Restored:
    """Put a verified backup in the place of the record, whose lock the caller holds; raises StoreError."""
    path, files = paths.database.resolve(), backup_files(paths)
    described = files.describe(backup)
    now = clock.now()
    aside = aside_for(path, kind, now)
    restored = Restored(
        at=now,
        taken_at=described.taken_at,
        backup=described.name,
        because=because,
        aside=_shown(aside, paths) if files_of(path) else "",
        outputs=leftovers.outputs_after(composition.outputs_folder(paths), described.newest_run or 0),
    )

    def note_it() -> None:
        # In a folder that cannot be written, nothing is removed either.
        with suppress(OSError):
            files.note_restored(backup, now)

    used = max(numbers_used(paths), highest_number(path))
    restore(path, backup, restored, aside=aside, numbers_used=used, decided=note_it)
    return restored


def numbers_used(paths: Paths) -> int:
    """Return the highest number of a run that its output or a host tells of; 0: none is told of."""
    return leftovers.highest_number(composition.hosts_folder(paths), composition.outputs_folder(paths))


class _Keeper:
    """Puts a record right that cannot be opened."""

    def __init__(self, paths: Paths, clock: Clock) -> None:
        self._paths = paths
        self._clock = clock

    def restore_newest(self, error: StoreError) -> bool:
        """Put the newest backup that is whole in its place: no new record is to be made. Raises RecordLost."""
        files = backup_files(self._paths)
        backup, refused = newest_usable(files)
        if backup is None:
            raise RecordLost(str(error), str(files.folder), refused) from error
        restore_backup(self._paths, backup, clock=self._clock, because=str(error), kind=DAMAGED)
        return False

    def begin_anew(self, _error: StoreError) -> bool:
        """Put it aside: a new one is to be made. Raises StoreError."""
        path = self._paths.database.resolve()
        try:
            put_aside(path, aside_for(path, DAMAGED, self._clock.now()))
        except OSError as refused:
            raise StoreError(f"{path} cannot be put aside: {refused.strerror}") from refused
        return True


def _shown(path: Path, paths: Paths) -> str:
    return str(path.relative_to(paths.root)) if path.is_relative_to(paths.root) else str(path)
