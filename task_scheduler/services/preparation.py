"""From a task file to all that its admission needs: read, lock, build, check."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from task_scheduler.core.declaration.timing import timed
from task_scheduler.core.environments import Lock, Requirements
from task_scheduler.core.errors import EnvironmentFailed, Problem, TriggerError
from task_scheduler.core.job_remarks import surprises, without_slots
from task_scheduler.core.known_modules import package_for
from task_scheduler.core.tasks import JobDeclaration, StartMethod, TaskDeclaration, TaskReading, identity_of
from task_scheduler.core.triggers import calendar_of, read_zone
from task_scheduler.ports import EnvironmentProvider, SourceFile, TaskReader
from task_scheduler.services.timetable import Timetable

#: Packages of the project itself, which no environment holds.
LOCAL_PACKAGES = frozenset({"helpers", "tasks"})


class NotAdmitted(Exception):
    """A file cannot be admitted as it stands; carries what to tell."""

    def __init__(
        self,
        problems: Sequence[Problem],
        *,
        detail: str = "",
        is_temporary: bool | None = None,
        observing: Sequence[JobDeclaration] = (),
    ) -> None:
        """`is_temporary`: None says that only a change of the file helps, False that time is unlikely to.

        `observing` are its jobs that observe a calendar file: a change of that may help too.
        """
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = tuple(problems)
        self.detail = detail
        self.is_temporary = is_temporary
        self.observing = tuple(observing)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What a task file says, and what it needs installed."""

    task: TaskReading
    needs: Requirements


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """All that admission needs."""

    requirements: Requirements  #: what the lock was made for
    lock: Lock
    jobs: tuple[JobDeclaration, ...]
    remarks: tuple[Problem, ...] = ()  #: warnings about computed schedules; reading the file gave those of written ones


class Preparation:
    """Reads task files and makes ready what they need; knows nothing of what is in force."""

    def __init__(self, *, reader: TaskReader, environments: EnvironmentProvider, timetable: Timetable) -> None:
        self._reader = reader
        self._environments = environments
        self._timetable = timetable

    async def read(self, files: Sequence[SourceFile]) -> Sequence[Reading]:
        """Return what files say."""
        return await asyncio.to_thread(lambda: [self._read(file) for file in files])

    async def make_ready(
        self,
        file: SourceFile,
        reading: TaskReading,
        requirements: Requirements,
        *,
        known: Lock | None,
        on_lock: Callable[[Lock], None],
    ) -> Prepared:
        """Lock, build and check; `known` is a lock of these requirements that is built. Raises NotAdmitted."""
        try:
            lock = known or await self._environments.resolve(requirements)
            on_lock(lock)
            if known is None:
                await self._environments.ensure(lock)
            await self._check_imports(file, reading, lock)
            jobs = await self._computed_jobs(file, reading, lock) if reading.computed else reading.jobs
        except EnvironmentFailed as error:
            problem = Problem(path=file.path, message=str(error))
            problems = [*reading.problems, problem]
            raise NotAdmitted(problems, detail=error.detail, is_temporary=error.temporary) from error
        self._check_triggers(file, reading, jobs)
        remarks = tuple(self._remarks(file, reading, jobs)) if reading.computed else ()
        return Prepared(requirements=requirements, lock=lock, jobs=jobs, remarks=remarks)

    def _read(self, file: SourceFile) -> Reading:
        reading = self._reader.read(file)
        if reading.declaration is None:
            return Reading(task=reading, needs=Requirements())
        return Reading(
            task=reading, needs=needs_of(reading.declaration, self._reader.helper_packages(reading.helper_names))
        )

    async def _check_imports(self, file: SourceFile, reading: TaskReading, lock: Lock) -> None:
        modules = [name for name in reading.imports if top_level(name) not in LOCAL_PACKAGES]
        missing = await self._environments.missing_modules(lock.key, modules, file.path) if modules else ()
        if missing:
            found = [
                Problem(path=file.path, message=_explain_missing(name), line=reading.import_lines.get(name))
                for name in missing
            ]
            raise NotAdmitted([*reading.problems, *found])

    async def _computed_jobs(self, file: SourceFile, reading: TaskReading, lock: Lock) -> tuple[JobDeclaration, ...]:
        zone = None if reading.declaration is None else reading.declaration.timezone
        if file.saved_at is not None:
            # Ends that count from it are told by the task's own clock.
            local = file.saved_at.astimezone(read_zone(zone) if zone else self._timetable.zone)
            file = replace(file, saved_at=local)
        inspection = await self._environments.inspect(lock.key, file)
        if inspection.problems:
            raise NotAdmitted([*reading.problems, *inspection.problems])
        computed, found = [], []
        for job in inspection.jobs:
            try:
                computed.append(timed(job, reading.declaration, file.task_id))
            except TriggerError as error:
                found.append(Problem(path=file.path, message=str(error), line=job.line))
        if found:
            raise NotAdmitted([*reading.problems, *found])
        return tuple({identity_of(job): job for job in (*reading.jobs, *computed)}.values())

    def _check_triggers(self, file: SourceFile, reading: TaskReading, jobs: Sequence[JobDeclaration]) -> None:
        found = self.trigger_faults(file, jobs)
        if found:
            raise NotAdmitted([*reading.problems, *found], observing=observers(jobs))

    def trigger_faults(self, file: SourceFile, jobs: Iterable[JobDeclaration]) -> Sequence[Problem]:
        """Return why jobs of a file have no instants, each reason once in its line."""
        found: dict[Problem, None] = {}
        for job in jobs:
            try:
                self._timetable.trigger_of(job.trigger, job.timezone)
            except TriggerError as error:
                found[Problem(path=file.path, message=str(error), line=job.line)] = None
        return list(found)

    def _remarks(self, file: SourceFile, reading: TaskReading, jobs: Sequence[JobDeclaration]) -> Iterator[Problem]:
        """Yield what is to be told of computed schedules as of written ones."""
        written = {identity_of(job) for job in reading.jobs}
        for job in jobs:
            if identity_of(job) in written:
                continue
            trigger = self._timetable.trigger_of(job.trigger, job.timezone)
            zone = read_zone(job.timezone) if job.timezone else self._timetable.zone
            found = without_slots(job, file.path, trigger=trigger, zone=zone, saved_at=file.saved_at)
            if found is not None:
                yield found
            yield from surprises(job, file.path)


def observers(jobs: Iterable[JobDeclaration]) -> tuple[JobDeclaration, ...]:
    """Return the jobs that observe a calendar file, not a country; it may change while their own file does not."""
    return tuple(job for job in jobs if _observes_file(job))


def _observes_file(job: JobDeclaration) -> bool:
    try:
        return "." in calendar_of(job.trigger)
    except TriggerError:
        return False  # what importing the file told need not be a schedule


def needs_of(declaration: TaskDeclaration, helper_packages: Sequence[str] = ()) -> Requirements:
    """Return what a task needs installed: its own packages and those of the helpers it imports."""
    packages = {*declaration.dependencies, *helper_packages}
    return Requirements(packages=tuple(sorted(packages)), python_version=declaration.python_version)


def _explain_missing(module: str) -> str:
    package = package_for(module)
    add = "the package" if package is None else f'"{package}"'
    return f"imports {module!r}, which none of its packages provides: add {add} to 'dependencies'"


def top_level(module: str) -> str:
    """Return `a` of `a.b.c`."""
    return module.partition(".")[0]


def preloadable(reading: TaskReading, *, is_local: Callable[[str], bool]) -> tuple[str, ...]:
    """Return the imports a host may make ahead: code of the project changes, and would be run as it was."""
    declaration = reading.declaration
    if declaration is not None and (not declaration.preload or declaration.start_method is StartMethod.SPAWN):
        return ()
    return tuple(
        name for name in reading.imports if top_level(name) not in LOCAL_PACKAGES and not is_local(top_level(name))
    )
