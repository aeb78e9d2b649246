"""What a campaign does to the processes of a project, and to what they left on the disk."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from functools import partial
from pathlib import Path

from task_scheduler.control.client import ask
from task_scheduler.core.errors import TaskSchedulerError
from task_scheduler.testing.running import RunningProject, WaitedInVain
from tests.faults import proc


def pause(seconds: float) -> None:
    """Let time pass: what a campaign does comes at moments of its own choosing."""
    time.sleep(seconds)  # noqa: TID251 - the moment is the point


def send(pid: int, number: signal.Signals) -> None:
    """Send a signal to a process that may be gone."""
    with suppress(ProcessLookupError):
        os.kill(pid, number)


def stands_still(pid: int) -> bool:
    """Whether a process that would wake up again and again does not: stopped by a signal or by its control group."""
    before = proc.switches_of(pid)
    pause(0.15)
    return before == proc.switches_of(pid)


@contextmanager
def forbearing() -> Iterator[None]:
    """Take it as it is that a fact does not come true in time."""
    with suppress(WaitedInVain):
        yield


def is_frozen(pid: int) -> bool:
    """Whether a process is stopped by a signal."""
    return proc.state_of(pid) == "T"


def thaw_hosts(project: RunningProject) -> bool:
    """Let hosts that are frozen go on after a moment; return whether there were any."""
    found = [pid for pid in project.host_pids() if is_frozen(pid)]
    if found:
        pause(0.2)
    for pid in found:
        send(pid, signal.SIGCONT)
    return bool(found)


def rouse(project: RunningProject) -> None:
    """Have a scheduler serve that may be dead or frozen, or just about to be."""
    project.wait_for("the scheduler serves", partial(_serves, project))


def _serves(project: RunningProject) -> bool:
    if not project.is_alive():
        project.take_over(project.launch())
    send(project.pid, signal.SIGCONT)
    return bool(project.ask("status")["running"])


def ask_and_hang_up(project: RunningProject, command: str, **arguments: object) -> None:
    """Ask the scheduler without waiting for more than a moment for the answer."""
    with suppress(TaskSchedulerError, OSError):
        ask(project.root, command, arguments, patience=0.2)


def children_of(pid: int) -> list[int]:
    """Return the living children of a process."""
    try:
        text = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii")
    except OSError:
        return []
    return [child for child in map(int, text.split()) if proc.start_of(child) is not None]


def told_by(project: RunningProject, attempt: str) -> int:
    """Return the process of an attempt, as it told itself in the file of effects."""
    lines = (project.root / "effects").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[2]) for line in lines if line.split()[0] == attempt)


def attempts_of(project: RunningProject) -> list[int]:
    """Return the main processes of the attempts at work."""
    return [child for host in sorted(project.host_pids()) for child in children_of(host)]


def grandchildren_of(project: RunningProject) -> list[int]:
    """Return what the attempts at work have started."""
    return [grandchild for child in attempts_of(project) for grandchild in children_of(child)]


@contextmanager
def frozen(pid: int) -> Iterator[None]:
    """Stop a process for the length of the block; it may die in it."""
    send(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        send(pid, signal.SIGCONT)


@contextmanager
def stranger() -> Iterator[int]:
    """Give the pid of a process that has nothing to do with any project."""
    process = subprocess.Popen(["sleep", "600"], stdin=subprocess.DEVNULL)
    try:
        yield process.pid
    finally:
        process.kill()
        process.wait()


def give_pid_of_hosts_to(project: RunningProject, pid: int) -> None:
    """Make the cards of dead hosts, on the disk and in the record, look as if their pid were another's now."""
    for path in (project.root / "data" / "run" / "hosts").glob("*/host.json"):
        card = json.loads(path.read_text(encoding="utf-8"))
        path.write_text(json.dumps({**card, "pid": pid}), encoding="utf-8")
    with closing(sqlite3.connect(project.root / "data" / "scheduler.db", timeout=10)) as database, database:
        found = database.execute(
            "SELECT run_id, number, placement FROM attempts WHERE state IN ('claimed', 'running')"
        ).fetchall()
        for run_id, number, placement in found:
            changed = json.dumps({**json.loads(placement), "pid": pid})
            database.execute(
                "UPDATE attempts SET placement = ? WHERE run_id = ? AND number = ?", (changed, run_id, number)
            )


def replace_file(path: Path, text: str) -> None:
    """Write a file at once."""
    partial = path.with_name(path.name + ".partial")
    partial.write_text(text, encoding="utf-8")
    partial.rename(path)


def leave_stale_lock(project: RunningProject, pid: int) -> None:
    """Make the lock file of a dead scheduler name a living process that does not hold it."""
    path = project.root / "data" / "run" / "scheduler.lock"
    path.write_text(f"pid {pid} on nowhere since 2020-01-01 00:00:00 UTC\n{proc.boot_id()}\n", encoding="utf-8")
