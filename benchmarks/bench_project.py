"""A throw-away project with a real scheduler on it, and what it costs."""

from __future__ import annotations

import os
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from task_scheduler.testing.running import RunningProject, running_project

TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, kw_only=True)
class Cpu:
    """Seconds of processor time, by who spent it."""

    scheduler: float
    hosts: float  #: the hosts themselves
    attempts: float  #: their children

    def __sub__(self, other: Cpu) -> Cpu:
        """Return what was spent since `other`."""
        return Cpu(
            scheduler=self.scheduler - other.scheduler,
            hosts=self.hosts - other.hosts,
            attempts=self.attempts - other.attempts,
        )

    @property
    def total(self) -> float:
        """All of it."""
        return self.scheduler + self.hosts + self.attempts


class Bench:
    """Measures one running project."""

    def __init__(self, project: RunningProject) -> None:
        self.project = project

    def start(self) -> None:
        """Start the scheduler."""
        self.project.start()

    def wait_admitted(self, count: int, seconds: float = 180) -> None:
        """Return once so many tasks are in force."""
        self.project.wait_for(f"{count} tasks in force", lambda: self.count_active() == count, seconds)

    def count_active(self) -> int:
        """Return how many tasks are in force."""
        try:
            return int(self.one("SELECT count(*) AS n FROM tasks WHERE status = 'active'"))
        except sqlite3.OperationalError:
            return 0  # the database is just being made

    def version_of(self, task_id: str) -> str | None:
        """Return the version of a task in force."""
        rows = self.project.rows("SELECT version FROM tasks WHERE task_id = ? AND status = 'active'", task_id)
        return str(rows[0]["version"]) if rows else None

    def late(self, task_id: str) -> list[float]:
        """Return milliseconds from each run's instant to the moment the task printed, by run."""
        late = []
        for run in self.project.runs(task_id, "succeeded"):
            output = self.project.root / "logs" / "runs" / task_id / f"{run['id']}.1.log"
            printed = output.read_text(encoding="utf-8").split(" ", 3)[3]
            late.append((float(printed) - datetime.fromisoformat(str(run["scheduled_for"])).timestamp()) * 1e3)
        return late

    def peak_memory(self) -> int:
        """Return the most bytes the scheduler had in memory so far."""
        status = Path(f"/proc/{self.project.pid}/status").read_text(encoding="utf-8")
        return int(status.partition("VmHWM:")[2].split()[0]) * 1024

    def wait_finished(self, count: int, seconds: float = 120) -> None:
        """Return once so many runs have succeeded."""
        self.project.wait_for(f"{count} runs", lambda: self.finished() >= count, seconds)

    def finished(self) -> int:
        """Return how many runs have succeeded."""
        return int(self.one("SELECT count(*) AS n FROM runs WHERE state = 'succeeded'"))

    def one(self, statement: str, *values: object) -> float:
        """Return the number a query gives."""
        return float(next(iter(self.project.rows(statement, *values)[0].values())))

    def environment_python(self, task_id: str) -> Path:
        """Return the interpreter a task runs with: the same clean environment for the comparison."""
        row = self.project.rows("SELECT environment FROM versions WHERE task_id = ? ORDER BY id DESC", task_id)[0]
        return self.project.root / "data" / "environments" / str(row["environment"]) / "bin" / "python"

    def cpu(self) -> Cpu:
        """Return what has been spent so far."""
        own, _ = _times(self.project.pid)
        hosts = [_times(pid) for pid in self.project.host_pids()]
        return Cpu(scheduler=own, hosts=sum(host for host, _ in hosts), attempts=sum(below for _, below in hosts))


def proportional_memory(pid: int) -> int:
    """Return the bytes of a process, each page shared with others counted in part."""
    rollup = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="utf-8")
    return int(rollup.partition("\nPss:")[2].split()[0]) * 1024


def _times(pid: int) -> tuple[float, float]:
    """Return the processor seconds of a process, and of the children it has waited for."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    user, system, child_user, child_system = (int(value) / TICKS_PER_SECOND for value in fields[11:15])
    return user + system, child_user + child_system


@contextmanager
def bench() -> Iterator[Bench]:
    """Make a project to measure, and remove it with all its processes afterwards."""
    with running_project() as project:
        yield Bench(project)
