"""`restart --daemon`: end the scheduler, whatever it is at, and start it anew in the background."""

from __future__ import annotations

import asyncio
import math
import signal
import time
from argparse import Namespace

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
from task_scheduler.process.liveness import Health, Standing, answers, keeps_silent, standing
from task_scheduler.process.replacement import Failure, try_out

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
            said = failure.said.removeprefix("error: ")
            terminal.error(f"the scheduler goes on as it is: another could not start\n{said}".rstrip())
            return failure.exit_code or ExitCode.FAILURE
        with incumbent(root) as there:
            if there is not None and not _end(there, options, door, terminal):
                return ExitCode.FAILURE
        return start_in_background(door.project, _START, terminal)


def rehearse(options: Namespace, door: Door, terminal: Terminal) -> int:
    """Tell how the scheduler is, and what a restart would do; return what that would exit with, as far as is known."""
    root = door.project.root
    found = standing(root, now=terminal.now().timestamp(), pause=terminal.pause)
    # A heart that beat lately may stand still by now.
    is_silent = found.health is Health.HUNG or (found.health is Health.WELL and keeps_silent(root))
    terminal.say(_told(found, is_silent=is_silent))
    if is_silent:
        if known := rivals.what_is_known(root, is_listening=True):
            terminal.say(known)
        return _rehearse_of_a_silent_one(options, terminal)
    if found.health is Health.WELL:
        _tell_runs(door, terminal)
    if found.health is Health.ABSENT and not options.daemon:
        terminal.say("would refuse: there is none to be restarted")
        return ExitCode.NOT_RUNNING
    if found.health is Health.WELL and (failure := _tried(door)) is not None:
        terminal.say("would leave it as it is: another could not start")
        terminal.error(failure.said.removeprefix("error: ") or "it did not say why")
        return failure.exit_code or ExitCode.FAILURE
    if found.health is Health.ABSENT:
        # Late: the store is needed where no scheduler holds it alone.
        from task_scheduler.safekeeping import Safekeeping

        if news := Safekeeping(door.project).foretold():
            terminal.say(news)
        terminal.say("would start one in the background")
    else:
        terminal.say(_end_and_start(options))
    return ExitCode.OK


def _rehearse_of_a_silent_one(options: Namespace, terminal: Terminal) -> int:
    if not options.daemon:
        terminal.say(f"would get no answer: `{options.program} restart --daemon --force` ends it and starts it anew")
        return ExitCode.FAILURE
    terminal.say(_end_and_start(options))
    if options.force:
        return ExitCode.OK
    terminal.say("one that does not answer will hardly end by itself: --force would be needed; its runs go on")
    return ExitCode.FAILURE


def _end_and_start(options: Namespace) -> str:
    late = "killing it" if options.force else "giving up"
    return f"would end it ({late} after {options.timeout:g} s), then start another in the background"


def _is_well(options: Namespace, door: Door, terminal: Terminal) -> bool:
    """Whether a scheduler is there that is better than none; one that is to be killed has to answer, too."""
    root = door.project.root
    found = standing(root, now=terminal.now().timestamp(), pause=terminal.pause)
    return found.health is Health.WELL and (not options.force or answers(root))


def _tried(door: Door) -> Failure | None:
    """Try whether the program on disk could start as `start_in_background` starts it; None: it could."""
    command = detaching.command_line(door.project, _START)
    return asyncio.run(try_out(command, folder=detaching.program_folder()))


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


def _told(found: Standing, *, is_silent: bool) -> str:
    age = "" if found.age is None else f", last sign of life {times.duration(found.age)} ago"
    match found.health:
        case Health.ABSENT:
            return "no scheduler is running"
        case Health.HUNG:
            return f"the scheduler hangs ({found.who}){age}"
        case Health.WELL:
            how = "does not answer" if is_silent else _AT[found.phase]
            return f"the scheduler {how} ({found.who}){age}"


def _tell_runs(door: Door, terminal: Terminal) -> None:
    try:
        at_work = door.ask_scheduler("status").get("at_work", ())
    except TaskSchedulerError:
        return  # how it stands has been told; what runs, it does not say at present
    executing = [run for run in at_work if run["state"] == "running"]
    if executing:
        terminal.say(f"at work, and not harmed: {named(executing)}")
