"""`shutdown`: end the running scheduler."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from task_scheduler.cli.door import Door
from task_scheduler.cli.ending import Ending, add_arguments_of_end, named, order_of
from task_scheduler.cli.exit_codes import ExitCode
from task_scheduler.cli.terminal import Terminal
from task_scheduler.control.commands import COMMANDS
from task_scheduler.core.stopping import StopMode

HELP = COMMANDS["shutdown"].help
DESCRIPTION = """\
Returns once its process is gone. With --drain it starts nothing more and waits for the runs under way first, with
--kill it ends them. Another shutdown may follow while it drains: its word counts then."""

#: Seconds a scheduler may take to end, those left out in which it waits for runs.
_LIMIT = 60.0
#: Seconds between two looks whether it has.
_LOOK = 0.02


def add_arguments(parser: ArgumentParser) -> None:
    """Declare what becomes of the runs under way."""
    add_arguments_of_end(parser, drain="wait for the runs under way", kill="end the runs under way first")


def execute(options: Namespace, door: Door, terminal: Terminal) -> int:
    """End the scheduler, and wait until it is gone."""
    order = order_of(options)
    with door.watched_scheduler() as is_gone:
        door.ask_scheduler("shutdown", mode=order.mode.value, patience=order.patience)
        try:
            ended = Ending(door, terminal).watch(is_gone, look=_LOOK, limit=_LIMIT)
        except KeyboardInterrupt:
            if order.mode is StopMode.DRAIN:
                terminal.note(
                    "the scheduler drains on; `status` tells how far it is, another `shutdown` ends the waiting"
                )
            else:
                terminal.note("the scheduler ends all the same: only the waiting for it ended")
            raise
    if not ended:
        terminal.error(
            f"the scheduler has not ended within {_LIMIT:g} s",
            hint="its log says what it does; ending its process by KILL loses no run: the next start takes them over",
        )
        return ExitCode.FAILURE
    executing = [run for run in door.ask("status").get("at_work", ()) if run["state"] == "running"]
    goes_on = f"; without it {'goes' if len(executing) == 1 else 'go'} on {named(executing)}" if executing else ""
    terminal.say(f"the scheduler has ended{goes_on}")
    return ExitCode.OK
