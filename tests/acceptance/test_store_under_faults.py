"""A record that cannot be written: nothing runs that is not on record, nothing is lost, and it is said once.

What is on record is looked at with the sqlite3 module alone, what was executed by a file the tasks append to.
`TASK_SCHEDULER_LOCKED_SECONDS=300` (with `-o faulthandler_timeout=0`) has the database locked for that long instead of
some seconds, and carries out the tests that tell little more than the others, too.
"""

from __future__ import annotations

import os
import resource
import sqlite3
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from task_scheduler.testing.running import RunningProject, ledger_faults, running_project

pytestmark = pytest.mark.slow

_LONG_FORM = "TASK_SCHEDULER_LOCKED_SECONDS" in os.environ
#: Longer than the store waits for another program by itself.
LOCKED_SECONDS = float(os.environ.get("TASK_SCHEDULER_LOCKED_SECONDS", "6"))

EFFECT = """
import os
import time
from pathlib import Path


def effect():
    with open(Path(os.environ["TASK_SCHEDULER_ROOT"]) / "effects", "a") as file:
        file.write(f"{os.environ['TASK_SCHEDULER_TASK']} {os.environ['TASK_SCHEDULER_RUN']}\\n")

"""
TICK = """
@repeat(every().second)
def start():
    effect()
"""
LONG = """
@repeat(every().day.at("00:00"))
def start():
    effect()
    for number in range(12):
        print(number, flush=True)
        time.sleep(0.1)
"""
WHOLE = "".join(f"{number}\n" for number in range(12))


def _effects(project: RunningProject, task_id: str) -> list[int]:
    """Return the runs of a task that were executed, once for each time."""
    path = project.root / "effects"
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    return [int(line.split()[1]) for line in lines if line.split()[0] == task_id]


def _told(project: RunningProject, event: str) -> int:
    return project.log().count(f"| {event} |")


def _at_work(project: RunningProject) -> int:
    """Start a scheduler with a task for each second and a longer run; return that run's id once both are at work."""
    project.start()
    project.write_task("tick", EFFECT + TICK)
    project.write_task("long", EFFECT + LONG)
    project.wait_for_task("tick", "active")
    project.wait_for_task("long", "active")
    project.wait_for_run("tick", "succeeded")
    project.ask("start", task="long")
    return int(project.wait_for_run("long", "running")[0]["id"])


def _check_nothing_new_runs(project: RunningProject) -> None:
    """Wait until the failure is told; see that the scheduler answers, and starts nothing from then on."""
    project.wait_for("the failure is shown", lambda: project.ask("status")["scheduler"]["record"], 15)
    # What was on record before, for an instant to come, has begun by now.
    project.wait_for("slots are owed", lambda: _overdue(project) > 1)
    before = _effects(project, "tick")
    owed = _overdue(project)

    asked = time.monotonic()
    project.ask("status")
    answered = time.monotonic()
    project.wait_for("more slots are owed", lambda: _overdue(project) > owed + 1)

    assert answered - asked < 1.0
    assert _effects(project, "tick") == before
    assert project.is_alive()


def _overdue(project: RunningProject) -> float:
    """Return how long the slot has been due that the record owes next, in seconds."""
    (job,) = project.rows("SELECT next_run FROM jobs WHERE task_id = 'tick'")
    now = time.time()  # noqa: TID251  # the record tells instants of the wall clock
    return now - datetime.fromisoformat(job["next_run"]).timestamp()


def _check_all_is_well_again(project: RunningProject, long_run: int) -> None:
    """See that nothing was lost and nothing doubled: every end on record, each slot once, each effect once."""
    (run,) = project.wait_for_run("long", "succeeded")
    newest = max(_effects(project, "tick"), default=0)
    project.wait_for("the clock goes on", lambda: max(_effects(project, "tick")) > newest)
    project.wait_for("no failure is shown any more", lambda: project.ask("status")["scheduler"]["record"] is None)

    assert run["id"] == long_run
    assert _effects(project, "long") == [long_run]
    assert project.output(long_run) == WHOLE
    assert project.stop() == 0
    _check_record(project)


def _check_record(project: RunningProject) -> None:
    with closing(sqlite3.connect(project.root / "data" / "scheduler.db")) as shell:
        assert shell.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert shell.execute("PRAGMA foreign_key_check").fetchall() == []
        told = shell.execute("SELECT id, state, reason FROM runs WHERE task_id = 'tick' ORDER BY id").fetchall()
        states = {run: state for run, state, _ in told}
        slots = shell.execute(
            "SELECT scheduled_for, coalesce(range_end, scheduled_for), coalesce(merged_from, scheduled_for) "
            "FROM runs WHERE task_id = 'tick' ORDER BY scheduled_for"
        ).fetchall()
    executed = _effects(project, "tick")
    assert len(executed) == len(set(executed)), "a run was executed twice"
    # The newest may be a claim for an instant to come, or have begun just when the scheduler was told to stop.
    *earlier, newest = states
    succeeded = {run for run, state in states.items() if state == "succeeded"}
    assert succeeded - {newest} == set(executed) - {newest}, states
    # One that was on its way when the disk filled up may find no room for its own mark: it fails before it begins.
    begun = {run: state for run, state, reason in told if "could not begin" not in reason}
    assert {begun[run] for run in earlier if run in begun} <= {"succeeded", "skipped", "missed"}, told
    assert not {run for run in states if run not in begun} & set(executed), told
    _check_slots(slots)


def _check_slots(rows: list[tuple[str, str, str]]) -> None:
    """See that the rows of a job for each second tell of each second once, from the first one on."""
    second = timedelta(seconds=1)
    accounted: list[datetime] = []
    for first, last, merged_from in rows:
        moment, end = datetime.fromisoformat(min(first, merged_from)), datetime.fromisoformat(last)
        while moment <= end:
            accounted.append(moment)
            moment += second
    assert accounted == [accounted[0] + number * second for number in range(len(accounted))]


# --- locked -----------------------------------------------------------------------------------------------


def test_a_database_locked_by_another_program_delays_everything_and_loses_nothing(project: RunningProject) -> None:
    long_run = _at_work(project)

    with closing(sqlite3.connect(project.root / "data" / "scheduler.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        locked_until = time.monotonic() + LOCKED_SECONDS
        _check_nothing_new_runs(project)
        project.wait_for("the lock ends", lambda: time.monotonic() > locked_until, LOCKED_SECONDS + 5)
        told = _told(project, "store.failing")
        other.execute("ROLLBACK")

    _check_all_is_well_again(project, long_run)
    assert told == _told(project, "store.failing") == _told(project, "store.recovered") == 1
    assert "scheduler.db is locked by another program: end what writes to it" in project.log()


def test_a_scheduler_can_be_stopped_while_the_database_is_locked(project: RunningProject) -> None:
    long_run = _at_work(project)

    with closing(sqlite3.connect(project.root / "data" / "scheduler.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        project.wait_for("slots are owed", lambda: _overdue(project) > 1)
        began = time.monotonic()
        code = project.stop()
        took = time.monotonic() - began
        other.execute("ROLLBACK")
    project.start()

    _check_all_is_well_again(project, long_run)
    assert code == 0
    assert took < 15


# --- full -------------------------------------------------------------------------------------------------


@contextmanager
def _small_disk(folder: Path) -> Iterator[None]:
    """Have `folder` be a disk of its own, of a few megabytes; skips the test where that is not allowed."""
    folder.mkdir(parents=True, exist_ok=True)
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(folder)], capture_output=True, text=True, check=False
    )
    if mounted.returncode != 0:
        pytest.skip(f"no disk can be mounted here: {mounted.stderr.strip()}")
    try:
        yield
    finally:
        # Lazily: what is left of it goes when nobody uses it any more.
        subprocess.run(["umount", "-l", str(folder)], check=True)


@pytest.fixture
def on_a_small_disk() -> Iterator[RunningProject]:
    """A project whose `data/` is a small disk; the scheduler's log and the file of effects are elsewhere."""
    with running_project() as project, _small_disk(project.root / "data"):
        try:
            yield project
            assert ledger_faults(project) == []
        finally:
            project.close()


def _fill(disk: Path) -> Path:
    """Leave not one byte free; return the file that takes it all."""
    filler = disk / "filler"
    with filler.open("ab", buffering=0) as file:
        for size in (65_536, 4_096, 1):
            with suppress(OSError):
                while file.write(b"x" * size) == size:
                    pass
    return filler


def test_a_full_disk_starts_nothing_and_what_ran_meanwhile_is_recorded_once_there_is_room(
    on_a_small_disk: RunningProject,
) -> None:
    project = on_a_small_disk
    long_run = _at_work(project)

    filler = _fill(project.root / "data")
    _check_nothing_new_runs(project)
    filler.unlink()

    _check_all_is_well_again(project, long_run)
    assert _told(project, "store.failing") == _told(project, "store.recovered") == 1
    assert "cannot be used: the disk is full: free some space" in project.log()


def test_a_scheduler_killed_and_started_on_a_full_disk_works_as_soon_as_there_is_room(
    on_a_small_disk: RunningProject,
) -> None:
    project = on_a_small_disk
    long_run = _at_work(project)

    filler = _fill(project.root / "data")
    project.wait_for("the failure is shown", lambda: project.ask("status")["scheduler"]["record"])
    project.kill()
    _fill(project.root / "data")
    project.start()
    _check_nothing_new_runs(project)
    filler.unlink()

    _check_all_is_well_again(project, long_run)


# --- broken -----------------------------------------------------------------------------------------------


@contextmanager
def _refusing_writes(pid: int) -> Iterator[None]:
    """Have every write of a process to a file fail, as on a broken disk; its children are not affected."""
    _, hard = resource.prlimit(pid, resource.RLIMIT_FSIZE)
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (0, hard))
    try:
        yield
    finally:
        with suppress(ProcessLookupError):
            resource.prlimit(pid, resource.RLIMIT_FSIZE, (hard, hard))


def test_a_disk_that_refuses_writes_starts_nothing_and_what_ran_meanwhile_is_recorded_when_it_is_mended(
    project: RunningProject,
) -> None:
    long_run = _at_work(project)

    with _refusing_writes(project.pid):
        _check_nothing_new_runs(project)

    _check_all_is_well_again(project, long_run)


@pytest.mark.skipif(not _LONG_FORM, reason="only with TASK_SCHEDULER_LOCKED_SECONDS")
def test_a_scheduler_killed_while_its_disk_refuses_writes_has_lost_nothing(project: RunningProject) -> None:
    long_run = _at_work(project)

    with _refusing_writes(project.pid):
        project.wait_for("the failure is shown", lambda: project.ask("status")["scheduler"]["record"])
        project.kill()
    project.start()

    _check_all_is_well_again(project, long_run)


# --- read-only --------------------------------------------------------------------------------------------


def test_a_scheduler_that_may_not_write_says_so_and_works_once_it_may(on_a_small_disk: RunningProject) -> None:
    project = on_a_small_disk
    long_run = _at_work(project)
    project.wait_for_run("long", "succeeded")
    project.close()

    disk = str(project.root / "data")
    subprocess.run(["mount", "-o", "remount,ro", disk], check=True)
    refused = project.command("run")
    listed = project.command("show", str(long_run))
    subprocess.run(["mount", "-o", "remount,rw", disk], check=True)
    project.start()

    _check_all_is_well_again(project, long_run)
    assert refused.returncode != 0
    assert "Read-only file system" in refused.stderr
    assert "Traceback" not in refused.stderr
    assert "succeeded" in listed.stdout
