"""`calendar`: what ran and what is due, day by day of a month."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from itertools import zip_longest
from pathlib import Path
from types import MappingProxyType

from task_scheduler.cli import stand_ins, times
from task_scheduler.cli.door import Door
from task_scheduler.cli.exit_codes import ExitCode
from task_scheduler.cli.phrases import Document, without_seed
from task_scheduler.cli.tables import Cell, Column
from task_scheduler.cli.task_names import task_id
from task_scheduler.cli.terminal import Terminal
from task_scheduler.cli.verbs import add_json
from task_scheduler.control.commands import COMMANDS

HELP = COMMANDS["calendar"].help
DESCRIPTION = """\
A run counts on the day of its slot, one that was asked for on the day it ended; of slots missed in a row each counts on its
day. Those that a later run stands for are not counted: `why` tells of every slot. Days are those of the scheduler's
time zone, or of the jobs' own where all that are asked about share one."""

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
#: What is counted, as short as a day of seven needs it, with its style.
_KINDS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "succeeded": ("ok", "good"),
        "failed": ("fail", "bad"),
        "missed": ("miss", "warning"),
        "skipped": ("skip", "faint"),
        "cancelled": ("stop", "warning"),
        "open": ("open", "busy"),
        "owed": ("late", "warning"),
        "due": ("due", ""),
        "left_out": ("off", "faint"),
    }
)
_LEGEND: Mapping[str, str] = MappingProxyType(
    {
        "succeeded": "succeeded",
        "failed": "failed, timed out or interrupted",
        "missed": "missed",
        "skipped": "skipped",
        "cancelled": "cancelled",
        "open": "at work or waiting",
        "owed": "due, and not on record yet",
        "due": "to come",
        "left_out": "left out or moved to another day, since it is a holiday",
    }
)
#: From here on, numbers are told in thousands.
_MANY = 10_000


def add_arguments(parser: ArgumentParser) -> None:
    """Declare `--month`, `--task`, `--ics` and `--json`."""
    parser.add_argument("--month", metavar="MONTH", help="another month than this one, like 2026-11")
    parser.add_argument("named", metavar="TASK", nargs="?", help="only this task: its id, or its file")
    parser.add_argument("--task", metavar="TASK", help="the same")
    parser.add_argument("--ics", metavar="FILE", help="write what is due that month to a calendar file instead")
    add_json(parser)


def execute(options: Namespace, door: Door, terminal: Terminal) -> int:
    """Show the month, or write what is due."""
    if options.named is not None and options.task is not None:
        terminal.error(f"two tasks are named: {options.named} and {options.task}", hint="name one, or none for all")
        return ExitCode.USAGE
    named = options.named or options.task
    task = named and task_id(named, door)
    is_file = options.ics is not None
    told = door.ask("calendar", month=options.month, task=task, slots=True if is_file else None)
    if is_file:
        return _write(told, Path(options.ics), terminal)
    if options.json:
        terminal.document(told)
    else:
        _show(told, stand_ins.told_of(told.get("calendars", ()), door.project.root, terminal), terminal)
    return ExitCode.OK


def _show(told: Document, remarks: Sequence[str], terminal: Terminal) -> None:
    of_task = f" of {told['task']}" if told["task"] else ""
    terminal.say(f"{date.fromisoformat(told['month'] + '-01'):%B %Y}{of_task} ({told['zone']})")
    for remark in remarks:
        terminal.say(remark, "warning")
    terminal.say()
    columns = [Column(title=day) for day in _DAYS]
    rows: list[list[Cell]] = []
    for week in _weeks(told["days"]):
        cells = [list(_cells(day, told["today"])) for day in week]
        rows += [[cell or Cell("") for cell in line] for line in zip_longest(*cells)]
        rows.append([Cell("")] * len(_DAYS))
    terminal.table(columns, rows[:-1])
    terminal.say()
    totals = {kind: sum(day.get(kind, 0) for day in told["days"]) for kind in _KINDS}
    for kind, total in totals.items():
        if total:
            word, style = _KINDS[kind]
            terminal.say(f"{word:<4}  {_LEGEND[kind]}: {total:,}", style)
    for day in told["days"]:
        if day.get("holiday"):
            terminal.say(f"      {day['date']}: {day['holiday']}", "faint")
    if not any(totals.values()):
        terminal.say("nothing ran, and nothing is due")


def _weeks(days: Sequence[Document]) -> Iterator[list[Document | None]]:
    """Yield the days of each week from Monday on, None for those of other months."""
    week: list[Document | None] = [None] * date.fromisoformat(days[0]["date"]).weekday()
    for day in days:
        week.append(day)
        if len(week) == len(_DAYS):
            yield week
            week = []
    if week:
        yield week + [None] * (len(_DAYS) - len(week))


def _cells(day: Document | None, today: str) -> Iterator[Cell]:
    """Yield the number of a day, and below it what is counted of it."""
    if day is None:
        return
    is_today = day["date"] == today
    number = str(int(day["date"][-2:]))
    yield Cell(f"{number} today" if is_today else number, "heading")
    for kind, (word, style) in _KINDS.items():
        if day.get(kind):
            yield Cell(f"{_number(day[kind])} {word}", style)


def _number(count: int) -> str:
    if count < _MANY:
        return str(count)
    return f"{count // 1_000}k" if count < _MANY * 100 else f"{count // 1_000_000}M"


# --- a calendar file --------------------------------------------------------------------------------------


def _write(told: Document, path: Path, terminal: Terminal) -> int:
    """Write what is due to a calendar file."""
    # Late: a month on the terminal needs none of it.
    from task_scheduler.ics import Entry, write_calendar

    entries = [
        Entry(
            # Of several in one entry, the first moves on while the day passes; the last does not.
            uid=f"{slot['job']}-{slot['last']}@task-scheduler",
            start=times.read(slot["first"]),
            end=None if slot["count"] == 1 else times.read(slot["last"]),
            summary=slot["task"] if slot["count"] == 1 else f"{slot['task']}, {slot['count']:,} times",
            description=f"{slot['call'] or 'the whole file'}: {without_seed(slot['trigger'])}",
            categories=(slot["task"],),
        )
        for slot in told["slots"]
    ]
    name = f"{told['task'] or 'tasks'}, {told['month']}"
    try:
        path.write_bytes(write_calendar(entries, name=name, now=times.read(told["now"])))
    except OSError as error:
        terminal.error(f"{path} cannot be written: {error.strerror}")
        return ExitCode.FAILURE
    more = f"; only the first {len(entries):,}, more are due" if told["more"] else ""
    terminal.note(f"{path}: {len(entries):,} {'entry' if len(entries) == 1 else 'entries'}{more}")
    return ExitCode.OK
