"""What jobs that wait for an event have seen of it, in SQLite: facts of the scheduler, named by job and mark."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from sqlalchemy import Connection, bindparam, delete, func, select
from sqlalchemy.dialects.sqlite import insert as upsert

from task_scheduler.core.runs import Run, RunState
from task_scheduler.ports import EndedRuns
from task_scheduler.store.access import Access
from task_scheduler.store.ended import ended_runs
from task_scheduler.store.selections import ENDED_RUN, ended_run_from
from task_scheduler.store.tables import RUN_IS_ACTIVE, runs, state

_PREFIX = "event:"
#: The first name after all that begin with the prefix.
_END = "event;"
_MARKS = select(state.c.name, state.c.value).where(state.c.name >= _PREFIX, state.c.name < _END)
_insert = upsert(state)
_PUT = _insert.on_conflict_do_update(index_elements=[state.c.name], set_={"value": _insert.excluded.value})
_REMOVE = delete(state).where(state.c.name == bindparam("which"))
_OF_TASK = runs.c.task_id == bindparam("task")
_FIRST_OPEN = select(func.min(runs.c.id)).where(_OF_TASK, RUN_IS_ACTIVE)
_LAST = select(func.max(runs.c.id))
#: Values asked for in one statement, at most.
_AT_ONCE = 500
_REQUESTED = ENDED_RUN.where(runs.c.request_id.in_(bindparam("names", expanding=True)))
_FROM = select(runs.c.id, runs.c.state, runs.c.ended_at).where(_OF_TASK, runs.c.id >= bindparam("first"))


class SqliteHappenings(Access):
    """The port Happenings on SQLite."""

    async def marks(self) -> Mapping[int, Mapping[str, str]]:
        """Return all marks by job id and name; jobs without any are left out."""

        def question(connection: Connection) -> Mapping[int, Mapping[str, str]]:
            found: dict[int, dict[str, str]] = {}
            for name, value in connection.execute(_MARKS):
                job_id, _, mark = name.removeprefix(_PREFIX).partition(":")
                found.setdefault(int(job_id), {})[mark] = value
            return found

        return await self._read(question)

    async def put_marks(self, marks: Mapping[tuple[int, str], str | None]) -> None:
        """Set marks given by job id and name, in one commit; None removes one."""
        named = {f"{_PREFIX}{job_id}:{mark}": value for (job_id, mark), value in marks.items()}
        kept = [{"name": name, "value": value} for name, value in named.items() if value is not None]
        gone = [{"which": name} for name, value in named.items() if value is None]

        def operation(connection: Connection) -> None:
            if kept:
                connection.execute(_PUT, kept)
            if gone:
                connection.execute(_REMOVE, gone)

        if named:
            await self._write(operation)

    async def requested(self, request_ids: Collection[str]) -> Mapping[str, Run]:
        """Return the runs with these request ids, by id; those that have none are left out."""
        names = list(request_ids)

        def question(connection: Connection) -> Mapping[str, Run]:
            found: dict[str, Run] = {}
            for begin in range(0, len(names), _AT_ONCE):
                for row in connection.execute(_REQUESTED, {"names": names[begin : begin + _AT_ONCE]}):
                    run = ended_run_from(row)
                    found[str(run.request_id)] = run
            return found

        return await self._read(question)

    async def ended_runs(self, task_id: str, first: int | None) -> EndedRuns:
        """Return the runs of a task with an outcome from number `first` on; None: from its first open run on."""

        def question(connection: Connection) -> EndedRuns:
            begin = first
            if begin is None:
                begin = connection.scalar(_FIRST_OPEN, {"task": task_id})
            if begin is None:
                begin = (connection.scalar(_LAST) or 0) + 1
            found = connection.execute(_FROM, {"task": task_id, "first": begin})
            return ended_runs([(run_id, RunState(text), ended_at) for run_id, text, ended_at in found], begin)

        return await self._read(question)
