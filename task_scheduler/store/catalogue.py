"""The catalogue in SQLite: task files, their admitted versions and their jobs."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, and_, delete, func, insert, select, union, update
from sqlalchemy.dialects.sqlite import insert as upsert

from task_scheduler.core.environments import Lock
from task_scheduler.core.tasks import Job, JobDeclaration, TaskRecord, TaskVersion
from task_scheduler.store import rows
from task_scheduler.store.access import Access
from task_scheduler.store.admission import check_admission, identity_of
from task_scheduler.store.ledger import set_next_runs
from task_scheduler.store.tables import (
    ATTEMPT_IS_OPEN,
    RUN_IS_ACTIVE,
    attempts,
    jobs,
    locks,
    runs,
    sources,
    tasks,
    versions,
)

_insert_task = upsert(tasks)
_PUT_TASK = _insert_task.on_conflict_do_update(
    index_elements=[tasks.c.task_id],
    set_={column.name: _insert_task.excluded[column.name] for column in tasks.c if not column.primary_key},
)


def _newest_version_of(task_id: ColumnElement[str], digest: ColumnElement[str]) -> ColumnElement[int]:
    same = versions.alias("same")
    return select(func.max(same.c.id)).where(same.c.task_id == task_id, same.c.digest == digest).scalar_subquery()


#: The version in force of every task that has one.
IN_FORCE = select(versions).join(
    tasks,
    and_(tasks.c.task_id == versions.c.task_id, versions.c.id == _newest_version_of(tasks.c.task_id, tasks.c.version)),
)


class SqliteCatalogue(Access):
    """The port Catalogue on SQLite."""

    async def tasks(self) -> Sequence[TaskRecord]:
        """Return every task file on record, deleted ones included, by id."""
        question = select(tasks).order_by(tasks.c.task_id)
        return await self._read(lambda connection: [rows.task_from(row) for row in connection.execute(question)])

    async def put_task(self, task: TaskRecord) -> None:
        """Insert or replace what is on record of one task file."""
        await self._write(lambda connection: _put_task(connection, task))

    async def admit(
        self,
        task: TaskRecord,
        version: TaskVersion,
        source: bytes,
        lock: Lock,
        jobs: Sequence[JobDeclaration],
        next_runs: Sequence[datetime | None],
    ) -> Sequence[Job]:
        """Put a version in force; return the task's active jobs, by id."""
        check_admission(task, version, source, lock)

        def operation(connection: Connection) -> Sequence[Job]:
            _put_task(connection, replace(task, version=version.digest))
            _keep(connection, version, source, lock)
            return _put_jobs(connection, task.task_id, jobs, next_runs)

        return await self._write(operation)

    async def retire(self, task: TaskRecord) -> None:
        """Record a task as disabled, deleted or no task any more and end its jobs."""

        def operation(connection: Connection) -> None:
            _put_task(connection, task)
            connection.execute(
                update(jobs).where(jobs.c.task_id == task.task_id, jobs.c.active).values(active=False, next_run=None)
            )

        await self._write(operation)

    async def versions(self) -> Sequence[TaskVersion]:
        """Return the version in force of every task that has one, by task id."""
        question = IN_FORCE.order_by(versions.c.task_id)
        return await self._read(lambda connection: [rows.version_from(row) for row in connection.execute(question)])

    async def version(self, task_id: str, digest: str) -> TaskVersion | None:
        """Return one version ever admitted, the newest with that digest."""
        which = versions.c.task_id == task_id, versions.c.digest == digest

        def question(connection: Connection) -> TaskVersion | None:
            row = connection.execute(select(versions).where(*which).order_by(versions.c.id.desc()).limit(1)).first()
            return None if row is None else rows.version_from(row)

        return await self._read(question)

    async def jobs(self) -> Sequence[Job]:
        """Return every active job, by id."""
        question = select(jobs).where(jobs.c.active).order_by(jobs.c.id)
        return await self._read(lambda connection: [rows.job_from(row) for row in connection.execute(question)])

    async def reschedule(self, next_runs: Mapping[int, datetime | None]) -> None:
        """Set what active jobs owe next."""
        await self._write(lambda connection: set_next_runs(connection, next_runs))

    async def lock(self, key: str) -> Lock | None:
        """Return a lock on record."""

        def question(connection: Connection) -> Lock | None:
            row = connection.execute(select(locks).where(locks.c.key == key)).first()
            return None if row is None else rows.lock_from(row)

        return await self._read(question)

    async def kept_environments(self) -> Collection[str]:
        """Return the keys of environments that a version in force or an unfinished run refers to."""
        in_force = IN_FORCE.with_only_columns(versions.c.environment)
        of_open_attempts = select(attempts.c.environment).where(ATTEMPT_IS_OPEN)
        of_active_runs = (
            select(versions.c.environment)
            .join(runs, and_(runs.c.task_id == versions.c.task_id, runs.c.digest == versions.c.digest))
            .where(RUN_IS_ACTIVE)
        )
        question = union(in_force, of_open_attempts, of_active_runs)
        return await self._read(lambda connection: frozenset(connection.scalars(question)))


def _put_task(connection: Connection, task: TaskRecord) -> None:
    connection.execute(_PUT_TASK, rows.task_values(task))


def _keep(connection: Connection, version: TaskVersion, source: bytes, lock: Lock) -> None:
    connection.execute(upsert(sources).on_conflict_do_nothing(), {"digest": version.digest, "content": source})
    connection.execute(
        upsert(locks).on_conflict_do_nothing(),
        {"key": lock.key, "text": lock.text, "python": lock.python, "platform": lock.platform},
    )
    # Inserted anew, so that what was admitted last has the highest number.
    connection.execute(
        delete(versions).where(
            versions.c.task_id == version.task_id,
            versions.c.digest == version.digest,
            versions.c.environment == version.environment,
        )
    )
    connection.execute(insert(versions), rows.version_values(version))


def _put_jobs(
    connection: Connection, task_id: str, declared: Sequence[JobDeclaration], next_runs: Sequence[datetime | None]
) -> Sequence[Job]:
    of_task = select(jobs).where(jobs.c.task_id == task_id).order_by(jobs.c.id)
    known = {identity_of(job): job for job in (rows.job_from(row) for row in connection.execute(of_task))}
    wanted = {identity_of(job): moment for job, moment in reversed(list(zip(declared, next_runs, strict=True)))}
    for identity in dict.fromkeys(identity_of(job) for job in declared):
        job = known.get(identity)
        if job is None:
            values = dict(zip(("function", "trigger", "timezone", "arguments"), identity, strict=True))
            connection.execute(
                insert(jobs), {**values, "task_id": task_id, "active": True, "next_run": wanted[identity]}
            )
        elif not job.active:
            connection.execute(update(jobs).where(jobs.c.id == job.id).values(active=True, next_run=wanted[identity]))
    gone = [job.id for identity, job in known.items() if job.active and identity not in wanted]
    if gone:
        connection.execute(update(jobs).where(jobs.c.id.in_(gone)).values(active=False, next_run=None))
    return [rows.job_from(row) for row in connection.execute(of_task.where(jobs.c.active))]
