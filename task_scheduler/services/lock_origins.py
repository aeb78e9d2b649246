"""What locks were made for, as far as the declarations in force do not tell it; kept over a restart."""

from __future__ import annotations

import json
from collections.abc import Collection
from datetime import datetime

from task_scheduler.core.environments import Requirements
from task_scheduler.core.tasks import TaskVersion
from task_scheduler.ports import Clock, StateStore

#: Since when each task has a lock for its own needs: an instant; empty while all tasks have one together.
_ALONE_SINCE = "locks.alone_since"
#: By the key of a lock, the requirements it was resolved for.
_MADE_FOR = "locks.made_for"


class LockOrigins:
    """Tells whether a lock in force is one of a task's own needs."""

    def __init__(self, *, state: StateStore | None, clock: Clock, shared: bool) -> None:
        """Without `state` nothing is remembered; `shared`: all tasks have one environment."""
        self._state = state
        self._clock = clock
        self._shared = shared
        self._alone_since: datetime | None = None
        self._made_for: dict[str, list[Requirements]] = {}

    async def load(self) -> None:
        """Read what was remembered, and remember which mode holds from now on."""
        if self._state is None:
            return
        known = await self._state.get(_ALONE_SINCE)
        if self._shared:
            if known != "":
                await self._state.put(_ALONE_SINCE, "")
        elif known is not None:
            now = self._clock.now()
            # A clock that was set back must not make every version look like one from before.
            self._alone_since = min(datetime.fromisoformat(known), now) if known else now
            if known == "":
                await self._state.put(_ALONE_SINCE, now.isoformat())
        self._made_for = _read(await self._state.get(_MADE_FOR))

    def is_of_now(self, version: TaskVersion) -> bool:
        """Whether a version was locked in the mode that holds now, when that is for each task alone."""
        return self._alone_since is None or version.admitted_at >= self._alone_since

    def was_made_for(self, key: str, requirements: Requirements) -> bool:
        """Whether a lock is remembered to be one of these requirements."""
        return requirements in self._made_for.get(key, ())

    def note(self, key: str, requirements: Requirements) -> bool:
        """Take note of what a lock was made for; return whether that is news, to be saved."""
        if self._state is None or self.was_made_for(key, requirements):
            return False
        self._made_for.setdefault(key, []).append(requirements)
        return True

    async def save(self, in_force: Collection[str]) -> None:
        """Put down what is noted of the locks in force."""
        if self._state is None:
            return
        self._made_for = {key: made_for for key, made_for in self._made_for.items() if key in in_force}
        told = {
            key: [[list(needed.packages), needed.python_version] for needed in made_for]
            for key, made_for in self._made_for.items()
        }
        await self._state.put(_MADE_FOR, json.dumps(told, sort_keys=True))


def _read(text: str | None) -> dict[str, list[Requirements]]:
    return {
        key: [Requirements(packages=tuple(packages), python_version=python) for packages, python in made_for]
        for key, made_for in json.loads(text or "{}").items()
    }
