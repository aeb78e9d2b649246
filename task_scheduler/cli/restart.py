"""`restart`: start the scheduler's program anew."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Callable

from task_scheduler.cli.door import Door
from task_scheduler.cli.ending import Ending, add_arguments_of_end, order_of, seconds
from task_scheduler.cli.exit_codes import ExitCode
from task_scheduler.cli.phrases import Document
from task_scheduler.cli.terminal import Terminal
from task_scheduler.control.commands import COMMANDS
from task_scheduler.control.errors import NoAnswer
from task_scheduler.core.errors import NotRunning, SettingsError
from task_scheduler.core.stopping import StopMode

HELP = COMMANDS["restart"].help
DESCRIPTION = """\
For a new version of the program, or of config.yaml. The program on disk is tried out first: where it could not start,
the scheduler goes on as it is. The process keeps its number. Slots that fall due meanwhile are started right after.

With --daemon the scheduler is ended instead, and started anew in the background; where none runs, it is started. That
helps one that hangs, and is what scripts/restart_scheduler.py does."""

#: Seconds between two looks whether the new program works.
_LOOK = 0.1
_WAIT = 30.0
#: Seconds a scheduler is given to end before it is started anew, where nobody says another number.
_TIMEOUT = 10.0


def add_arguments(parser: ArgumentParser) -> None:
    """Declare what becomes of the runs under way, and how long to wait."""
    add_arguments_of_end(parser, drain="wait for the runs under way first", kill="end the runs under way first")
    parser.add_argument(
        "--wait",
        metavar="SECONDS",
        type=seconds,
        default=_WAIT,
        help=f"wait at most so long for the new program to work, {_WAIT:g} by default",
    )
    parser.add_argument(
        "--dry-run", action="store_true", help="only tell how it is and what would be done, and exit as that would"
    )
    parser.add_argument(
        "--daemon", action="store_true", help="end it, or have none, and start it in the background instead"
    )
    parser.add_argument(
        "--timeout",
        metavar="SECONDS",
        type=seconds,
        help=f"with --daemon: give it so long to end, {_TIMEOUT:g} by default; waiting for runs is not counted",
    )
    parser.add_argument(
        "--force", action="store_true", help="with --daemon: kill it where it has not ended by then; its runs go on"
    )


def execute(options: Namespace, door: Door, terminal: Terminal) -> int:
    """Have the scheduler give way to the program on disk, or end and begin anew, and wait until that works."""
    if not options.daemon and (options.force or options.timeout is not None):
        which = "--force" if options.force else "--timeout"
        terminal.error(f"{which} means nothing without --daemon", hint=f"`{options.program} restart --help` tells more")
        return ExitCode.USAGE
    options.timeout = _TIMEOUT if options.timeout is None else options.timeout
    if options.dry_run or options.daemon:
        from task_scheduler.cli.restart_anew import rehearse, restart_anew

        return (rehearse if options.dry_run else restart_anew)(options, door, terminal)
    order = order_of(options)
    before: Document = door.ask_scheduler("status")["scheduler"]
    with door.watched_scheduler() as is_gone:
        try:
            door.ask_scheduler("restart", mode=order.mode.value, patience=order.patience)
        except SettingsError as error:
            terminal.error(f"the scheduler goes on as it is, since its configuration cannot be used\n{error}")
            return ExitCode.CONFIGURATION
        if given_up := _given_up(before.get("stopping")):
            terminal.note(given_up)
        try:
            after = _wait(before, options.wait, door, terminal, is_gone)
        except KeyboardInterrupt:
            terminal.note(
                "the scheduler restarts all the same, unless a signal or `shutdown` ends it: only the waiting ended"
            )
            raise
        has_ended = is_gone()
    if after is None:
        what = "ended, and none has taken its place" if has_ended else f"does not work yet after {options.wait:g} s"
        terminal.error(f"the scheduler {what}", hint="its terminal and logs/scheduler.log say why")
        return ExitCode.FAILURE
    terminal.say(f"the scheduler works again: version {after['version']}, process {after['pid']}")
    return ExitCode.OK


def _given_up(stopping: Document | None) -> str:
    """Return what this restart puts an end to; empty: nothing."""
    if stopping is None or stopping["restart"]:
        return ""
    what = "its drain" if stopping["mode"] == StopMode.DRAIN else "its shutdown"
    return f"the scheduler gives up {what}, and restarts instead"


def _wait(
    before: Document, limit: float, door: Door, terminal: Terminal, is_gone: Callable[[], bool]
) -> Document | None:
    """Return what is told of the scheduler that started after `before`; None: there is none within `limit` seconds."""
    answer: Document | None = None

    def works() -> bool:
        nonlocal answer
        try:
            told: Document = door.ask_scheduler("status")["scheduler"]
        except (NotRunning, NoAnswer):
            return False
        if told["started_at"] != before["started_at"]:
            answer = told
        return answer is not None

    Ending(door, terminal).watch(lambda: works() or is_gone(), look=_LOOK, limit=limit)
    return answer
