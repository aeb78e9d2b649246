"""The end of the scheduler's process: the newest word counts, and each further signal hurries."""

from __future__ import annotations

import asyncio
import os
import signal

import pytest

from task_scheduler.core.events import Event
from task_scheduler.core.stopping import StopMode, StopOrder
from task_scheduler.process.lifetime import ENDING, Lifetime, first_of, hold_signals_back, listening

DRAIN, KILL = StopOrder(mode=StopMode.DRAIN), StopOrder(mode=StopMode.KILL)


class Stopping:
    """A stop that lasts until it is let go; takes note of the orders it was begun with."""

    def __init__(self) -> None:
        self.orders: list[StopOrder] = []
        self.begun = asyncio.Event()
        self.may_end = asyncio.Event()

    async def __call__(self, order: StopOrder) -> None:
        self.orders.append(order)
        self.begun.set()
        await self.may_end.wait()

    async def next_order(self) -> StopOrder:
        """Return what it was begun with, once it is."""
        await self.begun.wait()
        self.begun.clear()
        return self.orders[-1]


def lifetime(on_signal: StopOrder, said: list[Event] | None = None) -> Lifetime:
    return Lifetime(on_signal=on_signal, publish=(said if said is not None else []).append)


def test_a_signal_ends_as_it_was_said_at_the_start_and_the_next_one_hurries() -> None:
    async def live() -> tuple[list[StopOrder], list[Event]]:
        said: list[Event] = []
        life, stop = lifetime(DRAIN, said), Stopping()
        life.signalled()
        work = asyncio.create_task(life.carry_out(stop))
        assert await stop.next_order() == DRAIN
        life.signalled()
        assert await stop.next_order() == StopOrder()
        stop.may_end.set()
        await work
        return stop.orders, said

    orders, said = asyncio.run(live())

    assert orders == [DRAIN, StopOrder()]
    assert [event.name for event in said] == ["scheduler.hurried"]


def test_a_kill_hurries_to_a_kill_without_grace_and_then_to_an_end_at_once() -> None:
    async def live() -> Lifetime:
        life, stop = lifetime(KILL), Stopping()
        life.signalled()
        work = asyncio.create_task(life.carry_out(stop))
        assert await stop.next_order() == KILL
        life.signalled()
        assert await stop.next_order() == StopOrder(mode=StopMode.KILL, grace=0.0)
        life.signalled()
        assert await stop.next_order() == StopOrder()
        life.signalled()
        await work
        return life

    assert asyncio.run(live()).is_at_once


@pytest.mark.parametrize("on_signal", [StopOrder(), DRAIN, KILL])
def test_a_signal_after_a_restart_was_asked_for_means_an_end(on_signal: StopOrder) -> None:
    said: list[Event] = []
    life = lifetime(on_signal, said)
    life.ask(StopOrder(mode=StopMode.DRAIN, is_restart=True))
    assert life.is_restart

    life.signalled()

    assert (life.order, life.is_restart, life.is_at_once) == (on_signal, False, False)
    assert [event.message for event in said] == [
        f"told to end by a signal, which gives up the restart: {on_signal.about_runs}"
    ]


def test_only_a_second_signal_is_called_one_told_again() -> None:
    said: list[Event] = []
    life = lifetime(DRAIN, said)
    life.ask(KILL)

    life.signalled()
    life.signalled()

    assert [event.message for event in said] == [
        "told to end by a signal: what still executes is killed without grace",
        "told again to end: runs under way go on without the scheduler",
    ]


def test_signals_are_held_back_for_the_next_program_and_heard_where_there_is_none() -> None:
    async def live(*, signalled: bool) -> tuple[bool, bool]:
        life = lifetime(StopOrder())
        life.ask(StopOrder(is_restart=True))
        with listening(life, look_anew=lambda: None):
            if signalled:
                os.kill(os.getpid(), signal.SIGTERM)
            await hold_signals_back(life)
        held = signal.pthread_sigmask(signal.SIG_UNBLOCK, ENDING)
        return life.is_restart, set(ENDING) <= held

    before = signal.getsignal(signal.SIGHUP)
    try:
        assert asyncio.run(live(signalled=False)) == (True, True)
        assert asyncio.run(live(signalled=True)) == (False, False)
    finally:
        signal.signal(signal.SIGHUP, before)


def test_the_newest_word_of_a_command_counts() -> None:
    async def live() -> Lifetime:
        life, stop = lifetime(StopOrder()), Stopping()
        life.ask(StopOrder(is_restart=True, mode=StopMode.DRAIN))
        work = asyncio.create_task(life.carry_out(stop))
        await stop.next_order()
        life.ask(KILL)
        assert await stop.next_order() == KILL
        stop.may_end.set()
        await work
        return life

    life = asyncio.run(live())

    assert life.order == KILL
    assert not life.is_at_once


def test_what_keeps_the_process_from_going_on_is_kept_as_it_was_first_said() -> None:
    life = lifetime(DRAIN)

    life.give_up("the database was moved")
    life.give_up("the lock was moved")

    assert (life.failure, life.order) == ("the database was moved", StopOrder())


def test_of_several_pieces_of_work_the_first_to_end_ends_the_others() -> None:
    async def live() -> tuple[int, bool]:
        ended = False

        async def endless() -> None:
            nonlocal ended
            try:
                await asyncio.Event().wait()
            finally:
                ended = True

        async def at_once() -> None:
            pass

        return await first_of(endless(), at_once()), ended

    assert asyncio.run(live()) == (1, True)
