"""The line of runs that wait for a place, fair between tasks."""

from __future__ import annotations

from collections import OrderedDict, deque


class WaitingLine:
    """First come, first served within a task; the tasks take turns.

    So a task that asks for a hundred runs at once does not keep the others waiting for all of them.
    """

    def __init__(self) -> None:
        self._lines: OrderedDict[str, deque[int]] = OrderedDict()
        self._size = 0

    def __len__(self) -> int:
        """Return how many runs wait."""
        return self._size

    def join(self, task_id: str, run_id: int) -> None:
        """Put a run at the end of its task's line."""
        self._lines.setdefault(task_id, deque()).append(run_id)
        self._size += 1

    def next(self) -> int | None:
        """Take out the run whose turn it is, None when nobody waits."""
        if not self._lines:
            return None
        task_id, line = self._lines.popitem(last=False)
        run_id = line.popleft()
        self._size -= 1
        if line:
            self._lines[task_id] = line
        return run_id

    def leave(self, task_id: str, run_id: int) -> None:
        """Take a run out of the line before its turn; raises ValueError when it does not stand there."""
        line = self._lines.get(task_id, deque())
        line.remove(run_id)
        self._size -= 1
        if not line:
            del self._lines[task_id]
