"""All that is known of one run, for people."""

from __future__ import annotations

import json
import shlex
import signal

from task_scheduler.cli import phrases, times
from task_scheduler.cli.declared import limits_in_words
from task_scheduler.cli.phrases import Document
from task_scheduler.cli.tables import Cell, Column
from task_scheduler.cli.terminal import STYLE_OF, Terminal

_ATTEMPT_COLUMNS = (
    Column(title="ATTEMPT", right=True),
    Column(title="STATE"),
    Column(title="STARTED"),
    Column(title="TOOK", right=True),
    Column(title="CPU", right=True, drop=1),
    Column(title="PEAK", right=True, drop=2),
    Column(title="OUTPUT", right=True, drop=3),
    Column(title="REASON", below=True),
)
#: Characters of a result that are shown here; `--json` writes all of it.
_LONGEST_RESULT = 2_000


#: What the scheduler of an older program does not tell.
_UNTOLD: Document = {
    "snoozed": False,
    "deadline_at": None,
    "paused_at": None,
    "paused_seconds": 0.0,
    "progress": None,
    "limits": {},
    "retry_count": 0,
    "time_used": None,
    "metrics": {},
    "artifacts": [],
    "has_result": False,
    "result": None,
    "refused": [],
    "core_dumped": False,
    "out_of_memory": False,
}


def show_run(run: Document, terminal: Terminal, *, program: str) -> None:
    """Write it."""
    run = {**_UNTOLD, **run}
    terminal.fields(
        {
            "run": str(run["id"]),
            "task": run["task"],
            "calls": run["call"] or "",
            "arguments": shlex.join(run["argv"]),
            "state": _state(run, terminal),
            "reason": Cell(run["reason"] or phrases.waits(run), STYLE_OF.get(run["state"], "")),
            "slot": phrases.slots(run, terminal),
            "began": _began(run, terminal),
            "ended": phrases.clock(run["ended_at"], terminal) if run["ended_at"] else "",
            "took": _took(run),
            "next try": _next_try(run, terminal),
            "deadline": _deadline(run, terminal),
            "attempt": _which_attempt(run),
            "paused": _paused(run, terminal),
            "version": run["digest"] or "",
            "limits": "; ".join(limits_in_words(run["limits"], time_used=run["time_used"])),
            "error": _error(run),
            "exit": _exit(run),
            "progress": phrases.progress(run.get("progress"), bar=True),
        }
    )
    _show_told(run, terminal)
    _show_attempts(run, terminal)
    if any(attempt["output_bytes"] for attempt in run["attempts"]) or not run["final"]:
        terminal.note(f"`{program} logs {run['id']}` shows what it wrote")


def _state(run: Document, terminal: Terminal) -> Cell:
    if run.get("paused_at") and not run["final"]:
        since = phrases.clock(run.get("paused_at"), terminal)
        means = {
            "running": "its processes stand still",
            "retrying": "its next attempt does not begin",
        }.get(run["state"], "it does not begin")
        return Cell(f"paused since {since}: {means}", STYLE_OF["paused"])
    if run["snoozed"]:
        return Cell("snoozed", STYLE_OF["snoozed"])
    if run["state"] == "running":
        return Cell(f"running {phrases.lasted(run['started_at'], terminal)}".strip(), STYLE_OF["running"])
    return phrases.state_cell(run["state"])


def _began(run: Document, terminal: Terminal) -> str:
    if not run["started_at"]:
        return ""
    late = f", {times.duration(run['late'])} late" if run["late"] is not None and run["late"] > 0 else ""
    return f"{phrases.clock(run['started_at'], terminal)}{late}"


def _took(run: Document) -> str:
    """Return how long a run with several attempts took in all, and they of it; of a single one its row says it."""
    worked = [attempt for attempt in run["attempts"] if attempt["duration"] is not None]
    if not run["final"] or len(worked) < 2:
        return ""
    whole = phrases.took_in_all(run).text
    seconds = sum(max(0.0, one["duration"] - (one.get("duration_paused") or 0.0)) for one in worked)
    return f"{whole} from the first start to the end, {times.duration(seconds)} of it in {len(worked)} attempts"


def _next_try(run: Document, terminal: Terminal) -> str:
    return phrases.moment(run["retry_at"], terminal) if run["retry_at"] and not run["final"] else ""


def _deadline(run: Document, terminal: Terminal) -> str:
    if not run["deadline_at"]:
        return ""
    later = ", and later by what it is still paused" if run["paused_at"] else ""
    return f"{phrases.moment(run['deadline_at'], terminal)}{later}"


def _which_attempt(run: Document) -> str:
    """Return which attempt it is, of as many as there may be; one that snoozed is none of them."""
    if not run["retry_count"] or run["final"] or run["state"] == "queued":
        return ""
    most = run["retry_count"] + 1
    # A version that came into force meanwhile may allow fewer.
    if run["state"] == "retrying":
        return f"the next is {min(run['executions'] + 1, most)} of {most}"
    return f"{min(max(run['executions'], 1), most)} of {most}"


def _paused(run: Document, terminal: Terminal) -> str:
    """Return how long it was paused, the pause that goes on included."""
    seconds = run["paused_seconds"]
    if run["paused_at"] and not run["final"]:
        seconds += max(0.0, (terminal.now() - times.read(run["paused_at"])).total_seconds())
        return f"{times.duration(seconds)} so far"
    return f"{times.duration(seconds)} in all" if seconds else ""


def _error(run: Document) -> str:
    error = run["error"]
    if error is None:
        return ""
    message = f": {error['message']}" if error["message"] else ""
    place = f" ({error['place']})" if error["place"] else ""
    return f"{error['kind']}{message}{place}"


def _exit(run: Document) -> str:
    parts = []
    if run["signal"] is not None:
        parts.append(f"ended by {_signal(run['signal'])}")
    elif run["exit_code"] is not None:
        parts.append(f"code {run['exit_code']}")
    if run["core_dumped"]:
        parts.append("core dumped")
    if run["out_of_memory"]:
        parts.append("killed by the system for want of memory")
    if run["left_behind"]:
        parts.append(f"{run['left_behind']:,} processes left behind, and ended")
    if run["output_dropped"]:
        parts.append(f"{times.size(run['output_dropped'])} of its output left out")
    return ", ".join(parts)


def _signal(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def _show_told(run: Document, terminal: Terminal) -> None:
    """Write what the run told of its work: measures, what it made, its result, and what could not be kept."""
    if run["metrics"]:
        terminal.say()
        terminal.say("metrics")
        for name, value in sorted(run["metrics"].items()):
            terminal.say(f"    {name}: {value:g}" if isinstance(value, int | float) else f"    {name}: {value}")
    if run["artifacts"]:
        terminal.say()
        terminal.say("made")
        for artifact in run["artifacts"]:
            title = f" ({artifact['title']})" if artifact["title"] else ""
            terminal.say(f"    {artifact['path']}{title}")
    if run["has_result"]:
        terminal.say()
        text = json.dumps(run["result"], ensure_ascii=False, indent=2)
        terminal.say("result")
        for line in text[:_LONGEST_RESULT].splitlines():
            terminal.say(f"    {line}", whole=True)
        if len(text) > _LONGEST_RESULT:
            terminal.say(f"    … {len(text) - _LONGEST_RESULT:,} more characters: --json writes all", "faint")
    if run["refused"]:
        terminal.say()
        terminal.say("not kept")
        for sentence in run["refused"]:
            terminal.say(f"    {sentence}", "warning")


def _show_attempts(run: Document, terminal: Terminal) -> None:
    if not run["attempts"]:
        return
    terminal.say()
    terminal.table(_ATTEMPT_COLUMNS, [_attempt_row(attempt, terminal) for attempt in run["attempts"]])


def _attempt_row(attempt: Document, terminal: Terminal) -> list[Cell]:
    none = phrases.NOTHING
    return [
        Cell(str(attempt["number"])),
        phrases.state_cell(attempt["state"]),
        Cell(phrases.clock(attempt["started_at"], terminal)),
        phrases.took(attempt),
        Cell(none if attempt["cpu_seconds"] is None else times.duration(attempt["cpu_seconds"])),
        Cell(none if attempt["peak_memory"] is None else times.size(attempt["peak_memory"])),
        Cell(times.size(attempt["output_bytes"]) if attempt["ended_at"] else none),
        Cell(str(attempt["reason"]).partition("\n")[0]),
    ]
