"""The catalogue in SQLite: task files, their admitted versions and their jobs."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy import (
    ColumnElement,
    Connection,
    Executable,
    and_,
    bindparam,
    delete,
    func,
    insert,
    select,
    union,
    update,
)
from sqlalchemy.dialects.sqlite import insert as upsert

from task_scheduler.core.environments import Lock
from task_scheduler.core.tasks import Job, JobDeclaration, TaskRecord, TaskVersion
from task_scheduler.ports import Admission
from task_scheduler.store import rows
from task_scheduler.store.access import Access
from task_scheduler.store.admission import check_admissions, in_portions, plan_jobs
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

_PUT_STAMP = (
    update(tasks)
    .where(tasks.c.task_id == bindparam("of_task"), tasks.c.digest == bindparam("of_digest"))
    .values(stamp=bindparam("stamp"))
)
_KEEP_SOURCE = upsert(sources).on_conflict_do_nothing()
_KEEP_LOCK = upsert(locks).on_conflict_do_nothing()
_DROP_VERSION = delete(versions).where(
    versions.c.task_id == bindparam("of_task"),
    versions.c.digest == bindparam("of_digest"),
    versions.c.environment == bindparam("of_environment"),
)
_REVIVE_JOB = (
    update(jobs)
    .where(jobs.c.id == bindparam("of_job"))
    .values(active=bindparam("active"), next_run=bindparam("next_run"))
)
_TAG_JOB = update(jobs).where(jobs.c.id == bindparam("of_job")).values(tags=bindparam("tags"))


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

    async def put_tasks(self, tasks: Sequence[TaskRecord]) -> None:
        """Insert or replace what is on record of task files."""
        await self._write(lambda connection: _put_tasks(connection, tasks))

    async def put_stamps(self, stamps: Mapping[str, tuple[str, str]]) -> None:
        """Set the stamps of task files that have the digests these belong to."""
        values = [
            {"of_task": task_id, "of_digest": digest, "stamp": stamp} for task_id, (digest, stamp) in stamps.items()
        ]
        await self._write(lambda connection: _each(connection, _PUT_STAMP, values))

    async def admit(self, admissions: Sequence[Admission]) -> Sequence[Sequence[Job]]:
        """Put versions in force; return each task's active jobs, by id."""
        check_admissions(admissions)

        def operation(connection: Connection) -> Sequence[Sequence[Job]]:
            _put_tasks(connection, [replace(each.task, version=each.version.digest) for each in admissions])
            _keep(connection, admissions)
            return _put_jobs(connection, admissions)

        return await self._write(operation)

    async def retire(self, tasks: Sequence[TaskRecord]) -> None:
        """Record tasks as disabled, deleted or no tasks any more and end their jobs."""

        def operation(connection: Connection) -> None:
            _put_tasks(connection, tasks)
            for task_ids in in_portions([task.task_id for task in tasks]):
                of_tasks = jobs.c.task_id.in_(task_ids)
                connection.execute(update(jobs).where(of_tasks, jobs.c.active).values(active=False, next_run=None))

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


def _put_tasks(connection: Connection, tasks: Sequence[TaskRecord]) -> None:
    _each(connection, _PUT_TASK, [rows.task_values(task) for task in tasks])


def _keep(connection: Connection, admissions: Sequence[Admission]) -> None:
    sources_by_digest = {each.version.digest: each.source for each in admissions}
    _each(
        connection,
        _KEEP_SOURCE,
        [{"digest": digest, "content": source} for digest, source in sources_by_digest.items()],
    )
    locks_by_key = {each.lock.key: each.lock for each in admissions}
    _each(
        connection,
        _KEEP_LOCK,
        [
            {"key": lock.key, "text": lock.text, "python": lock.python, "platform": lock.platform}
            for lock in locks_by_key.values()
        ],
    )
    # Inserted anew, so that what was admitted last has the highest number.
    _each(
        connection,
        _DROP_VERSION,
        [
            {
                "of_task": each.version.task_id,
                "of_digest": each.version.digest,
                "of_environment": each.version.environment,
            }
            for each in admissions
        ],
    )
    _each(connection, insert(versions), [rows.version_values(each.version) for each in admissions])


def _put_jobs(connection: Connection, admissions: Sequence[Admission]) -> Sequence[Sequence[Job]]:
    task_ids = [each.task.task_id for each in admissions]
    known = _jobs_of(connection, task_ids)
    new: list[rows.Values] = []
    revived: list[rows.Values] = []
    gone: list[int] = []
    tagged: list[rows.Values] = []
    for each in admissions:
        task_id = each.task.task_id
        plan = plan_jobs(known.get(task_id, ()), each.jobs, each.next_runs)
        new += [{**job, "task_id": task_id, "active": True} for job in map(_new_job, plan.new)]
        revived += [{"of_job": job_id, "next_run": moment, "active": True} for job_id, moment in plan.revived]
        gone += plan.gone
        tagged += [{"of_job": job_id, "tags": list(tags)} for job_id, tags in plan.tagged]
    _each(connection, insert(jobs), new)
    _each(connection, _REVIVE_JOB, revived)
    _each(connection, _TAG_JOB, tagged)
    for job_ids in in_portions(gone):
        connection.execute(update(jobs).where(jobs.c.id.in_(job_ids)).values(active=False, next_run=None))
    active = _jobs_of(connection, task_ids) if new or revived or gone or tagged else known
    return [[job for job in active.get(task_id, ()) if job.active] for task_id in task_ids]


def _new_job(new: tuple[JobDeclaration, datetime | None]) -> rows.Values:
    job, next_run = new
    return {
        "function": job.function,
        "trigger": job.trigger,
        "timezone": job.timezone,
        "arguments": job.arguments,
        "next_run": next_run,
        "tags": list(job.tags),
    }


def _jobs_of(connection: Connection, task_ids: Sequence[str]) -> dict[str, list[Job]]:
    """Return every job these tasks ever had, by id."""
    found: dict[str, list[Job]] = {}
    for portion in in_portions(task_ids):
        for row in connection.execute(select(jobs).where(jobs.c.task_id.in_(portion)).order_by(jobs.c.id)):
            job = rows.job_from(row)
            found.setdefault(job.task_id, []).append(job)
    return found


def _each(connection: Connection, statement: Executable, values: Sequence[rows.Values]) -> None:
    """Execute a statement once for each row of values; without any, not at all."""
    if values:
        connection.execute(statement, values)
