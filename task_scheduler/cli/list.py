"""`list`: every task with its schedule, next and last run."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Collection, Iterable, Sequence

from task_scheduler.cli import phrases
from task_scheduler.cli.door import Door
from task_scheduler.cli.exit_codes import ExitCode
from task_scheduler.cli.no_tasks import none_yet
from task_scheduler.cli.phrases import Document
from task_scheduler.cli.tables import Cell, Column
from task_scheduler.cli.terminal import Terminal
from task_scheduler.cli.verbs import add_json
from task_scheduler.control.commands import COMMANDS

HELP = COMMANDS["list"].help
DESCRIPTION = """\
Below a task whose file cannot be admitted stands the first thing that is wrong with it, and which version runs
meanwhile; below one that runs after a task that cannot start it, why. Times are those of this machine; where schedules are
in a zone whose clocks differ, a line below tells it."""

_COLUMNS = (
    Column(title="TASK"),
    Column(title="STATUS"),
    Column(title="NEXT"),
    Column(title="LAST"),
    Column(title="SCHEDULE", least=20, wraps=True),
)


def add_arguments(parser: ArgumentParser) -> None:
    """Declare `--all`, `--tag` and `--json`."""
    parser.add_argument(
        "--tag",
        metavar="NAME",
        action="append",
        default=[],
        help="only tasks with a job that has this tag; given more than once: one that has them all",
    )
    parser.add_argument("--all", action="store_true", help="list deleted tasks too, whose history is kept")
    add_json(parser)


def execute(options: Namespace, door: Door, terminal: Terminal) -> int:
    """List the tasks."""
    known = [task for task in door.ask("list") if options.all or task["status"] != "deleted"]
    tasks = [task for task in known if _has_all(task, options.tag)]
    if options.json:
        terminal.document(tasks)
    elif tasks:
        _show(tasks, len(known), terminal, is_left=door.is_left)
    elif known:
        terminal.note(f"{_no_task_has(options.tag)}{_tags_there_are(known)}")
    else:
        terminal.note(f"no tasks yet: {none_yet(door.project, program=options.program if door.is_left else '')}")
    return ExitCode.OK


def _has_all(task: Document, tags: Collection[str]) -> bool:
    """Whether a task has a job with all of these tags; without any it needs no job."""
    return not tags or any(set(tags) <= set(job.get("tags", ())) for job in task["jobs"])


def _no_task_has(tags: Sequence[str]) -> str:
    return f"no task has a job tagged {' and '.join(repr(tag) for tag in dict.fromkeys(tags))}"


def _tags_there_are(tasks: Iterable[Document]) -> str:
    tags = sorted({tag for task in tasks for job in task["jobs"] for tag in job.get("tags", ())})
    return f"; there are {', '.join(tags)}" if tags else "; no job has any tag: they are given by `.tag()`"


def _show(tasks: Sequence[Document], known: int, terminal: Terminal, *, is_left: bool) -> None:
    rows = [_row(task, terminal, is_left=is_left) for task in tasks]
    below = {place: notes for place, task in enumerate(tasks) if (notes := _notes(task))}
    terminal.table(_COLUMNS, rows, below)
    terminal.say()
    if note := phrases.zone_note((job for task in tasks for job in task["jobs"]), terminal):
        terminal.say(note)
    count = "1 task" if known == 1 else f"{known:,} tasks"
    terminal.say(count if len(tasks) == known else f"{len(tasks):,} of {count}")
    # One folder holds them all, so the reason is one, too.
    for reason in dict.fromkeys(task["detail"] for task in tasks if task["status"] == "suspended"):
        terminal.say()
        terminal.say(f"suspended: {reason}", "bad")


def _row(task: Document, terminal: Terminal, *, is_left: bool) -> list[Cell]:
    ended = _ended(task)
    return [
        Cell(task["id"]),
        phrases.state_cell("ended" if ended else task["status"]),
        phrases.ended_cell(ended, terminal) if ended else _next(task["next_run"], terminal, is_left=is_left),
        phrases.last_run(task["last_run"], terminal),
        Cell(phrases.schedules(task)),
    ]


def _ended(task: Document) -> str | None:
    """Return the last instant of a task all of whose schedules are over; None: it goes on, or has none."""
    if task["status"] != "active":
        return None
    ended = [job.get("ended_at") for job in task["jobs"]]
    return max(map(str, ended)) if ended and all(ended) else None


def _next(due: str | None, terminal: Terminal, *, is_left: bool) -> Cell:
    # Without a scheduler nothing will run, however near its instant is.
    if is_left and due:
        return Cell(f"{phrases.clock(due, terminal)} (no scheduler)", short="no scheduler")
    return phrases.moment_cell(due, terminal)


def _notes(task: Document) -> list[Cell]:
    """Return what a person must see below a task: its first error, what is being done, or what it waits for in vain."""
    errors = [problem["text"] for problem in task["problems"] if problem["severity"] == "error"]
    if task["status"] == "invalid":
        first = errors[0] if errors else task["path"]
        return [Cell(phrases.invalid_note(first, len(errors), task["version"]), "bad")]
    if task["status"] == "preparing" and task["detail"]:
        return [Cell(task["detail"].splitlines()[0], "busy")]
    return [Cell(fault, "warning") for fault in (*task.get("chain_faults", ()), *task.get("endless", ()))]
