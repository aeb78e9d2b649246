"""The composition root of the commands that look after environments and locks, beside a scheduler or without one.

Locks on files keep it from stepping on a scheduler's toes: whoever builds an environment first builds it for both.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from task_scheduler import composition
from task_scheduler.clock import SystemClock
from task_scheduler.core.environments import Collected, EnvironmentFacts, Lock, locked_packages
from task_scheduler.core.errors import DeclarationError, TaskSchedulerError, did_you_mean
from task_scheduler.core.tasks import FileKind, TaskVersion
from task_scheduler.environments.provider import Environments
from task_scheduler.ports import SourceFile
from task_scheduler.project import Project
from task_scheduler.services.documents import iso
from task_scheduler.services.preparation import needs_of
from task_scheduler.settings import EnvironmentMode, load_settings
from task_scheduler.store.locks import ProjectLock
from task_scheduler.store.sqlite import SqliteStore
from task_scheduler.typed_paths import named_python_file
from task_scheduler.unknown_names import not_found
from task_scheduler.watcher.reader import TaskFileReader
from task_scheduler.watcher.scanning import read_file

#: A JSON object.
Document = dict[str, Any]

_SUFFIX = ".py"


class UnknownEnvironment(TaskSchedulerError):
    """No environment and no task answers to a name, or several do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskFile:
    """A task file that a person named, which need not be in the folder of tasks."""

    task_id: str
    path: Path
    shown: str  #: relative to the project folder where it is in there
    is_task: bool  #: whether it is in the folder of tasks, where the record may know it


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskLock:
    """The lock of one task."""

    file: TaskFile
    lock: Lock
    version: str | None  #: digest of the version in force it belongs to; None: it was made for the file as it stands
    is_current: bool  #: whether the file as it stands is that version


class Maintenance:
    """The environments and locks of one project."""

    def __init__(self, project: Project, *, notice: Callable[[str], None]) -> None:
        """Read the project's settings; raises SettingsError. `notice` is told what is being done."""
        self._settings, self._paths = load_settings(project)
        self._notice = notice
        self._runner = asyncio.Runner()
        self._closing = ExitStack()
        self._closing.callback(self._runner.close)

    def close(self) -> None:
        """Let go of the record."""
        self._closing.close()

    # --- what there is ------------------------------------------------------------------------------------

    def environments(self) -> Document:
        """Return every environment, those in use first, and what they take on the disk together."""
        survey = self._runner.run(self._provider.survey())
        used_by, last_used = self._runner.run(self._uses())
        documents = [
            _describe(facts, used_by.get(facts.key, ()), last_used.get(facts.key)) for facts in survey.environments
        ]
        documents.sort(key=lambda document: (not document["tasks"], document["tasks"][:1], document["key"]))
        return {"environments": documents, "bytes": survey.bytes}

    def environment(self, name: str) -> Document:
        """Return one environment: of a task in force, or of that key or its beginning; raises UnknownEnvironment."""
        everything = self.environments()["environments"]
        found = [document for document in everything if name in document["tasks"]] or [
            document for document in everything if name and document["key"].startswith(name)
        ]
        if len(found) == 1:
            return dict(found[0])
        if found:
            keys = ", ".join(document["key"][:12] for document in found)
            raise UnknownEnvironment(f"several environments begin with {name!r}: {keys}")
        if name in self._versions:
            key = self._versions[name].environment
            raise UnknownEnvironment(
                f"the environment of {name}, {key[:12]}, is not built: `env build {name}` does that"
            )
        tasks = {task for document in everything for task in document["tasks"]}
        raise UnknownEnvironment(f"no task in force and no environment {name!r}{did_you_mean(name, tasks)}")

    # --- making ready -------------------------------------------------------------------------------------

    def find(self, name: str, here: Path) -> TaskFile:
        """Return the file that a path (from `here`) or a task's id names; raises UnusablePath and UnknownTask."""
        tasks = self._paths.tasks
        path = named_python_file(name, here=here, folders=[self._paths.root, tasks], tasks=tasks)
        if path is not None:
            return self._named(path)
        known = (path.relative_to(tasks).as_posix()[: -len(_SUFFIX)] for path in tasks.rglob("*.py"))
        raise not_found(name, known, here=here, folders=[self._paths.root, tasks])

    def lock(self, file: TaskFile) -> TaskLock:
        """Return the lock in force of a task, or resolve one for its file where none is in force.

        Raises DeclarationError and EnvironmentFailed.
        """
        read = read_file(file.path)
        version = self._versions.get(file.task_id) if file.is_task else None
        if version is not None:
            lock = self._runner.run(self._store.lock(version.environment)) if self._store else None
            if lock is not None:
                is_current = version.digest == read.digest
                return TaskLock(file=file, lock=lock, version=version.digest, is_current=is_current)
        return TaskLock(file=file, lock=self._resolve(file), version=None, is_current=True)

    def build(self, file: TaskFile) -> Document:
        """Make the environment ready that a task file, as it stands, runs in; raises DeclarationError and EnvironmentFailed."""
        known = self.lock(file)
        lock = known.lock if known.is_current else self._resolve(file)
        self._runner.run(self._provider.ensure(lock))
        return {
            "task": file.task_id,
            "key": lock.key,
            "python": lock.python,
            "packages": list(locked_packages(lock.text)),
            "interpreter": str(self._provider.interpreter(lock.key)),
        }

    def _resolve(self, file: TaskFile) -> Lock:
        if self._settings.virtual_env.mode is EnvironmentMode.SHARED:
            raise TaskSchedulerError(
                f"{file.shown} is not in force, and with virtual_env.mode: shared the scheduler makes one environment for all"
            )
        read = read_file(file.path)
        source = SourceFile(
            task_id=file.task_id,
            path=file.shown,
            digest=read.digest,
            content=read.content,
            problem=read.problem,
            saved_at=read.saved_at,
        )
        reading = self._reader.read(source)
        if reading.errors or (reading.declaration is None and reading.kind is FileKind.TASK):
            raise DeclarationError(reading.errors)
        if reading.declaration is None:
            raise TaskSchedulerError(
                f"{file.shown} is a module: it has neither frontmatter nor a schedule, so nothing runs it"
            )
        needs = needs_of(reading.declaration, self._reader.helper_packages(reading.helper_names))
        return self._runner.run(self._provider.resolve(needs))

    def _named(self, path: Path) -> TaskFile:
        tasks, root = self._paths.tasks, self._paths.root
        inside = path.is_relative_to(tasks)
        task_id = (path.relative_to(tasks).as_posix() if inside else path.name)[: -len(_SUFFIX)]
        shown = path.relative_to(root).as_posix() if path.is_relative_to(root) else str(path)
        return TaskFile(task_id=task_id, path=path, shown=shown, is_task=inside)

    # --- clearing up --------------------------------------------------------------------------------------

    def prune(self, *, dry_run: bool) -> Document:
        """Remove what nothing needs, in the place of the scheduler; raises AlreadyRunning when one runs."""
        clock = SystemClock()
        what = f"the project folder {self._paths.root}"
        folder = composition.run_folder(self._paths)
        with ProjectLock(folder / "scheduler.lock", what, since=clock.now(), work="env prune"):
            collected = self._runner.run(self._collect(dry_run=dry_run))
        return {"environments": list(collected.keys), "bytes": collected.bytes}

    async def _collect(self, *, dry_run: bool) -> Collected:
        keep = await self._store.kept_environments() if self._store else ()
        return await self._provider.collect(keep, even_recent=True, dry_run=dry_run)

    # --- what it works with -------------------------------------------------------------------------------

    @cached_property
    def _provider(self) -> Environments:
        lib = composition.task_side_library(composition.run_folder(self._paths) / "lib", self._paths)
        return composition.environment_provider(self._settings, self._paths, lib, self._notice)

    @cached_property
    def _reader(self) -> TaskFileReader:
        return composition.task_reader(self._settings, self._paths)

    @cached_property
    def _store(self) -> SqliteStore | None:
        """The record, None where no scheduler ever ran; raises StoreError."""
        if not self._paths.database.is_file():
            return None
        store = SqliteStore.open_reader(self._paths.database)
        self._closing.callback(store.close)
        return store

    @cached_property
    def _versions(self) -> Mapping[str, TaskVersion]:
        """The versions in force, by task."""
        found = self._runner.run(self._store.versions()) if self._store else ()
        return {version.task_id: version for version in found}

    async def _uses(self) -> tuple[Mapping[str, Sequence[str]], Mapping[str, str]]:
        """Return which tasks in force use each environment, and when an attempt began last in it."""
        if self._store is None:
            return {}, {}
        used_by: defaultdict[str, list[str]] = defaultdict(list)
        for version in await self._store.versions():
            used_by[version.environment].append(version.task_id)
        last_used = {key: iso(began) for key, began in (await self._store.last_uses()).items()}
        return {key: sorted(tasks) for key, tasks in used_by.items()}, last_used


def _describe(facts: EnvironmentFacts, tasks: Sequence[str], last_used: str | None) -> Document:
    return {
        "key": facts.key,
        "state": facts.state.value,
        "python": facts.python,
        "packages": list(locked_packages(facts.lock)),
        "tasks": list(tasks),
        "last_used": last_used,
        "bytes": facts.bytes,
        "own_bytes": facts.own_bytes,
        "interpreter": facts.interpreter,
        "made_of": facts.base,
        "lock": facts.lock,
    }
