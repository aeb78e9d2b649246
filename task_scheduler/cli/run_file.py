"""`run-file FILE [ARGS…]`: run a task file now, on this terminal, as a scheduled run of it would."""

from __future__ import annotations

import os
import signal
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from task_scheduler.cli import phrases
from task_scheduler.cli.door import Door
from task_scheduler.cli.exit_codes import ExitCode
from task_scheduler.cli.following import BY_SIGNAL, Follower, end_note, exit_code
from task_scheduler.cli.own_lines import left_out
from task_scheduler.cli.phrases import Document
from task_scheduler.cli.task_file import Engine, NotInForce, TaskFile, bring_into_force, engine_of, locate
from task_scheduler.cli.terminal import Terminal
from task_scheduler.cli.verbs import add_arguments_of_task
from task_scheduler.control.errors import NoAnswer

HELP = "run a task file now and show what it writes, as a scheduled run of it would"
DESCRIPTION = """\
The same launcher, packages, limits, working folder and record as of a scheduled run; ARGS are its sys.argv[1:]. The
running scheduler does it, once exactly this content of the file is in force; without one, this command does it alone.
The task's output goes to standard output and standard error, byte for byte, less the lines by which it tells of its
work (`::task-scheduler:: …`): a terminal is told the progress, and `show RUN` all of it. Nothing else goes to standard
output. As in a scheduled run there is no standard input.

A file whose name begins with example_ is run whatever the settings say of examples, as long as no scheduler runs.

The exit code is the run's own: 124 at its time limit, 128 and the signal's number when a signal ended it. Ctrl-C ends
the run when this command runs it alone, with the task's kill_grace, and a second one kills it; a scheduler goes on
with the run.

Without a scheduler, a run of the task that an earlier scheduler started may still be executing: then this one is
refused, unless --beside is given. Nothing is scheduled here: slots that are due wait for the next scheduler."""

#: Seconds between two looks at a run that is ended because its output cannot be written any more.
_LOOK = 0.05

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Stopped(BaseException):
    """Somebody asked this process to end; no handler of errors may take it for one."""

    def __init__(self, number: int) -> None:
        super().__init__(signal.Signals(number).name)
        self.number = number


def add_arguments(parser: ArgumentParser) -> None:
    """Declare the file and what is given to it."""
    parser.add_argument("--function", metavar="NAME", help="the function to call, as for `start`")
    parser.add_argument(
        "--request-id", metavar="ID", help="your own name for this request, so that repeating it is safe"
    )
    parser.add_argument(
        "--beside",
        action="store_true",
        help="without a scheduler: run it even beside a run that an earlier scheduler started and that still executes",
    )
    parser.add_argument("-q", "--quiet", action="store_true", help="write nothing but what the task writes")
    parser.add_argument("file", metavar="FILE", help="a file in the folder of tasks, or a task's id")
    add_arguments_of_task(parser)


def execute(options: Namespace, door: Door, terminal: Terminal) -> int:
    """Run the file, and end as it ended."""
    note = _say_nothing if options.quiet else terminal.note
    try:
        with _told_to_end(), engine_of(door, note, verb=options.verb, pause=terminal.pause) as engine:
            # Whoever names an example means it; a scheduler that passes examples over cannot take up one alone.
            file = locate(options.file, engine.ask("surroundings"), Path.cwd(), is_meant=engine.is_alone)
            if options.beside:
                engine.allow_beside()
            try:
                bring_into_force(engine, file, note=note, pause=terminal.pause)
            except NotInForce as refusal:
                refusal.tell(terminal)
                raise
            return _run(options, engine, file, root=door.project.root, terminal=terminal)
    except Stopped as stopped:
        return BY_SIGNAL + stopped.number


def _run(options: Namespace, engine: Engine, file: TaskFile, *, root: Path, terminal: Terminal) -> int:
    request = options.request_id or f"cli-{os.urandom(8).hex()}"
    try:
        run = engine.ask(
            "start",
            task=file.task_id,
            function=options.function,
            request_id=request,
            argv=options.arguments,
            digest=file.digest,
        )
    except NoAnswer as error:
        terminal.error(
            f"{error}; whether the task was started is not known",
            hint=f"repeat it with --request-id {request}: that starts nothing twice",
        )
        return ExitCode.FAILURE
    if not options.quiet:
        terminal.note(f"run {run['id']} of {run['task']}; `{options.program} logs {run['id']}` shows it again")
    follower = Follower(engine, terminal, root=root, quiet=options.quiet)
    note = _say_nothing if options.quiet else terminal.note
    signals: list[Stopped] = []
    try:
        run = _follow(engine, run, follower, signals, note)
    except Stopped:
        note(f"run {run['id']} goes on; it is only no longer shown")
        raise
    except BaseException as error:
        # Whoever read the output is gone, or worse: a run that is ours alone has nobody left to record it.
        reason = f"ended because the command that ran it was: {str(error) or type(error).__name__}"
        while engine.end(run["id"], reason) and not engine.ask("run", run=run["id"])["final"]:
            terminal.pause(_LOOK)
        raise
    for sentence in phrases.not_kept(run):
        note(sentence)
    if follower.told:
        note(left_out(follower.told, run["id"], program=options.program))
    note(end_note(run))
    return BY_SIGNAL + signals[0].number if signals else exit_code(run)


def _follow(
    engine: Engine, run: Document, follower: Follower, signals: list[Stopped], note: Callable[[str], None]
) -> Document:
    """Show a run to its end, ending it at the first of `signals`, which are added, and killing it at the second.

    Raises Stopped where the run is not ours to end.
    """
    while True:
        # A signal may come at any point, also while the one before is acted upon.
        try:
            if signals:
                _end(engine, run, signals, note)
            return follower.follow(run)
        except Stopped as stopped:
            signals.append(stopped)
            if not engine.is_alone:
                raise


def _end(engine: Engine, run: Document, signals: Sequence[Stopped], note: Callable[[str], None]) -> None:
    first = signals[0]
    by = "Ctrl-C" if first.number == signal.SIGINT else f"{first}, sent to the command that ran it"
    is_again = len(signals) > 1
    engine.end(run["id"], f"ended by {by}", now=is_again)
    again = f"; {'Ctrl-C' if first.number == signal.SIGINT else 'another signal'} again kills it"
    note(f"run {run['id']} is killed" if is_again else f"run {run['id']} is told to end{again}")


def _say_nothing(_: str) -> None:
    """Take a note and keep it."""


@contextmanager
def _told_to_end() -> Iterator[None]:
    """Raise Stopped in the block when this process is told to end, twice; the third time it ends at once."""
    # What this process was started to ignore, as under nohup, it goes on to ignore.
    earlier = {number: before for number in _SIGNALS if (before := signal.getsignal(number)) is not signal.SIG_IGN}

    told: list[int] = []

    def stop(number: int, _frame: FrameType | None) -> None:
        told.append(number)
        if len(told) > 1:
            restore()
        raise Stopped(number)

    def restore() -> None:
        for number, before in earlier.items():
            signal.signal(number, before)

    for number in earlier:
        signal.signal(number, stop)
    try:
        yield
    finally:
        restore()
