"""What a retention policy no longer keeps, found by reading; and the deletion of it, in small writes."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime

from sqlalchemy import BindParameter, Connection, bindparam, delete, func, select

from task_scheduler.core.policies import RetentionPolicy
from task_scheduler.store.catalogue import IN_FORCE
from task_scheduler.store.ledger import chunks
from task_scheduler.store.tables import RUN_IS_ACTIVE, attempts, locks, runs, sources, versions

_IDS: BindParameter[list[int]] = bindparam("ids", expanding=True)
_OUTPUTS = select(attempts.c.output).where(attempts.c.run_id.in_(_IDS)).order_by(attempts.c.run_id, attempts.c.number)
_DELETE_RUNS = delete(runs).where(runs.c.id.in_(_IDS), runs.c.ended_at.is_not(None))
_NEWEST_WITH_DIGEST = select(func.max(versions.c.id)).group_by(versions.c.task_id, versions.c.digest)


def outlived_runs(connection: Connection, policy: RetentionPolicy, now: datetime, limit: int) -> list[int]:
    """Return the ids of at most `limit` finished runs the policy no longer keeps, the oldest first."""
    found: dict[int, None] = {}
    if policy.age is not None:
        too_old = (
            select(runs.c.id)
            .where(runs.c.ended_at.is_not(None), runs.c.ended_at < now - policy.age)
            .order_by(runs.c.ended_at, runs.c.id)
            .limit(limit)
        )
        found.update(dict.fromkeys(connection.scalars(too_old)))
    if policy.runs_per_task is not None:
        for run_id in _too_many(connection, policy.runs_per_task, limit):
            if len(found) == limit:
                break
            found[run_id] = None
    return list(found)


def _too_many(connection: Connection, kept: int, limit: int) -> Iterable[int]:
    counts = select(runs.c.task_id).group_by(runs.c.task_id).having(func.count() > kept).order_by(runs.c.task_id)
    for task_id in connection.scalars(counts).all():
        of_task = select(runs.c.id).where(runs.c.task_id == task_id)
        newest_gone = of_task.order_by(runs.c.id.desc()).offset(kept).limit(1).scalar_subquery()
        yield from connection.scalars(
            of_task.where(runs.c.id <= newest_gone, runs.c.ended_at.is_not(None)).order_by(runs.c.id).limit(limit)
        )


def delete_runs(connection: Connection, ids: Sequence[int]) -> list[str]:
    """Delete finished runs with their attempts; return the names of their outputs."""
    outputs: list[str] = []
    for chunk in chunks(sorted(ids)):
        outputs += connection.scalars(_OUTPUTS, {"ids": chunk})
        connection.execute(_DELETE_RUNS, {"ids": chunk})
    return outputs


def unused_versions(connection: Connection) -> tuple[list[int], int]:
    """Return the ids of versions that are out of force and that no run refers to, and the newest run's id."""
    in_force = IN_FORCE.with_only_columns(versions.c.id)
    superseded = connection.execute(
        select(versions.c.id, versions.c.task_id, versions.c.digest, versions.c.environment).where(
            versions.c.id.not_in(in_force)
        )
    ).all()
    if not superseded:
        return [], 0
    newest = set(connection.scalars(_NEWEST_WITH_DIGEST))
    used = {task_id: _used_by(connection, task_id) for task_id in {row.task_id for row in superseded}}
    unused: list[int] = []
    for row in superseded:
        by_runs, by_attempts = used[row.task_id]
        # A run that waits names a digest only, and would start with the newest version of it.
        wanted = (row.digest in by_runs and row.id in newest) or (row.digest, row.environment) in by_attempts
        if not wanted:
            unused.append(row.id)
    return unused, connection.scalar(select(func.coalesce(func.max(runs.c.id), 0))) or 0


def _used_by(connection: Connection, task_id: str) -> tuple[Collection[str | None], Collection[tuple[str, str]]]:
    by_runs = set(connection.scalars(select(runs.c.digest).where(runs.c.task_id == task_id).distinct()))
    by_attempts = {
        (row.digest, row.environment)
        for row in connection.execute(
            select(attempts.c.digest, attempts.c.environment)
            .join(runs, runs.c.id == attempts.c.run_id)
            .where(runs.c.task_id == task_id)
            .distinct()
        )
    }
    return by_runs, by_attempts


def delete_versions(connection: Connection, ids: Collection[int], newest_run: int) -> list[str]:
    """Delete versions found unused when `newest_run` was the newest; return the digests of sources that went.

    A task that got a run since, or has one without an outcome, keeps its versions until the next time.
    """
    busy = select(runs.c.task_id).where(RUN_IS_ACTIVE).union(select(runs.c.task_id).where(runs.c.id > newest_run))
    for chunk in chunks(ids):
        connection.execute(
            delete(versions).where(
                versions.c.id.in_(chunk),
                versions.c.task_id.not_in(busy),
                versions.c.id.not_in(IN_FORCE.with_only_columns(versions.c.id)),
            )
        )
    gone = sources.c.digest.not_in(select(versions.c.digest))
    digests = list(connection.scalars(select(sources.c.digest).where(gone)))
    connection.execute(delete(sources).where(gone))
    connection.execute(delete(locks).where(locks.c.key.not_in(select(versions.c.environment))))
    return digests
