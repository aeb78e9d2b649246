"""Errors are sentences that name the thing, the bad value and the way out."""

from __future__ import annotations

import pytest

from task_scheduler.core import errors
from task_scheduler.core.errors import (
    AlreadyRunning,
    BackupUnusable,
    DatabaseDamaged,
    DeclarationError,
    EnvironmentFailed,
    IllegalTransition,
    NoSuchFile,
    NotRunning,
    Problem,
    RecordGone,
    RecordLost,
    SchemaTooNew,
    SettingsError,
    Severity,
    TaskSchedulerError,
    UnknownRun,
    UnknownTask,
    did_you_mean,
)

SENTENCES: list[tuple[TaskSchedulerError, str]] = [
    (IllegalTransition("a run", "failed", "running"), "a run is failed and cannot become running"),
    (
        SettingsError("config.yaml", ["a: 1 is too small", "b: unknown key"]),
        "config.yaml: a: 1 is too small\nconfig.yaml: b: unknown key",
    ),
    (EnvironmentFailed("no package 'reqests'"), "no package 'reqests'"),
    (
        SchemaTooNew("x.db", "0007"),
        (
            "x.db has schema 0007, which this version does not know: "
            "upgrade task-scheduler, or set database.path to another file"
        ),
    ),
    (
        DatabaseDamaged("x.db", "page 3 is never used"),
        "the record x.db is damaged: page 3 is never used",
    ),
    (
        AlreadyRunning("the project folder /x", "process 7"),
        "another scheduler holds the project folder /x (process 7)",
    ),
    (
        AlreadyRunning("the project folder /x", "process 7", work="run-file hello"),
        "`run-file hello` works alone on the project folder /x (process 7)",
    ),
    (RecordGone("x.db", "is empty"), "the record x.db is empty, although one was made there"),
    (RecordLost("it is gone", "b", []), "it is gone; there is no backup in b"),
    (RecordLost("it is gone", "b", ["c is damaged"]), "it is gone; no backup in b can be restored\nc is damaged"),
    (BackupUnusable("x.db", "page 3 is never used"), "the backup x.db cannot be restored: page 3 is never used"),
    (NotRunning("/x"), "no scheduler is running for /x"),
    (UnknownTask("reprot", ["report", "backup"]), "no task 'reprot', did you mean 'report'?"),
    (UnknownTask("zzz", ["report"]), "no task 'zzz'"),
    (UnknownTask("zzz"), "no task 'zzz'"),
    (
        NoSuchFile("tasks/ab.py", ["abc", "backup"]),
        "no such file: tasks/ab.py, did you mean 'abc.py'?",
    ),
    (NoSuchFile("zzz.py", ["report"]), "no such file: zzz.py"),
    (NoSuchFile("tasks/old", ["report"], why="it is a folder"), "tasks/old is no task file: it is a folder"),
    (UnknownRun("17"), "no run 17"),
]


@pytest.mark.parametrize(("error", "sentence"), SENTENCES)
def test_an_error_writes_its_own_sentence(error: TaskSchedulerError, sentence: str) -> None:
    assert str(error) == sentence


def test_every_error_has_the_one_root_and_stands_in_the_tree_of_the_docstring() -> None:
    classes = [thing for thing in vars(errors).values() if isinstance(thing, type) and issubclass(thing, Exception)]

    assert all(issubclass(error, TaskSchedulerError) for error in classes)
    assert all(error.__name__ in str(errors.__doc__) for error in classes)


def test_a_problem_names_file_line_and_message() -> None:
    message = "unknown key 'evry', did you mean 'every'?"

    assert str(Problem(path="tasks/report.py", line=4, message=message)) == f"tasks/report.py:4: {message}"
    assert str(Problem(path="tasks/report.py", message=message)) == f"tasks/report.py: {message}"
    assert Problem(path="x", message="y").severity is Severity.ERROR


def test_a_declaration_error_says_all_problems_at_once() -> None:
    problems = [Problem(path="a.py", line=1, message="x"), Problem(path="a.py", line=2, message="y")]

    error = DeclarationError(problems)

    assert str(error) == "a.py:1: x\na.py:2: y"
    assert error.problems == tuple(problems)


def test_details_that_programs_need_are_kept() -> None:
    failed = EnvironmentFailed("x", detail="last lines", temporary=True)

    assert (failed.detail, failed.temporary) == ("last lines", True)
    assert SchemaTooNew("x.db", "0007").revision == "0007"
    assert DatabaseDamaged("x.db", "y").finding == "y"
    assert AlreadyRunning("x", "y").holder == "y"
    assert SettingsError("c", ["l"]).lines == ("l",)


def test_only_a_near_miss_is_suggested() -> None:
    assert did_you_mean("tiemout", ["timeout", "title"]) == ", did you mean 'timeout'?"
    assert did_you_mean("qqq", ["timeout", "title"]) == ""
