"""The needs of all tasks together, for `virtual_env.mode: shared`: one environment that suits every task."""

from __future__ import annotations

import asyncio
from collections.abc import Collection

from task_scheduler.core.environments import Requirements, python_together


class SharedNeeds:
    """What each task needs installed, and the sum of it."""

    def __init__(self) -> None:
        self._needs: dict[str, Requirements] = {}
        self._in_force: dict[str, Requirements] = {}
        self._unread: set[str] = set()
        self._all_read = asyncio.Event()
        self._all_read.set()

    def expect(self, task_id: str) -> None:
        """Take note that a task's file is about to be read: until then the sum is not known."""
        self._unread.add(task_id)
        self._all_read.clear()

    def put(self, task_id: str, needs: Requirements) -> None:
        """Count a task in, with what its file as read needs."""
        self._needs[task_id] = needs
        self.is_read(task_id)

    def is_read(self, task_id: str) -> None:
        """Take note that a task's file was read, or that nobody will."""
        self._unread.discard(task_id)
        if not self._unread:
            self._all_read.set()

    def put_in_force(self, task_id: str) -> None:
        """Take note that the version with the needs last put is in force."""
        self._in_force[task_id] = self._needs[task_id]

    def refuse(self, task_id: str) -> None:
        """Count a task with the needs of its version in force, or not at all when it has none."""
        self._needs.pop(task_id, None)
        if task_id in self._in_force:
            self._needs[task_id] = self._in_force[task_id]

    def drop(self, task_id: str) -> None:
        """Count a task in no more."""
        self._needs.pop(task_id, None)
        self._in_force.pop(task_id, None)

    async def known(self) -> Requirements:
        """Return the sum over all tasks, once every file was read."""
        await self._all_read.wait()
        return self.together()

    def together(self) -> Requirements:
        """Return the sum over all tasks."""
        return _sum(self._needs.values())

    def proven_with(self, task_id: str) -> Requirements:
        """Return the sum of what is in force and of one task: whatever fails then is that task's."""
        return _sum([*self._in_force.values(), self._needs[task_id]])


def _sum(needs: Collection[Requirements]) -> Requirements:
    packages = {package for needed in needs for package in needed.packages}
    python_version = python_together(needed.python_version for needed in needs)
    return Requirements(packages=tuple(sorted(packages)), python_version=python_version)
