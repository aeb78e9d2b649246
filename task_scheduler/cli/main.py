"""The command line's entry: reads the arguments, opens the project, carries the verb out, explains what went wrong."""

from __future__ import annotations

import os
import shlex
import sys
from argparse import Namespace
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from task_scheduler.cli.arguments import VERBS, UsageError, read
from task_scheduler.cli.door import ProjectDoor, nearest_project
from task_scheduler.cli.exit_codes import ExitCode
from task_scheduler.cli.phrases import start_hint
from task_scheduler.cli.program import Program, program_of
from task_scheduler.cli.terminal import Terminal
from task_scheduler.core.errors import (
    AlreadyRunning,
    NotRunning,
    SettingsError,
    TaskSchedulerError,
    UnknownRun,
    UnknownTask,
)
from task_scheduler.project import Project, locate_project


def main(argv: Sequence[str] | None = None, program: Program | None = None) -> int:
    """Carry out one command line and return its exit code; `program` None is the one this process was started as."""
    for stream in (sys.stdout, sys.stderr):
        # What a task wrote may not fit the terminal's encoding; that must not end a listing.
        stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    terminal = Terminal.of_process()
    try:
        code = _run(sys.argv[1:] if argv is None else argv, program or program_of(sys.argv[0]), terminal)
        sys.stdout.flush()
    except BrokenPipeError:
        # What is still buffered would raise again when the interpreter closes the stream.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return ExitCode.BROKEN_PIPE
    except KeyboardInterrupt:
        return ExitCode.INTERRUPTED
    return int(code)


def _run(argv: Sequence[str], program: Program, terminal: Terminal) -> int:
    try:
        options = read(argv, program)
        project = _project(options)
    except UsageError as error:
        terminal.error(str(error), hint=error.hint)
        return ExitCode.USAGE
    except SystemExit as asked:  # --help and --version
        return ExitCode.OK if not asked.code else ExitCode.USAGE
    try:
        with closing(ProjectDoor(project=project, note=terminal.note)) as door:
            return VERBS[options.verb].execute(options, door, terminal)
    except TaskSchedulerError as error:
        terminal.error(str(error), hint=_hint(error, program.name))
        return _exit_code(error)


def _project(options: Namespace) -> Project:
    """Return the project that is meant; raises UsageError where its folder is not: a slip must not make a project."""
    project = locate_project(config=options.config, root=options.root, default_root=nearest_project(Path.cwd()))
    root = project.root
    if root.is_dir():
        return project
    if root.exists():
        raise UsageError(f"the project {root} is not a folder", "give the project's folder: --root DIR")
    if options.verb == "run":
        raise UsageError(
            f"no folder {root}", f"a new project begins with an empty folder: `mkdir -p {shlex.quote(str(root))}`"
        )
    raise UsageError(f"no folder {root}", "give the project's folder: --root DIR")


def _exit_code(error: TaskSchedulerError) -> ExitCode:
    match error:
        case SettingsError():
            return ExitCode.CONFIGURATION
        case NotRunning():
            return ExitCode.NOT_RUNNING
        case AlreadyRunning():
            return ExitCode.ALREADY_RUNNING
        case UnknownTask() | UnknownRun():
            return ExitCode.NOT_FOUND
        case _:
            return ExitCode.FAILURE


def _hint(error: TaskSchedulerError, program: str) -> str:
    match error:
        case NotRunning():
            return start_hint(program)
        case UnknownTask():
            return f"`{program} list` shows every task"
        case UnknownRun():
            return f"`{program} history` shows the runs on record"
        case _:
            return ""
