"""Runs for files that are new or have changed: one for each file, once it stands still."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from task_scheduler import fault_points
from task_scheduler.core.events import Event, Level
from task_scheduler.core.happenings import change_id
from task_scheduler.core.tasks import Job
from task_scheduler.core.triggers import OnChange
from task_scheduler.ports import Clock, FoundFiles, Happenings, WatchedFiles
from task_scheduler.services.event_requests import EventRequests
from task_scheduler.services.own_files import OwnFiles
from task_scheduler.services.patience import Patience
from task_scheduler.services.seen_files import LOOKED, New, SeenFiles
from task_scheduler.services.service import Publish
from task_scheduler.services.waits import Alarm, is_done_within

T = TypeVar("T")
#: Seconds between two looks, at least and at most; and how many times as long as a look takes.
LOOK_EVERY = 1.0
_LONGEST_REST = 300.0
_REST = 20
#: Seconds after which a look is told to take long, and up to which the looks of all patterns make each other rarer.
LONG = 30.0
_PROMPT = 0.5


@dataclass(eq=False, slots=True)
class _Watch:
    """The looks at the files of one pattern, for all jobs that wait for them."""

    pattern: str
    alarm: Alarm
    jobs: tuple[Job, ...] = ()
    is_changed: bool = True  #: whether it has other jobs than at its last look
    took: float = 0.0  #: seconds of its last look, 0 where that was no prompt one
    new: dict[int, list[New]] = field(default_factory=dict)  #: files without a place in the line, by job id
    work: asyncio.Task[None] | None = None


class Changes:
    """Looks at the files of each pattern and compares them with what each job has seen.

    Each pattern is looked at by itself: one whose folder hangs, or holds a million files, delays no other. What was
    seen is noted after the request, whose name holds the file's identity: a repeated one makes no second run. Of many
    new files only so many wait on record; the next ones follow as those begin, without another look.
    """

    def __init__(
        self,
        *,
        happenings: Happenings,
        files: WatchedFiles,
        requests: EventRequests,
        clock: Clock,
        patience: Patience,
        publish: Publish,
    ) -> None:
        self._happenings = happenings
        self._files = files
        self._requests = requests
        self._clock = clock
        self._patience = patience
        self._publish = publish
        self._own = OwnFiles(clock=clock, publish=publish)
        self._seen: dict[int, SeenFiles] = {}
        self._watches: dict[str, _Watch] = {}
        self._behind: set[_Watch] = set()  #: those with files that have no place in the line
        self._patterns_changed = Alarm(clock)
        self._took = 0.0  #: seconds the last prompt looks took together
        self._troubled: dict[str, str] = {}  #: what is told of patterns of which not all can be looked at

    def load(self, marks: Mapping[int, Mapping[str, str]]) -> None:
        """Take over what a former scheduler saw."""
        self._seen, self._watches, self._troubled, self._took = {}, {}, {}, 0.0
        self._behind.clear()
        for job_id, named in marks.items():
            if LOOKED in named:
                self._seen[job_id] = self._new_to(job_id)
                self._seen[job_id].load(named)

    def follow(self, jobs: Mapping[Job, object]) -> None:
        """Look for these jobs from now on; what a job that is not among them has seen is forgotten. Returns at once."""
        by_pattern: dict[str, list[Job]] = {}
        for job, event in jobs.items():
            if isinstance(event, OnChange):
                by_pattern.setdefault(event.pattern, []).append(job)
        there = {job.id for of_pattern in by_pattern.values() for job in of_pattern}
        for job_id in self._seen.keys() - there:
            self._seen.pop(job_id).is_forgotten = True
        for job_id in there - self._seen.keys():
            self._seen[job_id] = self._new_to(job_id)
        self._own.follow({job.task_id for of_pattern in by_pattern.values() for job in of_pattern}, there)
        for pattern in self._watches.keys() - by_pattern.keys():
            self._end(self._watches.pop(pattern))
        for pattern, of_pattern in by_pattern.items():
            watch = self._watches.setdefault(pattern, _Watch(pattern, Alarm(self._clock)))
            if watch.jobs != tuple(of_pattern):
                watch.jobs = tuple(of_pattern)
                watch.new = {job.id: watch.new[job.id] for job in of_pattern if job.id in watch.new}
                watch.is_changed = True
                watch.alarm.ring()
        self._patterns_changed.ring()

    def hear(self, event: Event) -> None:
        """Take note of what became of a run: its task may have places for further files."""
        self._own.hear(event)
        task = event.fields.get("task")
        for watch in self._behind:
            if any(job.task_id == task and self._requests.places(job) for job in watch.jobs):
                watch.alarm.ring()

    @property
    def warnings(self) -> list[str]:
        """What is wrong at present with the files that are waited for, a sentence each."""
        return [told for _, told in sorted(self._troubled.items())]

    @property
    def own(self) -> OwnFiles:
        """What is known of jobs that write the files they wait for."""
        return self._own

    async def run(self) -> None:
        """Look, until cancelled."""
        async with asyncio.TaskGroup() as group:
            while True:
                for watch in self._watches.values():
                    if watch.work is None:
                        watch.work = group.create_task(self._watch(watch), name=f"events: {watch.pattern}")
                await self._patterns_changed.sleep(None)

    # --- one pattern --------------------------------------------------------------------------------------

    def _end(self, watch: _Watch) -> None:
        self._troubled.pop(watch.pattern, None)
        self._behind.discard(watch)
        self._took -= watch.took
        if watch.work is not None:
            watch.work.cancel()

    async def _watch(self, watch: _Watch) -> None:
        while True:
            jobs, watch.is_changed = watch.jobs, False
            began = self._clock.monotonic()
            found = await self._find(watch.pattern)
            took = self._clock.monotonic() - began
            self._note_time(watch, took)
            if found is not None:
                for job in jobs:  # one that came meanwhile has its first look after this
                    seen = self._seen.get(job.id)
                    if seen is not None:
                        new = await seen.compare(found, self._clock.monotonic)
                        if not seen.is_forgotten:
                            watch.new[job.id] = new
            # Those of a folder that hangs take nothing from the others, and all others together little of the machine.
            rest = min(max(LOOK_EVERY, _REST * max(took, self._took)), _LONGEST_REST)
            until = self._clock.monotonic() + rest
            while (left := until - self._clock.monotonic()) > 0 and not watch.is_changed:
                for job in watch.jobs:
                    await self._make(watch, job)
                if any(watch.new.values()):
                    self._behind.add(watch)
                else:
                    self._behind.discard(watch)
                await watch.alarm.sleep(left)

    def _note_time(self, watch: _Watch, took: float) -> None:
        prompt = took if took <= _PROMPT else 0.0
        self._took += prompt - watch.took
        watch.took = prompt

    async def _find(self, pattern: str) -> FoundFiles | None:
        """Return the files of a pattern; None when it cannot be looked at."""
        try:
            found, is_prompt = await self._looked(pattern, self._files.look(pattern))
        except (OSError, RecursionError, ValueError) as error:
            self._tell_unseen(pattern, f"{type(error).__name__}: {error}")
            return None
        if found.trouble:
            self._tell_unseen(pattern, found.trouble)
        elif is_prompt:
            self._troubled.pop(pattern, None)
        return found

    async def _looked(self, pattern: str, looking: Awaitable[T]) -> tuple[T, bool]:
        """Return what a look at files of a pattern returns, however long it takes, and whether it was prompt."""
        look = asyncio.ensure_future(looking)
        try:
            is_prompt = await is_done_within(self._clock, LONG, look, end=False)
            if not is_prompt:
                self._tell(
                    pattern,
                    f"a look at its files takes longer than {LONG:g} s: nothing is started for them until it has come to its "
                    "end, and other files are looked at meanwhile",
                )
                await asyncio.wait({look})
            return look.result(), is_prompt
        finally:
            look.cancel()

    def _tell_unseen(self, pattern: str, trouble: str) -> None:
        self._tell(pattern, f"not all files can be looked at ({trouble}): what is there starts nothing")

    def _tell(self, pattern: str, trouble: str) -> None:
        """Tell that files cannot be looked at, once until they can be again."""
        if pattern not in self._troubled:
            message = f"on change of {pattern}: {trouble}"
            self._troubled[pattern] = message
            self._publish(Event(name="event.unseen", message=message, level=Level.WARNING, fields={"pattern": pattern}))

    # --- their runs ---------------------------------------------------------------------------------------

    async def _make(self, watch: _Watch, job: Job) -> None:
        """Make runs of the new files of a job while there are places, the one that was written first at the front."""
        seen = self._seen.get(job.id)
        if seen is None:
            return  # it has left while others of its pattern were seen to
        while (new := watch.new.get(job.id)) and (places := self._requests.places(job)):
            files, watch.new[job.id] = new[: -places - 1 : -1], new[:-places]
            files = await self._still_there(watch.pattern, files)
            # All at once, so that they share a commit. What is not made is found again by the next look.
            made = await asyncio.gather(*(self._request(job, file) for file in files))
            await seen.note_runs(file for file, is_made in zip(files, made, strict=True) if is_made)
            for _, identity in files:
                self._own.came(job, watch.pattern, identity)

    async def _still_there(self, pattern: str, files: list[New]) -> list[New]:
        """Leave out those that went while they waited: what has another name is new under that one."""
        try:
            gone, _ = await self._looked(pattern, self._files.gone([path for path, _ in files]))
        except OSError:
            return files
        return [file for file in files if file[0] not in gone]

    async def _request(self, job: Job, file: New) -> bool:
        path, identity = file
        fault_points.point("before-change-request")
        is_made = await self._requests.make(job, change_id(job.id, path, identity), f"the change of {path}")
        fault_points.point("after-change-request")
        return is_made

    def _new_to(self, job_id: int) -> SeenFiles:
        return SeenFiles(job_id, happenings=self._happenings, patience=self._patience)
