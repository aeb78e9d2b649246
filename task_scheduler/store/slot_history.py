"""Questions about what became of slots, each served by an index whatever the number of runs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, func, or_, select

from task_scheduler.core.accounting import first_covered, last_covered
from task_scheduler.core.runs import Run, RunState
from task_scheduler.ports import SlotBounds
from task_scheduler.store import rows
from task_scheduler.store.access import Access
from task_scheduler.store.tables import jobs, runs, versions

Question = Select[tuple[Any, ...]]

#: Rows before a stretch of time, and after it, that are looked at for what they stand for besides their own slot.
#: The rows of one job stand for slots one after another, so one would do; a corrected clock can put others between.
_NEIGHBOURS = 1_000


class SqliteSlotHistory(Access):
    """The port SlotHistory on SQLite."""

    async def slots(self, job_id: int, begin: datetime, end: datetime) -> Sequence[Run]:
        """Return the rows that stand for slots of a job from `begin` to before `end`, and the row that follows."""
        questions = slots_of(job_id, begin, end)
        return await self._read(
            lambda connection: [rows.run_from(row) for question in questions for row in connection.execute(question)]
        )

    async def slot_bounds(self, task_id: str) -> Mapping[int, SlotBounds]:
        """Return the first and the last slot on record of each job of a task that has any, by job id."""
        earliest, latest = edges_of(task_id)

        def question(connection: Connection) -> Mapping[int, SlotBounds]:
            first = {run.job_id: run for run in map(rows.run_from, connection.execute(earliest))}
            last = {run.job_id: run for run in map(rows.run_from, connection.execute(latest))}
            return {job_id: _bounds(run, last[job_id]) for job_id, run in first.items() if job_id is not None}

        return await self._read(question)

    async def admissions(self, task_id: str) -> Sequence[datetime]:
        """Return the moments at which the versions of a task that are on record were put in force, oldest first."""
        question = select(versions.c.admitted_at).where(versions.c.task_id == task_id).order_by(versions.c.admitted_at)
        return await self._read(lambda connection: list(connection.scalars(question)))

    async def counts(self, task_id: str | None, begin: datetime, end: datetime) -> Mapping[RunState, int]:
        """Return how many rows of each state have one slot from `begin` to before `end`, or ended then without any."""
        questions = counts_of(task_id, begin, end)

        def answer(connection: Connection) -> Mapping[RunState, int]:
            found: Counter[RunState] = Counter()
            for question in questions:
                for state, number in connection.execute(question):
                    found[RunState(state)] += number
            return found

        return await self._read(answer)

    async def ranges(self, task_id: str | None, begin: datetime, end: datetime) -> Sequence[Run]:
        """Return the rows that stand for several slots of which some may lie from `begin` to before `end`."""
        question = ranges_of(task_id, begin, end)
        return await self._read(lambda connection: [rows.run_from(row) for row in connection.execute(question)])


def slots_of(job_id: int, begin: datetime, end: datetime) -> Sequence[Question]:
    """Return questions for the rows of a job that reach into a stretch of time from before; inside; and from after it."""
    at = runs.c.scheduled_for
    of_job = select(runs.c.id).where(runs.c.job_id == job_id)
    before = of_job.where(at < begin).order_by(at.desc()).limit(_NEIGHBOURS)
    after = of_job.where(at >= end).order_by(at)
    return (
        select(runs).where(runs.c.id.in_(before), runs.c.range_end >= begin).order_by(at),
        select(runs).where(runs.c.job_id == job_id, at >= begin, at < end).order_by(at),
        select(runs)
        .where(
            or_(
                runs.c.id.in_(after.limit(1)),
                and_(runs.c.id.in_(after.limit(_NEIGHBOURS)), runs.c.merged_from < end),
            )
        )
        .order_by(at),
    )


def edges_of(task_id: str) -> tuple[Question, Question]:
    """Return questions for the earliest and the latest row of each job of a task."""
    of_task = jobs.c.task_id == task_id
    return (
        select(runs).where(runs.c.id.in_(_EARLIEST.where(of_task))),
        select(runs).where(runs.c.id.in_(_LATEST.where(of_task))),
    )


def counts_of(task_id: str | None, begin: datetime, end: datetime) -> Sequence[Select[str, int]]:
    """Return questions for the number of rows in each state: those with one slot, and those with none, by their end."""
    of_task = [] if task_id is None else [runs.c.task_id == task_id]
    all_jobs = select(jobs.c.id)
    of_jobs = all_jobs if task_id is None else all_jobs.where(jobs.c.task_id == task_id)
    number = select(runs.c.state, func.count()).group_by(runs.c.state)
    return (
        number.where(runs.c.job_id.in_(of_jobs), runs.c.count == 1).where(
            runs.c.scheduled_for >= begin, runs.c.scheduled_for < end
        ),
        number.where(runs.c.scheduled_for.is_(None), *of_task).where(
            # Said, so that the index of ended runs serves.
            runs.c.ended_at.is_not(None),
            runs.c.ended_at >= begin,
            runs.c.ended_at < end,
        ),
    )


def ranges_of(task_id: str | None, begin: datetime, end: datetime) -> Question:
    """Return the question for the rows that stand for several slots, some of which may lie inside."""
    of_task = [] if task_id is None else [runs.c.task_id == task_id]
    return (
        select(runs)
        .where(runs.c.state.in_([RunState.MISSED.value, RunState.SKIPPED.value]), runs.c.count > 1, *of_task)
        .where(runs.c.range_end >= begin, runs.c.scheduled_for < end)
        .order_by(runs.c.id)
    )


def _bounds(earliest: Run, latest: Run) -> SlotBounds:
    first, last = first_covered(earliest), last_covered(latest)
    if first is None or last is None:
        raise AssertionError("both rows were found by their slots")
    return SlotBounds(first=first, last=last)


_of_job = runs.alias("of_job")


def _edge(order: ColumnElement[datetime]) -> Select[tuple[int]]:
    """Return a question for the id of each job's first row in an order: one step into an index for each."""
    first = (
        select(_of_job.c.id)
        .where(_of_job.c.job_id == jobs.c.id, _of_job.c.scheduled_for.is_not(None))
        .order_by(order)
        .limit(1)
        .scalar_subquery()
    )
    return select(first).select_from(jobs)


_EARLIEST, _LATEST = _edge(_of_job.c.scheduled_for), _edge(_of_job.c.scheduled_for.desc())
