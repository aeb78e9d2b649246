"""Attempts that hosts know and a restored record does not, put on record again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection, insert, select
from sqlalchemy.dialects.sqlite import insert as insert_or_skip

from task_scheduler.core.runs import OPEN_ATTEMPTS, Attempt, AttemptId, AttemptState, Run, RunKind, RunState
from task_scheduler.core.tasks import NO_ARGUMENTS, TaskRecord, TaskStatus
from task_scheduler.ports import FoundAttempt
from task_scheduler.store import rows
from task_scheduler.store.access import Access
from task_scheduler.store.selections import ENDED_RUN, ended_run_from
from task_scheduler.store.tables import attempts, runs, tasks

#: States in which a run may have another attempt.
_WAITING = frozenset({RunState.QUEUED, RunState.RETRYING})


class SqliteRecovery(Access):
    """The port Recovery on SQLite."""

    async def take_in(self, found: Sequence[FoundAttempt], at: datetime) -> Sequence[AttemptId]:
        """Put attempts on record that are not; return which of them are to be settled now."""
        return await self._write(lambda connection: _take_in(connection, found, at))


def _take_in(connection: Connection, found: Sequence[FoundAttempt], at: datetime) -> list[AttemptId]:
    # Of a run's attempts only the newest can be at work.
    newest = {each.id.run_id: each for each in sorted(found, key=lambda each: each.id.number)}
    return [each.id for each in newest.values() if _take_in_one(connection, each, at)]


def _take_in_one(connection: Connection, found: FoundAttempt, at: datetime) -> bool:
    known = connection.execute(ENDED_RUN.where(runs.c.id == found.id.run_id)).first()
    number = found.id.number
    if known is not None:
        run = ended_run_from(known)
        if run.attempts >= number:
            return _is_open(connection, found.id)
        if run.state not in _WAITING:
            return False
        _save(connection, replace(run, attempts=number))
    elif found.task_id is None:
        return False
    else:
        _put_task(connection, found.task_id, at)
        run = Run(
            id=found.id.run_id,
            kind=RunKind.RECOVERED,
            state=RunState.QUEUED,
            task_id=found.task_id,
            job_id=None,
            function=None,
            arguments=NO_ARGUMENTS,
            scheduled_for=None,
            created_at=found.started_at or at,
            attempts=number,
        )
        connection.execute(insert(runs), rows.run_values(run))
    attempt = Attempt(
        id=found.id,
        state=AttemptState.CLAIMED,
        digest="",  # of what version it is, its host does not tell
        environment=found.environment,
        placement=found.placement,
        output=found.output,
        claimed_at=found.started_at or at,
    )
    connection.execute(insert(attempts), rows.attempt_values(attempt))
    return True


def _is_open(connection: Connection, attempt: AttemptId) -> bool:
    state = connection.scalar(
        select(attempts.c.state).where(attempts.c.run_id == attempt.run_id, attempts.c.number == attempt.number)
    )
    return state in {each.value for each in OPEN_ATTEMPTS}


def _save(connection: Connection, run: Run) -> None:
    connection.execute(runs.update().where(runs.c.id == run.id).values(attempts=run.attempts))


def _put_task(connection: Connection, task_id: str, at: datetime) -> None:
    """Have a record of the task: where its file is there, it is met as a new one at the next look."""
    record = TaskRecord(
        task_id=task_id,
        path=f"{task_id}.py",
        status=TaskStatus.DELETED,
        title=task_id,
        digest=None,
        version=None,
        updated_at=at,
    )
    connection.execute(insert_or_skip(tasks).on_conflict_do_nothing(), rows.task_values(record))
