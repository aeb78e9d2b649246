"""The needs of all tasks together, for `virtual_env.mode: shared`: one environment that suits every task."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Collection, Iterable, Mapping, Sequence

from task_scheduler.core.environments import Requirements, python_together

#: The name a requirement begins with.
_BEGINNING = re.compile(r"[A-Za-z0-9._-]*")
#: Others named in one sentence.
_NAMED = 3


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

    def others(self, task_id: str) -> Requirements:
        """Return the sum of what is in force, without one task."""
        return _sum([needs for other, needs in self._in_force.items() if other != task_id])

    def at_odds(self, task_id: str) -> str:
        """Return which packages a task and those in force ask for differently; empty: none."""
        others = sorted(other for other in self._in_force if other != task_id)
        return _told([pair for pair in self._pairs([task_id, *others]) if task_id in pair], task_id)

    def at_odds_without(self, task_id: str) -> str:
        """Return which packages those in force ask for differently, without one task; empty: none."""
        return _told(self._pairs(sorted(other for other in self._in_force if other != task_id)), task_id)

    def names_without(self, task_id: str) -> str:
        """Return the names of those in force, without one task."""
        others = sorted(other for other in self._in_force if other != task_id)
        more = f" and {len(others) - _NAMED} more" if len(others) > _NAMED else ""
        return ", ".join(others[:_NAMED]) + more

    def _pairs(self, task_ids: Iterable[str]) -> list[dict[str, str]]:
        """Return requirements that differ from those of the first task that asks for the package, with both tasks."""
        found: list[dict[str, str]] = []
        first: dict[str, dict[str, str]] = {}
        for task_id in task_ids:
            needs = self._needs.get(task_id) or self._in_force[task_id]
            for package in needs.packages:
                asked = first.setdefault(_name(package), {task_id: package})
                if package not in asked.values():
                    found.append({**asked, task_id: package})
        return found


def _sum(needs: Collection[Requirements]) -> Requirements:
    packages = {package for needed in needs for package in needed.packages}
    python_version = python_together(needed.python_version for needed in needs)
    return Requirements(packages=tuple(sorted(packages)), python_version=python_version)


def _name(package: str) -> str:
    """Return the name of a requirement, in its one spelling."""
    found = _BEGINNING.match(package)
    return re.sub(r"[-_.]+", "-", found.group() if found else package).lower()


def _told(pairs: Sequence[Mapping[str, str]], task_id: str) -> str:
    """Return pairs of requirements as words; those of one task have no name beside them."""
    words = [
        " and ".join(
            repr(package) + (f" of {owner}" if owner != task_id else "")
            for owner, package in sorted(pair.items(), key=lambda entry: (entry[0] != task_id, entry[0]))
        )
        for pair in pairs[:_NAMED]
    ]
    more = f" (and {len(pairs) - _NAMED} more)" if len(pairs) > _NAMED else ""
    return ", ".join(words) + more
