"""`alive`: whether a scheduler runs and its loop moves, for monitors."""

from __future__ import annotations

from argparse import ArgumentParser, ArgumentTypeError, Namespace
from typing import TYPE_CHECKING

from task_scheduler.cli import times
from task_scheduler.cli.door import Door
from task_scheduler.cli.ending import seconds
from task_scheduler.cli.exit_codes import ExitCode
from task_scheduler.cli.terminal import Terminal
from task_scheduler.core.errors import NotRunning
from task_scheduler.process.heartbeat import LEAST_WITHIN, WITHIN, Phase

if TYPE_CHECKING:
    from task_scheduler.process.liveness import Standing

HELP = "tell by the exit code whether the scheduler runs and its loop moves, without asking it"
DESCRIPTION = f"""\
Exits with {ExitCode.OK} where one runs and has given a sign of life lately, with {ExitCode.NOT_RUNNING} where none runs, with {ExitCode.HUNG} where one \
holds the
project and stands still: it hangs, or was stopped by a signal. One that starts, drains or restarts is alive. Neither a
clock that is set nor a machine that slept makes it look hung."""

_AT = {
    Phase.STARTING: "starts",
    Phase.WORKING: "works",
    Phase.ENDING: "ends, and waits for runs",
    Phase.ENDED: "ends",
}


def add_arguments(parser: ArgumentParser) -> None:
    """Declare how long it may be silent."""
    parser.add_argument(
        "--within",
        metavar="SECONDS",
        type=_within,
        default=WITHIN,
        help=f"how long it may be without a sign of life, {WITHIN:g} by default and {LEAST_WITHIN:g} at least",
    )


def execute(options: Namespace, door: Door, terminal: Terminal) -> int:
    """Tell how it is."""
    from task_scheduler.process.liveness import Health, standing

    root = door.project.root
    found = standing(root, now=terminal.now().timestamp(), within=options.within, pause=terminal.pause)
    match found.health:
        case Health.ABSENT:
            raise NotRunning(str(root))
        case Health.HUNG:
            # Only here: it takes as long to import as all the rest.
            from task_scheduler.process import rivals

            known = rivals.what_is_known(root, is_listening=True)
            terminal.error(
                f"the scheduler of {root} hangs: {_last_sign(found)} ({found.who})\n{known}".rstrip(),
                hint=f"`{options.program} restart --daemon --force` ends it and starts it anew; its runs go on",
            )
            return ExitCode.HUNG
        case Health.WELL:
            age = "" if found.age is None else f", last sign of life {times.duration(found.age)} ago"
            terminal.say(f"alive: the scheduler {_AT[found.phase]} ({found.who}){age}")
            return ExitCode.OK


def _last_sign(found: Standing) -> str:
    return "no sign of life" if found.age is None else f"its last sign of life was {times.duration(found.age)} ago"


def _within(text: str) -> float:
    number = seconds(text)
    if number < LEAST_WITHIN:
        raise ArgumentTypeError(
            f"{text!r}: give at least {LEAST_WITHIN:g}: one that is well may be silent for nearly so long"
        )
    return number
