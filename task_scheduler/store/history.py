"""Questions about the record in SQLite, each served by an index whatever the number of runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import Connection, Select, false, func, select, union_all

from task_scheduler.core.runs import Attempt, Run
from task_scheduler.core.tasks import Job
from task_scheduler.ports import RunFilter
from task_scheduler.store import rows
from task_scheduler.store.access import Access
from task_scheduler.store.selections import ENDED_RUN, LISTED_RUN, ended_run_from
from task_scheduler.store.tables import attempts, jobs, runs, tasks


class SqliteHistory(Access):
    """The port History on SQLite."""

    async def runs(self, which: RunFilter) -> Sequence[Run]:
        """Return runs, newest first, without what they told."""
        question = select_runs(which)
        return await self._read(lambda connection: [ended_run_from(row) for row in connection.execute(question)])

    async def run(self, run_id: int) -> Run | None:
        """Return one run."""

        def question(connection: Connection) -> Run | None:
            row = connection.execute(ENDED_RUN.where(runs.c.id == run_id)).first()
            return None if row is None else ended_run_from(row)

        return await self._read(question)

    async def attempts(self, run_id: int) -> Sequence[Attempt]:
        """Return a run's attempts, first one first."""
        question = select(attempts).where(attempts.c.run_id == run_id).order_by(attempts.c.number)
        return await self._read(lambda connection: [rows.attempt_from(row) for row in connection.execute(question)])

    async def latest(self) -> Mapping[str, Run]:
        """Return the newest run of each task that has one, by task id, without what it told."""

        def question(connection: Connection) -> Mapping[str, Run]:
            found = [ended_run_from(row) for row in connection.execute(LATEST)]
            return {run.task_id: run for run in found}

        return await self._read(question)

    async def latest_of_jobs(self) -> Mapping[int, Run]:
        """Return the run of the latest slot of each active job that has one, by job id, without what it told."""

        def question(connection: Connection) -> Mapping[int, Run]:
            found = (ended_run_from(row) for row in connection.execute(LATEST_OF_JOBS))
            return {run.job_id: run for run in found if run.job_id is not None}

        return await self._read(question)

    async def last_uses(self) -> Mapping[str, datetime]:
        """Return when an attempt began last in each environment, as far as the newest attempts tell."""

        def question(connection: Connection) -> Mapping[str, datetime]:
            return {environment: began for environment, began in connection.execute(LAST_USES) if began is not None}

        return await self._read(question)

    async def all_jobs(self, task_id: str) -> Sequence[Job]:
        """Return every job a task ever had, active ones first."""
        question = select(jobs).where(jobs.c.task_id == task_id).order_by(jobs.c.active.desc(), jobs.c.id)
        return await self._read(lambda connection: [rows.job_from(row) for row in connection.execute(question)])


_of_task = runs.alias("of_task")
_newest = select(func.max(_of_task.c.id)).where(_of_task.c.task_id == tasks.c.task_id).scalar_subquery()
#: The newest run of each task: one step into an index for each.
LATEST = LISTED_RUN.where(runs.c.id.in_(select(_newest).select_from(tasks))).order_by(runs.c.task_id)

_of_job = runs.alias("of_job")
_latest_slot = (
    select(_of_job.c.id)
    .where(_of_job.c.job_id == jobs.c.id)
    .order_by(_of_job.c.scheduled_for.desc(), _of_job.c.clock_generation.desc())
    .limit(1)
    .scalar_subquery()
)
#: The run of the latest slot of each active job: one step into an index for each.
LATEST_OF_JOBS = LISTED_RUN.where(runs.c.id.in_(select(_latest_slot).select_from(jobs).where(jobs.c.active)))

#: Attempts that tell which environments are in use: the newest, by the order they are stored in.
_TELLING_ATTEMPTS = 20_000
_recent = (
    select(attempts.c.environment, attempts.c.started_at)
    .order_by(attempts.c.run_id.desc(), attempts.c.number.desc())
    .limit(_TELLING_ATTEMPTS)
    .subquery()
)
LAST_USES = select(_recent.c.environment, func.max(_recent.c.started_at)).group_by(_recent.c.environment)


def select_runs(which: RunFilter) -> Select[tuple[object, ...]]:
    """Return the query for a page of runs.

    With states given, each state's newest are taken from its own index and then merged: one query over
    several states would walk through every run between two of a rare one.
    """
    if which.states is None:
        return _page(LISTED_RUN, which)
    pages = [
        _page(select(runs.c.id).where(runs.c.state == state.value), which).subquery() for state in sorted(which.states)
    ]
    if not pages:
        return LISTED_RUN.where(false())
    ids = union_all(*(select(page.c.id) for page in pages)).subquery()
    return LISTED_RUN.where(runs.c.id.in_(select(ids.c.id))).order_by(runs.c.id.desc()).limit(which.limit)


def _page(query: Select[tuple[object, ...]], which: RunFilter) -> Select[tuple[object, ...]]:
    if which.task_id is not None:
        query = query.where(runs.c.task_id == which.task_id)
    if which.before_id is not None:
        query = query.where(runs.c.id < which.before_id)
    return query.order_by(runs.c.id.desc()).limit(which.limit)
