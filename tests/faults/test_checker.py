"""The checker itself: of a true record it finds nothing wrong, and of each lie it says which law it breaks."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest

from task_scheduler.testing.running import REPOSITORY, running_project
from tests.faults import checker, proc
from tests.faults.busy import Busy
from tests.faults.record import Record
from tests.faults.tasks import sleeping

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a real scheduler left of a few seconds' work: slots, a request, a failure with a retry."""
    kept = tmp_path_factory.mktemp("recorded") / "project"
    with running_project() as project:
        busy = Busy(project)
        project.start()
        busy.add(
            [
                sleeping("second", "every().second", 0.05),
                sleeping("failing", "every().hour", "nothing", fields="retry_count: 1\nretry_delay: 0\n"),
            ]
        )
        project.ask("start", task="failing", request_id="one")
        project.wait_for_run("failing", "failed")
        project.wait_for_run("second", "succeeded", count=2)
        assert busy.come_to_rest().violations == []
        project.close()
        shutil.copytree(project.root, kept, symlinks=True, ignore=shutil.ignore_patterns("socket", "*.sock", "hosts"))
    with closing(sqlite3.connect(kept / "data" / "scheduler.db")) as database:
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return kept


@dataclass(frozen=True)
class Doctored:
    """A copy of the record, to be falsified."""

    root: Path
    first: int  #: a run of the job each second, which succeeded
    last: int  #: and the last one of these

    def set(self, statement: str, **values: object) -> None:
        """Change the record behind everybody's back; it may name `:first` and `:last`."""
        with closing(sqlite3.connect(self.root / "data" / "scheduler.db")) as database, database:
            database.execute(statement, {"first": self.first, "last": self.last, **values})

    def violations(self, *, is_open: bool = False) -> str:
        """Return what the checker finds."""
        return "\n".join(checker.check(self.root, is_open=is_open).violations)

    def host_folder(self, card: dict[str, object]) -> Path:
        """Make a host's folder with a card."""
        folder = self.root / "data" / "run" / "hosts" / "1-a"
        folder.mkdir(parents=True)
        (folder / "host.json").write_text(json.dumps({"host": "1-a", **card}), encoding="utf-8")
        return folder


@pytest.fixture
def record(recorded: Path, tmp_path: Path) -> Doctored:
    root = tmp_path / "project"
    shutil.copytree(recorded, root, symlinks=True)
    with closing(sqlite3.connect(root / "data" / "scheduler.db")) as database:
        first, last = database.execute("SELECT min(id), max(id) FROM runs WHERE state = 'succeeded'").fetchone()
    return Doctored(root.resolve(), first, last)


@pytest.fixture
def sleeper() -> Iterator[Callable[..., subprocess.Popen[bytes]]]:
    """Start processes that sleep, and end them."""
    started: list[subprocess.Popen[bytes]] = []

    def start(**wanted: object) -> subprocess.Popen[bytes]:
        started.append(subprocess.Popen(["sleep", "60"], stdin=subprocess.DEVNULL, **wanted))  # type: ignore[call-overload]
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.wait()


def test_a_true_record_breaks_no_law(record: Doctored) -> None:
    report = checker.check(record.root)

    assert report.violations == []
    assert report.counted["effects"] > 4
    assert report.counted["slots"] >= 2
    assert report.counted["failed"] == 1


LIES = [
    ("UPDATE runs SET state = 'running', ended_at = NULL WHERE id = :first", "has no outcome"),
    ("UPDATE runs SET state = 'queued', ended_at = NULL WHERE id = :first", "has no outcome"),
    ("UPDATE runs SET ended_at = NULL WHERE id = :first", "is succeeded and has no end"),
    ("UPDATE runs SET state = 'failed' WHERE id = :first", "one of its attempts succeeded"),
    ("UPDATE runs SET state = 'missed' WHERE id = :first", "is missed, and an attempt of it began"),
    ("UPDATE runs SET executions = 2 WHERE id = :first", "counts 2 executions"),
    ("UPDATE runs SET attempts = 2 WHERE id = :first", "counts 2 attempts and has 1"),
    ("UPDATE attempts SET state = 'failed' WHERE run_id = :first", "its last attempt is failed"),
    ("UPDATE attempts SET state = 'void' WHERE run_id = :first", "is void, and its code ran"),
    ("UPDATE attempts SET state = 'claimed' WHERE run_id = :first", "is open"),
    ("UPDATE attempts SET started_at = '2020-01-01T00:00:00.000000Z' WHERE run_id = :first", "has claimed_at"),
    ("UPDATE attempts SET ended_at = '2020-01-01T00:00:00.000000Z' WHERE run_id = :first", "has started_at"),
    ("UPDATE attempts SET ended_at = '2050-01-01T00:00:00.000000Z' WHERE run_id = :first", "were at work at once"),
    ("UPDATE runs SET created_at = '2050-01-01T00:00:00.000000Z' WHERE id = :first", "has created_at"),
    ("DELETE FROM runs WHERE id = :last", "refers to a row of runs that is not there"),
    ("DELETE FROM runs WHERE id = :last", "due slots of second have no outcome"),
    ("DELETE FROM attempts WHERE run_id = :last", "had effects and is not on record"),
    ("UPDATE runs SET merged = 3, merged_from = scheduled_for WHERE id = :last", "says it stands for 4 slots"),
    (
        "UPDATE runs SET clock_generation = 1, scheduled_for = (SELECT min(scheduled_for) FROM runs) WHERE id = :last",
        "has 2 outcomes",
    ),
    (
        "UPDATE runs SET scheduled_for = replace(scheduled_for, '.000000', '.600000') WHERE id = :last",
        "no slot of it",
    ),
    ("UPDATE runs SET retry_at = ended_at WHERE id = :first", "its next attempt is at"),
]


@pytest.mark.parametrize(("statement", "expected"), LIES)
def test_a_false_row_is_found(record: Doctored, statement: str, expected: str) -> None:
    record.set(statement)

    assert expected in record.violations()


def test_an_attempt_that_began_before_the_one_before_it_ended_is_found(record: Doctored) -> None:
    record.set(
        "UPDATE attempts SET ended_at = '2040-01-01T00:00:00.000000Z' WHERE number = 1 "
        "AND run_id IN (SELECT run_id FROM attempts WHERE number = 2)"
    )

    assert "before attempt" in record.violations()


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("{name} start {pid} 1.0", "'start' of attempt {name} happened 2 times"),
        ("{name} end {pid} 1.0", "'end' of attempt {name} happened 2 times"),
        ("{name} start 1 {at}", "ran in more than one process"),
        ("999.1 start 1 1.0", "attempt 999.1 had effects and is not on record"),
    ],
)
def test_an_effect_too_many_is_found(record: Doctored, line: str, expected: str) -> None:
    effects = record.root / "effects"
    name, _, pid, at = effects.read_text(encoding="ascii").splitlines()[-1].split()

    with effects.open("a", encoding="ascii") as file:
        file.write(line.format(name=name, pid=pid, at=at) + "\n")

    assert expected.format(name=name) in record.violations()


def test_a_missing_effect_is_found(record: Doctored) -> None:
    effects = record.root / "effects"
    kept = [line for line in effects.read_text(encoding="ascii").splitlines() if " end " not in line]

    effects.write_text("\n".join(kept) + "\n", encoding="ascii")

    assert "is succeeded, and its effects are ['start']" in record.violations()


def test_a_damaged_database_is_found(record: Doctored) -> None:
    record.set("PRAGMA journal_mode = DELETE")
    database = record.root / "data" / "scheduler.db"
    content = bytearray(database.read_bytes())
    with closing(sqlite3.connect(database)) as connection:
        (page,) = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = 'runs_of_task'").fetchone()
        (size,) = connection.execute("PRAGMA page_size").fetchone()
    content[(page - 1) * size + 3 : (page - 1) * size + 5] = b"\0\0"  # an index that claims to be empty

    database.write_bytes(content)

    assert "the database is damaged" in record.violations()


def test_a_running_attempt_whose_process_is_dead_is_found(
    record: Doctored, sleeper: Callable[..., subprocess.Popen[bytes]]
) -> None:
    record.set("UPDATE runs SET state = 'running', ended_at = NULL WHERE id = :last")
    record.set("UPDATE attempts SET state = 'running', ended_at = NULL WHERE run_id = :last")
    assert "and its process" in record.violations(is_open=True)

    living = sleeper().pid
    process = f"host=1-a pid={living} start={proc.start_of(living)} boot={proc.boot_id()}"
    record.set("UPDATE attempts SET process = :process WHERE run_id = :last", process=process)
    assert record.violations(is_open=True) == ""

    record.set(
        "UPDATE attempts SET process = :process WHERE run_id = :last", process=process.replace("start=", "start=1")
    )
    assert "and its process" in record.violations(is_open=True)

    record.set("UPDATE attempts SET process = :process WHERE run_id = :last", process=process[:-3])
    assert "the machine restarted since" in record.violations(is_open=True)


def test_a_living_process_of_an_ended_attempt_is_found_by_its_variables(
    record: Doctored, sleeper: Callable[..., subprocess.Popen[bytes]]
) -> None:
    variables = {"TASK_SCHEDULER_ROOT": str(record.root), "TASK_SCHEDULER_RUN": "1", "TASK_SCHEDULER_ATTEMPT": "1"}

    pid = sleeper(env={**os.environ, **variables}).pid

    assert f"process {pid} of attempt 1.1 lives" in record.violations()


def test_a_living_process_of_an_ended_attempt_is_found_by_its_session(
    record: Doctored, sleeper: Callable[..., subprocess.Popen[bytes]]
) -> None:
    pid = sleeper(env={**os.environ, "TASK_SCHEDULER_ROOT": str(record.root)}, start_new_session=True).pid

    process = f"host=1-a pid={pid} start={proc.start_of(pid)} boot={proc.boot_id()}"
    record.set("UPDATE attempts SET process = :process WHERE run_id = 1 AND number = 1", process=process)

    assert f"process {pid} of attempt 1.1 lives" in record.violations()


def test_a_living_process_of_an_ended_attempt_is_found_by_its_mark(record: Doctored) -> None:
    attempt = Record.read(record.root).attempts["1.1"]
    mark = checker.mark_of(record.root, attempt)
    script = f"import resource, time; resource.setrlimit(10, ({mark}, {mark})); print(flush=True); time.sleep(60)"

    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout is not None
            process.stdout.readline()

            assert f"process {process.pid} of attempt 1.1 lives" in record.violations()
        finally:
            process.kill()


@pytest.mark.parametrize("name", ["1.1.attempt", "1.1.error", "1.1.order", "1.1.stop"])
def test_what_a_host_keeps_of_an_ended_attempt_is_found(record: Doctored, name: str) -> None:
    folder = record.host_folder({"pid": os.getpid(), "start": proc.start_of(os.getpid()), "boot": proc.boot_id()})

    (folder / name).touch()

    assert f"{name} of host 1-a is left, and its attempt is " in record.violations()


def test_the_folder_of_a_dead_host_is_found(record: Doctored) -> None:
    record.host_folder({"pid": os.getpid(), "start": 1, "boot": proc.boot_id()})

    assert record.violations() == "the folder of a host that is dead is left: 1-a"


def test_a_temporary_file_is_found(record: Doctored) -> None:
    (record.root / "data" / "backup.partial").touch()

    assert record.violations() == "a temporary file is left: data/backup.partial"


def test_a_host_without_a_folder_is_found(record: Doctored) -> None:
    host = record.root / "data" / "run" / "hosts" / "1-b"
    script = record.root / "host.py"
    script.write_text("print(flush=True)\nimport time\ntime.sleep(60)\n", encoding="utf-8")

    with subprocess.Popen([sys.executable, script, host], stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout is not None
            process.stdout.readline()

            assert f"host process {process.pid} lives without a card" in record.violations()
        finally:
            process.kill()


def test_a_leaked_descriptor_is_found() -> None:
    before = len(proc.descriptors(os.getpid()))

    with Path(os.devnull).open("rb"):
        found = list(checker.leaked_descriptors(os.getpid(), "this test", before))

    assert len(found) == 1
    assert f"this test (process {os.getpid()}) holds" in found[0]


def test_a_marker_that_is_held_open_is_found(tmp_path: Path) -> None:
    marker = tmp_path / "1.1.attempt"
    marker.touch()

    with marker.open("rb"):
        marker.unlink()
        found = list(checker.leaked_descriptors(os.getpid(), "this test", 1000))

    assert "holds the marker" in found[0]


def test_it_is_a_program_whose_exit_code_tells(record: Doctored) -> None:
    def judged() -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "tests.faults.checker", str(record.root)]
        return subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)

    good = judged()
    record.set("UPDATE runs SET executions = 5 WHERE id = :first")
    bad = judged()

    assert (good.returncode, good.stdout.splitlines()[-1]) == (0, "every law holds")
    assert bad.returncode == 1
    assert "VIOLATION: run" in bad.stdout
