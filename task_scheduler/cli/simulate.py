"""`simulate`: what the schedules in force will do, tried out on a virtual clock."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from task_scheduler.cli.door import Door
from task_scheduler.cli.terminal import Terminal
from task_scheduler.cli.verbs import add_json

HELP = "try out on a virtual clock what the tasks in force will do: load, overlaps, waits, catching up"
DESCRIPTION = """\
The scheduler's own rules, run ahead in seconds; nothing of the project is changed. Each execution takes as long as those of
its task on record, about half of them less than their median and one in twenty more than their 95th percentile, and is
taken to succeed: there are no retries. The same question gets the same answer.

--from takes `2026-03-29`, `2026-03-29 02:30`, on the clock of the scheduler's time zone, or a moment with its offset.
--down says when no scheduler is there: `03:00-09:00` every day, or once, `2026-11-24 03:00/2026-11-24 09:00`."""

#: Days that are simulated where nobody says how many, and the most that are.
USUAL_DAYS, MOST_DAYS = 14, 366
_MOST_PLACES = 100_000


def add_arguments(parser: ArgumentParser) -> None:
    """Declare what is simulated, and how it is told."""
    parser.add_argument(
        "--days", metavar="N", type=_days, default=USUAL_DAYS, help=f"how many days, {USUAL_DAYS} by default"
    )
    parser.add_argument("--from", dest="since", metavar="T", help="from then on, in place of now")
    parser.add_argument(
        "--down", metavar="PAUSE", action="append", default=[], help="time without a scheduler; may be given again"
    )
    parser.add_argument("--places", metavar="N", type=_places, help="in place of scheduler.max_concurrent")
    parser.add_argument(
        "--task", metavar="TASK", action="append", default=[], help="only this task: its id, or its file; also again"
    )
    parser.add_argument("--ics", metavar="FILE", help="write the simulated runs as a calendar file too")
    add_json(parser)


def execute(options: Namespace, door: Door, terminal: Terminal) -> int:
    """Simulate, and tell what came of it."""
    # Late: with it come zones, triggers and the record, which other verbs need not pay for.
    from task_scheduler.cli.simulating import tell_simulation

    return tell_simulation(options, door, terminal)


def _days(text: str) -> int:
    # What these raise, `argparse` tells with the name of the option.
    return _within(text, MOST_DAYS)


def _places(text: str) -> int:
    return _within(text, _MOST_PLACES)


def _within(text: str, most: int) -> int:
    count = int(text)
    if not 1 <= count <= most:
        raise ValueError
    return count


_days.__name__ = f"number from 1 to {MOST_DAYS}"
_places.__name__ = f"number from 1 to {_MOST_PLACES:,}"
