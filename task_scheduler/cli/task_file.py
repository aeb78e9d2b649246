"""A task file that a person names, and bringing it into force: what `run-file`, `python` and `explain-env` begin with."""

from __future__ import annotations

import fnmatch
import hashlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from task_scheduler.cli.door import Door
from task_scheduler.cli.phrases import Document
from task_scheduler.cli.terminal import Terminal
from task_scheduler.core.errors import NotRunning, TaskSchedulerError, UnknownTask

_SUFFIX = ".py"
#: Seconds between two looks at a file that is being brought into force: the first, and the longest.
_FIRST_LOOK, _LONGEST_LOOK = 0.02, 0.5
#: Seconds a scheduler may take to notice what a file holds now; it was told to look.
_NOTICED_WITHIN = 30.0
_DISABLED = "set enabled: true, and give it no schedule where it is to run by hand alone"


class Engine(Protocol):
    """What brings task files into force and runs them: the running scheduler, or this process alone."""

    @property
    def is_alone(self) -> bool:
        """Whether it lives in this process, and ends with it."""
        ...

    def ask(self, command: str, /, **arguments: object) -> Any:  # noqa: ANN401 - a JSON document
        """Return the answer to a command; raises TaskSchedulerError."""
        ...

    def look_at(self, task_id: str) -> None:
        """Begin to bring a task file, as it stands now, into force."""
        ...

    def end(self, run_id: int, reason: str) -> bool:
        """End a run; False: it is not this engine's to end. Returns once it has ended."""
        ...


class RunningScheduler:
    """The scheduler that works on the project already."""

    is_alone = False

    def __init__(self, door: Door) -> None:
        self._door = door

    def ask(self, command: str, /, **arguments: object) -> Any:  # noqa: ANN401 - a JSON document
        """Ask it."""
        return self._door.ask(command, **arguments)

    def look_at(self, task_id: str) -> None:
        """Let it look at all files now."""
        del task_id
        self._door.ask("rescan")

    def end(self, run_id: int, reason: str) -> bool:
        """Leave the run as it is: the scheduler goes on with it."""
        del run_id, reason
        return False


@contextmanager
def engine_of(door: Door, note: Callable[[str], None]) -> Iterator[Engine]:
    """Give the running scheduler; where none runs, this process takes its place for as long as the block lasts.

    `note` is told what is done meanwhile.
    """
    if _answers(door):
        yield RunningScheduler(door)
        return
    # Late: it needs all that a scheduler needs.
    from task_scheduler.alone import Alone

    with closing(Alone(door.project, note=note)) as alone:
        yield alone


def _answers(door: Door) -> bool:
    try:
        door.ask("surroundings")
    except NotRunning:
        return False
    return True


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskFile:
    """One file of the folder of tasks, with the content it had when it was named."""

    task_id: str
    path: Path
    digest: str  #: SHA-256 of its content, in hex

    def has_changed(self) -> bool:
        """Whether it holds something else now, or is gone."""
        try:
            return _digest(self.path) != self.digest
        except OSError:
            return True


def locate(text: str, project: Mapping[str, Any], here: Path) -> TaskFile:
    """Return the task file that a path (from `here`) or a task's id names.

    `project` is what `surroundings` tells of no task. Raises UnknownTask, and TaskSchedulerError for a file that is
    none of the folder of tasks.
    """
    tasks = Path(project["tasks"])
    path = _find(text, tasks, here)
    if path is None:
        raise UnknownTask(text, _ids(tasks))
    name = path.relative_to(tasks).as_posix()
    reason = _why_left_out(name, project)
    if reason:
        raise TaskSchedulerError(f"{text} is left out of the tasks: {reason}")
    try:
        digest = _digest(path)
    except OSError as error:
        raise TaskSchedulerError(f"{text} cannot be read: {error.strerror}") from error
    return TaskFile(task_id=name.removesuffix(_SUFFIX), path=path, digest=digest)


class NotInForce(TaskSchedulerError):
    """A task file, as it stands, cannot be put in force."""

    def __init__(self, message: str, task: Document) -> None:
        super().__init__(message)
        self.task = task

    def tell(self, terminal: Terminal) -> None:
        """Say all that is wrong with the file, as `check` does."""
        problems = self.task["problems"]
        if not any(problem["severity"] == "error" for problem in problems):
            return
        for problem in problems:
            place, _, message = problem["text"].partition(": ")
            terminal.note(f"{place}: {problem['severity']}: {message}")
        for line in str(self.task["detail"]).splitlines():
            terminal.note(f"    {line}")


def bring_into_force(
    engine: Engine, file: TaskFile, *, note: Callable[[str], None], pause: Callable[[float], object]
) -> Document:
    """Return the task once exactly this content of its file is in force, telling `note` what is done until then.

    Raises NotInForce when it cannot be.
    """
    engine.look_at(file.task_id)
    told, look, waited = "", _FIRST_LOOK, 0.0
    while True:
        task = _ask(engine, file)
        if _is(file.digest, task.get("version")):
            return task
        if _is(file.digest, task.get("pending_digest")):
            waited = 0.0
            if task["status"] != "preparing":
                raise NotInForce(_why_not(file, task), task)
            doing = str(task["detail"]).partition("\n")[0]
            if doing not in {"", told}:
                told = doing
                note(f"{file.task_id}: {doing}")
        elif file.has_changed():
            raise TaskSchedulerError(f"{file.path} was changed meanwhile: try again")
        elif waited > _NOTICED_WITHIN:
            raise TaskSchedulerError(_why_unnoticed(engine, file))
        pause(look)
        waited += look
        look = min(look * 1.5, _LONGEST_LOOK)


def prepare(engine: Engine, file: TaskFile, terminal: Terminal) -> None:
    """See to it that some version of the task is in force: that of its file if possible, else the one before.

    Raises NotInForce when there is none.
    """
    try:
        bring_into_force(engine, file, note=terminal.note, pause=terminal.pause)
    except NotInForce as refusal:
        refusal.tell(terminal)
        version = refusal.task["version"]
        if not version:
            raise
        terminal.note(f"{refusal}: this is about version {version}, which stays in force")


def _ask(engine: Engine, file: TaskFile) -> Document:
    try:
        task: Document = engine.ask("show", task=file.task_id)
    except UnknownTask:
        return {}
    return task


def _is(digest: str, told: str | None) -> bool:
    """Whether a digest, told by its beginning, is this one."""
    return bool(told) and digest.startswith(str(told))


def _why_not(file: TaskFile, task: Document) -> str:
    match task["status"]:
        case "disabled":
            return f"{file.task_id} is disabled (enabled: false): {_DISABLED}"
        case "module":
            return f"{file.task_id} is a module: it has neither frontmatter nor a schedule"
        case _:
            return f"{file.task_id} cannot be put in force as it stands"


def _why_unnoticed(engine: Engine, file: TaskFile) -> str:
    sentence = f"{file.path} is not taken up by the scheduler as it stands now"
    if not engine.ask("surroundings")["reload_on_change"]:
        return f"{sentence}: tasks.reload_on_change is false, so an edit waits for the scheduler's next start"
    return f"{sentence}: its log may say why"


# --- finding ----------------------------------------------------------------------------------------------


def _find(text: str, tasks: Path, here: Path) -> Path | None:
    """Return the path of a file in the folder of tasks; raises TaskSchedulerError for one outside of it."""
    named = (here / Path(text).expanduser()).absolute()
    for path in (named, tasks.parent / text, tasks / text, tasks / f"{text}{_SUFFIX}"):
        if path.is_file() and path.name.endswith(_SUFFIX):
            inside = _inside(path, tasks)
            if inside is not None:
                return inside
    if named.is_file():
        raise TaskSchedulerError(
            f"{text} is no Python file of the folder of tasks, {tasks}: put it there to run it as a task"
        )
    return None


def _inside(path: Path, tasks: Path) -> Path | None:
    """Return a path as one inside the folder of tasks, however it was named; None: it is not there."""
    for folder in (tasks, tasks.resolve()):
        for candidate in (Path(*_normal(path)), path.resolve()):
            if candidate.is_relative_to(folder):
                return tasks / candidate.relative_to(folder)
    return None


def _normal(path: Path) -> list[str]:
    parts: list[str] = []
    for part in path.parts:
        if part == "..":
            parts[1:] = parts[1:-1]
        else:
            parts.append(part)
    return parts


def _ids(tasks: Path) -> Iterator[str]:
    for path in tasks.rglob(f"*{_SUFFIX}"):
        yield path.relative_to(tasks).as_posix().removesuffix(_SUFFIX)


def _why_left_out(name: str, project: Mapping[str, Any]) -> str:
    parts = name.split("/")
    if any(part.startswith(".") for part in parts):
        return "hidden files and folders are none of them"
    if parts[-1] == "__init__.py":
        return "__init__.py is a module's"
    if parts[-1].startswith("example_") and not project["include_examples"]:
        return "set tasks.include_example_tasks: true, or give it a name without example_"
    if not fnmatch.fnmatch(parts[-1], project["pattern"]):
        return f"its name does not match tasks.file_pattern, {project['pattern']}"
    return ""


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
