"""Has jobs follow the calendars they observe when those change."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Sequence
from functools import partial

from task_scheduler.core.errors import TriggerError
from task_scheduler.core.events import Event, Level
from task_scheduler.core.triggers import Trigger
from task_scheduler.ports import Catalogue, Clock, History, StateStore
from task_scheduler.services.patience import Patience
from task_scheduler.services.service import Publish, Service
from task_scheduler.services.timetable import TimedJob, Timetable

#: Seconds between two looks at the calendars; a change counts at the second look that finds it.
INTERVAL = 2.0


class CalendarKeeper(Service):
    """Looks at the calendars in use now and then, and plans their jobs from now when one has changed.

    A calendar that cannot be read changes nothing: its jobs go on with what it last said, and the fault is told once.
    What a job owes already is put on record first, as it was planned; the job is planned anew at a later look.
    """

    name = "calendar keeper"

    def __init__(
        self,
        *,
        stamp_of: Callable[[str], str],
        timetable: Timetable,
        catalogue: Catalogue,
        history: History,
        state: StateStore,
        turn: asyncio.Lock,
        generation: Callable[[], int],
        on_change: Callable[[], None],
        clock: Clock,
        patience: Patience,
        publish: Publish,
    ) -> None:
        """`stamp_of` gives a digest of what a calendar says, or raises TriggerError; it is called in a thread.

        `turn` is held by whoever plans jobs; `on_change` is called when jobs were planned anew.
        """
        super().__init__(publish=publish)
        self._stamp_of = stamp_of
        self._timetable = timetable
        self._catalogue = catalogue
        self._history = history
        self._state = state
        self._turn = turn
        self._generation = generation
        self._on_change = on_change
        self._clock = clock
        self._patience = patience
        self._stamps: dict[str, str] = {}  #: of the calendars as the jobs in force know them
        self._seen: dict[str, str] = {}  #: stamps and faults at the last look: somebody may be writing a file
        self._faults: dict[str, str] = {}  #: those that were told, by calendar
        self._refused: dict[str, str] = {}  #: stamps of calendars that can be read and leave a job no slot

    def trouble(self) -> list[str]:
        """Return what is wrong with the calendars in use, a sentence each."""
        return [self._faults[name] for name in sorted(self._faults)]

    async def look(self) -> None:
        """Look at the calendars in use now."""
        in_use = self._timetable.observed()
        for name in [name for name in self._seen if name not in in_use]:
            del self._seen[name]
            self._faults.pop(name, None)
            self._refused.pop(name, None)
        for name in sorted(in_use):
            await self._look_at(name)

    async def _run(self) -> None:
        while True:
            await self.look()
            await self._clock.sleep(INTERVAL)

    async def _look_at(self, name: str) -> None:
        try:
            found, fault = await asyncio.to_thread(self._stamp_of, name), ""
        except TriggerError as error:
            found, fault = "", str(error)
        before, self._seen[name] = self._seen.get(name), found or fault
        if before != self._seen[name]:
            return
        if fault:
            self._tell_fault(name, fault)
        elif self._refused.get(name) != found and (name in self._faults or await self._stamp_in_force(name) != found):
            await self._follow(name, found)

    async def _stamp_in_force(self, name: str) -> str | None:
        """Return the stamp of a calendar as jobs were last planned with it, by this scheduler or an earlier one."""
        if name not in self._stamps and (recorded := await self._state.get(_key(name))) is not None:
            self._stamps[name] = recorded
        return self._stamps.get(name)

    async def _follow(self, name: str, stamp: str) -> None:
        """Have all jobs that observe a calendar know it as it is now; those that owe a slot stay for a later look."""
        try:
            are_all, moved = await self._patience.write(partial(self._plan_anew, name))
        except TriggerError as error:
            self._refused[name] = stamp
            self._tell_fault(name, str(error))
            return
        self._on_change()
        if not are_all:
            return
        # Of a calendar that was never seen before, only another slot tells that it is not as it was a moment ago.
        is_news = moved or name in self._faults or (name in self._stamps and self._stamps[name] != stamp)
        self._faults.pop(name, None)
        self._refused.pop(name, None)
        if self._stamps.get(name) != stamp:
            self._stamps[name] = stamp
            await self._patience.write(lambda: self._state.put(_key(name), stamp))
        if is_news:
            jobs = len(self._timetable.observed().get(name, ()))
            message = f"calendar {name} has changed: {_of_jobs(jobs)} planned anew, from now"
            self._publish(Event(name="calendars.changed", message=message))

    async def _plan_anew(self, name: str) -> tuple[bool, bool]:
        """Plan from now; return whether no job had to be left for later, and whether one owes another slot than before.

        Raises TriggerError, and then no job is planned anew.
        """
        async with self._turn:
            now = self._clock.now()
            jobs = self._timetable.observed().get(name, ())
            ready = [timed for timed in jobs if timed.job.next_run is None or timed.job.next_run > now]
            triggers = self._triggers(ready)
            newest = await self._history.latest_of_jobs() if ready else {}
            planned = []
            for timed, trigger in zip(ready, triggers, strict=True):
                after, run = now, newest.get(timed.job.id)
                # Slots are claimed ahead, and a clock may have been set back: none of them is due once more.
                if run is not None and run.clock_generation == self._generation():
                    after = max(now, run.range_end or run.scheduled_for or now)
                planned.append((timed, trigger, trigger.next_after(after)))
            moved = {timed.job.id: slot for timed, _, slot in planned if slot != timed.job.next_run}
            if moved:
                await self._catalogue.reschedule(moved)
            for timed, trigger, slot in planned:
                self._timetable.plan_anew(timed.job.id, trigger, slot)
            return len(ready) == len(jobs), bool(moved)

    def _triggers(self, jobs: Collection[TimedJob]) -> Sequence[Trigger]:
        """Return what the texts of these jobs mean with the calendars as they are now; raises TriggerError."""
        return [self._timetable.trigger_of(timed.job.trigger, timed.job.timezone) for timed in jobs]

    def _tell_fault(self, name: str, fault: str) -> None:
        if self._faults.get(name) == fault:
            return
        self._faults[name] = fault
        jobs = len(self._timetable.observed().get(name, ()))
        message = f"{fault}; {_of_jobs(jobs)} going on with what it said before"
        self._publish(Event(name="calendars.invalid", message=message, level=Level.ERROR))


def _key(name: str) -> str:
    """Return under what name the store keeps the stamp of a calendar."""
    return f"calendar {name}"


def _of_jobs(count: int) -> str:
    return "1 job that observes it is" if count == 1 else f"{count:,} jobs that observe it are"
