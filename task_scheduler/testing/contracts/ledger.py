"""What every Ledger keeps: each slot once on record, and one outcome for each."""

# ruff: noqa: D102, S101  # tests: their names are behaviours, asserting is the point

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from task_scheduler.core.errors import IllegalTransition, Refused, TaskSchedulerError, UnknownRun
from task_scheduler.core.outcomes import Cancelled, Failed, Interrupted, Missed, Skipped, Snoozed, Succeeded, TimedOut
from task_scheduler.core.policies import RetentionPolicy
from task_scheduler.core.runs import (
    NOTHING_TOLD,
    Artifact,
    AttemptExit,
    AttemptId,
    AttemptNotes,
    AttemptState,
    ErrorSummary,
    Progress,
    Run,
    RunKind,
    RunState,
)
from task_scheduler.core.tasks import Job
from task_scheduler.ports import Pruned, RunFilter
from task_scheduler.store.steps import KEPT_SNOOZES
from task_scheduler.testing.builders import (
    SOURCE,
    a_failing_exit,
    a_failure,
    a_job,
    a_job_declaration,
    a_request,
    a_slot,
    a_start,
    a_telling_exit,
    admit_task,
    after,
    an_attempt_claim,
    an_end,
    an_exit,
    digest_of,
)
from task_scheduler.testing.clock import NOON
from task_scheduler.testing.contracts.ports import Store
from task_scheduler.testing.loops import in_event_loop

LATER = NOON + timedelta(minutes=5)


async def a_job_on_record(store: Store) -> Job:
    """Admit a task and return its only job."""
    (job,) = await admit_task(store)
    return job


async def a_queued_run(store: Store) -> Run:
    """Put one queued run without an attempt on record."""
    job = await a_job_on_record(store)
    (run,) = await store.claim([a_slot(job)], {job.id: LATER})
    return run


async def a_claimed_run(store: Store) -> tuple[Run, AttemptId]:
    """Put one run with its first attempt on record."""
    job = await a_job_on_record(store)
    (run,) = await store.claim([a_slot(job, attempt=an_attempt_claim())], {job.id: LATER})
    return run, AttemptId(run_id=run.id, number=1)


async def on_record(store: Store, run_id: int) -> Run:
    """Return a run that must be there."""
    run = await store.run(run_id)
    assert run is not None
    return run


async def states_of_attempts(store: Store, run_id: int) -> Sequence[AttemptState]:
    """Return the states of a run's attempts, first one first."""
    return [attempt.state for attempt in await store.attempts(run_id)]


class LedgerContract:
    """Tests of a Ledger; what is on record is asked of the same store's History and Catalogue."""

    # --- claim --------------------------------------------------------------------------------------------

    @in_event_loop
    async def test_a_claimed_slot_is_a_queued_run_with_all_it_was_given(self, store: Store) -> None:
        job = await a_job_on_record(store)

        (run,) = await store.claim(
            [a_slot(job, clock_generation=3, merged=2, merged_from=after(-600), created_at=after(-1))],
            {job.id: LATER},
        )

        assert run == Run(
            id=run.id,
            kind=RunKind.SCHEDULED,
            state=RunState.QUEUED,
            task_id="report",
            job_id=job.id,
            function="start",
            arguments="((), {})",
            scheduled_for=NOON,
            clock_generation=3,
            digest=run.digest,
            merged=2,
            merged_from=after(-600),
            created_at=after(-1),
        )
        assert await store.run(run.id) == run

    @in_event_loop
    async def test_a_claim_moves_the_next_run_of_its_job_on(self, store: Store) -> None:
        job = await a_job_on_record(store)

        await store.claim([a_slot(job)], {job.id: LATER})

        assert await store.jobs() == [replace(job, next_run=LATER)]

    @in_event_loop
    async def test_a_slot_is_never_put_on_record_twice(self, store: Store) -> None:
        run = await a_queued_run(store)
        (job,) = await store.jobs()

        again = await store.claim([a_slot(job), a_slot(job, scheduled_for=LATER), a_slot(job)], {job.id: None})

        assert [claimed.scheduled_for for claimed in again] == [LATER]
        assert len(await store.runs(RunFilter())) == 2
        assert await on_record(store, run.id) == run
        assert await store.jobs() == [replace(job, next_run=None)]

    @in_event_loop
    async def test_two_claims_of_one_slot_at_once_make_one_run(self, store: Store) -> None:
        job = await a_job_on_record(store)
        claim = a_slot(job, attempt=an_attempt_claim())

        results = await asyncio.gather(*(store.claim([claim], {}) for _ in range(20)))

        assert sorted(map(len, results)) == [0] * 19 + [1]
        (run,) = await store.runs(RunFilter())
        assert await states_of_attempts(store, run.id) == [AttemptState.CLAIMED]

    @in_event_loop
    async def test_the_same_instant_under_another_clock_generation_is_another_slot(self, store: Store) -> None:
        job = await a_job_on_record(store)

        runs = await store.claim([a_slot(job), a_slot(job, clock_generation=1)], {})

        assert len({run.id for run in runs}) == 2

    @in_event_loop
    async def test_new_runs_come_in_the_order_of_their_claims(self, store: Store) -> None:
        job = await a_job_on_record(store)
        moments = [after(60 * minute) for minute in (3, 1, 2)]

        runs = await store.claim([a_slot(job, scheduled_for=moment) for moment in moments], {})

        assert [run.scheduled_for for run in runs] == moments
        assert [run.id for run in runs] == sorted(run.id for run in runs)

    @in_event_loop
    async def test_a_slot_with_an_outcome_ends_at_once_and_is_not_returned(self, store: Store) -> None:
        job = await a_job_on_record(store)

        returned = await store.claim(
            [a_slot(job, outcome=Missed("the machine slept"), count=12, range_end=after(3300), created_at=after(4000))],
            {job.id: LATER},
        )

        (run,) = await store.runs(RunFilter())
        assert returned == []
        assert (run.state, run.reason, run.count) == (RunState.MISSED, "the machine slept", 12)
        assert (run.range_end, run.ended_at, run.started_at) == (after(3300), after(4000), None)

    @in_event_loop
    async def test_a_slot_may_bring_its_first_attempt(self, store: Store) -> None:
        run, attempt = await a_claimed_run(store)

        (recorded,) = await store.attempts(run.id)
        assert run.attempts == 1
        assert run.executions == 0
        assert (recorded.id, recorded.state, recorded.placement) == (attempt, AttemptState.CLAIMED, "host-1")
        assert (recorded.claimed_at, recorded.started_at, recorded.exit) == (NOON, None, None)

    @in_event_loop
    async def test_outputs_of_attempts_have_names_of_their_own(self, store: Store) -> None:
        job = await a_job_on_record(store)
        runs = await store.claim(
            [a_slot(job, scheduled_for=after(n), attempt=an_attempt_claim()) for n in range(3)], {}
        )

        names = [attempt.output for run in runs for attempt in await store.attempts(run.id)]

        assert len(set(names)) == 3

    @in_event_loop
    async def test_a_claim_for_a_job_that_is_not_on_record_leaves_nothing(self, store: Store) -> None:
        job = await a_job_on_record(store)

        with pytest.raises(TaskSchedulerError):
            await store.claim([a_slot(job), a_slot(a_job(id=99))], {job.id: LATER})

        assert await store.runs(RunFilter()) == []
        assert await store.jobs() == [job]

    # --- request ------------------------------------------------------------------------------------------

    @in_event_loop
    async def test_a_request_makes_a_run_once(self, store: Store) -> None:
        await a_job_on_record(store)

        first, is_new = await store.request(a_request("abc"))
        again, is_new_again = await store.request(a_request("abc"))

        assert (is_new, is_new_again) == (True, False)
        assert again == first
        assert (first.kind, first.state, first.request_id) == (RunKind.MANUAL, RunState.QUEUED, "abc")
        assert first.scheduled_for is None

    @in_event_loop
    async def test_a_request_keeps_its_command_line(self, store: Store) -> None:
        await a_job_on_record(store)
        argv = ("--verbose", "", "two words", "\udcff")

        made, _ = await store.request(a_request("abc", argv=argv))
        again, _ = await store.request(a_request("abc", argv=argv))
        plain, _ = await store.request(a_request("plain"))

        assert made.argv == again.argv == argv
        assert [run.argv for run in await store.runs(RunFilter())] == [(), argv]
        assert plain.argv == ()

    @in_event_loop
    async def test_the_name_of_a_request_is_refused_for_another_task_function_or_command_line(
        self, store: Store
    ) -> None:
        await admit_task(store)
        await admit_task(store, "other")
        run, _ = await store.request(a_request("abc"))

        refused: list[str] = []
        for other in ({"function": "other"}, {"task_id": "other"}, {"argv": ("x",)}):
            with pytest.raises(Refused) as caught:
                await store.request(a_request("abc", **other))
            refused.append(str(caught.value))

        assert refused == [
            f"request id 'abc' is taken: run {run.id} called start of report; choose another",
            f"request id 'abc' is taken: run {run.id} is of report; choose another",
            f"request id 'abc' is taken: run {run.id} had other arguments; choose another",
        ]
        assert len(await store.runs(RunFilter())) == 1

    @in_event_loop
    async def test_a_request_of_one_version_is_put_on_record_as_such(self, store: Store) -> None:
        await a_job_on_record(store)

        pinned, _ = await store.request(a_request("one", pinned=digest_of(SOURCE)))
        free, _ = await store.request(a_request("any"))

        assert (pinned.pinned, free.pinned) == (digest_of(SOURCE), None)
        assert [run for run, _ in await store.open_runs()] == [pinned, free]

    @in_event_loop
    async def test_the_name_of_a_request_is_refused_for_another_version_even_after_a_retry_of_that_one(
        self, store: Store
    ) -> None:
        await a_job_on_record(store)
        run, _ = await store.request(a_request("abc", pinned=digest_of(SOURCE)))
        (first,) = await store.begin([(run.id, an_attempt_claim())])
        await store.finish([a_failure(first.id, retry_at=after(65), started=a_start(first.id))])
        (second,) = await store.begin([(run.id, an_attempt_claim(digest="newer"))])
        (ended,) = await store.finish([an_end(second.id, started=a_start(second.id))])

        again, _ = await store.request(a_request("abc", pinned=digest_of(SOURCE)))
        whichever, _ = await store.request(a_request("abc"))
        with pytest.raises(Refused) as caught:
            await store.request(a_request("abc", pinned="newer"))

        assert again == whichever == ended
        assert (
            str(caught.value)
            == f"request id 'abc' is taken: run {run.id} was of another version of report; choose another"
        )

    @in_event_loop
    async def test_a_repeated_request_returns_the_run_as_it_stands(self, store: Store) -> None:
        await a_job_on_record(store)
        run, _ = await store.request(a_request("abc"))
        (attempt,) = await store.begin([(run.id, an_attempt_claim())])
        (ended,) = await store.finish([an_end(attempt.id, started=a_start(attempt.id))])

        again, _ = await store.request(a_request("abc"))

        assert again == ended
        assert again.last_exit is not None

    @in_event_loop
    async def test_requests_at_once_for_one_id_make_one_run(self, store: Store) -> None:
        await a_job_on_record(store)

        results = await asyncio.gather(*(store.request(a_request("abc")) for _ in range(20)))

        assert len({run.id for run, _ in results}) == 1
        assert [is_new for _, is_new in results].count(True) == 1

    # --- begin --------------------------------------------------------------------------------------------

    @in_event_loop
    async def test_attempts_of_a_run_are_numbered_from_one(self, store: Store) -> None:
        run = await a_queued_run(store)

        (first,) = await store.begin([(run.id, an_attempt_claim(placement="a"))])
        await store.void([first.id], "its host was gone")
        (second,) = await store.begin([(run.id, an_attempt_claim(placement="b"))])

        assert (str(first.id), str(second.id)) == (f"{run.id}.1", f"{run.id}.2")
        assert await store.attempts(run.id) == [
            replace(first, state=AttemptState.VOID, reason="its host was gone"),
            second,
        ]
        assert (await on_record(store, run.id)).attempts == 2

    @in_event_loop
    async def test_a_run_has_one_open_attempt_at_most(self, store: Store) -> None:
        run, _ = await a_claimed_run(store)

        with pytest.raises(IllegalTransition):
            await store.begin([(run.id, an_attempt_claim())])

        assert await states_of_attempts(store, run.id) == [AttemptState.CLAIMED]

    @in_event_loop
    async def test_a_run_that_is_over_gets_no_attempt(self, store: Store) -> None:
        run = await a_queued_run(store)
        await store.resolve([run.id], Cancelled("by hand"), after(1))

        with pytest.raises(IllegalTransition):
            await store.begin([(run.id, an_attempt_claim())])

        assert await store.attempts(run.id) == []

    @in_event_loop
    async def test_begin_is_done_for_all_or_for_none(self, store: Store) -> None:
        run = await a_queued_run(store)

        with pytest.raises(UnknownRun):
            await store.begin([(run.id, an_attempt_claim()), (999, an_attempt_claim())])

        assert await store.attempts(run.id) == []
        assert await on_record(store, run.id) == run

    # --- started ------------------------------------------------------------------------------------------

    @in_event_loop
    async def test_a_start_is_recorded_with_its_moment_and_version(self, store: Store) -> None:
        run = await a_queued_run(store)
        (attempt,) = await store.begin([(run.id, an_attempt_claim(digest="d2"))])

        await store.started([a_start(attempt.id, started_at=after(2))])

        recorded = await on_record(store, run.id)
        assert (recorded.state, recorded.started_at, recorded.digest) == (RunState.RUNNING, after(2), "d2")
        assert (recorded.attempts, recorded.executions) == (1, 1)
        (recorded_attempt,) = await store.attempts(run.id)
        assert recorded_attempt == replace(attempt, state=AttemptState.RUNNING, started_at=after(2))

    @in_event_loop
    async def test_a_repeated_start_changes_nothing(self, store: Store) -> None:
        run, attempt = await a_claimed_run(store)
        await store.started([a_start(attempt)])
        before = await on_record(store, run.id)

        await store.started([a_start(attempt, started_at=after(3))])

        assert await on_record(store, run.id) == before

    @in_event_loop
    async def test_a_start_reported_after_the_end_changes_nothing(self, store: Store) -> None:
        run, attempt = await a_claimed_run(store)
        (ended,) = await store.finish([an_end(attempt, started=a_start(attempt))])

        await store.started([a_start(attempt)])

        assert await on_record(store, run.id) == ended

    @in_event_loop
    async def test_reports_about_unknown_attempts_are_ignored(self, store: Store) -> None:
        unknown = AttemptId(run_id=7, number=1)

        await store.started([a_start(unknown)])
        await store.void([unknown], "gone")

        assert await store.finish([an_end(unknown)]) == []

    # --- finish -------------------------------------------------------------------------------------------

    @in_event_loop
    async def test_an_end_is_recorded_with_every_measured_fact(self, store: Store) -> None:
        run, attempt = await a_claimed_run(store)
        await store.started([a_start(attempt)])
        exit_ = a_failing_exit(output_dropped=9, left_behind=2)

        (ended,) = await store.finish([a_failure(attempt, exit=exit_)])

        assert (ended.state, ended.reason) == (RunState.FAILED, "ValueError: no rows")
        assert (ended.started_at, ended.ended_at, ended.last_exit) == (after(1), after(5), exit_)
        assert await on_record(store, run.id) == ended
        (recorded,) = await store.attempts(run.id)
        assert (recorded.state, recorded.reason, recorded.exit) == (AttemptState.FAILED, ended.reason, exit_)

    @pytest.mark.parametrize(
        ("outcome", "state"),
        [
            (Succeeded(), RunState.SUCCEEDED),
            (Failed("exit code 3"), RunState.FAILED),
            (TimedOut("ended at its time limit of 2 s"), RunState.TIMED_OUT),
            (Cancelled("by hand"), RunState.CANCELLED),
            (Interrupted("its host died"), RunState.INTERRUPTED),
            (Skipped("nothing to do"), RunState.SKIPPED),
        ],
    )
    @in_event_loop
    async def test_a_run_takes_the_outcome_of_its_attempt(
        self, store: Store, outcome: Succeeded, state: RunState
    ) -> None:
        run, attempt = await a_claimed_run(store)
        await store.started([a_start(attempt)])

        await store.finish([an_end(attempt, outcome)])

        assert (await on_record(store, run.id)).state is state
        assert [str(found) for found in await states_of_attempts(store, run.id)] == [str(state)]

    @in_event_loop
    async def test_an_end_may_bring_the_start_that_was_not_recorded(self, store: Store) -> None:
        run, attempt = await a_claimed_run(store)

        (ended,) = await store.finish([an_end(attempt, started=a_start(attempt, started_at=after(2)))])

        assert (ended.state, ended.executions) == (RunState.SUCCEEDED, 1)
        assert (ended.started_at, ended.ended_at) == (after(2), after(5))
        (recorded,) = await store.attempts(run.id)
        assert recorded.started_at == after(2)

    @in_event_loop
    async def test_a_start_nobody_reported_is_taken_from_the_exit(self, store: Store) -> None:
        run, attempt = await a_claimed_run(store)

        (ended,) = await store.finish([an_end(attempt, exit=an_exit(started_at=after(1.5)))])

        assert ended.started_at == after(1.5)
        assert await on_record(store, run.id) == ended

    @in_event_loop
    async def test_an_attempt_lost_without_a_trace_is_interrupted_and_counts_as_an_execution(
        self, store: Store
    ) -> None:
        run, attempt = await a_claimed_run(store)

        (ended,) = await store.finish(
            [an_end(attempt, Interrupted("the machine restarted"), exit=AttemptExit(), at=after(9))]
        )

        assert (ended.state, ended.executions) == (RunState.INTERRUPTED, 1)
        assert (ended.started_at, ended.ended_at) == (None, after(9))
        assert ended.last_exit == AttemptExit(ended_at=after(9))
        assert await on_record(store, run.id) == ended

    @in_event_loop
    async def test_an_attempt_ends_once(self, store: Store) -> None:
        run, attempt = await a_claimed_run(store)
        (ended,) = await store.finish([an_end(attempt, started=a_start(attempt))])

        again = await store.finish([a_failure(attempt), a_failure(attempt)])

        assert again == []
        assert await on_record(store, run.id) == ended

    @in_event_loop
    async def test_ends_at_once_of_one_attempt_count_once(self, store: Store) -> None:
        run, attempt = await a_claimed_run(store)
        end = an_end(attempt, started=a_start(attempt))

        results = await asyncio.gather(store.finish([end, end]), store.finish([end]), store.finish([end]))

        assert sum(map(len, results)) == 1
        assert (await on_record(store, run.id)).executions == 1

    @in_event_loop
    async def test_a_failure_with_a_retry_waits_for_its_time_and_runs_again(self, store: Store) -> None:
        run, first = await a_claimed_run(store)

        (waiting,) = await store.finish([a_failure(first, retry_at=after(65), started=a_start(first))])
        (second,) = await store.begin([(run.id, an_attempt_claim(digest="newer", claimed_at=after(65)))])
        await store.started([a_start(second.id, started_at=after(66))])
        running = await on_record(store, run.id)
        (ended,) = await store.finish([an_end(second.id, exit=an_exit(ended_at=after(70)), at=after(70))])

        assert (waiting.state, waiting.retry_at, waiting.ended_at) == (RunState.RETRYING, after(65), None)
        assert waiting.reason == "ValueError: no rows"
        assert (running.state, running.retry_at, running.digest) == (RunState.RUNNING, None, "newer")
        assert (running.started_at, running.reason) == (after(1), "")
        assert running.last_exit == a_failing_exit()
        assert (ended.state, ended.reason, ended.ended_at) == (RunState.SUCCEEDED, "", after(70))
        assert (ended.attempts, ended.executions) == (2, 2)
        assert await on_record(store, run.id) == ended

    @in_event_loop
    async def test_what_an_attempt_said_is_recorded_even_if_it_is_no_valid_text(self, store: Store) -> None:
        run, attempt = await a_claimed_run(store)

        await store.finish([an_end(attempt, Failed("broken \udcff text \0 ü"), started=a_start(attempt))])

        recorded = await on_record(store, run.id)
        assert recorded.state is RunState.FAILED
        assert recorded.reason.startswith("broken ")
        assert recorded.reason.endswith(" text \0 ü")

    @in_event_loop
    async def test_what_an_attempt_told_and_the_rarer_facts_of_its_end_are_recorded(self, store: Store) -> None:
        run, attempt = await a_claimed_run(store)
        exit_ = a_telling_exit()

        (ended,) = await store.finish([an_end(attempt, Failed("x"), exit=exit_, started=a_start(attempt))])

        (recorded,) = await store.attempts(run.id)
        assert recorded.exit == ended.last_exit == exit_
        assert await on_record(store, run.id) == ended

    @pytest.mark.parametrize(
        "notes",
        [
            NOTHING_TOLD,
            AttemptNotes(),
            AttemptNotes(progress=Progress(done=0.0)),
            AttemptNotes(metrics={"ü \udcff \0": -1e308}),
            AttemptNotes(artifacts=(Artifact(path=""),)),
            AttemptNotes(result=""),
            AttemptNotes(result='"' + "x" * 99_998 + '"'),
            AttemptNotes(refused=("why",)),
        ],
        ids=["nothing", "nothing anew", "progress", "metric", "artifact", "empty result", "long result", "refused"],
    )
    @in_event_loop
    async def test_notes_are_read_as_they_were_told(self, store: Store, notes: AttemptNotes) -> None:
        run, attempt = await a_claimed_run(store)

        await store.finish([an_end(attempt, exit=an_exit(notes=notes), started=a_start(attempt))])

        (recorded,) = await store.attempts(run.id)
        assert recorded.exit == an_exit(notes=notes)

    @in_event_loop
    async def test_base_classes_of_an_error_are_not_kept(self, store: Store) -> None:
        run, attempt = await a_claimed_run(store)
        error = ErrorSummary(kind="KeyError", message="'x'", bases=("LookupError", "Exception"))

        (ended,) = await store.finish([a_failure(attempt, exit=a_failing_exit(error=error), started=a_start(attempt))])

        assert ended.last_exit == a_failing_exit(error=replace(error, bases=()))
        assert await on_record(store, run.id) == ended

    @in_event_loop
    async def test_a_run_may_end_otherwise_than_its_attempt(self, store: Store) -> None:
        run, attempt = await a_claimed_run(store)
        late = TimedOut("its deadline of 60 s leaves no time for a retry; exit code 3")

        (ended,) = await store.finish([a_failure(attempt, run_outcome=late, started=a_start(attempt))])

        assert (ended.state, ended.reason, ended.ended_at) == (RunState.TIMED_OUT, late.reason, after(5))
        (recorded,) = await store.attempts(run.id)
        assert (recorded.state, recorded.reason) == (AttemptState.FAILED, "ValueError: no rows")
        assert await on_record(store, run.id) == ended

    @in_event_loop
    async def test_a_snoozed_attempt_is_no_execution_and_its_run_goes_on_later(self, store: Store) -> None:
        run, first = await a_claimed_run(store)
        snoozed = Snoozed("not there yet", 60)

        (waiting,) = await store.finish([an_end(first, snoozed, retry_at=after(65), started=a_start(first))])
        (second,) = await store.begin([(run.id, an_attempt_claim(claimed_at=after(65)))])
        (ended,) = await store.finish([an_end(second.id, started=a_start(second.id))])

        assert (waiting.state, waiting.retry_at, waiting.reason) == (RunState.RETRYING, after(65), "not there yet")
        assert (waiting.executions, waiting.attempts, waiting.started_at) == (0, 1, after(1))
        assert (ended.executions, ended.attempts, ended.started_at) == (1, 2, after(1))
        assert await states_of_attempts(store, run.id) == [AttemptState.SNOOZED, AttemptState.SUCCEEDED]

    @in_event_loop
    async def test_of_a_run_that_snoozes_on_and_on_the_newest_snoozes_are_kept(self, store: Store) -> None:
        run, attempt = await a_claimed_run(store)
        await store.finish([a_failure(attempt, retry_at=after(9), started=a_start(attempt))])
        first, last = 2, KEPT_SNOOZES + 4
        outputs = {}
        for _ in range(first, last + 1):
            (snoozing,) = await store.begin([(run.id, an_attempt_claim())])
            outputs[snoozing.id.number] = snoozing.output
            start = a_start(snoozing.id)
            await store.finish([an_end(snoozing.id, Snoozed("wait", 1), retry_at=after(9), started=start)])

        kept = [recorded.id.number for recorded in await store.attempts(run.id)]
        assert kept == [1, *range(last - KEPT_SNOOZES + 1, last + 1)]
        waiting = await on_record(store, run.id)
        assert (waiting.attempts, waiting.executions) == (last, 1)
        everything = RetentionPolicy(age=None, runs_per_task=None)
        # What they wrote goes with the next round of pruning, and is named once.
        gone = await store.prune(everything, after(9), limit=10)
        assert gone == Pruned(runs=0, outputs=tuple(outputs[number] for number in (2, 3, 4)))
        assert await store.prune(everything, after(9), limit=10) == Pruned(runs=0, outputs=())

    @in_event_loop
    async def test_a_run_that_may_snooze_no_longer_takes_the_outcome_it_is_given(self, store: Store) -> None:
        run, attempt = await a_claimed_run(store)
        late = TimedOut("it snoozed past its deadline")

        (ended,) = await store.finish([an_end(attempt, Snoozed("", 60), run_outcome=late, started=a_start(attempt))])

        assert (ended.state, ended.executions, ended.retry_at) == (RunState.TIMED_OUT, 0, None)
        assert await states_of_attempts(store, run.id) == [AttemptState.SNOOZED]

    @in_event_loop
    async def test_a_snooze_that_leads_nowhere_is_refused(self, store: Store) -> None:
        run, attempt = await a_claimed_run(store)

        with pytest.raises(IllegalTransition, match=f"run {run.id} is running and cannot become snoozed"):
            await store.finish([an_end(attempt, Snoozed("", 60), started=a_start(attempt))])

        assert await on_record(store, run.id) == run

    # --- void ---------------------------------------------------------------------------------------------

    @in_event_loop
    async def test_a_void_attempt_is_no_execution_and_its_run_waits_on(self, store: Store) -> None:
        run, attempt = await a_claimed_run(store)

        await store.void([attempt], "its host was gone")

        assert await on_record(store, run.id) == run
        assert await states_of_attempts(store, run.id) == [AttemptState.VOID]
        assert run.executions == 0

    @in_event_loop
    async def test_a_void_attempt_can_neither_start_nor_end(self, store: Store) -> None:
        run, attempt = await a_claimed_run(store)
        await store.void([attempt], "its host was gone")

        await store.started([a_start(attempt)])
        ended = await store.finish([an_end(attempt)])

        assert ended == []
        assert await on_record(store, run.id) == run

    @in_event_loop
    async def test_a_running_attempt_cannot_be_declared_void(self, store: Store) -> None:
        run, attempt = await a_claimed_run(store)
        await store.started([a_start(attempt)])

        with pytest.raises(IllegalTransition):
            await store.void([attempt], "never began")

        assert await states_of_attempts(store, run.id) == [AttemptState.RUNNING]

    @in_event_loop
    async def test_an_attempt_that_ended_is_not_void(self, store: Store) -> None:
        run, attempt = await a_claimed_run(store)
        await store.finish([an_end(attempt, started=a_start(attempt))])

        await store.void([attempt], "never began")

        assert await states_of_attempts(store, run.id) == [AttemptState.SUCCEEDED]

    # --- resolve ------------------------------------------------------------------------------------------

    @pytest.mark.parametrize(
        ("outcome", "state"),
        [
            (Skipped("overlap"), RunState.SKIPPED),
            (Missed("too late"), RunState.MISSED),
            (Cancelled("by hand"), RunState.CANCELLED),
            (Failed("no environment"), RunState.FAILED),
        ],
    )
    @in_event_loop
    async def test_a_waiting_run_is_ended_without_an_execution(
        self, store: Store, outcome: Skipped, state: RunState
    ) -> None:
        run = await a_queued_run(store)

        (ended,) = await store.resolve([run.id, run.id], outcome, after(3))

        assert ended == replace(run, state=state, reason=outcome.reason, ended_at=after(3))
        assert await on_record(store, run.id) == ended

    @in_event_loop
    async def test_a_run_that_waits_for_a_retry_can_be_cancelled_but_not_skipped(self, store: Store) -> None:
        run, attempt = await a_claimed_run(store)
        await store.finish([a_failure(attempt, retry_at=after(65), started=a_start(attempt))])

        skipped = await store.resolve([run.id], Skipped("overlap"), after(10))
        (cancelled,) = await store.resolve([run.id], Cancelled("by hand"), after(11))

        assert skipped == []
        assert (cancelled.state, cancelled.retry_at, cancelled.ended_at) == (RunState.CANCELLED, None, after(11))
        assert cancelled.last_exit == a_failing_exit()

    @in_event_loop
    async def test_a_run_that_waits_for_a_retry_can_end_at_its_deadline_but_not_one_that_never_began(
        self, store: Store
    ) -> None:
        run, attempt = await a_claimed_run(store)
        await store.finish([a_failure(attempt, retry_at=after(65), started=a_start(attempt))])
        queued, _ = await store.request(a_request("abc"))

        ended = await store.resolve([run.id, queued.id], TimedOut("its deadline has passed"), after(20))

        assert [(run.state, run.reason) for run in ended] == [(RunState.TIMED_OUT, "its deadline has passed")]
        assert await on_record(store, queued.id) == queued

    @in_event_loop
    async def test_runs_that_do_not_wait_are_left_as_they_are(self, store: Store) -> None:
        job = await a_job_on_record(store)
        claimed, running, over = await store.claim(
            [a_slot(job, scheduled_for=after(n), attempt=an_attempt_claim()) for n in range(3)], {}
        )
        await store.started([a_start(AttemptId(run_id=running.id, number=1))])
        await store.finish([an_end(AttemptId(run_id=over.id, number=1))])
        before = await store.runs(RunFilter())

        ended = await store.resolve([claimed.id, running.id, over.id, 999], Cancelled("by hand"), after(9))

        assert ended == []
        assert await store.runs(RunFilter()) == before

    # --- pauses -------------------------------------------------------------------------------------------

    @in_event_loop
    async def test_a_pause_is_on_record_until_it_ends(self, store: Store) -> None:
        run, attempt = await a_claimed_run(store)
        await store.started([a_start(attempt)])
        running = await on_record(store, run.id)

        paused = await store.pause(run.id, after(10))
        on_record_paused = await on_record(store, run.id)
        goes_on = await store.unpause(run.id, after(14.5))

        assert paused == on_record_paused == replace(running, paused_at=after(10))
        assert goes_on == replace(running, paused_seconds=4.5)
        assert await on_record(store, run.id) == goes_on

    @in_event_loop
    async def test_pauses_add_up_and_a_clock_set_back_takes_nothing_away(self, store: Store) -> None:
        run = await a_queued_run(store)

        for began, ended in ((10, 14), (20, 21), (30, 25)):
            await store.pause(run.id, after(began))
            await store.unpause(run.id, after(ended))

        assert (await on_record(store, run.id)).paused_seconds == 5.0

    @in_event_loop
    async def test_a_pause_asked_for_again_changes_nothing(self, store: Store) -> None:
        run = await a_queued_run(store)

        unpaused = await store.unpause(run.id, after(1))
        first = await store.pause(run.id, after(2))
        again = await store.pause(run.id, after(3))

        assert unpaused == run
        assert first == again == await on_record(store, run.id) == replace(run, paused_at=after(2))

    @in_event_loop
    async def test_a_run_that_is_over_is_neither_paused_nor_unpaused(self, store: Store) -> None:
        run = await a_queued_run(store)
        (ended,) = await store.resolve([run.id], Cancelled("by hand"), after(1))

        answers = (await store.pause(run.id, after(2)), await store.unpause(run.id, after(3)))

        assert answers == (None, None)
        assert await on_record(store, run.id) == ended

    @in_event_loop
    async def test_a_pause_of_a_run_that_is_not_on_record_is_refused(self, store: Store) -> None:
        with pytest.raises(UnknownRun):
            await store.pause(999, after(1))
        with pytest.raises(UnknownRun):
            await store.unpause(999, after(1))

    @in_event_loop
    async def test_the_end_of_a_run_ends_its_pause(self, store: Store) -> None:
        await a_job_on_record(store)
        waiting, _ = await store.request(a_request("abc"))
        run, _ = await store.request(a_request("def"))
        (attempt,) = await store.begin([(run.id, an_attempt_claim())])
        await store.started([a_start(attempt.id)])
        for each in (waiting, run):
            await store.pause(each.id, after(2))

        (cancelled,) = await store.resolve([waiting.id], Cancelled("by hand"), after(3))
        (ended,) = await store.finish([an_end(attempt.id, at=after(5))])

        assert (cancelled.paused_at, cancelled.paused_seconds) == (None, 1.0)
        assert (ended.paused_at, ended.paused_seconds) == (None, 3.0)
        assert [await on_record(store, each.id) for each in (waiting, run)] == [cancelled, ended]

    @in_event_loop
    async def test_a_run_stays_paused_while_it_waits_for_its_next_attempt(self, store: Store) -> None:
        run, attempt = await a_claimed_run(store)
        await store.pause(run.id, after(2))

        (waiting,) = await store.finish([a_failure(attempt, retry_at=after(65), started=a_start(attempt))])

        assert (waiting.state, waiting.paused_at, waiting.paused_seconds) == (RunState.RETRYING, after(2), 0.0)
        assert [run for run, _ in await store.open_runs()] == [waiting]

    # --- open runs ----------------------------------------------------------------------------------------

    @in_event_loop
    async def test_open_runs_are_those_without_an_outcome_with_their_open_attempts(self, store: Store) -> None:
        (job,) = await admit_task(store, jobs=(a_job_declaration(),))
        queued, claimed, running, retrying, over = await store.claim(
            [a_slot(job, scheduled_for=after(n)) for n in range(5)], {}
        )
        attempts = await store.begin([(run.id, an_attempt_claim()) for run in (claimed, running, retrying, over)])
        await store.started([a_start(attempt.id) for attempt in attempts[1:]])
        await store.finish([a_failure(attempts[2].id, retry_at=after(65)), an_end(attempts[3].id)])

        found = await store.open_runs()

        assert [(run.id, [str(attempt.id) for attempt in open_]) for run, open_ in found] == [
            (queued.id, []),
            (claimed.id, [f"{claimed.id}.1"]),
            (running.id, [f"{running.id}.1"]),
            (retrying.id, []),
        ]
        assert [run for run, _ in found] == [await on_record(store, run.id) for run, _ in found]

    @in_event_loop
    async def test_many_slots_of_one_instant_are_claimed_and_ended_together(self, store: Store) -> None:
        jobs = [a_job_declaration(arguments=f"(({n},), {{}})") for n in range(700)]
        found = await admit_task(store, jobs=tuple(jobs))

        runs = await store.claim(
            [a_slot(job, attempt=an_attempt_claim()) for job in found], {job.id: LATER for job in found}
        )
        ids = [AttemptId(run_id=run.id, number=1) for run in runs]
        ended = await store.finish([an_end(attempt, started=a_start(attempt)) for attempt in ids])

        assert len(ended) == 700
        assert {run.state for run in await store.runs(RunFilter(limit=1000))} == {RunState.SUCCEEDED}
        assert {job.next_run for job in await store.jobs()} == {LATER}
