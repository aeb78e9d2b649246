"""`stop RUN`: end a run."""

from __future__ import annotations

import getpass
from argparse import ArgumentParser, Namespace

from task_scheduler.cli import phrases, times
from task_scheduler.cli.door import Door
from task_scheduler.cli.phrases import Document
from task_scheduler.cli.runs_named import add_arguments_of_runs, for_each
from task_scheduler.cli.terminal import STYLE_OF, Terminal
from task_scheduler.control.commands import COMMANDS

HELP = COMMANDS["stop"].help
DESCRIPTION = """\
Its processes get TERM and, after the task's kill_grace, KILL; the run is recorded as cancelled, with the reason. One
that waits is cancelled at once. Returns once it has ended. `shutdown` ends the scheduler, not this."""

#: Seconds between two looks whether a run has ended, and after how many it is said that it takes its time.
_LOOK, _TOLD_AFTER = 0.1, 1.0


def add_arguments(parser: ArgumentParser) -> None:
    """Declare the runs, and how to end them."""
    add_arguments_of_runs(parser)
    parser.add_argument("--reason", metavar="TEXT", help="why, for the record and for the task")
    parser.add_argument("--now", action="store_true", help="KILL at once, without a grace")


def execute(options: Namespace, door: Door, terminal: Terminal) -> int:
    """End each run, and wait until each has ended."""
    by = _by()
    reason = f"{by}: {options.reason}" if options.reason else by
    grace = 0 if options.now else None

    def act(named: dict[str, object]) -> Document:
        run: Document = door.ask("stop", **named, reason=reason, grace=grace)
        return _wait(run, door, terminal)

    def tell(run: Document) -> None:
        took = "" if run["duration"] is None else f" after {times.duration(run['duration'])}"
        before = "" if run["state"] == "cancelled" else " before it could be stopped"
        text = f"run {run['id']} of {run['task']} {phrases.ended(run)}{took}{before}"
        terminal.say(text, STYLE_OF.get(run["state"], ""))

    return for_each(options, door, terminal, act=act, tell=tell)


def _by() -> str:
    try:
        return f"stopped by {getpass.getuser()}"
    except (KeyError, OSError):  # nobody of that number is known here
        return "stopped by hand"


def _wait(run: Document, door: Door, terminal: Terminal) -> Document:
    waited, told = 0.0, False
    try:
        while not run["final"]:
            terminal.pause(_LOOK)
            waited += _LOOK
            if waited > _TOLD_AFTER and not told:
                told = True
                terminal.note(
                    f"run {run['id']} of {run['task']} was told to end: waiting until it has (--now kills it)"
                )
            run = door.ask("run", run=run["id"])
    except KeyboardInterrupt:
        terminal.note(f"run {run['id']} of {run['task']} ends all the same: only the waiting ended")
        raise
    return run
