"""The provider of environments: resolves, builds once, answers questions, and tidies up."""

from __future__ import annotations

import asyncio
import hashlib
import os
import sys
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from task_scheduler.core.environments import (
    Collected,
    EnvironmentState,
    Lock,
    Requirements,
    Survey,
    locked_packages,
)
from task_scheduler.core.errors import EnvironmentFailed
from task_scheduler.environments.bytecode import compile_modules
from task_scheduler.environments.commands import inherited_variables, seconds_from_now
from task_scheduler.environments.failures import TookTooLong
from task_scheduler.environments.file_locks import locked, try_lock
from task_scheduler.environments.inspection import Inspector, Judge
from task_scheduler.environments.installers import Installer
from task_scheduler.environments.interpreters import Interpreter, Interpreters
from task_scheduler.environments.modules import ModuleFinder
from task_scheduler.environments.pip import PipInstaller
from task_scheduler.environments.sharing import Shared
from task_scheduler.environments.shelf import Shelf
from task_scheduler.environments.uv import UvInstaller, find_uv
from task_scheduler.ports import Inspection, SourceFile

#: Seconds a resolution answers for equal requirements: many tasks that are dropped at once resolve once.
RESOLUTION_KEPT = 60.0
#: Seconds an environment is kept after it was asked for: its task may not be on record yet.
KEPT_AFTER_USE = 600.0
#: Builds and resolutions at a time: each keeps several cores and the network busy by itself.
AT_ONCE = 2


class Environments:
    """Implements `ports.EnvironmentProvider` over an installer. Belongs to one event loop."""

    def __init__(
        self,
        *,
        shelf: Shelf,
        installer: Installer,
        interpreters: Interpreters,
        finder: ModuleFinder,
        inspector: Inspector,
        timeout: float,
        notice: Callable[[str], None],
        variables: Mapping[str, str],
        allow_direct_references: bool = False,
    ) -> None:
        self._allow_direct_references = allow_direct_references
        self._shelf = shelf
        self._installer = installer
        self._interpreters = interpreters
        self._finder = finder
        self._inspector = inspector
        self._timeout = timeout
        self._notice = notice
        self._variables = inherited_variables(variables)
        self._places = asyncio.Semaphore(AT_ONCE)
        self._resolutions: Shared[tuple[Interpreter, tuple[str, ...]], str] = Shared()
        self._resolved: dict[tuple[Interpreter, tuple[str, ...]], tuple[float, str]] = {}
        self._builds: Shared[str, None] = Shared()
        self._asked_for: dict[str, float] = {}

    def configure(self, *, timeout: float, allow_direct_references: bool, tasks: Path) -> None:
        """Work by these from now on: seconds for one resolution and one build, and the folder of tasks."""
        self._timeout = timeout
        self._allow_direct_references = allow_direct_references
        self._finder.look_in(tasks)

    async def resolve(self, requirements: Requirements) -> Lock:
        """Resolve a set of requirements for the interpreter it will run on; raises EnvironmentFailed."""
        packages = tuple(sorted({self._checked(package) for package in requirements.packages}))
        interpreter = await self._interpreters.suiting(requirements.python_version)
        if not packages:
            return make_lock("", interpreter)
        now = asyncio.get_running_loop().time()
        self._resolved = {which: known for which, known in self._resolved.items() if known[0] > now}
        which = (interpreter, packages)
        if which not in self._resolved:
            text = await self._resolutions.call(which, lambda: self._resolve(packages, interpreter))
            self._resolved[which] = (seconds_from_now(RESOLUTION_KEPT), text)
        return make_lock(self._resolved[which][1], interpreter)

    async def ensure(self, lock: Lock) -> None:
        """Return once the environment of this lock is ready, building it if need be; raises EnvironmentFailed."""
        self._asked_for[lock.key] = asyncio.get_running_loop().time()
        if not self._shelf.is_ready(lock.key):
            await self._builds.call(lock.key, lambda: self._build(lock))
        self._asked_for[lock.key] = asyncio.get_running_loop().time()

    def is_ready(self, key: str) -> bool:
        """Whether the environment is built and complete."""
        return self._shelf.is_ready(key)

    def interpreter(self, key: str) -> Path:
        """Return the interpreter that runs inside the environment, built or not."""
        return self._shelf.interpreter(key)

    async def missing_modules(self, key: str, modules: Sequence[str], path: str) -> tuple[str, ...]:
        """Return those modules that a task file at `path` could not find; raises EnvironmentFailed."""
        return await self._finder.missing(key, self._shelf.interpreter(key), modules, path)

    async def inspect(self, key: str, source: SourceFile) -> Inspection:
        """Import a task file in a child of its environment, with a time limit, and read its schedules."""
        return await self._inspector.inspect(self._shelf.interpreter(key), source)

    async def collect(self, keep: Collection[str], *, even_recent: bool = False, dry_run: bool = False) -> Collected:
        """Remove environments nobody refers to, and what broken-off builds left."""
        now = asyncio.get_running_loop().time()
        self._asked_for = {key: at for key, at in self._asked_for.items() if now - at < KEPT_AFTER_USE}
        kept = set(keep) if even_recent else {*keep, *self._asked_for}
        candidates = [key for key in self._shelf.all_keys() if self._may_go(key, kept)]
        if dry_run:
            found = await asyncio.to_thread(self._shelf.survey, candidates)
            idle = [facts for facts in found.environments if facts.state is not EnvironmentState.BUILDING]
            keys = tuple(facts.key for facts in idle)
            return Collected(environments=len(keys), bytes=sum(facts.own_bytes for facts in idle), keys=keys)
        gone = tuple(key for key in candidates if self._take_down(key))
        freed = await asyncio.to_thread(self._shelf.sweep)
        return Collected(environments=len(gone), bytes=freed, keys=gone)

    async def survey(self) -> Survey:
        """Return what is on the disk."""
        return await asyncio.to_thread(lambda: self._shelf.survey(self._shelf.all_keys()))

    def _may_go(self, key: str, kept: Collection[str]) -> bool:
        return key not in self._builds and not (key in kept and self._shelf.is_ready(key))

    def _take_down(self, key: str) -> bool:
        """Take an environment down unless some process is at work on it; return whether there was one.

        Called in the step of the event loop that chose it, so that no request for it comes in between.
        """
        held = try_lock(self._shelf.lock(key))
        if held is None:
            return False
        try:
            was_there = self._shelf.take_down(key)
            self._shelf.forget_lock(key)
            self._finder.forget(key)
        finally:
            os.close(held)
        return was_there

    async def _resolve(self, packages: tuple[str, ...], interpreter: Interpreter) -> str:
        async with self._places:
            self._notice(f"resolving {', '.join(packages)} for Python {interpreter.minor}")
            with self._naming_the_limit():
                return await self._installer.lock(packages, interpreter, deadline=seconds_from_now(self._timeout))

    async def _build(self, lock: Lock) -> None:
        interpreter = await self._interpreter_of(lock)
        waiting = f"environment {lock.key[:8]} is being built by another process"
        try:
            async with (
                self._places,
                locked(self._shelf.lock(lock.key), waiting=lambda: self._notice(waiting)) as held,
            ):
                if not self._shelf.is_ready(lock.key):
                    await self._build_locked(lock, interpreter, held)
        except OSError as error:
            raise EnvironmentFailed(f"the environment cannot be written: {error}", temporary=True) from error

    async def _build_locked(self, lock: Lock, interpreter: Interpreter, held: int) -> None:
        name = f"environment {lock.key[:8]}"
        count = len(locked_packages(lock.text))
        if count:
            self._notice(f"building {name} (Python {interpreter.minor}, packages: {count})")
        self._shelf.take_down(lock.key)
        try:
            folder, deadline = self._shelf.environment(lock.key), seconds_from_now(self._timeout)
            with self._naming_the_limit():
                await self._installer.build(folder, lock.text, interpreter, deadline=deadline, hold=held)
                if lock.text:
                    await compile_modules(folder, interpreter, deadline=deadline, hold=held, variables=self._variables)
            await asyncio.to_thread(self._shelf.complete, lock, interpreter)
        finally:
            if not self._shelf.is_ready(lock.key):
                self._shelf.take_down(lock.key)
            await asyncio.to_thread(self._shelf.sweep)
        if count:
            self._notice(f"{name} is ready")

    @contextmanager
    def _naming_the_limit(self) -> Iterator[None]:
        try:
            yield
        except TookTooLong as error:
            message = f"{error.doing} took longer than {self._timeout:g} s (environments.build_timeout) and was ended"
            raise EnvironmentFailed(message, detail=error.detail, temporary=True) from error

    def _checked(self, package: str) -> str:
        """Return a requirement as it is handed on: never an option, nor a place unless that is allowed."""
        try:
            requirement = Requirement(package)
        except InvalidRequirement:
            requirement = None
        if requirement is None or (requirement.url is not None and not self._allow_direct_references):
            raise EnvironmentFailed(
                f"{package!r} is no requirement that can be installed: write a package's name with its versions, "
                "such as 'requests>=2.31'"
            )
        requirement.name = canonicalize_name(requirement.name)
        return str(requirement)

    async def _interpreter_of(self, lock: Lock) -> Interpreter:
        """Return the interpreter a lock was made for; a lock made elsewhere must be made anew."""
        for interpreter in await self._interpreters.of_minor(lock.python):
            if make_lock(lock.text, interpreter).key == lock.key:
                return interpreter
        raise EnvironmentFailed(
            f"the lock was made for a Python {lock.python} on {lock.platform} that is not on this machine: "
            "install it, or save the task file to lock it again"
        )


def make_lock(text: str, interpreter: Interpreter) -> Lock:
    """Return the lock of resolved requirements; the key covers all that makes environments differ."""
    whole = f"{text}\n{interpreter.minor}\n{interpreter.abi}\n{interpreter.platform}"
    key = hashlib.sha256(whole.encode()).hexdigest()[:32]
    return Lock(key=key, text=text, python=interpreter.minor, platform=interpreter.platform)


def environments(
    *,
    folder: Path,
    root: Path,
    judge: Judge,
    lib: Path | None = None,
    tasks: Path | None = None,
    base_python: Path | None = None,
    timeout: float = 600.0,
    allow_direct_references: bool = False,
    notice: Callable[[str], None] = lambda _: None,
    index_arguments: Sequence[str] = (),
    variables: Mapping[str, str] = os.environ,
    installer: str | None = None,
) -> Environments:
    """Make the provider: by uv where there is one, else by pip.

    `folder` is where environments go, `root` the project folder, `lib` a folder that provides
    `task_scheduler` to tasks, `tasks` the folder of tasks, by default `tasks` in the project. `base_python` is the interpreter preferred for tasks, by default the one
    this process was made of. `timeout`, in seconds, bounds one resolution and one build. With
    `allow_direct_references` packages may come from addresses too. `installer` (`uv` or `pip`) chooses; None: by
    what is there.
    """
    uv = None if installer == "pip" else find_uv(variables)
    if installer == "uv" and uv is None:
        raise EnvironmentFailed("uv is not there: install it beside the scheduler, or put it on PATH")
    chosen: Installer
    if uv is not None:
        chosen = UvInstaller(uv=uv, root=root, variables=variables, notice=notice, index_arguments=index_arguments)
    else:
        chosen = PipInstaller(root=root, variables=variables, index_arguments=index_arguments)
    base = base_python or Path(getattr(sys, "_base_executable", None) or sys.executable)
    inherited = inherited_variables(variables)
    return Environments(
        shelf=Shelf(folder),
        installer=chosen,
        interpreters=Interpreters(base=base, variables=variables, uv=uv),
        finder=ModuleFinder(root=root, lib=lib, variables=inherited, tasks=tasks),
        inspector=Inspector(root=root, lib=lib, judge=judge, variables=inherited),
        timeout=timeout,
        notice=notice,
        variables=variables,
        allow_direct_references=allow_direct_references,
    )
