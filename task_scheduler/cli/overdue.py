"""`overdue`: which jobs are overdue, and what becomes of that."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Mapping
from types import MappingProxyType

from task_scheduler.cli import phrases, times
from task_scheduler.cli.door import Door
from task_scheduler.cli.exit_codes import ExitCode
from task_scheduler.cli.phrases import Document
from task_scheduler.cli.tables import Cell, Column
from task_scheduler.cli.task_names import task_id
from task_scheduler.cli.terminal import Terminal
from task_scheduler.cli.verbs import add_json
from task_scheduler.control.commands import COMMANDS

HELP = COMMANDS["overdue"].help
DESCRIPTION = """\
OVERDUE is a job of which a slot is due and has not begun: nobody was there to start it, or it waits. FUTURE is one
whose next slot is still to come. `reset-schedules --future-only` gives up what is overdue."""

_COLUMNS = (
    Column(title="STATUS"),
    Column(title="TASK", least=12),
    Column(title="NEXT"),
    Column(title="LATE", right=True),
    Column(title="WHAT HAPPENS", below=True),
)
_STYLES: Mapping[str, str] = MappingProxyType({"OVERDUE": "bad", "FUTURE": "good"})


def add_arguments(parser: ArgumentParser) -> None:
    """Declare `--task`, `--exit-code` and `--json`."""
    parser.add_argument("--task", metavar="TASK", help="only the jobs of this task")
    parser.add_argument("--exit-code", action="store_true", help="exit with 1 when anything is overdue")
    add_json(parser)


def execute(options: Namespace, door: Door, terminal: Terminal) -> int:
    """List the jobs, overdue ones first."""
    told = door.ask("overdue")
    if options.task is not None:
        named = task_id(options.task, door)
        door.ask("jobs", task=named)  # which refuses one that is not known
        some = [job for job in told["jobs"] if job["task"] == named]
        told = {**told, "overdue": sum(job["status"] == "OVERDUE" for job in some), "jobs": some}
    if options.json:
        terminal.document(told)
    elif told["jobs"]:
        terminal.table(_COLUMNS, [_row(job, terminal, is_left=door.is_left) for job in told["jobs"]])
        terminal.say()
        if note := phrases.zone_note(told["jobs"], terminal):
            terminal.say(note)
        terminal.say(_summary(told["overdue"], len(told["jobs"])))
    else:
        terminal.note("no job owes anything")
    return ExitCode.FAILURE if options.exit_code and told["overdue"] else ExitCode.OK


def _row(job: Document, terminal: Terminal, *, is_left: bool) -> list[Cell]:
    return [
        Cell(job["status"], _STYLES.get(job["status"], "")),
        Cell(phrases.job_name(job), short=job["task"]),
        Cell(phrases.clock(job["next_run"], terminal)),
        Cell(phrases.NOTHING if job["late"] is None else times.duration(job["late"])),
        Cell("; ".join(_what_happens(job, terminal, is_left=is_left))),
    ]


def _what_happens(job: Document, terminal: Terminal, *, is_left: bool) -> list[str]:
    """Return what becomes of each late slot of a job, in words; nothing for one that is on time."""
    said = [_owed(job["owed"], is_left=is_left)] if job["owed"] is not None else []
    return said + [_waiting(slot, terminal, is_left=is_left) for slot in job["waiting"]]


def _owed(owed: Document, *, is_left: bool) -> str:
    when = "at the next start" if is_left else "within moments"
    parts = []
    if owed["runs"]:
        stands_for = f", for {owed['merged'] + 1:,} slots" if owed["merged"] else ""
        times_ = "once" if owed["runs"] == 1 else f"{owed['runs']:,} times"
        parts.append(f"runs {times_} {when}{stands_for}")
    if owed["missed"]:
        slots = "1 slot" if owed["missed"] == 1 else f"{owed['missed']:,} slots"
        parts.append(f"{slots} would be recorded as missed: {owed['reason']}")
    return " and ".join(parts) or owed["reason"]


def _waiting(slot: Document, terminal: Terminal, *, is_left: bool) -> str:
    named = f"run {slot['run']} of {phrases.clock(slot['scheduled_for'], terminal)}"
    if slot["paused"]:
        return f"{named} is paused"
    if is_left:
        then = "would be recorded as missed" if slot["missed"] else "goes on waiting, or is settled,"
        return f"{named} {then} at the next start"
    return f"{named} waits" + (f" for {slot['waits_for']}" if slot["waits_for"] else "")


def _summary(overdue: int, count: int) -> str:
    jobs = "1 job" if count == 1 else f"{count:,} jobs"
    return f"{overdue:,} of {jobs} overdue" if overdue else f"nothing is overdue: {jobs} on time"
