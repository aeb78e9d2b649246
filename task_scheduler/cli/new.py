"""`new NAME`: write a task file to start from."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from pathlib import Path

from task_scheduler.cli.door import Door
from task_scheduler.cli.exit_codes import ExitCode
from task_scheduler.cli.terminal import Terminal
from task_scheduler.core.errors import NotRunning
from task_scheduler.scaffolding.new_files import create_file
from task_scheduler.scaffolding.task_file import BadName, Dialect, NewTask, task_name

HELP = "write a task file to start from"
DESCRIPTION = """\
The file is complete: it is checked before it is written, and runs as it is. Nothing that is there is overwritten."""
_SCHEDULE = "every 10 minutes"


def add_arguments(parser: ArgumentParser) -> None:
    """Declare the name and what is known of the task already."""
    parser.add_argument("name", metavar="NAME", help="what it is to be called, such as report or reports/daily")
    parser.add_argument(
        "--schedule",
        metavar="WORDS",
        action="append",
        help=f'when it runs, such as "daily at 06:30" or "0 9 * * 1-5"; may be repeated; {_SCHEDULE} by default',
    )
    parser.add_argument("--title", metavar="TEXT", help="how logs and lists call it; made from its name by default")
    parser.add_argument(
        "--package",
        metavar="PACKAGE",
        action="append",
        help='a package it needs, such as "requests>=2"; may be repeated',
    )
    parser.add_argument(
        "--to",
        metavar="DIALECT",
        choices=[dialect.value for dialect in Dialect],
        default=Dialect.DOCSTRING.value,
        help="how it says what it is: docstring, bare or pep723",
    )


def execute(options: Namespace, door: Door, terminal: Terminal) -> int:
    """Write the file, and say what happens next."""
    from task_scheduler.checking import TaskChecker

    checker = TaskChecker(door.project, here=Path.cwd())
    folder = checker.tasks
    try:
        name = task_name(options.name, tasks=[checker.shown(folder), str(folder)])
    except BadName as error:
        terminal.error(str(error))
        return ExitCode.USAGE
    file = folder / f"{name}.py"
    unseen = checker.why_unseen(file.name)
    if unseen:
        terminal.error(f"{file.name} would never run: {unseen}")
        return ExitCode.USAGE
    if not folder.is_dir():
        terminal.error(f"there is no folder {folder}", hint=f"`{options.program} init` makes what a project needs")
        return ExitCode.FAILURE
    task = NewTask.named(
        name, schedules=options.schedule or [_SCHEDULE], packages=options.package or [], title=options.title
    )
    text = task.text(Dialect(options.to))
    problems = checker.check_text(file, text).problems
    if problems:
        terminal.error("\n".join(str(problem) for problem in problems), hint="nothing was written")
        return ExitCode.FAILURE
    try:
        create_file(file, text)
    except FileExistsError as error:
        terminal.error(
            f"{checker.shown(Path(error.filename or file))} is there already: choose another name, or edit it"
        )
        return ExitCode.FAILURE
    except OSError as error:
        terminal.error(f"{checker.shown(file)} cannot be written: {error.strerror}")
        return ExitCode.FAILURE
    terminal.say(f"made {checker.shown(file)}")
    _tell_next(name, options.program, door, terminal)
    return ExitCode.OK


def _tell_next(name: str, program: str, door: Door, terminal: Terminal) -> None:
    try:
        door.ask("rescan")
    except NotRunning:
        terminal.note(f"no scheduler is running: start it with `{program} run`, and it takes the file up")
    else:
        terminal.note(
            f"the running scheduler takes it up now; `{program} start {name} --wait` runs it without waiting for its time"
        )
