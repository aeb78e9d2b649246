"""Whatever is asked of them, the store in memory and the one on SQLite have the same on record."""

import asyncio
import tempfile
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from task_scheduler.core.errors import TaskSchedulerError
from task_scheduler.core.outcomes import Cancelled, Failed, Interrupted, Missed, Skipped, Snoozed, Succeeded, TimedOut
from task_scheduler.core.policies import RetentionPolicy
from task_scheduler.core.runs import FINAL, AttemptExit, AttemptId, RunState
from task_scheduler.core.tasks import JobDeclaration, TaskStatus
from task_scheduler.ports import RunFilter
from task_scheduler.store.memory import MemoryStore
from task_scheduler.store.sqlite import SqliteStore
from task_scheduler.testing.builders import (
    a_failing_exit,
    a_job_declaration,
    a_request,
    a_slot,
    a_start,
    a_task,
    a_telling_exit,
    admit_task,
    after,
    an_attempt_claim,
    an_end,
    an_exit,
)
from task_scheduler.testing.clock import FakeClock
from task_scheduler.testing.contracts.ports import Store

TASKS = ("one", "two")
SOURCES = (b"pass\n", b"print(1)\n")
JOBS = tuple(a_job_declaration(function=name) for name in ("start", None, "other"))

moments = st.integers(0, 6).map(after)
run_ids = st.integers(1, 12)
attempt_ids = st.builds(AttemptId, run_id=run_ids, number=st.integers(1, 3))
ended = st.sampled_from(
    [Succeeded(), Failed("x"), TimedOut("x"), Cancelled("x"), Interrupted("x"), Skipped("x"), Snoozed("x", 2)]
)
exits = st.sampled_from(
    [an_exit(), a_failing_exit(), AttemptExit(), an_exit(started_at=None, signal=9, exit_code=None), a_telling_exit()]
)
resolutions = st.sampled_from([Skipped("s"), Missed("m"), Cancelled("c"), Failed("f"), TimedOut("t")])
run_outcomes = st.none() | st.sampled_from([Failed("f"), TimedOut("t"), Cancelled("c")])
environments = st.sampled_from(["env-a", "env-b"])
claims = st.builds(an_attempt_claim, environment=environments, claimed_at=moments)


class SameRecord(RuleBasedStateMachine):
    """Ask both stores for the same, and compare their answers and all that is on record."""

    empty_database: bytes  #: copied for each example: making one takes longer than all that is done with it

    @initialize()
    def open(self) -> None:
        self.folder = tempfile.TemporaryDirectory()
        folder = Path(self.folder.name)
        (folder / "a.db").write_bytes(self.empty_database)
        self.memory = MemoryStore()
        self.sqlite = SqliteStore.open(folder / "a.db", clock=FakeClock(), sources=folder / "s", backups=folder / "b")
        self.runner = asyncio.Runner()
        self.last_seen: dict[int, RunState] = {}
        self.both(lambda store: admit_task(store, "one", jobs=JOBS))

    def teardown(self) -> None:
        if not hasattr(self, "sqlite"):
            return
        try:
            self.compare_records()
        finally:
            self.sqlite.close()
            self.runner.close()
            self.folder.cleanup()

    def both(self, ask: Callable[[Store], Awaitable[Any]]) -> None:
        async def answer(store: Store) -> object:
            try:
                result = await ask(store)
            except TaskSchedulerError as error:
                # SQLite says of a row that lacks its parent only that it is refused.
                return isinstance(error, TaskSchedulerError)
            return list(result) if isinstance(result, list | tuple) else result

        of_memory = self.runner.run(answer(self.memory))
        of_sqlite = self.runner.run(answer(self.sqlite))
        assert of_memory == of_sqlite

    @rule(
        task=st.sampled_from(TASKS),
        source=st.sampled_from(SOURCES),
        environment=environments,
        jobs=st.lists(st.sampled_from(JOBS), max_size=3),
        next_run=moments,
    )
    def admit(self, task: str, source: bytes, environment: str, jobs: list[JobDeclaration], next_run: Any) -> None:
        self.both(
            lambda store: admit_task(
                store, task, source=source, environment=environment, jobs=tuple(jobs), next_run=next_run
            )
        )

    @rule(task=st.sampled_from(TASKS))
    def retire(self, task: str) -> None:
        self.both(lambda store: store.retire([a_task(task, status=TaskStatus.DELETED, version=None)]))

    @rule(
        picks=st.lists(
            st.tuples(
                st.integers(0, 5), moments, st.none() | st.sampled_from([Skipped("s"), Missed("m")]), st.none() | claims
            ),
            max_size=3,
        ),
        next_run=st.none() | moments,
    )
    def claim(self, picks: list[Any], next_run: Any) -> None:
        async def ask(store: Store) -> object:
            jobs = await store.jobs()
            if not jobs:
                return None
            slots = [
                a_slot(jobs[index % len(jobs)], scheduled_for=moment, outcome=outcome, attempt=attempt)
                for index, moment, outcome, attempt in picks
            ]
            return await store.claim(slots, {slot.job.id: next_run for slot in slots})

        self.both(ask)

    @rule(name=st.sampled_from("abc"), task=st.sampled_from(TASKS))
    def request(self, name: str, task: str) -> None:
        self.both(lambda store: store.request(a_request(name, task_id=task)))

    @rule(picks=st.lists(st.tuples(run_ids, claims), min_size=1, max_size=2))
    def begin(self, picks: list[Any]) -> None:
        self.both(lambda store: store.begin(picks))

    @rule(attempts=st.lists(attempt_ids, min_size=1, max_size=4), moment=moments)
    def started(self, attempts: list[AttemptId], moment: Any) -> None:
        self.both(lambda store: store.started([a_start(attempt, started_at=moment) for attempt in attempts]))

    @rule(
        attempts=st.lists(attempt_ids, min_size=1, max_size=4),
        outcome=ended,
        exit_=exits,
        retry=st.none() | moments,
        run_outcome=run_outcomes,
    )
    def finish(self, attempts: list[AttemptId], outcome: Any, exit_: AttemptExit, retry: Any, run_outcome: Any) -> None:
        ends = [an_end(name, outcome, exit=exit_, retry_at=retry, run_outcome=run_outcome) for name in attempts]
        self.both(lambda store: store.finish(ends))

    @rule(attempts=st.lists(attempt_ids, min_size=1, max_size=3))
    def void(self, attempts: list[AttemptId]) -> None:
        self.both(lambda store: store.void(attempts, "gone"))

    @rule(ids=st.lists(run_ids, min_size=1, max_size=3), outcome=resolutions, moment=moments)
    def resolve(self, ids: list[int], outcome: Any, moment: Any) -> None:
        self.both(lambda store: store.resolve(ids, outcome, moment))

    @rule(run_id=run_ids, moment=moments)
    def pause(self, run_id: int, moment: Any) -> None:
        self.both(lambda store: store.pause(run_id, moment))

    @rule(run_id=run_ids, moment=moments)
    def unpause(self, run_id: int, moment: Any) -> None:
        self.both(lambda store: store.unpause(run_id, moment))

    @rule(
        age=st.none() | st.integers(0, 6).map(lambda seconds: timedelta(seconds=seconds)),
        kept=st.none() | st.integers(0, 3),
        limit=st.integers(1, 4),
    )
    def prune(self, age: timedelta | None, kept: int | None, limit: int) -> None:
        policy = RetentionPolicy(age=age, runs_per_task=kept)
        self.both(lambda store: store.prune(policy, after(6), limit))
        # Ids of pruned runs are gone for good; what is left is compared below.
        self.last_seen.clear()

    @rule()
    def compare_records(self) -> None:
        async def everything(store: Store) -> object:
            runs = list(await store.runs(RunFilter(limit=100)))
            return (
                runs,
                [await store.attempts(run.id) for run in runs],
                [(run, list(attempts)) for run, attempts in await store.open_runs()],
                dict(await store.latest()),
                list(await store.tasks()),
                list(await store.versions()),
                list(await store.jobs()),
                [list(await store.all_jobs(task)) for task in TASKS],
                set(await store.kept_environments()),
                [await store.lock(key) for key in ("env-a", "env-b")],
                list(await store.runs(RunFilter(states=FINAL, task_id="one", limit=3))),
            )

        self.both(everything)

    @invariant()
    def an_outcome_is_for_ever(self) -> None:
        if not hasattr(self, "sqlite"):
            return
        for run in self.runner.run(self.memory.runs(RunFilter(limit=100))):
            before = self.last_seen.get(run.id)
            assert before not in FINAL or before is run.state
            self.last_seen[run.id] = run.state


@pytest.mark.slow
def test_both_stores_have_the_same_on_record_after_any_sequence_of_writes(store: SqliteStore, database: Path) -> None:
    store.close()
    SameRecord.empty_database = database.read_bytes()

    run_state_machine_as_test(
        SameRecord,
        settings=settings(
            max_examples=40,
            stateful_step_count=30,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            database=None,
            # A failure is shown as found: shrinking thousands of databases would take minutes.
            phases=[Phase.explicit, Phase.generate],
        ),
    )
