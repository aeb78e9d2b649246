"""A task file that a person names, and bringing it into force: what `run-file`, `python` and `explain-env` begin with."""

from __future__ import annotations

import fnmatch
import hashlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from task_scheduler.cli.door import Door
from task_scheduler.cli.phrases import Document
from task_scheduler.cli.terminal import Terminal
from task_scheduler.control.errors import NoAnswer
from task_scheduler.core.errors import AlreadyRunning, NotRunning, TaskSchedulerError, UnknownTask
from task_scheduler.core.tasks import AS_A_TASK
from task_scheduler.typed_paths import is_file, named_python_file
from task_scheduler.unknown_names import not_found

if TYPE_CHECKING:
    from task_scheduler.alone import Alone

_SUFFIX = ".py"
#: Seconds between two looks at a file that is being brought into force: the first, and the longest.
_FIRST_LOOK, _LONGEST_LOOK = 0.02, 0.5
#: Seconds a scheduler may take to notice what a file holds now; it was told to look.
_NOTICED_WITHIN = 30.0
#: Seconds a scheduler that is starting may take to answer, and after how many a person is told of it.
_ANSWERS_WITHIN, _TOLD_AFTER = 30.0, 1.0
_DISABLED = "set enabled: true, and give it no schedule where it is to run by hand alone"


class Engine(Protocol):
    """What brings task files into force and runs them: the running scheduler, or this process alone."""

    @property
    def is_alone(self) -> bool:
        """Whether it lives in this process, and ends with it."""
        ...

    @property
    def is_gone(self) -> bool:
        """Whether the scheduler is gone that the runs were asked of, and none has come back."""
        ...

    def what_is_known(self, run_id: int) -> str:
        """Return what is known of a run that no scheduler settles, in a sentence; empty: it may be executing."""
        ...

    def ask(self, command: str, /, **arguments: object) -> Any:  # noqa: ANN401 - a JSON document
        """Return the answer to a command; raises TaskSchedulerError."""
        ...

    def look_at(self, task_id: str) -> None:
        """Begin to bring a task file, as it stands now, into force."""
        ...

    def allow_beside(self) -> None:
        """Start a task even while a run of it that an earlier scheduler left is executing."""
        ...

    def end(self, run_id: int, reason: str, *, now: bool = False) -> bool:
        """Begin to end a run, with `now` by KILL at once; False: it is not this engine's to end."""
        ...


class RunningScheduler:
    """The scheduler that works on the project already."""

    is_alone = False

    def __init__(self, door: Door) -> None:
        self._door = door

    @property
    def is_gone(self) -> bool:
        """Whether the scheduler is gone that the runs were asked of, and none has come back."""
        return self._door.is_left

    def what_is_known(self, run_id: int) -> str:
        """Return what is known of a run that no scheduler settles, in a sentence; empty: it may be executing."""
        return self._door.what_is_known(run_id)

    def ask(self, command: str, /, **arguments: object) -> Any:  # noqa: ANN401 - a JSON document
        """Ask it."""
        return self._door.ask(command, **arguments)

    def look_at(self, task_id: str) -> None:
        """Let it look at all files now."""
        del task_id
        self._door.ask("rescan")

    def allow_beside(self) -> None:
        """Do nothing: no run was left to be settled, and this scheduler never doubles one."""

    def end(self, run_id: int, reason: str, *, now: bool = False) -> bool:
        """Leave the run as it is: the scheduler goes on with it."""
        del run_id, reason, now
        return False


class _InTurn:
    """This process alone, once it is its turn; or a scheduler that was only starting when it was first asked."""

    def __init__(
        self, alone: Alone, door: Door, *, note: Callable[[str], None], pause: Callable[[float], object]
    ) -> None:
        self._alone = alone
        self._door = door
        self._note = note
        self._pause = pause
        self._engine: Alone | RunningScheduler = alone

    @property
    def is_alone(self) -> bool:
        """Whether it lives in this process, and ends with it."""
        return self._engine.is_alone

    @property
    def is_gone(self) -> bool:
        """Whether the scheduler is gone that the runs were asked of, and none has come back."""
        return self._engine.is_gone

    def what_is_known(self, run_id: int) -> str:
        """Return what is known of a run that no scheduler settles, in a sentence; empty: it may be executing."""
        return self._engine.what_is_known(run_id)

    def ask(self, command: str, /, **arguments: object) -> Any:  # noqa: ANN401 - a JSON document
        """Return the answer to a command; raises TaskSchedulerError."""
        return self._engine.ask(command, **arguments)

    def look_at(self, task_id: str) -> None:
        """Begin to bring a task file into force, here or where a scheduler turns out to be."""
        self._engine = self._choose(task_id)
        self._engine.look_at(task_id)

    def allow_beside(self) -> None:
        """Start a task even while a run of it that an earlier scheduler left is executing."""
        self._alone.allow_beside()

    def end(self, run_id: int, reason: str, *, now: bool = False) -> bool:
        """Begin to end a run; False: it is not this engine's to end."""
        return self._engine.end(run_id, reason, now=now)

    def _choose(self, task_id: str) -> Alone | RunningScheduler:
        """Return this process, under the lock, or the scheduler that holds it, once it answers."""
        waited, told = 0.0, False
        while True:
            try:
                self._alone.take_turn(task_id, pause=self._pause)
            except AlreadyRunning as held:
                if _answers(self._door):
                    return RunningScheduler(self._door)
                if waited > _ANSWERS_WITHIN:
                    raise
                if not told and waited >= _TOLD_AFTER:
                    told = True
                    self._note(f"{held}, which does not answer yet: waiting until it does")
            else:
                return self._alone
            self._pause(_LONGEST_LOOK / 2)
            waited += _LONGEST_LOOK / 2


@contextmanager
def engine_of(
    door: Door, note: Callable[[str], None], *, verb: str, pause: Callable[[float], object]
) -> Iterator[Engine]:
    """Give the running scheduler; where none runs, this process takes its place for as long as the block lasts.

    `note` is told what is done meanwhile, others who want to work on the project that `verb` does.
    """
    if _answers(door):
        yield RunningScheduler(door)
        return
    # Late: it needs all that a scheduler needs.
    from task_scheduler.alone import Alone

    with closing(Alone(door.project, note=note, verb=verb)) as alone:
        yield _InTurn(alone, door, note=note, pause=pause)


def _answers(door: Door) -> bool:
    try:
        door.ask("surroundings")
    except (NotRunning, NoAnswer):  # one that hangs up is about to end
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


def locate(text: str, project: Mapping[str, Any], here: Path, *, is_meant: bool = False) -> TaskFile:
    """Return the task file that a path (from `here`) or a task's id names.

    `project` is what `surroundings` tells of no task; with `is_meant` an example counts whatever that says. Raises UnusablePath, UnknownTask, and TaskSchedulerError for a
    file that is none of the folder of tasks.
    """
    tasks = Path(project["tasks"])
    path = _find(text, tasks, here)
    if path is None:
        raise not_found(text, _ids(tasks), here=here, folders=[tasks])
    name = path.relative_to(tasks).as_posix()
    reason = _why_left_out(name, {**project, "include_examples": project["include_examples"] or is_meant})
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
            if not engine.is_gone:
                waited = 0.0
            if task["status"] != "preparing":
                raise NotInForce(_why_not(file, task), task)
            doing = str(task["detail"]).partition("\n")[0]
            if doing not in {"", told}:
                told = doing
                note(f"{file.task_id}: {doing}")
        elif file.has_changed():
            raise TaskSchedulerError(f"{file.path} was changed meanwhile: try again")
        if waited > _NOTICED_WITHIN:
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
    except (UnknownTask, NoAnswer):  # this only reads, so it is simply asked again
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
            return f"{file.task_id} is a module: it has neither frontmatter nor a schedule; {AS_A_TASK}"
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
    path = named_python_file(text, here=here, folders=[tasks.parent, tasks], tasks=tasks)
    if path is not None and path.is_relative_to(tasks):
        return path
    if path is not None or is_file(here / text):
        raise TaskSchedulerError(
            f"{text} is no Python file of the folder of tasks, {tasks}: put it there to run it as a task"
        )
    return None


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
        return "set tasks.include_example_tasks: true, which counts at once, or give it a name without example_"
    if not fnmatch.fnmatch(parts[-1], project["pattern"]):
        return f"its name does not match tasks.file_pattern, {project['pattern']}"
    return ""


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
