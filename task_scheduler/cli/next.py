"""`next WHAT`: when a task, or any schedule, is due next."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from task_scheduler.cli.door import Door
from task_scheduler.cli.terminal import Terminal
from task_scheduler.cli.verbs import add_json
from task_scheduler.cli.what import WHAT_IT_TAKES, add_what

HELP = "tell when a task, or any schedule, is due next"
DESCRIPTION = f"""\
{WHAT_IT_TAKES}

Each slot is a line: the local time with its offset, UTC, in how long, and what is odd about it: a time that does not exist
on that day or comes twice, a holiday, a delay. --from and --until take `2026-03-29`, `2026-03-29 02:30`, which are read on
the clock of the schedule, or a moment with its offset, `2026-03-29T02:30+01:00`; both ends are included."""

#: Slots that are told where nobody says how many, and the most that are.
USUAL, MOST = 10, 10_000


def add_arguments(parser: ArgumentParser) -> None:
    """Declare what is looked at, how far, and how it is told."""
    add_what(parser)
    parser.add_argument(
        "--count", metavar="N", type=_count, help=f"how many slots, {USUAL} by default, at most {MOST:,}"
    )
    parser.add_argument("--from", dest="since", metavar="T", help="from then on, in place of now")
    parser.add_argument("--until", metavar="T", help=f"all slots until then, at most {MOST:,}, or as --count says")
    parser.add_argument("--ics", metavar="FILE", help="write the slots as a calendar file, and no table")
    add_json(parser)


def execute(options: Namespace, door: Door, terminal: Terminal) -> int:
    """Tell the slots."""
    # Late: with it come zones and triggers, which other verbs need not pay for.
    from task_scheduler.cli.coming_slots import tell_slots

    usual = USUAL if options.until is None else MOST
    return tell_slots(options, door, terminal, count=options.count or usual)


def _count(text: str) -> int:
    # What this raises, `argparse` tells with the name of the option.
    count = int(text)
    if not 1 <= count <= MOST:
        raise ValueError
    return count


_count.__name__ = f"number from 1 to {MOST:,}"
