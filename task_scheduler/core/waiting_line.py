"""The line of runs that wait for a place: the most urgent first, fair between tasks; and what is made up for, behind."""

from __future__ import annotations

import heapq
from collections import deque
from itertools import count

#: Seconds a run may wait before it is urgent. It bounds how long those of others, however many, can go before it.
PATIENCE = 10.0
#: The same of a run that makes up for a missed slot: nobody counts on its minute any more.
PATIENCE_TO_MAKE_UP = 60.0


class WaitingLine:
    """Earliest deadline first between tasks; first come, first served within a task.

    A run joins with the moment by which it ought to have begun: one whose job is due again in a second soon, others
    later (`PATIENCE`), all of them alike. So what runs each second is not kept waiting by a thousand that run each
    night, which in turn nobody can keep waiting for longer than they may wait: then they come first. A task that asks
    for a hundred runs at once gets one turn for all of them together, as any other; after it, it has to wait anew.

    It is the rule of earliest deadlines (Liu and Layland, 1973), which meets all deadlines where that can be done.
    """

    def __init__(self, *, patience: float = PATIENCE) -> None:
        """`patience` is how long a task waits for its next turn, in seconds."""
        self._patience = patience
        self._lines: dict[str, deque[tuple[float, int]]] = {}
        self._turns: dict[str, tuple[float, int]] = {}  #: of each task that waits: by when, and since when in the line
        self._heap: list[tuple[float, int, str]] = []  #: the same; entries that are no longer true are passed over
        self._order = count()
        self._size = 0
        self._taken: tuple[float, int, str] | None = None  #: the turn of the run that was taken out last

    def __len__(self) -> int:
        """Return how many runs wait."""
        return self._size

    def join(self, task_id: str, run_id: int, begin_by: float) -> None:
        """Put a run at the end of its task's line; `begin_by` is a moment in seconds, of a clock that is never set."""
        line = self._lines.setdefault(task_id, deque())
        line.append((begin_by, run_id))
        self._size += 1
        if len(line) == 1:
            self._give_turn(task_id, begin_by)

    def begins_by(self) -> float | None:
        """Return by when the run ought to begin whose turn it is, None when nobody waits."""
        while self._heap:
            begin_by, order, task_id = self._heap[0]
            if self._turns.get(task_id) == (begin_by, order):
                return begin_by
            heapq.heappop(self._heap)
        return None

    def next(self, now: float) -> int | None:
        """Take out the run whose turn it is, None when nobody waits; `now` is by the clock of `begin_by`."""
        while self._heap:
            begin_by, order, task_id = heapq.heappop(self._heap)
            if self._turns.get(task_id) != (begin_by, order):
                continue
            line = self._lines[task_id]
            _, run_id = line.popleft()
            self._size -= 1
            self._taken = begin_by, order, task_id
            if line:
                # From now, where its turn came early since nobody else waited: it must not pay for that later.
                self._give_turn(task_id, max(line[0][0], min(begin_by, now) + self._patience))
            else:
                self._forget(task_id)
            return run_id
        return None

    def keep_turn(self) -> float:
        """Leave the turn of the run taken out last, which does not begin, to its task; return by when that turn is.

        Whoever waits for another run of its task, and is asked again and again, must not use up turns; nor may it come
        back with the moment it joined with, or the runs of one long row would go before all others each time.
        """
        if self._taken is None:
            raise AssertionError("nobody was taken out of the line")
        (begin_by, order, task_id), self._taken = self._taken, None
        line = self._lines.get(task_id)
        if line:
            turn = self._turns[task_id] = (max(line[0][0], begin_by), order)
            heapq.heappush(self._heap, (*turn, task_id))
        return begin_by

    def leave(self, task_id: str, run_id: int) -> None:
        """Take a run out of the line before its turn; raises ValueError when it does not stand there."""
        line = self._lines.get(task_id, deque())
        [place] = [place for place, (_, one) in enumerate(line) if one == run_id]
        del line[place]
        self._size -= 1
        if not line:
            self._forget(task_id)

    def _give_turn(self, task_id: str, begin_by: float) -> None:
        turn = self._turns[task_id] = (begin_by, next(self._order))
        heapq.heappush(self._heap, (*turn, task_id))

    def _forget(self, task_id: str) -> None:
        del self._lines[task_id]
        del self._turns[task_id]


class WaitingLines:
    """Two lines for one set of places: of runs whose slot is now, and of those that make up for missed ones.

    After a long stop everything is owed at once. What makes up for it holds half of the places at most (one of one), so
    that whatever is due meanwhile begins on time; and of two that wait, its turn comes later by its longer patience.
    """

    def __init__(self) -> None:
        self._on_time = WaitingLine()
        self._making_up = WaitingLine(patience=PATIENCE_TO_MAKE_UP)

    def join(self, task_id: str, run_id: int, begin_by: float, *, makes_up: bool) -> None:
        """Put a run at the end of its task's line; `begin_by` is a moment in seconds, of a clock that is never set."""
        self._line(makes_up=makes_up).join(task_id, run_id, begin_by)

    def leave(self, task_id: str, run_id: int, *, makes_up: bool) -> None:
        """Take a run out of its line before its turn; raises ValueError when it does not stand there."""
        self._line(makes_up=makes_up).leave(task_id, run_id)

    def next(self, now: float, *, places: int, making_up: int) -> int | None:
        """Take out the run whose turn it is, None: nobody may have a place; `making_up` of all places are held so."""
        due = self._on_time.begins_by()
        owed = self._making_up.begins_by() if making_up < places_to_make_up(places) else None
        if owed is not None and (due is None or owed < due):
            return self._making_up.next(now)
        return self._on_time.next(now)

    def keep_turn(self, *, makes_up: bool) -> float:
        """Leave the turn of the run taken out last, which does not begin, to its task; return by when that turn is."""
        return self._line(makes_up=makes_up).keep_turn()

    def _line(self, *, makes_up: bool) -> WaitingLine:
        return self._making_up if makes_up else self._on_time


def places_to_make_up(places: int) -> int:
    """Return how many of all places runs may hold at once that make up for missed slots."""
    return max(1, places // 2)
