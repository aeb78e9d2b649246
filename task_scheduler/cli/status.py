"""`status`: whether the scheduler runs, and what needs care."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

from task_scheduler.cli import phrases, stand_ins, times
from task_scheduler.cli.door import Door
from task_scheduler.cli.exit_codes import ExitCode
from task_scheduler.cli.no_tasks import none_yet
from task_scheduler.cli.phrases import Document
from task_scheduler.cli.tables import Cell, Column
from task_scheduler.cli.terminal import STYLE_OF, Terminal
from task_scheduler.cli.verbs import add_json
from task_scheduler.control.commands import COMMANDS
from task_scheduler.core.errors import NotRunning
from task_scheduler.core.restoring import LOST

HELP = COMMANDS["status"].help
DESCRIPTION = "Exits with 4 when no scheduler is running for the project; what it left on record is shown then."

#: Newest runs shown that have ended or not begun, and runs at work.
_RECENT, _AT_WORK = 5, 20
#: Tasks named in one line.
_NAMED = 5

_AT_WORK_COLUMNS = (
    Column(title="RUN", right=True),
    Column(title="TASK"),
    Column(title="STATE"),
    Column(title="SINCE", least=8),
    Column(title="PROGRESS", below=True),
)


def add_arguments(parser: ArgumentParser) -> None:
    """Declare `--json`."""
    add_json(parser)


def execute(options: Namespace, door: Door, terminal: Terminal) -> int:
    """Tell how things stand."""
    status = door.ask("status")
    if options.json:
        terminal.document({"root": str(door.project.root), "held_by": None, **status})
    else:
        _show(status, options.program, door, terminal)
    if status["running"]:
        return ExitCode.OK
    holder = status.get("held_by")
    if holder is None or holder["work"]:
        terminal.error(str(NotRunning(str(door.project.root))), hint=phrases.start_hint(options.program))
    else:
        known = holder.get("known") or "it is starting or ending: try again"
        terminal.error(f"the scheduler of {door.project.root} does not answer\n{known}")
    return ExitCode.NOT_RUNNING


def _show(status: Document, program: str, door: Door, terminal: Terminal) -> None:
    live = status["scheduler"] or {}
    terminal.fields(
        {
            "scheduler": _scheduler(live, terminal) if live else Cell(_why_none(status, terminal), "bad"),
            "version": str(live.get("version", "")),
            "project": str(live.get("root", door.project.root)),
            "settings": _settings(live.get("settings"), door, terminal),
            "secrets": _secrets(live.get("secrets")),
            "calendars": Cell("; ".join(live.get("calendars") or _calendars(status, door, terminal)), "bad"),
            "tasks": _tasks(status["tasks"]) or f"none yet: {none_yet(door.project, program='' if live else program)}",
            "suspended": Cell(str(live.get("suspended") or ""), "bad"),
            "record": Cell(str(live.get("record") or ""), "bad"),
            "restored": Cell(_restored(live or status, terminal), "warning"),
            "runs": _runs(live, status.get("at_work", ())) if live else "",
            "overdue": Cell(_overdue(live.get("overdue"), terminal), "warning"),
            "endless": Cell("; ".join(live.get("endless", ())), "warning"),
            "warning": Cell(_warning(live), "warning"),
            "next": _next(live, terminal) if live else "",
            "backup": _backup(live, terminal) if live else "",
            "memory": _memory(live),
            "restarted": Cell(_restarted(live.get("memory_restart"), terminal), "warning"),
        }
    )
    if sentence := (live or status).get("restored"):
        terminal.say()
        terminal.say(str(sentence), "warning")
    # The record of a project that no scheduler has run for knows of no tasks.
    if runs := status.get("needs_care"):
        terminal.say()
        terminal.say("needs care")
        by_restore = [run for run in runs if str(run["reason"]).startswith(LOST)]
        folded = by_restore if len(by_restore) > 1 else []
        for run in runs:
            if run not in folded:
                terminal.say(f"    {_care(run, terminal)}", STYLE_OF.get(run["state"], ""))
        if folded:
            terminal.say(f"    {_care_of_restored(folded)}", "warning")
    if status["invalid"]:
        terminal.say()
        terminal.say("cannot be admitted")
        for task in status["invalid"]:
            problem = task["problem"] or task["path"]
            terminal.say(f"    {phrases.invalid_note(problem, task['errors'], task['version'])}", "bad")
    _show_at_work(status.get("at_work", ()), terminal)
    at_work = {run["id"] for run in status.get("at_work", ())}
    if recent := [run for run in status["runs"] if run["id"] not in at_work]:
        terminal.say()
        terminal.table(phrases.RUN_COLUMNS, [phrases.run_row(run, terminal) for run in recent[:_RECENT]])


def _show_at_work(runs: Sequence[Document], terminal: Terminal) -> None:
    if not runs:
        return
    terminal.say()
    terminal.table(_AT_WORK_COLUMNS, [_at_work_row(run, terminal) for run in runs[:_AT_WORK]])
    if len(runs) > _AT_WORK:
        terminal.say(f"and {len(runs) - _AT_WORK:,} more at work")


def _at_work_row(run: Document, terminal: Terminal) -> list[Cell]:
    then = ""
    if run.get("paused_at"):
        since = f"{phrases.clock(run['paused_at'], terminal)}, {phrases.lasted(run['paused_at'], terminal)}"
    elif run["state"] == "retrying":
        ended = run["ended_at"] or run["started_at"] or run["created_at"]
        since = f"{phrases.clock(ended, terminal)}, {phrases.lasted(ended, terminal)}"
        then = f"tries again {phrases.moment(run['retry_at'], terminal)}"
    elif run["state"] == "queued":
        came = run["scheduled_for"] or run["created_at"]
        since = f"{phrases.clock(came, terminal)}, {phrases.lasted(came, terminal)}"
    else:
        since = f"{phrases.clock(run['started_at'], terminal)}, {phrases.lasted(run['started_at'], terminal)}"
    return [
        Cell(str(run["id"])),
        Cell(run["task"]),
        phrases.run_state(run),
        Cell(since),
        Cell(phrases.waits(run) or then or phrases.progress(run.get("progress"), bar=True)),
    ]


def _scheduler(live: Document, terminal: Terminal) -> Cell:
    text = f"running, pid {live.get('pid')}"
    if started := live.get("started_at"):
        since = times.read(started)
        lasted = times.duration(max(timedelta(0), terminal.now() - since).total_seconds())
        text += f", for {lasted} (since {times.local(since, terminal.now(), terminal.zone)})"
    if stopping := live.get("stopping"):
        until = f", at most until {phrases.clock(stopping['until'], terminal)}" if stopping["until"] else ""
        text += f"; {stopping['doing']}{until}: nothing is started any more"
    return Cell(text, "warning" if live.get("stopping") else "good")


def _calendars(status: Document, door: Door, terminal: Terminal) -> list[str]:
    """Return what is wrong with calendars that jobs observe, as found now: no scheduler is there that would tell."""
    names = status.get("observed", ())
    if not names:
        return []
    # Late: most projects observe none, or have a scheduler.
    from task_scheduler.calendars import HolidayCalendars
    from task_scheduler.core.errors import TriggerError

    calendars, faults = HolidayCalendars.for_looking(door.project.root), []
    for name in names:
        try:
            calendars.holidays(name)
        except TriggerError as error:
            faults.append(str(error))
    return [*faults, *stand_ins.told(calendars.stand_ins, terminal)]


def _why_none(status: Document, terminal: Terminal) -> str:
    """Return that no scheduler answers, and who holds its place, or how and when the last one ended."""
    holder = status.get("held_by")
    if holder is None:
        last = phrases.last_scheduler(status.get("last_scheduler"), terminal)
        return f"not running: the last {last}" if last else "not running"
    if holder["work"]:
        return f"not running; `{holder['work']}` works alone here ({holder['who']}), and one that starts waits for it"
    return f"does not answer ({holder['who']})"


def _care(run: Document, terminal: Terminal) -> str:
    when = times.read(run["when"])
    ago = times.distance(when, terminal.now())
    at = times.local(when, terminal.now(), terminal.zone)
    because = f": {run['reason'].partition(chr(10))[0]}" if run["reason"] else ""
    return f"{run['task']} {phrases.ended(run)} {ago} ({at}, run {run['run']}){because}"


def _care_of_restored(runs: Sequence[Document]) -> str:
    """Return in one line what became of the newest runs of several tasks by one restore."""
    named = ", ".join(run["task"] for run in runs[:_NAMED])
    more = f" and {len(runs) - _NAMED:,} more" if len(runs) > _NAMED else ""
    because = str(runs[0]["reason"]).partition("\n")[0]
    return f"what {len(runs):,} tasks ran last is not known ({named}{more}): {because}"


def _tasks(counts: Document) -> str:
    told = [f"{count:,} {status}" for status, count in counts.items() if status != "deleted"]
    return ", ".join(told)


def _runs(live: Document, at_work: Sequence[Document]) -> str:
    paused = sum(1 for run in at_work if run["state"] == "running" and run.get("paused_at"))
    still = f", {paused:,} paused" if paused else ""
    retrying = f", {live['retrying']:,} waiting for the next attempt" if live.get("retrying") else ""
    running = max(0, live.get("running", 0) - paused)
    return f"{running:,} running{still}, {live.get('queued', 0):,} queued{retrying}"


def _overdue(found: Document | None, terminal: Terminal) -> str:
    """Return what was found overdue and is not made up for yet; empty: nothing is."""
    if found is None:
        return ""
    many = (
        f"{found['schedules']:,} schedules, {found['worst']} the longest" if found["schedules"] > 1 else found["worst"]
    )
    ago = times.distance(times.read(found["at"]), terminal.now())
    runs = "1 run" if found["runs_left"] == 1 else f"{found['runs_left']:,} runs"
    return f"{many} by {times.duration(found['late'])} when found {ago}; {runs} left to make up for it"


def _warning(live: Document) -> str:
    """Return what else is wrong with what tasks wait for, the first in full; empty: nothing is."""
    endless = set(live.get("endless", ()))
    told = [str(warning) for warning in live.get("warnings") or () if warning not in endless]
    if not told:
        return ""
    return told[0] + (f"; and {len(told) - 1:,} more: `status --json` tells them" if len(told) > 1 else "")


def _settings(told: Document | None, door: Door, terminal: Terminal) -> Cell:
    """Return which file it is, and how it stands beside what is in force."""
    if told is None:
        return Cell(door.project.shown(door.project.config) if door.project.config.exists() else "")
    file = door.project.shown(Path(told["file"]))
    if told["trouble"]:
        trouble, *others = told["trouble"].splitlines()
        more = f" … and {len(others)} more: `config check`" if others else ""
        return Cell(f"{file}, not followed since {phrases.clock(told['since'], terminal)}: {trouble}{more}", "bad")
    if told["needs_restart"]:
        return Cell(f"{file}; a restart is needed for {', '.join(told['needs_restart'])}", "warning")
    return Cell(file)


def _secrets(trouble: Document | None) -> Cell:
    """Return what is wrong with the file of secrets; empty: nothing is."""
    if trouble is None:
        return Cell("")
    if trouble["fault"]:
        return Cell(f"{trouble['fault']} (tasks cannot read it)", "bad")
    return Cell("; ".join(trouble["warnings"]), "warning")


def _memory(live: Document) -> str:
    if not live.get("memory"):
        return ""
    limit = f" of {times.size(live['memory_limit'])}" if live.get("memory_limit") else ""
    return f"{times.size(live['memory'])}{limit}"


def _restarted(restart: Document | None, terminal: Terminal) -> str:
    """Return that it was restarted for its memory; empty: never."""
    if restart is None:
        return ""
    when = times.read(restart["at"])
    ago, at = times.distance(when, terminal.now()), times.local(when, terminal.now(), terminal.zone)
    return f"for memory {ago} ({at}): {times.size(restart['used'])} of {times.size(restart['limit'])}"


def _restored(told: Document, terminal: Terminal) -> str:
    """Return in a line that a backup took the record's place; empty: none did of late."""
    if not told.get("restored_at"):
        return ""
    ago = times.distance(times.read(told["restored_at"]), terminal.now())
    to = phrases.clock(told["restored_to"], terminal)
    return f"{ago} to the backup of {to}"


def _backup(live: Document, terminal: Terminal) -> str:
    newest = live.get("newest_backup")
    return phrases.moment(newest, terminal) if newest else ""


def _next(live: Document, terminal: Terminal) -> str:
    due = live.get("next_due")
    if due is None:
        return "nothing is due"
    when = phrases.moment(due, terminal)
    return f"{when}: left to the next start" if live.get("stopping") else when
