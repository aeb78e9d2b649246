"""A project whose tasks tell what they do: brought to work, brought to rest, and judged."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from functools import partial
from typing import Any

from task_scheduler.control.commands import COMMANDS
from task_scheduler.core.errors import TaskSchedulerError
from task_scheduler.testing.running import RunningProject, WaitedInVain
from tests.faults import checker, machine, proc, record
from tests.faults.tasks import TaskText

#: Seconds in which everything under way comes to its end once nothing new is due.
QUIET_AFTER = 90.0
#: Seconds an ordinary stop takes at most.
STOP_WITHIN = 10.0
#: A slot of so many seconds ago is on record, whatever has happened since.
_KNOWN_AFTER = 10.0
_OPEN = "SELECT id, task_id, state FROM runs WHERE state IN ('queued', 'running', 'retrying')"


class Busy:
    """The tasks of one project, and since when each is in force."""

    def __init__(self, project: RunningProject) -> None:
        self._project = project
        self._in_force_since: dict[str, float] = {}
        self._spans: list[dict[str, Any]] = []

    def add(self, tasks: Iterable[TaskText]) -> None:
        """Save tasks; returns once all of them are in force."""
        tasks = list(tasks)
        for task in tasks:
            task.write(self._project)
        for task in tasks:
            self._project.wait_for_task(task.name, "active")
            self._in_force_since[task.name] = _now()

    def remove(self, name: str) -> str:
        """Take a task's file away; return its text. Every slot before this moment is on record."""
        self.wait_until_planned()
        self._spans.append({"task": name, "from": self._in_force_since.pop(name), "until": _now()})
        path = self._project.root / "tasks" / f"{name}.py"
        source = path.read_text(encoding="utf-8")
        path.unlink()
        return source

    def restore(self, name: str, source: str) -> None:
        """Put a task's file back; returns once it is in force."""
        self._project.write_file(name, source)
        self._project.wait_for_task(name, "active")
        self._in_force_since[name] = _now()

    def wait_until_planned(self) -> None:
        """Return once every slot up to now is on record."""
        now = record.text_of(_now())
        statement = "SELECT * FROM jobs WHERE active AND next_run <= ?"
        self._project.wait_for("what is due is on record", lambda: not self._project.rows(statement, now))

    def check_at_work(self) -> list[str]:
        """Return which laws are broken now, with the project at work."""
        self._write_spans(until=_now() - _KNOWN_AFTER)
        return checker.check(self._project.root, is_open=True).violations

    def come_to_rest(self) -> checker.Report:
        """Let nothing new become due, wait until all is over, stop the scheduler, and judge; hosts live on."""
        found = list(self._end_all())
        began = time.monotonic()
        code = self._project.stop()
        if code != 0 or time.monotonic() - began > STOP_WITHIN:
            found.append(f"the last stop took {time.monotonic() - began:.1f} s and ended with exit code {code}")
        report = checker.check(self._project.root)
        report.violations[:0] = found
        return report

    def resume_all(self) -> None:
        """Let every paused run go on."""
        if "resume" not in COMMANDS:
            return
        for row in self._project.rows("SELECT id FROM runs WHERE paused_at IS NOT NULL"):
            with suppress(TaskSchedulerError):
                self._project.ask("resume", run=row["id"])

    def _end_all(self) -> Iterator[str]:
        self.resume_all()
        (self._project.root / "tasks" / ".keep").touch()  # an empty folder would be taken for a disk that is missing
        for name in list(self._in_force_since):
            self.remove(name)
        self._write_spans(until=None)
        try:
            self._project.wait_for("every run has its outcome", self._is_quiet, QUIET_AFTER)
        except WaitedInVain:
            yield f"{self._project.rows(_OPEN)} have no outcome after {QUIET_AFTER:g} s"
        yield from self._leaked_descriptors()

    def _is_quiet(self) -> bool:
        running: bool = self._project.ask("status")["running"]
        deleted = all(task["status"] == "deleted" for task in self._project.rows("SELECT status FROM tasks"))
        return running and deleted and not self._project.rows(_OPEN)

    def _leaked_descriptors(self) -> Iterator[str]:
        """A look at all processes, once they have had a moment to let go of what they did last."""
        hosts = self._project.host_pids()
        limits = dict.fromkeys(hosts, ("a host", IDLE_HOST))
        limits[self._project.pid] = ("the scheduler", IDLE_SCHEDULER + 2 * len(hosts))
        for pid, (who, most) in limits.items():
            with suppress(WaitedInVain):
                self._project.wait_for(f"{who} lets go", partial(_holds_at_most, pid, most), 2.0)
            yield from checker.leaked_descriptors(pid, who, most)

    def _write_spans(self, *, until: float | None) -> None:
        """Tell the checker since when each task is in force; the open spans end at `until`, None: there are none."""
        running = [
            {"task": name, "from": since, "until": until}
            for name, since in self._in_force_since.items()
            if until is not None
        ]
        text = json.dumps([*self._spans, *running])
        machine.replace_file(self._project.root / "spans.json", text)


def _holds_at_most(pid: int, most: int) -> bool:
    return len(proc.descriptors(pid)) <= most


#: Descriptors of a host without an attempt: three standard ones, listener, poller, both ends of its bell, a connection.
IDLE_HOST = 8
#: Descriptors of a scheduler without hosts: measured, with some for reads under way. Each host adds two.
IDLE_SCHEDULER = 24


def _now() -> float:
    return time.time()  # noqa: TID251 - what the checker compares with the record
