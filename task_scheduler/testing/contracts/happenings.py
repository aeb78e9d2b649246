"""What every record keeps of the events that jobs wait for."""

# ruff: noqa: D102, S101  # tests: their names are behaviours, asserting is the point

from __future__ import annotations

from task_scheduler.core.happenings import after_id
from task_scheduler.core.outcomes import Skipped
from task_scheduler.core.runs import RunKind, RunState
from task_scheduler.testing.builders import a_request, a_slot, admit_task, after, an_attempt_claim, an_end
from task_scheduler.testing.contracts.ports import Store
from task_scheduler.testing.loops import in_event_loop


class HappeningsContract:
    """Tests of a record of Happenings."""

    @in_event_loop
    async def test_marks_are_kept_by_job_and_name_until_they_are_removed(self, store: Store) -> None:
        assert await store.marks() == {}
        await store.put_marks({})
        await store.put_marks({(1, "looked"): "1", (1, "file:a:b c.csv"): "7", (12, "looked"): "1"})
        await store.put_marks({(1, "looked"): "2", (12, "looked"): None, (9, "never"): None})
        assert await store.marks() == {1: {"looked": "2", "file:a:b c.csv": "7"}}
        await store.put("event-like", "no mark")
        await store.put_marks({(1, "file:a:b c.csv"): None})
        assert await store.marks() == {1: {"looked": "2"}}

    @in_event_loop
    async def test_ended_runs_are_those_of_the_task_from_a_number_on(self, store: Store) -> None:
        await admit_task(store, "other")
        (job,) = await admit_task(store)
        runs = await store.claim([a_slot(job, scheduled_for=after(n)) for n in range(4)], {})
        attempts = await store.begin([(run.id, an_attempt_claim()) for run in runs[:2]])
        await store.finish([an_end(attempts[1].id, at=after(9))])
        await store.resolve([runs[3].id], Skipped("overlap"), after(10))
        await store.request(a_request("another task's", task_id="other"))

        found = await store.ended_runs("report", runs[0].id)
        assert [(run.id, run.state, run.ended_at) for run in found.runs] == [
            (runs[1].id, RunState.SUCCEEDED, after(9)),
            (runs[3].id, RunState.SKIPPED, after(10)),
        ]
        assert found.next_open == runs[0].id
        assert [run.id for run in (await store.ended_runs("report", runs[2].id)).runs] == [runs[3].id]
        # From the first open run on.
        assert await store.ended_runs("report", None) == found

    @in_event_loop
    async def test_where_nothing_is_open_only_what_comes_later_is_told(self, store: Store) -> None:
        (job,) = await admit_task(store)
        (run,) = await store.claim([a_slot(job)], {})
        await store.resolve([run.id], Skipped("overlap"), after(1))
        found = await store.ended_runs("report", None)
        assert (found.runs, found.next_open) == ((), run.id + 1)
        assert (await store.ended_runs("nobody", None)).runs == ()

    @in_event_loop
    async def test_the_runs_of_requests_are_found_by_the_names_of_these(self, store: Store) -> None:
        await admit_task(store)
        run, _ = await store.request(a_request("one"))
        await store.request(a_request("another"))
        assert await store.requested([]) == {}
        assert await store.requested(["one", *(f"none {number}" for number in range(1_001))]) == {"one": run}

    @in_event_loop
    async def test_an_event_makes_one_run_for_ever(self, store: Store) -> None:
        (job,) = await admit_task(store)
        request = a_request(after_id(job.id, 41), job_id=job.id)
        first, is_new = await store.request(request)
        again, is_new_again = await store.request(request)
        assert (first.kind, first.id, is_new, is_new_again) == (RunKind.EVENT, again.id, True, False)
