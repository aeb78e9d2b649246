"""What a task's code raised: shown in its output as Python would show it, and summed up for the record.

Runs in attempts: standard library only, Python 3.8 or later.
"""

from __future__ import annotations

import sys
import traceback

from task_scheduler import known_secrets

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import TracebackType
    from typing import Any

    from task_scheduler.this_run import Cancel, Skip, Snooze

_MOST_MESSAGE = 2000
_MOST_BASES = 20
#: Where the exceptions of a task's own are defined, and this program's; their names stand for themselves.
_UNNAMED_MODULES = frozenset({"builtins", "__main__", "task_scheduler.execution.child", "task_scheduler.this_run"})


def show(error: BaseException, order: dict[str, Any]) -> None:
    """Print the traceback as Python would, from the task's own frame on."""
    trace = error.__traceback__ = _from_file(error.__traceback__, order["file"])
    if sys.excepthook is sys.__excepthook__:
        traceback.print_exception(type(error), error, trace)
        return
    try:
        sys.excepthook(type(error), error, trace)
    except BaseException:  # noqa: BLE001 - as Python does when a hook fails
        print("Error in sys.excepthook:", file=sys.stderr)  # noqa: T201
        traceback.print_exc()
        print("\nOriginal exception was:", file=sys.stderr)  # noqa: T201
        traceback.print_exception(type(error), error, trace)


def say_request(request: Skip | Snooze | Cancel, order: dict[str, Any]) -> int:
    """Print on one line how the task's code asked to be judged; return the exit code of such an end."""
    place = _place(request, order)
    said = " ".join(str(request).split())
    told = f"{type(request).__name__}{': ' if said else ''}{said}{f' ({place})' if place else ''}\n"
    try:
        sys.stderr.write(told)
    except Exception:  # noqa: BLE001 - a stream of the task's own making may raise anything
        traceback.print_exc()
    return 0


def summary(error: BaseException, order: dict[str, Any]) -> dict[str, Any]:
    """Return what is put on record of an exception."""
    kind = type(error)
    try:
        message = known_secrets.hide(str(error))[:_MOST_MESSAGE]
    except BaseException:  # noqa: BLE001 - an exception whose text cannot be had is still an exception
        message = ""
    bases = [_name(base) for base in kind.__mro__[1 : _MOST_BASES + 1] if base is not object]
    return {"kind": _name(kind), "message": message, "place": _place(error, order), "bases": bases}


def _name(kind: type) -> str:
    module = kind.__module__
    is_plain = module in _UNNAMED_MODULES or str(module).startswith("tasks.")
    return kind.__qualname__ if is_plain else f"{module}.{kind.__qualname__}"


def _from_file(trace: TracebackType | None, path: str) -> TracebackType | None:
    while trace is not None and trace.tb_frame.f_code.co_filename != path:
        trace = trace.tb_next
    return trace


def _place(error: BaseException, order: dict[str, Any]) -> str:
    """Return the innermost line in the task's own file, `tasks/report.py:12 in start`; empty: none is."""
    if isinstance(error, SyntaxError) and error.filename == order["file"]:
        return f"{order['path']}:{error.lineno}"
    place = ""
    trace = error.__traceback__
    while trace is not None:
        code = trace.tb_frame.f_code
        if code.co_filename == order["file"]:
            place = f"{order['path']}:{trace.tb_lineno}"
            if code.co_name != "<module>":
                place += f" in {code.co_name}"
        trace = trace.tb_next
    return place
