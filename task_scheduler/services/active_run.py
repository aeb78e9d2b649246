"""Runs without an outcome, as the runner holds them in memory."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from enum import Enum, auto

from task_scheduler.core.outcomes import Cancelled
from task_scheduler.core.requests import Started
from task_scheduler.core.runs import NOTHING_TOLD, AttemptId, AttemptNotes, Run, RunState
from task_scheduler.core.waiting_line import PATIENCE
from task_scheduler.services.register import Admitted


class Phase(Enum):
    """What the runner is doing about a run."""

    ARMED = auto()  # claimed ahead of its instant; only a row so far
    WAITING = auto()  # stands in the line for a place
    HELD = auto()  # will stand in the line: waits for its environment, its turn, an older version to end, or is paused
    BEGINNING = auto()  # has a place; its attempt is being put on record
    LAUNCHED = auto()  # sent to the executor, or executing
    ENDING = auto()  # the execution is over, or there will be none; that is being put on record
    RETRYING = auto()  # waits for the time of its next attempt


#: Phases of a run that nothing is being done about: it can end at once, without an execution.
IDLE = frozenset({Phase.ARMED, Phase.WAITING, Phase.HELD, Phase.RETRYING})

_AT_WORK = frozenset({Phase.WAITING, Phase.HELD, Phase.BEGINNING, Phase.LAUNCHED, Phase.RETRYING})


@dataclass(slots=True, kw_only=True, eq=False)
class ActiveRun:
    """One run and where it stands. Mutable: the parts of the runner alone change it."""

    run: Run
    phase: Phase = Phase.ARMED
    patience: timedelta = timedelta(seconds=PATIENCE)  #: how long it may wait in the line until it is urgent
    begin_by: float | None = None  #: by when it ought to begin, monotonic; None: it has not stood in the line yet
    makes_up: bool = False  #: its slot was missed, so that nobody counts on the minute: it leaves places to others
    in_turn: bool = False  #: a slot that is made up for: it waits for earlier ones instead of being skipped
    admitted: Admitted | None = None  #: the version its current attempt runs, when that is in force
    attempt: AttemptId | None = None  #: claimed or executing; None between attempts
    digest: str | None = None  #: of the version that attempt runs
    placement: str = ""  #: of that attempt
    output: str = ""  #: of that attempt
    started: Started | None = None  #: the executor's report
    start_recorded: bool = False  #: the record knows that the attempt executes
    is_counted: bool = False  #: `run.executions` counts the current attempt already
    will_retry: bool = False  #: it ends its attempt, not the run
    voids: int = 0  #: attempts in a row that never began
    cancelled: Cancelled | None = None  #: somebody asked for its end: nothing of it is begun or repeated any more
    is_paused: bool | None = None  #: what the executor said last of the current attempt; None: nothing yet
    notes: AttemptNotes = NOTHING_TOLD  #: what the current attempt told of its work
    wait: asyncio.Task[None] | None = None  #: for a time or an environment; ended when the run is taken out of it
    watch: asyncio.Task[None] | None = None  #: for the deadline of a retry that waits to start

    @property
    def is_at_work(self) -> bool:
        """Whether another run of its job would overlap with it."""
        return self.phase in _AT_WORK or (self.phase is Phase.ENDING and self.will_go_on)

    @property
    def will_go_on(self) -> bool:
        """Whether its attempt has ended and another is to follow."""
        return self.will_retry and self.cancelled is None

    @property
    def is_held_by_person(self) -> bool:
        """Whether it is paused, so that nothing of it starts."""
        return self.run.paused_at is not None

    @property
    def pinned(self) -> str | None:
        """Digest of the only version its next attempt may run; None: the one in force, as for every retry."""
        return self.run.pinned if self.run.state is RunState.QUEUED else None

    @property
    def holds_place(self) -> bool:
        """Whether it takes one of the places for executions."""
        return self.phase in {Phase.BEGINNING, Phase.LAUNCHED}

    @property
    def executions(self) -> int:
        """How many of its attempts have begun, the current one included."""
        return self.run.executions if self.is_counted else self.run.executions + 1

    @property
    def shown(self) -> Run:
        """Return its run as a person sees it: running from its start on, also before that is on record."""
        if self.started is None or self.run.state is RunState.RUNNING:
            return self.run
        return replace(
            self.run, state=RunState.RUNNING, started_at=self.run.started_at or self.started.started_at, retry_at=None
        )

    def clear_attempt(self) -> None:
        """Forget the current attempt: it has ended or never began."""
        self.begin_by = None
        self.admitted = None
        self.attempt = None
        self.digest = None
        self.placement = ""
        self.output = ""
        self.started = None
        self.start_recorded = False
        self.is_counted = False
        self.will_retry = False
        self.is_paused = None
        self.notes = NOTHING_TOLD


class ActiveRuns:
    """All runs without an outcome."""

    def __init__(self) -> None:
        self._runs: dict[int, ActiveRun] = {}
        self._by_task: dict[str, dict[int, ActiveRun]] = {}

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self._runs)

    def __iter__(self) -> Iterator[ActiveRun]:
        """Iterate over all of them."""
        return iter(self._runs.values())

    def add(self, active: ActiveRun) -> None:
        """Take over a run."""
        self._runs[active.run.id] = active
        self._by_task.setdefault(active.run.task_id, {})[active.run.id] = active

    def remove(self, active: ActiveRun) -> None:
        """Let go of a run that has its outcome."""
        del self._runs[active.run.id]
        of_task = self._by_task[active.run.task_id]
        del of_task[active.run.id]
        if not of_task:
            del self._by_task[active.run.task_id]

    def get(self, run_id: int) -> ActiveRun | None:
        """Return a run, None when it is not here: it has its outcome, or is not known."""
        return self._runs.get(run_id)

    def of_task(self, task_id: str) -> tuple[ActiveRun, ...]:
        """Return the runs of a task, oldest first."""
        return tuple(self._by_task.get(task_id, {}).values())
