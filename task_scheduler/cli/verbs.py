"""What every module of a verb provides."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from typing import Protocol

from task_scheduler.cli.door import Door
from task_scheduler.cli.terminal import Terminal


class Verb(Protocol):
    """A module of this package that implements one verb of the command line."""

    HELP: str  #: one sentence without a full stop
    DESCRIPTION: str  #: what `--help` says below it; may be empty

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the verb's own arguments."""
        ...

    def execute(self, options: Namespace, door: Door, terminal: Terminal) -> int:
        """Carry the verb out and return its exit code; raises TaskSchedulerError."""
        ...


def add_json(parser: ArgumentParser) -> None:
    """Declare `--json`, which every reading verb has."""
    parser.add_argument("--json", action="store_true", help="write a JSON document instead of text for people")


def add_arguments_of_task(parser: ArgumentParser) -> None:
    """Declare, for `--help`, that all that follows is said to the task; `arguments` sees to it."""
    parser.add_argument("arguments", metavar="ARGS", nargs="*", default=[], help="what is given on, options too")
