"""`run`: run the scheduler in the foreground."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from task_scheduler.cli.door import Door
from task_scheduler.cli.terminal import Terminal

HELP = "run the scheduler in the foreground (what happens without a verb)"
DESCRIPTION = """\
Watches tasks/ and runs what is due, until Ctrl-C or TERM. Runs that are under way then go on; the next start takes
them over. A second scheduler for the same project is refused with exit code 5; a command such as `run-file` that works
alone on it is waited for."""


def add_arguments(parser: ArgumentParser) -> None:
    """Declare nothing: the project is all it needs."""


def execute(options: Namespace, door: Door, terminal: Terminal) -> int:
    """Run until stopped."""
    del options
    from task_scheduler import bootstrap

    project = door.project
    return bootstrap.run(project.root, project.config if project.config_required else None, note=terminal.note)
