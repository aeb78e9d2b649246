"""Telling from outside whether a scheduler works: by real locks and the heartbeat on disk, whatever the clocks do."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psutil
import pytest

from task_scheduler.process.heartbeat import HEARTBEAT, Beat, Heartbeat, Phase
from task_scheduler.process.liveness import Health, standing
from task_scheduler.process.pid_file import PidFile
from task_scheduler.store.locks import ProjectLock
from task_scheduler.testing.running import REPOSITORY

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


class Held:
    """A project that this process holds as its scheduler does."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.run = root / "data" / "run"
        self.run.mkdir(parents=True)
        self.lock = ProjectLock(self.run / "scheduler.lock", "the project", since=NOW)
        self.pauses = 0

    @property
    def file(self) -> Path:
        return self.root / HEARTBEAT

    def beat(self, *, ago: float = 0.0, **told: object) -> None:
        """Write a heartbeat of so many seconds ago."""
        Heartbeat(self.file).beat(Phase.WORKING)
        written: dict[str, Any] = json.loads(self.file.read_text())
        written["monotonic"] -= ago
        self.file.write_text(json.dumps({**written, **told}))

    def look(self, *, wall: float | None = None, meanwhile: object = None) -> tuple[Health, float | None]:
        """Return how the scheduler seems; `meanwhile` happens in the second look."""

        def pause(_seconds: float) -> None:
            self.pauses += 1
            if callable(meanwhile):
                meanwhile()

        now = (self.run / "scheduler.lock").stat().st_mtime if wall is None else wall
        found = standing(self.root, now=now, within=60, pause=pause)
        return found.health, None if found.age is None else round(found.age)


@pytest.fixture
def held(tmp_path: Path) -> Iterator[Held]:
    project = Held(tmp_path)
    with project.lock:
        yield project


def test_one_that_has_beaten_lately_is_well_at_first_sight(held: Held) -> None:
    held.beat(ago=30)

    assert held.look() == (Health.WELL, 30)
    assert held.pauses == 0


def test_one_that_has_not_is_looked_at_again_and_then_hung(held: Held) -> None:
    held.beat(ago=61)

    assert held.look() == (Health.HUNG, 61)
    assert held.pauses > 10


def test_one_that_was_only_just_woken_beats_while_it_is_looked_at(held: Held) -> None:
    held.beat(ago=3_000)

    assert held.look(meanwhile=held.beat) == (Health.WELL, 0)


@pytest.mark.parametrize("hours", [-48, -1, 1, 48])
def test_a_clock_that_is_set_makes_nobody_young_or_old(held: Held, hours: int) -> None:
    wall = (held.run / "scheduler.lock").stat().st_mtime + hours * 3_600
    held.beat(ago=5)
    young = held.look(wall=wall)
    held.beat(ago=100)

    assert (young, held.look(wall=wall)) == ((Health.WELL, 5), (Health.HUNG, 100))


def test_the_beat_of_an_earlier_scheduler_counts_for_nothing(held: Held) -> None:
    held.beat(ago=5_000, pid=os.getpid() + 1)
    fresh = held.look()
    old = held.look(wall=time.clock_gettime(time.CLOCK_REALTIME) + 61)

    assert fresh == (Health.WELL, None)
    assert old == (Health.HUNG, None)


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '{"pid": "x"}', '{"pid": 1}', "\x00" * 200])
def test_a_heartbeat_that_cannot_be_read_is_none(held: Held, text: str) -> None:
    held.file.write_text(text)

    assert Beat.read(held.file) is None
    assert held.look() == (Health.WELL, None)


def test_without_a_heartbeat_it_is_well_for_as_long_as_a_start_may_take(held: Held) -> None:
    assert held.look() == (Health.WELL, None)
    assert held.look(wall=time.clock_gettime(time.CLOCK_REALTIME) + 61) == (Health.HUNG, None)


def test_a_beat_of_another_boot_is_judged_by_the_next_one(held: Held) -> None:
    held.beat(boot="another")
    silent = held.look(wall=held.file.stat().st_mtime + 100)
    beating = held.look(wall=held.file.stat().st_mtime + 100, meanwhile=lambda: held.beat(boot="another"))

    assert (silent[0], beating[0]) == (Health.HUNG, Health.WELL)


def test_nobody_is_there_whatever_files_say(tmp_path: Path) -> None:
    project = Held(tmp_path)
    with project.lock:
        project.beat()
        PidFile(project.run / "scheduler.pid").write()

    assert project.look()[0] is Health.ABSENT


def test_one_whose_lock_file_was_deleted_is_there_as_long_as_it_lives_and_beats(held: Held) -> None:
    held.beat(ago=5)
    (held.run / "scheduler.lock").unlink()

    living = standing(held.root, now=0, pause=lambda _: None)
    held.beat(ago=16)
    silent = held.look(wall=0)
    held.beat(boot="another")
    of_another_boot = held.look(wall=0)
    with subprocess.Popen(["true"]) as ended:
        held.beat(pid=ended.pid)
        while psutil.Process(ended.pid).status() != psutil.STATUS_ZOMBIE:
            pass
        zombie = held.look(wall=0)
        ended.wait()
        dead = held.look(wall=0)
    # Its number is that of a process which began later.
    with subprocess.Popen(["sleep", "60"]) as later:
        held.beat(pid=later.pid)
        os.utime(held.file, (1_000_000_000, 1_000_000_000))
        another = held.look(wall=0)
        later.kill()

    assert (living.health, round(living.age or 0)) == (Health.WELL, 5)
    assert re.fullmatch(rf"pid {os.getpid()} on \S+ since .+ UTC, whose lock file is gone", living.who)
    assert [health for health, _ in (silent, of_another_boot, zombie, dead, another)] == [Health.ABSENT] * 5


def test_a_command_in_a_schedulers_place_is_no_scheduler(tmp_path: Path) -> None:
    project = Held(tmp_path)
    with ProjectLock(project.run / "scheduler.lock", "the project", since=NOW, work="run-file hello"):
        assert project.look()[0] is Health.ABSENT


def test_a_reader_never_finds_the_half_of_a_beat(tmp_path: Path) -> None:
    heartbeat = Heartbeat(tmp_path / "heartbeat")
    for phase in (Phase.WORKING, Phase.STARTING, Phase.ENDING, Phase.WORKING):
        heartbeat.beat(phase)

        beat = Beat.read(tmp_path / "heartbeat")
        assert beat is not None
        assert (beat.process, beat.phase) == (os.getpid(), phase)
        assert (beat.age() or 0.0) < 5
    assert (tmp_path / "heartbeat").stat().st_size == 200


# --- the pid file -----------------------------------------------------------------------------------------


def test_the_pid_file_names_this_process_whoever_was_named_before(tmp_path: Path) -> None:
    path = tmp_path / "scheduler.pid"
    path.write_text("1\n")
    PidFile(path).write()

    assert path.read_text() == f"{os.getpid()}\n"
    assert list(tmp_path.iterdir()) == [path]


def test_the_pid_file_goes_with_its_process_and_never_with_another(tmp_path: Path) -> None:
    path = tmp_path / "scheduler.pid"
    PidFile(path).write()
    PidFile(path).remove()
    assert not path.exists()

    path.write_text("1\n")
    PidFile(path).remove()
    assert path.read_text() == "1\n"
    PidFile(tmp_path / "none").remove()


# --- the command ------------------------------------------------------------------------------------------


def test_asking_whether_it_is_alive_imports_nothing_heavy(held: Held) -> None:
    held.beat()
    heavy = ["asyncio", "sqlalchemy", "alembic", "pydantic", "loguru", "yaml", "zoneinfo", "psutil", "watchdog"]
    asking = f"""
import sys
from task_scheduler.cli.main import main
code = main(["alive", "--root", {str(held.root)!r}])
print([name for name in {heavy!r} if name in sys.modules], file=sys.stderr)
sys.exit(code)
"""
    told = subprocess.run(
        [sys.executable, "-c", asking], cwd=REPOSITORY, capture_output=True, text=True, check=False, timeout=30
    )

    assert (told.returncode, told.stderr) == (0, "[]\n")
    assert told.stdout.startswith(f"alive: the scheduler works (pid {os.getpid()} on ")
