"""`reset-schedules`: give up what is overdue, and have each job owe its next instant."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Sequence

from task_scheduler.cli import phrases
from task_scheduler.cli.door import Door
from task_scheduler.cli.exit_codes import ExitCode
from task_scheduler.cli.phrases import Document
from task_scheduler.cli.tables import Cell, Column
from task_scheduler.cli.task_names import task_id
from task_scheduler.cli.terminal import Terminal
from task_scheduler.cli.verbs import add_json
from task_scheduler.core.errors import NotRunning

HELP = "give up what is overdue, and have each job owe the next instant of its schedule"
DESCRIPTION = """\
Each slot given up is recorded as missed, so nothing is lost without a trace; slots that wait and have not begun are
given up too. Runs at work go on, and so does a slot that is due this very moment. A running scheduler does it at once;
without one, the next start goes on from there."""

#: Jobs that stay as they are, and are named; who asks what would happen is told all of them.
_NAMED = 10

_COLUMNS = (
    Column(title="TASK", least=12),
    Column(title="OLD"),
    Column(title="NEW"),
    Column(title="WHAT", below=True),
)


def add_arguments(parser: ArgumentParser) -> None:
    """Declare which jobs, and `--dry-run`."""
    parser.add_argument("--dry-run", action="store_true", help="only tell what would change")
    parser.add_argument("--future-only", action="store_true", help="only jobs of which anything is overdue")
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--task", metavar="NAME", action="append", help="only the jobs of this task; may be repeated")
    which.add_argument("--all", action="store_true", help="the jobs of all tasks; so without --task, too")
    add_json(parser)


def execute(options: Namespace, door: Door, terminal: Terminal) -> int:
    """Reset the schedules."""
    tasks = None if options.task is None else sorted({task_id(name, door) for name in options.task})
    wish = {"future_only": options.future_only, "dry_run": options.dry_run}
    try:
        told = door.ask_scheduler("reset_schedules", tasks=tasks, **wish)
    except NotRunning:
        # Late: what does it in the scheduler's place takes long to import.
        from task_scheduler.offline import Offline

        terminal.note("no scheduler is running: this is about the record as it was left")
        told = Offline(door.project, note=terminal.note, pause=terminal.pause).reset_schedules(tasks, **wish)
    if options.json:
        terminal.document(told)
        return ExitCode.OK
    # What a paused run keeps overdue is told too, although nothing changes.
    shown = [job for job in told["jobs"] if _changes(job) or job["kept"]]
    if shown:
        terminal.table(_COLUMNS, [_row(job, terminal) for job in shown])
        terminal.say()
    terminal.say(_summary(told, options))
    if stay := [phrases.job_name(job) for job in told["jobs"] if not _changes(job)]:
        terminal.say(_staying(stay, len(stay) if told["dry_run"] else _NAMED))
    return ExitCode.OK


def _row(job: Document, terminal: Terminal) -> list[Cell]:
    return [
        Cell(phrases.job_name(job), short=job["task"]),
        Cell(phrases.clock(job["old"], terminal)),
        Cell(phrases.clock(job["new"], terminal)),
        Cell("; ".join(_what(job, terminal)), "warning" if job["overdue"] else "faint"),
    ]


def _what(job: Document, terminal: Terminal) -> list[str]:
    """Return what a reset does to a job, in words."""
    said = []
    if job["slots"] == 1:
        said.append(f"gives up the slot of {phrases.clock(job['first'], terminal)}")
    elif job["slots"]:
        first, last = phrases.clock(job["first"], terminal), phrases.clock(job["last"], terminal)
        said.append(f"gives up {job['slots']:,} slots, {first} to {last}")
    if job["runs"]:
        named = ", ".join(str(run) for run in job["runs"])
        said.append(f"gives up run{'s' if len(job['runs']) > 1 else ''} {named}, not begun")
    said += [f"leaves run {slot['run']}, which {slot['why']}" for slot in job["kept"]]
    return said or ["moves"]


def _changes(job: Document) -> bool:
    """Whether anything is another way for a job afterwards; a scheduler of an older version does not tell."""
    return bool(job.get("changes", True))


def _summary(told: Document, options: Namespace) -> str:
    if not told["jobs"]:
        return "nothing is overdue" if options.future_only else "no job to reset"
    jobs = [job for job in told["jobs"] if _changes(job)]
    if not jobs:
        return "no job to reset: nothing changes" + (" (--dry-run)" if told["dry_run"] else "")
    slots = sum(job["slots"] + len(job["runs"]) for job in jobs)
    count = "1 job" if len(jobs) == 1 else f"{len(jobs):,} jobs"
    given_up = f"{slots:,} slot{'s' if slots != 1 else ''} given up" if slots else "nothing was overdue"
    if told["dry_run"]:
        given_up = f"{slots:,} slot{'s' if slots != 1 else ''} would be given up" if slots else "nothing is overdue"
        return f"{count} would be reset, {given_up}; nothing was changed (--dry-run)"
    return f"{count} reset, {given_up}"


def _staying(names: Sequence[str], most: int) -> str:
    """Return which jobs stay as they are, `most` of them by name."""
    count = "1 job stays" if len(names) == 1 else f"{len(names):,} jobs stay"
    more = f" and {len(names) - most:,} more" if len(names) > most else ""
    return f"{count} as {'it is' if len(names) == 1 else 'they are'}: {', '.join(names[:most])}{more}"
