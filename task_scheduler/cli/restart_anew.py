"""`restart --daemon`: end the scheduler, whatever it is at, and start it anew in the background."""

from __future__ import annotations

import math
import signal
import time
from argparse import Namespace
from dataclasses import dataclass

from task_scheduler.cli import times
from task_scheduler.cli.background import start_in_background
from task_scheduler.cli.door import Door
from task_scheduler.cli.ending import named, order_of
from task_scheduler.cli.exit_codes import ExitCode
from task_scheduler.cli.terminal import Terminal
from task_scheduler.control import client
from task_scheduler.control.errors import NoAnswer
from task_scheduler.core.errors import NotRunning, TaskSchedulerError
from task_scheduler.core.stopping import StopMode
from task_scheduler.process import detaching, rivals
from task_scheduler.process.heartbeat import Phase
from task_scheduler.process.incumbent import Incumbent, incumbent, one_at_a_time
from task_scheduler.process.liveness import Health, Standing, answers, standing
from task_scheduler.process.replacement import CHECK, telling_lines

#: Seconds a killed process may take to be gone: the disk may have to take what it has written.
_DEAD_WITHIN = 30.0
_LOOK = 0.02

#: What a restart starts, and tries out before.
_START = ("run",)

_AT = {Phase.STARTING: "is starting", Phase.WORKING: "works", Phase.ENDING: "is ending, and waits for runs"}


def restart_anew(options: Namespace, door: Door, terminal: Terminal) -> int:
    """End the scheduler if there is one, and start it in the background; return once it works.

    One that is well goes on where another could not start.
    """
    root = door.project.root
    with one_at_a_time(root, since=terminal.now()):
        if _is_well(options, door, terminal) and (failure := _tried(door)) is not None:
            terminal.error(f"the scheduler goes on as it is: another could not start\n{failure.said}".rstrip())
            return failure.code
        with incumbent(root) as there:
            if there is not None and not _end(there, options, door, terminal):
                return ExitCode.FAILURE
        return start_in_background(door.project, _START, terminal)


def rehearse(options: Namespace, door: Door, terminal: Terminal) -> int:
    """Tell how the scheduler is, and what a restart would do."""
    root = door.project.root
    found = standing(root, now=terminal.now().timestamp(), pause=terminal.pause)
    terminal.say(_told(found))
    if found.health is Health.WELL:
        _tell_runs(door, terminal)
    if options.daemon and found.health is Health.WELL and (failure := _tried(door)) is not None:
        terminal.say("would leave it as it is: another could not start")
        terminal.error(failure.said or "it did not say why")
        return failure.code
    terminal.say(_intention(found, options))
    return ExitCode.OK


@dataclass(frozen=True, slots=True, kw_only=True)
class _Failure:
    """Why a scheduler could not start."""

    said: str
    code: int


def _is_well(options: Namespace, door: Door, terminal: Terminal) -> bool:
    """Whether a scheduler is there that is better than none; one that is to be killed has to answer, too."""
    root = door.project.root
    found = standing(root, now=terminal.now().timestamp(), pause=terminal.pause)
    return found.health is Health.WELL and (not options.force or answers(root))


def _tried(door: Door) -> _Failure | None:
    """Try whether the program on disk could start as `start_in_background` starts it; None: it could."""
    lines: list[str] = []
    try:
        launched = detaching.launch([*detaching.command_line(door.project, _START), CHECK], tell=lines.append)
    except (OSError, detaching.Silent) as error:
        return _Failure(said=str(error), code=ExitCode.FAILURE)
    if launched.exit_code == ExitCode.OK:
        return None
    # Below zero where a signal ended it.
    code = launched.exit_code if launched.exit_code and launched.exit_code > 0 else ExitCode.FAILURE
    return _Failure(said="\n".join(telling_lines("\n".join(lines))).removeprefix("error: "), code=code)


def _end(there: Incumbent, options: Namespace, door: Door, terminal: Terminal) -> bool:
    """Return whether the scheduler has ended."""
    root, order = door.project.root, order_of(options)
    drains = order.mode is StopMode.DRAIN
    waiting = (math.inf if order.patience is None else order.patience) if drains else 0.0
    limit = time.monotonic() + options.timeout + waiting
    try:
        client.ask(
            root,
            "shutdown",
            {"mode": order.mode.value, "patience": order.patience},
            patience=max(0.001, options.timeout),
        )
    except NotRunning:
        there.signal(signal.SIGTERM)  # it is starting, or ending, and does not listen
    except NoAnswer:
        pass
    if _is_gone(there, terminal, limit):
        return True
    late = f"the scheduler has not ended within {options.timeout:g} s ({there.who})"
    if not options.force:
        known = rivals.what_is_known(root, is_listening=True)
        terminal.error(f"{late}\n{known}", hint="with --force it is killed and started anew: its runs go on")
        return False
    terminal.note(f"{late}: it is killed, and its runs go on")
    there.signal(signal.SIGKILL)
    if _is_gone(there, terminal, time.monotonic() + _DEAD_WITHIN):
        return True
    terminal.error(f"the scheduler was killed and has not gone ({there.who})", hint="its disk may not answer")
    return False


def _is_gone(there: Incumbent, terminal: Terminal, limit: float) -> bool:
    """Return whether it has ended by that time of the monotonic clock."""
    while not there.is_gone():
        if time.monotonic() > limit:
            return False
        terminal.pause(_LOOK)
    return True


def _told(found: Standing) -> str:
    age = "" if found.age is None else f", last sign of life {times.duration(found.age)} ago"
    match found.health:
        case Health.ABSENT:
            return "no scheduler is running"
        case Health.HUNG:
            return f"the scheduler hangs ({found.who}){age}"
        case Health.WELL:
            return f"the scheduler {_AT[found.phase]} ({found.who}){age}"


def _tell_runs(door: Door, terminal: Terminal) -> None:
    try:
        at_work = door.ask_scheduler("status").get("at_work", ())
    except TaskSchedulerError:
        return  # how it stands has been told; what runs, it does not say at present
    executing = [run for run in at_work if run["state"] == "running"]
    if executing:
        terminal.say(f"at work, and not harmed: {named(executing)}")


def _intention(found: Standing, options: Namespace) -> str:
    """Return what a restart would do."""
    if not options.daemon:
        return "would " + (
            "refuse: there is none to be restarted"
            if found.health is Health.ABSENT
            else "have it become the program on disk, in the same process"
        )
    if found.health is Health.ABSENT:
        return "would start it in the background"
    forced = "kill it where that takes longer" if options.force else "give up where that takes longer"
    return f"would end it within {options.timeout:g} s, {forced}, and start it in the background"
