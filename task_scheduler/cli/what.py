"""How verbs that look ahead are told what at: a task, or a schedule."""

from __future__ import annotations

from argparse import ArgumentParser

WHAT_IT_TAKES = """\
WHAT is a task, or a schedule in any form there is: words (`every 5 minutes`, `daily at 10:30`), cron text, or what stands
in a decorator (`every().day.at("10:30")`). Where a task has that name, the task is meant. A schedule needs no project;
its zone is --timezone, else that of the project, else the machine's."""


def add_what(parser: ArgumentParser) -> None:
    """Declare WHAT and `--timezone`."""
    parser.add_argument("what", metavar="WHAT", nargs="+", help="a task, or a schedule as it may be written")
    parser.add_argument(
        "--timezone", metavar="ZONE", help="the zone of a schedule, such as Europe/Berlin; a task has its own"
    )
