"""The questions about slots, on a real database: what is found, and by which index."""

from datetime import timedelta

import pytest

from task_scheduler.core.outcomes import Missed, Skipped
from task_scheduler.core.runs import RunState
from task_scheduler.core.tasks import Job
from task_scheduler.ports import SlotBounds
from task_scheduler.store.slot_history import counts_of, edges_of, ranges_of, slots_of
from task_scheduler.store.sqlite import SqliteStore
from task_scheduler.testing.builders import (
    a_job_declaration,
    a_request,
    a_slot,
    a_start,
    admit_task,
    after,
    an_attempt_claim,
    an_end,
)
from task_scheduler.testing.clock import NOON
from task_scheduler.testing.loops import in_event_loop
from tests.integration.store.test_query_plans import _full_scans, _plan

MINUTE = 60


async def a_record(store: SqliteStore) -> Job:
    """Put slots a minute apart on record: 0 ran, 1 to 3 missed, 4 and 5 merged into 6, 7 skipped, 8 to 10 missed."""
    (job, other) = await admit_task(store, jobs=(a_job_declaration(), a_job_declaration(trigger="every day at 10:30")))
    runs = await store.claim(
        [
            a_slot(job),
            a_slot(job, scheduled_for=after(60), outcome=Missed("too old"), count=3, range_end=after(180)),
            a_slot(job, scheduled_for=after(360), merged=2, merged_from=after(240)),
            a_slot(job, scheduled_for=after(420)),
            a_slot(job, scheduled_for=after(480), outcome=Missed("too old"), count=3, range_end=after(600)),
            a_slot(other, scheduled_for=after(300)),
        ],
        {},
    )
    [attempt] = await store.begin([(runs[0].id, an_attempt_claim())])
    await store.started([a_start(attempt.id)])
    await store.finish([an_end(attempt.id)])
    await store.resolve([runs[2].id], Skipped("overlap"), after(421))
    return job


@pytest.mark.parametrize(
    ("begin", "end", "found"),
    [
        (0, 11, [0, 1, 6, 7, 8]),
        (0, 1, [0, 1]),  # and the row that follows
        (2, 3, [1, 6]),  # inside the range of a row that began before
        (4, 5, [6]),  # merged into a row that comes after
        (5, 7, [6, 7]),
        (9, 10, [8]),
        (11, 20, []),
        (-10, 0, [0]),
    ],
)
def test_rows_are_found_by_any_slot_they_stand_for(store: SqliteStore, begin: int, end: int, found: list[int]) -> None:
    @in_event_loop
    async def scenario() -> None:
        job = await a_record(store)

        rows = await store.slots(job.id, after(begin * MINUTE), after(end * MINUTE))

        assert [run.scheduled_for for run in rows] == [after(number * MINUTE) for number in found]
        assert [await store.run(run.id) is not None for run in rows] == [True] * len(rows)

    scenario()


@in_event_loop
async def test_rows_of_a_corrected_clock_hide_none_that_reach_across_them(store: SqliteStore) -> None:
    (job,) = await admit_task(store)
    repeated = [a_slot(job, scheduled_for=after(n), clock_generation=1) for n in range(60, 260)]
    await store.claim(
        [a_slot(job, outcome=Missed("too old"), count=3, range_end=after(600)), *repeated],
        {},
    )

    rows = await store.slots(job.id, after(300), after(301))

    assert [run.count for run in rows] == [3]


@in_event_loop
async def test_the_term_of_each_job_counts_all_its_rows_stand_for(store: SqliteStore) -> None:
    job = await a_record(store)

    bounds = await store.slot_bounds("report")

    assert bounds[job.id] == SlotBounds(first=NOON, last=after(600))
    assert len(bounds) == 2
    assert await store.slot_bounds("nobody") == {}


@in_event_loop
async def test_a_job_whose_first_row_stands_for_earlier_slots_is_known_since_these(store: SqliteStore) -> None:
    (job,) = await admit_task(store)
    await store.claim([a_slot(job, scheduled_for=after(600), merged=2, merged_from=after(120))], {})
    await store.request(a_request(job_id=job.id))

    assert (await store.slot_bounds("report"))[job.id] == SlotBounds(first=after(120), last=after(600))


@in_event_loop
async def test_admissions_are_told_in_their_order(store: SqliteStore) -> None:
    await admit_task(store)
    await admit_task(store, source=b"x = 1\n")
    await admit_task(store, "other")

    assert await store.admissions("report") == [NOON, NOON]
    assert await store.admissions("nobody") == []


@in_event_loop
async def test_rows_are_counted_by_their_slot_and_requests_by_their_end(store: SqliteStore) -> None:
    await a_record(store)
    run, _ = await store.request(a_request())
    [attempt] = await store.begin([(run.id, an_attempt_claim())])
    await store.finish([an_end(attempt.id, at=after(90))])

    whole = await store.counts(None, NOON, after(1_000))
    early = await store.counts("report", NOON, after(100))

    assert whole == {RunState.SUCCEEDED: 2, RunState.QUEUED: 2, RunState.SKIPPED: 1}
    assert early == {RunState.SUCCEEDED: 2}
    assert await store.counts("nobody", NOON, after(1_000)) == {}
    assert [run.count for run in await store.ranges("report", after(170), after(500))] == [3, 3]
    assert [run.scheduled_for for run in await store.ranges(None, after(170), after(200))] == [after(60)]
    assert await store.ranges("nobody", NOON, after(1_000)) == []


@pytest.mark.parametrize("task_id", [None, "report"])
def test_each_question_is_answered_by_an_index(store: SqliteStore, task_id: str | None) -> None:
    day = NOON, NOON + timedelta(days=1)

    questions = [*slots_of(1, *day), *edges_of("report"), *counts_of(task_id, *day), ranges_of(task_id, *day)]

    for question in questions:
        assert _full_scans(_plan(store, question)) == []
