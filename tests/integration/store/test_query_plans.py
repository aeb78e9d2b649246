"""Every question about runs is served by an index, however many there are."""

import itertools

import pytest
from sqlalchemy import Connection
from sqlalchemy.dialects import sqlite
from sqlalchemy.sql import ClauseElement

from task_scheduler.core.runs import RunState
from task_scheduler.ports import RunFilter
from task_scheduler.store import happenings, ledger
from task_scheduler.store.history import LAST_USES, LATEST, LATEST_OF_JOBS, select_runs
from task_scheduler.store.sqlite import SqliteStore

SOME_STATES = [None, frozenset({RunState.FAILED}), frozenset(RunState)]


def _plan(store: SqliteStore, query: ClauseElement) -> list[str]:
    sql = str(query.compile(dialect=sqlite.dialect(), compile_kwargs={"literal_binds": True}))

    def explain(connection: Connection) -> list[str]:
        return [row[3] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}")]

    return store._readers.ask_now(explain)


def _full_scans(plan: list[str]) -> list[str]:
    # Walking the primary key from its end, for a page of the newest, is no full scan: it stops at the limit.
    return [
        step for step in plan if step.startswith(("SCAN runs", "SCAN attempts", "SCAN last")) and "INDEX" not in step
    ]


@pytest.mark.parametrize(
    ("task_id", "states", "before_id"), list(itertools.product([None, "report"], SOME_STATES, [None, 1000]))
)
def test_a_page_of_runs_is_found_by_an_index(
    store: SqliteStore, task_id: str | None, states: frozenset[RunState] | None, before_id: int | None
) -> None:
    query = select_runs(RunFilter(task_id=task_id, states=states, before_id=before_id))

    plan = _plan(store, query)

    if task_id is None and states is None and before_id is None:
        assert _full_scans(plan) == ["SCAN runs"]
        assert not any("TEMP B-TREE" in step for step in plan)
    else:
        assert _full_scans(plan) == []


@pytest.mark.parametrize("query", [happenings._FROM, happenings._FIRST_OPEN, happenings._MARKS])
def test_what_jobs_that_wait_for_events_ask_is_found_by_an_index(store: SqliteStore, query: ClauseElement) -> None:
    assert _full_scans(_plan(store, query.params(task="report", first=7))) == []


@pytest.mark.parametrize("query", [LATEST, LATEST_OF_JOBS, ledger._ACTIVE_RUNS, ledger._OPEN_ATTEMPTS])
def test_what_the_scheduler_asks_of_all_runs_is_found_by_an_index(store: SqliteStore, query: ClauseElement) -> None:
    assert _full_scans(_plan(store, query)) == []


def test_open_work_is_found_without_a_look_at_what_is_over(store: SqliteStore) -> None:
    assert any("INDEX runs_by_state (state=?)" in step for step in _plan(store, ledger._ACTIVE_RUNS))
    assert any("INDEX attempts_open" in step for step in _plan(store, ledger._OPEN_ATTEMPTS))


def test_the_last_uses_are_found_from_the_newest_attempts_without_sorting_them(store: SqliteStore) -> None:
    plan = _plan(store, LAST_USES)

    assert "USE TEMP B-TREE FOR ORDER BY" not in plan
