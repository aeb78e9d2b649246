"""`resume RUN`: have a paused run go on."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from task_scheduler.cli.door import Door
from task_scheduler.cli.phrases import Document
from task_scheduler.cli.runs_named import add_arguments_of_runs, for_each
from task_scheduler.cli.terminal import Terminal
from task_scheduler.control.commands import COMMANDS

HELP = COMMANDS["resume"].help
DESCRIPTION = "One that is not paused simply goes on, and that is said."


def add_arguments(parser: ArgumentParser) -> None:
    """Declare the runs."""
    add_arguments_of_runs(parser)


def execute(options: Namespace, door: Door, terminal: Terminal) -> int:
    """Have each run go on."""

    def tell(run: Document) -> None:
        state = run["state"].replace("_", " ")
        did = "goes on" if run.get("was_paused", True) else "was not paused"
        terminal.say(f"run {run['id']} of {run['task']} {did} ({state})")

    return for_each(options, door, terminal, act=lambda named: door.ask("resume", **named), tell=tell)
