"""A project that cron watches over, and everything its scripts have started ended by process id."""

from __future__ import annotations

import os
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

import pytest

from task_scheduler.store.locks import holder_of
from task_scheduler.testing.running import REPOSITORY, RunningProject, is_living

SCRIPTS = REPOSITORY / "scripts"
#: All that cron gives to a command on Debian.
CRONS_VARIABLES = {"HOME": "/", "LOGNAME": "root", "SHELL": "/bin/sh", "PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"}


class WatchedProject:
    """A project with the scripts of `setup_cron.sh`; its scheduler runs in the background."""

    def __init__(self, root: Path) -> None:
        """Have the scripts made."""
        self.root = root
        self.scripts = root / "scripts"
        self.facts = RunningProject(root)
        self.set_up("--python", sys.executable)

    def set_up(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run setup_cron.sh for this project."""
        command = ["sh", str(SCRIPTS / "setup_cron.sh"), "--root", str(self.root), *arguments]
        return subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)

    def monitor(self, *arguments: str, begin: bool = False) -> subprocess.Popen[str]:
        """Run the monitor as cron does; with `begin` return without waiting for its end."""
        # By a shell, from the home, as the line of a crontab is.
        line = shlex.join([str(self.scripts / "monitor_scheduler.sh"), *arguments])
        process = subprocess.Popen(
            ["/bin/sh", "-c", line],
            cwd="/",
            env=CRONS_VARIABLES,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        if not begin:
            process.wait(60)
        return process

    @property
    def log(self) -> str:
        """What logs/monitor.log holds."""
        path = self.root / "logs" / "monitor.log"
        return path.read_text(encoding="utf-8") if path.exists() else ""

    @property
    def pid(self) -> int | None:
        """The process id of the scheduler that holds the project; None: none does."""
        lock = self.root / "data" / "run" / "scheduler.lock"
        held = holder_of(lock) if lock.exists() else None
        number = held.who.removeprefix("pid ").partition(" ")[0] if held is not None else ""
        return int(number) if number.isdigit() else None

    def end(self, number: int = signal.SIGKILL) -> None:
        """End the scheduler by a signal, and wait until it is gone."""
        pid = self.pid
        if pid is None:
            return
        with suppress(ProcessLookupError):
            os.kill(pid, number)
        self.facts.wait_for("the scheduler is gone", lambda: not is_living(pid))

    def close(self) -> None:
        """End the scheduler and its hosts."""
        self.end()
        self.facts.close()


@pytest.fixture
def watched() -> Iterator[WatchedProject]:
    """A project whose path needs quoting everywhere."""
    folder = Path(tempfile.mkdtemp(prefix="task-scheduler-"))
    root = folder / "it's 50% a $project"
    root.mkdir()
    made = WatchedProject(root)
    try:
        yield made
    finally:
        made.close()
        shutil.rmtree(folder, ignore_errors=True)


def needs(*tools: str) -> pytest.MarkDecorator:
    """Return a mark that leaves a test out where one of these programs is missing."""
    missing = [tool for tool in tools if shutil.which(tool, path=f"{os.environ['PATH']}:/usr/sbin:/sbin") is None]
    return pytest.mark.skipif(bool(missing), reason=f"not on this machine: {', '.join(missing)}")


def needs_root() -> pytest.MarkDecorator:
    """Return a mark that leaves a test out where it may not make users and mounts of its own."""
    return pytest.mark.skipif(os.geteuid() != 0, reason="makes users or mounts, for which it has to be root")


def privately(folders: Sequence[str], command: Sequence[str], *, before: str = "") -> list[str]:
    """Return a command that sees an empty folder of its own in place of each of these, and nobody else sees that.

    `before` is shell that is run first.
    """
    mounts = " && ".join(f"mount -t tmpfs -o mode=0755 none {shlex.quote(folder)}" for folder in folders)
    return ["unshare", "--mount", "--", "sh", "-c", f'{mounts} && {before or "true"} && exec "$@"', "sh", *command]
