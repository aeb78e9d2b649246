"""Reading computed schedules: the file is imported in a child of its environment, and tells what it recorded."""

from __future__ import annotations

import asyncio
import json
import re
import signal
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any, Protocol

from task_scheduler import known_secrets
from task_scheduler.core.arguments import write_arguments
from task_scheduler.core.errors import Problem, TriggerError
from task_scheduler.core.tasks import JobDeclaration, identity_of
from task_scheduler.core.triggers import seed_of
from task_scheduler.environments.commands import CommandEnd, run, seconds_from_now
from task_scheduler.ports import Inspection, SourceFile
from task_scheduler.syntax import literal

PROBE = Path(__file__).with_name("inspection_probe.py")
#: Seconds an import may take.
IMPORT_TIME = 20.0
#: Seconds after that in which the child says where it hangs.
LAST_WORDS_TIME = 1.0
#: Files imported at a time: each is a process that may be busy until its limit.
AT_ONCE = 8
#: Bytes of answer read: thousands of schedules.
MOST_ANSWER = 1_000_000

#: One call of a decorator's chain: name, positional and keyword arguments.
Call = tuple[str, tuple[Any, ...], dict[str, Any]]
#: How the child says what is no literal: the name of a class, and what makes the value again.
_MOMENTS: Mapping[str, Callable[[Any], object]] = {
    "datetime": datetime.fromisoformat,
    "date": date.fromisoformat,
    "time": time.fromisoformat,
    "timedelta": lambda parts: timedelta(*parts),
}

ADVICE = 'move what it does into the scheduled function, or under if __name__ == "__main__":'


class Judge(Protocol):
    """Turns a chain into a canonical trigger, a zone's name or None, and tags; raises TriggerError."""

    def __call__(
        self, calls: Sequence[Call], *, seed: str, saved_at: datetime | None
    ) -> tuple[str, str | None, tuple[str, ...]]:
        """Judge the chain of the job that `seed` names, in a file saved at that moment; None: not known."""
        ...


class Inspector:
    """Imports task files in children of their environments, one child for each file."""

    def __init__(
        self, *, root: Path, lib: Path | None, judge: Judge, variables: Mapping[str, str], limit: float = IMPORT_TIME
    ) -> None:
        self._root = root
        self._lib = lib
        self._judge = judge
        self._variables = variables
        self._limit = limit
        self._places = asyncio.Semaphore(AT_ONCE)

    async def inspect(self, python: Path, source: SourceFile) -> Inspection:
        """Return what importing the file told; whatever it does becomes a sentence."""
        if source.content is None:
            return Inspection(problems=(Problem(path=source.path, message=source.problem),))
        path = str(self._root / source.path)
        asked = {
            "path": path,
            "tasks": path.removesuffix(f"/{source.task_id}.py"),
            "module": "tasks." + source.task_id.replace("/", "."),
            "root": str(self._root),
            "lib": str(self._lib or ""),
            "limit": self._limit,
        }
        async with self._places:
            end = await run(
                [python, "-I", PROBE],
                deadline=seconds_from_now(self._limit + LAST_WORDS_TIME),
                folder=self._root,
                variables={
                    **self._variables,
                    "TASK_SCHEDULER_ROOT": str(self._root),
                    "TASK_SCHEDULER_TASK": source.task_id,
                },
                given=json.dumps(asked).encode() + b"\n" + source.content,
                most_output=MOST_ANSWER,
            )
        return self._read(end, source, path)

    def _read(self, end: CommandEnd, source: SourceFile, path: str) -> Inspection:
        answer = _answer(end.output)
        match answer:
            case {"schedules": list(records)}:
                return self._read_schedules(records, source)
            case {"error": dict(error)}:
                line, message = _explain_error(error)
            case _ if end.timed_out:
                line, message = _explain_hanging(end.output, path, self._limit)
            case _:
                line, message = None, _explain_end(end)
        # The file's own code may have read the file of secrets, and what is wrong with it goes on record.
        return Inspection(problems=(Problem(path=source.path, message=known_secrets.hide(message), line=line),))

    def _read_schedules(self, records: Sequence[object], source: SourceFile) -> Inspection:
        jobs: list[JobDeclaration] = []
        problems: list[Problem] = []
        for record in records:
            try:
                jobs.append(self._read_schedule(record, source))
            except TriggerError as error:
                problems.append(
                    Problem(path=source.path, message=known_secrets.hide(str(error)), line=_line_in(record))
                )
        # Two decorators that say the same are one job: its identity is what it says.
        distinct = {identity_of(job): job for job in reversed(jobs)}
        return Inspection(jobs=tuple(reversed(distinct.values())), problems=tuple(problems))

    def _read_schedule(self, record: object, source: SourceFile) -> JobDeclaration:
        """Read one schedule; raises TriggerError. The child's word is checked: the file ran in it."""
        match record:
            case {"function": str(name), "line": int(), "unkeepable": str(value)}:
                raise TriggerError(
                    f"the schedule of {name!r} has an argument that cannot be kept, {value}: "
                    "use text, numbers, True, False, None, and lists, tuples, sets and dicts of these"
                )
            case {"function": str(name), "line": int(), "lost": True}:
                raise TriggerError(
                    f"the schedule of {name!r} is lost, for {name!r} is defined again after it: "
                    "give each function its own name, or one function several @repeat lines"
                )
            case {"function": str(name), "line": int(line), "calls": str(calls), "arguments": str(arguments)}:
                try:
                    # The spelling of what is read without an import: a job has one identity.
                    arguments = write_arguments(*_sequence(arguments))
                    seed = seed_of(source.task_id, name, arguments)
                    trigger, zone, tags = self._judge(_calls(calls), seed=seed, saved_at=source.saved_at)
                except (ValueError, SyntaxError, TypeError, AttributeError, MemoryError, RecursionError) as error:
                    raise TriggerError(f"the schedule of {name!r} cannot be read") from error
                return JobDeclaration(
                    function=name, trigger=trigger, timezone=zone, arguments=arguments, tags=tags, line=line
                )
        raise TriggerError("importing the file gave an answer that cannot be read")


def _line_in(record: object) -> int | None:
    match record:
        case {"line": int(line)}:
            return line
    return None


def _calls(text: str) -> Sequence[Call]:
    """Return the chain a literal says; raises ValueError and TypeError for another value."""
    return [
        (name, tuple(map(_made, args)), {key: _made(value) for key, value in kwargs.items()})
        for name, args, kwargs in _sequence(text)
    ]


def _made(value: object) -> object:
    """Return a date, time or span that the child told as data, any other value as it is."""
    if isinstance(value, dict) and len(value) == 1:
        ((kind, told),) = value.items()
        if kind in _MOMENTS:
            return _MOMENTS[kind](told)
    return value


def _sequence(text: str) -> Sequence[Any]:
    """Return the tuple or list a literal says; raises TypeError for another value."""
    value = literal(text)
    if not isinstance(value, tuple | list):
        raise TypeError(f"not a sequence: {text[:40]}")
    return value


def _answer(output: bytes) -> object:
    """Return the last line as data; None when there is none."""
    try:
        return json.loads(output.strip().rpartition(b"\n")[2])
    except (ValueError, RecursionError):
        return None


def _explain_error(error: Mapping[str, object]) -> tuple[int | None, str]:
    line = _line_in(error)
    text = str(error.get("text", ""))
    if error.get("exit"):
        return line, f"importing the file calls sys.exit({text}): {ADVICE}"
    kind = str(error.get("kind", "an exception"))
    return line, f"importing the file raised {kind}: {text}" if text else f"importing the file raised {kind}"


def _explain_hanging(output: bytes, path: str, limit: float) -> tuple[int | None, str]:
    told = output.decode(errors="replace")
    places = re.findall(rf'File "{re.escape(path)}", line (\d+)', told)
    return int(places[0]) if places else None, f"importing the file did not end within {limit:g} s: {ADVICE}"


def _explain_end(end: CommandEnd) -> str:
    if end.code is None:
        return f"importing the file ended the process that read it: {ADVICE}"
    if end.code >= 0:
        return f"importing the file ended its process with exit code {end.code}, as os._exit does: {ADVICE}"
    try:
        name = signal.Signals(-end.code).name
    except ValueError:
        name = str(-end.code)
    return f"importing the file ended its process by {name}: {ADVICE}"
