"""The ledger in SQLite: slots, runs and attempts.

Each write loads what it is about, lets `steps` say what becomes of it, and saves that by compare-and-set:
the row must still be in the state it was read in.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime
from itertools import islice

from sqlalchemy import BindParameter, Connection, bindparam, delete, func, insert, select, update
from sqlalchemy.dialects.sqlite import insert as insert_or_skip

from task_scheduler.core.errors import StoreError, UnknownRun
from task_scheduler.core.outcomes import Cancelled, Failed, Missed, Skipped, TimedOut
from task_scheduler.core.requests import Started
from task_scheduler.core.runs import OPEN_ATTEMPTS, Attempt, AttemptId, AttemptState, Run, RunState
from task_scheduler.ports import AttemptClaim, AttemptEnd, GivenUp, RunRequest, SlotClaim
from task_scheduler.store import rows, steps
from task_scheduler.store.access import Access
from task_scheduler.store.prepared import Prepared
from task_scheduler.store.selections import ENDED_RUN, ended_run_from
from task_scheduler.store.steps import Execution
from task_scheduler.store.tables import ATTEMPT_IS_OPEN, RUN_IS_ACTIVE, attempts, jobs, runs
from task_scheduler.store.unused_outputs import add_unused_outputs

#: Parameters of one statement; old SQLite takes 999.
MOST_PARAMETERS = 500

_IDS: BindParameter[list[int]] = bindparam("ids", expanding=True)

_INSERT_SLOT = Prepared(
    insert_or_skip(runs).on_conflict_do_nothing(
        index_elements=[runs.c.job_id, runs.c.scheduled_for, runs.c.clock_generation]
    )
)
_INSERT_RUN = Prepared(insert(runs))
_INSERT_ATTEMPT = Prepared(insert(attempts))
_WHICH_RUNS_EXIST = select(runs.c.id).where(runs.c.id.in_(_IDS))
_RUNS = ENDED_RUN.where(runs.c.id.in_(_IDS))
_REQUESTED = ENDED_RUN.where(runs.c.request_id == bindparam("request_id"))
_ACTIVE_RUNS = ENDED_RUN.where(RUN_IS_ACTIVE).order_by(runs.c.id)
_EXECUTIONS = select(runs, attempts).join(attempts, attempts.c.run_id == runs.c.id).where(runs.c.id.in_(_IDS))
_OPEN_ATTEMPTS = select(attempts).where(ATTEMPT_IS_OPEN).order_by(attempts.c.run_id)
_OPEN_ATTEMPTS_OF = select(attempts.c.run_id).where(ATTEMPT_IS_OPEN, attempts.c.run_id.in_(_IDS))
_SET_NEXT_RUN = Prepared(
    update(jobs).where(jobs.c.id == bindparam("job"), jobs.c.active).values(next_run=bindparam("next_run"))
)
_SAVE_RUN = Prepared(
    update(runs)
    .where(runs.c.id == bindparam("which"), runs.c.state == bindparam("was"))
    .values({column: bindparam(column) for column in rows.CHANGING_OF_RUN})
)
_SAVE_ATTEMPT = Prepared(
    update(attempts)
    .where(
        attempts.c.run_id == bindparam("which"),
        attempts.c.number == bindparam("which_number"),
        attempts.c.state == bindparam("was"),
    )
    .values({column: bindparam(column) for column in rows.CHANGING_OF_ATTEMPT})
    # None leaves what is recorded: the end of an attempt need not tell its process again.
    .values(process=func.coalesce(bindparam("process"), attempts.c.process))
)
_SNOOZED = (attempts.c.run_id == bindparam("run")) & (attempts.c.state == AttemptState.SNOOZED.value)
_FORGET_OLD_SNOOZES = (
    delete(attempts)
    .where(
        _SNOOZED,
        attempts.c.number
        <= select(attempts.c.number)
        .where(_SNOOZED)
        .order_by(attempts.c.number.desc())
        .offset(steps.KEPT_SNOOZES)
        .limit(1)
        .scalar_subquery()
        .correlate(None),
    )
    .returning(attempts.c.output)
)


class SqliteLedger(Access):
    """The ports Ledger and Resets on SQLite."""

    async def claim(self, claims: Sequence[SlotClaim], next_runs: Mapping[int, datetime | None]) -> Sequence[Run]:
        """Put slots on record and move their jobs on; return the new queued runs."""

        def operation(connection: Connection) -> Sequence[Run]:
            new = _insert_slots(connection, claims)
            set_next_runs(connection, next_runs)
            return new

        return await self._write(operation)

    async def request(self, request: RunRequest) -> tuple[Run, bool]:
        """Put a requested run on record; return it, and whether it is new."""
        return await self._write(lambda connection: _insert_request(connection, request))

    async def begin(self, claims: Sequence[tuple[int, AttemptClaim]]) -> Sequence[Attempt]:
        """Put attempts on record; raises UnknownRun, or IllegalTransition for a run that does not wait."""
        return await self._write(lambda connection: _insert_attempts(connection, claims))

    async def started(self, started: Sequence[Started]) -> None:
        """Record that attempts are running; leaves those that are running or have ended as they are."""
        await self._write(lambda connection: _start(connection, started))

    async def finish(self, ends: Sequence[AttemptEnd]) -> Sequence[Run]:
        """End open attempts; return their runs."""
        return await self._write(lambda connection: _finish(connection, ends))

    async def void(self, attempts: Sequence[AttemptId], reason: str) -> None:
        """Record claimed attempts as never begun; raises IllegalTransition for one that is running."""
        await self._write(lambda connection: _void(connection, attempts, reason))

    async def resolve(
        self, run_ids: Sequence[int], outcome: Skipped | Missed | Cancelled | Failed | TimedOut, at: datetime
    ) -> Sequence[Run]:
        """End runs that wait; return those that did."""
        return await self._write(lambda connection: _resolve(connection, run_ids, outcome, at))

    async def give_up(self, given_up: GivenUp) -> Sequence[Run]:
        """Record slots and waiting runs as missed and move their jobs on; return the runs it ended."""

        def operation(connection: Connection) -> Sequence[Run]:
            _insert_slots(connection, given_up.slots)
            set_next_runs(connection, given_up.next_runs)
            _void(connection, given_up.attempts, given_up.outcome.reason)
            return _resolve(connection, given_up.runs, given_up.outcome, given_up.at)

        return await self._write(operation)

    async def pause(self, run_id: int, at: datetime) -> Run | None:
        """Record that a run is to stand still; None when it has its outcome. Raises UnknownRun."""
        return await self._write(lambda connection: _change_pause(connection, run_id, at, steps.paused))

    async def unpause(self, run_id: int, at: datetime) -> Run | None:
        """Record that a run is to go on; None when it has its outcome. Raises UnknownRun."""
        return await self._write(lambda connection: _change_pause(connection, run_id, at, steps.unpaused))

    async def open_runs(self) -> Sequence[tuple[Run, Sequence[Attempt]]]:
        """Return every run without an outcome, with those of its attempts that are open."""
        return await self._read(_open_runs)


def set_next_runs(connection: Connection, next_runs: Mapping[int, datetime | None]) -> None:
    """Set what active jobs owe next."""
    _SET_NEXT_RUN.execute(connection, ({"job": job_id, "next_run": moment} for job_id, moment in next_runs.items()))


# --- new rows ---------------------------------------------------------------------------------------------


def _insert_slots(connection: Connection, claims: Sequence[SlotClaim]) -> Sequence[Run]:
    if not claims:
        return []
    first = _next_run_id(connection)
    new = [steps.slot(run_id, claim) for run_id, claim in enumerate(claims, first)]
    inserted = _INSERT_SLOT.execute(connection, map(rows.run_values, new))
    if inserted == len(new):
        fresh = set(range(first, first + len(new)))
    else:
        fresh = _which_exist(connection, [run.id for run in new])
    first_attempts = [
        steps.claimed(run, claim.attempt)
        for run, claim in zip(new, claims, strict=True)
        if claim.attempt is not None and run.id in fresh
    ]
    _INSERT_ATTEMPT.execute(connection, map(rows.attempt_values, first_attempts))
    return [run for run in new if run.id in fresh and run.state is RunState.QUEUED]


def _insert_request(connection: Connection, request: RunRequest) -> tuple[Run, bool]:
    known = connection.execute(_REQUESTED, {"request_id": request.request_id}).first()
    if known is not None:
        run = ended_run_from(known)
        steps.check_same_request(run, request)
        return run, False
    run = steps.requested(_next_run_id(connection), request)
    _INSERT_RUN.execute(connection, [rows.run_values(run)])
    return run, True


def _insert_attempts(connection: Connection, claims: Sequence[tuple[int, AttemptClaim]]) -> Sequence[Attempt]:
    ids = {run_id for run_id, _ in claims}
    known = _load_runs(connection, ids)
    at_work = _with_open_attempt(connection, ids)
    begun: list[Execution] = []
    for run_id, claim in claims:
        if run_id not in known:
            raise UnknownRun(str(run_id))
        begun.append(steps.begun(known[run_id], claim, has_open_attempt=run_id in at_work))
        at_work.add(run_id)
    _INSERT_ATTEMPT.execute(connection, (rows.attempt_values(execution.attempt) for execution in begun))
    _save_runs(connection, [(known[execution.run.id], execution.run) for execution in begun])
    return [execution.attempt for execution in begun]


def _next_run_id(connection: Connection) -> int:
    # The table of AUTOINCREMENT remembers the numbers of pruned runs too.
    cursor = connection.connection.cursor()
    cursor.execute("SELECT seq FROM sqlite_sequence WHERE name = 'runs'")
    found = cursor.fetchone()
    return 1 if found is None else int(found[0]) + 1


# --- changes of rows --------------------------------------------------------------------------------------


def _start(connection: Connection, reports: Sequence[Started]) -> None:
    held = _load_executions(connection, {report.id.run_id for report in reports})
    changes = _Changes(held)
    for report in reports:
        execution = held.get(report.id)
        if execution is not None and execution.attempt.state is AttemptState.CLAIMED:
            changes.put(steps.started(execution, report), process=report.process)
    changes.save(connection)


def _finish(connection: Connection, ends: Sequence[AttemptEnd]) -> Sequence[Run]:
    held = _load_executions(connection, {end.id.run_id for end in ends})
    changes = _Changes(held)
    ended: list[Run] = []
    for end in ends:
        execution = changes.now(end.id)
        if execution is not None and execution.attempt.state in OPEN_ATTEMPTS:
            execution = steps.ended(execution, end)
            changes.put(execution, process=None if end.started is None else end.started.process)
            ended.append(execution.run)
    changes.save(connection)
    for execution in changes.all():
        if steps.is_snoozing(execution):
            _forget_old_snoozes(connection, execution.run.id)
    return ended


def _forget_old_snoozes(connection: Connection, run_id: int) -> None:
    """Delete all but the newest snoozed attempts of a run, and note their outputs for the next round of pruning."""
    gone = connection.scalars(_FORGET_OLD_SNOOZES, {"run": run_id}).all()
    if gone:
        add_unused_outputs(connection, gone)


def _void(connection: Connection, names: Sequence[AttemptId], reason: str) -> None:
    held = _load_executions(connection, {name.run_id for name in names})
    changes = _Changes(held)
    for name in names:
        execution = changes.now(name)
        attempt = None if execution is None else steps.voided(execution.attempt, reason)
        if execution is not None and attempt is not None:
            changes.put(Execution(run=execution.run, attempt=attempt))
    changes.save(connection)


def _resolve(
    connection: Connection,
    run_ids: Sequence[int],
    outcome: Skipped | Missed | Cancelled | Failed | TimedOut,
    at: datetime,
) -> Sequence[Run]:
    known = _load_runs(connection, run_ids)
    at_work = _with_open_attempt(connection, run_ids)
    changed: dict[int, Run] = {}
    for run_id in run_ids:
        if run_id not in known or run_id in changed:
            continue
        run = steps.resolved(known[run_id], outcome, at, has_open_attempt=run_id in at_work)
        if run is not None:
            changed[run_id] = run
    _save_runs(connection, [(known[run.id], run) for run in changed.values()])
    return list(changed.values())


def _change_pause(
    connection: Connection, run_id: int, at: datetime, change: Callable[[Run, datetime], Run | None]
) -> Run | None:
    run = _load_runs(connection, [run_id]).get(run_id)
    if run is None:
        raise UnknownRun(str(run_id))
    changed = change(run, at)
    if changed is not None and changed is not run:
        _save_runs(connection, [(run, changed)])
    return changed


class _Changes:
    """Executions that one operation changed, each counted from the state it was read in."""

    def __init__(self, held: Mapping[AttemptId, Execution]) -> None:
        self._before = held
        self._after: dict[AttemptId, tuple[Execution, str | None]] = {}

    def now(self, name: AttemptId) -> Execution | None:
        """Return an execution as this operation has left it so far; None when there is none."""
        changed = self._after.get(name)
        return self._before.get(name) if changed is None else changed[0]

    def put(self, execution: Execution, *, process: str | None = None) -> None:
        """Keep a changed execution; `process` None leaves the recorded one."""
        self._after[execution.attempt.id] = (execution, process)

    def all(self) -> Iterable[Execution]:
        """Return the executions that were changed, as they are now."""
        return [execution for execution, _ in self._after.values()]

    def save(self, connection: Connection) -> None:
        """Write what was changed."""
        if not self._after:
            return
        changes: list[rows.Values] = []
        for name, (after, process) in self._after.items():
            values = rows.attempt_values(after.attempt, process)
            changes.append(
                {
                    "which": name.run_id,
                    "which_number": name.number,
                    "was": self._before[name].attempt.state.value,
                    **{column: values[column] for column in rows.CHANGING_OF_ATTEMPT},
                }
            )
        _compare_and_set(connection, _SAVE_ATTEMPT, changes)
        moved = [(self._before[name].run, after.run) for name, (after, _) in self._after.items()]
        _save_runs(connection, [(before, after) for before, after in moved if before is not after])


def _save_runs(connection: Connection, changes: Sequence[tuple[Run, Run]]) -> None:
    parameters: list[rows.Values] = []
    for before, after in changes:
        values = rows.run_values(after)
        parameters.append(
            {
                "which": after.id,
                "was": before.state.value,
                **{column: values[column] for column in rows.CHANGING_OF_RUN},
            }
        )
    _compare_and_set(connection, _SAVE_RUN, parameters)


def _compare_and_set(connection: Connection, statement: Prepared, parameters: list[rows.Values]) -> None:
    changed = statement.execute(connection, parameters)
    if changed != len(parameters):
        # Nobody else may write: the lock beside the file sees to that among our own programs.
        raise StoreError(f"another program changed {len(parameters) - changed} rows while they were being written")


# --- reads ------------------------------------------------------------------------------------------------


def chunks(ids: Iterable[int]) -> Iterable[list[int]]:
    """Cut ids into pieces that fit one statement."""
    rest = iter(ids)
    while chunk := list(islice(rest, MOST_PARAMETERS)):
        yield chunk


def _load_runs(connection: Connection, ids: Collection[int]) -> dict[int, Run]:
    found: dict[int, Run] = {}
    for chunk in chunks(ids):
        for row in connection.execute(_RUNS, {"ids": chunk}):
            run = ended_run_from(row)
            found[run.id] = run
    return found


def _load_executions(connection: Connection, ids: Collection[int]) -> dict[AttemptId, Execution]:
    width = len(runs.c)
    found: dict[AttemptId, Execution] = {}
    for chunk in chunks(ids):
        for row in connection.execute(_EXECUTIONS, {"ids": chunk}):
            execution = Execution(run=rows.run_from(row), attempt=rows.attempt_from(row[width:]))
            found[execution.attempt.id] = execution
    return found


def _with_open_attempt(connection: Connection, ids: Collection[int]) -> set[int]:
    return {run_id for chunk in chunks(ids) for run_id in connection.scalars(_OPEN_ATTEMPTS_OF, {"ids": chunk})}


def _which_exist(connection: Connection, ids: Collection[int]) -> set[int]:
    return {run_id for chunk in chunks(ids) for run_id in connection.scalars(_WHICH_RUNS_EXIST, {"ids": chunk})}


def _open_runs(connection: Connection) -> Sequence[tuple[Run, Sequence[Attempt]]]:
    open_attempts: dict[int, list[Attempt]] = {}
    for row in connection.execute(_OPEN_ATTEMPTS):
        attempt = rows.attempt_from(row)
        open_attempts.setdefault(attempt.id.run_id, []).append(attempt)
    found = [ended_run_from(row) for row in connection.execute(_ACTIVE_RUNS)]
    return [(run, tuple(open_attempts.get(run.id, ()))) for run in found]
