"""Helpers for tasks: `from helpers import log_info, progress`.

Put your own files beside these and import from them directly (`from helpers.mine import thing`), or add their names
below. A helper file may declare packages in its docstring, like a task; only tasks that import it get them.
"""

from __future__ import annotations

import importlib

TYPE_CHECKING = False

if TYPE_CHECKING:
    from typing import Any

#: Which file provides a name. Nothing is imported before it is asked for, so a task pays for what it uses.
_MODULES = {
    "Cancel": "this_run",
    "Skip": "this_run",
    "Snooze": "this_run",
    "Stopped": "this_run",
    "artifact": "this_run",
    "attempt": "this_run",
    "create_task_logger": "task_logging",
    "log": "task_logging",
    "log_critical": "task_logging",
    "log_debug": "task_logging",
    "log_error": "task_logging",
    "log_execution_result": "task_logging",
    "log_info": "task_logging",
    "log_structured_data": "task_logging",
    "log_task_complete": "task_logging",
    "log_task_error": "task_logging",
    "log_task_start": "task_logging",
    "log_warning": "task_logging",
    "metric": "this_run",
    "progress": "this_run",
    "result": "this_run",
    "run_id": "this_run",
    "scheduled_for": "this_run",
    "stop_reason": "this_run",
    "task_debug": "task_logging",
    "task_error": "task_logging",
    "task_id": "this_run",
    "task_info": "task_logging",
    "task_log": "task_logging",
    "task_warning": "task_logging",
}

__all__ = list(_MODULES)


def __getattr__(name: str) -> Any:  # noqa: ANN401 - whatever that file provides
    """Import the file that provides `name`, and return the name from it."""
    if name not in _MODULES:
        raise AttributeError(f"module 'helpers' has no attribute {name!r}")
    value = getattr(importlib.import_module(f"helpers.{_MODULES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """Return the names that can be imported."""
    return sorted([*globals(), *_MODULES])
