"""Calls for the same thing at the same time."""

from __future__ import annotations

import asyncio

import pytest

from task_scheduler.environments.sharing import Shared


class Work:
    """Counts its executions and lets a test decide when they go on."""

    def __init__(self) -> None:
        self.begun = 0
        self.cancelled = 0
        self.go_on = asyncio.Event()

    async def __call__(self) -> int:
        self.begun += 1
        try:
            await self.go_on.wait()
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        return self.begun


async def turns() -> None:
    """Let every task that can go on do so."""
    for _ in range(5):
        await asyncio.sleep(0)


def test_callers_of_one_key_share_one_execution() -> None:
    async def scenario() -> None:
        shared: Shared[str, int] = Shared()
        work = Work()
        callers = [asyncio.create_task(shared.call("a", work)) for _ in range(20)]
        await turns()
        work.go_on.set()

        assert await asyncio.gather(*callers) == [1] * 20
        assert "a" not in shared
        assert await shared.call("a", work) == 2

    asyncio.run(scenario())


def test_callers_of_different_keys_do_not_wait_for_each_other() -> None:
    async def scenario() -> None:
        shared: Shared[str, int] = Shared()
        held, free = Work(), Work()
        free.go_on.set()
        blocked = asyncio.create_task(shared.call("a", held))
        await turns()

        assert await shared.call("b", free) == 1

        held.go_on.set()
        await blocked

    asyncio.run(scenario())


def test_one_caller_giving_up_does_not_harm_the_others() -> None:
    async def scenario() -> None:
        shared: Shared[str, int] = Shared()
        work = Work()
        leaving, staying = (asyncio.create_task(shared.call("a", work)) for _ in range(2))
        await turns()
        leaving.cancel()
        await turns()
        work.go_on.set()

        assert await staying == 1
        assert work.cancelled == 0

    asyncio.run(scenario())


def test_the_last_caller_giving_up_cancels_the_execution() -> None:
    async def scenario() -> None:
        shared: Shared[str, int] = Shared()
        work = Work()
        callers = [asyncio.create_task(shared.call("a", work)) for _ in range(2)]
        await turns()
        for caller in callers:
            caller.cancel()
        await asyncio.gather(*callers, return_exceptions=True)

        assert work.cancelled == 1
        assert "a" not in shared

    asyncio.run(scenario())


def test_every_caller_gets_the_error() -> None:
    async def fail() -> int:
        await asyncio.sleep(0)
        raise ValueError("no")

    async def scenario() -> None:
        shared: Shared[str, int] = Shared()
        answers = await asyncio.gather(*(shared.call("a", fail) for _ in range(3)), return_exceptions=True)

        assert [type(answer) for answer in answers] == [ValueError] * 3
        with pytest.raises(ValueError, match="no"):
            await shared.call("a", fail)

    asyncio.run(scenario())
