"""From a task file as it stands to a version in force, or to the reason why not."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Container, Iterable, Sequence
from dataclasses import replace
from datetime import datetime

from task_scheduler.core.environments import Lock, Requirements
from task_scheduler.core.errors import EnvironmentFailed, Problem, Severity, TriggerError
from task_scheduler.core.events import Level
from task_scheduler.core.tasks import (
    FileKind,
    Job,
    JobDeclaration,
    TaskDeclaration,
    TaskReading,
    TaskRecord,
    TaskStatus,
    TaskVersion,
)
from task_scheduler.core.triggers import has_slots
from task_scheduler.ports import Clock, EnvironmentProvider, SourceFile, TaskReader, TaskSource
from task_scheduler.services.announcer import Announcer
from task_scheduler.services.candidates import Candidate
from task_scheduler.services.gathering import Gathering
from task_scheduler.services.in_force import InForce, Ready
from task_scheduler.services.local_code import LocalCode
from task_scheduler.services.preparation import (
    NotAdmitted,
    Preparation,
    Prepared,
    Reading,
    observers,
    preloadable,
)
from task_scheduler.services.shared_environment import SharedNeeds
from task_scheduler.services.timetable import Timetable
from task_scheduler.services.waits import is_done_within

#: A preparation that takes longer than this is shown to the person while it goes on, in seconds.
SHOWN_AFTER = 0.1
#: Seconds for which an environment that was found to be ready is taken to be so, within one report.
READY_FOR = 1.0
#: Files read, or parsed, in one go; all of them wait for the last.
MOST_READ_AT_ONCE = 32
#: Of a task that waits for more events than this, the first are told.
MOST_EVENTS_TOLD = 3
#: What to do about tasks whose packages do not go together.
TOGETHER = (
    "with virtual_env.mode: shared all tasks have one environment, so ask for versions that go together, or set "
    "virtual_env.mode: isolated"
)


class ChangedMeanwhile(Exception):
    """A file changed, or went away, since it was reported; its next report is on its way."""


class Enactment:
    """Reads a file, makes ready what it needs, and puts it in force; keeps no candidates of its own."""

    def __init__(
        self,
        *,
        source: TaskSource,
        reader: TaskReader,
        environments: EnvironmentProvider,
        timetable: Timetable,
        clock: Clock,
        in_force: InForce,
        local: LocalCode,
        shared: SharedNeeds | None,
        announcer: Announcer,
        stop_on_invalid: bool,
        leave_place: Callable[[Candidate], None],
        is_scheduling: bool = True,
    ) -> None:
        """`leave_place` lets another file have the turn of one that waits for something slow."""
        self._environments = environments
        self._timetable = timetable
        self._clock = clock
        self._in_force = in_force
        self._local = local
        self._shared = shared
        self._announcer = announcer
        self._leave_place = leave_place
        self._is_scheduling = is_scheduling
        self._preparation = Preparation(reader=reader, environments=environments, timetable=timetable)
        self._contents = Gathering(source.fetch, most=MOST_READ_AT_ONCE)
        self._readings = Gathering(self._preparation.read, most=MOST_READ_AT_ONCE)
        #: Locks without packages, by what they were made for: nothing but the interpreter can change them.
        self._bare: dict[Requirements, Lock] = {}
        #: When environments were last found to be ready.
        self._ready_at: dict[str, float] = {}
        #: What was told of files that were refused, by their digests, until they are in force.
        self._refusals: dict[str, tuple[str, Sequence[Problem]]] = {}
        #: Whether a broken edit ends the version in force.
        self.stop_on_invalid = stop_on_invalid
        #: Whether the folder was looked at since the start.
        self.has_looked = False
        #: Whether a module in the folder changed since somebody took note of it.
        self.modules_changed = False

    async def stop(self) -> None:
        """Read no more."""
        for gathering in (self._contents, self._readings):
            await gathering.stop()

    def look_anew(self) -> None:
        """Take nothing for granted that was found out about environments before."""
        self._ready_at.clear()

    def is_settled(self, file: SourceFile) -> bool:
        """Whether what is on record and in force is this very file, as it is to be."""
        record, admitted = self._in_force.records.get(file.task_id), self._in_force.get(file.task_id)
        if record is None or record.path != file.path or record.digest != file.digest:
            return False
        if record.status in {TaskStatus.DISABLED, TaskStatus.MODULE}:
            # A file that had to be read at the start is judged anew: the program may be another one by now.
            return file.is_unread or self.has_looked
        return (
            admitted is not None
            and record.status is TaskStatus.ACTIVE
            and admitted.version.digest == file.digest
            and self._local.is_current(admitted.version.local_digest)
            and self._in_force.is_locked_as_now(admitted.version)
            and self._is_ready(admitted.version.environment)
        )

    async def put_in_force(self, candidate: Candidate) -> None:
        """Do all it takes; raises NotAdmitted, or ChangedMeanwhile."""
        if candidate.file.is_unread:
            candidate.file = await self._read(candidate.file)
            if self._shared is None and self.is_settled(candidate.file):
                return
        file = candidate.file
        reading = await self._readings.ask(file)
        task, declaration = reading.task, reading.task.declaration
        if task.errors:
            raise NotAdmitted(task.problems, observing=observers(task.jobs))
        if task.kind is FileKind.MODULE or declaration is None:
            record = self._in_force.record(file, TaskStatus.MODULE, title=file.task_id, problems=task.problems)
            async with candidate.committing:
                await self.retire(record)
            return
        candidate.title = declaration.title
        if not declaration.enabled:
            record = self._in_force.record(file, TaskStatus.DISABLED, title=declaration.title, problems=task.problems)
            async with candidate.committing:
                await self.retire(record)
            self._announcer.tell("task.disabled", file.task_id, "disabled: nothing of it is started")
            return
        candidate.jobs = task.jobs
        local_digest = self._local.digest_for(file.task_id, task)
        prepared = await self._prepare(candidate, reading, declaration)
        async with candidate.committing:
            if self._shared is not None and self._is_in_force(file, prepared.lock):
                self.note_lock(file.task_id, prepared.requirements)
            else:
                await self._admit(file, task, declaration, prepared, local_digest)

    async def is_still_refused(self, file: SourceFile, refusal: NotAdmitted) -> bool:
        """Whether its text and the calendar files it observes still say what a file was refused for, by another look.

        `file` holds its content.
        """
        task = (await self._readings.ask(file)).task
        found = () if task.errors else self._preparation.trigger_faults(file, refusal.observing)
        return (*task.problems, *found) == refusal.problems

    async def _read(self, file: SourceFile) -> SourceFile:
        found = await self._contents.ask(file)
        if found is None:
            raise ChangedMeanwhile
        return found

    async def _prepare(self, candidate: Candidate, reading: Reading, declaration: TaskDeclaration) -> Prepared:
        """Lock, build and check, telling the person about it when it takes time."""
        if self._is_quick(candidate.file.task_id, reading):
            return await self._make_ready(candidate, reading)
        work = asyncio.create_task(self._make_ready(candidate, reading))
        try:
            if not await is_done_within(self._clock, SHOWN_AFTER, work, end=False):
                self._leave_place(candidate)
                if not self.is_settled(candidate.file):
                    await self._show_preparing(candidate.file, reading, declaration)
                await asyncio.wait({work})
            return work.result()
        finally:
            if not work.done():
                work.cancel()
                await asyncio.wait({work})

    def _is_quick(self, task_id: str, reading: Reading) -> bool:
        """Whether making ready is known to take no time worth a timer: most files of a flood."""
        is_usual = self._shared is None and not reading.task.computed
        return is_usual and self._known_lock(task_id, reading.needs) is not None

    async def _make_ready(self, candidate: Candidate, reading: Reading) -> Prepared:
        file = candidate.file

        def note(lock: Lock) -> None:
            candidate.environment = lock.key

        async def ready(requirements: Requirements) -> Prepared:
            known = self._known_lock(file.task_id, requirements)
            return await self._preparation.make_ready(file, reading.task, requirements, known=known, on_lock=note)

        if self._shared is None:
            prepared = await ready(reading.needs)
            if not reading.needs.packages:
                self._bare[reading.needs] = prepared.lock
            return prepared
        # Everybody waits for everybody here, and must not wait for a turn as well.
        self._leave_place(candidate)
        self._shared.put(file.task_id, reading.needs)
        everything = await self._shared.known()
        try:
            return await ready(everything)
        except NotAdmitted as refusal:
            if refusal.is_temporary is not False:
                raise
            cause = refusal
        proven = self._shared.proven_with(file.task_id)
        if proven != everything:
            # A file that is not in force may be to blame: this one is judged without those.
            try:
                return await ready(proven)
            except NotAdmitted as refusal:
                cause = refusal
        if cause.is_temporary is False and proven != reading.needs:
            await self._blame(self._shared, file, reading, cause)
        raise cause

    async def _blame(self, shared: SharedNeeds, file: SourceFile, reading: Reading, cause: NotAdmitted) -> None:
        """Raise NotAdmitted that names the other tasks, where a file that cannot be with them could be alone."""
        try:
            await self._environments.resolve(reading.needs)
        except EnvironmentFailed:
            return
        message = f"{await self._at_odds(shared, file.task_id)}: {TOGETHER} ({cause.problems[-1].message})"
        problems = [*reading.task.problems, Problem(path=file.path, message=message)]
        raise NotAdmitted(problems, detail=cause.detail, is_temporary=cause.is_temporary) from cause

    async def _at_odds(self, shared: SharedNeeds, task_id: str) -> str:
        """Return, as the beginning of a sentence, whose packages do not go together."""
        if pairs := shared.at_odds(task_id):
            return f"{pairs} do not go together"
        try:
            await self._environments.resolve(shared.others(task_id))
        except EnvironmentFailed:
            pairs = shared.at_odds_without(task_id) or f"the packages of {shared.names_without(task_id)}"
            return f"this file is not to blame: {pairs} do not go together"
        return f"its packages do not go together with those of {shared.names_without(task_id)}"

    def _known_lock(self, task_id: str, requirements: Requirements) -> Lock | None:
        """Return the lock in force when it was made for these requirements: an edit of code changes no package."""
        admitted = self._in_force.get(task_id)
        lock = self._bare.get(requirements) if self._shared is None else None
        if lock is None and admitted is not None:
            is_known = (
                self._in_force.is_locked_for(task_id, requirements)
                if self._shared is None
                else self._in_force.locked_for(task_id) == requirements
            )
            lock = admitted.lock if is_known else None
        return lock if lock is not None and self._is_ready(lock.key) else None

    def _is_ready(self, key: str) -> bool:
        """Whether an environment is ready, by a look that is a moment old at most: a flood of files asks for one."""
        now = self._clock.monotonic()
        if now - self._ready_at.get(key, float("-inf")) < READY_FOR:
            return True
        is_ready = self._environments.is_ready(key)
        if is_ready:
            self._ready_at[key] = now
        return is_ready

    async def _show_preparing(self, file: SourceFile, reading: Reading, declaration: TaskDeclaration) -> None:
        packages = ", ".join(reading.needs.packages) or "no packages of its own"
        detail = f"making its environment ready ({packages})"
        upcoming = self._upcoming(reading.task.jobs) if self._is_scheduling else None
        if upcoming is not None:
            detail += f"; due next at {upcoming.astimezone():%Y-%m-%d %H:%M:%S %Z}"
        record = self._in_force.record(
            file, TaskStatus.PREPARING, title=declaration.title, problems=reading.task.problems
        )
        await self._put(replace(record, detail=detail))
        self._announcer.tell("task.preparing", file.task_id, detail)

    async def _admit(
        self,
        file: SourceFile,
        reading: TaskReading,
        declaration: TaskDeclaration,
        prepared: Prepared,
        local_digest: str,
    ) -> None:
        version = TaskVersion(
            task_id=file.task_id,
            digest=file.digest,
            declaration=declaration,
            environment=prepared.lock.key,
            preload=preloadable(reading, is_local=lambda name: self._local.is_local(file.task_id, name)),
            local_digest=local_digest,
            functions=_functions(prepared.jobs, reading),
            admitted_at=self._clock.now(),
        )
        problems = (*reading.problems, *prepared.remarks)
        record = self._in_force.record(file, TaskStatus.ACTIVE, title=declaration.title, problems=problems)
        record = replace(record, version=file.digest)
        before = self._as_it_stands(file.task_id)
        earlier = self._in_force.records.get(file.task_id)
        jobs = await self._in_force.admit(
            Ready(
                record=record,
                version=version,
                source=file.content or b"",
                lock=prepared.lock,
                requirements=prepared.requirements,
                jobs=prepared.jobs,
            )
        )
        self._refusals.pop(record.task_id, None)
        self._note_module(record)
        self.note_lock(file.task_id, prepared.requirements)
        if self._as_it_stands(file.task_id) != before:
            self._tell_admitted(record, jobs, _told(earlier, record))

    def _as_it_stands(self, task_id: str) -> object:
        """Return all of a task in force that concerns a person; other code beside it may be another one."""
        record, admitted = self._in_force.records.get(task_id), self._in_force.get(task_id)
        if record is None or admitted is None:
            return None
        jobs = [job.id for job in self._timetable.jobs_of(task_id)]
        return (record.status, record.path, record.problems, admitted.version.digest, admitted.lock.key, jobs)

    def _tell_admitted(self, record: TaskRecord, jobs: Sequence[Job], told: Container[Problem]) -> None:
        detail = f"in force, version {str(record.version)[:12]}; {_starts(jobs)}"
        self._announcer.tell("task.admitted", record.task_id, detail)
        for problem in record.problems:
            if problem not in told:
                self._announcer.tell("task.warning", record.task_id, str(problem), Level.WARNING)

    def _is_in_force(self, file: SourceFile, lock: Lock) -> bool:
        admitted = self._in_force.get(file.task_id)
        return admitted is not None and admitted.version.environment == lock.key and self.is_settled(file)

    def note_lock(self, task_id: str, requirements: Requirements) -> None:
        """Take note of what the lock in force was made for."""
        self._in_force.note_lock(task_id, requirements)
        if self._shared is not None:
            self._shared.put_in_force(task_id)

    # --- when it cannot be admitted -----------------------------------------------------------------------

    async def refuse(self, candidate: Candidate, refusal: NotAdmitted) -> None:
        """Put on record, and tell, why a file cannot be admitted as it stands."""
        file = candidate.file
        record = self._in_force.record(file, TaskStatus.INVALID, title=candidate.title, problems=refusal.problems)
        record = replace(record, detail=refusal.detail)
        # An index out of reach says nothing about the file: that stops no version.
        if self.stop_on_invalid and record.version is not None and not refusal.is_temporary:
            await self.retire(record)
            kept = "; nothing of it is started"
        else:
            await self._put(record)
            kept = "" if record.version is None else "; the version before it goes on"
        refused = (file.digest, refusal.problems)
        if self._refusals.get(file.task_id) == refused:
            return
        self._refusals[file.task_id] = refused
        for problem in refusal.problems:
            level = Level.ERROR if problem.severity is Severity.ERROR else Level.WARNING
            self._announcer.tell("task.invalid", file.task_id, f"{problem}{kept}", level)

    # --- the record ---------------------------------------------------------------------------------------

    async def retire(self, record: TaskRecord) -> None:
        """End what is in force of a task."""
        await self._in_force.retire(record)
        self._refusals.pop(record.task_id, None)
        self._note_module(record)
        if self._shared is not None:
            self._shared.drop(record.task_id)

    async def _put(self, record: TaskRecord) -> None:
        await self._in_force.put(record)
        self._note_module(record)

    def _note_module(self, record: TaskRecord) -> None:
        is_module = record.status is TaskStatus.MODULE
        if self._local.note_module(record.task_id, record.digest if is_module else None):
            self.modules_changed = True

    def _upcoming(self, jobs: Iterable[JobDeclaration]) -> datetime | None:
        """Return the first slot of jobs that may not be checked yet, None when there is none."""
        now = self._clock.now()
        try:
            moments = [self._timetable.trigger_of(job.trigger, job.timezone).next_after(now) for job in jobs]
        except TriggerError:
            return None
        return min((moment for moment in moments if moment is not None), default=None)


def _starts(jobs: Sequence[Job]) -> str:
    """Return in words when jobs are started: the next slot of all, and the events they wait for."""
    upcoming = min((job.next_run for job in jobs if job.next_run is not None), default=None)
    events = list(dict.fromkeys(job.trigger for job in jobs if not has_slots(job.trigger)))
    parts = [] if upcoming is None else [f"next at {upcoming.astimezone():%Y-%m-%d %H:%M:%S %Z}"]
    if events:
        more = f" and {len(events) - MOST_EVENTS_TOLD:,} more" if len(events) > MOST_EVENTS_TOLD else ""
        parts.append(f"waits for: {', '.join(events[:MOST_EVENTS_TOLD])}{more}")
    if parts:
        return "; ".join(parts)
    return "its schedule has no further instant" if jobs else "no schedule: starts only on request"


def _told(earlier: TaskRecord | None, record: TaskRecord) -> Sequence[Problem]:
    """Return the problems that have been told already: those of the same file, unless it was only shown as preparing."""
    if earlier is None or earlier.digest != record.digest:
        return ()
    is_first = earlier.status is TaskStatus.PREPARING and earlier.version != record.digest
    return () if is_first else earlier.problems


def _functions(jobs: Sequence[JobDeclaration], reading: TaskReading) -> tuple[str | None, ...]:
    """Return what a request may call, `start` first where there is one."""
    names = dict.fromkeys(job.function for job in jobs)
    if reading.has_start:
        names = dict.fromkeys(["start", *names])
    return tuple(names) or (None,)
