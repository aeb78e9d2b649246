"""What every StateStore keeps: facts, and no more of the past than the policy says."""

# ruff: noqa: D102, S101  # tests: their names are behaviours, asserting is the point

from __future__ import annotations

from datetime import timedelta

from task_scheduler.core.policies import RetentionPolicy
from task_scheduler.core.runs import AttemptId, Run
from task_scheduler.core.tasks import TaskStatus
from task_scheduler.ports import Pruned, RunFilter
from task_scheduler.testing.builders import (
    SOURCE,
    a_request,
    a_slot,
    a_start,
    a_task,
    admit_task,
    after,
    an_attempt_claim,
    an_end,
    digest_of,
)
from task_scheduler.testing.clock import NOON
from task_scheduler.testing.contracts.ports import Store
from task_scheduler.testing.loops import in_event_loop

NEWER = b"def start():\n    print('newer')\n"
FOR_A_DAY = RetentionPolicy(age=timedelta(days=1), runs_per_task=None)
MIDNIGHTS_LATER = NOON + timedelta(days=2)


async def finished_runs(store: Store, task_id: str, count: int, *, source: bytes = SOURCE) -> list[Run]:
    """Put finished runs of a task on record, one a second, with one attempt each."""
    (job,) = await admit_task(store, task_id, source=source)
    digest = digest_of(source)
    runs = await store.claim(
        [
            a_slot(job, digest=digest, scheduled_for=after(n), attempt=an_attempt_claim(digest=digest))
            for n in range(count)
        ],
        {},
    )
    names = [AttemptId(run_id=run.id, number=1) for run in runs]
    return list(
        await store.finish([an_end(name, started=a_start(name), at=after(5 + n)) for n, name in enumerate(names)])
    )


async def ids_on_record(store: Store) -> list[int]:
    """Return the ids of all runs, oldest first."""
    return sorted(run.id for run in await store.runs(RunFilter(limit=1000)))


class StateContract:
    """Tests of a StateStore but for backups, which a store in memory has not."""

    @in_event_loop
    async def test_a_fact_is_what_was_put_last(self, store: Store) -> None:
        assert await store.get("clock.generation") is None

        await store.put("clock.generation", "1")
        await store.put("clock.generation", "2")
        await store.put("other", "")

        assert await store.get("clock.generation") == "2"
        assert await store.get("other") == ""

    @in_event_loop
    async def test_runs_that_ended_too_long_ago_go_with_their_attempts(self, store: Store) -> None:
        runs = await finished_runs(store, "report", 4)
        outputs = [attempt.output for run in runs for attempt in await store.attempts(run.id)]

        gone = await store.prune(FOR_A_DAY, after(86_400 + 7), limit=100)

        assert gone == Pruned(runs=2, outputs=tuple(outputs[:2]))
        assert await ids_on_record(store) == [runs[2].id, runs[3].id]
        assert await store.attempts(runs[0].id) == []

    @in_event_loop
    async def test_only_the_newest_runs_of_each_task_are_kept(self, store: Store) -> None:
        one = await finished_runs(store, "one", 5)
        two = await finished_runs(store, "two", 2)

        await store.prune(RetentionPolicy(age=None, runs_per_task=3), NOON, limit=100)

        assert await ids_on_record(store) == [run.id for run in one[2:] + two]

    @in_event_loop
    async def test_a_policy_without_bounds_keeps_everything(self, store: Store) -> None:
        runs = await finished_runs(store, "report", 3)

        gone = await store.prune(RetentionPolicy(age=None, runs_per_task=None), MIDNIGHTS_LATER, limit=100)

        assert gone == Pruned(runs=0, outputs=())
        assert await ids_on_record(store) == [run.id for run in runs]

    @in_event_loop
    async def test_runs_go_in_small_batches_the_oldest_first(self, store: Store) -> None:
        runs = await finished_runs(store, "report", 5)

        await store.prune(FOR_A_DAY, MIDNIGHTS_LATER, limit=2)
        assert await ids_on_record(store) == [run.id for run in runs[2:]]

        await store.prune(RetentionPolicy(age=None, runs_per_task=0), MIDNIGHTS_LATER, limit=2)
        assert await ids_on_record(store) == [runs[4].id]

    @in_event_loop
    async def test_an_unfinished_run_never_goes(self, store: Store) -> None:
        (job,) = await admit_task(store)
        queued, running = await store.claim([a_slot(job, scheduled_for=after(n)) for n in range(2)], {})
        (attempt,) = await store.begin([(running.id, an_attempt_claim())])
        await store.started([a_start(attempt.id)])
        await finished_runs(store, "report", 0)

        await store.prune(RetentionPolicy(age=timedelta(0), runs_per_task=0), NOON + timedelta(days=400), limit=100)

        assert await ids_on_record(store) == [queued.id, running.id]
        assert len(await store.attempts(running.id)) == 1

    @in_event_loop
    async def test_the_number_of_a_pruned_run_is_never_given_again(self, store: Store) -> None:
        runs = await finished_runs(store, "report", 3)
        await store.prune(FOR_A_DAY, MIDNIGHTS_LATER, limit=100)

        run, is_new = await store.request(a_request())

        assert is_new
        assert run.id > runs[-1].id

    @in_event_loop
    async def test_a_version_goes_when_no_run_is_left_that_ran_it(self, store: Store) -> None:
        await finished_runs(store, "report", 1)
        await admit_task(store, source=NEWER, environment="env-b")

        await store.prune(FOR_A_DAY, NOON, limit=100)
        assert await store.version("report", digest_of(SOURCE)) is not None
        assert await store.lock("env-a") is not None

        await store.prune(FOR_A_DAY, MIDNIGHTS_LATER, limit=100)
        assert await store.version("report", digest_of(SOURCE)) is None
        assert await store.lock("env-a") is None
        assert await store.version("report", digest_of(NEWER)) is not None
        assert await store.lock("env-b") is not None

    @in_event_loop
    async def test_a_version_in_force_stays_whether_it_ran_or_not(self, store: Store) -> None:
        await admit_task(store)

        await store.prune(FOR_A_DAY, MIDNIGHTS_LATER, limit=100)

        assert len(await store.versions()) == 1
        assert await store.lock("env-a") is not None

    @in_event_loop
    async def test_what_a_deleted_task_ran_goes_after_its_last_run(self, store: Store) -> None:
        await finished_runs(store, "report", 1)
        await store.retire([a_task(status=TaskStatus.DELETED, version=None)])
        await store.prune(FOR_A_DAY, NOON, limit=100)
        assert await store.version("report", digest_of(SOURCE)) is not None

        await store.prune(FOR_A_DAY, MIDNIGHTS_LATER, limit=100)

        assert await store.version("report", digest_of(SOURCE)) is None
        assert [task.task_id for task in await store.tasks()] == ["report"]
