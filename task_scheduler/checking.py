"""Task files judged without running or importing anything: the composition root of the verbs that only read them."""

from __future__ import annotations

import asyncio
import os
import pwd
import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property, partial
from pathlib import Path

from task_scheduler.composition import helpers_folder, task_reader
from task_scheduler.core.errors import EnvironmentFailed, Problem, Severity, StoreError
from task_scheduler.core.following import circles, strangers
from task_scheduler.core.tasks import FileKind, TaskReading, TaskVersion
from task_scheduler.core.triggers import AfterTask, read_event
from task_scheduler.ports import SourceFile
from task_scheduler.project import Project
from task_scheduler.settings import EnvironmentMode, load_settings
from task_scheduler.watcher import oddities
from task_scheduler.watcher.helpers import HelperFolder
from task_scheduler.watcher.python_versions import accepts
from task_scheduler.watcher.requirements import requirement_fault
from task_scheduler.watcher.scanning import FileContent, Unreadable, is_helper, read_file, scan, task_names
from task_scheduler.watcher.undeclared import findings, misplaced_helpers, suspicions, undeclared_imports


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """What is to be told of one file, or of an entry of a folder that is no task file."""

    path: str  #: as it is shown
    reading: TaskReading | None  #: None: nothing of it could be read
    problems: tuple[Problem, ...] = ()
    is_one: bool = True  #: False: it is about several entries, which are told of by themselves


class TaskChecker:
    """Judges files as the scheduler of a project would. `here` is the folder that shown paths are relative to."""

    def __init__(self, project: Project, *, here: Path) -> None:
        """Read the project's settings; raises SettingsError."""
        self._settings, self._paths = load_settings(project)
        self._here = here
        self._reader = task_reader(self._settings, self._paths, recommends=True)
        self._pythons: dict[str, str] = {}

    @property
    def tasks(self) -> Path:
        """The folder of tasks; it may be missing."""
        return self._paths.tasks

    def find(self, name: str) -> Path | None:
        """Return the file or folder that a path, or a task's id, names; None: there is none."""
        for path in (self._here / name, self._paths.tasks / name, self._paths.tasks / f"{name}.py"):
            if _is_there(path):
                return path
        return None

    def ids(self) -> Iterator[str]:
        """Yield the ids of the tasks, and of the modules beside them."""
        for path in self._paths.tasks.rglob("*.py"):
            yield self._task_id(path)

    def shown(self, path: Path) -> str:
        """Return how a path is told to the person: relative where it is below them."""
        return str(path.relative_to(self._here)) if path.is_relative_to(self._here) else str(path)

    def check_folder(self, folder: Path) -> Iterator[Checked]:
        """Judge every task file of a folder, and say what else is in the way there.

        The project's own folder of tasks is judged as the scheduler sees it, any other with all its examples.
        """
        is_ours = folder.resolve().is_relative_to(self._paths.tasks.resolve())
        accepts = task_names(
            self._settings.tasks.file_pattern if is_ours else "*.py",
            include_examples=self._settings.tasks.include_example_tasks or not is_ours,
        )
        try:
            found = scan(folder, accepts)
        except Unreadable as error:
            yield _refused(self.shown(folder), str(error))
            return
        after: dict[str, frozenset[str]] = {}
        for relative in sorted({*found.files, *found.unreadable, *found.left_out}):
            path = folder / relative
            if relative in found.files:
                checked = self.check_file(path)
                after[self._task_id(path)] = _befores(checked.reading)
                yield checked
            elif relative in found.unreadable:
                yield _refused(
                    f"{self.shown(path)}/",
                    f"the folder cannot be read ({found.unreadable[relative]}): let the scheduler's user read it",
                )
            else:
                reason = found.left_out[relative]
                severity = Severity.WARNING if reason in oddities.HARMLESS else Severity.ERROR
                yield _refused(self.shown(path), reason, severity)
        in_circles = (sentence for task_id in after for sentence in circles(task_id, after).values())
        for sentence in (*oddities.look_alikes(found.files, folder.name), *in_circles):
            problem = Problem(path=self.shown(folder), message=sentence, severity=Severity.WARNING)
            yield Checked(path=problem.path, reading=None, problems=(problem,), is_one=False)

    def check_file(self, file: Path) -> Checked:
        """Judge one file; never raises for what is in it."""
        shown = self.shown(file)
        if not is_helper(file.name):
            return _refused(shown, "only files whose names end in .py can be tasks: rename it")
        if file.resolve().is_relative_to(self._paths.helpers.resolve()):
            return Checked(path=shown, reading=None, problems=self._of_helper(file.resolve(), shown))
        return self._checked(file, read_file(file))

    def check_text(self, file: Path, text: str) -> Checked:
        """Judge what a file would be with this text."""
        return self._checked(file, FileContent(stamp=None, content=text.encode()))

    def why_unseen(self, name: str) -> str:
        """Return why the scheduler would pass over a file of this name among its tasks; empty: it would not."""
        settings = self._settings.tasks
        if task_names(settings.file_pattern, include_examples=settings.include_example_tasks)(name):
            return ""
        if task_names(settings.file_pattern, include_examples=True)(name):
            return "names that begin with example_ are passed over, unless tasks.include_example_tasks is true"
        return f"only files that match tasks.file_pattern, {settings.file_pattern!r}, are tasks here"

    def _checked(self, file: Path, read: FileContent) -> Checked:
        shown = self.shown(file)
        source = SourceFile(
            task_id=self._task_id(file),
            path=shown,
            digest=read.digest,
            content=read.content,
            problem=read.problem,
            saved_at=read.saved_at,
        )
        reading = self._reader.read(source)
        problems = (
            *(self._placed(problem, shown) for problem in reading.problems),
            *self._python(source, reading),
            *self._surroundings(source, reading),
            *self._imports(file, source, reading),
            *self._following(source, reading),
        )
        return Checked(path=shown, reading=reading, problems=tuple(sorted(problems, key=_place)))

    def _of_helper(self, file: Path, shown: str) -> tuple[Problem, ...]:
        """Return what tasks that import a helper would be told of it: it is no task, and none of their rules hold."""
        name = file.relative_to(self._paths.helpers.resolve()).as_posix()
        found = self._helpers.judge({"*": 1}, path="")
        return tuple(replace(problem, path=shown) for problem in found if problem.path == name)

    @cached_property
    def _helpers(self) -> HelperFolder:
        """The project's helpers, each told by its path among them."""
        folder = self._paths.helpers.resolve()
        allowed = self._settings.environments.allow_direct_references
        return HelperFolder(
            root=folder, folder=folder, requirement_fault=partial(requirement_fault, allow_direct_references=allowed)
        )

    def _task_id(self, file: Path) -> str:
        inside = file.is_relative_to(self._paths.tasks)
        return (file.relative_to(self._paths.tasks).as_posix() if inside else file.name).removesuffix(".py")

    def _placed(self, problem: Problem, shown: str) -> Problem:
        """Return a problem with its path as it is shown: those of helpers are relative to the project."""
        return problem if problem.path == shown else replace(problem, path=self.shown(self._paths.root / problem.path))

    def _python(self, source: SourceFile, reading: TaskReading) -> Iterator[Problem]:
        """Yield a warning where no Python of this machine suits a task: it may be made for another machine."""
        if reading.declaration is None or reading.kind is not FileKind.TASK:
            return
        wanted = reading.declaration.python_version
        if wanted not in self._pythons:
            self._pythons[wanted] = _why_no_python(wanted)
        if self._pythons[wanted]:
            yield Problem(path=source.path, message=self._pythons[wanted], severity=Severity.WARNING)

    def _surroundings(self, source: SourceFile, reading: TaskReading) -> Iterator[Problem]:
        """Yield a warning for each part of a task's surroundings that this machine does not have."""
        declared = reading.declaration
        if declared is None or reading.kind is not FileKind.TASK:
            return
        missing = {
            "user": "" if declared.user is None else _why_no_user(declared.user),
            "working_directory": ""
            if declared.working_directory is None
            else _why_no_folder(self._paths.root / declared.working_directory),
        }
        for key, why in missing.items():
            if why:
                yield Problem(
                    path=source.path,
                    line=_line_of(key, source.content),
                    message=f"{key}: {why}; each run of it would fail here",
                    severity=Severity.WARNING,
                )

    def _following(self, source: SourceFile, reading: TaskReading) -> Iterator[Problem]:
        """Yield a warning for each task that this one runs after and that does not exist."""
        befores = _befores(reading)
        if befores:
            for sentence in strangers(source.task_id, {source.task_id: befores}, {*self.ids(), source.task_id}):
                yield Problem(path=source.path, message=sentence, severity=Severity.WARNING)

    def _imports(self, file: Path, source: SourceFile, reading: TaskReading) -> Iterator[Problem]:
        """Yield what there is to say about imports that no declared package provides."""
        declaration = reading.declaration
        if reading.kind is not FileKind.TASK or declaration is None:
            return
        needed = (*declaration.dependencies, *self._reader.helper_packages(reading.helper_names))
        # Where a run looks: the project, beside the file, the folder of tasks.
        folders = (self._paths.root, file.parent, self._paths.tasks)
        modules = undeclared_imports(reading, needed, folders=folders)
        misplaced = misplaced_helpers(reading, modules, helpers=helpers_folder(self._paths), path=source.path)
        yield from misplaced.values()
        modules = tuple(module for module in modules if module not in misplaced)
        installed = self._installed_for(source.task_id, reading) if modules else None
        if installed is None and not needed and self._settings.virtual_env.mode is EnvironmentMode.ISOLATED:
            installed = frozenset()
        if installed is None:
            yield from suspicions(reading, modules, path=source.path)
        else:
            yield from findings(reading, modules, installed, path=source.path)

    def _installed_for(self, task_id: str, reading: TaskReading) -> frozenset[str] | None:
        """Return the modules in the environment that the task would get, None when it is not built yet."""
        version = self._versions.get(task_id)
        wanted = reading.declaration
        if version is None or wanted is None or reading.helper_names:
            return None
        had = version.declaration
        if (had.dependencies, had.python_version) != (wanted.dependencies, wanted.python_version):
            return None
        from task_scheduler.environments.contents import installed_modules

        return installed_modules(self._paths.data / "environments", version.environment)

    @cached_property
    def _versions(self) -> Mapping[str, TaskVersion]:
        """The versions in force, by task; asked for only where an import is in doubt, since opening the record is slow."""
        if not self._paths.database.is_file():
            return {}
        from task_scheduler.store.sqlite import SqliteStore

        try:
            store = SqliteStore.open_reader(self._paths.database)
        except StoreError:
            return {}
        try:
            return {version.task_id: version for version in asyncio.run(store.versions())}
        finally:
            store.close()


def _befores(reading: TaskReading | None) -> frozenset[str]:
    """Return the tasks after whose runs a task runs, as far as its file tells."""
    events = () if reading is None else (read_event(job.trigger) for job in reading.jobs)
    return frozenset(event.task for event in events if isinstance(event, AfterTask))


def _is_there(path: Path) -> bool:
    try:
        return path.exists() or path.is_symlink()
    except (OSError, ValueError):
        return False


def _why_no_user(name: str) -> str:
    try:
        pwd.getpwnam(name)
    except KeyError:
        return f"{name} is no user of this machine"
    return ""


def _why_no_folder(path: Path) -> str:
    if path.is_dir():
        return ""
    return f"{path} is no folder" if _is_there(path) else f"{path} does not exist"


def _line_of(key: str, content: bytes | None) -> int | None:
    """Return the line a key of the frontmatter stands in, in whatever dialect; None: it cannot be found."""
    for number, line in enumerate((content or b"").splitlines(), start=1):
        if re.match(rb"[\s#]*%s\s*[:=]" % key.encode(), line):
            return number
    return None


def _why_no_python(wanted: str) -> str:
    """Return why a task has no Python on this machine, empty where it has one."""
    if accepts(wanted, sys.version_info[:2]):
        return ""
    from task_scheduler.environments.interpreters import Interpreters
    from task_scheduler.environments.uv import find_uv

    there = Interpreters(base=Path(sys.executable), variables=os.environ, uv=find_uv(os.environ))
    try:
        asyncio.run(there.suiting(wanted))
    except EnvironmentFailed as error:
        return str(error)
    return ""


def _refused(shown: str, message: str, severity: Severity = Severity.ERROR) -> Checked:
    return Checked(path=shown, reading=None, problems=(Problem(path=shown, message=message, severity=severity),))


def _place(problem: Problem) -> tuple[int, bool]:
    return (problem.line or 0, problem.severity.value != "error")
