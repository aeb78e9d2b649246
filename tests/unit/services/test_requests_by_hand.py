"""What a person gives along with a request: a command line, and the version that is meant."""

import pytest

from task_scheduler.core.errors import Refused
from task_scheduler.core.runs import RunState
from task_scheduler.testing.builders import digest_of
from task_scheduler.testing.loops import in_event_loop
from tests.unit.services.world import World

ARGV = ["--verbose", "two words"]


@in_event_loop
async def test_every_attempt_of_a_run_gets_the_command_line_it_was_asked_for_with() -> None:
    world = World()
    async with world.running():
        await world.admit(jobs=[], retry_count=1, retry_delay=5)

        run = await world.runner.request("report", None, "r", argv=ARGV)
        await world.clock.settle()
        world.executor.fail()
        await world.pass_time(10)

        assert run.argv == tuple(ARGV)
        assert [request.argv for request in world.executor.launched] == [tuple(ARGV)] * 2


@in_event_loop
async def test_a_scheduler_that_takes_over_a_retry_gives_it_the_same_command_line() -> None:
    world = World()
    async with world.running():
        await world.admit(jobs=[], retry_count=1, retry_delay=60)
        await world.runner.request("report", None, "r", argv=ARGV)
        await world.clock.settle()
        world.executor.fail()
        await world.pass_time(1)

    await world.restart()
    await world.admit(jobs=[], retry_count=1, retry_delay=60)
    await world.pass_time(120)
    await world.stop()

    assert [request.argv for request in world.executor.launched] == [tuple(ARGV)] * 2


@in_event_loop
async def test_a_version_that_is_not_in_force_is_not_started_in_place_of_the_one_meant() -> None:
    world = World()
    async with world.running():
        admitted = await world.admit(jobs=[])
        other = digest_of(b"other")

        with pytest.raises(
            Refused, match=f"version {other[:12]} of report is not in force: {admitted.version.digest[:12]} is"
        ):
            await world.runner.request("report", None, "r", digest=other)

        assert await world.runs() == []


@in_event_loop
async def test_a_version_that_comes_into_force_before_the_run_begins_does_not_slip_in() -> None:
    world = World(max_concurrent=1)
    async with world.running():
        await world.admit("busy", jobs=[])
        meant = await world.admit(jobs=[])
        await world.runner.request("busy", None, "b")
        await world.clock.settle()

        await world.runner.request("report", None, "r", digest=meant.version.digest)
        await world.admit(jobs=[], source=b"2")
        world.executor.finish()
        await world.pass_time(1)

        run = (await world.runs())[-1]
        assert (run.state, run.reason) == (
            RunState.CANCELLED,
            "another version of its file came into force before it began",
        )
        assert [request.task_id for request in world.executor.launched] == ["busy"]


@in_event_loop
async def test_a_version_that_comes_into_force_does_not_slip_in_after_a_crash_either() -> None:
    world = World(max_concurrent=1)
    await world.start()
    await world.admit("busy", jobs=[])
    meant = await world.admit(jobs=[])
    await world.runner.request("busy", None, "b")
    await world.clock.settle()
    await world.runner.request("report", None, "r", digest=meant.version.digest)
    await world.stop()

    await world.restart()
    await world.admit(jobs=[], source=b"2")
    world.executor.finish()
    await world.pass_time(1)
    await world.stop()

    run = (await world.runs())[-1]
    assert (run.state, run.reason) == (
        RunState.CANCELLED,
        "another version of its file came into force before it began",
    )
    assert {request.task_id for request in world.executor.launched} == {"busy"}


@in_event_loop
async def test_a_repeated_request_returns_its_run_or_says_what_is_not_the_same() -> None:
    world = World()
    async with world.running():
        meant = await world.admit(jobs=[])
        digest = meant.version.digest
        run = await world.runner.request("report", None, "r", digest=digest, argv=["1"])

        again = await world.runner.request("report", None, "r", digest=digest, argv=["1"])
        with pytest.raises(Refused, match="run 1 had other arguments"):
            await world.runner.request("report", None, "r", digest=digest, argv=["2"])
        newer = await world.admit(jobs=[], source=b"2")
        with pytest.raises(Refused, match="run 1 was of another version of report"):
            await world.runner.request("report", None, "r", digest=newer.version.digest, argv=["1"])

        assert again.id == run.id
        assert len(await world.runs()) == 1


@in_event_loop
async def test_a_retry_uses_the_version_then_in_force_as_ever() -> None:
    world = World()
    async with world.running():
        meant = await world.admit(jobs=[], retry_count=1, retry_delay=5)
        await world.runner.request("report", None, "r", digest=meant.version.digest)
        await world.clock.settle()
        newer = await world.admit(jobs=[], source=b"2", retry_count=1, retry_delay=5)
        world.executor.fail()
        await world.pass_time(10)

        assert [request.digest for request in world.executor.launched] == [
            meant.version.digest,
            newer.version.digest,
        ]


@in_event_loop
async def test_the_command_line_a_file_declares_holds_unless_somebody_gives_another() -> None:
    world = World()
    async with world.running():
        await world.admit(jobs=[], arguments=("--days", "7"))

        await world.runner.request("report", None, "as declared")
        await world.clock.settle()
        world.executor.finish()
        await world.clock.settle()
        await world.runner.request("report", None, "another", argv=["--days", "1"])
        await world.clock.settle()

        assert [request.argv for request in world.executor.launched] == [("--days", "7"), ("--days", "1")]
