"""Finding jobs that start themselves: each run writes a file that the next one runs for."""

from __future__ import annotations

from collections import deque
from collections.abc import Collection
from dataclasses import dataclass, field

from task_scheduler.core.events import Event, Level
from task_scheduler.core.happenings import FileIdentity
from task_scheduler.core.tasks import Job
from task_scheduler.ports import Clock
from task_scheduler.services.service import Publish

#: Runs in a row that must have had a file written while they were at work, and none written in between.
FEWEST = 5
#: How likely that may be, at most, where somebody else writes the files at any time.
_CHANCE = 1e-6
#: Executions of a task that are known, at most.
_MOST_KNOWN = 200
#: Seconds by which the clock of a file system is behind, and a start is heard of later than it was.
_BLUR = 0.1


@dataclass(eq=False, slots=True)
class _Execution:
    """An execution of a task, in seconds since 1970."""

    began: float
    ended: float | None = None

    def seconds(self, now: float) -> float:
        """How long it was at work until now."""
        return (now if self.ended is None else self.ended) - self.began + _BLUR


@dataclass(eq=False, slots=True)
class _Task:
    """What is known of the executions of a task."""

    latest: deque[_Execution] = field(default_factory=lambda: deque(maxlen=_MOST_KNOWN))
    under_way: dict[int, _Execution] = field(default_factory=dict)  #: by run
    worked: float = 0.0  #: seconds of all that have ended


@dataclass(eq=False, slots=True)
class _Row:
    """Executions, one after the other, while which a file was written that their own job is run for."""

    since: float
    worked_before: float  #: seconds of the executions that had ended before
    last: _Execution
    count: int = 1


class OwnFiles:
    """Compares when files were written with when their own task was at work.

    Nobody tells who wrote a file. But who writes independently of a task would now and then write while it rests: how
    likely it is that this never happened follows from how much of the time it was at work.
    """

    def __init__(self, *, clock: Clock, publish: Publish) -> None:
        self._clock = clock
        self._publish = publish
        self._tasks: dict[str, _Task] = {}
        self._rows: dict[int, _Row] = {}  #: by job
        self._told: dict[int, tuple[str, str]] = {}  #: tasks, with a sentence each, by job

    @property
    def warnings(self) -> list[str]:
        """The jobs that start themselves, a sentence each."""
        return sorted(f"{task}: {told}" for task, told in self._told.values())

    def of_task(self, task_id: str) -> list[str]:
        """Return, a sentence for each such job, how a task starts itself; none: as far as is known, it does not."""
        return sorted(told for task, told in self._told.values() if task == task_id)

    def follow(self, task_ids: Collection[str], job_ids: Collection[int]) -> None:
        """Take note which tasks and jobs wait for files; what is known of others is forgotten."""
        self._tasks = {task_id: self._tasks.get(task_id) or _Task() for task_id in task_ids}
        self._rows = {job_id: row for job_id, row in self._rows.items() if job_id in job_ids}
        self._told = {job_id: told for job_id, told in self._told.items() if job_id in job_ids}

    def hear(self, event: Event) -> None:
        """Take note of the beginnings and ends of executions."""
        task = self._tasks.get(str(event.fields.get("task")))
        run = event.fields.get("run")
        if task is None or not isinstance(run, int):
            return
        now = self._clock.now().timestamp()
        if event.name in {"run.started", "run.adopted"}:
            task.under_way[run] = _Execution(began=now)
            task.latest.append(task.under_way[run])
        elif "duration" in event.fields:
            execution = task.under_way.pop(run, None)
            if execution is None:
                execution = _Execution(began=now)
                task.latest.append(execution)
            duration = event.fields["duration"]
            if isinstance(duration, int | float):
                execution.began = min(execution.began, now - duration)
            execution.ended = now
            task.worked += execution.seconds(now)

    def came(self, job: Job, pattern: str, file: FileIdentity) -> None:
        """Take note that a job is run for a file as it is; warn once where it starts itself."""
        task = self._tasks.get(job.task_id)
        if task is None:
            return
        written = file.modified / 1e9
        execution = next((each for each in reversed(task.latest) if _was_at_work(each, written)), None)
        row = self._rows.get(job.id)
        if execution is None:
            self._rows.pop(job.id, None)
        elif row is None:
            self._rows[job.id] = _Row(
                since=execution.began, worked_before=task.worked - _worked_since(task, execution.began), last=execution
            )
        elif execution is not row.last:
            row.last = execution
            row.count += 1
            if job.id not in self._told and self._is_no_chance(task, row):
                self._tell(job, pattern, row.count)

    def _is_no_chance(self, task: _Task, row: _Row) -> bool:
        now = self._clock.now().timestamp()
        under_way = sum(execution.seconds(now) for execution in task.under_way.values())
        share = (task.worked - row.worked_before + under_way) / max(now - row.since, _BLUR)
        return row.count >= FEWEST and min(share, 1.0) ** row.count < _CHANCE

    def _tell(self, job: Job, pattern: str, count: int) -> None:
        message = (
            f"on change of {pattern}: each of its last {count} runs was at work when a file was written that "
            "it is run for, and none was written in between: it starts itself without end; have it write elsewhere, or "
            "under names that the pattern does not find"
        )
        self._told[job.id] = (job.task_id, message)
        fields = {"task": job.task_id}
        told = f"{job.task_id}: {message}"
        self._publish(Event(name="task.warning", message=told, level=Level.WARNING, fields=fields))


def _worked_since(task: _Task, moment: float) -> float:
    return sum(each.seconds(each.ended) for each in task.latest if each.ended is not None and each.began >= moment)


def _was_at_work(execution: _Execution, moment: float) -> bool:
    return execution.began - _BLUR <= moment and (execution.ended is None or moment <= execution.ended + _BLUR)
