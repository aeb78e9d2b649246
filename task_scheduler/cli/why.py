"""`why TASK`: what became of every slot of a day, with the sum checked; `--at`: of one slot."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, tzinfo
from types import MappingProxyType

from task_scheduler.cli import phrases, stand_ins, times
from task_scheduler.cli.door import Door
from task_scheduler.cli.exit_codes import ExitCode
from task_scheduler.cli.phrases import Document
from task_scheduler.cli.tables import Cell, Column
from task_scheduler.cli.task_names import task_id
from task_scheduler.cli.terminal import Terminal
from task_scheduler.cli.verbs import add_json
from task_scheduler.control.commands import COMMANDS

HELP = COMMANDS["why"].help
DESCRIPTION = """\
Each slot of the day is listed with what became of it and why, and below that the sum: what the schedule expects, counted
by the schedule alone, against what the record tells. Where the two differ it says by what, and exits with 1.
With --at, of the one slot nearest to a moment: what happened, when that was decided, and every attempt.
Times are those of the job's time zone."""

_COLUMNS = (
    Column(title="SLOT"),
    Column(title="OUTCOME"),
    Column(title="RUN", right=True),
    Column(title="LATE", right=True, drop=1),
    Column(title="BECAUSE", below=True),
)
#: Fates that no run's state tells, as they are shown.
_FATES: Mapping[str, Cell] = MappingProxyType(
    {
        "merged": Cell("merged", "faint"),
        "paused": Cell("paused", "warning"),
        "waiting": Cell("waiting", "busy"),
        "unaccounted": Cell("no record", "bad"),
        "not_in_force": Cell("not in force", "faint"),
        "coming": Cell("to come", "faint"),
        "left_out": Cell("left out", "faint"),
    }
)
_MOVED = Cell("moved", "faint")
_EXTRAS: Mapping[str, str] = MappingProxyType(
    {
        "repeated": "the clock was corrected, and showed this time twice",
        "doubled": "another row of the record stands for it too",
        "unscheduled": "the schedule, as it is read today, has no such slot",
    }
)
#: The terms of the sum, in its order, with their words.
_TERMS: Mapping[str, str] = MappingProxyType(
    {
        "ran": "ran",
        "merged": "merged",
        "skipped": "skipped",
        "missed": "missed",
        "not_begun": "ended before they began",
        "paused": "paused",
        "waiting": "waiting",
    }
)
_HOURS_OF_A_DAY = 24
#: A distance in seconds below which the slot asked for is the one that is told.
_AT_ONCE = 1.0


def add_arguments(parser: ArgumentParser) -> None:
    """Declare the task, `--day`, `--at` and `--json`."""
    parser.add_argument("task", metavar="TASK", help="the task's id, or its file")
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--day", metavar="DATE", help="another day than today, like 2026-11-22")
    which.add_argument(
        "--at", metavar="T", help="explain the one slot nearest to T: 2026-11-22T02:30, or 02:30 for today"
    )
    add_json(parser)


def execute(options: Namespace, door: Door, terminal: Terminal) -> int:
    """Tell what became of the slots."""
    told = door.ask("why", task=task_id(options.task, door), day=options.day, at=options.at)
    if options.at is not None:
        return _execute_at(told, options, door, terminal)
    if options.json:
        terminal.document(told)
    else:
        _tell_around(told, told["jobs"], door, terminal)
        for place, job in enumerate(told["jobs"]):
            if place:
                terminal.say()
            _tell_day(job, told, terminal)
    return ExitCode.OK if told["balanced"] else ExitCode.FAILURE


def _tell_around(told: Document, jobs: Sequence[Document], door: Door, terminal: Terminal) -> None:
    """Tell what holds for all jobs of a task."""
    copies = stand_ins.told_of_schedules((job["trigger"] for job in jobs), door.project.root, terminal)
    for remark in (*told["remarks"], *copies):
        terminal.say(remark, "warning")
    if not told["scheduler"] and (said := phrases.last_scheduler(told.get("last_scheduler"), terminal)):
        terminal.say(f"the last {said}", "warning")


# --- a day ------------------------------------------------------------------------------------------------


def _tell_day(job: Document, told: Document, terminal: Terminal) -> None:
    named = phrases.job_name({"task": told["task"], "call": job["call"]})
    day = datetime.fromisoformat(job["day"])
    terminal.say(f"{named}: {phrases.without_seed(job['trigger'])} ({job['zone']}), {day:%A}, {job['day']}", "heading")
    if job["hours"] != _HOURS_OF_A_DAY:
        terminal.say(f"a day of {job['hours']:g} hours: the clock changes")
    for line in _term(job):
        terminal.say(line)
    shown = [line for line in job["lines"] if line["fate"] != "coming"]
    # Those a day off took away stand among the others, and are in no sum. A scheduler of an older version does not tell.
    shown = sorted([*shown, *job.get("left_out", ())], key=_by_instant)
    if shown:
        terminal.table(_COLUMNS, [_row(line, job) for line in shown])
    if job["expected"] is None:
        terminal.say(f"the sum cannot be checked, since the schedule cannot be read: {job['problem']}", "warning")
    else:
        terminal.say(_sum(job))
        _tell_differences(job, terminal)
    if taken := sum(line["count"] for line in job.get("left_out", ())):
        terminal.say(f"not expected: {_slots(taken)}, which a holiday took away")
    if coming := _coming(job):
        terminal.say(coming)


def _term(job: Document) -> list[str]:
    """Return since when and until when the record knows the job, where the day has a part without it."""
    said: list[str] = []
    if job["event"]:
        said.append("it runs upon an event, and has no slots by the clock: `history` shows its runs")
    elif job["until"] is None:
        first = "none is to come" if job["since"] is None else f"the first it owes is {_full(job['local_since'])}"
        said.append(f"it has no slots on record yet; {first}")
    elif job["since"] > job["begin"]:
        said.append(f"known since {_full(job['local_since'])}, its first slot on record")
    if not job["active"] and job["until"] is not None:
        said.append(f"not in force any more; its last slot on record is {_full(job['local_until'])}")
    return said


def _by_instant(line: Document) -> datetime:
    return times.read(line["first"])


def _full(local: str) -> str:
    return f"{datetime.fromisoformat(local):%Y-%m-%d %H:%M:%S}"


def _row(line: Document, job: Document) -> list[Cell]:
    return [
        Cell(_slot(line, is_whole_day=job["hours"] == _HOURS_OF_A_DAY)),
        _outcome(line),
        Cell(phrases.NOTHING if line["run"] is None else str(line["run"])),
        Cell(_late(line)),
        Cell(_because(line)),
    ]


def _slot(line: Document, *, is_whole_day: bool) -> str:
    """Return `02:30:00`, with its offset on a day on which the clock changes, and the range of several."""
    first = _reading(line["local_first"], is_whole_day=is_whole_day)
    if line["first"] == line["last"]:
        return first if line["count"] == 1 else f"{first} ({line['count']:,} times)"
    last = _reading(line["local_last"], is_whole_day=is_whole_day)
    return f"{first} to {last} ({line['count']:,} slots)"


def _reading(local: str, *, is_whole_day: bool) -> str:
    moment = datetime.fromisoformat(local)
    return f"{moment:%H:%M:%S}" if is_whole_day else f"{moment:%H:%M:%S} {_offset(moment)}"


def _outcome(line: Document) -> Cell:
    if line.get("moved_to"):
        return _MOVED
    return _FATES.get(line["fate"]) or phrases.state_cell(line["state"])


def _late(line: Document) -> str:
    if line["fate"] != "ran" or line["late"] is None or line["count"] > 1:
        return phrases.NOTHING
    return times.duration(max(0.0, line["late"]))


def _because(line: Document) -> str:
    """Return why the slot came to what it did, as far as the record tells."""
    said: list[str] = []
    match line["fate"]:
        case "merged":
            said.append(
                f"run {line['run']} stands for it" if line["count"] == 1 else f"run {line['run']} stands for them"
            )
        case "unaccounted":
            row = "no row stands for it" if line["run"] is None else f"run {line['run']} stands for fewer"
            said.append(f"the schedule has it, and {row}")
        case "not_in_force":
            said.append("the job was not in force then: a version was admitted after it")
        case "waiting" if line["run"] is None:
            said.append("it is due, and not on record yet")
        case "paused":
            said.append(f"a person paused it: `resume {line['run']}` has it go on")
        case "left_out":
            said.append(_holiday(line))
        case _ if line["reason"]:
            said.append(line["reason"].partition("\n")[0])
    said += _found(line)
    if line["extra"] is not None:
        said.append(_EXTRAS[line["extra"]])
    return "; ".join(said)


def _found(line: Document) -> Iterator[str]:
    """Yield how late a slot was put on record, and why nobody looked at it in time."""
    if line["found_late"]:
        after = (times.read(line["recorded_at"]) - times.read(line["last"])).total_seconds()
        cause = line["gap"] or "no scheduler looked at it in time"
        yield f"put on record {times.duration(after)} later: {cause}"
    elif line["gap"]:
        yield line["gap"]


def _holiday(line: Document) -> str:
    """Return which holiday took a slot away, and which slot stands for it."""
    named = f"a holiday: {line['holiday']}" if line["holiday"] else "a holiday of its calendar"
    to = "" if line["local_moved_to"] is None else f", moved to {_full(line['local_moved_to'])}"
    return f"{named}{to}"


def _sum(job: Document) -> str:
    """Return `expected 288 = 280 ran (279 succeeded, 1 failed) + 8 missed`."""
    counts = job["counts"]
    terms = [f"{counts[fate]:,} {words}{_states(job, fate)}" for fate, words in _TERMS.items() if counts[fate]]
    sign = "=" if job["difference"] == 0 else "≠"
    repeated = job["extras"]["repeated"]
    twice = f" + {repeated:,} by a corrected clock" if repeated else ""
    return f"expected {job['expected']:,}{twice} {sign} {' + '.join(terms) or '0'}"


def _states(job: Document, fate: str) -> str:
    states = job["states"]
    if fate != "ran" or set(states) == {"succeeded"}:
        return ""
    told = [f"{number:,} {state.replace('_', ' ')}" for state, number in sorted(states.items())]
    return f" ({', '.join(told)})"


def _tell_differences(job: Document, terminal: Terminal) -> None:
    counts, extras = job["counts"], job["extras"]
    if counts["not_in_force"]:
        terminal.say(f"not expected: {_slots(counts['not_in_force'])}, while the job was not in force")
    if job["balanced"]:
        return
    wrong = [
        f"{_slots(number)} {words}"
        for number, words in (
            (counts["unaccounted"], "without any row"),
            (extras["doubled"], "on record twice"),
            (extras["unscheduled"], "on record that the schedule has not"),
        )
        if number
    ]
    terminal.say(f"this does not add up: {', '.join(wrong) or 'the counts differ'}", "bad")
    # Of a job that is over, the schedule may go on as it is read today.
    is_over = job["active"] and job["next_run"] is None
    if extras["unscheduled"] or (is_over and counts["unaccounted"]):
        terminal.say("the time zone, a calendar or the rules of the schedule may have changed since")


def _coming(job: Document) -> str:
    count = job["counts"]["coming"]
    if not count:
        return ""
    coming = [line for line in job["lines"] if line["fate"] == "coming"]
    is_whole_day = job["hours"] == _HOURS_OF_A_DAY
    first = _reading(coming[0]["local_first"], is_whole_day=is_whole_day)
    last = _reading(coming[-1]["local_last"], is_whole_day=is_whole_day)
    return f"still to come: {_slots(count)}, {first}" + ("" if count == 1 else f" to {last}")


# --- one slot ---------------------------------------------------------------------------------------------


def _execute_at(told: Document, options: Namespace, door: Door, terminal: Terminal) -> int:
    nearest = told["nearest"]
    runs = {slot["run"]: door.ask("run", run=slot["run"]) for slot in nearest if slot["run"] is not None}
    if options.json:
        terminal.document({**told, "runs": list(runs.values())})
    else:
        _tell_around(told, nearest, door, terminal)
        if not nearest:
            terminal.note(f"{told['task']} has no slots by the clock, on record or to come")
        for place, slot in enumerate(nearest):
            if place:
                terminal.say()
            _tell_slot(slot, told["task"], runs.get(slot["run"]), terminal, options.program)
    is_well = all(slot["fate"] != "unaccounted" and slot["extra"] in {None, "repeated"} for slot in nearest)
    return ExitCode.OK if is_well else ExitCode.FAILURE


def _tell_slot(slot: Document, task: str, run: Document | None, terminal: Terminal, program: str) -> None:
    zone = _zone(slot)
    outcome = _outcome(slot)
    terminal.fields(
        {
            "job": phrases.job_name({"task": task, "call": slot["call"]}),
            "schedule": f"{phrases.without_seed(slot['trigger'])} ({slot['zone']})",
            "slot": _in_full(slot),
            **({"nearest by": times.duration(slot["distance"])} if slot["distance"] >= _AT_ONCE else {}),
            **({"known since": _full(slot["local_since"])} if slot["distance"] >= _AT_ONCE else {}),
            "outcome": outcome,
            "because": _because(slot),
            "put on record": "" if slot["recorded_at"] is None else _clock(slot["recorded_at"], zone),
            "decided": _decided(slot, zone),
            "ended": _clock(slot["ended_at"], zone) if slot["fate"] == "ran" and slot["ended_at"] else "",
            "run": "" if slot["run"] is None else f"{slot['run']} (`{program} show {slot['run']}` tells all of it)",
        }
    )
    for attempt in () if run is None else run["attempts"]:
        began = "" if attempt["started_at"] is None else f" at {_clock(attempt['started_at'], zone)}"
        reason = f": {attempt['reason'].partition(chr(10))[0]}" if attempt["reason"] else ""
        state = attempt["state"].replace("_", " ")
        terminal.say(f"attempt {attempt['number']}{began}, {state}{reason}")


def _decided(slot: Document, zone: tzinfo | None) -> str:
    """Return who decided that the slot does not run, or when its run ended."""
    ended = "" if slot["ended_at"] is None else f" at {_clock(slot['ended_at'], zone)}"
    match slot["fate"]:
        case "merged" if not slot["found_late"]:
            return "by the scheduler: slots late by less than a minute simply run late, as one run of their job"
        case "merged":
            return "by the scheduler, which makes up for several missed slots with one run (missed: once)"
        case "skipped" | "missed" | "not_begun":
            return (
                f"by the scheduler{ended}: no attempt of it began"
                if slot["late"] is None
                else f"by its own code{ended}"
            )
        case "paused":
            return "by a person, who paused its run"
        case _:
            return ""


def _in_full(slot: Document) -> str:
    """Return `2026-10-25 02:30:00 +02:00 (00:30:00 UTC)`, and the end and number of a range."""
    first, last = datetime.fromisoformat(slot["local_first"]), datetime.fromisoformat(slot["local_last"])
    said = f"{first:%Y-%m-%d %H:%M:%S} {_offset(first)} ({times.read(slot['first']):%H:%M:%S} UTC)"
    return said if slot["count"] == 1 else f"{said} to {last:%Y-%m-%d %H:%M:%S}, {_slots(slot['count'])}"


def _slots(count: int) -> str:
    return f"{count:,} slot{'' if count == 1 else 's'}"


def _offset(moment: datetime) -> str:
    return moment.isoformat()[-len("+00:00") :]


def _zone(line: Document) -> tzinfo | None:
    """Return what the clock of the job's zone differed from UTC by at a slot."""
    return datetime.fromisoformat(line["local_first"]).tzinfo


def _clock(text: str, zone: tzinfo | None) -> str:
    return f"{times.read(text).astimezone(zone):%Y-%m-%d %H:%M:%S}"
