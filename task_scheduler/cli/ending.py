"""What `run`, `shutdown` and `restart` share: how a scheduler ends, and watching it end."""

from __future__ import annotations

import math
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from collections.abc import Callable, Sequence

from task_scheduler.cli.door import Door
from task_scheduler.cli.phrases import Document
from task_scheduler.cli.terminal import Terminal
from task_scheduler.control.errors import NoAnswer
from task_scheduler.core.errors import NotRunning
from task_scheduler.core.quantities import parse_duration
from task_scheduler.core.stopping import StopMode, StopOrder

#: Seconds between two questions what a scheduler waits for.
_QUESTION = 0.5
#: Runs named in one line.
_MOST_NAMED = 5


def add_arguments_of_end(parser: ArgumentParser, *, drain: str, kill: str) -> None:
    """Declare `--drain [SECONDS]` and `--kill`, of which at most one is given."""
    group = parser.add_mutually_exclusive_group()
    group.add_argument(
        "--drain",
        metavar="SECONDS",
        nargs="?",
        const=math.inf,
        type=seconds,
        help=f"{drain}, at most so many seconds, or so long as 5m; without a number, as long as it takes",
    )
    group.add_argument("--kill", action="store_true", help=kill)


def order_of(options: Namespace) -> StopOrder:
    """Return what these arguments say."""
    if options.kill:
        return StopOrder(mode=StopMode.KILL)
    if options.drain is None:
        return StopOrder()
    return StopOrder(mode=StopMode.DRAIN, patience=None if options.drain == math.inf else options.drain)


def seconds(text: str) -> float:
    """Read a duration from the command line: a number of seconds, or one with a unit."""
    try:
        number = float(text)
    except ValueError:
        try:
            number = parse_duration(text)
        except ValueError:
            number = math.nan
    if not 0 <= number < math.inf:
        raise ArgumentTypeError(f"{text!r}: give a number of seconds, such as 30, or a duration, such as 5m")
    return number


class Ending:
    """Watches a scheduler end, and says what it waits for."""

    def __init__(self, door: Door, terminal: Terminal, *, started_at: str | None = None) -> None:
        """`started_at` is when the scheduler that is to end started; None: whether it is another is not looked at."""
        self._door = door
        self._terminal = terminal
        self._started_at = started_at
        self._told = ""
        self.was_restarted = False  #: whether a new program works in the place of the one that was to end

    def watch(self, is_over: Callable[[], bool], *, look: float, limit: float) -> bool:
        """Return whether it was over within `limit` seconds, those left out in which it waits for runs.

        False, too, once the scheduler was restarted instead. `look` is in seconds, between two looks.
        """
        waited = since_question = 0.0
        while not is_over():
            if waited > limit:
                return False
            self._terminal.pause(look)
            waited += look
            since_question += look
            if since_question >= _QUESTION:
                since_question = 0.0
                waited = 0.0 if self._is_waiting() else waited
                if self.was_restarted:
                    return False
        return True

    def stopping(self) -> Document | None:
        """Return how the scheduler is ending, as it tells; None: it does not tell, or was restarted."""
        try:
            scheduler: Document = self._door.ask_scheduler("status")["scheduler"] or {}
        except (NotRunning, NoAnswer):
            return None
        self._look_at_start(scheduler)
        return None if self.was_restarted else scheduler.get("stopping")

    def _look_at_start(self, scheduler: Document) -> None:
        self.was_restarted = self._started_at is not None and scheduler.get("started_at") != self._started_at

    def _is_waiting(self) -> bool:
        """Whether it waits for runs, which is said whenever they are others."""
        try:
            status = self._door.ask_scheduler("status")
        except (NotRunning, NoAnswer):
            return False
        scheduler = status["scheduler"] or {}
        self._look_at_start(scheduler)
        stopping = scheduler.get("stopping")
        executing = [run for run in status.get("at_work", ()) if run["state"] == "running"]
        if stopping is None or stopping["mode"] == StopMode.LEAVE or not executing:
            return False
        said = f"waiting for {named(executing)}"
        if said != self._told:
            self._told = said
            self._terminal.note(said)
        return True


def named(runs: Sequence[Document]) -> str:
    """Return `2 runs: 12 (report), 13 (sync)`."""
    shown = [f"{run['id']} ({run['task']}{', paused' if run['paused_at'] else ''})" for run in runs[:_MOST_NAMED]]
    more = f" and {len(runs) - _MOST_NAMED} more" if len(runs) > _MOST_NAMED else ""
    return f"{len(runs)} run{'' if len(runs) == 1 else 's'}: {', '.join(shown)}{more}"
