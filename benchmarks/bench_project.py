"""A throw-away project with a real scheduler on it, and what it costs."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
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
        statement = "SELECT count(*) AS n FROM tasks WHERE status = 'active'"
        self.project.wait_for(f"{count} tasks in force", lambda: self.one(statement) == count, seconds)

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
