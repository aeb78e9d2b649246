"""Many ask one by one, and are answered together."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from task_scheduler.services.gathering import Gathering
from task_scheduler.testing.loops import in_event_loop


class Doubling:
    """Doubles numbers, group by group."""

    def __init__(self) -> None:
        self.groups: list[list[int]] = []
        self.called = asyncio.Event()
        self.may_answer = asyncio.Event()
        self.may_answer.set()

    async def __call__(self, group: Sequence[int]) -> Sequence[int]:
        self.groups.append(list(group))
        self.called.set()
        await self.may_answer.wait()
        if 13 in group:
            raise RuntimeError("13 cannot be doubled")
        return [2 * number for number in group]


@in_event_loop
async def test_what_is_asked_at_once_is_answered_in_one_call_and_in_order() -> None:
    doubling = Doubling()
    gathering = Gathering(doubling, most=10)

    answers = await asyncio.gather(*(gathering.ask(number) for number in range(3)))

    assert (answers, doubling.groups) == ([0, 2, 4], [[0, 1, 2]])


@in_event_loop
async def test_what_is_asked_during_a_call_waits_for_the_next_one() -> None:
    doubling = Doubling()
    doubling.may_answer.clear()
    gathering = Gathering(doubling, most=10)
    first = asyncio.create_task(gathering.ask(1))
    await doubling.called.wait()
    others = [asyncio.create_task(gathering.ask(number)) for number in (2, 3)]
    await asyncio.sleep(0)

    doubling.may_answer.set()
    answers = await asyncio.gather(first, *others)

    assert (answers, doubling.groups) == ([2, 4, 6], [[1], [2, 3]])


@in_event_loop
async def test_a_call_gets_no_more_than_it_takes() -> None:
    doubling = Doubling()
    gathering = Gathering(doubling, most=2)

    await asyncio.gather(*(gathering.ask(number) for number in range(5)))

    assert [len(group) for group in doubling.groups] == [2, 2, 1]


@in_event_loop
async def test_one_that_cannot_be_answered_fails_alone() -> None:
    doubling = Doubling()
    gathering = Gathering(doubling, most=10)

    answers = await asyncio.gather(*(gathering.ask(number) for number in (1, 13, 2)), return_exceptions=True)

    assert [str(answer) for answer in answers] == ["2", "13 cannot be doubled", "4"]
    assert await gathering.ask(5) == 10


@in_event_loop
async def test_whoever_gave_up_is_not_asked_for() -> None:
    doubling = Doubling()
    doubling.may_answer.clear()
    gathering = Gathering(doubling, most=10)
    first, second = (asyncio.create_task(gathering.ask(number)) for number in (1, 2))
    await doubling.called.wait()
    third = asyncio.create_task(gathering.ask(3))
    await asyncio.sleep(0)
    third.cancel()
    doubling.may_answer.set()

    assert [await first, await second] == [2, 4]
    assert await gathering.ask(4) == 8
    assert doubling.groups == [[1, 2], [4]]


@in_event_loop
async def test_stopping_cancels_whoever_waits() -> None:
    doubling = Doubling()
    doubling.may_answer.clear()
    gathering = Gathering(doubling, most=1)
    waiting = [asyncio.create_task(gathering.ask(number)) for number in (1, 2)]
    await doubling.called.wait()

    await gathering.stop()

    for task in waiting:
        with pytest.raises(asyncio.CancelledError):
            await task
