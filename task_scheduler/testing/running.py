"""A throw-away project with a real scheduler on it: for acceptance tests and benchmarks.

Everything is real: the process, its hosts, the files, the database. Facts are waited for with a deadline.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

from task_scheduler.testing import fork_server
from task_scheduler.testing.fork_server import Launched

REPOSITORY = Path(__file__).resolve().parents[2]

#: What a task file of a test begins with; `{fields}` are further lines of frontmatter.
HEAD = '"""\n---\ntitle: {title}\ndescription: A test\n{fields}---\n"""\n'
IMPORTS = "from task_scheduler.decorators import every, repeat\n"
#: Commands that only look, or ask a scheduler for something.
_ASKING = frozenset(
    {
        "calendar", "check", "explain", "history", "jobs", "list", "logs", "next", "overdue", "pause", "resume", "show",
        "simulate", "start", "status", "stop", "why",
    }
)  # fmt: skip


class WaitedInVain(AssertionError):
    """A fact did not come true before its deadline; the message holds the scheduler's log."""


class RunningProject:
    """A project folder, the scheduler that works on it, and its record."""

    #: Whether forks stand in for processes started anew (`fork_server`); not where it is measured what those cost.
    forks = False

    def __init__(self, root: Path, *, variables: Mapping[str, str] | None = None) -> None:
        """`variables` are further environment variables of the scheduler."""
        self.root = root
        self.program = REPOSITORY  #: the folder whose `task_scheduler` is run; another one may take over
        self._variables = dict(variables or {})
        self._process: subprocess.Popen[bytes] | Launched | None = None
        self._hosts: dict[int, str] = {}
        (root / "tasks").mkdir(parents=True, exist_ok=True)

    # --- files --------------------------------------------------------------------------------------------

    def write_task(self, name: str, body: str, *, fields: str = "", title: str | None = None) -> Path:
        """Save a task file at once, as a careful editor does; `fields` are lines of frontmatter."""
        source = HEAD.format(title=title or name, fields=fields) + IMPORTS + body
        return self.write_file(name, source)

    def write_file(self, name: str, source: str) -> Path:
        """Save any text as `tasks/NAME.py` at once."""
        path = self.root / "tasks" / f"{name}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_name(f".{path.name}.partial")
        partial.write_text(source, encoding="utf-8")
        partial.rename(path)
        return path

    def configure(self, text: str) -> None:
        """Write config/config.yaml."""
        (self.root / "config").mkdir(exist_ok=True)
        (self.root / "config" / "config.yaml").write_text(text, encoding="utf-8")

    # --- the scheduler ------------------------------------------------------------------------------------

    @property
    def pid(self) -> int:
        """The scheduler's process id."""
        if self._process is None:
            raise RuntimeError("the scheduler was not started")
        return self._process.pid

    def start(self, *options: str) -> None:
        """Start the scheduler, with options of `run`; returns once it answers. `launch` is a start from the beginning."""
        if self._is_plain:
            terminal = self.root / "terminal.log"
            terminal.touch()
            words, variables = ("--root", str(self.root), "run", *options), {**os.environ, **self._variables}
            self._process = fork_server.launch(*words, cwd=self.program, variables=variables, terminal=terminal)
        else:
            self._process = self.launch(*options)
        self.wait_until_it_answers()

    def launch(self, *options: str) -> subprocess.Popen[bytes]:
        """Start a scheduler beside the one that is known, if there is one; returns at once."""
        with (self.root / "terminal.log").open("ab") as terminal:
            return subprocess.Popen(
                [sys.executable, "-m", "task_scheduler", "--root", str(self.root), "run", *options],
                cwd=self.program,
                env={**os.environ, **self._variables},
                stdin=subprocess.DEVNULL,
                stdout=terminal,
                stderr=terminal,
            )

    def take_over(self, process: subprocess.Popen[bytes]) -> None:
        """Take a scheduler that was launched for the project's own."""
        self._process = process

    def wait_until_it_answers(self) -> None:
        """Return once the scheduler answers."""
        self.wait_for("the scheduler answers", lambda: self.ask("status")["running"])

    def set_variable(self, name: str, value: str | None) -> None:
        """Give the schedulers started from now on an environment variable, or with None no longer."""
        self._variables.pop(name, None)
        if value is not None:
            self._variables[name] = value

    def stop(self) -> int:
        """Ask the scheduler to stop as a service manager does; return its exit code."""
        return self._end(signal.SIGTERM)

    def kill(self) -> None:
        """End the scheduler without letting it notice."""
        self._end(signal.SIGKILL)

    def wait_until_ended(self) -> int:
        """Return the exit code of a scheduler that ends by itself."""
        if self._process is None:
            raise RuntimeError("the scheduler was not started")
        return self._process.wait(30)

    def is_alive(self) -> bool:
        """Whether the scheduler's process lives."""
        return self._process is not None and self._process.poll() is None

    @property
    def _is_plain(self) -> bool:
        """Whether a fork would find what a process started anew does: our own program, and its variables as they are."""
        is_ours = self.forks and self.program == REPOSITORY
        return is_ours and all(name.startswith(("PIP_", "UV_")) for name in self._variables)

    def command_line(self, *arguments: str) -> list[str]:
        """Return how a `task-scheduler` command on this project is started."""
        # Before the verb: what follows a file may belong to its task.
        return [sys.executable, "-m", "task_scheduler", "--root", str(self.root), *arguments]

    def command(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a `task-scheduler` command on this project.

        What only looks or asks is carried out by a fork, unless the program or a variable is another one than the tests' own.
        """
        variables = {**os.environ, **self._variables}
        if self._is_plain and arguments[:1] and arguments[0] in _ASKING:
            return fork_server.carry_out("--root", str(self.root), *arguments, cwd=self.program, variables=variables)
        return subprocess.run(
            self.command_line(*arguments),
            cwd=self.program,
            env=variables,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def ask(self, command: str, **arguments: object) -> Any:  # noqa: ANN401 - a JSON document
        """Ask the running scheduler through its socket."""
        from task_scheduler.control.client import call

        return call(self.root, command, **arguments)

    def task(self, task_id: str) -> dict[str, Any]:
        """Return what `list` tells of one task, an empty document when it is not there."""
        return next((task for task in self.ask("list") if task["id"] == task_id), {})

    # --- hosts --------------------------------------------------------------------------------------------

    def host_pids(self) -> list[int]:
        """Return the process ids of the living hosts; each is remembered, to be ended with the project."""
        for card in (self.root / "data" / "run" / "hosts").glob("*/host.json"):
            with suppress(OSError, ValueError, KeyError):
                pid = int(json.loads(card.read_text(encoding="utf-8"))["pid"])
                if _is_host(pid, self.root):
                    self._hosts[pid] = card.parent.name
        return [pid for pid in self._hosts if _is_host(pid, self.root)]

    def close(self) -> None:
        """End the scheduler and every host it caused, each by its own process id."""
        if self.is_alive():
            self.kill()
        for _ in range(100):
            pids = self.host_pids()
            if not pids:
                return
            for pid in pids:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            time.sleep(0.02)  # noqa: TID251 - a killed process is gone when the kernel says so

    # --- facts --------------------------------------------------------------------------------------------

    def rows(self, statement: str, *values: object) -> list[dict[str, Any]]:
        """Read the record as anybody with the sqlite3 shell could."""
        with closing(sqlite3.connect(f"file:{self.root}/data/scheduler.db?mode=ro", uri=True, timeout=10)) as database:
            database.row_factory = sqlite3.Row
            return [dict(row) for row in database.execute(statement, values)]

    def runs(self, task_id: str, *states: str) -> list[dict[str, Any]]:
        """Return a task's runs, oldest first; with `states` only those."""
        found = self.rows("SELECT * FROM runs WHERE task_id = ? ORDER BY id", task_id)
        return [run for run in found if not states or run["state"] in states]

    def output(self, run_id: int, attempt: int = 1) -> str:
        """Return what an attempt wrote, as `logs` prints it."""
        return self.command("logs", str(run_id), "--attempt", str(attempt)).stdout

    def log(self) -> str:
        """Return logs/scheduler.log."""
        path = self.root / "logs" / "scheduler.log"
        return path.read_text(encoding="utf-8") if path.exists() else ""

    def wait_for(self, what: str, holds: Callable[[], object], seconds: float = 30) -> Any:  # noqa: ANN401
        """Return what `holds` returns as soon as it is true; raises WaitedInVain."""
        from task_scheduler.core.errors import TaskSchedulerError

        began = time.monotonic()
        while True:
            with suppress(sqlite3.OperationalError, TaskSchedulerError, FileNotFoundError):
                found = holds()
                if found:
                    return found
            waited = time.monotonic() - began
            if waited > seconds:
                raise WaitedInVain(f"{what}: not within {seconds:g} s\n{self._terminal()}")
            if self._process is not None and self._process.poll() not in {None, -signal.SIGKILL, 0}:
                raise WaitedInVain(f"{what}: the scheduler ended\n{self._terminal()}")
            # The longer it takes, the less often: each look costs the scheduler an answer. A benchmark is told 2 % too much
            # at most.
            time.sleep(min(max(0.02, waited / 50), 0.1))  # noqa: TID251 - facts in other processes are looked for

    def wait_for_run(self, task_id: str, *states: str, count: int = 1, seconds: float = 30) -> list[dict[str, Any]]:
        """Return a task's runs in these states once there are so many."""
        what = f"{count} runs of {task_id} {' or '.join(states) or 'in any state'}"
        return list(
            self.wait_for(what, lambda: runs if len(runs := self.runs(task_id, *states)) >= count else None, seconds)
        )

    def wait_for_task(self, task_id: str, status: str, seconds: float = 30) -> dict[str, Any]:
        """Return what is told of a task once it has this status."""
        return dict(
            self.wait_for(
                f"{task_id} {status}",
                lambda: task if (task := self.task(task_id)).get("status") == status else None,
                seconds,
            )
        )

    def _end(self, number: signal.Signals) -> int:
        if self._process is None:
            raise RuntimeError("the scheduler was not started")
        self._process.send_signal(number)
        return self._process.wait(30)

    def _terminal(self) -> str:
        path = self.root / "terminal.log"
        return path.read_text(encoding="utf-8", errors="replace")[-4000:] if path.exists() else ""


@contextmanager
def running_project(*, variables: Mapping[str, str] | None = None) -> Iterator[RunningProject]:
    """Make a project in a temporary folder; end its processes and remove it afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="task-scheduler-"))
    project = RunningProject(folder / "project", variables=variables)
    try:
        yield project
    finally:
        project.close()
        shutil.rmtree(folder, ignore_errors=True)


def is_living(pid: int) -> bool:
    """Whether a process lives; a zombie is dead."""
    try:
        status = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return False
    return status.rpartition(")")[2].split()[0] not in {"Z", "X"}


def ledger_faults(project: RunningProject) -> list[str]:
    """Check the record from outside, by the database alone; return what is wrong with it."""
    faults = [str(row) for row in project.rows("PRAGMA integrity_check") if "ok" not in row.values()]
    faults += [
        f"job {row['job_id']} has {row['n']} runs for {row['scheduled_for']}"
        for row in project.rows(
            "SELECT job_id, scheduled_for, clock_generation, count(*) AS n FROM runs "
            "WHERE job_id IS NOT NULL AND scheduled_for IS NOT NULL GROUP BY 1, 2, 3 HAVING n > 1"
        )
    ]
    faults += [
        f"run {row['id']} is {row['state']} with {row['n']} open attempts"
        for row in project.rows(
            "SELECT r.id, r.state, (SELECT count(*) FROM attempts a WHERE a.run_id = r.id "
            "AND a.state IN ('claimed', 'running')) AS n FROM runs r "
            "WHERE r.state NOT IN ('queued', 'running', 'retrying') AND n > 0"
        )
    ]
    return faults


def _is_host(pid: int, root: Path) -> bool:
    """Whether this living process is a host of that project, and no stranger with a reused process id."""
    try:
        command = Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return False
    return str(root).encode() in command and is_living(pid)
