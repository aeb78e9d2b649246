"""Every error this project raises on purpose.

TaskSchedulerError
├── DeclarationError      a task file cannot be admitted; carries all its problems
├── TriggerError          a schedule that cannot be meant
├── IllegalTransition     a run or attempt asked to change in a way its state forbids
├── SettingsError         the configuration cannot be used
├── EnvironmentFailed     an environment could not be locked or built
├── StoreError            the database cannot be used
│   ├── SchemaTooNew      it was written by a newer program
│   ├── DatabaseDamaged   its content fails SQLite's own check
│   ├── RecordGone        a record was made here, and there is none any more
│   ├── RecordLost        it is damaged or gone, and nothing is there to restore it from
│   └── BackupUnusable    a backup that is not whole
├── AlreadyRunning        another scheduler, or a command in its place, holds this project or database
├── NotRunning            no scheduler answers for this project
├── UnknownTask           no task of that id
│   └── NoSuchFile        a path that leads to no file
├── UnknownRun            no run of that number
├── UnknownBackup         no backup of that name
└── Refused               the scheduler understood a command and will not carry it out

A class takes data and writes its own message: what is wrong, the bad value, the way out.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class TaskSchedulerError(Exception):
    """The root of every error raised on purpose."""


class Severity(StrEnum):
    """How much a problem of a task file matters."""

    ERROR = "error"  # the file is not admitted; the last good version stays in force
    WARNING = "warning"  # the file is admitted and the person is told
    NOTE = "note"  # nothing is wrong; told by `check` alone, and counted by nobody


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing that is wrong with a task file, said so that a person can mend it."""

    path: str  #: of the file, relative to the project folder, as the person knows it
    message: str  #: names the key, the bad value and the way out; no full stop
    line: int | None = None  #: first line is 1; None: the file as a whole
    severity: Severity = Severity.ERROR

    def __str__(self) -> str:
        """Return `tasks/report.py:4: unknown key 'evry', did you mean 'every'?`."""
        place = self.path if self.line is None else f"{self.path}:{self.line}"
        return f"{place}: {self.message}"


class DeclarationError(TaskSchedulerError):
    """A task file cannot be admitted: its author mends every problem listed, then saves again."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = tuple(problems)


class TriggerError(TaskSchedulerError):
    """A schedule that cannot be meant; the message says what to write instead."""


class IllegalTransition(TaskSchedulerError):
    """A state was asked to change in a way the table of transitions forbids: a fault of the program."""

    def __init__(self, what: str, current: str, wanted: str) -> None:
        super().__init__(f"{what} is {current} and cannot become {wanted}")
        self.current = current
        self.wanted = wanted


class SettingsError(TaskSchedulerError):
    """The configuration cannot be used; each line names the key, the value and the way out."""

    def __init__(self, path: str, lines: Sequence[str], *, elsewhere: Sequence[str] = ()) -> None:
        """`lines` are about the file, `elsewhere` about what an environment variable or the command line says."""
        super().__init__("\n".join([*(f"{path}: {line}" for line in lines), *elsewhere]))
        self.lines = (*lines, *elsewhere)
        self.elsewhere = tuple(elsewhere)


class EnvironmentFailed(TaskSchedulerError):
    """An environment could not be locked or built.

    `detail` holds the installer's last lines as it wrote them; `temporary` says whether trying again
    without a change can help (an index out of reach) or not (a package that does not exist).
    """

    def __init__(self, message: str, *, detail: str = "", temporary: bool = False) -> None:
        super().__init__(message)
        self.detail = detail
        self.temporary = temporary


class StoreError(TaskSchedulerError):
    """The database cannot be used."""


class SchemaTooNew(StoreError):
    """The database was written by a newer program: upgrade this one, or use another database."""

    def __init__(self, path: str, revision: str) -> None:
        super().__init__(
            f"{path} has schema {revision}, which this version does not know: "
            "upgrade task-scheduler, or set database.path to another file"
        )
        self.revision = revision


class DatabaseDamaged(StoreError):
    """SQLite's own check finds the file damaged."""

    #: Name and moment of the backup that a start puts in its place; None: none is whole, or it was not looked for.
    whole_backup: tuple[str, datetime] | None = None

    def __init__(self, path: str, finding: str) -> None:
        super().__init__(f"the record {path} is damaged: {finding}")
        self.finding = finding


class RecordGone(StoreError):
    """There is no record where one was made: a new, empty one would say that nothing ever ran."""

    #: Name and moment of the backup that a start puts in its place; None: none is whole, or it was not looked for.
    whole_backup: tuple[str, datetime] | None = None

    def __init__(self, path: str, finding: str) -> None:
        super().__init__(f"the record {path} {finding}, although one was made there")
        self.finding = finding


class RecordLost(StoreError):
    """The record is damaged or gone, and no backup can take its place: a person decides."""

    def __init__(self, finding: str, folder: str, refused: Sequence[str]) -> None:
        none = f"there is no backup in {folder}" if not refused else f"no backup in {folder} can be restored"
        super().__init__("\n".join([f"{finding}; {none}", *refused]))


class BackupUnusable(StoreError):
    """A backup cannot be restored."""

    def __init__(self, path: str, finding: str) -> None:
        super().__init__(f"the backup {path} cannot be restored: {finding}")
        self.finding = finding


class AlreadyRunning(TaskSchedulerError):
    """Another scheduler holds this project folder or this database, or a command that works in its place.

    `work` is that command, such as `run-file hello`, which ends by itself; empty: it is a scheduler.
    """

    work = ""  # of one that came through the control socket, too
    says_the_way_out = False  # whether the message does

    def __init__(self, what: str, holder: str, *, work: str = "") -> None:
        super().__init__(
            f"`{work}` works alone on {what} ({holder})" if work else f"another scheduler holds {what} ({holder})"
        )
        self.holder = holder
        self.work = work


class NotRunning(TaskSchedulerError):
    """No scheduler answers for this project folder."""

    def __init__(self, root: str) -> None:
        super().__init__(f"no scheduler is running for {root}")


def did_you_mean(wrong: str, known: Iterable[str]) -> str:
    """Return `, did you mean 'right'?` for a near miss, else an empty string."""
    close = difflib.get_close_matches(wrong, list(known), n=1)
    return f", did you mean {close[0]!r}?" if close else ""


class UnknownTask(TaskSchedulerError):
    """No task of that id is known."""

    def __init__(self, task_id: str, known: Iterable[str] = ()) -> None:
        super().__init__(f"no task {task_id!r}{did_you_mean(task_id, known)}")


class NoSuchFile(UnknownTask):
    """A path leads to no file; `why` says what is there instead, such as `it is a folder`, empty: nothing is."""

    def __init__(self, path: str, known: Iterable[str] = (), *, why: str = "") -> None:
        """`known` are the ids of tasks."""
        files = [f"{task_id}.py" for task_id in known]
        TaskSchedulerError.__init__(
            self,
            f"{path} is no task file: {why}"
            if why
            else f"no such file: {path}{did_you_mean(path.removeprefix('tasks/'), files)}",
        )


class UnknownRun(TaskSchedulerError):
    """No run of that number is on record."""

    def __init__(self, run: str) -> None:
        super().__init__(f"no run {run}")


class UnknownBackup(TaskSchedulerError):
    """No backup of that name is there."""


class Refused(TaskSchedulerError):
    """The scheduler understood a command and will not carry it out; the message says why."""
