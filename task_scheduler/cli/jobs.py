"""`jobs [TASK]`: every registered job, and why one is not scheduled."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from task_scheduler.cli import phrases
from task_scheduler.cli.door import Door
from task_scheduler.cli.exit_codes import ExitCode
from task_scheduler.cli.no_tasks import none_yet
from task_scheduler.cli.phrases import Document
from task_scheduler.cli.tables import Cell, Column
from task_scheduler.cli.task_names import task_id
from task_scheduler.cli.terminal import Terminal
from task_scheduler.cli.verbs import add_json
from task_scheduler.control.commands import COMMANDS

HELP = COMMANDS["jobs"].help
DESCRIPTION = """\
A job is one thing to schedule: a function of a task with its trigger and arguments. A task with two schedules has two
jobs, and one without any stands here with the reason. Of one TASK all is told that is registered of it."""

_COLUMNS = (
    Column(title="JOB", right=True),
    Column(title="TASK", least=12),
    Column(title="STATE"),
    Column(title="NEXT"),
    Column(title="LAST SLOT", drop=1),
    Column(title="DIGEST", drop=2),
    Column(title="SCHEDULE", least=20, wraps=True),
)
#: Characters of a digest in a table.
_SHORT = 8


def add_arguments(parser: ArgumentParser) -> None:
    """Declare the task, `--all` and `--json`."""
    parser.add_argument("task", metavar="TASK", nargs="?", help="only the jobs of this task, with all that is known")
    parser.add_argument("--all", action="store_true", help="list deleted tasks too, whose history is kept")
    add_json(parser)


def execute(options: Namespace, door: Door, terminal: Terminal) -> int:
    """List the jobs."""
    named = None if options.task is None else task_id(options.task, door)
    jobs = door.ask("jobs", task=named)
    if named is None and not options.all:
        jobs = [job for job in jobs if job["state"] != "missing"]
    if options.json:
        terminal.document(jobs)
    elif named is not None:
        for place, job in enumerate(jobs):
            if place:
                terminal.say()
            _tell(job, terminal)
    elif jobs:
        below = {place: [Cell(_note(job), "warning")] for place, job in enumerate(jobs) if _note(job)}
        terminal.table(_COLUMNS, [_row(job, terminal) for job in jobs], below)
        terminal.say()
        if note := phrases.zone_note((job for job in jobs if job["job"] is not None), terminal):
            terminal.say(note)
        terminal.say(_summary(sum(job["job"] is not None for job in jobs), len({job["task"] for job in jobs})))
    else:
        terminal.note(f"no tasks yet: {none_yet(door.project, program=options.program if door.is_left else '')}")
    return ExitCode.OK


def _row(job: Document, terminal: Terminal) -> list[Cell]:
    return [
        Cell(phrases.NOTHING if job["job"] is None else str(job["job"])),
        Cell(phrases.job_name(job), short=job["task"]),
        phrases.state_cell(job["state"]),
        phrases.next_cell(job, terminal),
        _last(job["last"], terminal),
        Cell((job["digest"] or phrases.NOTHING)[:_SHORT]),
        Cell(phrases.NOTHING if job["trigger"] is None else phrases.schedule(job)),
    ]


def _note(job: Document) -> str:
    """Return why a job is not scheduled, where its row does not say it; empty: it does, or the job is scheduled."""
    return "" if job.get("ended_at") else job["why"] or ""


def _tell(job: Document, terminal: Terminal) -> None:
    """Write all that is known of one job; what is not set is left out."""
    last = job["last"]
    fields: dict[str, str | Cell] = {
        "job": phrases.NOTHING if job["job"] is None else str(job["job"]),
        "task": f"{job['task']} ({job['path']})",
        "state": phrases.state_cell(job["state"]),
    }
    if job["why"]:
        fields["because"] = job["why"]
    if job["job"] is not None:
        fields |= {
            "calls": job["call"] or "the whole file",
            "schedule": phrases.without_seed(job["trigger"]),
            "time zone": job["timezone"] or "the scheduler's",
            "tags": ", ".join(job.get("tags", ())),
            "next run": phrases.moment(job["next_run"], terminal),
            "ended": phrases.clock(job["ended_at"], terminal) if job.get("ended_at") else "",
        }
    if job["digest"]:
        fields["version"] = job["digest"]
    if last is not None:
        because = f": {last['reason']}" if last["reason"] else ""
        when = last["scheduled_for"] or last.get("created_at")
        fields["last slot" if last["scheduled_for"] else "last run"] = (
            f"{phrases.clock(when, terminal)}, run {last['run']} {_state(last)}{because}"
        )
    terminal.fields(fields)


def _last(last: Document | None, terminal: Terminal) -> Cell:
    if last is None:
        return Cell(phrases.NOTHING)
    cell = phrases.state_cell("paused" if last["paused"] else last["state"])
    # What an event started has no slot: of it the moment it was asked for is told.
    when = last["scheduled_for"] or last.get("created_at")
    if when is None:
        return cell
    return Cell(f"{cell.text}, {phrases.clock(when, terminal)}", cell.style, short=cell.text)


def _state(last: Document) -> str:
    return "paused" if last["paused"] else last["state"].replace("_", " ")


def _summary(jobs: int, tasks: int) -> str:
    return f"{jobs:,} job{'s' if jobs != 1 else ''} of {tasks:,} task{'s' if tasks != 1 else ''}"
