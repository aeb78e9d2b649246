"""What `pause`, `resume` and `stop` share: runs that a person names, and one thing that is done about each."""

from __future__ import annotations

from argparse import ArgumentParser, ArgumentTypeError, Namespace
from collections.abc import Callable

from task_scheduler.cli.door import Door
from task_scheduler.cli.exit_codes import ExitCode, code_of
from task_scheduler.cli.phrases import Document, hint_of
from task_scheduler.cli.task_names import task_id
from task_scheduler.cli.terminal import Terminal
from task_scheduler.cli.verbs import add_json
from task_scheduler.core.errors import NotRunning, TaskSchedulerError


def add_arguments_of_runs(parser: ArgumentParser) -> None:
    """Declare the runs."""
    parser.add_argument(
        "runs",
        metavar="RUN",
        nargs="+",
        type=_name,
        help="a run's number, as `status` and `history` show it; or a task with a single run at work or waiting",
    )
    parser.add_argument("--task", action="store_true", help="each RUN is a task, even where it looks like a number")
    add_json(parser)


def for_each(
    options: Namespace,
    door: Door,
    terminal: Terminal,
    *,
    act: Callable[[dict[str, object]], Document],
    tell: Callable[[Document], None],
) -> int:
    """Do something about each run, and return the exit code of the first that it could not be done about.

    `act` takes what names a run to the scheduler, and returns the run; `tell` says what was done.
    """
    code, done = ExitCode.OK, []
    for name in options.runs:
        try:
            run = act(_named(name, options, door))
        except NotRunning:
            raise
        except TaskSchedulerError as error:
            terminal.error(str(error), hint=hint_of(error, options.program))
            code = code or code_of(error)
            continue
        done.append(run)
        if not options.json:
            tell(run)
    if options.json:
        terminal.document(done)
    return code


def _name(text: str) -> str:
    if text[:1] == "-":
        raise ArgumentTypeError(f"{text!r}: give the number of a run, as `status` and `history` show it, or a task")
    return text


def _named(name: str, options: Namespace, door: Door) -> dict[str, object]:
    is_number = name.isdecimal() and name.isascii()
    return {"run": int(name)} if is_number and not options.task else {"task": task_id(name, door)}
