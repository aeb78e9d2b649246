"""The judge from outside: whether all that is on record is true, and nothing is lost, doubled or left over.

    python -m tests.faults.checker ROOT [--open] [--no-effects]

It reads the database of the project at ROOT, its folders and /proc, and knows nothing of the program that wrote them:
slots it computes itself, processes it finds itself. It prints a report and exits with 1 when a law is broken. `--open`
judges a project at work: runs may lack their outcome.

Task files that take part in the laws about effects append lines to ROOT/effects: `RUN.ATTEMPT start PID SECONDS` first,
and `RUN.ATTEMPT end PID SECONDS` last. ROOT/spans.json, if there, is a list of `{"task": …, "from": …, "until": …}`
in Unix seconds: when each task was surely in force, and a scheduler there or to come. Without it a job's slots are
due from the admission of its task until what the job owes next.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import math
import re
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

from tests.faults import proc
from tests.faults.record import BEGAN, FINAL, OPEN_ATTEMPT, Record, Row, connect, name_of, seconds_of

#: By the outcome of a run: what its last attempt can have been. A run may be cancelled while it waits for another one.
_ENDS_AS = {
    "succeeded": {"succeeded"},
    "interrupted": {"interrupted"},
    "timed_out": {"timed_out", "failed", "interrupted", "snoozed"},
}
#: Seconds two clocks readings of one moment may differ: hosts round, and a claim may be stamped after its host's start.
_TOLERANCE = 0.005
#: Snoozed attempts that are kept of a run.
KEPT_SNOOZES = 20
#: What a host's folder holds of attempts, and what else is meant to be gone soon.
_OF_ATTEMPTS = frozenset({".attempt", ".error", ".order", ".stop", ".words"})
_TEMPORARY = frozenset({".new", ".partial", ".tmp", ".temporary", ".aside"})
#: Folders of packages and of the program itself.
_NOT_OURS = frozenset({"environments", "lib"})
_EVERY = re.compile(r"every (?:(\d+) )?(second|minute)s?")
_PROCESS = re.compile(r"host=(\S+) pid=(\d+) start=(\d+|None) boot=(\S+)")


@dataclass
class Report:
    """What was looked at, and what is wrong."""

    counted: dict[str, int] = field(default_factory=dict)
    violations: list[str] = field(default_factory=list)

    def text(self) -> str:
        """Return it for a person."""
        numbers = ", ".join(f"{name} {number}" for name, number in self.counted.items())
        found = [f"VIOLATION: {violation}" for violation in self.violations] or ["every law holds"]
        return "\n".join([numbers, *found])


def check(root: Path, *, is_open: bool = False, effects: bool = True) -> Report:
    """Judge the project at `root`; with `is_open` it is at work, and runs may lack their outcome."""
    record = Record.read(root)
    report = Report(counted=record.counts())
    laws: list[Iterable[str]] = [
        integrity(root),
        outcomes(record, is_open=is_open),
        states(record),
        moments(record),
        record_of_processes(record),
        living_but_ended(root, record),
        leftovers(root, record, is_open=is_open),
        slots(root, record, report),
    ]
    if effects:
        laws.append(effects_once(root, record, report, is_open=is_open))
    laws.append(overlaps(root, record))
    report.violations = [violation for law in laws for violation in law]
    return report


# --- laws about the record alone --------------------------------------------------------------------------


def integrity(root: Path) -> Iterator[str]:
    """The database is whole."""
    with closing(connect(root)) as database:
        for (said,) in database.execute("PRAGMA integrity_check"):
            if said != "ok":
                yield f"the database is damaged: {said}"
        for row in database.execute("PRAGMA foreign_key_check"):
            yield f"a row of {row[0]} refers to a row of {row[2]} that is not there"


def outcomes(record: Record, *, is_open: bool) -> Iterator[str]:
    """At the end every run has its outcome, and no attempt is open."""
    if is_open:
        return
    for run in record.runs.values():
        if run["state"] not in FINAL:
            yield f"run {run['id']} of {run['task_id']} is {run['state']} in the end: it has no outcome"
    for attempt in record.attempts.values():
        if attempt["state"] in OPEN_ATTEMPT:
            yield f"{name_of(attempt)} is {attempt['state']} in the end: it has no outcome"


def states(record: Record) -> Iterator[str]:
    """A run and its attempts tell the same story."""
    attempts = record.attempts_of()
    for run in record.runs.values():
        own = attempts.get(run["id"], [])
        yield from _story(run, own)
    for run_id in attempts.keys() - record.runs.keys():
        yield f"run {run_id} has attempts and no row"


def _story(run: Row, attempts: Sequence[Row]) -> Iterator[str]:
    name, state = f"run {run['id']}", run["state"]
    began = [attempt for attempt in attempts if attempt["state"] in BEGAN]
    opened = [attempt for attempt in attempts if attempt["state"] in OPEN_ATTEMPT]
    last = began[-1]["state"] if began else "none"
    numbers = [attempt["number"] for attempt in attempts]
    # Of the snoozed ones only the newest are kept.
    may_lack = sum(attempt["state"] == "snoozed" for attempt in attempts) >= KEPT_SNOOZES
    executions = sum(attempt["state"] != "snoozed" for attempt in began)
    is_final = state in FINAL
    wrong = {
        f"has attempts {numbers}, which are not counted from 1": numbers != list(range(1, len(numbers) + 1))
        and not may_lack,
        f"counts {run['attempts']} attempts and has {len(numbers)}": run["attempts"] != len(numbers)
        and not (may_lack and numbers[-1] == run["attempts"]),
        f"counts {run['executions']} executions, and {executions} of its attempts began": run["executions"]
        != executions,
        f"has {len(opened)} open attempts at once": len(opened) > 1,
        f"is {state}, and an attempt of it is open": is_final and bool(opened),
        f"is {state} and has no end": is_final and run["ended_at"] is None,
        f"is {state} and has an end": not is_final and run["ended_at"] is not None,
        f"is {state}, and its next attempt is at {run['retry_at']}": _retries_oddly(run, is_at_work=bool(opened)),
        "is running, and none of its attempts is": state == "running"
        and all(row["state"] != "running" for row in opened),
        f"is {state}, and an attempt of it began": state in {"queued", "missed"} and bool(began),
        f"is {state}, and its last attempt is {last}": last not in _ENDS_AS.get(state, {last}),
        f"is {state}, and one of its attempts succeeded": state != "succeeded"
        and "succeeded" in {row["state"] for row in began},
        f"is {state} and paused": is_final and run.get("paused_at") is not None,
    }
    yield from (f"{name} {sentence}" for sentence, is_wrong in wrong.items() if is_wrong)


def _retries_oddly(run: Row, *, is_at_work: bool) -> bool:
    """Whether a run has a time for its next attempt and is to have none, or the other way round."""
    return (run["state"] == "retrying") != (run["retry_at"] is not None) and not is_at_work


def moments(record: Record) -> Iterator[str]:
    """What comes first was first."""
    for run in record.runs.values():
        yield from _in_order(
            f"run {run['id']}",
            run,
            [("created_at", "started_at"), ("started_at", "ended_at"), ("created_at", "ended_at")],
        )
    for run_id, attempts in record.attempts_of().items():
        for attempt in attempts:
            yield from _in_order(name_of(attempt), attempt, [("claimed_at", "started_at"), ("started_at", "ended_at")])
            if attempt["state"] in {"void", "claimed"} and attempt["started_at"] is not None:
                yield f"{name_of(attempt)} is {attempt['state']} and has a start"
            if attempt["state"] in BEGAN - {"running"} and attempt["ended_at"] is None:
                yield f"{name_of(attempt)} is {attempt['state']} and has no end"
        for before, after in pairwise(attempts):
            if before["state"] in OPEN_ATTEMPT:
                yield f"{name_of(before)} of run {run_id} is {before['state']}, and {name_of(after)} followed it"
            elif before["ended_at"] is not None and _later(before["ended_at"], after["started_at"]):
                yield f"{name_of(after)} began at {after['started_at']}, before {name_of(before)} ended, {before['ended_at']}"
        over = record.runs.get(run_id, {}).get("ended_at")
        ended = [attempt["ended_at"] for attempt in attempts if attempt["ended_at"] is not None]
        if ended and _later(max(ended), over):
            yield f"run {run_id} ended at {over}, before an attempt of it, {max(ended)}"


def _in_order(name: str, row: Row, pairs: Sequence[tuple[str, str]]) -> Iterator[str]:
    for first, second in pairs:
        if row[first] is not None and row[second] is not None and _later(row[first], row[second]):
            yield f"{name} has {first} {row[first]} after {second} {row[second]}"


def _later(one: str, other: str | None) -> bool:
    return other is not None and seconds_of(one) > seconds_of(other) + _TOLERANCE


# --- slots ------------------------------------------------------------------------------------------------


def slots(root: Path, record: Record, report: Report) -> Iterator[str]:
    """Each due slot of a job `every N seconds` or `every N minutes` has exactly one row that accounts for it."""
    spans = _spans(root)
    accounted = 0
    for job in record.jobs:
        step = step_of(job["trigger"])
        if step is None:
            continue
        held: Counter[int] = Counter()
        for run in record.runs.values():
            if run["job_id"] != job["id"] or run["scheduled_for"] is None:
                continue
            stood_for = list(_stood_for(run, step))
            if len(stood_for) != run["count"] + run["merged"]:
                number = run["count"] + run["merged"]
                yield f"run {run['id']} says it stands for {number} slots; in its range there are {len(stood_for)}"
            if any(slot % step for slot in stood_for) or seconds_of(run["scheduled_for"]) % step:
                yield f"run {run['id']} of {job['task_id']} is for {run['scheduled_for']}, which is no slot of it"
            held.update(stood_for)
        for slot, number in sorted(held.items()):
            if number > 1:
                yield f"slot {_shown(slot)} of {job['task_id']} has {number} outcomes"
        due = set(_due(job, step, record, spans))
        lost = sorted(due - held.keys())
        if lost:
            some = ", ".join(_shown(slot) for slot in lost[:5])
            yield f"{len(lost)} due slots of {job['task_id']} have no outcome: {some}"
        accounted += sum(held.values())
    report.counted["slots"] = accounted


def step_of(trigger: str) -> int | None:
    """Return the seconds between two slots of a trigger, counted from 1970; None: it is of another kind."""
    told = _EVERY.fullmatch(trigger)
    if told is None:
        return None
    interval = int(told[1] or 1)
    return None if 60 % interval else interval * (60 if told[2] == "minute" else 1)


def _stood_for(run: Row, step: int) -> Iterator[int]:
    first = run["merged_from"] or run["scheduled_for"]
    last = run["range_end"] or run["scheduled_for"]
    return iter(range(round(seconds_of(first)), round(seconds_of(last)) + 1, step))


def _spans(root: Path) -> Mapping[str, list[tuple[float, float]]] | None:
    try:
        told = json.loads((root / "spans.json").read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    found: dict[str, list[tuple[float, float]]] = defaultdict(list)
    for span in told:
        found[span["task"]].append((span["from"], span["until"]))
    return found


def _due(job: Row, step: int, record: Record, spans: Mapping[str, list[tuple[float, float]]] | None) -> Iterator[int]:
    if spans is None:
        admitted = [seconds_of(row["admitted_at"]) for row in record.versions if row["task_id"] == job["task_id"]]
        if not admitted or job["next_run"] is None:
            return
        ranges = [(min(admitted), seconds_of(job["next_run"]))]
    else:
        ranges = spans.get(job["task_id"], [])
    for begin, end in ranges:
        first = (math.floor(begin / step) + 1) * step
        yield from range(first, math.ceil(end), step)


def _shown(slot: int) -> str:
    return datetime.fromtimestamp(slot, UTC).strftime("%H:%M:%S")


# --- effects ----------------------------------------------------------------------------------------------


def effects_once(root: Path, record: Record, report: Report, *, is_open: bool) -> Iterator[str]:
    """No effect is without its attempt on record, and none happened twice."""
    seen = _effects(root)
    report.counted["effects"] = sum(len(lines) for lines in seen.values())
    for name, lines in seen.items():
        attempt = record.attempts.get(name)
        words = [word for word, _, _ in lines]
        if attempt is None:
            yield f"attempt {name} had effects and is not on record"
            continue
        for word in ("start", "end"):
            if words.count(word) > 1:
                pids = [pid for told, pid, _ in lines if told == word]
                yield f"the effect {word!r} of attempt {name} happened {words.count(word)} times, in processes {pids}"
        if attempt["state"] == "void" or (attempt["state"] == "claimed" and not is_open):
            yield f"attempt {name} is {attempt['state']}, and its code ran"
        if len({pid for _, pid, _ in lines}) > 1:
            yield f"attempt {name} ran in more than one process: {sorted({pid for _, pid, _ in lines})}"
    if not (root / "effects").exists():
        return
    for name, attempt in record.attempts.items():
        words = [word for word, _, _ in seen.get(name, [])]
        if attempt["state"] == "succeeded" and words != ["start", "end"]:
            yield f"attempt {name} is {attempt['state']}, and its effects are {words}"


def _effects(root: Path) -> Mapping[str, list[tuple[str, int, float]]]:
    """Return by attempt what was told, by whom, and when."""
    found: dict[str, list[tuple[str, int, float]]] = defaultdict(list)
    with suppress(FileNotFoundError):
        for line in (root / "effects").read_text(encoding="utf-8").splitlines():
            name, word, pid, moment = line.split()
            found[name].append((word, int(pid), float(moment)))
    return found


def overlaps(root: Path, record: Record) -> Iterator[str]:
    """No two attempts of one function of a task are at work at once, unless its file says `parallel`."""
    by_function: dict[tuple[str, str | None], list[tuple[float, float, str]]] = defaultdict(list)
    effects = _effects(root)
    for name, attempt in record.attempts.items():
        run = record.runs.get(attempt["run_id"])
        if run is None or attempt["state"] not in BEGAN or attempt["started_at"] is None:
            continue
        if record.overlap_of(run["task_id"]) == "parallel":
            continue
        began = seconds_of(attempt["started_at"])
        told = [moment for _, _, moment in effects.get(name, [])]
        # Of what was interrupted, the end on record is when that was proved: what was told last is nearer.
        ended = math.inf if attempt["ended_at"] is None else seconds_of(attempt["ended_at"])
        by_function[run["task_id"], run["function"]].append((min([began, *told]), max([ended, *told]), name))
    for (task, _), ranges in by_function.items():
        ranges.sort()
        latest = (-math.inf, "")
        for began, ended, name in ranges:
            if began + _TOLERANCE < latest[0]:
                yield f"attempts {latest[1]} and {name} of {task} were at work at once"
            latest = max(latest, (ended, name))


# --- processes --------------------------------------------------------------------------------------------


def record_of_processes(record: Record) -> Iterator[str]:
    """Nothing is recorded as running that is dead."""
    boot = proc.boot_id()
    for attempt in record.attempts.values():
        if attempt["state"] != "running":
            continue
        told = _PROCESS.fullmatch(attempt["process"])
        if told is None:  # adopted by a scheduler that knows its host alone
            continue
        pid, start = int(told[2]), told[3]
        if told[4] != boot:
            yield f"{name_of(attempt)} is running, and the machine restarted since"
        elif proc.start_of(pid) is None or (start != "None" and proc.start_of(pid) != int(start)):
            yield f"{name_of(attempt)} is running, and its process {pid} is dead"


def living_but_ended(root: Path, record: Record) -> Iterator[str]:
    """Nothing lives that is recorded as ended."""
    marks = {mark_of(root, attempt): name for name, attempt in record.attempts.items()}
    leaders = {}
    for name, attempt in record.attempts.items():
        told = _PROCESS.fullmatch(attempt["process"])
        if told is not None and told[4] == proc.boot_id():
            leaders[int(told[2])] = (name, told[3])
    for pid in proc.pids():
        found = None
        mark = proc.mark_on(pid)
        if mark in marks:
            found = marks[mark]
        elif proc.belongs_to(pid, root):
            variables = proc.variables_of(pid)
            named = f"{variables.get('TASK_SCHEDULER_RUN')}.{variables.get('TASK_SCHEDULER_ATTEMPT')}"
            name, start = leaders.get(proc.session_of(pid), ("", ""))
            leader = proc.start_of(proc.session_of(pid))
            if named in record.attempts:
                found = named
            elif name and (leader is None or str(leader) == start):
                found = name
        if found is None or proc.start_of(pid) is None:
            continue
        attempt = record.attempts[found]
        if attempt["state"] not in OPEN_ATTEMPT:
            yield f"process {pid} of attempt {found} lives ({proc.command_of(pid)}), and the attempt is {attempt['state']}"


def mark_of(root: Path, attempt: Row) -> int:
    """Return what every process of an attempt is marked with: a limit of file locks."""
    host = str(json.loads(attempt["placement"]).get("host", "")) if attempt["placement"].startswith("{") else ""
    text = f"{root}\n{host}\n{attempt['run_id']}.{attempt['number']}"
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=7).digest(), "big")


def leaked_descriptors(pid: int, who: str, at_first: int, *, slack: int = 0) -> Iterator[str]:
    """A process that does nothing holds no more open than it did when it began, but for `slack`."""
    now = proc.descriptors(pid)
    if len(now) > at_first + slack:
        yield f"{who} (process {pid}) holds {len(now)} descriptors, and held {at_first} at first: {', '.join(now)}"
    for name in now:
        if name.endswith((".attempt (deleted)", ".attempt")):
            yield f"{who} (process {pid}) holds the marker {name} of an attempt that is over"


# --- what is left over ------------------------------------------------------------------------------------


def leftovers(root: Path, record: Record, *, is_open: bool) -> Iterator[str]:
    """No marker, message, host's folder or temporary file outlives its use, and no host its folder."""
    folders = root / "data" / "run" / "hosts"
    known = set()
    for folder in sorted(folders.iterdir()) if folders.is_dir() else ():
        card = _card(folder)
        if card is not None and proc.start_of(card["pid"]) == card["start"] and card["boot"] == proc.boot_id():
            known.add(card["pid"])
        elif not is_open:
            yield f"the folder of a host that is dead is left: {folder.name}"
        for path in _of_attempts(folder):
            yield from _left_by_a_host(path, record, is_open=is_open)
    for pid in proc.pids():
        if pid not in known and proc.mark_on(pid) is None and _is_host(pid, root):  # what is marked is a fork of one
            yield f"host process {pid} lives without a card in its folder ({proc.command_of(pid)})"
    if not is_open:
        yield from _temporary_files(root)


def _temporary_files(root: Path) -> Iterator[str]:
    for folder in (root / "data", root / "logs", root / "tasks", root / "config"):
        for path in sorted(folder.rglob("*")):
            if _NOT_OURS.isdisjoint(path.parts) and (path.suffix in _TEMPORARY or ".tmp" in path.name):
                yield f"a temporary file is left: {path.relative_to(root)}"


def _of_attempts(folder: Path) -> list[Path]:
    try:
        return sorted(path for path in folder.iterdir() if path.suffix in _OF_ATTEMPTS)
    except FileNotFoundError:  # removed just now
        return []


def _left_by_a_host(path: Path, record: Record, *, is_open: bool) -> Iterator[str]:
    attempt = record.attempts.get(path.stem)
    state = "not on record" if attempt is None else attempt["state"]
    if is_open or state in OPEN_ATTEMPT:
        return
    # What forbids a start stays as long as the host it was meant for could act.
    if path.suffix == ".attempt" and state == "void":
        return
    yield f"{path.name} of host {path.parent.name} is left, and its attempt is {state}"


def _card(folder: Path) -> Row | None:
    try:
        card = json.loads((folder / "host.json").read_bytes())
    except (OSError, ValueError):
        return None
    return card if isinstance(card, dict) else None


def _is_host(pid: int, root: Path) -> bool:
    command = proc.read(f"/proc/{pid}/cmdline").split(b"\0")
    is_ours = any(word.startswith(f"{root}/data/run/hosts/".encode()) for word in command)
    return is_ours and any(word.endswith(b"/host.py") for word in command) and proc.start_of(pid) is not None


def main() -> int:
    """Judge the project named on the command line; return 1 when a law is broken."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("root", type=Path, help="the project folder")
    parser.add_argument("--open", action="store_true", help="the project is at work: runs may lack their outcome")
    parser.add_argument("--no-effects", action="store_true", help="its task files write no effects")
    options = parser.parse_args()
    report = check(options.root.resolve(), is_open=options.open, effects=not options.no_effects)
    print(report.text())  # noqa: T201 - what it is for
    return 1 if report.violations else 0


if __name__ == "__main__":
    sys.exit(main())
