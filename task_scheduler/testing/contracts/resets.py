"""What every store keeps of schedules that a person resets."""

# ruff: noqa: D102, S101  # tests: their names are behaviours, asserting is the point

from __future__ import annotations

from dataclasses import replace

import pytest

from task_scheduler.core.errors import IllegalTransition
from task_scheduler.core.outcomes import Missed
from task_scheduler.core.runs import AttemptId, AttemptState, RunState
from task_scheduler.ports import GivenUp
from task_scheduler.testing.builders import (
    a_job_declaration,
    a_slot,
    a_start,
    admit_task,
    after,
    an_attempt_claim,
)
from task_scheduler.testing.contracts.ports import Store
from task_scheduler.testing.loops import in_event_loop

GIVEN_UP = Missed("given up")
NOTHING = GivenUp(slots=(), next_runs={}, runs=(), attempts=(), outcome=GIVEN_UP, at=after(60))


class ResetsContract:
    """Tests of Resets, and of the latest slots of jobs, which a reset goes by."""

    @in_event_loop
    async def test_slots_and_waiting_runs_end_as_missed_and_the_job_moves_on(self, store: Store) -> None:
        (job,) = await admit_task(store)
        (waiting,) = await store.claim([a_slot(job, attempt=an_attempt_claim())], {job.id: after(300)})
        attempt = AttemptId(run_id=waiting.id, number=1)

        ended = await store.give_up(
            replace(
                NOTHING,
                slots=[a_slot(job, scheduled_for=after(300), outcome=GIVEN_UP, count=3, range_end=after(900))],
                next_runs={job.id: after(1_200)},
                runs=[waiting.id],
                attempts=[attempt],
            )
        )

        assert [(run.id, run.state, run.reason, run.ended_at) for run in ended] == [
            (waiting.id, RunState.MISSED, "given up", after(60))
        ]
        assert [attempt.state for attempt in await store.attempts(waiting.id)] == [AttemptState.VOID]
        (row,) = (await store.latest_of_jobs()).values()
        assert (row.state, row.count, row.range_end) == (RunState.MISSED, 3, after(900))
        assert [job.next_run for job in await store.jobs()] == [after(1_200)]
        assert await store.open_runs() == []

    @in_event_loop
    async def test_asked_again_it_changes_nothing(self, store: Store) -> None:
        (job,) = await admit_task(store)
        (waiting,) = await store.claim([a_slot(job)], {job.id: after(300)})
        slots = [a_slot(job, scheduled_for=after(300), outcome=GIVEN_UP)]
        asked = replace(NOTHING, slots=slots, next_runs={job.id: after(600)}, runs=[waiting.id])
        await store.give_up(asked)
        before = await store.latest_of_jobs()

        ended = await store.give_up(asked)

        assert ended == []
        assert await store.latest_of_jobs() == before

    @in_event_loop
    async def test_a_run_at_work_is_left_as_it_is(self, store: Store) -> None:
        (job,) = await admit_task(store)
        claims = [a_slot(job, attempt=an_attempt_claim()), a_slot(job, scheduled_for=after(300))]
        at_work, waiting = await store.claim(claims, {job.id: after(600)})
        await store.started([a_start(AttemptId(run_id=at_work.id, number=1))])

        ended = await store.give_up(replace(NOTHING, runs=[at_work.id, waiting.id]))

        assert [run.id for run in ended] == [waiting.id]
        assert [run.id for run, _ in await store.open_runs()] == [at_work.id]

    @in_event_loop
    async def test_what_is_refused_changes_nothing(self, store: Store) -> None:
        (job,) = await admit_task(store)
        (run,) = await store.claim([a_slot(job, attempt=an_attempt_claim())], {job.id: after(300)})
        attempt = AttemptId(run_id=run.id, number=1)
        await store.started([a_start(attempt)])

        with pytest.raises(IllegalTransition):
            await store.give_up(
                replace(
                    NOTHING,
                    slots=[a_slot(job, scheduled_for=after(300), outcome=GIVEN_UP)],
                    next_runs={job.id: after(600)},
                    attempts=[attempt],
                )
            )

        assert [job.next_run for job in await store.jobs()] == [after(300)]
        assert [found.id for found in (await store.latest_of_jobs()).values()] == [run.id]

    @in_event_loop
    async def test_the_latest_slot_counts_whatever_was_put_on_record_last(self, store: Store) -> None:
        jobs = await admit_task(
            store, jobs=(a_job_declaration(), a_job_declaration(function="other"), a_job_declaration(function="none"))
        )
        claims = [a_slot(jobs[0], scheduled_for=after(seconds)) for seconds in (600, 300)]
        later, _, other = await store.claim([*claims, a_slot(jobs[1])], {})

        found = await store.latest_of_jobs()

        assert {job_id: run.id for job_id, run in found.items()} == {jobs[0].id: later.id, jobs[1].id: other.id}

    @in_event_loop
    async def test_a_job_that_ended_has_no_latest_slot(self, store: Store) -> None:
        (job,) = await admit_task(store)
        await store.claim([a_slot(job)], {})
        await admit_task(store, jobs=(a_job_declaration(trigger="every 7 minutes"),))

        assert await store.latest_of_jobs() == {}
