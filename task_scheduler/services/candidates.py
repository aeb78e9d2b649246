"""Task files on their way into force, and whose turn it is."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from task_scheduler.core.tasks import JobDeclaration
from task_scheduler.ports import SourceFile

#: Files that are read and prepared at the same time, but for those that wait for an environment: their contents
#: are in memory, and each takes its turn in the one event loop that starts runs.
MOST_AT_ONCE = 128


@dataclass(slots=True, kw_only=True, eq=False)
class Candidate:
    """A task file as it stands, and the work on it."""

    file: SourceFile
    title: str
    work: asyncio.Task[None] | None = None
    has_place: bool = False  #: it is one of the `MOST_AT_ONCE`
    is_refused: bool = False
    why_refused: str = ""  #: empty also where it is tried again soon
    jobs: tuple[JobDeclaration, ...] = ()  #: what it declares, as far as it is read
    environment: str | None = None  #: key of the environment being made ready for it
    #: Held while a result is put on record and into memory: never cancelled between the two.
    committing: asyncio.Lock = field(default_factory=asyncio.Lock)

    @property
    def task_id(self) -> str:
        """Return the task's id."""
        return self.file.task_id


class Turns:
    """Lets a bounded number of candidates be at work, in the order they came."""

    def __init__(self, *, start: Callable[[Candidate], asyncio.Task[None]]) -> None:
        """`start` begins the work on a candidate; whoever does it calls `leave_place` and `rest`."""
        self._start = start
        self._places = MOST_AT_ONCE
        self._waiting: deque[Candidate] = deque()
        #: Those at work or waiting for their turn, not those that pause.
        self._unfinished: dict[Candidate, None] = {}
        #: Set while nobody is at work or waits.
        self.all_rest = asyncio.Event()
        self.all_rest.set()

    def __iter__(self) -> Iterator[Candidate]:
        """Yield those that are at work or wait for their turn."""
        return iter(tuple(self._unfinished))

    def __bool__(self) -> bool:
        """Whether anybody is at work or waits for a turn."""
        return bool(self._unfinished)

    def is_under_way(self, candidate: Candidate) -> bool:
        """Whether a candidate waits, is at work, or pauses before it tries again."""
        return candidate in self._unfinished or candidate.work is not None

    def begin(self, candidate: Candidate) -> None:
        """Have a candidate worked on when its turn comes."""
        self.go_on(candidate)
        self._waiting.append(candidate)
        self._fill_places()

    def go_on(self, candidate: Candidate) -> None:
        """Count a candidate among those at work again: its pause is over."""
        self._unfinished[candidate] = None
        self.all_rest.clear()

    def leave_place(self, candidate: Candidate) -> None:
        """Let another have the turn: this one is done, or waits for something slow."""
        if candidate.has_place:
            candidate.has_place = False
            self._places += 1
            self._fill_places()

    def rest(self, candidate: Candidate) -> None:
        """Take note that nothing is to be done about a candidate right now."""
        self._unfinished.pop(candidate, None)
        self.leave_place(candidate)
        if not self._unfinished:
            self.all_rest.set()

    def clear(self) -> None:
        """Forget everybody."""
        self._waiting.clear()
        self._unfinished.clear()
        self._places = MOST_AT_ONCE
        self.all_rest.set()

    def _fill_places(self) -> None:
        while self._waiting and self._places:
            candidate = self._waiting.popleft()
            # Whoever was dropped meanwhile is still in the row.
            if candidate in self._unfinished and candidate.work is None:
                self._places -= 1
                candidate.has_place = True
                candidate.work = self._start(candidate)
