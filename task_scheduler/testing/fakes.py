"""Small honest fakes of the ports around the scheduler: deterministic, and steered by the test.

They keep the promises of the ports: an attempt executes at most once, a proof is final, a lock is built once.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from task_scheduler.core.backups import Backup, WrittenBackup
from task_scheduler.core.environments import Collected, Lock, Requirements
from task_scheduler.core.errors import EnvironmentFailed, StoreError
from task_scheduler.core.requests import (
    AttemptRequest,
    ExecutionProfile,
    Finished,
    Lost,
    NotStarted,
    OpenAttempt,
    PauseConfirmed,
    Report,
    Started,
    StillRunning,
    Told,
)
from task_scheduler.core.runs import NOTHING_TOLD, AttemptExit, AttemptId, AttemptNotes
from task_scheduler.core.tasks import FileKind, JobDeclaration, TaskDeclaration, TaskReading
from task_scheduler.ports import Inspection, KnownFile, SourceChanges, SourceFile
from task_scheduler.testing.clock import NOON


class FakeExecutor:
    """Implements the port Executor: attempts begin and end when the test says so.

    It is the world that outlives schedulers: stop it, start it with another listener, and `settle` tells the
    truth about every attempt it was ever given.
    """

    def __init__(self, *, now: Callable[[], datetime] = lambda: NOON) -> None:
        self._now = now
        self._listener: Callable[[Report], None] | None = None
        self._begun: dict[AttemptId, datetime] = {}
        self._over: dict[AttemptId, Finished | Lost] = {}
        self._void: set[AttemptId] = set()
        #: Whether each attempt begins, and succeeds, as soon as it is launched.
        self.automatic = False
        #: How such an attempt ends.
        self.exit_of: Callable[[AttemptRequest], AttemptExit] = lambda _: AttemptExit(exit_code=0, ended_at=now())
        #: Whether hosts cannot be started, so that no attempt begins.
        self.broken = False
        #: Whether an attempt that is to end lives on, until the test finishes it.
        self.stubborn = False
        #: Whether a pause is confirmed as soon as it is ordered.
        self.confirming = True
        self.launched: list[AttemptRequest] = []
        self.placements: dict[AttemptId, str] = {}
        self.prepared: list[ExecutionProfile] = []
        self.terminated: list[tuple[AttemptId, str]] = []
        #: The grace of each of these orders.
        self.graces: list[float | None] = []
        self.paused: set[AttemptId] = set()
        #: Of these it is told that they cannot be paused.
        self.unpausable: set[AttemptId] = set()
        #: What was ordered of living attempts: `pause` or `resume`, and which.
        self.ordered: list[tuple[str, AttemptId]] = []
        self._doomed: dict[AttemptId, str] = {}
        self._notes: dict[AttemptId, AttemptNotes] = {}
        self.forgotten: list[AttemptId] = []
        self._places = 0

    async def start(self, listener: Callable[[Report], None]) -> None:
        """Begin to report."""
        self._listener = listener

    async def stop(self) -> None:
        """Report no more."""
        self._listener = None

    def prepare(self, profile: ExecutionProfile) -> None:
        """Note the wish."""
        self.prepared.append(profile)

    def place(self, profile: ExecutionProfile) -> str:
        """Return a placement that names the environment."""
        self._places += 1
        return f"{profile.environment}/{self._places}"

    def launch(self, request: AttemptRequest, placement: str) -> None:
        """Note the attempt; a second launch of it is a fault."""
        if any(request.id == earlier.id for earlier in self.launched):
            raise AssertionError(f"attempt {request.id} was launched twice")
        self.launched.append(request)
        self.placements[request.id] = placement
        if self.broken or request.id in self._void:
            self._void.add(request.id)
            self._soon(NotStarted(id=request.id, reason="no host"))
        elif self.automatic:
            self._begun[request.id] = self._now()
            self._over[request.id] = Finished(id=request.id, exit=self.exit_of(request))
            self._soon(Started(id=request.id, started_at=self._now(), process="host-1:1"))
            self._soon(self._over[request.id])

    def terminate(self, attempt: AttemptId, reason: str, *, grace: float | None = None) -> None:
        """End a living attempt, one that has not begun as soon as it does; the first reason stays."""
        self.terminated.append((attempt, reason))
        self.graces.append(grace)
        self._doomed.setdefault(attempt, reason)
        if attempt in self.living and not self.stubborn:
            self.obey(attempt)

    def can_pause(self, attempt: AttemptId) -> bool:
        """Whether an attempt can be made to stand still."""
        return attempt not in self.unpausable

    def pause(self, attempt: AttemptId) -> None:
        """Have a living attempt stand still."""
        self._order("pause", attempt)

    def resume(self, attempt: AttemptId) -> None:
        """Have a paused attempt go on."""
        self._order("resume", attempt)

    def _order(self, verb: str, attempt: AttemptId) -> None:
        self.ordered.append((verb, attempt))
        if attempt in self.living:
            (self.paused.add if verb == "pause" else self.paused.discard)(attempt)
            if self.confirming:
                self._soon(PauseConfirmed(id=attempt, is_paused=attempt in self.paused))

    async def settle(self, attempts: Sequence[OpenAttempt]) -> Sequence[Report]:
        """Say what became of each attempt; one that has not begun never will."""
        return [self._settle(opened.id) for opened in attempts]

    def forget(self, attempts: Sequence[AttemptId]) -> None:
        """Drop what was kept."""
        self.forgotten += attempts

    # --- what the test does -------------------------------------------------------------------------------

    @property
    def living(self) -> list[AttemptId]:
        """The attempts that have begun and are not over."""
        return [attempt for attempt in self._begun if attempt not in self._over]

    @property
    def waiting(self) -> list[AttemptId]:
        """The attempts that were launched and have neither begun nor been refused."""
        return [
            request.id for request in self.launched if request.id not in self._begun and request.id not in self._void
        ]

    def begin(self, attempt: AttemptId | None = None) -> AttemptId:
        """Have a launched attempt begin: the given one, else the oldest that waits."""
        chosen = self.waiting[0] if attempt is None else attempt
        if chosen not in self.waiting:
            raise AssertionError(f"attempt {chosen} is not waiting to begin")
        self._begun[chosen] = self._now()
        self.report(Started(id=chosen, started_at=self._now(), process="host-1:1"))
        if chosen in self._doomed and not self.stubborn:
            self.obey(chosen)
        return chosen

    def obey(self, attempt: AttemptId) -> AttemptId:
        """Have an attempt end as it was told to."""
        return self.finish(attempt, AttemptExit(signal=15, stopped_for=self._doomed[attempt], ended_at=self._now()))

    def tell(self, attempt: AttemptId, notes: AttemptNotes) -> None:
        """Have a living attempt tell of its work."""
        self._notes[attempt] = notes
        self.report(Told(id=attempt, notes=notes))

    def finish(self, attempt: AttemptId | None = None, exit_: AttemptExit | None = None) -> AttemptId:
        """Have an attempt end, beginning it first where it has not begun; with success unless told otherwise."""
        chosen = (self.living or self.waiting)[0] if attempt is None else attempt
        if chosen in self.waiting and self.begin(chosen) in self._over:
            return chosen  # it was to end as soon as it began
        if chosen not in self.living:
            raise AssertionError(f"attempt {chosen} is not executing")
        self._over[chosen] = Finished(id=chosen, exit=exit_ or AttemptExit(exit_code=0, ended_at=self._now()))
        self.report(self._over[chosen])
        return chosen

    def fail(self, attempt: AttemptId | None = None) -> AttemptId:
        """Have an attempt end with exit code 1."""
        return self.finish(attempt, AttemptExit(exit_code=1, ended_at=self._now()))

    def lose(self, attempt: AttemptId) -> None:
        """Have an attempt's host die."""
        self._begun.setdefault(attempt, self._now())
        self._over[attempt] = Lost(id=attempt, reason="its host is gone")
        self.report(self._over[attempt])

    def refuse(self, attempt: AttemptId | None = None) -> AttemptId:
        """Have a launched attempt proved never to have begun."""
        chosen = self.waiting[0] if attempt is None else attempt
        self._void.add(chosen)
        self.report(NotStarted(id=chosen, reason="its host went away"))
        return chosen

    def report(self, report: Report) -> None:
        """Report something, if anybody listens."""
        if self._listener is not None:
            self._listener(report)

    def _soon(self, report: Report) -> None:
        asyncio.get_running_loop().call_soon(self.report, report)

    def _settle(self, attempt: AttemptId) -> Report:
        if attempt in self._over:
            return self._over[attempt]
        if attempt in self._begun:
            return StillRunning(
                id=attempt,
                started_at=self._begun[attempt],
                is_paused=attempt in self.paused,
                notes=self._notes.get(attempt, NOTHING_TOLD),
            )
        self._void.add(attempt)
        return NotStarted(id=attempt, reason="it has no start marker")


class FakeEnvironments:
    """Implements the port EnvironmentProvider: locks and builds are made at once, unless the test holds them."""

    def __init__(self) -> None:
        self.built: set[str] = set()
        self.resolved: list[Requirements] = []
        self.ensured: list[str] = []
        self.collected_but: list[frozenset[str]] = []
        #: Raised by `resolve` for requirements that hold this package.
        self.failures: dict[str, EnvironmentFailed] = {}
        #: Raised by `resolve` for requirements that hold all of these packages.
        self.conflicts: dict[frozenset[str], EnvironmentFailed] = {}
        #: Raised by `ensure`.
        self.build_failure: EnvironmentFailed | None = None
        #: Cleared by a test that wants builds to take until it is set again.
        self.may_build = asyncio.Event()
        self.may_build.set()
        self.missing: set[str] = set()
        self.inspections: dict[str, Inspection] = {}
        self.inspected: list[SourceFile] = []

    async def resolve(self, requirements: Requirements) -> Lock:
        """Return the lock that belongs to the requirements."""
        self.resolved.append(requirements)
        for package in requirements.packages:
            if package in self.failures:
                raise self.failures[package]
        for packages, failure in self.conflicts.items():
            if packages <= set(requirements.packages):
                raise failure
        text = "\n".join(requirements.packages)
        key = "env-" + ("+".join(requirements.packages) or "empty")
        return Lock(key=key, text=text, python=requirements.python_version, platform="linux-x86_64")

    async def ensure(self, lock: Lock) -> None:
        """Build the environment."""
        self.ensured.append(lock.key)
        if lock.key in self.built:
            return
        await self.may_build.wait()
        if self.build_failure is not None:
            raise self.build_failure
        self.built.add(lock.key)

    def is_ready(self, key: str) -> bool:
        """Whether it was built and is still there."""
        return key in self.built

    async def missing_modules(self, key: str, modules: Sequence[str], path: str) -> tuple[str, ...]:  # noqa: ARG002
        """Return those the test calls missing."""
        return tuple(module for module in modules if module in self.missing)

    async def inspect(self, key: str, source: SourceFile) -> Inspection:  # noqa: ARG002
        """Return what the test put in."""
        self.inspected.append(source)
        return self.inspections.get(source.task_id, Inspection())

    async def collect(self, keep: Collection[str], *, even_recent: bool = False, dry_run: bool = False) -> Collected:  # noqa: ARG002
        """Remove what is not kept."""
        gone = self.built - set(keep)
        if not dry_run:
            self.collected_but.append(frozenset(keep))
            self.built -= gone
        return Collected(environments=len(gone), bytes=1_000_000 * len(gone), keys=tuple(sorted(gone)))


def a_reading(**values: Any) -> TaskReading:  # noqa: ANN401 - each field has its own type
    """Make the reading of a task that runs `start` every minute; values of the declaration are taken too."""
    declared = {name: values.pop(name) for name in tuple(values) if name in TaskDeclaration.__dataclass_fields__}
    reading: dict[str, Any] = {
        "kind": FileKind.TASK,
        "declaration": TaskDeclaration(**{"title": "Report", **declared}),
        "jobs": (JobDeclaration(function="start", trigger="every 1 minutes"),),
        "has_start": True,
        **values,
    }
    return TaskReading(**reading)


class FakeFolder:
    """Implements the ports TaskSource and TaskReader: a folder of files whose readings the test gives."""

    def __init__(self) -> None:
        self._listener: Callable[[SourceChanges], None] | None = None
        self._files: dict[str, SourceFile] = {}
        self._readings: dict[str, TaskReading] = {}
        self.local_digest = "helpers-1"
        self.packages_of_helpers: dict[str, tuple[str, ...]] = {}
        self.known: dict[str, KnownFile] = {}
        self.looks = 0
        #: Files whose contents were fetched after their report.
        self.fetched: list[str] = []
        self.read_ids: list[str] = []

    # --- TaskSource ---------------------------------------------------------------------------------------

    async def start(self, listener: Callable[[SourceChanges], None], known: Mapping[str, KnownFile]) -> None:
        """Report a full look, without the contents of files that look as they are known."""
        self._listener = listener
        self.known = dict(known)
        self._report(files=tuple(self._seen(file) for file in self._files.values()), complete=True)

    async def stop(self) -> None:
        """Report no more."""
        self._listener = None

    async def rescan(self) -> None:
        """Report a full look."""
        self.look()

    async def fetch(self, files: Sequence[SourceFile]) -> Sequence[SourceFile | None]:
        """Return files as they are, those that have not changed since."""
        self.fetched += [file.task_id for file in files]
        found = [self._files.get(file.task_id) for file in files]
        return [
            now if now is not None and file.digest in {"", now.digest} else None
            for file, now in zip(files, found, strict=True)
        ]

    # --- TaskReader ---------------------------------------------------------------------------------------

    def read(self, source: SourceFile) -> TaskReading:
        """Return what the test gave for this content."""
        self.read_ids.append(source.task_id)
        return self._readings[source.digest]

    def helper_packages(self, names: Sequence[str]) -> tuple[str, ...]:
        """Return the packages of helpers the test named."""
        return tuple(package for name in names for package in self.packages_of_helpers.get(name, ()))

    # --- what the test does -------------------------------------------------------------------------------

    def write(
        self, task_id: str, reading: TaskReading | None = None, *, text: str = "1", saved_at: datetime | None = None
    ) -> str:
        """Write a file; return its digest. Another `text` is another version of it."""
        content = f"{task_id} {text}".encode()
        digest = hashlib.sha256(content).hexdigest()
        self._files[task_id] = SourceFile(
            task_id=task_id,
            path=f"tasks/{task_id}.py",
            digest=digest,
            content=content,
            stamp=f"stamp of {digest}",
            saved_at=saved_at,
        )
        self._readings[digest] = a_reading() if reading is None else reading
        self._report(files=(self._files[task_id],))
        return digest

    def delete(self, task_id: str) -> None:
        """Delete a file."""
        del self._files[task_id]
        self._report(removed=(task_id,))

    def change_helpers(self, digest: str) -> None:
        """Change the code all tasks share."""
        self.local_digest = digest
        self._report()

    def suspend(self, reason: str) -> None:
        """Let the folder become unreadable."""
        self._report(suspended=reason)

    def look(self) -> None:
        """Report a full look."""
        self.looks += 1
        self._report(files=tuple(self._files.values()), complete=True)

    def _seen(self, file: SourceFile) -> SourceFile:
        known = self.known.get(file.task_id)
        looks_the_same = known is not None and (known.digest, known.stamp) == (file.digest, file.stamp)
        return replace(file, content=None) if looks_the_same else file

    def _report(
        self,
        *,
        files: Iterable[SourceFile] = (),
        removed: tuple[str, ...] = (),
        suspended: str | None = None,
        complete: bool = False,
    ) -> None:
        if self._listener is not None:
            self._listener(
                SourceChanges(
                    files=tuple(files),
                    removed=removed,
                    local_digest=self.local_digest,
                    suspended=suspended,
                    complete=complete,
                )
            )


class FakeOutputs:
    """Implements the port Outputs over a mapping."""

    def __init__(self) -> None:
        self.texts: dict[str, bytes] = {}

    def read(self, name: str, offset: int, limit: int) -> tuple[bytes, int]:
        """Return a part of an output."""
        part = self.texts.get(name, b"")[offset : offset + limit]
        return part, offset + len(part)

    def delete(self, names: Sequence[str]) -> int:
        """Delete outputs."""
        return sum(len(self.texts.pop(name, b"")) for name in names)


class FakeBackups:
    """Implements the port BackupStore: backups that are names and moments."""

    def __init__(self, *, now: Callable[[], datetime] = lambda: NOON) -> None:
        self._now = now
        self.taken: list[Backup] = []  #: newest first
        self.failure: str | None = None  #: why none can be written; None: all is well
        self.keep: timedelta | None = None  #: how long they are kept
        self.outlived: tuple[str, ...] = ()  #: what the next one removes
        self.trouble = ""  #: why more could not be removed

    async def backup(self, *, why: str) -> WrittenBackup:
        """Take one more."""
        if self.failure is not None:
            raise StoreError(self.failure)
        moment = self._now()
        backup = Backup(name=f"backup-{len(self.taken) + 1}.db", taken_at=moment, bytes=1, why=why, is_verified=True)
        self.taken.insert(0, backup)
        removed, self.outlived = self.outlived, ()
        return WrittenBackup(backup=backup, removed=removed, trouble=self.trouble)

    async def backups(self) -> Sequence[Backup]:
        """Return them, newest first."""
        if self.failure is not None:
            raise StoreError(self.failure)
        return tuple(self.taken)

    def keep_backups(self, keep: timedelta) -> None:
        """Take note of how long they are kept."""
        self.keep = keep
