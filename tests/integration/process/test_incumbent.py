"""Ending the scheduler that holds a project, and never any other process."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from task_scheduler.core.errors import AlreadyRunning, Refused
from task_scheduler.process.incumbent import incumbent, one_at_a_time
from task_scheduler.store.locks import ProjectLock
from task_scheduler.testing.running import REPOSITORY

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
HOLD = """
import sys, time
from datetime import datetime, UTC
from pathlib import Path
from task_scheduler.store.locks import ProjectLock
with ProjectLock(Path(sys.argv[1]), "the project", since=datetime(2026, 3, 1, tzinfo=UTC)):
    print("held", flush=True)
    time.sleep(60)
"""


def lock_of(root: Path) -> Path:
    (root / "data" / "run").mkdir(parents=True, exist_ok=True)
    return root / "data" / "run" / "scheduler.lock"


@contextmanager
def another(program: str, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """A process that has said its first line, ended afterwards."""
    with subprocess.Popen(
        [sys.executable, "-c", program, *arguments], cwd=REPOSITORY, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        try:
            yield process
        finally:
            process.kill()


@pytest.mark.parametrize("is_stopped", [False, True])
def test_the_holder_is_ended_also_where_it_stands_still(tmp_path: Path, *, is_stopped: bool) -> None:
    with another(HOLD, str(lock_of(tmp_path))) as holder, incumbent(tmp_path) as there:
        assert there is not None
        if is_stopped:
            holder.send_signal(signal.SIGSTOP)
        before = there.is_gone()
        there.signal(signal.SIGKILL)

        assert holder.wait(10) == -signal.SIGKILL
        assert (before, there.is_gone()) == (False, True)
        there.signal(signal.SIGKILL)  # nobody is there to be hit


@pytest.mark.parametrize("machine", [socket.gethostname(), "another-machine"])
def test_a_process_that_is_only_named_is_not_touched(tmp_path: Path, machine: str) -> None:
    lock = lock_of(tmp_path)
    with another("print(flush=True); import time; time.sleep(60)") as stranger:
        with ProjectLock(lock, "the project", since=NOW):
            lock.write_text(f"pid {stranger.pid} on {machine} since 2026-03-01 12:00:00 UTC\n")
            with incumbent(tmp_path) as there:
                assert there is not None
                with pytest.raises(Refused, match="it cannot be proved from here which process the scheduler is"):
                    there.signal(signal.SIGKILL)

        assert stranger.poll() is None


@pytest.mark.parametrize("text", ["free\n", "", "pid 1 on here since 2026-03-01 12:00:00 UTC\n"])
def test_a_lock_that_nobody_holds_names_nobody(tmp_path: Path, text: str) -> None:
    lock_of(tmp_path).write_text(text)

    with incumbent(tmp_path) as there:
        assert there is None


def test_a_command_in_a_schedulers_place_is_left_alone(tmp_path: Path) -> None:
    with ProjectLock(lock_of(tmp_path), "the project", since=NOW, work="run-file hello"), incumbent(tmp_path) as there:
        assert there is None


def test_there_is_one_restart_at_a_time_and_the_next_one_after_it(tmp_path: Path) -> None:
    with (
        one_at_a_time(tmp_path, since=NOW),
        pytest.raises(AlreadyRunning, match=rf"works alone on the restart of .* \(pid {os.getpid()} on"),
        one_at_a_time(tmp_path, since=NOW),
    ):
        pass
    with one_at_a_time(tmp_path, since=NOW):
        pass
