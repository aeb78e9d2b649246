"""What stands of each task file: on record first, then in force. Nothing is in force before its commit."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from task_scheduler.core.environments import Lock, Requirements
from task_scheduler.core.errors import Problem, TriggerError
from task_scheduler.core.planning import TICK
from task_scheduler.core.tasks import Job, JobDeclaration, TaskRecord, TaskStatus, TaskVersion
from task_scheduler.ports import Admission, Catalogue, Clock, KnownFile, SourceFile
from task_scheduler.services.gathering import Gathering
from task_scheduler.services.lock_origins import LockOrigins
from task_scheduler.services.patience import Patience
from task_scheduler.services.preparation import needs_of
from task_scheduler.services.register import Admitted, Register
from task_scheduler.services.timetable import Timetable

#: Files whose changes share a commit, at most: claims of slots wait behind it.
MOST_IN_A_COMMIT = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Ready:
    """A version with all that putting it in force needs."""

    record: TaskRecord
    version: TaskVersion
    source: bytes
    lock: Lock
    requirements: Requirements  #: what the lock was made for
    jobs: tuple[JobDeclaration, ...]


class InForce:
    """The records of all task files, and the only writer of the register and of the timetable.

    Each change is on record before it counts. What is asked for at the same time shares a commit; a store that
    fails delays everything and loses nothing.
    """

    def __init__(
        self,
        *,
        catalogue: Catalogue,
        register: Register,
        timetable: Timetable,
        clock: Clock,
        origins: LockOrigins,
        patience: Patience,
        on_change: Callable[[], None],
    ) -> None:
        """`on_change` is called whenever the timetable, or what may start, changed."""
        self._catalogue = catalogue
        self._register = register
        self._timetable = timetable
        self._clock = clock
        self._origins = origins
        self._on_change = on_change
        self._patience = patience
        self._records: dict[str, TaskRecord] = {}
        #: What the locks of versions in force were made for, as far as that is known.
        self._locked_for: dict[str, Requirements] = {}
        #: Stamps of files that are not on record yet as they are, with the digests they belong to.
        self._stamps: dict[str, tuple[str, str]] = {}
        self._admitting = Gathering(self._admit, most=MOST_IN_A_COMMIT)
        self._retiring = Gathering(self._retire, most=MOST_IN_A_COMMIT)
        self._putting = Gathering(self._put, most=MOST_IN_A_COMMIT)

    # --- looking ------------------------------------------------------------------------------------------

    @property
    def records(self) -> Mapping[str, TaskRecord]:
        """What is on record of each task file, deleted ones included."""
        return self._records

    def get(self, task_id: str) -> Admitted | None:
        """Return the version of a task in force, None when there is none."""
        return self._register.get(task_id)

    def environments(self) -> Collection[str]:
        """Return the keys of the environments in force."""
        return self._register.environments()

    def known_files(self) -> dict[str, KnownFile]:
        """Return the task files on record; a stamp only where the file need not be read again if it looks the same."""
        lasting = {TaskStatus.ACTIVE, TaskStatus.DISABLED, TaskStatus.MODULE}
        return {
            task_id: KnownFile(
                digest=record.digest or "",
                stamp=record.stamp or "" if record.status in lasting else "",
            )
            for task_id, record in self._records.items()
            if record.status is not TaskStatus.DELETED
        }

    def record(self, file: SourceFile, status: TaskStatus, *, title: str, problems: Iterable[Problem]) -> TaskRecord:
        """Build what is to be put on record of a file, with the version that is in force."""
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
            stamp=self._stamp_of(file),
        )

    def locked_for(self, task_id: str) -> Requirements | None:
        """Return what the lock in force was made for, None when that is not known."""
        return self._locked_for.get(task_id)

    def is_locked_for(self, task_id: str, requirements: Requirements) -> bool:
        """Whether the lock in force was made for these requirements, as far as that is known."""
        admitted = self._register.get(task_id)
        if admitted is None:
            return False
        known = self._locked_for.get(task_id)
        if known is None and admitted.version.local_digest == "" and self._origins.is_of_now(admitted.version):
            known = needs_of(admitted.version.declaration)
        if known is None:
            return self._origins.was_made_for(admitted.version.environment, requirements)
        return known == requirements

    def is_locked_as_now(self, version: TaskVersion) -> bool:
        """Whether a version was locked in the mode that holds now: for its own needs, where each task has its own."""
        return self._origins.is_of_now(version)

    # --- changing -----------------------------------------------------------------------------------------

    async def admit(self, ready: Ready) -> Sequence[Job]:
        """Put a version in force; return its jobs."""
        return await self._admitting.ask(ready)

    async def retire(self, record: TaskRecord) -> None:
        """End what is in force of a task, and put its record down."""
        await self._retiring.ask(record)

    async def put(self, record: TaskRecord) -> None:
        """Put a record down; what is in force stays."""
        await self._putting.ask(record)

    async def confirm(self, files: Sequence[SourceFile]) -> None:
        """Put down by what these files can be told to be unchanged."""
        stamps: dict[str, tuple[str, str]] = {}
        for file in files:
            record = self._records.get(file.task_id)
            if record is None or record.digest != file.digest:
                self._stamps[file.task_id] = (file.digest, file.stamp)
            elif record.stamp != file.stamp:
                stamps[file.task_id] = (file.digest, file.stamp)
        for task_ids in _portions(list(stamps), MOST_IN_A_COMMIT):
            await self._put_stamps({task_id: stamps[task_id] for task_id in task_ids})

    def note_lock(self, task_id: str, requirements: Requirements) -> None:
        """Take note of what the lock in force was made for."""
        self._locked_for[task_id] = requirements

    def suspend(self, reason: str | None) -> bool:
        """Let nothing start while there is a reason; return whether that is a change."""
        if reason == self._register.suspended:
            return False
        self._register.suspended = reason
        if reason is None:
            self._on_change()
        return True

    async def stop(self) -> None:
        """Write no more."""
        for gathering in (self._admitting, self._retiring, self._putting):
            await gathering.stop()

    # --- in groups ----------------------------------------------------------------------------------------

    async def _admit(self, group: Sequence[Ready]) -> Sequence[Sequence[Job]]:
        jobs = await self._patience.write(lambda: self._catalogue.admit([self._admission(ready) for ready in group]))
        for ready, of_task in zip(group, jobs, strict=True):
            task_id = ready.record.task_id
            self._records[task_id] = ready.record
            self._register.put(Admitted(version=ready.version, path=ready.record.path, lock=ready.lock))
            self._timetable.set_task(task_id, of_task)
            self._locked_for[task_id] = ready.requirements
        self._on_change()
        await self._remember_locks(group)
        return jobs

    async def _remember_locks(self, group: Sequence[Ready]) -> None:
        # The packages of helpers are the only needs that no declaration in force tells.
        noted = [
            self._origins.note(ready.lock.key, ready.requirements) for ready in group if ready.version.local_digest
        ]
        if any(noted):
            await self._patience.write(lambda: self._origins.save(self.environments()))

    def _admission(self, ready: Ready) -> Admission:
        now = self._clock.now()
        return Admission(
            task=ready.record,
            version=ready.version,
            source=ready.source,
            lock=ready.lock,
            jobs=ready.jobs,
            next_runs=[self._timetable.trigger_of(job.trigger, job.timezone).next_after(now) for job in ready.jobs],
        )

    async def _retire(self, group: Sequence[TaskRecord]) -> Sequence[None]:
        now = self._clock.now()
        records = [replace(record, version=None, updated_at=now) for record in group]
        await self._patience.write(lambda: self._catalogue.retire(records))
        for record in records:
            self._records[record.task_id] = record
            self._locked_for.pop(record.task_id, None)
            self._register.drop(record.task_id)
            self._timetable.set_task(record.task_id, ())
        self._on_change()
        return [None] * len(group)

    async def _put(self, group: Sequence[TaskRecord]) -> Sequence[None]:
        await self._patience.write(lambda: self._catalogue.put_tasks(group))
        self._records.update({record.task_id: record for record in group})
        return [None] * len(group)

    async def _put_stamps(self, stamps: Mapping[str, tuple[str, str]]) -> None:
        await self._patience.write(lambda: self._catalogue.put_stamps(stamps))
        for task_id, (digest, stamp) in stamps.items():
            record = self._records[task_id]
            if record.digest == digest:
                self._records[task_id] = replace(record, stamp=stamp)

    def _stamp_of(self, file: SourceFile) -> str | None:
        if file.stamp:
            return file.stamp
        digest, stamp = self._stamps.pop(file.task_id, ("", ""))
        return stamp if stamp and digest == file.digest else None

    # --- from the record ----------------------------------------------------------------------------------

    async def load(self) -> Sequence[tuple[str, str]]:
        """Put in force what the record says was; return the tasks that cannot be, each with the reason."""
        await self._origins.load()
        self._records = {record.task_id: record for record in await self._catalogue.tasks()}
        jobs: dict[str, list[Job]] = {}
        for job in await self._catalogue.jobs():
            jobs.setdefault(job.task_id, []).append(job)
        versions = await self._catalogue.versions()
        locks = {key: await self._catalogue.lock(key) for key in {version.environment for version in versions}}
        owed = _Owed(self._timetable, self._clock.now())
        refused: list[tuple[str, str]] = []
        for version in versions:
            record, lock = self._records.get(version.task_id), locks[version.environment]
            if record is None or lock is None:
                continue
            try:
                checked = [owed.checked(job) for job in jobs.get(version.task_id, [])]
            except TriggerError as error:
                refused.append((version.task_id, f"{record.path}: {error}"))
                continue
            self._register.put(Admitted(version=version, path=record.path, lock=lock))
            self._timetable.set_task(version.task_id, checked)
        if owed.moved:
            await self._catalogue.reschedule(owed.moved)
        return refused


def _portions(values: Sequence[str], size: int) -> Iterator[Sequence[str]]:
    for start in range(0, len(values), size):
        yield values[start : start + size]


class _Owed:
    """Checks what jobs owe by their triggers: a zone or its rules may have changed since."""

    def __init__(self, timetable: Timetable, now: datetime) -> None:
        self._timetable = timetable
        self._now = now
        self._known: dict[tuple[str, str | None, datetime], datetime | None] = {}
        self.moved: dict[int, datetime | None] = {}

    def checked(self, job: Job) -> Job:
        """Return the job with an instant its trigger really has; what was due until now stays owed."""
        # Always, so that a trigger that cannot be read is found.
        trigger = self._timetable.trigger_of(job.trigger, job.timezone)
        if job.next_run is None:
            return job
        which = (job.trigger, job.timezone, job.next_run)
        if which not in self._known:
            just_before = job.next_run - TICK
            moment = trigger.next_after(just_before)
            self._known[which] = moment if moment == job.next_run else trigger.next_after(min(just_before, self._now))
        moment = self._known[which]
        if moment == job.next_run:
            return job
        self.moved[job.id] = moment
        return replace(job, next_run=moment)
