"""Keeps the disk from filling: old runs, their output, and environments nobody refers to."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection
from datetime import timedelta

from task_scheduler.core.environments import Collected
from task_scheduler.core.errors import StoreError
from task_scheduler.core.events import Event, Level
from task_scheduler.core.policies import RetentionPolicy
from task_scheduler.ports import Catalogue, Clock, EnvironmentProvider, Outputs, StateStore
from task_scheduler.services.service import Publish, Service

#: Time between two rounds.
INTERVAL = timedelta(minutes=10)
#: Runs deleted in one transaction: a larger one would hold up the writer.
BATCH = 500


class Janitor(Service):
    """Applies the retention policy, in small batches, and removes unused environments."""

    name = "janitor"

    def __init__(
        self,
        *,
        state: StateStore,
        catalogue: Catalogue,
        outputs: Outputs,
        environments: EnvironmentProvider,
        environments_in_use: Callable[[], Collection[str]],
        may_collect: Callable[[], bool],
        clock: Clock,
        policy: RetentionPolicy,
        publish: Publish,
    ) -> None:
        """`may_collect` says whether no task file is being brought into force at the moment."""
        super().__init__(publish=publish)
        self._state = state
        self._catalogue = catalogue
        self._outputs = outputs
        self._environments = environments
        self._environments_in_use = environments_in_use
        self._may_collect = may_collect
        self._clock = clock
        self._policy = policy

    def configure(self, *, policy: RetentionPolicy) -> None:
        """Keep by this policy from the next round on."""
        self._policy = policy

    async def _run(self) -> None:
        while True:
            await self._clock.sleep(INTERVAL.total_seconds())
            try:
                await self.prune()
                await self.collect()
            except (StoreError, OSError) as error:
                self._publish(Event(name="janitor.failed", message=f"clearing up failed: {error}", level=Level.WARNING))

    async def prune(self) -> int:
        """Delete what the retention policy no longer keeps; return how many runs went."""
        runs = freed = 0
        while True:
            gone = await self._state.prune(self._policy, self._clock.now(), BATCH)
            freed += await asyncio.to_thread(self._outputs.delete, gone.outputs)
            runs += gone.runs
            if gone.runs < BATCH:
                break
        if runs:
            message = f"history: {runs} old runs removed, {freed / 1e6:.1f} MB freed"
            self._publish(Event(name="history.pruned", message=message, fields={"removed": runs, "bytes": freed}))
        return runs

    async def collect(self) -> None:
        """Remove environments that no version in force and no unfinished run refers to."""
        if not self._may_collect():
            return
        self._tell(await self._environments.collect(await self._needed()))

    async def collect_all(self, *, dry_run: bool) -> Collected:
        """Remove them on a person's word: those as well that were asked for a moment ago."""
        collected = await self._environments.collect(await self._needed(), even_recent=True, dry_run=dry_run)
        if not dry_run:
            self._tell(collected)
        return collected

    async def _needed(self) -> set[str]:
        return {*await self._catalogue.kept_environments(), *self._environments_in_use()}

    def _tell(self, collected: Collected) -> None:
        if collected.environments:
            self._publish(
                Event(
                    name="environments.collected",
                    message=f"{collected.environments} unused environments removed, {collected.bytes / 1e6:.1f} MB freed",
                )
            )
