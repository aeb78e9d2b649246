"""What other users of the machine cannot do to a project: read its record, hold its locks, look into its folders."""

from __future__ import annotations

import asyncio
import os
import stat
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest

from task_scheduler import composition
from task_scheduler.project import Project
from task_scheduler.settings import Paths, Settings
from task_scheduler.store.sqlite import SqliteStore
from task_scheduler.testing.clock import FakeClock

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture
def paths(tmp_path: Path) -> Paths:
    root = tmp_path / "project"
    root.mkdir()
    return Paths.of(Project(root=root, config=root / "config.yaml", config_required=False), Settings())


@pytest.fixture(autouse=True)
def _usual_umask() -> Iterator[None]:
    before = os.umask(0o022)
    yield
    os.umask(before)


def open_store(paths: Paths) -> SqliteStore:
    run_folder = composition.run_folder(paths)
    return SqliteStore.open(
        paths.database, clock=FakeClock(), sources=run_folder / "sources", backups=paths.data / "backups"
    )


def test_the_record_is_its_owners_alone_from_the_beginning(paths: Paths) -> None:
    paths.create_folders()

    with open_store(paths) as store:
        asyncio.run(store.put("a fact", "1"))
        found = {path.name: mode(path) for path in paths.data.glob("scheduler.db*")}
        backup = paths.data / "backups" / asyncio.run(store.backup(why="asked for")).backup.name
        assert (mode(backup), mode(backup.parent)) == (0o600, 0o700)

    assert found == dict.fromkeys(("scheduler.db", "scheduler.db-wal", "scheduler.db-shm", "scheduler.db.lock"), 0o600)


def test_a_start_tightens_what_an_earlier_version_left_open(paths: Paths) -> None:
    paths.create_folders()
    backups, hosts = paths.data / "backups", paths.data / "run" / "hosts"
    open_store(paths).close()
    backups.mkdir()
    files = [paths.database, paths.database.with_name("scheduler.db.lock"), backups / "scheduler-20260301T120000Z.db"]
    files.append(paths.data / "run" / "unsafe.json")
    for path in files:
        path.touch()
        path.chmod(0o644)
    for folder in (paths.data, backups, hosts, paths.data / "run"):
        folder.chmod(0o755)

    paths.create_folders()
    with open_store(paths):
        assert {mode(path) for path in files} == {0o600}
        assert (mode(backups), mode(hosts)) == (0o700, 0o700)
        assert (mode(paths.data), mode(paths.data / "run")) == (0o711, 0o711)


def test_what_a_person_closed_stays_closed(paths: Paths) -> None:
    paths.create_folders()
    paths.data.chmod(0o700)

    paths.create_folders()

    assert mode(paths.data) == 0o700


def test_a_folder_elsewhere_keeps_its_mode(paths: Paths, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    elsewhere.chmod(0o755)

    with SqliteStore.open(
        elsewhere / "other.db", clock=FakeClock(), sources=tmp_path / "sources", backups=tmp_path / "backups"
    ):
        assert (mode(elsewhere), mode(elsewhere / "other.db")) == (0o755, 0o600)


def test_the_library_of_tasks_is_open_and_all_beside_it_closed(paths: Paths) -> None:
    paths.data.mkdir()
    folder = composition.run_folder(paths)
    folder.chmod(0o700)
    (folder / "lib").mkdir(mode=0o700)

    lib = composition.task_side_library(composition.run_folder(paths) / "lib", paths)

    assert {path.name: mode(path) for path in folder.iterdir()} == {"hosts": 0o700, "sources": 0o700, "lib": 0o755}
    assert mode(folder) == 0o711
    assert (lib / "task_scheduler").is_symlink()


@as_root
def test_another_user_reads_the_library_and_neither_reads_nor_locks_the_record(paths: Paths) -> None:
    trying = textwrap.dedent("""
        import fcntl, os, sys
        data = sys.argv[1]
        os.chdir(data)
        os.setgroups([]), os.setgid(65534), os.setuid(65534)
        for name in ("scheduler.db.lock", "scheduler.db", "scheduler.db-shm", "run/hosts/x", "run/sources/x"):
            try:
                fcntl.flock(os.open(name, os.O_RDONLY), fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                print(error.strerror)
        try:
            os.listdir("run")
        except OSError as error:
            print(error.strerror)
        print(os.listdir("run/lib"))
    """)
    paths.create_folders()
    with open_store(paths) as store:
        asyncio.run(store.put("a fact", "1"))
        composition.task_side_library(paths.data / "run" / "lib", paths)
        told = subprocess.run(
            [sys.executable, "-c", trying, str(paths.data)], capture_output=True, text=True, check=True
        ).stdout.splitlines()

    assert told[:-1] == ["Permission denied"] * 6
    assert "task_scheduler" in told[-1]
