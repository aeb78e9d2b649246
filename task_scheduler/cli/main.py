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
from task_scheduler.core.errors import NotRunning, SettingsError, TaskSchedulerError
from task_scheduler.project import (
    Project,
    locate_project,
    looks_like_project,
    nearest_project,
    project_of_configuration,
)
from task_scheduler.starting.streams import fill_gaps
from task_scheduler.typed_paths import UnusablePath, typed_path

#: Verbs that work without a project: one makes it, the others look at files and schedules wherever they are.
_ANYWHERE = frozenset({"init", "check", "fmt", "next", "explain"})
#: Verbs that begin in an empty folder that is named: one makes a project of it, the other says what it lacks.
_BEGIN_ONE = frozenset({"run", "new"})
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
        with closing(ProjectDoor(project=project, note=terminal.note, program=options.program)) as door:
            try:
                _check_configuration(options, project)
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


def _check_configuration(options: Namespace, project: Project) -> None:
    """Raise SettingsError where the file that was named is none, also for a verb that would not look at it.

    `config check` says it in its own way, and `init` and `alive` have no use for it.
    """
    looks_itself = options.verb in {"init", "alive"} or (options.verb == "config" and options.doing == "check")
    if project.config_required and not looks_itself and (fault := project.configuration_fault()):
        raise SettingsError(str(project.config), [fault])


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
    """Return how what the person is told to type begins: with the project and the settings this command was about.

    main.py is about its own folder unless told otherwise, an installed program about the project around it.
    """
    words = [program.name]
    if options.root is not None and _untold(program) != project.root:
        words.append(f"--root {shlex.quote(options.root)}")
    if options.config is not None and options.verb != "init":
        words.append(f"--config {shlex.quote(options.config)}")
    return " ".join(words)


def _untold(program: Program) -> Path | None:
    """Return the project that is meant here by a command that names none; None: none is."""
    try:
        return program.folder or nearest_project(Path.cwd())
    except OSError:  # the current folder is gone
        return None


def _project(options: Namespace) -> Project:
    """Return the project that is meant; raises UsageError where its folder is not: a slip must not make a project."""
    try:
        project = locate_project(config=options.config, root=options.root, default_root=_around_here(options))
    except FileNotFoundError:
        raise UsageError("the current folder is gone", "go to a folder that is there, or give whole paths") from None
    root = project.root
    if options.verb == "init":
        return project
    if root.is_dir():
        _check_it_is_one(options, project)
        return project
    if root.exists():
        raise UsageError(f"the project {root} is not a folder", "give the project's folder: --root DIR")
    if options.verb == "run":
        raise UsageError(
            f"no folder {root}", f"a new project begins with `{options.program} init {shlex.quote(str(root))}`"
        )
    raise UsageError(f"no folder {root}", "give the project's folder: --root DIR")


def _check_it_is_one(options: Namespace, project: Project) -> None:
    """Raise UsageError where a folder that was named holds nothing of a project: a slip must not pass for an empty one."""
    if options.root is None or options.verb in _ANYWHERE or options.verb in _BEGIN_ONE or _is_about_a_file(options):
        return
    if not project.config_required and not looks_like_project(project.root):
        raise UsageError(
            f"no project in {project.root}",
            f"give the project's folder: --root DIR; `{options.program} init {shlex.quote(options.root)}` makes one there",
        )


def _is_about_a_file(options: Namespace) -> bool:
    return bool(options.verb == "config" and options.doing == "check" and options.what is not None)


def _around_here(options: Namespace) -> Path:
    """Return the project folder that is meant when none is named; else it does not matter."""
    if options.root is not None:
        return Path("/")
    here = Path.cwd()
    if options.config is not None and project_of_configuration(here / typed_path(options.config)) is not None:
        return Path("/")
    found = nearest_project(here)
    if found is None and options.verb not in _ANYWHERE and not _is_about_a_file(options):
        hint = f"`{options.program} init` makes one here; --root DIR names one that is elsewhere"
        if options.config is not None:
            hint = f"--config says what its settings are; {hint}"
        raise UsageError(f"no project in {here} or above it", hint)
    return found or here


def _drop_what_is_unwritten() -> None:
    """Forget what is still buffered: it would raise again when the interpreter closes the stream."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
