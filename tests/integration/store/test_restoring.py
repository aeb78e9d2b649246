"""A backup in the place of the record: at every moment one of the two is whole."""

import asyncio
import json
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from datetime import UTC
from pathlib import Path

import pytest

from task_scheduler.core.errors import RecordGone, StoreError
from task_scheduler.core.restoring import RESTORED, UNSETTLED, Restored
from task_scheduler.core.runs import AttemptId, AttemptState, RunKind, RunState
from task_scheduler.fault_points import VARIABLE
from task_scheduler.ports import FoundAttempt, RunFilter
from task_scheduler.store.backup_files import BackupFiles
from task_scheduler.store.restoring import aside_for, finish_restore, loss_of, newest_usable, put_aside, restore
from task_scheduler.store.sqlite import SqliteStore
from task_scheduler.testing.builders import a_request, a_slot, admit_task, after
from task_scheduler.testing.clock import NOON
from task_scheduler.testing.loops import in_event_loop

Open = Callable[..., SqliteStore]

#: Opens the record, puts something on record that stays in the log of writes, and dies.
DYING = """
import asyncio, os, sys
from pathlib import Path
from task_scheduler.store.sqlite import SqliteStore
from task_scheduler.testing.builders import a_request
from task_scheduler.testing.clock import FakeClock
folder = Path(sys.argv[1])
store = SqliteStore.open(folder / "scheduler.db", clock=FakeClock(), sources=folder / "s", backups=folder / "backups")
asyncio.run(store.request(a_request("in the log of writes")))
os._exit(0)
"""
#: Restores the newest backup, with whatever fault the environment has.
RESTORING = """
import sys
from datetime import datetime
from pathlib import Path
from task_scheduler.core.restoring import Restored
from task_scheduler.store.restoring import restore
path, backup, at = Path(sys.argv[1]), Path(sys.argv[2]), datetime.fromisoformat("2026-03-01T13:00:00+00:00")
restored = Restored(at=at, taken_at=at, backup=backup.name, because="a test", aside="replaced/old")
restore(path, backup, restored, aside=path.parent / "replaced" / "old", numbers_used=0)
"""
#: Restores it in copies of a folder, 1, 2, 3 …, and dies in each before one more change to a file; the last one lives.
DYING_EVERYWHERE = """
import os, shutil, signal, sys
from datetime import datetime
from itertools import count
from pathlib import Path
from task_scheduler.core.restoring import Restored
from task_scheduler.store.restoring import restore

CHANGES = {"os.rename", "os.remove", "os.rmdir", "os.mkdir", "sqlite3.connect"}
left = None

def before(event, arguments):
    global left
    if left is None or not (event in CHANGES or (event == "open" and arguments[2] & (os.O_WRONLY | os.O_RDWR))):
        return
    left -= 1
    if left == 0:
        os.kill(os.getpid(), signal.SIGKILL)

sys.addaudithook(before)
template, copies, name = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]
at = datetime.fromisoformat("2026-03-01T13:00:00+00:00")
restored = Restored(at=at, taken_at=at, backup=name, because="a test", aside="replaced/old")
for number in count(1):
    folder = copies / str(number)
    shutil.copytree(template, folder)
    pid = os.fork()
    if pid == 0:
        left = number
        path = folder / "scheduler.db"
        restore(path, folder / "backups" / name, restored, aside=folder / "replaced" / "old", numbers_used=0)
        os._exit(0)
    if os.waitpid(pid, 0)[1] == 0:
        break
"""
#: Puts the record aside, with whatever fault the environment has.
PUTTING_ASIDE = """
import sys
from pathlib import Path
from task_scheduler.store.restoring import put_aside
path = Path(sys.argv[1])
put_aside(path, path.parent / "damaged" / "old")
"""


def a_restored(**changes: object) -> Restored:
    given = {"at": after(3600), "taken_at": NOON, "backup": "b.db", "because": "the record was damaged", "aside": "x"}
    return Restored(**{**given, **changes})  # type: ignore[arg-type]


def requests_in(database: Path) -> list[str]:
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as shell:
        assert shell.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        return [name for (name,) in shell.execute("SELECT request_id FROM runs ORDER BY id")]


@pytest.fixture
def backup(open_store: Open, tmp_path: Path) -> Path:
    """A backup with one run; the record has that and two more by now, the last in its log of writes."""

    async def fill(store: SqliteStore) -> str:
        await admit_task(store)
        await store.request(a_request("before"))
        name = (await store.backup(why="a test")).backup.name
        await store.request(a_request("after"))
        return name

    store = open_store()
    name = asyncio.run(fill(store))
    store.close()
    subprocess.run([sys.executable, "-c", DYING, str(tmp_path)], check=True, timeout=60)
    assert (tmp_path / "scheduler.db-wal").stat().st_size > 0
    return tmp_path / "backups" / name


def test_a_restored_record_tells_of_it_and_numbers_no_run_twice(backup: Path, database: Path, open_store: Open) -> None:
    aside = aside_for(database, "replaced", NOON)
    restore(database, backup, a_restored(), aside=aside, numbers_used=1_998)

    store = open_store()
    told = [asyncio.run(store.get(name)) for name in (RESTORED, UNSETTLED)]
    run, is_new = asyncio.run(store.request(a_request("now")))

    assert [Restored.parse(text or "") for text in told] == [a_restored(), a_restored()]
    assert (run.id, is_new) == (2_001, True)
    assert requests_in(database) == ["before", "now"]


def test_the_record_before_is_kept_with_its_log_of_writes(backup: Path, database: Path, tmp_path: Path) -> None:
    aside = aside_for(database, "replaced", NOON)
    restore(database, backup, a_restored(), aside=aside, numbers_used=0)

    assert requests_in(aside / "scheduler.db") == ["before", "after", "in the log of writes"]
    assert aside == tmp_path / "replaced" / "scheduler-20260301T120000Z"
    assert aside_for(database, "replaced", NOON) == aside.with_name(f"{aside.name}-2")
    assert aside.stat().st_mode & 0o777 == aside.parent.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize(
    ("point", "holds_new"),
    [
        ("restore-prepared", False),
        ("restore-decided", True),
        ("record-part-aside", True),
        ("restore-old-aside", True),
        ("restore-installed", True),
    ],
)
def test_a_death_in_the_middle_leaves_one_of_the_two_whole(
    backup: Path, database: Path, open_store: Open, monkeypatch: pytest.MonkeyPatch, point: str, *, holds_new: bool
) -> None:
    monkeypatch.setenv(VARIABLE, f"{point}:KILL")
    died = subprocess.run([sys.executable, "-c", RESTORING, str(database), str(backup)], check=False, timeout=60)
    assert died.returncode == -signal.SIGKILL
    if holds_new:
        with pytest.raises(StoreError, match="was interrupted: the next start of the scheduler finishes it"):
            SqliteStore.open_reader(database)

    open_store().close()

    expected = ["before"] if holds_new else ["before", "after", "in the log of writes"]
    assert requests_in(database) == expected
    assert not list(database.parent.glob(".scheduler.db.restoring*"))
    if holds_new:
        assert requests_in(database.parent / "replaced" / "old" / "scheduler.db")[1:] == [
            "after",
            "in the log of writes",
        ]


def test_a_death_before_any_change_to_a_file_leaves_one_of_the_two_whole(
    backup: Path, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    old, new = ["before", "after", "in the log of writes"], ["before"]
    copies = tmp_path_factory.mktemp("copies")
    command = [sys.executable, "-c", DYING_EVERYWHERE, str(tmp_path), str(copies), backup.name]
    subprocess.run(command, check=True, timeout=60)

    became = []
    for folder in sorted(copies.iterdir(), key=lambda folder: int(folder.name)):
        record = folder / "scheduler.db"
        finish_restore(record)
        became.append(requests_in(record))
        if became[-1] == new:
            assert requests_in(folder / "replaced" / "old" / "scheduler.db") == old
        assert not list(folder.glob(".scheduler.db.restoring*"))

    decided = became.index(new)
    assert became == [old] * decided + [new] * (len(became) - decided)
    assert decided >= 5, "nothing was cut off before it was decided"
    assert len(became) - decided >= 5, "nothing was cut off after that"


def test_a_record_whose_putting_aside_is_cut_off_is_gone_and_never_shorter_than_it_was(
    backup: Path, database: Path, open_store: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert backup.exists()
    monkeypatch.setenv(VARIABLE, "record-part-aside:KILL")
    died = subprocess.run([sys.executable, "-c", PUTTING_ASIDE, str(database)], check=False, timeout=60)
    assert died.returncode == -signal.SIGKILL

    with pytest.raises(RecordGone):
        open_store()

    assert not database.exists()
    put_aside(database, database.parent / "damaged" / "old")
    assert requests_in(database.parent / "damaged" / "old" / "scheduler.db")[-1] == "in the log of writes"


def test_a_restore_that_cannot_be_made_ready_changes_nothing(backup: Path, database: Path, tmp_path: Path) -> None:
    (tmp_path / ".scheduler.db.restoring.tmp").touch()

    with pytest.raises(StoreError, match="could not be restored"):
        restore(database, backup, a_restored(), aside=tmp_path / "replaced" / "x", numbers_used=0)

    assert requests_in(database) == ["before", "after", "in the log of writes"]


def test_nothing_is_finished_where_nothing_was_begun(database: Path) -> None:
    database.write_text("untouched")

    finish_restore(database)

    assert database.read_text() == "untouched"


def test_what_would_be_lost_is_counted_in_the_present_record(backup: Path, database: Path, tmp_path: Path) -> None:
    files = BackupFiles(tmp_path / "backups", database)

    loss = loss_of(database, files.describe(backup))

    assert (loss.runs, loss.first, loss.last, loss.unknown) == (2, NOON, NOON, "")
    database.write_bytes(b"\xa5" * 4096)
    assert "cannot be read" in loss_of(database, files.describe(backup)).unknown
    assert "no record" in loss_of(tmp_path / "missing.db", files.describe(backup)).unknown


def test_the_newest_backup_that_is_whole_is_the_one(backup: Path, database: Path, tmp_path: Path) -> None:
    files = BackupFiles(tmp_path / "backups", database)
    newer = backup.with_name("scheduler-20260302T120000Z.db")
    newer.write_bytes(b"\xa5" * 8192)

    found, refused = newest_usable(files)

    assert found == backup
    assert len(refused) == 1
    assert str(newer) in refused[0]


def test_what_is_told_of_a_restore_is_read_back() -> None:
    restored = a_restored(because="two\nlines", outputs=3)

    assert Restored.parse(restored.text()) == a_restored(because="two lines", outputs=3)
    sentence = restored.sentence(UTC)
    assert "restored from the backup of 2026-03-01 12:00:00 UTC (b.db)" in sentence
    assert "3 of its outputs remain in logs/runs" in sentence
    with pytest.raises(ValueError, match="not enough values"):
        Restored.parse("no")


# --- attempts that hosts know -----------------------------------------------------------------------------

CARD = json.dumps({"host": "h", "pid": None, "start": None, "boot": "b"})


def found(run_id: int, number: int = 1, task_id: str | None = "report") -> FoundAttempt:
    return FoundAttempt(
        id=AttemptId(run_id=run_id, number=number),
        task_id=task_id,
        placement=CARD,
        environment="e",
        output=f"{task_id}/{run_id}.{number}.log",
        started_at=NOON,
    )


@in_event_loop
async def test_an_attempt_that_is_not_on_record_is_put_there_with_its_run(store: SqliteStore) -> None:
    taken = await store.take_in([found(50)], after(1))

    (run,) = await store.runs(RunFilter())
    (attempt,) = await store.attempts(50)
    assert taken == [AttemptId(run_id=50, number=1)]
    assert (run.id, run.kind, run.state, run.task_id) == (50, RunKind.RECOVERED, RunState.QUEUED, "report")
    assert (attempt.state, attempt.placement, attempt.output) == (AttemptState.CLAIMED, CARD, "report/50.1.log")
    assert (await store.tasks())[0].path == "report.py"
    assert await store.take_in([found(50)], after(2)) == taken


@in_event_loop
async def test_an_attempt_whose_task_is_not_known_is_left_out(store: SqliteStore) -> None:
    assert await store.take_in([found(50, task_id=None)], after(1)) == []
    assert await store.runs(RunFilter()) == []


@in_event_loop
async def test_of_a_run_on_record_only_a_newer_attempt_is_new(store: SqliteStore) -> None:
    (job,) = await admit_task(store)
    (run,) = await store.claim([a_slot(job)], {job.id: None})
    ended, _ = await store.request(a_request("ended"))

    taken = await store.take_in([found(run.id, 3)], after(1))

    assert taken == [AttemptId(run_id=run.id, number=3)]
    held = await store.run(run.id)
    assert held is not None
    assert (held.attempts, held.kind) == (3, RunKind.SCHEDULED)
    (opened, *_), _ = [attempts for _, attempts in await store.open_runs()]
    assert opened.id.number == 3
    assert ended.id != run.id


def test_a_restore_that_is_never_decided_is_not_told_and_says_which_file_is_in_its_way(
    backup: Path, database: Path
) -> None:
    in_the_way = database.with_name(f".{database.name}.restoring.tmp")
    in_the_way.touch()
    aside = aside_for(database, "replaced", NOON)
    decided: list[str] = []

    def try_it() -> None:
        note = "decided"
        restore(database, backup, a_restored(), aside=aside, numbers_used=0, decided=lambda: decided.append(note))

    with pytest.raises(StoreError, match=f"File exists: {in_the_way}"):
        try_it()
    before = list(decided)
    in_the_way.unlink()
    try_it()

    assert (before, decided) == ([], ["decided"])
