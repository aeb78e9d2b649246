"""What every History answers."""

# ruff: noqa: D102, S101  # tests: their names are behaviours, asserting is the point

from __future__ import annotations

from task_scheduler.core.outcomes import Cancelled, Skipped
from task_scheduler.core.runs import RunState
from task_scheduler.ports import RunFilter
from task_scheduler.testing.builders import (
    a_failure,
    a_slot,
    a_start,
    a_telling_exit,
    admit_task,
    after,
    an_attempt_claim,
    an_end,
)
from task_scheduler.testing.contracts.ports import Store
from task_scheduler.testing.loops import in_event_loop


async def a_history(store: Store) -> None:
    """Put runs 1 to 12 of two tasks on record, with all sorts of outcomes."""
    (one,) = await admit_task(store, "one")
    (two,) = await admit_task(store, "two")
    jobs = (one, two)
    runs = await store.claim([a_slot(jobs[n % 2], scheduled_for=after(n)) for n in range(12)], {})
    attempts = await store.begin([(run.id, an_attempt_claim()) for run in runs[:6]])
    await store.started([a_start(attempt.id) for attempt in attempts])
    await store.finish([an_end(attempts[0].id), an_end(attempts[1].id), a_failure(attempts[2].id)])
    await store.finish([a_failure(attempts[3].id, retry_at=after(90))])
    await store.resolve([runs[6].id, runs[7].id], Skipped("overlap"), after(9))
    await store.resolve([runs[8].id], Cancelled("by hand"), after(9))


class HistoryContract:
    """Tests of a History."""

    @in_event_loop
    async def test_an_empty_record_answers_with_nothing(self, store: Store) -> None:
        assert await store.runs(RunFilter()) == []
        assert await store.run(1) is None
        assert await store.attempts(1) == []
        assert await store.latest() == {}
        assert await store.all_jobs("report") == []

    @in_event_loop
    async def test_runs_are_listed_newest_first_and_page_by_page(self, store: Store) -> None:
        await a_history(store)

        first = await store.runs(RunFilter(limit=5))
        second = await store.runs(RunFilter(limit=5, before_id=first[-1].id))

        assert [run.id for run in first] == [12, 11, 10, 9, 8]
        assert [run.id for run in second] == [7, 6, 5, 4, 3]

    @in_event_loop
    async def test_what_a_run_told_is_read_with_that_run_and_not_with_a_list(self, store: Store) -> None:
        (job,) = await admit_task(store, "one")
        (run,) = await store.claim([a_slot(job, scheduled_for=after(1))], {})
        (attempt,) = await store.begin([(run.id, an_attempt_claim())])
        await store.finish([an_end(attempt.id, exit=a_telling_exit())])

        (listed,) = await store.runs(RunFilter())
        alone = await store.run(run.id)

        assert listed.last_exit is not None
        assert listed.last_exit.notes.is_empty
        assert (await store.latest())["one"] == listed
        assert alone is not None
        assert alone.last_exit is not None
        assert alone.last_exit.notes == a_telling_exit().notes

    @in_event_loop
    async def test_runs_are_filtered_by_task_and_by_state(self, store: Store) -> None:
        await a_history(store)
        some = frozenset({RunState.SUCCEEDED, RunState.SKIPPED, RunState.RETRYING})

        async def ids(**which: object) -> list[int]:
            return [run.id for run in await store.runs(RunFilter(**which))]  # type: ignore[arg-type]

        assert await ids(task_id="one") == [11, 9, 7, 5, 3, 1]
        assert await ids(states=some) == [8, 7, 4, 2, 1]
        assert await ids(states=some, limit=2) == [8, 7]
        assert await ids(states=some, before_id=4) == [2, 1]
        assert await ids(task_id="two", states=some) == [8, 4, 2]
        assert await ids(task_id="two", states=some, before_id=8, limit=1) == [4]
        assert await ids(states=frozenset()) == []
        assert await ids(task_id="nobody") == []

    @in_event_loop
    async def test_a_run_looks_the_same_wherever_it_is_asked_for(self, store: Store) -> None:
        await a_history(store)

        listed = await store.runs(RunFilter(limit=100))

        assert [await store.run(run.id) for run in listed] == listed
        by_state = [run for state in RunState for run in await store.runs(RunFilter(states=frozenset({state})))]
        assert sorted(by_state, key=lambda run: -run.id) == listed
        assert {run.id for run in listed if run.last_exit is not None} == {1, 2, 3, 4}

    @in_event_loop
    async def test_latest_is_the_newest_run_of_each_task(self, store: Store) -> None:
        await a_history(store)
        await admit_task(store, "never ran")

        latest = await store.latest()

        assert {task_id: run.id for task_id, run in latest.items()} == {"one": 11, "two": 12}
        assert latest["one"] == await store.run(11)
