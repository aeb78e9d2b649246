"""`run`: run the scheduler in the foreground."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from task_scheduler.cli.door import Door
from task_scheduler.cli.ending import add_arguments_of_end, order_of
from task_scheduler.cli.exit_codes import ExitCode
from task_scheduler.cli.terminal import Terminal

HELP = "run the scheduler in the foreground (what happens without a verb)"
DESCRIPTION = """\
Watches tasks/ and runs what is due, until Ctrl-C or TERM. Runs that are under way then go on, and the next start takes
them over; with --drain it waits for them instead, with --kill it ends them. A second signal hurries: a drain leaves
what still runs, a kill kills without grace. HUP has files, logs and settings looked at anew.

A second scheduler for the same project is refused with exit code 5; a command such as `run-file` that works alone on
it is waited for."""


def add_arguments(parser: ArgumentParser) -> None:
    """Declare what a signal does."""
    add_arguments_of_end(
        parser, drain="on TERM or Ctrl-C, wait for the runs under way", kill="on TERM or Ctrl-C, end them"
    )
    parser.add_argument(
        "--check", action="store_true", help="only say whether a scheduler could start here; start none"
    )


def execute(options: Namespace, door: Door, terminal: Terminal) -> int:
    """Run until stopped."""
    from task_scheduler import bootstrap

    if options.check:
        paths, at_work = bootstrap.check(door.project), bootstrap.scheduler_of(door.project)
        if at_work:
            terminal.note(f"a scheduler works for {paths.root} already ({at_work}); it can be restarted")
        else:
            terminal.note(f"a scheduler can start for {paths.root}")
        return ExitCode.OK
    return bootstrap.run(door.project, on_signal=order_of(options), note=terminal.note)
