"""Retries, snoozes and deadlines: when a run goes on, and when it is over."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from task_scheduler.core.runs import AttemptExit, AttemptState, EndKind, EndRequest, RunState, StopCause
from task_scheduler.services.recording import ENDS_GATHERED
from task_scheduler.testing.clock import NOON
from task_scheduler.testing.loops import in_event_loop
from tests.unit.services.world import World


def a_snooze(seconds: float, reason: str = "") -> AttemptExit:
    return AttemptExit(exit_code=0, end_request=EndRequest(kind=EndKind.SNOOZE, reason=reason, seconds=seconds))


# --- what an attempt is told ------------------------------------------------------------------------------


@in_event_loop
async def test_an_attempt_is_told_all_limits_its_task_declares() -> None:
    world = World()
    async with world.running():
        await world.admit(
            jobs=[],
            deadline=600,
            kill_grace=3,
            output_limit=77,
            memory_limit=1 << 20,
            cpu_limit=9,
            max_processes=4,
            nice=5,
            user="nobody",
            umask=0o77,
            working_directory="data",
            env={"LANG": "C"},
        )
        await world.runner.request("report", None, "r")
        await world.clock.settle()

        request = world.executor.launched[0]
        assert (request.deadline, request.kill_grace, request.output_limit) == (600.0, 3, 77)
        assert (request.memory_limit, request.cpu_limit, request.max_processes) == (1 << 20, 9, 4)
        assert (request.nice, request.user, request.umask) == (5, "nobody", 0o77)
        assert (request.working_directory, request.variables) == ("data", {"LANG": "C"})


@in_event_loop
async def test_what_a_task_does_not_declare_is_as_the_settings_say() -> None:
    world = World()
    async with world.running():
        await world.admit(jobs=[])
        await world.runner.request("report", None, "r")
        await world.clock.settle()

        request = world.executor.launched[0]
        assert (request.kill_grace, request.output_limit, request.deadline) == (5.0, 1_000, None)


# --- retries ----------------------------------------------------------------------------------------------


@in_event_loop
async def test_the_waits_between_attempts_grow_as_declared() -> None:
    world = World()
    async with world.running():
        await world.admit(jobs=[], retry_count=3, retry_delay=10, retry_backoff=3.0, retry_max_delay=40)
        await world.runner.request("report", None, "r")
        await world.clock.settle()

        for wait in (10, 30, 40):
            world.executor.fail()
            await world.pass_time(wait - 0.1)
            before = len(world.executor.launched)
            await world.pass_time(0.2)
            assert len(world.executor.launched) == before + 1


@in_event_loop
async def test_what_is_not_among_the_causes_to_retry_is_not_retried() -> None:
    world = World()
    async with world.running():
        await world.admit(jobs=[], retry_count=3, retry_on=("75",))
        await world.runner.request("report", None, "r")
        world.executor.finish(exit_=AttemptExit(exit_code=75))
        await world.pass_time(61)
        world.executor.finish(exit_=AttemptExit(exit_code=1))
        await world.pass_time(61)

        assert (await world.the_run()).state is RunState.FAILED
        assert len(world.executor.launched) == 2


@in_event_loop
async def test_what_its_own_code_cancels_is_not_retried() -> None:
    world = World()
    async with world.running():
        await world.admit(jobs=[], retry_count=3)
        await world.runner.request("report", None, "r")

        world.executor.finish(
            exit_=AttemptExit(exit_code=0, end_request=EndRequest(kind=EndKind.CANCEL, reason="no such account"))
        )
        await world.pass_time(100)

        run = await world.the_run()
        assert (run.state, run.reason) == (RunState.CANCELLED, "no such account")
        assert world.told("run.cancelled") == ["report run 1 cancelled: no such account"]


@in_event_loop
async def test_what_its_own_code_skips_is_skipped_and_said() -> None:
    world = World()
    async with world.running():
        await world.admit(jobs=[])
        await world.runner.request("report", None, "r")

        world.executor.finish(
            exit_=AttemptExit(
                exit_code=0, duration=1.5, end_request=EndRequest(kind=EndKind.SKIP, reason="no new files")
            )
        )
        await world.clock.settle()

        assert (await world.the_run()).state is RunState.SKIPPED
        assert world.told("run.skipped") == ["report run 1 skipped in 1.5 s: no new files"]


# --- snoozes ----------------------------------------------------------------------------------------------


@in_event_loop
async def test_a_snooze_is_no_execution_and_comes_back_at_its_time() -> None:
    world = World()
    async with world.running():
        await world.admit(jobs=[], retry_count=1, retry_delay=10)
        await world.runner.request("report", None, "r")
        for _ in range(3):
            world.executor.finish(exit_=a_snooze(40, "not there yet"))
            await world.pass_time(39)
            assert (await world.the_run()).state is RunState.RETRYING
            await world.pass_time(2)
        world.executor.fail()
        await world.pass_time(11)
        world.executor.finish()
        await world.pass_time(1)

        run = await world.the_run()
        assert (run.state, run.executions, run.attempts) == (RunState.SUCCEEDED, 2, 5)
        assert [attempt.state for attempt in await world.store.attempts(1)][:3] == [AttemptState.SNOOZED] * 3
        assert "attempt 1 snoozed: not there yet; it is run again at" in world.told("run.snoozed")[0]


@in_event_loop
async def test_a_snooze_beyond_the_deadline_ends_the_run_as_timed_out() -> None:
    world = World()
    async with world.running():
        await world.admit(jobs=[], deadline=100)
        await world.runner.request("report", None, "r")
        await world.pass_time(1)
        world.executor.begin()
        await world.pass_time(50)

        world.executor.finish(exit_=a_snooze(50, "not there yet"))
        await world.pass_time(1)

        run = await world.the_run()
        assert run.state is RunState.TIMED_OUT
        assert run.reason == "it asked to be run again only after its deadline of 100 s: not there yet"
        assert [attempt.state for attempt in await world.store.attempts(1)] == [AttemptState.SNOOZED]


# --- deadlines --------------------------------------------------------------------------------------------


@in_event_loop
async def test_later_attempts_have_what_the_deadline_leaves_from_the_first_start_on() -> None:
    world = World(max_concurrent=1)
    async with world.running():
        await world.admit("busy", jobs=[])
        await world.admit(jobs=[], deadline=100, retry_count=2, retry_delay=10)
        await world.runner.request("busy", None, "b")
        await world.runner.request("report", None, "r")
        await world.pass_time(50)
        world.executor.finish()
        await world.clock.settle()
        world.executor.begin()
        await world.pass_time(20)
        world.executor.fail()
        await world.pass_time(11)

        assert [request.deadline for request in world.executor.launched[1:]] == [100.0, 70.0]


@in_event_loop
async def test_pauses_are_no_part_of_what_a_deadline_counts() -> None:
    world = World()
    async with world.running():
        await world.admit(jobs=[], deadline=100, retry_count=2, retry_delay=10)
        await world.runner.request("report", None, "r")
        world.executor.begin()
        await world.runner.pause(1)
        await world.pass_time(500)
        await world.runner.unpause(1)
        world.executor.fail()
        await world.pass_time(1)
        await world.runner.pause(1)
        await world.pass_time(500)
        await world.runner.unpause(1)
        await world.clock.settle()

        (left,) = [request.deadline for request in world.executor.launched[1:]]
        assert left == pytest.approx(99, abs=0.1)


@in_event_loop
async def test_a_clock_that_is_set_back_gives_no_more_than_the_deadline() -> None:
    world = World()
    async with world.running():
        await world.admit(jobs=[], deadline=100, retry_count=2, retry_delay=10)
        await world.runner.request("report", None, "r")
        world.executor.begin()
        world.clock.step(timedelta(hours=-1))
        world.executor.fail()
        await world.pass_time(11)

        assert [request.deadline for request in world.executor.launched] == [100.0, 100.0]


@pytest.mark.parametrize(
    ("ended", "state", "reason"),
    [
        (AttemptExit(exit_code=1), RunState.FAILED, "exit code 1"),
        (AttemptExit(signal=15, stopped_for=StopCause.TIMEOUT), RunState.TIMED_OUT, "ended at its time limit of 300 s"),
    ],
)
def test_a_retry_that_could_only_begin_after_the_deadline_is_not_waited_for(
    ended: AttemptExit, state: RunState, reason: str
) -> None:
    @in_event_loop
    async def scenario() -> None:
        world = World()
        async with world.running():
            await world.admit(jobs=[], deadline=100, retry_count=2, retry_delay=60)
            await world.runner.request("report", None, "r")
            world.executor.begin()
            await world.pass_time(41)
            world.executor.finish(exit_=ended)
            await world.pass_time(1)

            run = await world.the_run()
            assert (run.state, run.reason) == (
                state,
                f"{reason}; the next attempt could only begin after its deadline of 100 s",
            )

    scenario()


@in_event_loop
async def test_a_lost_attempt_without_time_for_another_is_interrupted_and_says_so() -> None:
    world = World()
    async with world.running():
        await world.admit(jobs=[], deadline=100, retry_count=2, retry_delay=200)
        await world.runner.request("report", None, "r")
        world.executor.lose(world.executor.begin())
        await world.pass_time(1)

        run = await world.the_run()
        assert run.state is RunState.INTERRUPTED
        assert run.reason.endswith("; the next attempt could only begin after its deadline of 100 s")


@in_event_loop
async def test_what_ended_at_the_deadline_itself_is_over() -> None:
    world = World()
    async with world.running():
        await world.admit(jobs=[], deadline=100, retry_count=2, retry_delay=0)
        await world.runner.request("report", None, "r")
        world.executor.begin()
        await world.pass_time(99.9)
        world.executor.finish(exit_=AttemptExit(signal=15, stopped_for=StopCause.DEADLINE))
        await world.pass_time(1)

        run = await world.the_run()
        assert (run.state, run.reason) == (RunState.TIMED_OUT, "ended at its run's deadline of 100 s")


async def _retry_without_a_place(world: World) -> None:
    """Let run 1 fail once, and have its retry find the only place taken; 80 s of its deadline are left then."""
    await world.admit(jobs=[], deadline=100, retry_count=1, retry_delay=20)
    await world.admit("busy", jobs=[])
    await world.runner.request("report", None, "r")
    world.executor.begin()
    world.executor.fail()
    await world.pass_time(ENDS_GATHERED)
    await world.runner.request("busy", None, "b")
    await world.pass_time(20)


@in_event_loop
async def test_a_retry_that_finds_no_place_until_its_deadline_has_timed_out() -> None:
    world = World(max_concurrent=1)
    async with world.running():
        await _retry_without_a_place(world)

        await world.pass_time(79)
        before = (await world.runs())[0].state
        await world.pass_time(2)

        run = (await world.runs())[0]
        assert before is RunState.RETRYING
        assert (run.state, run.reason) == (
            RunState.TIMED_OUT,
            "its deadline passed while it waited for its next attempt",
        )
        world.executor.finish()
        await world.pass_time(1)
        assert [request.task_id for request in world.executor.launched] == ["report", "busy"]


@in_event_loop
async def test_a_paused_retry_waits_without_its_deadline_coming_nearer() -> None:
    world = World(max_concurrent=1)
    async with world.running():
        await _retry_without_a_place(world)

        await world.pass_time(50)
        await world.runner.pause(1)
        await world.pass_time(500)
        await world.runner.unpause(1)
        await world.pass_time(29)
        before = (await world.runs())[0].state
        await world.pass_time(2)

        assert (before, (await world.runs())[0].state) == (RunState.RETRYING, RunState.TIMED_OUT)


@in_event_loop
async def test_a_retry_whose_deadline_passed_while_nobody_was_there_has_timed_out() -> None:
    world = World()
    await world.start()
    await world.admit(jobs=[], deadline=100, retry_count=1, retry_delay=20)
    await world.runner.request("report", None, "r")
    world.executor.begin()
    world.executor.fail()
    await world.pass_time(1)
    await world.stop()
    world.clock.suspend(3_600)

    await world.restart()
    await world.pass_time(1)

    assert await world.states() == [RunState.TIMED_OUT]
    assert len(world.executor.launched) == 1
    await world.stop()


@in_event_loop
async def test_a_snooze_of_a_clock_that_was_wrong_waits_no_longer_than_it_asked_for() -> None:
    world = World()
    await world.start()
    await world.admit(jobs=[])
    await world.runner.request("report", None, "r")
    world.executor.finish(exit_=replace(a_snooze(100), ended_at=NOON))
    await world.pass_time(1)
    await world.stop()
    world.clock.step(timedelta(days=-30))

    await world.restart()
    await world.pass_time(101)

    assert len(world.executor.launched) == 2
    await world.stop()
