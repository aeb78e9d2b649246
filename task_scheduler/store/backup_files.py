"""The files in the folder of backups: found, described and verified, with no library beside the standard one.

Beside them stands SHA256SUMS, which tells what each was when it was verified, as `sha256sum -c SHA256SUMS` reads it, and
RESTORED, which tells when one was put in the place of the record. What a backup tells of itself is a fact in its own
table `state`, so that a single file can be taken elsewhere.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import sqlite3
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from task_scheduler.core.backups import Backup
from task_scheduler.core.errors import BackupUnusable, SchemaTooNew, UnknownBackup
from task_scheduler.private_files import claim_private
from task_scheduler.store.schema import REVISIONS
from task_scheduler.typed_paths import UnusablePath, typed_path

SUMS = "SHA256SUMS"
#: Tells which backups were put in the place of the record: when, and the name, a line each.
RESTORED = "RESTORED"
#: The fact in which a backup tells of itself.
FACT = "backup"
#: Tables of every schema there was, whose rows are counted.
COUNTED = ("tasks", "versions", "jobs", "runs", "attempts")
#: What the word for the newest backup is.
LATEST = "latest"
_TIME = "%Y%m%dT%H%M%SZ"
_PIECE = 1 << 20
#: Names of backups that a message spells out.
_NAMED = 5


class BackupFiles:
    """The backups of one database."""

    def __init__(self, folder: Path, database: Path) -> None:
        self.folder = folder
        self._stem = database.stem
        self._name = re.compile(rf"{re.escape(database.stem)}-(\d{{8}}T\d{{6}}Z)(?:-([1-9]\d*))?\.db")

    def free_name_at(self, moment: datetime) -> str:
        """Return a name for a backup taken at a moment that none has, nor had as far as a checksum tells."""
        stem = f"{self._stem}-{moment.astimezone(UTC):{_TIME}}"
        known, number, name = self._sums(), 1, f"{stem}.db"
        while name in known or (self.folder / name).exists():
            number += 1
            name = f"{stem}-{number}.db"
        return name

    def taken_at(self, name: str) -> datetime | None:
        """Return when the backup of this name was taken; None: no backup of ours has that name."""
        order = self._order(name)
        return None if order is None else order[0]

    def newest_first(self) -> list[Path]:
        """Return the finished backups; raises OSError when the folder cannot be read, none where it is missing."""
        try:
            names = os.listdir(self.folder)  # noqa: PTH208 - of `Path`, names alone cost a Path each
        except FileNotFoundError:
            return []
        orders = {name: order for name in names if (order := self._order(name)) is not None}
        return [self.folder / name for name in sorted(orders, key=orders.__getitem__, reverse=True)]

    def named(self, name: str) -> Path:
        """Return the backup of this name, `latest`, or that a path names; raises UnknownBackup."""
        paths = self.newest_first()
        if name == LATEST:
            if not paths:
                raise UnknownBackup(f"there is no backup in {self.folder}")
            return paths[0]
        for path in paths:
            if name in {path.name, path.stem}:
                return path
        with contextlib.suppress(UnusablePath):
            elsewhere = typed_path(name)
            if elsewhere.is_file():
                # By whatever path one of the folder is named, it is that one, with its checksum.
                return next((path for path in paths if path.samefile(elsewhere)), elsewhere)
        raise UnknownBackup(
            f"no backup {name!r}, neither in {self.folder} nor as the path of a file: {_those([p.name for p in paths])}"
        )

    def describe(self, path: Path) -> Backup:
        """Return what a backup tells of itself, without reading all of it."""
        return self._describe(path, self._sums(), self._restored())

    def describe_all(self) -> list[Backup]:
        """Return what all backups tell of themselves, newest first; raises OSError when the folder cannot be read."""
        sums, restored = self._sums(), self._restored()
        return [self._describe(path, sums, restored) for path in self.newest_first()]

    def _describe(self, path: Path, sums: Collection[str], restored: Mapping[str, datetime]) -> Backup:
        size, problem = 0, ""
        fact: Mapping[str, Any] = {}
        try:
            size = path.stat().st_size
            with opened(path) as database:
                fact = fact_in(database)
        except (OSError, sqlite3.Error) as error:
            problem = f"it cannot be read: {error}"
        taken_at = _moment(fact.get("taken_at")) or self.taken_at(path.name) or _changed_at(path)
        is_ours = path.parent == self.folder
        return Backup(
            name=path.name,
            taken_at=taken_at,
            bytes=size,
            why=str(fact.get("why", "")),
            runs=fact.get("rows", {}).get("runs"),
            newest_run=fact.get("newest_run"),
            newest_run_at=_moment(fact.get("newest_run_at")),
            restored_at=restored.get(path.name) if is_ours else None,
            is_verified=is_ours and path.name in sums and not problem,
            problem=problem,
        )

    def verify(self, path: Path) -> None:
        """Read all of a backup; raises BackupUnusable, or SchemaTooNew, unless it is what was written and is whole."""
        try:
            told = self._sums().get(path.name) if path.parent == self.folder else None
            if told is not None and told != digest_of(path):
                raise BackupUnusable(
                    str(path),
                    f"it is not what was written: {SUMS} tells another checksum; if that was you, take its "
                    f"line out of {self.folder / SUMS}",
                )
            with opened(path) as database:
                check_whole(database, path)
        except sqlite3.Error as error:
            raise BackupUnusable(str(path), str(error)) from error
        except OSError as error:
            raise BackupUnusable(str(path), error.strerror or str(error)) from error

    def put_sum(self, name: str, digest: str) -> None:
        """Take down the checksum of a backup; raises OSError."""
        self._write_sums(self._sums() | {name: digest})

    def drop_sums_of_missing(self) -> None:
        """Forget the checksums of backups that are gone, which `sha256sum -c` would miss; raises OSError."""
        there = {path.name for path in self.newest_first()}
        sums = self._sums()
        if sums.keys() - there:
            self._write_sums({name: digest for name, digest in sums.items() if name in there})

    def note_restored(self, path: Path, at: datetime) -> None:
        """Take down that a backup is put in the place of the record, so that it stays; raises OSError.

        One that is not in the folder is not ours to keep.
        """
        if path.parent != self.folder:
            return
        there = {each.name for each in self.newest_first()}
        moments = {name: moment for name, moment in self._restored().items() if name in there} | {path.name: at}
        oldest_first = sorted(moments.items(), key=lambda each: each[1])
        self._write(RESTORED, (f"{moment.isoformat()}  {name}\n" for name, moment in oldest_first))

    def _sums(self) -> dict[str, str]:
        return {name.lstrip("*"): digest for digest, name in self._pairs(SUMS)}

    def _write_sums(self, sums: Mapping[str, str]) -> None:
        self._write(SUMS, (f"{digest}  {name}\n" for name, digest in sorted(sums.items())))

    def _restored(self) -> dict[str, datetime]:
        return {name: moment for text, name in self._pairs(RESTORED) if (moment := _moment(text)) is not None}

    def _pairs(self, name: str) -> list[tuple[str, str]]:
        """Return the lines of a file beside the backups, at the first gap in two; none where it cannot be read."""
        try:
            text = (self.folder / name).read_text(encoding="utf-8", errors="replace")
        except OSError:
            return []
        lines = (line.split(maxsplit=1) for line in text.splitlines())
        return [(words[0], words[1]) for words in lines if len(words) == 2]

    def _write(self, name: str, lines: Iterable[str]) -> None:
        """Have a file beside the backups hold these lines, all or none of them; raises OSError."""
        partial = self.folder / f".{name}.new"
        partial.unlink(missing_ok=True)
        claim_private(partial)
        with partial.open("w", encoding="utf-8") as file:
            file.writelines(lines)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(self.folder / name)
        sync(self.folder)

    def _order(self, name: str) -> tuple[datetime, int] | None:
        """Return when the backup of this name was taken, and its number within that second; None: it is not ours."""
        told = self._name.fullmatch(name)
        if told is None:
            return None
        try:
            return datetime.strptime(told[1], _TIME).replace(tzinfo=UTC), int(told[2] or 1)
        except ValueError:
            return None


@contextlib.contextmanager
def opened(path: Path) -> Iterator[sqlite3.Connection]:
    """Open a database that nobody writes to, for reading; raises sqlite3.Error."""
    # Immutable: not even a lock or an index of a log is made beside it.
    uri = f"{path.absolute().as_uri()}?mode=ro&immutable=1"
    with contextlib.closing(sqlite3.connect(uri, uri=True, isolation_level=None)) as database:
        yield database


def check_whole(database: sqlite3.Connection, path: Path) -> None:
    """Raise BackupUnusable, or SchemaTooNew, unless this is a whole record with as many rows as it says."""
    finding = str(database.execute("PRAGMA integrity_check(1)").fetchone()[0]).splitlines()[-1]
    if finding != "ok":
        raise BackupUnusable(str(path), finding)
    tables = {name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    if missing := {*COUNTED, "state", "alembic_version"} - tables:
        raise BackupUnusable(str(path), f"it is no record of a scheduler: it has no table {min(missing)}")
    revision = database.execute("SELECT version_num FROM alembic_version").fetchone()
    if revision is None:
        raise BackupUnusable(str(path), "it does not tell its schema")
    if revision[0] not in REVISIONS:
        raise SchemaTooNew(str(path), str(revision[0]))
    rows = fact_in(database).get("rows", {})
    counted = count_rows(database)
    for table, expected in rows.items():
        if counted.get(table) != expected:
            raise BackupUnusable(str(path), f"it has {counted.get(table)} rows of {table}, and says {expected}")


def count_rows(database: sqlite3.Connection) -> dict[str, int]:
    """Return how many rows each table has."""
    return {
        table: int(database.execute(f"SELECT count(*) FROM {table}").fetchone()[0])  # noqa: S608 - names of ours
        for table in COUNTED
    }


def newest_run(database: sqlite3.Connection) -> tuple[int | None, str | None]:
    """Return the number of the newest run, and when it was put on record."""
    found = database.execute("SELECT id, created_at FROM runs ORDER BY id DESC LIMIT 1").fetchone()
    return (None, None) if found is None else (int(found[0]), str(found[1]))


def put_fact(database: sqlite3.Connection, name: str, fact: Mapping[str, Any]) -> None:
    """Set a fact of a record, as JSON."""
    put_text(database, name, json.dumps(fact))


def put_text(database: sqlite3.Connection, name: str, value: str) -> None:
    """Set a fact of a record."""
    database.execute("INSERT OR REPLACE INTO state (name, value) VALUES (?, ?)", (name, value))


def digest_of(path: Path) -> str:
    """Return the SHA-256 of a file; raises OSError."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(_PIECE):
            digest.update(piece)
    return digest.hexdigest()


def sync(path: Path) -> None:
    """Have the kernel put a file or a folder on the disk now; raises OSError."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def fact_in(database: sqlite3.Connection) -> Mapping[str, Any]:
    """Return what a backup tells of itself; nothing of any other record."""
    found = database.execute("SELECT value FROM state WHERE name = ?", (FACT,)).fetchone()
    try:
        fact = json.loads(found[0]) if found is not None else {}
    except ValueError:
        return {}
    return fact if isinstance(fact, dict) else {}


def _those(names: Sequence[str]) -> str:
    """Return in words which backups there are, newest first."""
    if not names:
        return "there is none"
    more = f" and {len(names) - _NAMED:,} older" if len(names) > _NAMED else ""
    return f"there {'is' if len(names) == 1 else 'are'} {', '.join(names[:_NAMED])}{more}"


def _moment(text: object) -> datetime | None:
    """Return the aware moment a text tells; None: it tells none."""
    try:
        moment = datetime.fromisoformat(str(text))
    except ValueError:
        return None
    return moment if moment.tzinfo is not None else None


def _changed_at(path: Path) -> datetime:
    try:
        return datetime.fromtimestamp(path.stat().st_mtime, UTC)
    except OSError:
        return datetime.fromtimestamp(0, UTC)
