"""Locks: one holder at a time, whatever becomes of it."""

import fcntl
import os
import resource
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from task_scheduler.core.errors import AlreadyRunning, StoreError
from task_scheduler.store.locks import Holder, ProjectLock, holder_of, is_out_of_reach
from task_scheduler.testing.clock import NOON

HOLD = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from task_scheduler.store.locks import ProjectLock
lock = ProjectLock(Path(sys.argv[1]), "this folder", since=datetime(2026, 3, 1, 12, tzinfo=UTC)).acquire()
print("held", flush=True)
sys.stdin.read()
lock.release()
"""


def _lock(path: Path) -> ProjectLock:
    return ProjectLock(path, "this folder", since=NOON)


def _holder(path: Path) -> "subprocess.Popen[str]":
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


def test_a_second_one_is_told_who_holds_it(tmp_path: Path) -> None:
    with _holder(tmp_path / "lock") as process:
        try:
            with pytest.raises(AlreadyRunning) as caught:
                _lock(tmp_path / "lock").acquire()
        finally:
            process.kill()

    assert f"another scheduler holds this folder (pid {process.pid} on " in str(caught.value)
    assert caught.value.holder.endswith("since 2026-03-01 12:00:00 UTC")


def test_a_disk_that_takes_no_name_of_the_holder_is_said_and_the_lock_is_free(tmp_path: Path) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, hard))
    try:
        with pytest.raises(StoreError, match="lock cannot be locked: File too large"):
            _lock(tmp_path / "lock").acquire()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))

    assert _lock(tmp_path / "lock").acquire().is_held


def test_two_locks_in_one_process_exclude_each_other(tmp_path: Path) -> None:
    with _lock(tmp_path / "lock"), pytest.raises(AlreadyRunning):
        _lock(tmp_path / "lock").acquire()


def test_a_command_in_a_schedulers_place_is_named_and_waited_for_and_that_is_told_once(tmp_path: Path) -> None:
    path, told, pauses = tmp_path / "lock", list[str](), list[float]()
    busy = ProjectLock(path, "this folder", since=NOON, work="run-file a\nb").acquire()
    who = f"pid {os.getpid()} on {socket.gethostname()} since 2026-03-01 12:00:00 UTC"

    def pause(seconds: float) -> None:
        pauses.append(seconds)
        if len(pauses) == 3:
            busy.release()

    with pytest.raises(AlreadyRunning, match=r"`run-file a\\nb` works alone on this folder \(pid"):
        _lock(path).acquire()
    assert holder_of(path) == Holder(who=who, work=r"run-file a\nb")

    with _lock(path).acquire_in_turn(tell=told.append, pause=pause) as lock:
        assert lock.was_left_safely
        assert holder_of(path) == Holder(who=who, work="")
        with pytest.raises(AlreadyRunning, match="another scheduler holds"):
            _lock(path).acquire_in_turn(tell=told.append, pause=pause)

    assert told == [rf"`run-file a\nb` works alone on this folder ({who}): waiting until it ends"]
    assert len(pauses) == 3
    assert holder_of(path) is None
    assert holder_of(tmp_path / "never") is None


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_a_lock_that_may_not_be_looked_at_is_told_from_one_that_is_not_there() -> None:
    with TemporaryDirectory() as made:
        path = Path(made, "lock")
        Path(made).chmod(0o711)
        before = os.geteuid()
        with _lock(path):
            seen = is_out_of_reach(path)
            os.seteuid(65534)
            try:
                hidden, missing = is_out_of_reach(path), is_out_of_reach(path.with_name("never"))
            finally:
                os.seteuid(before)

    assert (seen, hidden, missing) == (False, True, False)


def test_who_only_asks_for_the_holder_keeps_nobody_from_the_lock(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    path.touch()
    asking = os.open(path, os.O_RDONLY)
    fcntl.flock(asking, fcntl.LOCK_SH)
    timer = threading.Timer(0.002, os.close, [asking])
    timer.start()

    with _lock(path) as lock:
        assert lock.is_held
    timer.join()


def test_a_command_killed_while_it_held_the_lock_left_it_safely(tmp_path: Path) -> None:
    lock = ProjectLock(tmp_path / "lock", "this folder", since=NOON, work="run-file " + "long/" * 1000).acquire()
    assert lock._descriptor is not None
    os.close(lock._descriptor)
    lock._descriptor = None

    with _lock(tmp_path / "lock") as next_holder:
        assert next_holder.was_left_safely


def test_the_lock_of_a_killed_holder_is_free_and_was_left_safely_while_the_machine_went_on(tmp_path: Path) -> None:
    with _holder(tmp_path / "lock") as process:
        process.send_signal(signal.SIGKILL)

    with _lock(tmp_path / "lock") as lock:
        assert lock.was_left_safely


def test_the_lock_of_a_holder_before_a_restart_of_the_machine_was_not_left_safely(tmp_path: Path) -> None:
    (tmp_path / "lock").write_text("pid 1 on here since 2026-01-01 00:00:00 UTC\n0b3c1a5e-another-boot\n")

    with _lock(tmp_path / "lock") as lock:
        assert not lock.was_left_safely


def test_a_released_lock_was_left_safely_and_its_file_stays(tmp_path: Path) -> None:
    with _holder(tmp_path / "lock") as process:
        process.communicate("")

    with _lock(tmp_path / "lock") as lock:
        assert lock.was_left_safely
    assert (tmp_path / "lock").exists()
    assert not lock.is_held


def test_a_lock_that_never_was_is_not_one_left_safely(tmp_path: Path) -> None:
    with _lock(tmp_path / "new folder" / "lock") as lock:
        assert not lock.was_left_safely
        assert lock.acquire() is lock


def test_neither_a_child_nor_a_bare_fork_keeps_the_lock(tmp_path: Path) -> None:
    lock = _lock(tmp_path / "lock").acquire()
    reading, writing = os.pipe()
    is_there, tell = os.pipe()
    forked = os.fork()
    if forked == 0:
        os.close(writing)
        os.write(tell, b"!")
        os.read(reading, 1)  # lives until the test lets it go
        os._exit(0)
    try:
        os.read(is_there, 1)
        with subprocess.Popen(["cat"], stdin=subprocess.PIPE) as child:
            # Not released but dropped, as when the holder dies.
            assert lock._descriptor is not None
            os.close(lock._descriptor)
            lock._descriptor = None

            with _lock(tmp_path / "lock") as next_holder:
                assert next_holder.is_held
            child.communicate(b"")
    finally:
        os.close(writing)
        os.waitpid(forked, 0)
        for descriptor in (reading, is_there, tell):
            os.close(descriptor)


def test_a_file_removed_between_opening_and_locking_it_is_not_the_lock(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "lock"
    real_flock = fcntl.flock
    removals = iter([path])

    def flock_too_late(descriptor: int, operation: int) -> None:
        for removed in removals:
            removed.unlink()
        real_flock(descriptor, operation)

    monkeypatch.setattr(fcntl, "flock", flock_too_late)

    with _lock(path):
        assert path.exists()
        with pytest.raises(AlreadyRunning):
            _lock(path).acquire()
