"""The runner: from an instant to an outcome, whatever happens in between."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from task_scheduler.core.errors import EnvironmentFailed, Refused, StoreError, UnknownTask
from task_scheduler.core.outcomes import Missed as missed  # noqa: N813 - an outcome, beside the policy of that name
from task_scheduler.core.policies import MisfirePolicy
from task_scheduler.core.requests import Finished, Lost, NotStarted, Report, Started
from task_scheduler.core.runs import AttemptExit, AttemptId, AttemptState, RunKind, RunState
from task_scheduler.core.tasks import Missed
from task_scheduler.services.recording import ENDS_GATHERED
from task_scheduler.testing.builders import a_job_declaration
from task_scheduler.testing.clock import NOON
from task_scheduler.testing.loops import in_event_loop
from tests.unit.services.world import World


@in_event_loop
async def test_a_due_slot_runs_and_its_record_is_complete() -> None:
    world = World()
    async with world.running():
        await world.admit()

        await world.pass_time(60)
        world.executor.begin()
        await world.pass_time(4)
        world.executor.finish()
        await world.pass_time(0)

        run = await world.the_run()
        assert run.state is RunState.SUCCEEDED
        assert run.scheduled_for == NOON + timedelta(seconds=60)
        assert run.started_at == NOON + timedelta(seconds=60)
        assert run.ended_at == NOON + timedelta(seconds=64)
        assert run.executions == run.attempts == 1
        assert world.executor.forgotten == [AttemptId(run_id=run.id, number=1)]


@in_event_loop
async def test_nothing_is_launched_before_the_instant() -> None:
    world = World()
    async with world.running():
        await world.admit()

        await world.pass_time(59.999)

        assert world.executor.launched == []
        assert await world.states() == [RunState.QUEUED]


@in_event_loop
async def test_the_request_to_the_executor_says_all_that_is_needed() -> None:
    world = World()
    async with world.running():
        admitted = await world.admit(timeout=7)

        await world.pass_time(60)

        request = world.executor.launched[0]
        attempts = await world.store.attempts(1)
        assert request.digest == admitted.version.digest
        assert request.path == "tasks/report.py"
        assert request.function == "start"
        assert request.timeout == 7
        assert request.scheduled_for == NOON + timedelta(seconds=60)
        assert request.output == attempts[0].output
        assert world.executor.placements[request.id] == attempts[0].placement


# --- what changes between a claim and its instant ----------------------------------------------------------


@in_event_loop
async def test_a_task_disabled_after_its_slot_was_claimed_is_skipped_at_the_instant() -> None:
    world = World()
    async with world.running():
        await world.admit()
        await world.pass_time(59.7)

        await world.retire()
        await world.pass_time(1)

        run = await world.the_run()
        assert run.state is RunState.SKIPPED
        assert "disabled or deleted before its instant" in run.reason
        assert world.executor.launched == []
        assert [attempt.state for attempt in await world.store.attempts(run.id)] == [AttemptState.VOID]


@in_event_loop
async def test_an_edit_after_the_claim_runs_and_records_the_version_then_in_force() -> None:
    world = World()
    async with world.running():
        await world.admit(source=b"1")
        await world.pass_time(59.7)

        newer = await world.admit(source=b"2")
        await world.pass_time(1)
        world.executor.finish()
        await world.pass_time(0)

        run = await world.the_run()
        attempts = await world.store.attempts(run.id)
        assert [request.digest for request in world.executor.launched] == [newer.version.digest]
        assert run.digest == newer.version.digest
        assert [attempt.state for attempt in attempts] == [AttemptState.VOID, AttemptState.SUCCEEDED]
        assert run.executions == 1


@in_event_loop
async def test_an_edit_while_the_claim_is_being_committed_does_not_run_under_a_wrong_name() -> None:
    world = World()
    async with world.running():
        await world.admit(source=b"1")
        world.store.gates["claim"] = asyncio.Event()
        await world.pass_time(59.7)

        newer = await world.admit(source=b"2")
        world.store.gates["claim"].set()
        await world.pass_time(1)
        world.executor.finish()
        await world.pass_time(0)

        launched = world.executor.launched[-1]
        recorded = (await world.store.attempts(1))[-1]
        assert launched.digest == recorded.digest == newer.version.digest


@in_event_loop
async def test_an_edit_while_an_attempt_is_begun_starts_the_newer_version_alone() -> None:
    world = World()
    async with world.running():
        await world.admit(source=b"1", jobs=[])
        world.store.gates["begin"] = asyncio.Event()
        request = asyncio.create_task(world.runner.request("report", None, "r"))
        await world.clock.settle()

        newer = await world.admit(source=b"2", jobs=[])
        world.store.gates["begin"].set()
        await request
        await world.clock.settle()

        attempts = await world.store.attempts(1)
        assert [launched.digest for launched in world.executor.launched] == [newer.version.digest]
        assert [attempt.state for attempt in attempts] == [AttemptState.VOID, AttemptState.CLAIMED]


@in_event_loop
async def test_a_job_that_is_no_longer_declared_is_skipped_at_the_instant() -> None:
    world = World()
    async with world.running():
        await world.admit()
        await world.pass_time(59.7)

        await world.admit(source=b"2", jobs=[a_job_declaration(trigger="every 7 minutes")])
        await world.pass_time(1)

        assert await world.states() == [RunState.SKIPPED]


@in_event_loop
async def test_a_suspended_folder_skips_its_slots_and_refuses_requests() -> None:
    world = World()
    async with world.running():
        await world.admit()
        world.register.suspended = "tasks/ is gone"

        await world.pass_time(61)

        assert (await world.the_run()).reason == "its task is suspended: tasks/ is gone"
        with pytest.raises(Refused, match="report is suspended: tasks/ is gone"):
            await world.runner.request("report", None, "r")


@in_event_loop
async def test_a_run_waiting_for_a_place_stays_waiting_while_the_folder_is_suspended() -> None:
    world = World(max_concurrent=1)
    async with world.running():
        await world.admit("a", jobs=[])
        await world.admit("b", jobs=[])
        await world.runner.request("a", None, "1")
        await world.runner.request("b", None, "2")
        world.register.suspended = "tasks/ is gone"
        world.executor.finish()
        await world.pass_time(5)
        assert await world.states() == [RunState.SUCCEEDED, RunState.QUEUED]

        world.register.suspended = None
        world.scheduler.wake()
        await world.clock.settle()

        assert len(world.executor.launched) == 2


# --- overlap ----------------------------------------------------------------------------------------------


@in_event_loop
async def test_a_slot_is_skipped_while_the_run_before_it_is_at_work() -> None:
    world = World()
    async with world.running():
        await world.admit()
        await world.pass_time(60)
        world.executor.begin()

        await world.pass_time(60)

        first, second = await world.runs()
        assert first.state is RunState.RUNNING
        assert (second.state, second.reason) == (RunState.SKIPPED, "overlap: run 1 of it is still at work")


@in_event_loop
async def test_a_waiting_retry_counts_as_running() -> None:
    world = World()
    async with world.running():
        await world.admit(retry_count=1, retry_delay=300)
        await world.pass_time(60)
        world.executor.fail()

        await world.pass_time(60)

        first, second = await world.runs()
        assert first.state is RunState.RETRYING
        assert (second.state, second.reason) == (RunState.SKIPPED, "overlap: run 1 of it waits for its next attempt")


@in_event_loop
async def test_an_end_that_will_be_retried_counts_as_running_before_it_is_on_record() -> None:
    world = World()
    async with world.running():
        await world.admit(retry_count=1, retry_delay=300)
        await world.pass_time(60)
        world.store.failing = {"finish"}
        world.executor.fail()

        await world.pass_time(60)
        world.store.failing = set()
        await world.pass_time(1)

        assert await world.states() == [RunState.RETRYING, RunState.SKIPPED]


@in_event_loop
async def test_a_slot_may_start_while_the_end_of_the_one_before_is_being_recorded() -> None:
    world = World()
    async with world.running():
        await world.admit()
        await world.pass_time(60)
        world.store.failing = {"finish"}
        world.executor.finish()

        await world.pass_time(60)

        assert len(world.executor.launched) == 2


@in_event_loop
async def test_a_slot_is_skipped_beside_a_run_a_person_started() -> None:
    world = World()
    async with world.running():
        await world.admit()
        await world.runner.request("report", None, "r")

        await world.pass_time(60)

        assert await world.states() == [RunState.QUEUED, RunState.SKIPPED]


@in_event_loop
async def test_a_person_cannot_double_a_run_at_work() -> None:
    world = World()
    async with world.running():
        await world.admit()
        await world.pass_time(60)

        run = await world.runner.request("report", None, "r")

        assert (run.state, run.reason) == (RunState.SKIPPED, "overlap: run 1 of it is still at work")


TWO_JOBS = [
    a_job_declaration(trigger="every 1 minutes", arguments="(('a',), {})"),
    a_job_declaration(trigger="every 1 minutes", arguments="(('b',), {})"),
]


@in_event_loop
async def test_two_jobs_on_one_function_work_side_by_side() -> None:
    world = World()
    async with world.running():
        await world.admit(jobs=TWO_JOBS)

        await world.pass_time(60)

        assert [request.arguments for request in world.executor.launched] == ["(('a',), {})", "(('b',), {})"]


@in_event_loop
async def test_two_versions_of_a_function_never_work_side_by_side() -> None:
    world = World()
    later = a_job_declaration(trigger="every 2 minutes", arguments="(('b',), {})")
    async with world.running():
        await world.admit(jobs=[TWO_JOBS[0], later], source=b"1")
        await world.pass_time(60)
        world.executor.begin()

        await world.admit(jobs=[TWO_JOBS[0], later], source=b"2")
        await world.pass_time(60)

        assert len(world.executor.launched) == 1
        assert await world.states() == [RunState.RUNNING, RunState.SKIPPED, RunState.SKIPPED]


@in_event_loop
async def test_another_function_waits_until_the_older_version_has_ended() -> None:
    world = World()
    jobs = [a_job_declaration(function="slow"), a_job_declaration(function="quick")]
    async with world.running():
        await world.admit(jobs=jobs, source=b"1")
        await world.runner.request("report", "slow", "1")
        newer = await world.admit(jobs=jobs, source=b"2")

        await world.runner.request("report", "quick", "2")
        await world.clock.settle()
        before = len(world.executor.launched)
        world.executor.finish()
        await world.clock.settle()

        assert before == 1
        assert world.executor.launched[1].digest == newer.version.digest


@in_event_loop
async def test_a_retry_waits_until_an_older_version_beside_it_has_ended() -> None:
    world = World()
    async with world.running():
        await world.admit(jobs=TWO_JOBS, source=b"1", retry_count=1, retry_delay=10)
        await world.pass_time(60)
        failing, going_on = (world.executor.begin() for _ in range(2))
        world.executor.fail(failing)
        newer = await world.admit(jobs=TWO_JOBS, source=b"2", retry_count=1, retry_delay=10)

        await world.pass_time(20)
        before = len(world.executor.launched)
        world.executor.finish(going_on)
        await world.pass_time(ENDS_GATHERED)

        assert before == 2
        assert [request.digest for request in world.executor.launched[2:]] == [newer.version.digest]
        assert await world.states() == [RunState.RETRYING, RunState.SUCCEEDED]


# --- retries ----------------------------------------------------------------------------------------------


@in_event_loop
async def test_a_failing_run_is_repeated_as_often_as_declared_and_not_more() -> None:
    world = World()
    async with world.running():
        await world.admit(jobs=[], retry_count=2, retry_delay=30)
        await world.runner.request("report", None, "r")

        for _ in range(3):
            world.executor.fail()
            await world.pass_time(31)

        run = await world.the_run()
        assert (run.state, run.executions) == (RunState.FAILED, 3)
        assert len(world.executor.launched) == 3


@in_event_loop
async def test_a_retry_uses_and_records_the_version_then_in_force() -> None:
    world = World()
    async with world.running():
        older = await world.admit(jobs=[], source=b"1", retry_count=1)
        await world.runner.request("report", None, "r")
        world.executor.fail()
        await world.clock.settle()

        newer = await world.admit(jobs=[], source=b"2", retry_count=1)
        await world.pass_time(61)
        world.executor.finish()
        await world.pass_time(0)

        run = await world.the_run()
        digests = [attempt.digest for attempt in await world.store.attempts(run.id)]
        assert digests == [older.version.digest, newer.version.digest]
        assert run.digest == newer.version.digest


@in_event_loop
async def test_a_retry_of_a_task_that_is_gone_is_cancelled() -> None:
    world = World()
    async with world.running():
        await world.admit(jobs=[], retry_count=1)
        await world.runner.request("report", None, "r")
        world.executor.fail()
        await world.clock.settle()

        await world.retire()
        await world.pass_time(61)

        assert (await world.the_run()).state is RunState.CANCELLED


@in_event_loop
async def test_a_task_that_is_gone_when_its_attempt_fails_is_not_retried() -> None:
    world = World()
    async with world.running():
        await world.admit(jobs=[], retry_count=1)
        await world.runner.request("report", None, "r")
        await world.retire()

        world.executor.fail()
        await world.clock.settle()

        assert (await world.the_run()).state is RunState.FAILED


@in_event_loop
async def test_a_waiting_run_whose_function_is_gone_ends_without_a_start() -> None:
    world = World(max_concurrent=1)
    async with world.running():
        await world.admit("other", jobs=[])
        await world.runner.request("other", None, "0")
        await world.admit(jobs=[a_job_declaration(function="a", trigger="every 1 minutes")])
        await world.pass_time(60)

        await world.admit(source=b"2", jobs=[a_job_declaration(function="b", trigger="every 7 minutes")])
        world.executor.finish()
        await world.clock.settle()

        assert await world.states() == [RunState.SUCCEEDED, RunState.SKIPPED]


@in_event_loop
async def test_a_retry_rides_through_a_suspend_and_is_not_moved_by_a_clock_step() -> None:
    world = World()
    async with world.running():
        await world.admit(jobs=[], retry_count=1, retry_delay=600)
        await world.runner.request("report", None, "r")
        world.executor.fail()
        await world.clock.settle()

        world.clock.step(timedelta(hours=-2))
        world.clock.suspend(590)
        await world.pass_time(31)

        assert len(world.executor.launched) == 2


# --- reports ----------------------------------------------------------------------------------------------


@in_event_loop
async def test_repeated_and_late_reports_change_nothing() -> None:
    world = World()
    async with world.running():
        await world.admit(jobs=[])
        await world.runner.request("report", None, "r")
        attempt = world.executor.begin()
        world.executor.finish(attempt)
        late: list[Report] = [
            Started(id=attempt, started_at=NOON, process="x"),
            Finished(id=attempt, exit=AttemptExit(exit_code=3)),
            Lost(id=attempt, reason="x"),
            NotStarted(id=attempt, reason="x"),
        ]

        for report in late:
            world.executor.report(report)
        await world.clock.settle()
        for report in late:
            world.executor.report(report)
        await world.clock.settle()

        assert (await world.the_run()).state is RunState.SUCCEEDED
        assert world.store.writes.count("finish") == 1
        assert world.runner.counts() == {"running": 0, "queued": 0, "retrying": 0}


@in_event_loop
async def test_a_second_start_report_is_not_told_again() -> None:
    world = World()
    async with world.running():
        await world.admit(jobs=[])
        await world.runner.request("report", None, "r")
        attempt = world.executor.begin()

        world.executor.report(Started(id=attempt, started_at=NOON, process="again"))

        assert len(world.told("run.started")) == 1


@in_event_loop
async def test_an_end_nobody_knows_of_any_more_is_forgotten() -> None:
    world = World()
    async with world.running():
        stray = AttemptId(run_id=77, number=1)

        world.executor.report(Finished(id=stray, exit=AttemptExit(exit_code=0)))
        world.executor.report(Started(id=stray, started_at=NOON, process="x"))

        assert world.executor.forgotten == [stray]


@in_event_loop
async def test_a_report_before_everything_is_settled_is_not_forgotten() -> None:
    world = World()
    await world.executor.start(world.runner.on_report)
    await world.runner.start()

    world.executor.report(Finished(id=AttemptId(run_id=77, number=1), exit=AttemptExit(exit_code=0)))

    assert world.executor.forgotten == []
    await world.runner.stop()


@in_event_loop
async def test_a_lost_attempt_is_interrupted_with_its_reason() -> None:
    world = World()
    async with world.running():
        await world.admit(jobs=[])
        await world.runner.request("report", None, "r")

        world.executor.lose(world.executor.begin())
        await world.clock.settle()

        run = await world.the_run()
        assert (run.state, run.reason) == (RunState.INTERRUPTED, "its host is gone")


@in_event_loop
async def test_a_start_is_recorded_by_itself_only_when_the_run_goes_on() -> None:
    world = World()
    async with world.running():
        await world.admit("short", jobs=[])
        await world.admit("long", jobs=[])
        await world.runner.request("short", None, "1")
        await world.runner.request("long", None, "2")
        short, _ = world.executor.begin(), world.executor.begin()
        world.executor.finish(short)
        await world.pass_time(0.04)
        assert "started" not in world.store.writes

        await world.pass_time(0.02)

        assert world.store.writes.count("started") == 1
        assert await world.states() == [RunState.SUCCEEDED, RunState.RUNNING]


@in_event_loop
async def test_an_attempt_that_never_began_is_begun_anew_and_not_counted() -> None:
    world = World()
    async with world.running():
        await world.admit(jobs=[])
        await world.runner.request("report", None, "r")

        attempt = world.executor.refuse()
        world.executor.report(NotStarted(id=attempt, reason="once more"))
        await world.clock.settle()
        world.executor.finish()
        await world.clock.settle()

        run = await world.the_run()
        assert (run.state, run.attempts, run.executions) == (RunState.SUCCEEDED, 2, 1)


@in_event_loop
async def test_a_run_whose_attempts_never_begin_fails_after_growing_pauses() -> None:
    world = World()
    world.executor.broken = True
    async with world.running():
        await world.admit(jobs=[])
        await world.runner.request("report", None, "r")

        await world.pass_time(20.9)
        assert (await world.the_run()).state is RunState.QUEUED
        await world.pass_time(1)

        run = await world.the_run()
        assert (run.state, run.reason) == (RunState.FAILED, "could not be started: no host")
        assert len(world.executor.launched) == 5
        assert world.runner.counts()["running"] == 0


# --- places -----------------------------------------------------------------------------------------------


@in_event_loop
async def test_no_more_runs_execute_than_allowed_and_tasks_take_turns() -> None:
    world = World(max_concurrent=2)
    async with world.running():
        for name in ("a", "b"):
            jobs = [a_job_declaration(function=f"f{number}") for number in range(4)]
            await world.admit(name, jobs=jobs)
        for name in ("a", "b"):
            for number in range(4):
                await world.runner.request(name, f"f{number}", f"{name}{number}")

        order: list[str] = []
        while world.executor.waiting:
            assert len(world.executor.waiting) <= 2
            order.append(world.executor.launched[len(order)].task_id)
            world.executor.finish()
            await world.clock.settle()

        assert order == ["a", "a", "a", "b", "a", "b", "b", "b"]
        assert set(await world.states()) == {RunState.SUCCEEDED}


@in_event_loop
async def test_a_waiting_retry_holds_no_place() -> None:
    world = World(max_concurrent=1)
    async with world.running():
        await world.admit("a", jobs=[], retry_count=1)
        await world.admit("b", jobs=[])
        await world.runner.request("a", None, "1")
        await world.runner.request("b", None, "2")

        world.executor.fail()
        await world.pass_time(ENDS_GATHERED)

        assert world.runner.counts() == {"running": 1, "queued": 0, "retrying": 1}


@in_event_loop
async def test_ends_that_come_close_together_share_a_commit() -> None:
    world = World()
    async with world.running():
        for name in ("a", "b", "c"):
            await world.admit(name, jobs=[])
            await world.runner.request(name, None, name)
        before = world.store.writes.count("finish")

        world.executor.finish()
        world.executor.finish()
        await world.pass_time(ENDS_GATHERED)
        together = world.store.writes.count("finish") - before
        world.executor.finish()
        await world.pass_time(0)

        assert together == 1
        assert await world.states() == [RunState.SUCCEEDED] * 3


# --- environments -----------------------------------------------------------------------------------------


@in_event_loop
async def test_an_environment_that_is_gone_is_waited_for_without_a_place() -> None:
    world = World(max_concurrent=1)
    async with world.running():
        await world.admit("a", environment="env-gone", built=False)
        await world.admit("b", jobs=[])
        world.environments.may_build.clear()
        await world.pass_time(60)
        await world.runner.request("b", None, "b")
        world.executor.finish()

        await world.pass_time(30)
        world.environments.may_build.set()
        await world.clock.settle()
        world.executor.finish()
        await world.clock.settle()

        assert await world.states() == [RunState.SUCCEEDED, RunState.SUCCEEDED]


@in_event_loop
async def test_an_environment_that_does_not_come_back_fails_the_run_after_the_grace() -> None:
    world = World()
    async with world.running():
        await world.admit(built=False)
        world.environments.may_build.clear()

        await world.pass_time(60 + 59)
        assert (await world.runs())[0].state is RunState.QUEUED
        await world.pass_time(2)

        assert (await world.runs())[0].reason == "its environment: not ready within 60 s"


@pytest.mark.parametrize(
    ("failure", "reason"),
    [
        (EnvironmentFailed("the index is out of reach"), "its environment: the index is out of reach"),
        (None, "its environment: built, and gone again"),
    ],
)
def test_an_environment_that_cannot_be_built_fails_the_run(failure: EnvironmentFailed | None, reason: str) -> None:
    @in_event_loop
    async def scenario() -> None:
        world = World()
        world.environments.build_failure = failure
        if failure is None:
            world.environments.is_ready = lambda key: False  # type: ignore[method-assign]
        async with world.running():
            await world.admit(jobs=[], built=False)
            await world.runner.request("report", None, "r")
            await world.clock.settle()

            run = await world.the_run()
            assert (run.state, run.reason) == (RunState.FAILED, reason)

    scenario()


@in_event_loop
async def test_a_newer_version_takes_over_a_run_that_waits_for_an_environment() -> None:
    world = World()
    world.environments.build_failure = EnvironmentFailed("does not build")
    async with world.running():
        await world.admit(jobs=[], environment="env-bad", built=False)
        world.environments.may_build.clear()
        await world.runner.request("report", None, "r")
        await world.clock.settle()

        await world.admit(jobs=[], source=b"2", environment="env-good")
        world.environments.may_build.set()
        await world.clock.settle()

        assert [request.profile.environment for request in world.executor.launched] == ["env-good"]


# --- a store that fails -----------------------------------------------------------------------------------


@in_event_loop
async def test_a_failing_store_delays_ends_and_loses_none() -> None:
    world = World()
    async with world.running():
        await world.admit("a", jobs=[])
        await world.admit("b", jobs=[])
        await world.runner.request("a", None, "1")
        await world.runner.request("b", None, "2")
        world.store.failing = {"finish", "begin", "void", "resolve", "started"}
        world.executor.finish()
        await world.pass_time(3)
        world.executor.fail()
        await world.pass_time(3)
        assert world.executor.forgotten == []

        world.store.failing = set()
        await world.pass_time(1)

        assert await world.states() == [RunState.SUCCEEDED, RunState.FAILED]
        assert len(world.told("store.failing")) == len(world.told("store.recovered")) == 1


@pytest.mark.parametrize("retry_count", [0, 1])
def test_an_end_that_was_committed_and_reported_as_failed_is_not_lost(retry_count: int) -> None:
    @in_event_loop
    async def scenario() -> None:
        world = World()
        async with world.running():
            await world.admit(jobs=[], retry_count=retry_count)
            await world.runner.request("report", None, "r")
            world.store.lying = {"finish"}
            world.executor.fail()

            await world.pass_time(100)

            expected = RunState.QUEUED if retry_count else RunState.FAILED
            assert len(world.executor.launched) == 1 + retry_count
            if expected is RunState.FAILED:
                assert (await world.the_run()).state is RunState.FAILED

    scenario()


@in_event_loop
async def test_attempts_are_launched_only_once_they_are_on_record() -> None:
    world = World()
    async with world.running():
        await world.admit(jobs=[])
        world.store.failing = {"begin"}
        await world.runner.request("report", None, "r")
        await world.pass_time(10)
        assert world.executor.launched == []

        world.store.failing = set()
        await world.pass_time(1)

        assert len(world.executor.launched) == 1


@in_event_loop
async def test_a_request_the_store_refuses_is_the_callers_error() -> None:
    world = World()
    async with world.running():
        await world.admit(jobs=[])
        world.store.failing = {"request"}

        with pytest.raises(StoreError):
            await world.runner.request("report", None, "r")

        assert await world.runs() == []


# --- requests ---------------------------------------------------------------------------------------------


@in_event_loop
async def test_a_repeated_request_returns_the_run_it_made() -> None:
    world = World()
    async with world.running():
        await world.admit(jobs=[])

        first, second = await asyncio.gather(*(world.runner.request("report", None, "same") for _ in range(2)))

        assert first.id == second.id
        assert first.kind is RunKind.MANUAL
        assert len(world.executor.launched) == 1


@in_event_loop
async def test_a_caller_that_gives_up_does_not_strand_its_run() -> None:
    world = World()
    async with world.running():
        await world.admit(jobs=[])
        world.store.gates["request"] = asyncio.Event()
        caller = asyncio.create_task(world.runner.request("report", None, "r"))
        await world.clock.settle()

        caller.cancel()
        world.store.gates["request"].set()
        await world.clock.settle()

        assert len(world.executor.launched) == 1


@in_event_loop
async def test_a_task_that_is_not_known_or_a_scheduler_that_stops_refuses() -> None:
    world = World()
    async with world.running():
        await world.admit(jobs=[])
        with pytest.raises(UnknownTask, match="did you mean 'report'"):
            await world.runner.request("reprot", None, "r")

    with pytest.raises(Refused, match="stopping"):
        await world.runner.request("report", None, "r")


# --- stopping and the next start --------------------------------------------------------------------------


@in_event_loop
async def test_nothing_is_started_after_stop_and_the_next_start_settles_what_ended_meanwhile() -> None:
    world = World(max_concurrent=1)
    await world.start()
    await world.admit("a", jobs=[])
    await world.admit("b", jobs=[])
    await world.runner.request("a", None, "1")
    await world.runner.request("b", None, "2")
    world.executor.begin()
    await world.stop()

    world.executor.finish()
    world.runner.on_report(Finished(id=AttemptId(run_id=1, number=1), exit=AttemptExit(exit_code=0)))
    await world.clock.settle()
    assert len(world.executor.launched) == 1

    settled = await world.restart()
    world.executor.finish()
    await world.clock.settle()

    assert settled.ended == settled.waiting == 1
    assert await world.states() == [RunState.SUCCEEDED, RunState.SUCCEEDED]
    await world.stop()


@pytest.mark.parametrize("write", ["begin", "void", "finish", "resolve", "started", "request", "claim"])
def test_a_stop_during_any_write_leaves_what_the_next_start_can_settle(write: str) -> None:
    @in_event_loop
    async def scenario() -> None:
        world = World(max_concurrent=1)
        await world.start()
        await world.admit("a", retry_count=1, retry_delay=5)
        await world.admit("b", jobs=[])
        await world.pass_time(59.6)
        if write != "claim":
            world.store.gates[write] = asyncio.Event()
        if write in {"void", "resolve"}:
            await world.retire("a")
        if write == "claim":
            world.store.gates[write] = asyncio.Event()
            await world.admit("c")
        await world.pass_time(0.5)
        request = asyncio.create_task(world.runner.request("b", None, "b"))
        await world.clock.settle()
        if world.executor.waiting:
            world.executor.begin()
            await world.pass_time(0.1)
            world.executor.fail()
            await world.clock.settle()

        await world.stop()
        await asyncio.wait({request})
        world.store.gates.clear()
        world.executor.automatic = True
        await world.restart()
        await world.pass_time(30)

        runs = await world.runs()
        assert all(run.is_final for run in runs if run.scheduled_for is None or run.scheduled_for <= world.clock.now())
        assert len({(run.job_id, run.scheduled_for, run.request_id) for run in runs}) == len(runs)
        assert world.told("service.failed") == []
        request.exception() if not request.cancelled() else None
        await world.stop()

    scenario()


@in_event_loop
async def test_what_ended_while_stopping_is_put_on_record_if_the_store_takes_it() -> None:
    world = World()
    await world.start()
    await world.admit(jobs=[])
    await world.runner.request("report", None, "r")
    world.executor.finish()

    await world.stop()

    assert (await world.the_run()).state is RunState.SUCCEEDED


@in_event_loop
async def test_a_store_that_fails_while_stopping_leaves_the_truth_with_the_executor() -> None:
    world = World()
    await world.start()
    await world.admit(jobs=[])
    await world.runner.request("report", None, "r")
    world.store.failing = {"finish"}
    world.executor.finish()
    await world.stop()
    assert world.executor.forgotten == []

    world.store.failing = set()
    await world.restart()
    await world.clock.settle()

    assert (await world.the_run()).state is RunState.SUCCEEDED
    await world.stop()


@in_event_loop
async def test_catching_up_with_all_runs_one_slot_after_the_other() -> None:
    world = World(policy=MisfirePolicy(missed=Missed.ALL))
    await world.start()
    await world.admit()
    await world.stop()
    world.clock.suspend(3 * 60 + 30)

    await world.restart()
    for expected in (1, 2, 3):
        await world.pass_time(1)
        assert len(world.executor.launched) == expected
        world.executor.finish()
    await world.pass_time(1)

    runs = await world.runs()
    assert [run.state for run in runs] == [RunState.SUCCEEDED] * 3
    assert [run.scheduled_for for run in runs] == [NOON + timedelta(minutes=number) for number in (1, 2, 3)]
    await world.stop()


@in_event_loop
async def test_what_is_not_armed_is_neither_due_nor_dropped() -> None:
    world = World()
    async with world.running():
        await world.admit()
        await world.pass_time(60)

        world.runner.due([1, 99])
        world.runner.drop([1, 99], missed("the clock was corrected"))
        await world.clock.settle()

        assert len(world.executor.launched) == 1
        assert await world.states() == [RunState.QUEUED]


@in_event_loop
async def test_a_slot_is_claimed_without_an_attempt_where_it_will_hardly_start() -> None:
    world = World()
    async with world.running():
        await world.admit("busy")
        await world.admit("unbuilt", environment="env-b", built=False)
        await world.runner.request("busy", None, "r")
        world.environments.may_build.clear()

        await world.pass_time(59.8)

        claimed = {run.task_id: run.attempts for run in await world.runs() if run.scheduled_for is not None}
        assert claimed == {"busy": 0, "unbuilt": 0}


@in_event_loop
async def test_a_manual_run_of_a_task_that_goes_while_it_waits_is_cancelled() -> None:
    world = World(max_concurrent=1)
    async with world.running():
        await world.admit("a", jobs=[])
        await world.admit("b", jobs=[])
        await world.runner.request("a", None, "1")
        await world.runner.request("b", None, "2")

        await world.retire("b")
        world.executor.finish()
        await world.clock.settle()

        assert await world.states() == [RunState.SUCCEEDED, RunState.CANCELLED]


@in_event_loop
async def test_an_adopted_run_that_was_not_recorded_as_started_is_recorded_now() -> None:
    world = World()
    await world.start()
    await world.admit(jobs=[])
    await world.runner.request("report", None, "r")
    world.executor.begin()
    await world.stop()

    await world.restart()
    await world.pass_time(1)

    run = await world.the_run()
    assert (run.state, run.started_at) == (RunState.RUNNING, NOON)
    await world.stop()
