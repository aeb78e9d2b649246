"""`python TASK [ARGS…]`: the interpreter of a task, as its runs have it."""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace
from pathlib import Path

from task_scheduler.cli.door import Door
from task_scheduler.cli.task_file import engine_of, locate, prepare
from task_scheduler.cli.terminal import Terminal
from task_scheduler.cli.verbs import add_arguments_of_task
from task_scheduler.core.errors import TaskSchedulerError

HELP = "open a task's Python on this terminal, with its packages, as its runs have it"
DESCRIPTION = """\
ARGS are Python's own: none opens the prompt, `-c CODE`, `-m MODULE` and a script's path do as ever. The working folder
is the project's, and paths count from there; modules are found where runs find them, so that `import tasks.hello` is
the task of that id. The variables are this terminal's, with those that runs are given (TASK_SCHEDULER_TASK and its
like). Nothing of it is put on record."""


def add_arguments(parser: ArgumentParser) -> None:
    """Declare the task and what is given to its Python."""
    parser.add_argument("task", metavar="TASK", help="a task's id, or a file in the folder of tasks")
    add_arguments_of_task(parser)


def execute(options: Namespace, door: Door, terminal: Terminal) -> int:
    """Become the task's Python; returns only when that cannot be."""
    with engine_of(door, terminal.note, verb=options.verb, pause=terminal.pause) as engine:
        file = locate(options.task, engine.ask("surroundings"), Path.cwd())
        prepare(engine, file, terminal)
        surroundings = engine.ask("surroundings", task=file.task_id)
    # Late: the first part of this may take no longer than the answer.
    from task_scheduler.shell import shell_of

    shell = shell_of(surroundings, options.arguments)
    sys.stdout.flush()
    sys.stderr.flush()
    try:
        shell.replace_this_process()
    except OSError as error:
        raise TaskSchedulerError(f"{shell.interpreter} cannot be run: {error.strerror}") from error
