"""What holds of the reading of any file whatever."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from datetime import UTC
from pathlib import Path

from task_scheduler import bare_frontmatter
from task_scheduler.core.errors import Problem
from task_scheduler.core.tasks import FileKind, TaskReading
from task_scheduler.core.triggers import parse_trigger, read_zone
from task_scheduler.ports import SourceFile
from task_scheduler.watcher.conversion.converting import convert
from task_scheduler.watcher.frontmatter import Dialect
from task_scheduler.watcher.reader import TaskFileReader

PATH = "tasks/fuzzed.py"
LONGEST_SENTENCE = 400
MOST_TEXT = 100_000
_BREAK = re.compile(rb"\r\n|\r|\n")
_READER = TaskFileReader(root=Path("nowhere"), helpers=Path("nowhere/helpers"))


def allowed_seconds(content: bytes) -> float:
    """Return how long reading a file may take."""
    return 2.0 + len(content) * 20e-6


def faults(content: bytes) -> Iterator[tuple[str, str]]:
    """Yield a kind and a description of everything that does not hold; a crash or a hang is for the caller to see."""
    began = time.process_time()
    try:
        reading = _read(content)
    except Exception as error:  # noqa: BLE001 - whatever is raised is the finding
        yield "raised", f"{type(error).__name__} in {_innermost(error)}: {str(error)[:200]}"
        return
    took = time.process_time() - began
    if took > allowed_seconds(content):
        yield "slow", f"{took:.1f} s for {len(content)} bytes"
    lines = len(_BREAK.findall(content)) + 1
    for problem in reading.problems:
        yield from (("sentence", text) for text in _sentence_faults(problem, lines))
    if sum(len(problem.message) for problem in reading.problems) > MOST_TEXT:
        yield "flood", f"{len(reading.problems)} problems"
    if reading != _read(content):
        yield "unsteady", "two readings differ"
    if reading.kind is FileKind.TASK and reading.declaration is None and not reading.errors:
        yield "silent", "it is no task and nobody says why"
    if not reading.errors:
        yield from (("schedule", text) for text in _schedule_faults(reading))
        yield from _conversion_faults(content, reading)
    code = bare_frontmatter.code_of(content)
    if len(_BREAK.findall(code)) + 1 != lines:
        yield "lines", "the code has other lines than the file"


def _read(content: bytes) -> TaskReading:
    return _READER.read(SourceFile(task_id="fuzzed", path=PATH, digest="", content=content))


def _sentence_faults(problem: Problem, lines: int) -> Iterator[str]:
    said = problem.message
    if not said.strip() or said != said.strip():
        yield f"empty, or space around it: {said!r}"
    if not said.isprintable():
        yield f"not printable: {said[:200]!r}"
    if len(said) > LONGEST_SENTENCE:
        yield f"{len(said)} characters: {said[:120]!r}"
    if problem.path != PATH:
        yield f"another path {problem.path!r}"
    if problem.line is not None and not 1 <= problem.line <= lines:
        yield f"line {problem.line} of {lines}: {said[:120]!r}"


def _schedule_faults(reading: TaskReading) -> Iterator[str]:
    for job in reading.jobs:
        try:
            parse_trigger(job.trigger, read_zone(job.timezone) if job.timezone else UTC)
        except Exception as error:  # noqa: BLE001 - as above
            yield f"{job.trigger!r} of a valid file: {error!r}"


def _conversion_faults(content: bytes, reading: TaskReading) -> Iterator[tuple[str, str]]:
    """Yield what does not hold of a good file written in every dialect, one after the other."""
    current = content
    for dialect in Dialect:
        try:
            converted = convert(current, to=dialect, path=PATH, read=_read)
        except Exception as error:  # noqa: BLE001 - as above
            yield "conversion", f"to {dialect}: {type(error).__name__} in {_innermost(error)}: {str(error)[:200]}"
            return
        for problem in converted.problems:
            yield from (("conversion", text) for text in _sentence_faults(problem, len(current) + 1))
        if converted.content is None:
            continue
        current = converted.content
        if not _means_the_same(_read(current), reading):
            yield "conversion", f"to {dialect}: it means something else now"


def _means_the_same(one: TaskReading, other: TaskReading) -> bool:
    return _meaning(one) == _meaning(other)


def _meaning(reading: TaskReading) -> tuple[object, ...]:
    jobs = {(job.function, job.trigger, job.timezone, job.arguments) for job in reading.jobs}
    return reading.kind, reading.declaration, jobs, reading.computed, reading.imports, reading.helper_names


def _innermost(error: Exception) -> str:
    trace = error.__traceback__
    place = "nowhere"
    while trace is not None:
        place = f"{Path(trace.tb_frame.f_code.co_filename).name}:{trace.tb_lineno}"
        trace = trace.tb_next
    return place
