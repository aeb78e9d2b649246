"""Which runs tell how tasks do: those at work, those that ended badly, the one of each task that tells most."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from task_scheduler.core.outcomes import GIVEN_UP
from task_scheduler.core.runs import ACTIVE, FINAL, Run, RunState
from task_scheduler.core.tasks import TaskRecord, TaskStatus
from task_scheduler.ports import Clock, History, RunFilter
from task_scheduler.services.documents import MOST_RUNS

#: Ends that ask for a person.
BAD_ENDS = frozenset({RunState.FAILED, RunState.TIMED_OUT, RunState.INTERRUPTED, RunState.MISSED})
#: States that tell something of a task; a slot that was skipped, beside a run under way, tells nothing.
TELLING = frozenset(RunState) - {RunState.SKIPPED}
#: Ends that tell how a task does.
TELLING_ENDS = FINAL & TELLING
#: States of a run that is at work.
AT_WORK = frozenset({RunState.RUNNING})
#: States of a run that is not over and has begun, or not.
BEGUN = frozenset({RunState.RUNNING, RunState.RETRYING})
WAITING = ACTIVE - BEGUN
#: Most runs of each kind that a summary tells as being at work.
MOST_AT_WORK = 100
#: Tasks whose runs a person counts on.
COUNTED_ON = frozenset({TaskStatus.ACTIVE, TaskStatus.PREPARING, TaskStatus.INVALID})


class TellingRuns:
    """Finds them in the history."""

    def __init__(self, *, history: History, clock: Clock) -> None:
        self._history = history
        self._clock = clock

    async def at_work(self) -> Sequence[Run]:
        """Return the runs that execute or wait, oldest first; of an instant to come there is none at work."""
        begun = await self._history.runs(RunFilter(states=BEGUN, limit=MOST_AT_WORK))
        waiting = await self._history.runs(RunFilter(states=WAITING, limit=MOST_AT_WORK))
        now = self._clock.now()
        due = (run for run in waiting if run.scheduled_for is None or run.scheduled_for <= now or run.paused_at)
        return sorted((*begun, *due), key=lambda run: run.id)

    async def bad_ends(self, records: Iterable[TaskRecord]) -> Sequence[Run]:
        """Return the newest finished run of each task in force where that one ended badly, newest first."""
        latest = await self._history.latest()
        counted_on = {record.task_id for record in records if record.version and record.status in COUNTED_ON}
        found = []
        for task_id, newest in latest.items():
            if task_id not in counted_on:
                continue
            run: Run | None = newest
            if newest.state not in TELLING_ENDS:
                ended = await self._history.runs(RunFilter(task_id=task_id, states=TELLING_ENDS, limit=1))
                run = ended[0] if ended else None
            # What a person gave up needs no care.
            if run is not None and run.state in BAD_ENDS and run.reason != GIVEN_UP:
                found.append(run)
        return sorted(found, key=lambda run: -run.id)

    async def of_each_task(self) -> Mapping[str, Run]:
        """Return the run of each task that tells most: one at work, else the newest that was not skipped."""
        found = dict(await self._history.latest())
        skipped = [task_id for task_id, run in found.items() if run.state is RunState.SKIPPED]
        for task_id in skipped:
            found[task_id] = await self.of_task(task_id, [found[task_id]]) or found[task_id]
        at_work = await self._history.runs(RunFilter(states=AT_WORK, limit=MOST_RUNS))
        # The newest one of a task comes first, and is the one to stay.
        found.update({run.task_id: run for run in reversed(at_work)})
        return found

    async def of_task(self, task_id: str, recent: Sequence[Run]) -> Run | None:
        """Return the run of a task that tells most; `recent` are its newest ones, newest first."""
        if not recent or recent[0].state in AT_WORK:
            return recent[0] if recent else None
        for states in (AT_WORK, TELLING):
            found = await self._history.runs(RunFilter(task_id=task_id, states=states, limit=1))
            if found:
                return found[0]
        return recent[0]
