"""When the scheduler's process ends, and how: signals and commands say so, in any order and more than once."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager

from task_scheduler.core.events import Event, Level
from task_scheduler.core.stopping import StopMode, StopOrder
from task_scheduler.services.service import Publish

#: Signals that tell the scheduler to end.
ENDING = (signal.SIGINT, signal.SIGTERM)

_HURRIED = {
    StopMode.LEAVE: "runs under way go on without the scheduler",
    StopMode.KILL: "what still executes is killed without grace",
    StopMode.DRAIN: "runs under way are waited for",
}


class Lifetime:
    """Takes what is said about this process' end; the newest word counts."""

    def __init__(self, *, on_signal: StopOrder, publish: Publish) -> None:
        """`on_signal` is what TERM and Ctrl-C mean to this process."""
        self._on_signal = on_signal
        self._publish = publish
        self._order: StopOrder | None = None
        self._is_at_once = False
        self._was_signalled = False
        self._news = asyncio.Event()
        self.failure: str | None = None  #: why the process cannot go on, in a sentence; None: nothing is wrong

    @property
    def order(self) -> StopOrder | None:
        """How to end; None: nobody has asked."""
        return self._order

    @property
    def is_at_once(self) -> bool:
        """Whether nothing more is to be waited for."""
        return self._is_at_once

    @property
    def is_restart(self) -> bool:
        """Whether a new program is to take this one's place after the end."""
        return self._order is not None and self._order.is_restart and not self._is_at_once

    def ask(self, order: StopOrder) -> None:
        """End so, whatever was asked before."""
        self._order = order
        self._news.set()

    def give_up(self, reason: str) -> None:
        """End because the process cannot go on: runs under way are left to the next one."""
        self.failure = self.failure or reason
        self.ask(StopOrder())

    def signalled(self) -> None:
        """End as signals mean here, also in place of a restart; hurry where the end has begun."""
        told = "told again to end" if self._was_signalled else "told to end by a signal"
        self._was_signalled = True
        if self._order is None:
            self.ask(self._on_signal)
            return
        if self._order.is_restart:
            message = f"{told}, which gives up the restart: {self._on_signal.about_runs}"
            self._publish(Event(name="scheduler.told", message=message, level=Level.WARNING))
            self.ask(self._on_signal)
            return
        hurried = self._order.hurried()
        if hurried is None:
            self._is_at_once = True
            self._news.set()
            return
        self._publish(Event(name="scheduler.hurried", message=f"{told}: {_HURRIED[hurried.mode]}", level=Level.WARNING))
        self.ask(hurried)

    async def told(self) -> None:
        """Return once there is news since the last call."""
        await self._news.wait()
        self._news.clear()

    async def carry_out(self, stop: Callable[[StopOrder], Coroutine[object, object, None]]) -> None:
        """End by `stop`, which is begun anew whenever another order comes."""
        self._news.clear()
        while not self._is_at_once:
            if await first_of(stop(self._order or StopOrder()), self.told()) == 0:
                return


@contextmanager
def listening(lifetime: Lifetime, *, look_anew: Callable[[], object]) -> Iterator[None]:
    """Have TERM and Ctrl-C reach `lifetime` in the block, and HUP have everything looked at anew.

    Where nothing is waited for any more, the next signal ends the process as the system would.
    """
    loop = asyncio.get_running_loop()

    def end() -> None:
        lifetime.signalled()
        if lifetime.is_at_once:
            for number in ENDING:
                loop.remove_signal_handler(number)

    for number in ENDING:
        loop.add_signal_handler(number, end)
    loop.add_signal_handler(signal.SIGHUP, look_anew)
    try:
        yield
    finally:
        # HUP is asked of a scheduler, and one that ends, or gives way to a new program, must not die of it.
        loop.remove_signal_handler(signal.SIGHUP)
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        for number in ENDING:
            loop.remove_signal_handler(number)


async def hold_signals_back(lifetime: Lifetime) -> None:
    """Keep TERM and Ctrl-C that come from now on for the program that takes this one's place.

    Those that came before are heard first; where one of them ends the scheduler instead, nothing is held back.
    """
    signal.pthread_sigmask(signal.SIG_BLOCK, ENDING)
    # What the system has handed over already reaches the loop with its next look, and its handler with the one after.
    for _ in range(3):
        await asyncio.sleep(0)
    if not lifetime.is_restart:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, ENDING)


async def first_of(*coroutines: Coroutine[object, object, None]) -> int:
    """Return the place of the coroutine that returned first; the others are cancelled. Raises what that one raised."""
    tasks = [asyncio.ensure_future(coroutine) for coroutine in coroutines]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        place = next(place for place, task in enumerate(tasks) if task.done())
        await tasks[place]
        return place
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
