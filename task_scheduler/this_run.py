"""What a task may know and tell of the run it is in.

    from task_scheduler.this_run import Skip, progress

    def start():
        files = new_files()
        if not files:
            raise Skip("no new files")
        for number, file in enumerate(files, 1):
            progress(number, len(files), file.name)

Nothing here needs a scheduler: in a file that is run by hand, what is told is printed. Telling never ends a task: what
cannot be kept is left out, and the run's record says why. This module runs in the tasks' environments: Python 3.8 or
later, standard library alone, and little of it.
"""

from __future__ import annotations

import os
import stat
import sys

from task_scheduler import known_secrets

TYPE_CHECKING = False

if TYPE_CHECKING:
    from datetime import datetime
    from typing import Any

__all__ = [
    "Cancel",
    "Skip",
    "Snooze",
    "Stopped",
    "artifact",
    "attempt",
    "metric",
    "progress",
    "result",
    "run_id",
    "scheduled_for",
    "stop_reason",
    "task_id",
]

#: What a line begins with that tells something; anything that can print may write one.
TELLING = "::task-scheduler:: "
#: Set before it, this byte has such a line recognised also where another one had not ended.
SEPARATOR = "\x1e"
#: Names the file in which is written why an attempt is asked to end.
STOP_NOTE = "TASK_SCHEDULER_STOP_NOTE"
#: Where it is named by a descriptor, which may lead elsewhere by now, the other variable tells its device and inode.
OPEN_FILES = "/proc/self/fd/"
STOP_NOTE_IS = "TASK_SCHEDULER_STOP_NOTE_IS"
LEAST_SNOOZE = 1.0
MOST_SNOOZE = 7 * 86_400.0
#: A pipe takes this many bytes in one piece; what is longer may be torn by others who write to it.
_ONE_PIECE = 4096
_MOST_TEXT = 200
_MOST_NOTE = 10_000
#: Exit code where nobody makes a death by signal of it: 128 and the number of TERM.
_STOPPED = 143

_has_complained = False


# --- ends -------------------------------------------------------------------------------------------------


class Skip(Exception):
    """There was nothing to do: the run ends as `skipped`."""

    def __init__(self, reason: str = "") -> None:
        """`reason` is kept with the run."""
        super().__init__(_text(reason, "Skip"))
        self.reason = reason


class Cancel(Exception):
    """Stop here, and do not try again: the run ends as `cancelled`."""

    def __init__(self, reason: str = "") -> None:
        """`reason` is kept with the run."""
        super().__init__(_text(reason, "Cancel"))
        self.reason = reason


class Snooze(Exception):
    """Run this again in so many seconds, and do not count it as a try."""

    def __init__(self, seconds: float, reason: str = "") -> None:
        """`seconds` is from 1 to 604,800, which is 7 days; raises TypeError or ValueError for anything else."""
        if isinstance(seconds, bool) or not isinstance(seconds, (int, float)):
            hint = "; give its .total_seconds()" if hasattr(seconds, "total_seconds") else ""
            raise TypeError(f"Snooze({seconds!r}): the seconds must be a number{hint}")
        if not LEAST_SNOOZE <= seconds <= MOST_SNOOZE:
            raise ValueError(f"Snooze({seconds!r}): the seconds must be from 1 to 604,800, which is 7 days")
        super().__init__(seconds, _text(reason, "Snooze"))
        self.seconds = float(seconds)
        self.reason = reason

    def __str__(self) -> str:
        """Return how long, and why."""
        return f"for {self.seconds:g} s" + (f": {self.reason}" if self.reason else "")


class Stopped(SystemExit):
    """Somebody wants this process to end: it was sent TERM. Raised in the main thread, at most once.

    Let it pass through: `finally` blocks and exit handlers run, and what still runs after the grace is killed.
    """

    def __init__(self, reason: str = "") -> None:
        """`reason` is that of `stop_reason`."""
        super().__init__(_STOPPED)
        self.reason = reason

    def __str__(self) -> str:
        """Return why."""
        return self.reason or "sent TERM"


def stop_reason() -> str:
    """Return why this attempt is asked to end; empty: the scheduler has not asked it to.

    `timeout`, `deadline` or `cpu_limit` for a limit, else the words of whoever stopped it. Threads and loops that want
    to end by themselves may ask often: it looks for one file.
    """
    path = os.environ.get(STOP_NOTE)
    if not path:
        return ""
    try:
        facts = os.stat(path)  # before it is opened, where a pipe would wait for a writer
        is_it = not path.startswith(OPEN_FILES) or os.environ.get(STOP_NOTE_IS) == f"{facts.st_dev}:{facts.st_ino}"
        if not is_it or not stat.S_ISREG(facts.st_mode):
            return ""
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read(_MOST_NOTE)
    except OSError:
        return ""


# --- telling ----------------------------------------------------------------------------------------------


def progress(done: float, total: float | None = None, text: str = "") -> None:
    """Tell how far the work is: `progress(3, 10, "reading")`, or `progress(1200)` where nobody knows the end."""
    parts = _number(done) if total is None else f"{_number(done)}/{_number(total)}"
    _tell("progress", parts, _line(text)[:_MOST_TEXT])


def metric(name: str, value: float) -> None:
    """Tell a number worth keeping, such as `metric("rows", 1200)`; told again, the newest counts."""
    _tell("metric", _word(name), _number(value))


def artifact(path: str | os.PathLike[str], title: str = "") -> None:
    """Name a file or an address this run has made; a relative path is one in the project folder."""
    if not isinstance(path, (str, bytes, os.PathLike)):
        _tell("refused", f"artifact({_line(repr(path))[:60]}) is not kept: give the path of a file, or an address")
        return
    _tell("artifact", _word(os.fsdecode(path)), _line(title)[:_MOST_TEXT])


def result(value: Any) -> None:  # noqa: ANN401 - anything may be asked to be kept
    """Tell what came out, as anything JSON can hold; what a task's function returns counts before it."""
    from task_scheduler.json_values import NotKept, encode

    try:
        _tell("result", encode(value))
    except NotKept as error:
        _tell("refused", f"the result is not kept: {error}")


# --- facts ------------------------------------------------------------------------------------------------


def run_id() -> int | None:
    """Return the run's number, as `history` shows it; None outside a run."""
    return _whole("TASK_SCHEDULER_RUN")


def attempt() -> int | None:
    """Return which attempt of its run this is, from 1; None outside a run."""
    return _whole("TASK_SCHEDULER_ATTEMPT")


def task_id() -> str | None:
    """Return the task's id, such as `reports/daily`; None outside a run."""
    return os.environ.get("TASK_SCHEDULER_TASK") or None


def scheduled_for() -> datetime | None:
    """Return the instant the run stands for, in UTC; None: it was asked for, or this is no run."""
    said = os.environ.get("TASK_SCHEDULER_SCHEDULED_FOR")
    if not said:
        return None
    from datetime import datetime

    return datetime.fromisoformat(said)


def _whole(variable: str) -> int | None:
    said = os.environ.get(variable, "")
    return int(said) if said.isdigit() else None


# --- writing ----------------------------------------------------------------------------------------------


def _tell(*parts: str) -> None:
    told = " ".join(part for part in parts if part)
    if run_id() is None:
        _write(f"{told}\n")
        return
    line = f"{SEPARATOR}{TELLING}{told}\n"
    if parts[0] != "result" and len(line.encode("utf-8", "backslashreplace")) > _ONE_PIECE:
        line = f"{SEPARATOR}{TELLING}refused {told[:60]}… is not kept: it is longer than a line may be\n"
    _write(line)


def _write(line: str) -> None:
    """Write to where the attempt's output goes: not where its prints may have been sent, but in order with them."""
    global _has_complained  # noqa: PLW0603 - said once in a process
    for stream in (sys.stdout, sys.__stdout__):
        try:
            if stream is not None:
                stream.flush()
        except (OSError, ValueError, AttributeError):  # closed, full, or only like a stream: none of that ends a task
            continue
    data = line.encode("utf-8", "backslashreplace")
    try:
        while data:
            data = data[os.write(1, data) :]
    except OSError as error:
        if not _has_complained and sys.__stderr__ is not None:
            _has_complained = True
            sys.__stderr__.write(f"{line.strip()[:60]!r} cannot be told: {error}\n")


def _number(value: object) -> str:
    """Return a number as it is told; what is none is told as it is, and refused by whoever reads it."""
    if isinstance(value, int):
        return str(int(value))
    try:
        return repr(float(value))  # type: ignore[arg-type] # numbers of libraries come here
    except (TypeError, ValueError, OverflowError):
        return _line(value).replace(" ", "_")[:40]


def _word(text: object) -> str:
    word = _line(text)
    if word and " " not in word and '"' not in word:
        return word
    return '"' + word.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _line(text: object) -> str:
    """Return text on one line, without what is secret: it may be shortened to where nobody would know it again."""
    return " ".join(known_secrets.hide(str(text)).replace(SEPARATOR, " ").split())


def _text(reason: object, name: str) -> str:
    if not isinstance(reason, str):
        raise TypeError(f"{name}: the reason must be text, not {reason!r}")
    return reason
