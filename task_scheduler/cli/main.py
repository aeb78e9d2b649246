"""The command line's entry: reads the arguments, opens the project, carries the verb out, explains what went wrong."""

from __future__ import annotations

import errno
import os
import shlex
import sys
from argparse import Namespace
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from task_scheduler.cli.arguments import VERBS, UsageError, read
from task_scheduler.cli.door import ProjectDoor
from task_scheduler.cli.exit_codes import ExitCode, code_of
from task_scheduler.cli.phrases import hint_of
from task_scheduler.cli.program import Program, program_of
from task_scheduler.cli.terminal import Terminal
from task_scheduler.core.errors import NotRunning, TaskSchedulerError
from task_scheduler.project import Project, locate_project, nearest_project
from task_scheduler.starting.streams import fill_gaps
from task_scheduler.typed_paths import UnusablePath

#: Verbs that work without a project: one makes it, the others look at files wherever they are.
_ANYWHERE = frozenset({"init", "check", "fmt"})
#: Verbs that act on runs which execute also without a scheduler, and how many of those are named.
_ACT_ON_RUNS, _MOST_NAMED = frozenset({"pause", "resume", "stop", "shutdown", "restart"}), 5
_MISSING = "`python3 main.py` in a clone installs them; elsewhere install task-scheduler again"
#: What a disk says that takes no more.
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})


def main(argv: Sequence[str] | None = None, program: Program | None = None) -> int:
    """Carry out one command line and return its exit code; `program` None is the one this process was started as."""
    fill_gaps()
    for stream in (sys.stdout, sys.stderr):
        # What a task wrote may not fit the terminal's encoding; that must not end a listing.
        stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    terminal = Terminal.of_process()
    try:
        code = _run(sys.argv[1:] if argv is None else argv, program or program_of(sys.argv[0]), terminal)
        sys.stdout.flush()
    except BrokenPipeError:
        _drop_what_is_unwritten()
        return ExitCode.BROKEN_PIPE
    except OSError as error:
        if error.errno not in _FULL:
            raise
        _drop_what_is_unwritten()
        terminal.error(f"{error.filename or 'standard output'} cannot be written: {error.strerror}")
        return ExitCode.FAILURE
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
    except UnusablePath as error:
        terminal.error(str(error))
        return ExitCode.USAGE
    except SystemExit as asked:  # --help and --version
        return ExitCode.OK if not asked.code else ExitCode.USAGE
    options.program = _told(options, program, project)
    try:
        with closing(ProjectDoor(project=project, note=terminal.note)) as door:
            try:
                return VERBS[options.verb].execute(options, door, terminal)
            except NotRunning as error:
                terminal.error(str(error), hint=_way_out(error, options, door))
                return code_of(error)
    except UnusablePath as error:
        terminal.error(str(error))
        return ExitCode.USAGE
    except TaskSchedulerError as error:
        terminal.error(str(error), hint=hint_of(error, options.program))
        return code_of(error)
    except ImportError as error:
        if (error.name or "").partition(".")[0] == "task_scheduler":
            raise
        terminal.error(f"a package of the program is missing or broken: {error}", hint=_MISSING)
        return ExitCode.FAILURE


def _way_out(error: NotRunning, options: Namespace, door: ProjectDoor) -> str:
    """Return what to do where no scheduler runs; runs that execute all the same are named to who acts on runs."""
    hint = hint_of(error, options.program)
    works = door.what_still_works() if hint and options.verb in _ACT_ON_RUNS else []
    if not works:
        return hint
    named = ", ".join(f"{number} {task}" for number, task in works[:_MOST_NAMED])
    more = f" and {len(works) - _MOST_NAMED} more" if len(works) > _MOST_NAMED else ""
    are = "1 run is" if len(works) == 1 else f"{len(works)} runs are"
    verb = options.verb if options.verb in {"pause", "resume"} else "stop"
    numbers = " ".join(str(number) for number, _ in works[:_MOST_NAMED])
    return f"{are} still at work ({named}{more}): start the scheduler with `{options.program} run`, then `{options.program} {verb} {numbers}`"


def _told(options: Namespace, program: Program, project: Project) -> str:
    """Return how what the person is told to type begins: main.py is about its own folder unless told otherwise."""
    if options.root is None or program.folder in {None, project.root}:
        return program.name
    return f"{program.name} --root {shlex.quote(options.root)}"


def _project(options: Namespace) -> Project:
    """Return the project that is meant; raises UsageError where its folder is not: a slip must not make a project."""
    try:
        project = locate_project(config=options.config, root=options.root, default_root=_around_here(options))
    except FileNotFoundError:
        raise UsageError("the current folder is gone", "go to a folder that is there, or give whole paths") from None
    root = project.root
    if root.is_dir() or options.verb == "init":
        return project
    if root.exists():
        raise UsageError(f"the project {root} is not a folder", "give the project's folder: --root DIR")
    if options.verb == "run":
        raise UsageError(
            f"no folder {root}", f"a new project begins with `{options.program} init {shlex.quote(str(root))}`"
        )
    raise UsageError(f"no folder {root}", "give the project's folder: --root DIR")


def _around_here(options: Namespace) -> Path:
    """Return the project folder that is meant when none is named; else it does not matter."""
    if options.root is not None or options.config is not None:
        return Path("/")
    here = Path.cwd()
    found = nearest_project(here)
    names_a_file = options.verb == "config" and options.doing == "check" and options.what is not None
    if found is None and options.verb not in _ANYWHERE and not names_a_file:
        raise UsageError(
            f"no project in {here} or above it",
            f"`{options.program} init` makes one here; --root DIR names one that is elsewhere",
        )
    return found or here


def _drop_what_is_unwritten() -> None:
    """Forget what is still buffered: it would raise again when the interpreter closes the stream."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
