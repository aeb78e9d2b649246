"""Task files judged as the scheduler of a project would judge them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from pathlib import Path

from task_scheduler.checking.chains import Chains
from task_scheduler.checking.machine import Machine, is_there
from task_scheduler.checking.record import Record, read_record
from task_scheduler.composition import helpers_folder, task_reader
from task_scheduler.core.errors import Problem, Severity
from task_scheduler.core.tasks import FileKind, JobDeclaration, TaskReading
from task_scheduler.ports import SourceFile
from task_scheduler.project import Project
from task_scheduler.settings import EnvironmentMode, load_settings
from task_scheduler.watcher import oddities
from task_scheduler.watcher.helpers import HelperFolder
from task_scheduler.watcher.requirements import requirement_fault
from task_scheduler.watcher.scanning import FileContent, Unreadable, is_helper, read_file, scan, task_names
from task_scheduler.watcher.undeclared import findings, misplaced_helpers, suspicions, undeclared_imports


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """What is to be told of one file, or of an entry of a folder that is no task file."""

    path: str  #: as it is shown
    reading: TaskReading | None  #: None: nothing of it could be read
    problems: tuple[Problem, ...] = ()
    computed: tuple[JobDeclaration, ...] | None = None
    """What the record tells of its computed schedules, when it is in force as it stands; None: it has none, or not yet."""
    is_one: bool = True  #: False: it is about several entries, which are told of by themselves


class TaskChecker:
    """Judges files as the scheduler of a project would. `here` is the folder that shown paths are relative to."""

    def __init__(self, project: Project, *, here: Path) -> None:
        """Read the project's settings; raises SettingsError."""
        self._settings, self._paths = load_settings(project)
        self._here = here
        self._reader = task_reader(self._settings, self._paths, recommends=True)
        self._machine = Machine(self._paths.root)
        self._chains = Chains(known=lambda: self._known, read=self._reading_of)

    @property
    def tasks(self) -> Path:
        """The folder of tasks; it may be missing."""
        return self._paths.tasks

    def find(self, name: str) -> Path | None:
        """Return the file or folder that a path, or a task's id, names; None: there is none."""
        for path in (self._here / name, self._paths.tasks / name, self._paths.tasks / f"{name}.py"):
            if is_there(path):
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
        for relative in sorted({*found.files, *found.unreadable, *found.left_out}):
            path = folder / relative
            if relative in found.files:
                yield self.check_file(path)
            elif relative in found.unreadable:
                yield _refused(
                    f"{self.shown(path)}/",
                    f"the folder cannot be read ({found.unreadable[relative]}): let the scheduler's user read it",
                )
            else:
                reason = found.left_out[relative]
                severity = Severity.WARNING if reason in oddities.HARMLESS else Severity.ERROR
                yield _refused(self.shown(path), reason, severity)
        for sentence in oddities.look_alikes(found.files, folder.name):
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
        source = self._source(file, read)
        shown = source.path
        reading = self._reader.read(source)
        computed = self._record.computed_jobs(source, reading) if reading.computed else None
        problems = (
            *(self._placed(problem, shown) for problem in reading.problems),
            *self._machine.lacks(source, reading),
            *self._imports(file, source, reading),
            *self._computed(source, reading, computed),
            *self._chains.faults(source, reading, (*reading.jobs, *(computed or ()))),
        )
        return Checked(
            path=shown, reading=reading, problems=tuple(sorted(dict.fromkeys(problems), key=_place)), computed=computed
        )

    def _source(self, file: Path, read: FileContent) -> SourceFile:
        return SourceFile(
            task_id=self._task_id(file),
            path=self.shown(file),
            digest=read.digest,
            content=read.content,
            problem=read.problem,
            saved_at=read.saved_at,
        )

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

    def _computed(
        self, source: SourceFile, reading: TaskReading, jobs: Sequence[JobDeclaration] | None
    ) -> Iterator[Problem]:
        """Yield a note about what only importing the file can tell; and once that is known, what there is to say of it."""
        if not reading.computed or reading.errors:
            return
        told = "known when the file is admitted, which imports it in its environment"
        if refusal := self._record.refusal(source):
            yield from (self._placed(problem, source.path) for problem in refusal)
            told = "the scheduler has tried to admit the file as it stands, and refused it"
        elif jobs is not None:
            found = ", ".join(dict.fromkeys(repr(job.trigger) for job in jobs)) or "none"
            told = f"importing the file told, when it was admitted: {found}"
            yield from self._reader.judge_jobs(jobs, path=source.path, saved_at=source.saved_at)
        message = f"its schedule is computed: {told}"
        yield Problem(path=source.path, message=message, line=reading.computed_line, severity=Severity.NOTE)

    @cached_property
    def _known(self) -> frozenset[str]:
        """The ids of the tasks, and of the modules beside them."""
        return frozenset(self.ids())

    def _reading_of(self, task_id: str) -> TaskReading:
        file = self._paths.tasks / f"{task_id}.py"
        return self._reader.read(self._source(file, read_file(file)))

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
        version = self._record.versions.get(task_id)
        wanted = reading.declaration
        if version is None or wanted is None or reading.helper_names:
            return None
        had = version.declaration
        if (had.dependencies, had.python_version) != (wanted.dependencies, wanted.python_version):
            return None
        from task_scheduler.environments.contents import installed_modules

        return installed_modules(self._paths.data / "environments", version.environment)

    @cached_property
    def _record(self) -> Record:
        return read_record(self._paths.database)


def _refused(shown: str, message: str, severity: Severity = Severity.ERROR) -> Checked:
    return Checked(path=shown, reading=None, problems=(Problem(path=shown, message=message, severity=severity),))


def _place(problem: Problem) -> tuple[int, bool]:
    return (problem.line or 0, problem.severity.value != "error")
