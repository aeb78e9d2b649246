"""Backups by hand, where no scheduler works: the composition root of that. It holds the project's lock meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

from task_scheduler import composition, rescue
from task_scheduler.clock import SystemClock
from task_scheduler.core.backups import ASKED_FOR, Backup, WrittenBackup
from task_scheduler.core.errors import (
    AlreadyRunning,
    BackupUnusable,
    DatabaseDamaged,
    RecordGone,
    SchemaTooNew,
    StoreError,
    TaskSchedulerError,
    UnknownBackup,
)
from task_scheduler.core.restoring import BY_HAND, Restored
from task_scheduler.project import Project
from task_scheduler.settings import load_settings
from task_scheduler.store.locks import ProjectLock
from task_scheduler.store.restoring import Loss, finish_restore, loss_of
from task_scheduler.store.sqlite import SqliteStore


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """A verified backup that is about to be restored, and what would be lost by that."""

    path: Path
    backup: Backup
    loss: Loss


class _AtWork(AlreadyRunning):
    """The project's own scheduler keeps a command from taking its place: no other one is meant."""

    def __init__(self, root: Path, holder: str) -> None:
        TaskSchedulerError.__init__(self, f"the scheduler of {root} is running ({holder})")
        self.holder = holder


class Safekeeping:
    """The backups of one project."""

    def __init__(self, project: Project) -> None:
        """Read the project's settings; raises SettingsError."""
        self._settings, self._paths = load_settings(project)
        self._clock = SystemClock()
        self._files = rescue.backup_files(self._paths)
        self.folder = self._files.folder  #: where backups are

    def backups(self, *, verify: bool) -> list[Backup]:
        """Return the backups, newest first; with `verify` all of each is read. Raises StoreError."""
        try:
            backups = self._files.describe_all()
        except OSError as error:
            raise StoreError(f"{self.folder} cannot be read: {error.strerror}") from error
        return [self._verified(backup) if verify and not backup.problem else backup for backup in backups]

    def back_up(self, *, pause: Callable[[float], object], note: Callable[[str], None]) -> WrittenBackup:
        """Write a backup now; raises AlreadyRunning, and StoreError where there is no record yet."""
        with self._in_place("backup now", pause=pause, note=note):
            if not self._paths.database.is_file():
                raise StoreError(f"there is no record yet: {self._paths.database} is made by the first start")
            try:
                with SqliteStore.open(
                    self._paths.database,
                    clock=self._clock,
                    sources=composition.run_folder(self._paths) / "sources",
                    backups=self.folder,
                    keep_backups=timedelta(seconds=self._settings.database.backup_keep),
                    work="backup now",
                ) as store:
                    return asyncio.run(store.backup(why=ASKED_FOR))
            except (DatabaseDamaged, RecordGone) as error:
                error.whole_backup = rescue.whole_backup(self._paths)
                raise

    def foretold(self) -> str:
        """Return in a line what a start does about a record that is damaged or gone; empty: it is neither.

        Raises RecordLost where nothing can take its place.
        """
        return rescue.foretold(self._paths)

    @contextmanager
    def restoring(
        self, name: str, *, pause: Callable[[float], object], note: Callable[[str], None]
    ) -> Iterator[tuple[Chosen, Callable[[], Restored]]]:
        """Give the backup of this name, verified, and what restores it; no scheduler can start meanwhile.

        Raises UnknownBackup, BackupUnusable, SchemaTooNew, AlreadyRunning and StoreError.
        """
        path = self._paths.database.resolve()
        # A wrong name first: who has shut the scheduler down should not find out about it only then.
        self._named(name)
        with ExitStack() as held:
            held.enter_context(self._in_place("backup restore", pause=pause, note=note))
            self._paths.create_folders()
            lock = path.with_name(f"{path.name}.lock")
            held.enter_context(ProjectLock(lock, str(path), since=self._clock.now(), work="backup restore"))
            finish_restore(path)
            # Once more: the newest may be another one by now.
            chosen = self._named(name)
            self._files.verify(chosen)
            backup = self._files.describe(chosen)

            def restore() -> Restored:
                return rescue.restore_backup(self._paths, chosen, clock=self._clock, because=BY_HAND)

            yield Chosen(path=chosen, backup=backup, loss=loss_of(path, backup)), restore

    def _named(self, name: str) -> Path:
        try:
            return self._files.named(name)
        except OSError as error:
            raise UnknownBackup(f"{self.folder} cannot be read: {error.strerror}") from error

    def _verified(self, backup: Backup) -> Backup:
        """Return what is known of a backup once all of it was read."""
        try:
            self._files.verify(self.folder / backup.name)
        except BackupUnusable as error:
            return replace(backup, problem=error.finding, is_verified=False)
        except SchemaTooNew as error:
            return replace(backup, problem=str(error), is_verified=False)
        return replace(backup, is_verified=True)

    @contextmanager
    def _in_place(self, work: str, *, pause: Callable[[float], object], note: Callable[[str], None]) -> Iterator[None]:
        """Hold the project for as long as it takes; raises AlreadyRunning and StoreError."""
        self._paths.data.mkdir(parents=True, exist_ok=True)
        folder = composition.run_folder(self._paths)
        what = f"the project folder {self._paths.root}"
        lock = ProjectLock(folder / "scheduler.lock", what, since=self._clock.now(), work=work)
        with ExitStack() as held:
            try:
                held.enter_context(lock.acquire_in_turn(tell=note, pause=pause))
            except AlreadyRunning as error:
                raise error if error.work else _AtWork(self._paths.root, error.holder) from None
            yield
