"""`show TASK`: all that is known of one task; `show RUN`: of one run."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from task_scheduler.cli import phrases
from task_scheduler.cli.declared import declared_fields
from task_scheduler.cli.door import Door
from task_scheduler.cli.exit_codes import ExitCode
from task_scheduler.cli.phrases import Document
from task_scheduler.cli.show_run import show_run
from task_scheduler.cli.tables import Cell, Column
from task_scheduler.cli.task_names import task_id
from task_scheduler.cli.terminal import Terminal
from task_scheduler.cli.verbs import add_json
from task_scheduler.core.environments import locked_packages
from task_scheduler.core.known_modules import package_of
from task_scheduler.core.tasks import AS_A_TASK

HELP = "show all that is known of one task, or of one run"
DESCRIPTION = """\
Of a task: what its file declares, its schedules and next instants, what is wrong with it, its packages and last runs.
Of a run, named by its number: how it stands, its attempts, what they measured and told, and its result."""

_JOB_COLUMNS = (
    Column(title="SCHEDULE", least=12),
    Column(title="RUNS", least=12),
    Column(title="NEXT"),
)
#: Follows where a job has tags.
_TAGS = Column(title="TAGS", least=12)
#: Of these no version is wanted in force.
_NEVER_IN_FORCE = frozenset({"module", "deleted"})


def add_arguments(parser: ArgumentParser) -> None:
    """Declare the task."""
    parser.add_argument(
        "task",
        metavar="TASK",
        help="the task's id, its path inside tasks/ without .py; or its file; or the number of a run",
    )
    parser.add_argument(
        "--lock", action="store_true", help="write only the lock of a task: every package with version and hashes"
    )
    add_json(parser)


def execute(options: Namespace, door: Door, terminal: Terminal) -> int:
    """Show the task, or the run."""
    if options.task.isdecimal() and options.task.isascii() and not options.lock:
        run = door.ask("run", run=int(options.task))
        if options.json:
            terminal.document(run)
        else:
            show_run(run, terminal, program=options.program)
        return ExitCode.OK
    task = door.ask("show", task=task_id(options.task, door))
    if options.lock:
        return _write_lock(task, terminal)
    if options.json:
        terminal.document(task)
        return ExitCode.OK
    _show_facts(task, terminal)
    if task["status"] == "module":
        terminal.say()
        terminal.say(AS_A_TASK)
    _show_schedules(task, terminal)
    _show_problems(task, terminal)
    _show_packages(task, terminal)
    _show_runs(task, terminal)
    return ExitCode.OK


def _write_lock(task: Document, terminal: Terminal) -> int:
    if not task["environment"]:
        terminal.error(f"{task['id']} has no lock: no version of it is in force")
        return ExitCode.FAILURE
    for line in task["lock"]:
        terminal.say(line, whole=True)
    return ExitCode.OK


def _show_facts(task: Document, terminal: Terminal) -> None:
    declared = task["declaration"] or {}
    in_force = task["version"] or "none"
    pending = task["pending_digest"]
    version = f"{in_force}; the file is {pending}, which is not in force" if pending else in_force
    terminal.fields(
        {
            "task": task["id"],
            "title": task["title"],
            "description": declared.get("description", ""),
            "file": f"{task['path']} (it is gone)" if task["status"] == "deleted" else task["path"],
            "status": phrases.state_cell(task["status"]),
            "version": "" if task["status"] in _NEVER_IN_FORCE else version,
            "admitted": phrases.moment(task["admitted_at"], terminal) if task["admitted_at"] else "",
            **(declared_fields(declared) if declared else {}),
        }
    )


def _show_schedules(task: Document, terminal: Terminal) -> None:
    if not task["jobs"]:
        return
    terminal.say()
    rows = [_job_row(job, terminal) for job in task["jobs"]]
    tags = [", ".join(job.get("tags", ())) for job in task["jobs"]]
    if any(tags):
        terminal.table((*_JOB_COLUMNS, _TAGS), [[*row, Cell(said)] for row, said in zip(rows, tags, strict=True)])
    else:
        terminal.table(_JOB_COLUMNS, rows)
    if len(task["next_runs"]) > 1:
        instants = "; ".join(phrases.clock(text, terminal) for text in task["next_runs"])
        terminal.say(f"next: {instants}")


def _job_row(job: Document, terminal: Terminal) -> list[Cell]:
    return [
        Cell(phrases.schedule(job)),
        Cell(job["call"] or "whole file"),
        phrases.next_cell(job, terminal),
    ]


def _show_problems(task: Document, terminal: Terminal) -> None:
    faults = [*task.get("chain_faults", ()), *task.get("endless", ())]
    if task["problems"] or faults:
        terminal.say()
    for problem in task["problems"]:
        terminal.say(
            f"{problem['severity']}: {problem['text']}", "bad" if problem["severity"] == "error" else "warning"
        )
    for fault in faults:
        terminal.say(f"warning: {fault}", "warning")
    if task["detail"]:
        terminal.say()
        for line in task["detail"].splitlines():
            terminal.say(f"    {line}")


def _show_packages(task: Document, terminal: Terminal) -> None:
    if not task["environment"]:
        return
    terminal.say()
    # The hashes prove the packages to the installer; a person reads names and versions.
    packages = locked_packages("\n".join(task["lock"]))
    terminal.say(f"environment {task['environment']}: {'no packages' if not packages else ''}".rstrip())
    for package in packages:
        terminal.say(f"    {package}")
    there = {package_of(package) for package in packages}
    for declared in (task["declaration"] or {}).get("dependencies", ()):
        if package_of(declared) not in there:
            terminal.say(f"    {declared}: not needed on this machine", "faint")


def _show_runs(task: Document, terminal: Terminal) -> None:
    terminal.say()
    if not task["runs"]:
        terminal.say("no runs yet")
        return
    terminal.table(phrases.RUN_COLUMNS, [phrases.run_row(run, terminal) for run in task["runs"]])
