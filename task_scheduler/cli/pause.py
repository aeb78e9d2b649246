"""`pause RUN`: have a run stand still."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from task_scheduler.cli.door import Door
from task_scheduler.cli.phrases import Document
from task_scheduler.cli.runs_named import add_arguments_of_runs, for_each
from task_scheduler.cli.terminal import Terminal
from task_scheduler.control.commands import COMMANDS

HELP = COMMANDS["pause"].help
DESCRIPTION = """\
All its processes stand still, and its limits do not count the time; a run that waits does not begin. It stays so, also
over a restart of the scheduler, until `resume`. `stop` ends a paused run too."""


def add_arguments(parser: ArgumentParser) -> None:
    """Declare the runs."""
    add_arguments_of_runs(parser)


def execute(options: Namespace, door: Door, terminal: Terminal) -> int:
    """Pause each run."""

    def tell(run: Document) -> None:
        held = "" if run["state"] == "running" else f" and will not begin ({run['state']})"
        already = " already" if run.get("was_paused") else ""
        terminal.say(f"run {run['id']} of {run['task']} is paused{already}{held}")

    return for_each(options, door, terminal, act=lambda named: door.ask("pause", **named), tell=tell)
