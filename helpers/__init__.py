"""Helpers for tasks: `from helpers import log_info, progress`.

Put your own files beside these and import from them directly (`from helpers.mine import thing`), or add their names
to the table below. A helper file may declare packages in its docstring, like a task; only tasks that import it get them.
"""

from __future__ import annotations

import importlib

TYPE_CHECKING = False

if TYPE_CHECKING:
    from typing import Any

    # For editors and type checkers, which see through nothing that is looked up at run time.
    from helpers.config_loader import *  # noqa: F403 - the names are in the table below, and nowhere else
    from helpers.external_execution import *  # noqa: F403
    from helpers.project import *  # noqa: F403
    from helpers.state import *  # noqa: F403
    from helpers.system_notifications import *  # noqa: F403
    from helpers.task_logging import *  # noqa: F403
    from helpers.this_run import *  # noqa: F403

#: Which file provides a name. Nothing is imported before it is asked for, so a task pays for what it uses.
_MODULES = {
    "Cancel": "this_run",
    "InvalidConfig": "config_loader",
    "Skip": "this_run",
    "Snooze": "this_run",
    "Stopped": "this_run",
    "TaskLogger": "task_logging",
    "artifact": "this_run",
    "attempt": "this_run",
    "create_task_logger": "task_logging",
    "execute_cli_command": "external_execution",
    "execute_python_script": "external_execution",
    "execute_script_with_retry": "external_execution",
    "forget": "state",
    "get_config_value": "config_loader",
    "get_project_root": "project",
    "list_config_files": "config_loader",
    "load_config": "config_loader",
    "log": "task_logging",
    "log_critical": "task_logging",
    "log_debug": "task_logging",
    "log_error": "task_logging",
    "log_execution_result": "task_logging",
    "log_info": "task_logging",
    "log_notification": "system_notifications",
    "log_structured_data": "task_logging",
    "log_task_complete": "task_logging",
    "log_task_error": "task_logging",
    "log_task_start": "task_logging",
    "log_warning": "task_logging",
    "metric": "this_run",
    "process_execution_results": "external_execution",
    "progress": "this_run",
    "recall": "state",
    "remember": "state",
    "result": "this_run",
    "run_id": "this_run",
    "save_config": "config_loader",
    "scheduled_for": "this_run",
    "send_and_log_notification": "system_notifications",
    "send_notification": "system_notifications",
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
