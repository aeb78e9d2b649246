"""What the exit code of a command says."""

from __future__ import annotations

from enum import IntEnum


class ExitCode(IntEnum):
    """Kept stable: scripts and service managers rely on them (tests/unit/cli/test_arguments.py freezes them)."""

    OK = 0  # done; with `start --wait`: the run succeeded
    FAILURE = 1  # it could not be done, or the run waited for did not succeed
    USAGE = 2  # the command line cannot be understood
    CONFIGURATION = 3  # the configuration cannot be used
    NOT_RUNNING = 4  # no scheduler is running for this project (`start`, `status`)
    ALREADY_RUNNING = 5  # another scheduler holds this project or its database
    NOT_FOUND = 6  # no such task or run
    INTERRUPTED = 130  # Ctrl-C
    BROKEN_PIPE = 141  # the reader of the output went away, as `head` does
