"""What the exit code of a command says."""

from __future__ import annotations

from enum import IntEnum

from task_scheduler.core.errors import (
    AlreadyRunning,
    BackupUnusable,
    DatabaseDamaged,
    NotRunning,
    RecordGone,
    RecordLost,
    SettingsError,
    TaskSchedulerError,
    UnknownBackup,
    UnknownRun,
    UnknownTask,
)


class ExitCode(IntEnum):
    """Kept stable: scripts and service managers rely on them (tests/unit/cli/test_arguments.py freezes them)."""

    OK = 0  # done; with `start --wait`: the run succeeded
    FAILURE = 1  # it could not be done, or the run waited for did not succeed
    USAGE = 2  # the command line cannot be understood
    CONFIGURATION = 3  # the configuration cannot be used
    NOT_RUNNING = 4  # no scheduler is running for this project (`start`, `status`, `stop` …)
    ALREADY_RUNNING = 5  # another scheduler holds this project or its database
    NOT_FOUND = 6  # no such task, run or backup
    HUNG = 7  # a scheduler holds the project, and its loop stands still (`alive`)
    RECORD = 8  # the record, or the backup that was named, is damaged or gone
    INTERRUPTED = 130  # Ctrl-C
    BROKEN_PIPE = 141  # the reader of the output went away, as `head` does


def code_of(error: TaskSchedulerError) -> ExitCode:
    """Return what a command exits with that failed so."""
    match error:
        case SettingsError():
            return ExitCode.CONFIGURATION
        case NotRunning():
            return ExitCode.NOT_RUNNING
        case AlreadyRunning():
            return ExitCode.ALREADY_RUNNING
        case DatabaseDamaged() | RecordGone() | RecordLost() | BackupUnusable():
            return ExitCode.RECORD
        case UnknownTask() | UnknownRun() | UnknownBackup():
            return ExitCode.NOT_FOUND
        case _:
            return ExitCode.FAILURE
