"""Phrases that several verbs make of the scheduler's documents."""

from __future__ import annotations

import re
import shlex
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from task_scheduler.cli import times
from task_scheduler.cli.tables import Cell, Column
from task_scheduler.cli.terminal import STYLE_OF, Terminal
from task_scheduler.cli.text import fit
from task_scheduler.control.errors import NotYet
from task_scheduler.core.errors import (
    AlreadyRunning,
    DatabaseDamaged,
    NotRunning,
    RecordGone,
    RecordLost,
    TaskSchedulerError,
    UnknownBackup,
    UnknownRun,
    UnknownTask,
)

Document = Mapping[str, Any]

#: What is shown where there is nothing to tell.
NOTHING = "-"
#: Most columns of a run's call.
_CALL = 40
#: Columns of the bar that shows a share.
_BAR = 20
#: Seconds of a pause that are worth telling.
_WORTH_TELLING = 0.05
#: Ends that were done to a run.
_PASSIVE = frozenset({"skipped", "missed", "cancelled", "interrupted"})
#: How a schedule of which something is drawn ends: `every 5 to 10 minutes by 7194003b`.
_SEED = re.compile(r" by [0-9a-f]{8}$")
#: Monday to Friday in a canonical schedule.
_WORKDAYS = " on mon,tue,wed,thu,fri"
#: Calls that go without saying.
_PLAIN = frozenset({None, "start()"})

RUN_COLUMNS = (
    Column(title="RUN", right=True),
    Column(title="TASK"),
    Column(title="SCHEDULED", least=19),
    Column(title="STATE"),
    Column(title="LATE", right=True, drop=3),
    Column(title="TOOK", right=True, drop=4),
    Column(title="CPU", right=True, drop=1),
    Column(title="PEAK", right=True, drop=2),
    Column(title="REASON", below=True),
)


def start_hint(program: str) -> str:
    """Return how to start a scheduler."""
    return f"start it with `{program} run`"


def hint_of(error: TaskSchedulerError, program: str) -> str:
    """Return the way out of an error, empty where its message says all."""
    match error:
        case NotYet():
            return ""
        case NotRunning():
            return start_hint(program)
        case AlreadyRunning() if not (error.work or error.says_the_way_out):
            return f"`{program} status` tells what it does, `{program} restart` starts it anew, `{program} shutdown` ends it"
        case UnknownTask():
            return f"`{program} list` shows every task"
        case DatabaseDamaged() | RecordGone() if error.whole_backup is not None:
            name, taken_at = error.whole_backup
            at = f"{taken_at.astimezone():%Y-%m-%d %H:%M:%S}"
            return f"a start restores {name} of {at} by itself; or `{program} backup restore {name}`"
        case RecordLost() | DatabaseDamaged() | RecordGone():
            return (
                f"`{program} backup restore FILE` restores a copy you have elsewhere; `{program} run --new-record` puts "
                "what is left aside and begins a new record"
            )
        case UnknownBackup():
            return f"`{program} backup list` shows every backup"
        case UnknownRun():
            return f"`{program} history` shows the runs on record"
        case _:
            return ""


def state_cell(state: str) -> Cell:
    """Return a state or status in its colour, in words."""
    return Cell(state.replace("_", " "), STYLE_OF.get(state, ""))


def moment(text: str | None, terminal: Terminal) -> str:
    """Return `in 4 min, 14:05:00`."""
    return NOTHING if text is None else times.both(times.read(text), terminal.now(), terminal.zone)


def moment_cell(text: str | None, terminal: Terminal) -> Cell:
    """Return `in 4 min, 14:05:00`, and only `in 4 min` where room is short."""
    return Cell(
        moment(text, terminal), short=None if text is None else times.distance(times.read(text), terminal.now())
    )


def next_cell(job: Document, terminal: Terminal) -> Cell:
    """Return when a job is due next; of one that is over, when its last instant was."""
    return ended_cell(job["ended_at"], terminal) if job.get("ended_at") else moment_cell(job["next_run"], terminal)


def ended_cell(ended_at: str, terminal: Terminal) -> Cell:
    """Return `ended 2026-11-22 23:59:00` of a schedule whose last instant that was."""
    return Cell(f"ended {clock(ended_at, terminal)}", short="ended")


def clock(text: str | None, terminal: Terminal) -> str:
    """Return `14:05:00`, with the date unless it is today."""
    return NOTHING if text is None else times.local(times.read(text), terminal.now(), terminal.zone)


def last_scheduler(last: Document | None, terminal: Terminal) -> str:
    """Return how and when the last scheduler ended, as the end of `the last …`; empty: nobody knows, or one is there."""
    if last is None:
        return ""
    at = clock(last["at"], terminal)
    match last["ended"]:
        case "shut_down":
            return f"scheduler was shut down at {at}"
        case "killed":
            return f"scheduler was killed, or its machine went down: its last sign of life is of {at}"
        case _:
            return f"sign of life of a scheduler is of {at}"


def last_run(run: Document | None, terminal: Terminal) -> Cell:
    """Return how and when a task last ran."""
    if run is None:
        return Cell(NOTHING)
    cell = run_state(run)
    if run.get("paused_at"):
        return Cell(f"paused {lasted(run['paused_at'], terminal)}", cell.style, short="paused")
    if run["state"] == "running":
        done = progress(run.get("progress"), with_text=False)
        return Cell(
            ", ".join(filter(None, [f"running {lasted(run['started_at'], terminal)}", done])),
            cell.style,
            short=cell.text,
        )
    when = run["ended_at"] or run["started_at"] or run["created_at"]
    ago = times.distance(times.read(when), terminal.now())
    return Cell(f"{cell.text} {ago}", cell.style, short=cell.text)


def run_state(run: Document) -> Cell:
    """Return the state of a run, in words and its colour; a run that is paused keeps its state, which then says less."""
    return Cell("paused", STYLE_OF["paused"]) if run.get("paused_at") else state_cell(run["state"])


def lasted(since: str | None, terminal: Terminal) -> str:
    """Return how long something has been so: `for 12.3 s`; empty where it is not known since when."""
    if since is None:
        return ""
    return f"for {times.duration(max(0.0, (terminal.now() - times.read(since)).total_seconds()))}"


def progress(told: Document | None, *, with_text: bool = True, bar: bool = False) -> str:
    """Return `40 %, reading` of what a run told of its progress, `3 of 10` where that says more; empty for nothing."""
    if told is None:
        return ""
    done, total = told["done"], told["total"]
    if total is None or total <= 0:
        amount = f"{done:g}"
    else:
        share = min(1.0, max(0.0, done / total))
        counted = "" if total in {1, 100} else f" ({done:g} of {total:g})"
        drawn = f"[{'#' * int(share * _BAR):<{_BAR}}] " if bar else ""
        amount = f"{drawn}{int(share * 100)} %{counted}"
    text = str(told["text"]).partition("\n")[0] if with_text else ""
    return f"{amount}, {text}" if text else amount


def schedules(task: Document) -> str:
    """Return the schedules of a task, the first two in full."""
    jobs = task["jobs"]
    if not jobs:
        return "by hand" if task["status"] == "active" else NOTHING
    more = f"; and {len(jobs) - 2} more" if len(jobs) > 2 else ""
    return "; ".join(schedule(job) for job in jobs[:2]) + more


def schedule(job: Document) -> str:
    """Return a job's trigger, with its zone when it has its own."""
    said = without_seed(job["trigger"])
    return f"{said} ({job['timezone']})" if job["timezone"] else said


def without_seed(trigger: str) -> str:
    """Return a canonical schedule as a person wrote it: without the digits its chances are drawn by, days by one word."""
    return _SEED.sub("", trigger).replace(_WORKDAYS, " on weekdays")


def zone_note(jobs: Iterable[Document], terminal: Terminal) -> str:
    """Return in which zones schedules are, where a clock there shows another time than those in a table; empty: none is.

    Every table has the times of one zone, the terminal's.
    """
    others: Counter[str] = Counter()
    count = 0
    for job in jobs:
        count += 1
        name = str(job.get("zone") or "")
        moment = times.read(job["next_run"]) if job["next_run"] else terminal.now()
        zone = times.zone_named(name) if name else None
        if zone is not None and moment.astimezone(zone).utcoffset() != moment.astimezone(terminal.zone).utcoffset():
            others[name] += 1
    here = terminal.now().astimezone(terminal.zone).tzname()
    if not others:
        return ""
    if others.total() == count:
        return f"times are {here}; schedules {', '.join(others)}"
    return f"times are {here}; {others.total():,} of {count:,} schedules: {', '.join(others)}"


def job_name(job: Document) -> str:
    """Return the task of a job, and what of it is called where that needs saying: `report sales('north')`."""
    call = job["call"]
    return str(job["task"]) if call in _PLAIN else f"{job['task']} {fit(call, _CALL)}"


def run_row(run: Document, terminal: Terminal) -> list[Cell]:
    """Return the cells of RUN_COLUMNS for one run."""
    return [
        Cell(str(run["id"])),
        Cell(_what(run), short=run["task"]),
        Cell(slots(run, terminal), short=_short_slots(run, terminal)),
        run_state(run),
        Cell(_duration(None if run["late"] is None else max(0.0, run["late"]))),
        took_in_all(run),
        Cell(_duration(run["cpu_seconds"])),
        Cell(NOTHING if run["peak_memory"] is None else times.size(run["peak_memory"])),
        Cell(reason(run, terminal)),
    ]


def _what(run: Document) -> str:
    """Return the task of a run, what of it is called and what is given to it, as far as that needs saying."""
    call = "" if run["call"] in _PLAIN else f" {fit(run['call'], _CALL)}"
    given = f" {fit(shlex.join(run['argv']), _CALL)}" if run["argv"] else ""
    return f"{run['task']}{call}{given}"


def slots(run: Document, terminal: Terminal) -> str:
    """Return the slot of a run, the range a bulk row stands for, or who asked for it and when."""
    if run["scheduled_for"] is None:
        asked = "not on record" if run.get("kind") == "recovered" else fit(run.get("event") or "by hand", _CALL)
        return f"{asked}, {clock(run['created_at'], terminal)}"
    first = clock(run["scheduled_for"], terminal)
    if run["count"] == 1:
        return first
    return f"{first} to {clock(run['range_end'], terminal)} ({run['count']:,} slots)"


def _short_slots(run: Document, terminal: Terminal) -> str:
    first = clock(run["scheduled_for"] or run["created_at"], terminal)
    return first if run["count"] == 1 else f"{first} ({run['count']:,} slots)"


def reason(run: Document, terminal: Terminal) -> str:
    """Return why a run ended as it did, when it goes on, and what else it stands for."""
    parts = [run["reason"].partition("\n")[0]] if run["reason"] else []
    if run.get("paused_at") and not run["final"]:
        parts.append(f"paused since {clock(run['paused_at'], terminal)}")
    if run["executions"] > 1 and run["final"]:
        parts.append(f"after {_attempts(run)}")
    if waiting := waits(run):
        parts.append(waiting)
    elif run["retry_at"] and not run["final"]:
        parts.append(f"tries again {moment(run['retry_at'], terminal)}")
    if run["merged"]:
        since = f" since {clock(run['merged_from'], terminal)}" if run["merged_from"] else ""
        parts.append(f"stands for {run['merged']:,} earlier slot{'s' if run['merged'] > 1 else ''}{since}")
    return "; ".join(parts)


def waits(run: Document) -> str:
    """Return what a run that has not begun waits for: `waits for run 42`; empty where that is not known."""
    return f"waits for {run['waits_for']}" if run.get("waits_for") and not run["final"] else ""


def invalid_note(problem: str, errors: int, version: str | None) -> str:
    """Return one line about a task file that cannot be admitted, and what runs meanwhile."""
    more = f" (and {errors - 1} more)" if errors > 1 else ""
    kept = f"the version before it, {version}, goes on" if version else "no version is in force"
    return f"{problem}{more} ({kept})"


def is_well(run: Document) -> bool:
    """Whether a run that has ended did what it should: it succeeded, or its own code said there was nothing to do."""
    if run["state"] == "skipped":
        return any(attempt["state"] == "skipped" for attempt in run.get("attempts", ()))
    return bool(run["state"] == "succeeded")


def not_kept(run: Document) -> list[str]:
    """Return a sentence for each thing a run that has ended told and that could not be kept."""
    return [f"run {run['id']}: {sentence}" for sentence in run.get("refused", ())]


def took(measured: Document) -> Cell:
    """Return how long an attempt, or the last one of a run, was at work, and beside it how long it was paused."""
    if measured["duration"] is None:
        return Cell(NOTHING)
    paused = measured.get("duration_paused") or 0.0
    worked = times.duration(max(0.0, measured["duration"] - paused))
    return (
        Cell(f"{worked} + {times.duration(paused)} paused", short=worked) if paused >= _WORTH_TELLING else Cell(worked)
    )


def took_in_all(run: Document) -> Cell:
    """Return how long a run took: of several attempts from the start of the first to the end, the waits between included."""
    if not _is_retried(run):
        return took(run)
    whole = (times.read(run["ended_at"]) - times.read(run["started_at"])).total_seconds()
    return took({"duration": whole, "duration_paused": run["paused_seconds"]})


def took_in_words(run: Document) -> str:
    """Return the end of a sentence: ` in 2.0 s`, ` in 1 min 30 s, with 3 attempts, the last in 2.0 s`; empty: it never began."""
    if run["duration"] is None:
        return ""
    return f" in {took_in_all(run).text}" + (f", with {_attempts(run)}" if _is_retried(run) else "")


def _is_retried(run: Document) -> bool:
    return bool(run["final"] and run["executions"] > 1 and run["started_at"] and run["ended_at"])


def _attempts(run: Document) -> str:
    last = took(run).text
    return f"{run['executions']:,} attempts" + (f", the last in {last}" if run["duration"] is not None else "")


def ended(run: Document) -> str:
    """Return how a run ended, as the end of a sentence that begins with it: `failed`, `was skipped`."""
    words = str(run["state"]).replace("_", " ")
    return f"was {words}" if run["state"] in _PASSIVE else words


def _duration(seconds: float | None) -> str:
    return NOTHING if seconds is None else times.duration(seconds)
