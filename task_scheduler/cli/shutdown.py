"""`shutdown`: end the running scheduler."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Callable

from task_scheduler import staying_down
from task_scheduler.cli.door import Door
from task_scheduler.cli.ending import Ending, add_arguments_of_end, named, order_of
from task_scheduler.cli.exit_codes import ExitCode
from task_scheduler.cli.terminal import Terminal
from task_scheduler.control.commands import COMMANDS
from task_scheduler.control.errors import NoAnswer
from task_scheduler.core.errors import NotRunning, TaskSchedulerError
from task_scheduler.core.stopping import StopMode

HELP = COMMANDS["shutdown"].help
DESCRIPTION = """\
Returns once its process is gone. With --drain it starts nothing more and waits for the runs under way first, with
--kill it ends them. Another shutdown may follow while it drains: its word counts then."""

_RESTARTED = "the scheduler was restarted: it does not end"
#: Seconds a scheduler may take to end, those left out in which it waits for runs.
_LIMIT = 60.0
#: Seconds between two looks whether it has.
_LOOK = 0.02


def add_arguments(parser: ArgumentParser) -> None:
    """Declare what becomes of the runs under way."""
    add_arguments_of_end(parser, drain="wait for the runs under way", kill="end the runs under way first")


def execute(options: Namespace, door: Door, terminal: Terminal) -> int:
    """End the scheduler, wait until it is gone, and have whoever watches over it let it be."""
    root = door.project.root
    # Before it is gone: a monitor may look at any instant.
    staying_down.ask(root)
    try:
        code = _end(options, door, terminal)
    except NotRunning:
        # It has ended by itself, and is not to be started for that.
        raise
    except TaskSchedulerError:
        staying_down.forget(root)
        raise
    if code != ExitCode.OK:
        staying_down.forget(root)
    return code


def _end(options: Namespace, door: Door, terminal: Terminal) -> int:
    order = order_of(options)
    with door.watched_scheduler() as is_gone:
        try:
            told = door.ask_scheduler("shutdown", mode=order.mode.value, patience=order.patience)
        except NoAnswer as error:
            terminal.error(str(error), hint="it may still obey once it goes on: `status` tells")
            return ExitCode.FAILURE
        ending = Ending(door, terminal, started_at=told.get("started_at"))
        try:
            ended = ending.watch(is_gone, look=_LOOK, limit=_LIMIT)
        except KeyboardInterrupt:
            terminal.note(what_goes_on(ending, is_gone))
            raise
    if ending.was_restarted:
        terminal.error(_RESTARTED, hint=f"somebody said so meanwhile; `{options.program} shutdown` ends it")
        return ExitCode.FAILURE
    if not ended:
        terminal.error(
            f"the scheduler has not ended within {_LIMIT:g} s",
            hint="its log says what it does; ending its process by KILL loses no run: the next start takes them over",
        )
        return ExitCode.FAILURE
    at_work = door.ask("status").get("at_work", ())
    executing = [run for run in at_work if run["state"] == "running"]
    waiting = [run for run in at_work if run["state"] != "running"]
    goes_on = f"; without it {'goes' if len(executing) == 1 else 'go'} on {named(executing)}" if executing else ""
    waits = f"; until the next start {'waits' if len(waiting) == 1 else 'wait'} {named(waiting)}" if waiting else ""
    terminal.say(f"the scheduler has ended{goes_on}{waits}")
    return ExitCode.OK


def what_goes_on(ending: Ending, is_gone: Callable[[], bool]) -> str:
    """Return what becomes of the scheduler after the waiting for its end was given up."""
    stopping = ending.stopping()
    if ending.was_restarted:
        return _RESTARTED
    if is_gone():
        return "the scheduler has ended"
    if stopping is None:
        return "only the waiting ended: the scheduler does not tell at present whether it ends; `status` does later"
    if stopping["restart"]:
        return "only the waiting ended: the scheduler was told to restart meanwhile, and does not end"
    if stopping["mode"] == StopMode.DRAIN:
        return "the scheduler drains on; `status` tells how far it is, another `shutdown` ends the waiting"
    return "the scheduler ends all the same: only the waiting for it ended"
