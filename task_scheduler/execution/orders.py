"""The order to start an attempt, as a host understands it."""

from __future__ import annotations

from pathlib import Path, PurePosixPath
from typing import Any

from task_scheduler.core.happenings import GONE
from task_scheduler.core.requests import AttemptRequest


def start_order(request: AttemptRequest, *, root: Path, outputs: Path, source: Path, mark: int) -> dict[str, Any]:
    """Return the order; raises ValueError for an output that would lie outside the folder of outputs."""
    file = root / request.path
    return {
        "do": "start",
        "attempt": str(request.id),
        "mark": mark,
        "task_id": request.task_id,
        "path": request.path,
        "file": str(file),
        "source": str(source),
        "function": request.function,
        "arguments": request.arguments,
        "argv": list(request.argv),
        "start_method": str(request.start_method),
        "output": str(output_path(outputs, request.output)),
        "limit": request.output_limit,
        "timeout": request.timeout,
        "deadline": request.deadline,
        "grace": request.kill_grace,
        "memory": request.memory_limit,
        "cpu": request.cpu_limit,
        "processes": request.max_processes,
        "nice": request.nice,
        "user": request.user,
        "umask": request.umask,
        "zone": request.zone,
        "directory": None if request.working_directory is None else str(root / request.working_directory),
        "needs": None
        if request.needs is None
        else {"file": str(root / request.needs), "inode": request.needs_inode, "else": GONE},
        "environment": {
            **request.variables,
            **{f"TASK_SCHEDULER_{name}": text for name, text in request.happening.items()},
            "TASK_SCHEDULER_RUN": str(request.id.run_id),
            "TASK_SCHEDULER_ATTEMPT": str(request.id.number),
            "TASK_SCHEDULER_TASK": request.task_id,
            "TASK_SCHEDULER_TITLE": request.title,
            "TASK_SCHEDULER_SCHEDULED_FOR": "" if request.scheduled_for is None else request.scheduled_for.isoformat(),
            "TASK_SCHEDULER_WINDOW_START": "" if request.window_start is None else request.window_start.isoformat(),
            "TASK_SCHEDULER_WINDOW_END": "" if request.scheduled_for is None else request.scheduled_for.isoformat(),
            "TASK_SCHEDULER_REASON": request.reason,
            "TASK_SCHEDULER_FILE": str(file),
            "TASK_SCHEDULER_SOURCE": str(source),
            "TASK_SCHEDULER_LOG_LEVEL": request.log_level,
        },
    }


def output_path(outputs: Path, name: str) -> Path:
    """Return where an output is kept; raises ValueError for a name that leads out of the folder."""
    parts = PurePosixPath(name).parts
    if not parts or name.startswith("/") or ".." in parts or "\0" in name:
        raise ValueError(f"not the name of an output: {name!r}")
    return outputs.joinpath(*parts)
