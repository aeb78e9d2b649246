"""Documents as the scheduler sends them, and a door that gives them out."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path
from typing import Any

from task_scheduler.cli.arguments import VERBS, read
from task_scheduler.cli.terminal import Terminal
from task_scheduler.core.errors import TaskSchedulerError
from task_scheduler.project import Project

NOW = datetime(2026, 11, 22, 14, 1, tzinfo=UTC)
PROJECT = Project(root=Path("/srv/jobs"), config=Path("/srv/jobs/config/config.yaml"), config_required=False)


def job(**changes: object) -> dict[str, Any]:
    return {
        "id": 1,
        "function": "start",
        "arguments": "((), {})",
        "call": "start()",
        "trigger": "every 5 minutes",
        "tags": [],
        "timezone": None,
        "next_run": "2026-11-22T14:05:00Z",
        **changes,
    }


def run(number: int = 7, **changes: Any) -> dict[str, Any]:
    return {
        "id": number,
        "kind": "scheduled",
        "state": "succeeded",
        "final": True,
        "task": "report",
        "job": 1,
        "function": "start",
        "arguments": "((), {})",
        "call": "start()",
        "argv": [],
        "scheduled_for": "2026-11-22T14:00:00Z",
        "request_id": None,
        "digest": "a" * 12,
        "reason": "",
        "count": 1,
        "range_end": None,
        "merged": 0,
        "merged_from": None,
        "created_at": "2026-11-22T14:00:00Z",
        "started_at": "2026-11-22T14:00:00.012000Z",
        "ended_at": "2026-11-22T14:00:02Z",
        "retry_at": None,
        "waits_for": None,
        "late": 0.012,
        "executions": 1,
        "paused_at": None,
        "paused_seconds": 0.0,
        "progress": None,
        "exit_code": 0,
        "signal": None,
        "error": None,
        "duration": 1.988,
        "duration_paused": 0.0,
        "cpu_seconds": 0.25,
        "peak_memory": 4_200_000,
        "output_bytes": 0,
        "output_dropped": 0,
        "left_behind": 0,
        "stopped_for": None,
        "core_dumped": False,
        "out_of_memory": False,
        **changes,
    }


def attempt(number: int = 1, **changes: Any) -> dict[str, Any]:
    return {
        "number": number,
        "state": "succeeded",
        "digest": "a" * 12,
        "environment": "e" * 12,
        "output": f"7.{number}.log",
        "reason": "",
        "claimed_at": "2026-11-22T14:00:00Z",
        "started_at": "2026-11-22T14:00:00Z",
        "ended_at": "2026-11-22T14:00:02Z",
        "duration": 1.988,
        "duration_paused": 0.0,
        "cpu_seconds": 0.25,
        "peak_memory": 4_200_000,
        "output_bytes": 120,
        "output_dropped": 0,
        "left_behind": 0,
        **changes,
    }


def whole_run(number: int = 7, **changes: Any) -> dict[str, Any]:
    """Return a run as the command `run` tells it."""
    return {
        **run(number),
        "snoozed": False,
        "deadline_at": None,
        "limits": {},
        "retry_count": 0,
        "time_used": None,
        "metrics": {},
        "artifacts": [],
        "has_result": False,
        "result": None,
        "refused": [],
        "attempts": [attempt()],
        **changes,
    }


def task(task_id: str = "report", **changes: Any) -> dict[str, Any]:
    return {
        "id": task_id,
        "title": "Daily report",
        "path": f"tasks/{task_id}.py",
        "status": "active",
        "jobs": [job()],
        "next_run": "2026-11-22T14:05:00Z",
        "next_runs": ["2026-11-22T14:05:00Z", "2026-11-22T14:10:00Z", "2026-11-22T14:15:00Z"],
        "last_run": run(),
        "problems": [],
        "detail": "",
        "version": "a" * 12,
        "pending_digest": None,
        "environment": "e" * 12,
        "updated_at": "2026-11-22T13:00:00Z",
        **changes,
    }


def invalid(**changes: Any) -> dict[str, Any]:
    problems = [
        {"severity": "warning", "line": None, "text": "tasks/report.py: give it a title"},
        {"severity": "error", "line": 4, "text": "tasks/report.py:4: unknown key 'evry', did you mean 'every'?"},
        {"severity": "error", "line": 5, "text": "tasks/report.py:5: timeout is '5': write a whole number"},
    ]
    return {**task(), "status": "invalid", "problems": problems, "pending_digest": "b" * 12, **changes}


class FakeDoor:
    """Answers each command with what it was given; a list of answers is gone through, and its last one stays."""

    def __init__(self, answers: Mapping[str, object], project: Project = PROJECT, *, is_left: bool = False) -> None:
        self.project = project
        self.is_left = is_left
        self._answers = dict(answers)
        self.asked: list[tuple[str, dict[str, object]]] = []

    def ask(self, command: str, /, **arguments: object) -> Any:
        self.asked.append((command, {name: value for name, value in arguments.items() if value is not None}))
        answer = self._answers[command]
        if isinstance(answer, Turns):
            answer = answer.next()
        if isinstance(answer, TaskSchedulerError):
            raise answer
        return answer

    def ask_scheduler(self, command: str, /, **arguments: object) -> Any:
        return self.ask(command, **arguments)

    @contextmanager
    def watched_scheduler(self) -> Iterator[Callable[[], bool]]:
        """Give what tells whether it is gone; the answers to that are those of `gone`."""
        self.asked.append(("watch", {}))
        gone = self._answers.get("gone", True)
        yield lambda: bool(gone.next() if isinstance(gone, Turns) else gone)

    def what_is_known(self, run_id: int) -> str:
        raise AssertionError(f"nobody left run {run_id}")


class Turns:
    """Answers given one after the other."""

    def __init__(self, *answers: object) -> None:
        self._answers: Sequence[object] = answers

    def next(self) -> object:
        answer, *others = self._answers
        self._answers = others or [answer]
        return answer


class Spoken:
    """What a command said, and its exit code."""

    def __init__(self, out: str, err: str, code: int, pauses: Sequence[float]) -> None:
        self.out = out
        self.err = err
        self.code = code
        self.pauses = pauses

    @property
    def lines(self) -> list[str]:
        return self.out.splitlines()


def say(
    line: str,
    door: FakeDoor,
    *,
    width: int | None = None,
    colour: bool = False,
    meanwhile: Callable[[], object] | None = None,
) -> Spoken:
    """Carry out one command line; `meanwhile` happens whenever the command waits."""

    def pause(seconds: float) -> None:
        pauses.append(seconds)
        if meanwhile is not None:
            meanwhile()

    options = read(line.split())
    out, err, pauses = StringIO(), StringIO(), list[float]()
    terminal = Terminal(out=out, err=err, now=lambda: NOW, pause=pause, width=width, colour=colour, zone=UTC)
    code = VERBS[options.verb].execute(options, door, terminal)
    return Spoken(out.getvalue(), err.getvalue(), code, pauses)
