"""`history`: runs, newest first."""

from __future__ import annotations

from argparse import ArgumentParser, ArgumentTypeError, Namespace

from task_scheduler.cli import phrases
from task_scheduler.cli.door import Door
from task_scheduler.cli.exit_codes import ExitCode
from task_scheduler.cli.task_names import task_id
from task_scheduler.cli.terminal import Terminal
from task_scheduler.cli.verbs import add_json
from task_scheduler.control.commands import COMMANDS
from task_scheduler.core.errors import did_you_mean

HELP = COMMANDS["history"].help
DESCRIPTION = """\
LATE is the time from the slot to the start, TOOK the time of the last attempt, PEAK its memory at the peak.
A line with a range of slots stands for all of them. Times are those of this machine."""

_MOST = 1_000


def add_arguments(parser: ArgumentParser) -> None:
    """Declare the filters."""
    parser.add_argument("--task", metavar="TASK", help="only runs of this task: its id, or its file")
    parser.add_argument(
        "--state", metavar="STATE", action="append", type=_state, help="only runs in this state; may be repeated"
    )
    parser.add_argument(
        "--limit", metavar="N", type=_limit, default=20, help=f"at most N runs, 20 by default, {_MOST:,} at most"
    )
    parser.add_argument("--before", metavar="RUN", type=_run, help="only runs older than this one: the next page")
    add_json(parser)


def execute(options: Namespace, door: Door, terminal: Terminal) -> int:
    """List the runs."""
    task = options.task and task_id(options.task, door)
    # One more than is shown tells whether there are older ones.
    most = min(options.limit + 1, _MOST)
    runs = door.ask("history", task=task, states=options.state, limit=most, before=options.before)
    is_more = len(runs) > options.limit or len(runs) == _MOST
    runs = runs[: options.limit]
    if options.json:
        terminal.document(runs)
        return ExitCode.OK
    if not runs:
        filtered = options.task or options.state or options.before
        terminal.note(
            "no runs match"
            if filtered
            else f"no runs yet: a task runs at its next slot, or with `{options.program} start TASK`"
        )
        return ExitCode.OK
    terminal.table(phrases.RUN_COLUMNS, [phrases.run_row(run, terminal) for run in runs])
    if is_more:
        terminal.note(f"older runs: add --before {runs[-1]['id']}")
    return ExitCode.OK


def _state(text: str) -> str:
    from task_scheduler.core.runs import RunState

    known = [state.value for state in RunState]
    name = text.replace("-", "_").replace(" ", "_")
    if name == "paused":
        raise ArgumentTypeError("a paused run is still queued, running or retrying: `status` shows which are paused")
    if name not in known:
        raise ArgumentTypeError(f"no state {text!r}{did_you_mean(name, known)}: the states are {', '.join(known)}")
    return name


def _limit(text: str) -> int:
    if not (text.isdecimal() and text.isascii() and 1 <= int(text) <= _MOST):
        raise ArgumentTypeError(f"{text!r}: give a number from 1 to {_MOST:,}")
    return int(text)


def _run(text: str) -> int:
    if not (text.isdecimal() and text.isascii()):
        raise ArgumentTypeError(f"{text!r}: give the number of a run, as `history` shows it")
    return int(text)
