"""The events that jobs wait for, beside the clock: starts, ends of other tasks' runs, changes of files."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection
from datetime import timedelta

from task_scheduler.core.events import Event, Level
from task_scheduler.core.following import circles, strangers
from task_scheduler.core.runs import FINAL
from task_scheduler.core.tasks import Job
from task_scheduler.core.triggers import AfterTask, read_event
from task_scheduler.ports import Clock, Happenings, Ledger, StateStore, WatchedFiles
from task_scheduler.services.changes import Changes
from task_scheduler.services.event_requests import EventRequests
from task_scheduler.services.followers import Followers
from task_scheduler.services.patience import Patience
from task_scheduler.services.register import Register
from task_scheduler.services.runner import Runner
from task_scheduler.services.service import Publish, Service
from task_scheduler.services.startup_events import RefusedJobs, StartupEvents
from task_scheduler.services.timetable import Timetable
from task_scheduler.services.waits import Alarm

_ENDED = frozenset(state.value for state in FINAL)


class HappeningsService(Service):
    """Follows which jobs wait for events, and has each kind looked after.

    A job is followed from the moment it is in force: its marks begin then and end when it leaves, so nothing is made
    up for from a time in which it was not.
    """

    name = "events"

    def __init__(
        self,
        *,
        happenings: Happenings,
        ledger: Ledger,
        state: StateStore,
        files: WatchedFiles,
        boot: str,
        runner: Runner,
        register: Register,
        timetable: Timetable,
        preparing: Callable[[], Collection[str]],
        refused: Callable[[], RefusedJobs],
        known_tasks: Callable[[], Collection[str]],
        window_of: Callable[[str], timedelta],
        clock: Clock,
        patience: Patience,
        publish: Publish,
    ) -> None:
        """`known_tasks` are those that may be named; see the parts for the others."""
        super().__init__(publish=publish)
        self._happenings = happenings
        self._timetable = timetable
        self._register = register
        self._known_tasks = known_tasks
        self._patience = patience
        requests = EventRequests(
            ledger=ledger,
            runner=runner,
            register=register,
            timetable=timetable,
            clock=clock,
            patience=patience,
            publish=publish,
        )
        self._startup = StartupEvents(
            state=state, requests=requests, boot=boot, preparing=preparing, refused=refused, patience=patience
        )
        self._followers = Followers(
            happenings=happenings, requests=requests, window_of=window_of, clock=clock, patience=patience
        )
        self._changes = Changes(
            happenings=happenings, files=files, requests=requests, clock=clock, patience=patience, publish=publish
        )
        self._jobs: dict[Job, object] = {}
        #: Jobs that have come, and gone, since they were last seen to.
        self._came: dict[Job, object] = {}
        self._gone: set[int] = set()
        self._ended: set[str] = set()  #: tasks of which a run has ended since
        self._told: set[tuple[str, str]] = set()
        self._following = Alarm(clock)
        self._is_followed = False

    def look_again(self) -> None:
        """Take note that other jobs than before may be in force; returns at once."""
        if not self._is_followed:
            return
        jobs = self._in_force()
        before = {job.id for job in self._jobs}
        now = {job.id for job in jobs}
        if gone := before - now:
            self._followers.forget(gone)
            self._gone |= gone
        came = {job: event for job, event in jobs.items() if job.id not in before}
        self._came.update(came)
        self._jobs = jobs
        self._judge_chains()
        if came or gone:
            self._following.ring()
            self._changes.follow(jobs)

    def hear(self, event: Event) -> None:
        """Take note of what became of a run: others may follow it, or have its place in the line."""
        if self._is_followed:
            self._changes.hear(event)
        task = event.fields.get("task")
        if event.fields.get("state") in _ENDED and task in self._followers.tasks:
            self._ended.add(str(task))
            self._following.ring()
        elif event.name == "task.invalid":
            self._following.ring()  # it may have been expected since the start

    @property
    def warnings(self) -> list[str]:
        """What is wrong at present with tasks that run after others, or for files, a sentence each.

        Those that start themselves come first.
        """
        in_vain = (f"{task}: {told}" for task, told in sorted(self._told))
        return [*self.endless, *in_vain, *self._changes.warnings]

    @property
    def endless(self) -> list[str]:
        """The tasks that start themselves without end, a sentence for each job."""
        return self._changes.own.warnings

    def why_endless(self, task_id: str) -> list[str]:
        """Return, a sentence for each such job, how a task starts itself without end; none: it does not."""
        return self._changes.own.of_task(task_id)

    # --- lifecycle ----------------------------------------------------------------------------------------

    async def _set_up(self) -> None:
        self._jobs = self._in_force()
        self._came, self._gone, self._ended, self._told = {}, set(), set(), set()
        marks = await self._happenings.marks()
        there = {job.id for job in self._jobs}
        self._gone = set(marks) - there
        self._followers.load({job_id: named for job_id, named in marks.items() if job_id in there})
        self._changes.load({job_id: named for job_id, named in marks.items() if job_id in there})
        self._changes.follow(self._jobs)
        self._is_followed = True
        self._judge_chains()
        await self._startup.begin(dict(self._jobs))
        await self._forget_gone()
        await self._followers.look(dict(self._jobs))

    async def _run(self) -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(self._follow(), name="events: starts and ends")
            group.create_task(self._changes.run(), name="events: files")

    async def _tear_down(self) -> None:
        self._is_followed = False

    async def _follow(self) -> None:
        while True:
            await self._following.sleep(None)
            came, self._came = self._came, {}
            await self._startup.look(came)
            await self._forget_gone()
            ended, self._ended = self._ended, set()
            await self._followers.look(dict(self._jobs), ended)

    async def _forget_gone(self) -> None:
        """Remove the marks of jobs that are no longer in force."""
        if not self._gone:
            return
        gone, self._gone = self._gone, set()
        marks = await self._patience.write(self._happenings.marks)
        there = {job.id for job in self._jobs}
        removed = {(job_id, name): None for job_id in gone - there for name in marks.get(job_id, ())}
        await self._patience.write(lambda: self._happenings.put_marks(removed))

    def _in_force(self) -> dict[Job, object]:
        """Return the jobs in force that wait for events, each with its event."""
        return {timed.job: read_event(timed.job.trigger) for timed in self._timetable.waiting_for_events()}

    def _judge_chains(self) -> None:
        """Find tasks that run after one that does not exist, or after themselves; warn once of each."""
        after: dict[str, set[str]] = {}
        for job, event in self._jobs.items():
            if isinstance(event, AfterTask):
                after.setdefault(job.task_id, set()).add(event.task)
        named = set().union(*after.values())
        known = self._register.task_ids() if named.issubset(self._register.task_ids()) else self._known_tasks()
        refused = {task: circles(task, after) for task in after}
        self._followers.refuse((task, before) for task, befores in refused.items() for before in befores)
        found = {(task, told) for task in after for told in (*strangers(task, after, known), *refused[task].values())}
        for task, told in sorted(found - self._told):
            self._publish(
                Event(name="task.warning", message=f"{task}: {told}", level=Level.WARNING, fields={"task": task})
            )
        self._told = found
