"""How the scheduler ends: what becomes of the runs under way, and what is said meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Sequence
from contextlib import suppress
from datetime import datetime, timedelta

from task_scheduler.core.events import Event
from task_scheduler.core.stopping import StopMode, StopOrder
from task_scheduler.ports import Clock
from task_scheduler.services.runner import Runner
from task_scheduler.services.service import Publish, Service
from task_scheduler.services.waits import within


class WindingDown:
    """Carries out orders to stop, the latest one at a time."""

    def __init__(
        self, *, runner: Runner, services: Sequence[Service], failure: asyncio.Event, clock: Clock, publish: Publish
    ) -> None:
        """`services` claim and start runs, and are stopped in this order; `failure` is set once one has failed."""
        self._runner = runner
        self._services = services
        self._failure = failure
        self._clock = clock
        self._publish = publish
        self._until: datetime | None = None
        #: None: the scheduler goes on.
        self.order: StopOrder | None = None

    async def begin(self, order: StopOrder) -> None:
        """Do about the runs under way what `order` says; whoever ordered it stops the services afterwards."""
        self.order = order
        match order.mode:
            case StopMode.LEAVE:
                pass
            case StopMode.DRAIN:
                await self._drain(order.patience)
            case StopMode.KILL:
                await self._end_runs(order.grace)

    async def _drain(self, patience: float | None) -> None:
        """Wait for the runs under way, at most so many seconds."""
        await self._close_doors()
        self._until = None if patience is None else self._clock.now() + timedelta(seconds=patience)
        running = self._runner.counts()["running"]
        if running and (patience is None or patience > 0):
            at_most = "" if patience is None else f", at most {patience:g} s"
            self._tell(
                "scheduler.draining", f"nothing is started any more; waits for {runs_in_words(running)}{at_most}"
            )
            drained = self._unless_failed(self._runner.drained())
            if patience is None:
                await drained
            else:
                with suppress(TimeoutError):
                    await within(self._clock, patience, drained)

    async def _end_runs(self, grace: float | None) -> None:
        """End all runs under way; returns once their ends are on record."""
        await self._close_doors()
        if running := self._runner.counts()["running"]:
            self._tell("scheduler.killing", f"nothing is started any more; ends {runs_in_words(running)}")
        await self._unless_failed(self._runner.end_all("ended together with the scheduler", grace=grace))
        await self._unless_failed(self._runner.drained())

    async def _close_doors(self) -> None:
        """Claim and start nothing more; what is under way is followed on."""
        self._runner.close_door()
        for service in self._services:
            await service.stop()

    async def _unless_failed(self, work: Coroutine[object, object, None]) -> None:
        """Wait for `work`, which would wait for ever once a service has failed."""
        tasks = [asyncio.ensure_future(work), asyncio.ensure_future(self._failure.wait())]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            if tasks[0].done():
                await tasks[0]
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    def describe(self) -> dict[str, object] | None:
        """Return the order as JSON values; None: there is none."""
        if self.order is None:
            return None
        until = self._until if self.order.mode is StopMode.DRAIN else None
        return {
            "mode": self.order.mode.value,
            "restart": self.order.is_restart,
            "doing": doing(self.order),
            "until": None if until is None else until.isoformat(),
        }

    def _tell(self, name: str, message: str) -> None:
        self._publish(Event(name=name, message=message))


def doing(order: StopOrder) -> str:
    """Return in a word what a scheduler is at that was ordered so."""
    match order.mode:
        case StopMode.DRAIN:
            return "draining"
        case _:
            return "restarting" if order.is_restart else "stopping"


def afterwards(order: StopOrder) -> str:
    """Return, as the end of a sentence, when a scheduler that was ordered so takes orders again."""
    return "it works again" if order.is_restart else "it has ended and was started anew"


def runs_in_words(count: int) -> str:
    """Return `1 run`, `2 runs`."""
    return "1 run" if count == 1 else f"{count:,} runs"
