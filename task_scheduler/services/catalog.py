"""Keeps what is in force equal to the folder of tasks."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Container, Sequence
from dataclasses import replace
from datetime import timedelta

from task_scheduler.core.errors import Problem
from task_scheduler.core.events import Event, Level
from task_scheduler.core.policies import BackOff
from task_scheduler.core.tasks import JobDeclaration, TaskRecord, TaskStatus
from task_scheduler.ports import (
    Catalogue,
    Clock,
    EnvironmentProvider,
    SourceChanges,
    SourceFile,
    StateStore,
    TaskReader,
    TaskSource,
)
from task_scheduler.services.announcer import Announcer
from task_scheduler.services.candidates import Candidate, Turns
from task_scheduler.services.enactment import ChangedMeanwhile, Enactment
from task_scheduler.services.in_force import InForce
from task_scheduler.services.local_code import LocalCode
from task_scheduler.services.lock_origins import LockOrigins
from task_scheduler.services.patience import Patience
from task_scheduler.services.preparation import NotAdmitted
from task_scheduler.services.register import Register
from task_scheduler.services.service import Publish, Service
from task_scheduler.services.shared_environment import SharedNeeds
from task_scheduler.services.timetable import Timetable
from task_scheduler.services.waits import is_done_within, sleep_through_suspend

#: The first look waits at most this long, in seconds, for files that are not in force yet.
FIRST_LOOK_PATIENCE = 2.0
#: Seconds between two looks at the calendar files of a task that was refused, which may be what kept it.
CALENDAR_INTERVAL = 5.0
#: Files after which taking a long report lets others work.
TAKEN_AT_ONCE = 50
#: Pauses before a failed preparation is tried again: where time may help, and where it hardly will.
TEMPORARY = BackOff(first=timedelta(seconds=30), longest=timedelta(minutes=30))
LASTING = BackOff(first=timedelta(minutes=10), longest=timedelta(hours=6))


class Catalog(Service):
    """Takes the changes of the folder one after another, and keeps the files that are on their way into force.

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
        state: StateStore | None = None,
        register: Register,
        timetable: Timetable,
        clock: Clock,
        stop_on_invalid: bool,
        shared_environment: bool,
        reload_on_change: bool = True,
        is_scheduling: bool = True,
        patience: Patience,
        on_change: Callable[[], None],
        publish: Publish,
    ) -> None:
        """`on_change` is called whenever the timetable, or what may start, changed.

        Without `state` it is not remembered what locks were made for, and by that when tasks shared one.
        Without `reload_on_change` an edit of a task in force waits for the next start. Without `is_scheduling` nothing
        is said of slots to come, which nobody will start.
        """
        super().__init__(publish=publish)
        self._source = source
        self._clock = clock
        self._reload_on_change = reload_on_change
        self._in_force = InForce(
            catalogue=catalogue,
            register=register,
            timetable=timetable,
            clock=clock,
            origins=LockOrigins(state=state, clock=clock, shared=shared_environment),
            patience=patience,
            on_change=on_change,
        )
        self._announcer = Announcer(clock=clock, publish=publish)
        #: None: each task has an environment for its own needs.
        self._shared = SharedNeeds() if shared_environment else None
        #: Files that are on their way, or may have to be looked at again without having changed.
        self._candidates: dict[str, Candidate] = {}
        self._turns = Turns(start=lambda candidate: asyncio.create_task(self._bring_into_force(candidate)))
        self._local = LocalCode(known=_Known(self._candidates, self._in_force))
        self._enactment = Enactment(
            source=source,
            reader=reader,
            environments=environments,
            timetable=timetable,
            clock=clock,
            in_force=self._in_force,
            local=self._local,
            shared=self._shared,
            announcer=self._announcer,
            stop_on_invalid=stop_on_invalid,
            leave_place=self._turns.leave_place,
            is_scheduling=is_scheduling,
        )
        #: None: modules in the folder have changed.
        self._changes: asyncio.Queue[SourceChanges | None] = asyncio.Queue()
        self._looked = asyncio.Event()

    async def load(self) -> None:
        """Put in force what the record says was, before any file is looked at."""
        for task_id, reason in await self._in_force.load():
            self._announcer.tell("task.invalid", task_id, reason, Level.ERROR)
        for record in self._in_force.records.values():
            if record.status is TaskStatus.MODULE:
                self._local.note_module(record.task_id, record.digest)

    async def configure(self, *, stop_on_invalid: bool, reload_on_change: bool, look_anew: bool) -> None:
        """Work by these from now on; `look_anew` where other files than before may be task files.

        Returns once what the folder holds was reported, where that is judged anew.
        """
        is_judged_anew = look_anew or reload_on_change > self._reload_on_change
        is_judged_anew |= stop_on_invalid > self._enactment.stop_on_invalid
        self._reload_on_change = reload_on_change
        self._enactment.stop_on_invalid = stop_on_invalid
        if is_judged_anew:
            async with self._changing:
                if self._task is not None:
                    await self._source.stop()
                    await self._source.start(self._changes.put_nowait, self._in_force.known_files())

    async def first_look(self) -> None:
        """Return once every file was looked at, and what needs no long preparation is in force.

        Scheduling after it runs nothing of a file that was deleted, disabled or edited in the meantime.
        """
        await self._looked.wait()
        all_rest = asyncio.ensure_future(self._turns.all_rest.wait())
        await is_done_within(self._clock, FIRST_LOOK_PATIENCE, all_rest)

    def counts(self) -> dict[str, int]:
        """Return how many task files stand at each status."""
        counts: dict[str, int] = {}
        for record in self._in_force.records.values():
            counts[record.status] = counts.get(record.status, 0) + 1
        return counts

    def status_of(self, task_id: str) -> TaskRecord | None:
        """Return what is known of a task file, None when it was never seen."""
        return self._in_force.records.get(task_id)

    def task_ids(self) -> set[str]:
        """Return the tasks there are: every task file that is not gone and is no module, whatever its state."""
        others = {TaskStatus.DELETED, TaskStatus.MODULE}
        return {task_id for task_id, record in self._in_force.records.items() if record.status not in others}

    def preparing(self) -> set[str]:
        """Return the tasks on their way into force that have no version in force yet, or are tried again soon."""
        records = self._in_force.records
        preparing = {task_id for task_id, record in records.items() if record.status is TaskStatus.PREPARING}
        waiting = {each.task_id for each in self._candidates.values() if each.is_refused and not each.why_refused}
        return {task_id for task_id in preparing | waiting if self._in_force.get(task_id) is None}

    def refused(self) -> dict[str, tuple[Sequence[JobDeclaration], str]]:
        """Return the jobs of each task that could be read and not be made ready, with the reason; none is in force."""
        return {
            each.task_id: (each.jobs, each.why_refused)
            for each in self._candidates.values()
            if each.is_refused and each.why_refused and each.jobs and self._in_force.get(each.task_id) is None
        }

    def environments_in_use(self) -> set[str]:
        """Return the keys of environments that are in force or being prepared."""
        preparing = {candidate.environment for candidate in self._turns}
        return {*self._in_force.environments(), *(key for key in preparing if key is not None)}

    @property
    def is_preparing(self) -> bool:
        """Whether any file is being brought into force."""
        return bool(self._turns)

    # --- lifecycle ----------------------------------------------------------------------------------------

    async def _set_up(self) -> None:
        self._looked.clear()
        self._enactment.has_looked = False
        await self._source.start(self._changes.put_nowait, self._in_force.known_files())

    async def _run(self) -> None:
        try:
            while True:
                changes = await self._changes.get()
                self._enactment.look_anew()
                if changes is None:
                    await self._consider_users_of_locals(set())
                else:
                    await self._take(changes)
                    self._enactment.has_looked = True
                    self._looked.set()
                self._note_rest()
        finally:
            self._looked.set()  # nobody waits for a look that will not come

    async def _tear_down(self) -> None:
        await self._source.stop()
        self._changes = asyncio.Queue()
        work = [candidate.work for candidate in self._candidates.values() if candidate.work is not None]
        self._turns.clear()
        for task in work:
            task.cancel()
        await asyncio.gather(*work, return_exceptions=True)
        await self._enactment.stop()
        await self._in_force.stop()
        self._candidates.clear()
        self._turns.clear()

    # --- changes in the folder ----------------------------------------------------------------------------

    async def _take(self, changes: SourceChanges) -> None:
        self._note_suspension(changes.suspended)
        if changes.suspended is not None:
            return
        gone = set(changes.removed)
        if changes.complete:
            known = {*self._in_force.records, *self._candidates}
            gone |= known - {file.task_id for file in changes.files}
        await self._end(sorted(gone))
        for file in changes.files:
            self._local.note_file(file.task_id)
        locals_changed = self._local.note_helpers(changes.local_digest)
        await self._consider_all(changes.files, again=locals_changed)
        await self._in_force.confirm(changes.confirmed)
        if locals_changed:
            await self._consider_users_of_locals({file.task_id for file in changes.files})

    def _note_suspension(self, reason: str | None) -> None:
        if not self._in_force.suspend(reason):
            return
        if reason is None:
            self._publish(Event(name="tasks.resumed", message="the folder of tasks can be read again"))
        else:
            message = f"{reason}: its tasks are suspended, nothing of them is deleted"
            self._publish(Event(name="tasks.suspended", message=message, level=Level.ERROR))

    async def _end(self, task_ids: Sequence[str]) -> None:
        """End tasks whose files are gone."""
        for start in range(0, len(task_ids), TAKEN_AT_ONCE):
            await asyncio.gather(*(self._end_one(task_id) for task_id in task_ids[start : start + TAKEN_AT_ONCE]))

    async def _end_one(self, task_id: str) -> None:
        await self._drop_candidate(task_id)
        record = self._in_force.records.get(task_id)
        if record is not None and record.status is not TaskStatus.DELETED:
            gone = replace(record, status=TaskStatus.DELETED, problems=(), detail="", stamp=None)
            await self._enactment.retire(gone)
            self._announcer.tell(
                "task.deleted", task_id, "no longer among the task files: its schedule ended, its history stays"
            )
        if self._shared is not None:
            self._shared.drop(task_id)

    async def _consider_all(self, files: Sequence[SourceFile], *, again: bool) -> None:
        for number, file in enumerate(files, start=1):
            await self._consider(file, again=again)
            if number % TAKEN_AT_ONCE == 0:
                await asyncio.sleep(0)

    async def _consider(self, file: SourceFile, *, again: bool) -> None:
        """Begin to bring a file into force, unless it is; `again` also when it is being brought there already."""
        if self._looked.is_set() and not self._reload_on_change and self._in_force.get(file.task_id) is not None:
            return
        earlier = self._candidates.get(file.task_id)
        if earlier is not None and not again and self._turns.is_under_way(earlier) and _is_same(earlier.file, file):
            return
        await self._drop_candidate(file.task_id)
        candidate = self._candidate(file)
        if self._shared is not None or not self._enactment.is_settled(file):
            self._begin(candidate)
        elif self._uses_locals(file.task_id):
            self._candidates[file.task_id] = candidate

    async def _consider_users_of_locals(self, considered: Container[str]) -> None:
        files = [candidate.file for task_id, candidate in self._candidates.items() if task_id not in considered]
        await self._consider_all(files, again=True)

    def _uses_locals(self, task_id: str) -> bool:
        admitted = self._in_force.get(task_id)
        return admitted is not None and admitted.version.local_digest != ""

    def _candidate(self, file: SourceFile) -> Candidate:
        record = self._in_force.records.get(file.task_id)
        return Candidate(file=file, title=file.task_id if record is None else record.title)

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
        self._turns.rest(candidate)
        if self._shared is not None:
            self._shared.is_read(task_id)

    # --- from a file to a version in force ----------------------------------------------------------------

    def _begin(self, candidate: Candidate) -> None:
        self._candidates[candidate.task_id] = candidate
        if self._shared is not None:
            self._shared.expect(candidate.task_id)
        self._turns.begin(candidate)

    async def _bring_into_force(self, candidate: Candidate) -> None:
        failures = 0
        try:
            while (refusal := await self._try(candidate)) is not None and self._may_change(refusal):
                self._turns.rest(candidate)
                self._note_rest()
                if refusal.is_temporary is None:
                    await self._calendars_change(candidate, refusal)
                else:
                    failures += 1
                    pause = (TEMPORARY if refusal.is_temporary else LASTING).delay(failures)
                    await sleep_through_suspend(self._clock, pause.total_seconds())
                self._turns.go_on(candidate)
        finally:
            candidate.work = None
            if self._shared is not None:
                self._shared.is_read(candidate.task_id)
            self._turns.rest(candidate)
        self._let_go(candidate)
        self._note_rest()

    def _may_change(self, refusal: NotAdmitted) -> bool:
        """Whether something else than an edit of the file may have it admitted."""
        return refusal.is_temporary is not None or bool(refusal.observing)

    async def _calendars_change(self, candidate: Candidate, refusal: NotAdmitted) -> None:
        """Return once a file would not be refused any more, or for another reason, as its calendar files are then."""
        while True:
            await self._clock.sleep(CALENDAR_INTERVAL)
            if not await self._enactment.is_still_refused(candidate.file, refusal):
                return

    async def _try(self, candidate: Candidate) -> NotAdmitted | None:
        """Bring a file into force, or say why not and return that; None: nothing more is to be done about it."""
        try:
            await self._enactment.put_in_force(candidate)
        except ChangedMeanwhile:
            return None
        except NotAdmitted as error:
            refusal = error
        except Exception as error:  # noqa: BLE001 - the loop boundary of a preparation: no file may stop the others
            refusal = self._fault(candidate.file, error)
        else:
            candidate.is_refused = False
            return None
        if self._shared is not None:
            self._shared.is_read(candidate.task_id)
            if not refusal.is_temporary:
                self._shared.refuse(candidate.task_id)
        if not (refusal.is_temporary and self._enactment.is_settled(candidate.file)):
            async with candidate.committing:
                candidate.is_refused = True
                candidate.why_refused = "" if refusal.is_temporary else refusal.problems[-1].message
                await self._enactment.refuse(candidate, refusal)
        return refusal

    def _fault(self, file: SourceFile, error: Exception) -> NotAdmitted:
        self._publish(
            Event(
                name="task.fault",
                message=f"a fault of the program at {file.path}: {error!r}",
                level=Level.ERROR,
                fields={"task": file.task_id, "exception": error},
            )
        )
        message = f"a fault of the program, which tries again: {type(error).__name__}: {error}"
        return NotAdmitted([Problem(path=file.path, message=message)], is_temporary=True)

    def _let_go(self, candidate: Candidate) -> None:
        """Keep a file in memory only where it may have to be looked at again without having changed."""
        task_id = candidate.task_id
        if self._candidates.get(task_id) is not candidate:
            return
        if candidate.is_refused or self._uses_locals(task_id) or self._shared is not None:
            # Its content is in the folder.
            candidate.file = replace(candidate.file, content=None)
        else:
            del self._candidates[task_id]

    def _note_rest(self) -> None:
        """Once nothing is under way, tell how many files there were, and see to what depends on all of them."""
        if self._turns:
            return
        self._announcer.tell_numbers()
        if self._enactment.modules_changed:
            self._enactment.modules_changed = False
            self._changes.put_nowait(None)
        self._move_to_shared()

    def _move_to_shared(self) -> None:
        """Move tasks whose environment is not the one for all tasks into that one."""
        if self._shared is None:
            return
        together = self._shared.together()
        for candidate in tuple(self._candidates.values()):
            is_idle = candidate.work is None and not candidate.is_refused
            is_in_force = self._in_force.get(candidate.task_id) is not None
            if is_idle and is_in_force and self._in_force.locked_for(candidate.task_id) != together:
                self._begin(candidate)


class _Known:
    """The ids of the files in the folder: those on their way and those on record."""

    def __init__(self, candidates: Container[str], in_force: InForce) -> None:
        self._candidates = candidates
        self._in_force = in_force

    def __contains__(self, task_id: object) -> bool:
        """Whether there is, or was, such a file."""
        return task_id in self._candidates or task_id in self._in_force.records


def _is_same(one: SourceFile, other: SourceFile) -> bool:
    """Whether two reports are of the same content."""
    return (one.path, one.digest, one.problem) == (other.path, other.digest, other.problem) and one.digest != ""
