"""What is in force now: the admitted version of each task, kept in memory for those who start runs."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from task_scheduler.core.environments import Lock
from task_scheduler.core.requests import ExecutionProfile
from task_scheduler.core.tasks import TaskVersion


@dataclass(frozen=True, slots=True, kw_only=True)
class Admitted:
    """A version in force, with what starting it needs."""

    version: TaskVersion
    path: str  #: the task file, relative to the project folder
    lock: Lock

    @property
    def profile(self) -> ExecutionProfile:
        """Return what a worker must have ready for it."""
        return ExecutionProfile(environment=self.version.environment, preload=self.version.preload)


class Register:
    """The versions in force. The catalog writes it; whoever starts runs reads it at that moment."""

    def __init__(self) -> None:
        self._admitted: dict[str, Admitted] = {}
        #: Why the folder of tasks cannot be read, so that none of its tasks may start; None: all is well.
        self.suspended: str | None = None

    def put(self, admitted: Admitted) -> None:
        """Put a version in force in place of the one before."""
        self._admitted[admitted.version.task_id] = admitted

    def drop(self, task_id: str) -> None:
        """End what is in force of a task, if anything."""
        self._admitted.pop(task_id, None)

    def get(self, task_id: str) -> Admitted | None:
        """Return the version in force, None when there is none."""
        return self._admitted.get(task_id)

    def task_ids(self) -> Collection[str]:
        """Return the tasks that have a version in force."""
        return self._admitted.keys()

    def environments(self) -> Collection[str]:
        """Return the keys of the environments in force."""
        return {admitted.version.environment for admitted in self._admitted.values()}
