"""What a person means who asks for a task to be started."""

from __future__ import annotations

from collections.abc import Sequence

from task_scheduler.core.errors import Refused
from task_scheduler.core.tasks import NO_ARGUMENTS, Job, TaskVersion


def requested_entry(version: TaskVersion, function: str | None, jobs: Sequence[Job]) -> tuple[str | None, str]:
    """Return the function and the arguments to run; raises Refused when that cannot be told.

    `function` None leaves the choice to the task: its only function, else `start`. The arguments are those
    of the function's jobs when they agree, else none.
    """
    chosen = _only_function(version) if function is None else _known_function(version, function)
    scheduled = {job.arguments for job in jobs if job.function == chosen}
    return chosen, scheduled.pop() if len(scheduled) == 1 else NO_ARGUMENTS


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
