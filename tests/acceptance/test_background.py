"""A scheduler in the background is one like any other: it is found, asked, restarted, and ended by force where it hangs."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import psutil
import pytest

from task_scheduler.process.incumbent import one_at_a_time
from task_scheduler.store.locks import ProjectLock
from task_scheduler.testing.running import REPOSITORY, RunningProject, is_living, running_project

pytestmark = pytest.mark.slow

SCRIPT = REPOSITORY / "scripts" / "restart_scheduler.py"
#: Notes where it is, and works until the file `enough` is there.
WORK = """
import os
import time
from pathlib import Path


@repeat(every().day.at("00:00"))
def start():
    with open("relative.txt", "w") as file:
        file.write(f"{os.getpid()} {os.getcwd()}")
    while not Path("enough").exists():
        time.sleep(0.02)
"""


class Background:
    """A project whose scheduler runs in the background."""

    def __init__(self, project: RunningProject) -> None:
        self.project = project
        self.pids: list[int] = []

    def started(self, told: subprocess.CompletedProcess[str]) -> int:
        """Return the process that a command says it has started."""
        found = re.search(r"works in the background: process (\d+)\n", told.stdout)
        assert found, (told.returncode, told.stdout, told.stderr)
        self.pids.append(int(found[1]))
        assert told.returncode == 0
        return self.pids[-1]

    def close(self) -> None:
        for pid in self.pids:
            with suppress(psutil.Error):
                if psutil.Process(pid).cmdline()[0].endswith(str(self.project.root)):
                    os.kill(pid, signal.SIGKILL)

    def begin_work(self) -> int:
        """Start the work by request; return its process once it is under way."""
        self.project.write_task("work", WORK)
        self.project.wait_for_task("work", "active")
        self.project.ask("start", task="work")
        path = self.project.root / "relative.txt"
        return int(self.project.wait_for("the run is at work", lambda: path.exists() and path.read_text()).split()[0])

    def make_it_look_silent(self, seconds: float) -> None:
        """Make the last heartbeat older by so much."""
        path = self.project.root / "data" / "run" / "heartbeat"
        told = json.loads(path.read_text())
        path.write_text(json.dumps({**told, "monotonic": told["monotonic"] - seconds}))


@pytest.fixture
def unused() -> Iterator[RunningProject]:
    """A project that no scheduler works for."""
    with running_project() as made:
        yield made


@pytest.fixture
def background(project: RunningProject) -> Iterator[Background]:
    made = Background(project)
    yield made
    made.close()


@pytest.fixture
def reachable() -> Iterator[Path]:
    """A folder that other users may go through: those of `tmp_path` are shut to them."""
    with TemporaryDirectory() as made:
        Path(made).chmod(0o711)
        yield Path(made)


def restart(project: RunningProject, *options: str) -> subprocess.CompletedProcess[str]:
    """Run scripts/restart_scheduler.py as cron does: from another folder, with nothing in the environment."""
    return subprocess.run(
        [sys.executable, str(SCRIPT), "--root", str(project.root), *options],
        cwd="/",
        env={},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_it_lives_apart_from_its_terminal_and_works_as_in_the_foreground(
    project: RunningProject, background: Background
) -> None:
    pid = background.started(project.command("run", "--daemon"))
    root, files = project.root, Path(f"/proc/{pid}/fd")

    assert (os.getsid(pid), Path(f"/proc/{pid}/cwd").readlink()) == (pid, root)
    assert [files.joinpath(number).readlink() for number in "012"] == [
        Path(os.devnull),
        *[root / "logs" / "scheduler.out"] * 2,
    ]
    assert (root / "data" / "run" / "scheduler.pid").read_text() == f"{pid}\n"
    found = subprocess.run(["pgrep", "-f", f"^task-scheduler: {root}$"], capture_output=True, text=True, check=False)
    assert found.stdout == f"{pid}\n"
    live = project.ask("status")["scheduler"]
    assert live["pid"] == pid
    assert live["memory"] == pytest.approx(psutil.Process(pid).memory_info().rss, rel=0.3)

    background.begin_work()
    assert (root / "relative.txt").read_text().endswith(f" {root}")
    os.kill(pid, signal.SIGHUP)
    project.wait_for("it looks anew", lambda: "scheduler.rereading" in project.log())

    refused = project.command("run", "--daemon")
    assert refused.returncode == 5
    assert re.search(rf"error: another scheduler holds the project folder {root} \(pid {pid} on ", refused.stderr)

    again = project.command("restart")
    assert again.stdout.endswith(f"process {pid}\n"), again.stderr
    assert (os.getsid(pid), Path(f"/proc/{pid}/cwd").readlink()) == (pid, root)
    assert Path(f"/proc/{pid}/cmdline").read_bytes().rstrip(b"\0") == f"task-scheduler: {root}".encode()
    assert project.command("alive").stdout.startswith("alive: the scheduler works (pid ")
    assert (root / "logs" / "scheduler.out").read_text() == ""

    assert project.command("shutdown").returncode == 0
    assert not is_living(pid)
    assert not (root / "data" / "run" / "scheduler.pid").exists()
    assert (project.command("alive").returncode, (root / "data" / "run" / "heartbeat").exists()) == (4, True)
    (root / "enough").touch()


def test_one_that_cannot_start_says_why_here_and_leaves_nothing(unused: RunningProject) -> None:
    unused.configure("scheduler:\n  loop_interval: soon\n")

    told = unused.command("run", "--daemon")

    assert (told.returncode, told.stdout) == (3, "")
    assert "line 2: scheduler.loop_interval must be a duration" in told.stderr
    assert subprocess.run(["pgrep", "-f", str(unused.root)], capture_output=True, check=False).stdout == b""


def test_one_that_hangs_is_noticed_and_ended_by_force_and_its_runs_go_on(
    project: RunningProject, background: Background
) -> None:
    run = project.root / "data" / "run"
    dry = restart(project, "--dry-run")
    assert (dry.returncode, dry.stdout) == (0, "no scheduler is running\nwould start one in the background\n")
    assert not run.exists()

    pid = background.started(restart(project, "--daemon"))
    attempt = background.begin_work()
    os.kill(pid, signal.SIGSTOP)
    alive = project.command("alive")
    silent = [restart(project, "--dry-run"), project.command("restart", "--dry-run")]
    background.make_it_look_silent(100)
    hung = project.command("alive")
    with subprocess.Popen(["sleep", "60"]) as stranger:
        (run / "scheduler.pid").write_text(f"{stranger.pid}\n")
        began = time.monotonic()
        gently = restart(project, "--timeout", "0.3")
        by_force = restart(project, "--timeout", "0.3", "--force")
        took = time.monotonic() - began
        stranger_lives = stranger.poll() is None
        stranger.kill()
    successor = background.started(by_force)

    assert (alive.returncode, hung.returncode) == (0, 7)
    assert re.search(r"hangs: its last sign of life was 1 min \d+ s ago \(pid", hung.stderr)
    assert f"it was stopped by a signal: `kill -CONT {pid}` lets it go on" in hung.stderr
    assert [one.returncode for one in silent] == [1, 1], "as the restart itself would end"
    for one in silent:
        assert f"the scheduler does not answer (pid {pid} on " in one.stdout
        assert f"it was stopped by a signal: `kill -CONT {pid}` lets it go on" in one.stdout
    assert silent[0].stdout.endswith("--force would be needed; its runs go on\n")
    assert "restart --daemon --force` ends it and starts it anew" in silent[1].stdout
    assert gently.returncode == 1
    assert "error: the scheduler has not ended within 0.3 s" in gently.stderr
    assert "hint: with --force it is killed" in gently.stderr
    assert "it is killed, and its runs go on" in by_force.stderr
    assert took < 20
    assert stranger_lives
    assert (is_living(pid), is_living(attempt), successor != pid) == (False, True, True)
    told = restart(project, "--dry-run", "--force").stdout
    assert "the scheduler works (pid " in told
    assert "at work, and not harmed: 1 run: 1 (work)\n" in told
    assert "would end it (killing it after 10 s), then start another in the background\n" in told
    (project.root / "enough").touch()
    (ended,) = project.wait_for_run("work", "succeeded")
    assert ended["executions"] == 1

    background.started(restart(project))
    assert not is_living(successor)


def test_one_that_is_well_goes_on_where_another_could_not_start_and_one_that_hangs_does_not(
    project: RunningProject, background: Background
) -> None:
    pid = background.started(restart(project))
    project.configure("scheduler:\n  loop_interval: soon\n")
    told = [restart(project, *options) for options in ((), ("--force", "--timeout", "0.3"), ("--dry-run",))]
    lives = is_living(pid)
    os.kill(pid, signal.SIGSTOP)
    background.make_it_look_silent(100)
    hung = restart(project, "--force", "--timeout", "0.3")

    assert [one.returncode for one in told] == [3, 3, 3]
    for one in told[:2]:
        assert one.stderr.startswith("error: the scheduler goes on as it is: another could not start\n"), one.stderr
    assert all("line 2: scheduler.loop_interval must be a duration" in one.stderr for one in told)
    assert told[2].stdout.endswith("\nwould leave it as it is: another could not start\n")
    assert lives
    assert (hung.returncode, is_living(pid)) == (3, False)
    assert "it is killed, and its runs go on" in hung.stderr


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_the_scheduler_of_another_user_is_told_from_none(reachable: Path) -> None:
    root = reachable
    run = root / "data" / "run"
    run.mkdir(parents=True)
    for folder in (root / "data", run):
        folder.chmod(0o711)
    asking = """
import os, sys
# Before: the other user may not be able to read the interpreter's own files.
from task_scheduler.cli import alive, restart, restart_anew
from task_scheduler.cli.main import main
os.setgroups([])
os.setgid(65534)
os.setuid(65534)
sys.exit(main([*sys.argv[2:], "--root", sys.argv[1]]))
"""

    def ask(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-c", asking, str(root), *words],
            env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )

    with ProjectLock(run / "scheduler.lock", "the project", since=datetime(2026, 3, 1, tzinfo=UTC)):
        told = [ask(*words) for words in (("alive",), ("restart", "--daemon", "--dry-run"), ("restart", "--daemon"))]

    assert [one.returncode for one in told] == [1, 1, 1]
    for one in told:
        assert one.stdout == ""
        assert "belongs to another user: ask as that user, or as root" in one.stderr


def test_of_two_restarts_at_once_one_does_it_and_the_other_says_so(unused: RunningProject) -> None:
    with one_at_a_time(unused.root, since=datetime(2026, 3, 1, tzinfo=UTC)):
        told = restart(unused)

    assert told.returncode == 5
    assert told.stderr.startswith(f"error: `restart --daemon` works alone on the restart of {unused.root} (pid ")


@pytest.mark.parametrize("words", [("--force",), ("--timeout", "5")])
def test_what_means_nothing_without_a_start_in_the_background_is_refused(
    unused: RunningProject, words: tuple[str, ...]
) -> None:
    told = unused.command("restart", *words)

    assert (told.returncode, told.stderr.splitlines()[0]) == (2, f"error: {words[0]} means nothing without --daemon")
