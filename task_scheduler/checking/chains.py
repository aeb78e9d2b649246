"""What is wrong with the tasks after which tasks run, as far as their files tell."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import pairwise

from task_scheduler.core.errors import Problem, Severity
from task_scheduler.core.following import circle, strangers, told_circle
from task_scheduler.core.tasks import FileKind, JobDeclaration, TaskReading
from task_scheduler.core.triggers import AfterTask, read_event
from task_scheduler.ports import SourceFile


class Chains:
    """Follows tasks from file to file; a circle is told once, of the first of its files that is asked about."""

    def __init__(self, *, known: Callable[[], frozenset[str]], read: Callable[[str], TaskReading]) -> None:
        """`known` gives the ids of all files in the folder of tasks, `read` what one of them says."""
        self._known = known
        self._read = read
        #: None: it is no task.
        self._befores: dict[str, frozenset[str] | None] = {}
        self._told_circles: set[frozenset[tuple[str, str]]] = set()

    def faults(self, source: SourceFile, reading: TaskReading, jobs: Sequence[JobDeclaration]) -> Iterator[Problem]:
        """Yield a warning for each task that this one runs after and that does not exist, and for each circle, once.

        `jobs` are all there are of the file, those that its reading cannot tell included.
        """
        self._befores[source.task_id] = _befores(jobs) if reading.kind is FileKind.TASK else None
        lines: dict[str, int | None] = {}
        for job in jobs:
            for before in _befores([job]):
                lines.setdefault(before, job.line)
        if not lines:
            return
        task_id, after = source.task_id, self._chain(source.task_id)
        for before, line in lines.items():
            is_task = self._befores_of(before) is not None
            told = [] if is_task else [*strangers(task_id, {task_id: [before]}, self._known() - {before})]
            found = circle(task_id, before, after)
            steps = frozenset(pairwise(found))
            if steps and steps not in self._told_circles:
                self._told_circles.add(steps)
                whom = "it is not run after itself" if len(steps) == 1 else "none of them is run after the one it names"
                told.append(f"{told_circle(found)}, so {whom}")
            for message in told:
                yield Problem(path=source.path, message=message, line=line, severity=Severity.WARNING)

    def _chain(self, task_id: str) -> Mapping[str, frozenset[str]]:
        """Return what this task runs after, what those run after, and so on, as far as the files tell."""
        after: dict[str, frozenset[str]] = {}
        ahead = [task_id]
        for name in ahead:
            if name not in after:
                after[name] = self._befores_of(name) or frozenset()
                ahead += sorted(after[name])
        return after

    def _befores_of(self, task_id: str) -> frozenset[str] | None:
        """Return the tasks after whose runs one runs, None where there is no such task."""
        if task_id not in self._befores:
            self._befores[task_id] = None
            if task_id in self._known() and (reading := self._read(task_id)).kind is FileKind.TASK:
                self._befores[task_id] = _befores(reading.jobs)
        return self._befores[task_id]


def _befores(jobs: Iterable[JobDeclaration]) -> frozenset[str]:
    """Return the tasks after whose runs jobs run."""
    events = (read_event(job.trigger) for job in jobs)
    return frozenset(event.task for event in events if isinstance(event, AfterTask))
