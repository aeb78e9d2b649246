"""`explain WHAT`: what a task's schedules, or any schedule, mean."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from task_scheduler.cli.door import Door
from task_scheduler.cli.terminal import Terminal
from task_scheduler.cli.verbs import add_json
from task_scheduler.cli.what import WHAT_IT_TAKES, add_what

HELP = "tell in words what a task's schedules, or any schedule, mean"
DESCRIPTION = f"""\
{WHAT_IT_TAKES}

Beside the sentence stands what happens at the coming two changes of the zone's clock, which is worked out by the schedule
itself, what should be known beforehand, and the next three slots; `next` tells more of them."""


def add_arguments(parser: ArgumentParser) -> None:
    """Declare what is explained, and `--json`."""
    add_what(parser)
    add_json(parser)


def execute(options: Namespace, door: Door, terminal: Terminal) -> int:
    """Explain each schedule."""
    # Late: with it come zones and triggers, which other verbs need not pay for.
    from task_scheduler.cli.meanings import tell_meaning

    return tell_meaning(options, door, terminal)
