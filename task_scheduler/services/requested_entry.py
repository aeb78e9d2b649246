"""What a person means who asks for a task to be started."""

from __future__ import annotations

import ast
import functools
from collections.abc import Sequence

from task_scheduler.core.errors import Refused
from task_scheduler.core.tasks import AS_A_TASK, NO_ARGUMENTS, Job, TaskRecord, TaskStatus, TaskVersion, errors_of

#: Calls named in one sentence.
_NAMED = 5


def requested_entry(version: TaskVersion, function: str | None, jobs: Sequence[Job]) -> tuple[str | None, str]:
    """Return the function and the arguments to run; raises Refused when that cannot be told.

    `function` None leaves the choice to the task: its only function, else `start`. A whole call such as
    `sales('north', copies=2)` names one of the scheduled ones. The arguments are those of the function's jobs,
    none when it has no jobs.
    """
    for job in jobs:
        if job.function is not None and function == call_text(job.function, job.arguments):
            return job.function, job.arguments
    chosen = _only_function(version) if function is None else _known_function(version, function)
    scheduled = list(dict.fromkeys(job.arguments for job in jobs if job.function == chosen))
    if len(scheduled) > 1:
        calls = [str(call_text(chosen, arguments)) for arguments in scheduled]
        more = f" and {len(calls) - _NAMED} more" if len(calls) > _NAMED else ""
        raise Refused(
            f"{version.task_id} calls {chosen} with different arguments: name the whole call as the function (--function), "
            f"one of {', '.join(calls[:_NAMED])}{more}"
        )
    return chosen, scheduled[0] if scheduled else NO_ARGUMENTS


def why_not_in_force(record: TaskRecord) -> str:
    """Return why a task file that is known has no version to run."""
    task_id = record.task_id
    match record.status:
        case TaskStatus.DISABLED:
            return f"{task_id} is disabled (enabled: false)"
        case TaskStatus.MODULE:
            return f"{task_id} is a module: it has neither frontmatter nor a schedule; {AS_A_TASK}"
        case TaskStatus.DELETED:
            return f"{task_id} was deleted: {record.path} is gone"
        case TaskStatus.PREPARING:
            doing = record.detail.partition("\n")[0]
            return f"{task_id} is still being prepared" + (f": {doing}" if doing else "")
        case _:
            errors = errors_of(record.problems)
            return f"{task_id} has no version in force" + (f": {errors[0]}" if errors else "")


@functools.lru_cache(maxsize=4_096)
def call_text(function: str | None, arguments: str) -> str | None:
    """Return a call as one writes it in Python, such as `start('sales', copies=2)`; None for a whole file."""
    if function is None:
        return None
    try:
        positional, named = ast.literal_eval(arguments)
        parts = [*map(repr, positional), *(f"{name}={value!r}" for name, value in named.items())]
    except (ValueError, TypeError, AttributeError, SyntaxError, MemoryError, RecursionError):
        # A literal that Python writes and does not read, such as an infinity: it is shown as it is on record.
        return f"{function} {arguments}"
    return f"{function}({', '.join(parts)})"


def _only_function(version: TaskVersion) -> str | None:
    if "start" in version.functions:
        return "start"
    if len(version.functions) > 1:
        raise Refused(f"{version.task_id} has several functions: name one of {_names(version)}")
    return version.functions[0]


def _known_function(version: TaskVersion, function: str) -> str:
    if function not in version.functions:
        known = _names(version) or "none: it runs as a whole"
        raise Refused(f"{version.task_id} has no scheduled function {function!r} (there is {known})")
    return function


def _names(version: TaskVersion) -> str:
    return ", ".join(name for name in version.functions if name is not None)
