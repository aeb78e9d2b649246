"""`start TASK`: run a task now."""

from __future__ import annotations

import os
from argparse import ArgumentParser, Namespace

from task_scheduler.cli import phrases
from task_scheduler.cli.door import Door
from task_scheduler.cli.exit_codes import ExitCode
from task_scheduler.cli.phrases import Document
from task_scheduler.cli.task_names import task_id
from task_scheduler.cli.terminal import Terminal
from task_scheduler.cli.verbs import add_json
from task_scheduler.control.commands import COMMANDS
from task_scheduler.control.errors import NoAnswer

HELP = COMMANDS["start"].help
DESCRIPTION = """\
The running scheduler starts it, with the version, limits and packages in force. Repeating a request id returns the
run it made the first time instead of starting another.

What follows `--` is given to the task, as its sys.argv[1:]: `start report -- --verbose 2026`."""

#: Seconds between two looks at a run that is waited for.
_LOOK = 0.25


def add_arguments(parser: ArgumentParser) -> None:
    """Declare the task and what to do about its run."""
    parser.add_argument("task", metavar="TASK", help="the task's id, its path inside tasks/ without .py; or its file")
    parser.add_argument(
        "--function",
        metavar="NAME",
        help="the function to call; or a whole call as `show` writes it; `start`, or the whole file, by default",
    )
    parser.add_argument(
        "--request-id", metavar="ID", help="your own name for this request, so that repeating it is safe"
    )
    parser.add_argument(
        "--wait",
        action="store_true",
        help="wait for the run's end; exits with 0 only when it succeeded, or said itself that there was nothing to do",
    )
    add_json(parser)


def execute(options: Namespace, door: Door, terminal: Terminal) -> int:
    """Start the task, and wait for its end when asked to."""
    request = options.request_id or f"cli-{os.urandom(8).hex()}"
    try:
        run = door.ask(
            "start",
            task=task_id(options.task, door),
            function=options.function,
            request_id=request,
            argv=options.arguments or None,
        )
    except NoAnswer as error:
        terminal.error(
            f"{error}; whether the task was started is not known",
            hint=f"repeat it with --request-id {request}: that starts nothing twice",
        )
        return ExitCode.FAILURE
    if options.wait:
        run = _wait(run, door, terminal)
    if options.json:
        terminal.document(run)
    elif run["final"]:
        _tell_end(run, terminal)
        for sentence in phrases.not_kept(run):
            terminal.note(sentence)
    else:
        terminal.say(f"run {run['id']} of {run['task']} is {run['state'].replace('_', ' ')}")
        terminal.note(f"follow it with `{options.program} logs {run['id']} --follow`")
    # A run may end at once without having begun, such as one that is skipped beside another.
    return ExitCode.FAILURE if run["final"] and not phrases.is_well(run) else ExitCode.OK


def _wait(run: Document, door: Door, terminal: Terminal) -> Document:
    try:
        while not run["final"]:
            terminal.pause(_LOOK)
            # A scheduler that is restarted meanwhile leaves the run alive; the record tells how it ended.
            run = door.ask("run", run=run["id"])
    except KeyboardInterrupt:
        terminal.note(f"run {run['id']} of {run['task']} goes on: only the waiting ended")
        raise
    return run


def _tell_end(run: Document, terminal: Terminal) -> None:
    took = phrases.took_in_words(run)
    because = f": {run['reason']}" if run["reason"] else ""
    style = phrases.state_cell(run["state"]).style
    terminal.say(f"run {run['id']} of {run['task']} {phrases.ended(run)}{took}{because}", style)
