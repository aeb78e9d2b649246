"""Another scheduler that holds the project: whether it answers, and what to do about one that does not."""

from __future__ import annotations

import re
import socket
from pathlib import Path

import psutil

from task_scheduler.control.client import ask
from task_scheduler.control.errors import Forbidden, NoAnswer
from task_scheduler.core.errors import AlreadyRunning, NotRunning, TaskSchedulerError

#: Seconds a scheduler is given to answer before it is told to be silent.
PATIENCE = 2.0

_HOLDER = re.compile(r"pid (?P<pid>\d+) on (?P<machine>\S+) since ")


class Silent(AlreadyRunning):
    """Another scheduler holds the project and does not answer; the message tells the way out."""

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


def _known(holder: str, *, is_listening: bool) -> str:
    told = _HOLDER.match(holder)
    if told is None or told["machine"] != socket.gethostname():
        return "it runs on another machine, or in another container, which shares this folder: end it there"
    pid = told["pid"]
    try:
        is_stopped = psutil.Process(int(pid)).status() == psutil.STATUS_STOPPED
    except psutil.Error:
        # The lock outlives nobody: whoever holds it lives, and it is not seen from here.
        return f"process {pid} cannot be seen from here: it may run in another container that shares this folder"
    leave = f"`kill -KILL {pid}` ends it, its runs go on, and the next start takes them over"
    if is_stopped:
        return f"it was stopped by a signal: `kill -CONT {pid}` lets it go on; {leave}"
    if is_listening:
        return f"it is there and busy, or hangs: {leave}"
    return f"it is starting or ending, which takes a moment: try again; if it hangs, {leave}"
