"""Another scheduler that holds the project: whether it answers, and what to do about one that does not."""

from __future__ import annotations

import socket
from pathlib import Path

import psutil

from task_scheduler.control.client import ask
from task_scheduler.control.errors import Forbidden, NoAnswer
from task_scheduler.core.errors import AlreadyRunning, NotRunning, TaskSchedulerError
from task_scheduler.process.lock_path import scheduler_lock
from task_scheduler.store.locks import heir_of, holder_of, process_named

#: Seconds a scheduler is given to answer before it is told to be silent.
PATIENCE = 2.0

#: Seconds by which the system's account of a process' start may be wrong.
_ROUNDED = 1.0


class Silent(AlreadyRunning):
    """Another scheduler holds the project and does not answer; the message tells the way out."""

    says_the_way_out = True

    def __init__(self, held: AlreadyRunning, known: str) -> None:
        TaskSchedulerError.__init__(self, f"{held} and does not answer\n{known}")
        self.holder = held.holder
        self.work = held.work


def explained(held: AlreadyRunning, root: Path) -> AlreadyRunning:
    """Return the error with what can be found out about a holder that does not answer."""
    if held.work:
        return held
    try:
        ask(root, "surroundings", {}, patience=PATIENCE)
    except (NoAnswer, NotRunning) as silence:
        return Silent(held, _known(held.holder, is_listening=isinstance(silence, NoAnswer)))
    except Forbidden:
        return held
    except TaskSchedulerError:
        return held  # it answers, whatever
    return held


def scheduler_there(root: Path) -> str | None:
    """Return who is the scheduler of the project although it may not listen: `pid 7 on atlas since …`; None: nobody.

    One that gives way to a new program lets go of the lock for a moment; its process stays.
    """
    lock = scheduler_lock(root)
    if (holder := holder_of(lock)) is not None:
        return None if holder.work else holder.who
    heir = heir_of(lock)
    if heir is None or (named := process_named(heir[0])) is None or named[1] != socket.gethostname():
        return None
    try:
        # The number of a process that has ended may be another's by now, which began after that was written.
        process = psutil.Process(named[0])
        is_it = process.create_time() <= heir[1] + _ROUNDED and process.status() != psutil.STATUS_ZOMBIE
        return heir[0] if is_it else None
    except psutil.Error:
        return None


def what_is_known(root: Path, *, is_listening: bool) -> str:
    """Return what can be found out about a scheduler that does not answer, and the way out; empty: nobody is there."""
    who = scheduler_there(root)
    return "" if who is None else _known(who, is_listening=is_listening)


def _known(holder: str, *, is_listening: bool) -> str:
    named = process_named(holder)
    if named is None:
        return "it is only just starting: try again"
    pid, machine = named
    if machine != socket.gethostname():
        return "it runs on another machine, or in another container, which shares this folder: end it there"
    try:
        is_stopped = psutil.Process(pid).status() == psutil.STATUS_STOPPED
    except psutil.Error:
        # The lock outlives nobody: whoever holds it lives, and it is not seen from here.
        return f"process {pid} cannot be seen from here: it may run in another container that shares this folder"
    leave = f"`kill -KILL {pid}` ends it, its runs go on, and the next start takes them over"
    if is_stopped:
        return f"it was stopped by a signal: `kill -CONT {pid}` lets it go on; {leave}"
    if is_listening:
        return f"it is there and busy, or hangs: {leave}"
    return f"process {pid} is starting or ending, which takes a moment: try again; if it hangs, {leave}"
