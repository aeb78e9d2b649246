"""Brings task files into force, and ends what is gone."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from task_scheduler.core.environments import Lock, Requirements
from task_scheduler.core.errors import Problem, Severity, TriggerError
from task_scheduler.core.events import Event, Level
from task_scheduler.core.planning import TICK
from task_scheduler.core.policies import BackOff
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
from task_scheduler.ports import (
    Catalogue,
    Clock,
    EnvironmentProvider,
    SourceChanges,
    SourceFile,
    TaskReader,
    TaskSource,
)
from task_scheduler.services.patience import Patience
from task_scheduler.services.preparation import (
    NotAdmitted,
    Preparation,
    Prepared,
    Reading,
    needs_of,
    preloadable,
    uses_local_code,
)
from task_scheduler.services.register import Admitted, Register
from task_scheduler.services.service import Publish, Service
from task_scheduler.services.shared_environment import SharedNeeds
from task_scheduler.services.timetable import Timetable
from task_scheduler.services.waits import is_done_within, sleep_through_suspend

#: A preparation that takes longer than this is shown to the person while it goes on, in seconds.
SHOWN_AFTER = 0.1
#: The first look waits at most this long, in seconds, for files that are not in force yet.
FIRST_LOOK_PATIENCE = 2.0
#: Pauses before a failed preparation is tried again: where time may help, and where it hardly will.
TEMPORARY = BackOff(first=timedelta(seconds=30), longest=timedelta(minutes=30))
LASTING = BackOff(first=timedelta(minutes=10), longest=timedelta(hours=6))


@dataclass(slots=True, kw_only=True, eq=False)
class _Candidate:
    """A task file as it stands, and the work on it."""

    file: SourceFile
    title: str
    work: asyncio.Task[None] | None = None
    is_pausing: bool = False  #: its work waits to try again
    is_refused: bool = False
    environment: str | None = None  #: key of the environment being made ready for it
    #: Held while a result is put on record and into memory: never cancelled between the two.
    committing: asyncio.Lock = field(default_factory=asyncio.Lock)

    @property
    def is_at_work(self) -> bool:
        """Whether it is being prepared right now."""
        return self.work is not None and not self.is_pausing


class Catalog(Service):
    """Keeps what is in force equal to the folder of tasks.

    A broken edit never replaces the version in force (unless `stop_on_invalid`), and an edit made while an
    earlier one is being prepared takes its place. Nothing is in force before its commit.
    """

    name = "catalog"

    def __init__(
        self,
        *,
        source: TaskSource,
        reader: TaskReader,
        environments: EnvironmentProvider,
        catalogue: Catalogue,
        register: Register,
        timetable: Timetable,
        clock: Clock,
        stop_on_invalid: bool,
        shared_environment: bool,
        reload_on_change: bool = True,
        on_change: Callable[[], None],
        publish: Publish,
    ) -> None:
        """`on_change` is called whenever the timetable, or what may start, changed.

        Without `reload_on_change` an edit of a task in force waits for the next start.
        """
        super().__init__(publish=publish)
        self._source = source
        self._environments = environments
        self._catalogue = catalogue
        self._register = register
        self._timetable = timetable
        self._clock = clock
        self._stop_on_invalid = stop_on_invalid
        self._reload_on_change = reload_on_change
        self._on_change = on_change
        self._patience = Patience(clock=clock, publish=publish)
        self._preparation = Preparation(reader=reader, environments=environments, timetable=timetable)
        #: None: each task has an environment for its own needs.
        self._shared = SharedNeeds() if shared_environment else None
        self._records: dict[str, TaskRecord] = {}
        self._candidates: dict[str, _Candidate] = {}
        #: What the locks of versions in force were made for, as far as that is known.
        self._locked_for: dict[str, Requirements] = {}
        self._changes: asyncio.Queue[SourceChanges] = asyncio.Queue()
        self._looked = asyncio.Event()
        #: Folders that hold task files, as the beginning of their ids.
        self._folders: set[str] = set()
        self._local_digest = ""

    async def load(self) -> None:
        """Put in force what the record says was, before any file is looked at."""
        self._records = {record.task_id: record for record in await self._catalogue.tasks()}
        jobs: dict[str, list[Job]] = {}
        for job in await self._catalogue.jobs():
            jobs.setdefault(job.task_id, []).append(job)
        versions = await self._catalogue.versions()
        locks = {key: await self._catalogue.lock(key) for key in {version.environment for version in versions}}
        moved: dict[int, datetime | None] = {}
        for version in versions:
            record, lock = self._records.get(version.task_id), locks[version.environment]
            if record is None or lock is None:
                continue
            try:
                checked = [self._check_owed(job, moved) for job in jobs.get(version.task_id, [])]
            except TriggerError as error:
                self._tell("task.invalid", version.task_id, f"{record.path}: {error}", Level.ERROR)
                continue
            self._register.put(Admitted(version=version, path=record.path, lock=lock))
            self._timetable.set_task(version.task_id, checked)
        if moved:
            await self._catalogue.reschedule(moved)

    async def first_look(self) -> None:
        """Return once every file was looked at, and what needs no long preparation is in force.

        Scheduling after it runs nothing of a file that was deleted, disabled or edited in the meantime.
        """
        await self._looked.wait()
        work = [candidate.work for candidate in self._candidates.values() if candidate.work is not None]
        if work:
            everything = asyncio.ensure_future(asyncio.wait(work))
            await is_done_within(self._clock, FIRST_LOOK_PATIENCE, everything)

    def counts(self) -> dict[str, int]:
        """Return how many task files stand at each status."""
        counts: dict[str, int] = {}
        for record in self._records.values():
            counts[record.status] = counts.get(record.status, 0) + 1
        return counts

    def status_of(self, task_id: str) -> TaskRecord | None:
        """Return what is known of a task file, None when it was never seen."""
        return self._records.get(task_id)

    def environments_in_use(self) -> set[str]:
        """Return the keys of environments that are in force or being prepared."""
        preparing = {candidate.environment for candidate in self._candidates.values() if candidate.is_at_work}
        return {*self._register.environments(), *(key for key in preparing if key is not None)}

    @property
    def is_preparing(self) -> bool:
        """Whether any file is being brought into force."""
        return any(candidate.is_at_work for candidate in self._candidates.values())

    # --- lifecycle ----------------------------------------------------------------------------------------

    async def _set_up(self) -> None:
        self._looked.clear()
        await self._source.start(self._changes.put_nowait)

    async def _run(self) -> None:
        try:
            while True:
                await self._take(await self._changes.get())
                self._looked.set()
        finally:
            self._looked.set()  # nobody waits for a look that will not come

    async def _tear_down(self) -> None:
        await self._source.stop()
        self._changes = asyncio.Queue()
        work = [candidate.work for candidate in self._candidates.values() if candidate.work is not None]
        for task in work:
            task.cancel()
        await asyncio.gather(*work, return_exceptions=True)
        self._candidates.clear()

    # --- changes in the folder ----------------------------------------------------------------------------

    async def _take(self, changes: SourceChanges) -> None:
        self._note_suspension(changes.suspended)
        if changes.suspended is not None:
            return
        gone = set(changes.removed)
        if changes.complete:
            known = {*self._records, *self._candidates}
            gone |= known - {file.task_id for file in changes.files}
        for task_id in sorted(gone):
            await self._end(task_id)
        locals_changed = changes.local_digest != self._local_digest
        self._local_digest = changes.local_digest
        for file in changes.files:
            self._note_folders(file.task_id)
        for file in changes.files:
            await self._consider(file, again=locals_changed)
        if locals_changed:
            await self._consider_users_of_locals({file.task_id for file in changes.files})

    def _note_folders(self, task_id: str) -> None:
        while task_id := task_id.rpartition("/")[0]:
            self._folders.add(task_id)

    def _note_suspension(self, reason: str | None) -> None:
        if reason == self._register.suspended:
            return
        self._register.suspended = reason
        if reason is None:
            self._publish(Event(name="tasks.resumed", message="the folder of tasks can be read again"))
            self._on_change()
        else:
            message = f"{reason}: its tasks are suspended, nothing of them is deleted"
            self._publish(Event(name="tasks.suspended", message=message, level=Level.ERROR))

    async def _end(self, task_id: str) -> None:
        await self._drop_candidate(task_id)
        record = self._records.get(task_id)
        if record is not None and record.status is not TaskStatus.DELETED:
            await self._retire(replace(record, status=TaskStatus.DELETED, problems=(), detail=""))
            self._tell("task.deleted", task_id, "its file is gone: its schedule ended, its history stays")
        if self._shared is not None:
            self._shared.drop(task_id)
            self._move_to_shared()

    async def _consider(self, file: SourceFile, *, again: bool) -> None:
        """Begin to bring a file into force, unless it is; `again` also when it is being brought there already."""
        if self._looked.is_set() and not self._reload_on_change and self._register.get(file.task_id) is not None:
            return
        earlier = self._candidates.get(file.task_id)
        if earlier is not None and earlier.work is not None and earlier.file == file and not again:
            return
        await self._drop_candidate(file.task_id)
        if self._shared is None and self._is_settled(file):
            if self._uses_locals(file.task_id):
                self._candidates[file.task_id] = self._candidate(file)
            return
        self._begin(self._candidate(file))

    def _is_settled(self, file: SourceFile) -> bool:
        """Whether what is on record and in force is this very file, as it is to be."""
        record, admitted = self._records.get(file.task_id), self._register.get(file.task_id)
        if record is None or record.path != file.path:
            return False
        if record.status in {TaskStatus.DISABLED, TaskStatus.MODULE}:
            return record.digest == file.digest
        return (
            admitted is not None
            and record.status is TaskStatus.ACTIVE
            and admitted.version.digest == file.digest
            and admitted.version.local_digest in {"", self._local_digest}
            and self._environments.is_ready(admitted.version.environment)
        )

    async def _consider_users_of_locals(self, considered: set[str]) -> None:
        for task_id, candidate in tuple(self._candidates.items()):
            if task_id not in considered:
                await self._consider(candidate.file, again=True)

    def _uses_locals(self, task_id: str) -> bool:
        admitted = self._register.get(task_id)
        return admitted is not None and admitted.version.local_digest != ""

    def _candidate(self, file: SourceFile) -> _Candidate:
        record = self._records.get(file.task_id)
        return _Candidate(file=file, title=file.task_id if record is None else record.title)

    async def _drop_candidate(self, task_id: str) -> None:
        candidate = self._candidates.pop(task_id, None)
        if candidate is None:
            return
        async with candidate.committing:
            work = candidate.work
            if work is not None:
                work.cancel()
        if work is not None:
            await asyncio.wait({work})

    # --- from a file to a version in force ----------------------------------------------------------------

    def _begin(self, candidate: _Candidate) -> None:
        self._candidates[candidate.file.task_id] = candidate
        if self._shared is not None:
            self._shared.expect(candidate.file.task_id)
        candidate.work = asyncio.get_running_loop().create_task(self._bring_into_force(candidate))

    async def _bring_into_force(self, candidate: _Candidate) -> None:
        failures = 0
        try:
            while (pause := await self._try(candidate, failures + 1)) is not None:
                failures += 1
                candidate.is_pausing = True
                self._move_to_shared()
                await sleep_through_suspend(self._clock, pause.total_seconds())
                candidate.is_pausing = False
        finally:
            candidate.work = None
            if self._shared is not None:
                self._shared.is_read(candidate.file.task_id)
        self._let_go(candidate)
        self._move_to_shared()

    async def _try(self, candidate: _Candidate, tries: int) -> timedelta | None:
        """Bring a file into force, or say why not; return the pause before another try, None when there is none."""
        file = candidate.file
        try:
            await self._put_in_force(candidate)
        except NotAdmitted as error:
            refusal = error
        except Exception as error:  # noqa: BLE001 - the loop boundary of a preparation: no file may stop the others
            message = f"a fault of the program, which tries again: {type(error).__name__}: {error}"
            refusal = NotAdmitted([Problem(path=file.path, message=message)], is_temporary=True)
            self._publish(
                Event(
                    name="task.fault",
                    message=f"a fault of the program at {file.path}: {error!r}",
                    level=Level.ERROR,
                    fields={"task": file.task_id, "exception": error},
                )
            )
        else:
            candidate.is_refused = False
            return None
        if self._shared is not None:
            self._shared.is_read(file.task_id)
            if not refusal.is_temporary:
                self._shared.refuse(file.task_id)
        if not (refusal.is_temporary and self._is_settled(file)):
            async with candidate.committing:
                candidate.is_refused = True
                await self._refuse(candidate, refusal)
        if refusal.is_temporary is None:
            return None
        return (TEMPORARY if refusal.is_temporary else LASTING).delay(tries)

    async def _put_in_force(self, candidate: _Candidate) -> None:
        file, local_digest = candidate.file, self._local_digest
        reading = await self._preparation.read(file)
        task, declaration = reading.task, reading.task.declaration
        if task.errors:
            raise NotAdmitted(task.problems)
        if task.kind is FileKind.MODULE or declaration is None:
            record = self._record(file, TaskStatus.MODULE, title=file.task_id, problems=task.problems)
            async with candidate.committing:
                await self._retire(record)
            return
        candidate.title = declaration.title
        if not declaration.enabled:
            record = self._record(file, TaskStatus.DISABLED, title=declaration.title, problems=task.problems)
            async with candidate.committing:
                await self._retire(record)
            self._tell("task.disabled", file.task_id, "disabled: nothing of it is started")
            return
        prepared = await self._prepare(candidate, reading, declaration)
        async with candidate.committing:
            if self._shared is not None and self._is_in_force(file, prepared.lock):
                self._note_lock(file.task_id, prepared.requirements)
            else:
                await self._admit(file, task, declaration, prepared, local_digest)

    async def _prepare(self, candidate: _Candidate, reading: Reading, declaration: TaskDeclaration) -> Prepared:
        """Lock, build and check, telling the person about it when it takes time."""
        work = asyncio.create_task(self._make_ready(candidate, reading))
        try:
            if not await is_done_within(self._clock, SHOWN_AFTER, work, end=False):
                if not self._is_settled(candidate.file):
                    await self._show_preparing(candidate.file, reading, declaration)
                await asyncio.wait({work})
            return work.result()
        finally:
            if not work.done():
                work.cancel()
                await asyncio.wait({work})

    async def _make_ready(self, candidate: _Candidate, reading: Reading) -> Prepared:
        file = candidate.file

        def note(lock: Lock) -> None:
            candidate.environment = lock.key

        async def ready(requirements: Requirements) -> Prepared:
            known = self._known_lock(file.task_id, requirements)
            return await self._preparation.make_ready(file, reading.task, requirements, known=known, on_lock=note)

        if self._shared is None:
            return await ready(reading.needs)
        self._shared.put(file.task_id, reading.needs)
        everything = await self._shared.known()
        try:
            return await ready(everything)
        except NotAdmitted as refusal:
            proven = self._shared.proven_with(file.task_id)
            if refusal.is_temporary is not False or proven == everything:
                raise
            # A file that is not in force may be to blame: this one is judged without those.
            return await ready(proven)

    def _known_lock(self, task_id: str, requirements: Requirements) -> Lock | None:
        """Return the lock in force when it was made for these requirements: an edit of code changes no package."""
        admitted = self._register.get(task_id)
        if admitted is None:
            return None
        locked_for = self._locked_for.get(task_id)
        if locked_for is None and self._shared is None and admitted.version.local_digest == "":
            locked_for = needs_of(admitted.version.declaration)
        is_usable = locked_for == requirements and self._environments.is_ready(admitted.lock.key)
        return admitted.lock if is_usable else None

    async def _show_preparing(self, file: SourceFile, reading: Reading, declaration: TaskDeclaration) -> None:
        packages = ", ".join(reading.needs.packages) or "no packages of its own"
        detail = f"making its environment ready ({packages})"
        upcoming = self._upcoming(reading.task.jobs)
        if upcoming is not None:
            detail += f"; due next at {upcoming.astimezone():%Y-%m-%d %H:%M:%S %Z}"
        record = self._record(file, TaskStatus.PREPARING, title=declaration.title, problems=reading.task.problems)
        await self._put(replace(record, detail=detail))
        self._tell("task.preparing", file.task_id, detail)

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
            preload=preloadable(reading, is_local=lambda name: self._is_local(file.task_id, name)),
            local_digest=local_digest if uses_local_code(reading) else "",
            functions=_functions(prepared.jobs, reading),
            admitted_at=self._clock.now(),
        )
        record = self._record(file, TaskStatus.ACTIVE, title=declaration.title, problems=reading.problems)
        record = replace(record, version=file.digest)
        jobs = await self._patience.write(
            lambda: self._catalogue.admit(
                record, version, file.content or b"", prepared.lock, prepared.jobs, self._next_runs(prepared.jobs)
            )
        )
        self._records[file.task_id] = record
        self._register.put(Admitted(version=version, path=file.path, lock=prepared.lock))
        self._timetable.set_task(file.task_id, jobs)
        self._note_lock(file.task_id, prepared.requirements)
        self._on_change()
        self._tell_admitted(record, jobs)

    def _tell_admitted(self, record: TaskRecord, jobs: Sequence[Job]) -> None:
        upcoming = min((job.next_run for job in jobs if job.next_run is not None), default=None)
        due = (
            "no schedule: starts only on request"
            if upcoming is None
            else f"next at {upcoming.astimezone():%Y-%m-%d %H:%M:%S %Z}"
        )
        self._tell("task.admitted", record.task_id, f"in force, version {str(record.version)[:12]}; {due}")
        for problem in record.problems:
            self._tell("task.warning", record.task_id, str(problem), Level.WARNING)

    def _let_go(self, candidate: _Candidate) -> None:
        """Keep a file in memory only where it may have to be looked at again without having changed."""
        task_id = candidate.file.task_id
        is_needed = candidate.is_refused or self._uses_locals(task_id) or self._shared is not None
        if not is_needed and self._candidates.get(task_id) is candidate:
            del self._candidates[task_id]

    def _is_in_force(self, file: SourceFile, lock: Lock) -> bool:
        admitted = self._register.get(file.task_id)
        return admitted is not None and admitted.version.environment == lock.key and self._is_settled(file)

    def _is_local(self, task_id: str, module: str) -> bool:
        """Whether a file of the folder of tasks may answer to a module's name in this task."""
        beside = task_id.rpartition("/")[0]
        name = f"{beside}/{module}" if beside else module
        return name in self._folders or name in self._records or name in self._candidates

    def _move_to_shared(self) -> None:
        """Once nothing is prepared, move tasks whose environment is not the one for all tasks into that one."""
        if self._shared is None or self.is_preparing:
            return
        together = self._shared.together()
        for candidate in tuple(self._candidates.values()):
            task_id = candidate.file.task_id
            is_idle = candidate.work is None and not candidate.is_refused
            if is_idle and self._register.get(task_id) is not None and self._locked_for.get(task_id) != together:
                self._begin(candidate)

    def _note_lock(self, task_id: str, requirements: Requirements) -> None:
        self._locked_for[task_id] = requirements
        if self._shared is not None:
            self._shared.put_in_force(task_id)

    # --- when it cannot be admitted -----------------------------------------------------------------------

    async def _refuse(self, candidate: _Candidate, refusal: NotAdmitted) -> None:
        file = candidate.file
        record = self._record(file, TaskStatus.INVALID, title=candidate.title, problems=refusal.problems)
        record = replace(record, detail=refusal.detail)
        # An index out of reach says nothing about the file: that stops no version.
        if self._stop_on_invalid and record.version is not None and not refusal.is_temporary:
            await self._retire(record)
            kept = "; nothing of it is started"
        else:
            await self._put(record)
            kept = "" if record.version is None else "; the version in force stays"
        for problem in refusal.problems:
            level = Level.ERROR if problem.severity is Severity.ERROR else Level.WARNING
            self._tell("task.invalid", file.task_id, f"{problem}{kept}", level)

    # --- the record ---------------------------------------------------------------------------------------

    def _record(self, file: SourceFile, status: TaskStatus, *, title: str, problems: Iterable[Problem]) -> TaskRecord:
        """Build what is put on record, with the version that is in force."""
        admitted = self._register.get(file.task_id)
        return TaskRecord(
            task_id=file.task_id,
            path=file.path,
            status=status,
            title=title,
            digest=file.digest,
            version=None if admitted is None else admitted.version.digest,
            problems=tuple(problems),
            updated_at=self._clock.now(),
        )

    async def _put(self, record: TaskRecord) -> None:
        await self._patience.write(lambda: self._catalogue.put_task(record))
        self._records[record.task_id] = record

    async def _retire(self, record: TaskRecord) -> None:
        record = replace(record, version=None, updated_at=self._clock.now())
        await self._patience.write(lambda: self._catalogue.retire(record))
        self._records[record.task_id] = record
        self._locked_for.pop(record.task_id, None)
        if self._shared is not None:
            self._shared.drop(record.task_id)
        self._register.drop(record.task_id)
        self._timetable.set_task(record.task_id, ())
        self._on_change()

    # --- small steps --------------------------------------------------------------------------------------

    def _next_runs(self, jobs: Sequence[JobDeclaration]) -> list[datetime | None]:
        now = self._clock.now()
        return [self._timetable.trigger_of(job.trigger, job.timezone).next_after(now) for job in jobs]

    def _upcoming(self, jobs: Sequence[JobDeclaration]) -> datetime | None:
        """Return the first slot of jobs that may not be checked yet, None when there is none."""
        try:
            return min((moment for moment in self._next_runs(jobs) if moment is not None), default=None)
        except TriggerError:
            return None

    def _check_owed(self, job: Job, moved: dict[int, datetime | None]) -> Job:
        """Return the job with an instant its trigger really has: a zone or its rules may have changed.

        What was due until now by the changed rule stays owed.
        """
        trigger = self._timetable.trigger_of(job.trigger, job.timezone)
        if job.next_run is None or trigger.next_after(job.next_run - TICK) == job.next_run:
            return job
        moved[job.id] = trigger.next_after(min(job.next_run - TICK, self._clock.now()))
        return replace(job, next_run=moved[job.id])

    def _tell(self, name: str, task_id: str, message: str, level: Level = Level.INFO) -> None:
        self._publish(Event(name=name, message=f"{task_id}: {message}", level=level, fields={"task": task_id}))


def _functions(jobs: Sequence[JobDeclaration], reading: TaskReading) -> tuple[str | None, ...]:
    """Return what a request may call, `start` first where there is one."""
    names = dict.fromkeys(job.function for job in jobs)
    if reading.has_start:
        names = dict.fromkeys(["start", *names])
    return tuple(names) or (None,)
