"""`run`: run the scheduler, in the foreground or in the background."""

from __future__ import annotations

import sys
from argparse import SUPPRESS, ArgumentParser, ArgumentTypeError, Namespace

from task_scheduler.cli.background import start_in_background
from task_scheduler.cli.door import Door
from task_scheduler.cli.ending import add_arguments_of_end, order_of
from task_scheduler.cli.exit_codes import ExitCode
from task_scheduler.cli.terminal import Terminal

HELP = "run the scheduler in the foreground (what happens without a verb)"
DESCRIPTION = """\
Watches tasks/ and runs what is due, until Ctrl-C or TERM. Runs that are under way then go on, and the next start takes
them over; with --drain it waits for them instead, with --kill it ends them. A second signal hurries: a drain leaves
what still runs, a kill kills without grace. HUP has files, logs and settings looked at anew.

With --daemon it runs in the background, in a session of its own: the command returns once the scheduler works, and
tells its process. Its working folder is the project's, its environment that of this command; what it would say on a
terminal goes to logs/scheduler.out.

A second scheduler for the same project is refused with exit code 5; a command such as `run-file` that works alone on
it is waited for."""


def add_arguments(parser: ArgumentParser) -> None:
    """Declare what a signal does, and whether it stays here."""
    add_arguments_of_end(
        parser, drain="on TERM or Ctrl-C, wait for the runs under way", kill="on TERM or Ctrl-C, end them"
    )
    parser.add_argument("--daemon", action="store_true", help="run it in the background; return once it works")
    parser.add_argument(
        "--check", action="store_true", help="only say whether a scheduler could start here; start none"
    )
    parser.add_argument(
        "--new-record",
        action="store_true",
        help="where the record is damaged or gone: put aside what is left of it and begin a new one",
    )
    parser.add_argument(
        "--set",
        metavar="SECTION.KEY=VALUE",
        type=_setting,
        action="append",
        default=[],
        help="a setting for this scheduler, whatever file and environment say; may be repeated, and outlasts `restart`",
    )
    # What a start in the background says to itself.
    parser.add_argument("--detached", action="store_true", help=SUPPRESS)


def execute(options: Namespace, door: Door, terminal: Terminal) -> int:
    """Run until stopped; in the background, return once it works."""
    if options.daemon and not options.check:
        # As it was typed: whatever can be said to a scheduler here can be said to one in the background.
        return start_in_background(door.project, [word for word in sys.argv[1:] if word != "--daemon"], terminal)
    from task_scheduler import bootstrap

    if options.check:
        paths, at_work = bootstrap.check(door.project, given=dict(options.set)), bootstrap.scheduler_of(door.project)
        if at_work:
            terminal.note(f"a scheduler works for {paths.root} already ({at_work}); it can be restarted")
        else:
            # Late: the parts of the store and of the hosts are needed here alone.
            from task_scheduler import rescue

            if not options.new_record and (news := rescue.foretold(paths)):
                terminal.note(news)
            terminal.note(f"a scheduler can start for {paths.root}")
        return ExitCode.OK
    return bootstrap.run(
        door.project,
        on_signal=order_of(options),
        note=terminal.note,
        given=dict(options.set),
        is_detached=options.detached,
        new_record=options.new_record,
        program=options.program,
    )


def _setting(text: str) -> tuple[str, str]:
    """Return the key and the value that `SECTION.KEY=VALUE` names; whether there is such a key is judged with the file."""
    key, equals, value = text.partition("=")
    if not equals or not all(key.strip().partition(".")[::2]):
        example = _in_full(key.strip(), value) or "logging.level=DEBUG"
        raise ArgumentTypeError(f"{text!r} is no setting: write SECTION.KEY=VALUE, such as {example}")
    return key.strip(), value


def _in_full(key: str, value: str) -> str:
    """Return the setting that a key without its section, or one without a value, names; empty: none has that name."""
    from task_scheduler.settings.reload import all_keys
    from task_scheduler.settings.spelling import default_of, spelled

    found = next((known for known in all_keys() if key in {known, known.partition(".")[2]}), None)
    return "" if found is None else f"{found}={value or spelled(found, default_of(found))}"
