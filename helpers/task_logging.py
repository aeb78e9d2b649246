"""
---
title: "Task logging"
description: "Lines for logs/tasks.log and logs/errors.log, under the task's title"
dependencies: []
---

Each line also goes to the run's own output, where `task-scheduler logs RUN` shows it. Logging never ends a task:
what cannot be written is said once on stderr.
"""

from __future__ import annotations

import os
import sys
import time

from task_scheduler.log_lines import LEVELS, append, format_line
from task_scheduler.task_side.whereabouts import callers, project_root

TYPE_CHECKING = False

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_OTHER_NAMES = {"WARN": "WARNING", "ERR": "ERROR", "FATAL": "CRITICAL"}
_complained = False


def log(
    message: object,
    level: str = "INFO",
    task_name: str | None = None,
    extra_data: Mapping[str, object] | None = None,
    exception: BaseException | None = None,
) -> None:
    """Write one line; `task_name` None means the title of the running task.

    From level ERROR the line also goes to logs/errors.log, with the traceback of `exception`, or of the one being
    handled.
    """
    known = _known_level(level)
    fields = _fields(extra_data)
    if known is None:
        fields["level"], known = level, "INFO"
    is_error = LEVELS[known] >= LEVELS["ERROR"]
    if exception is None and is_error:
        exception = sys.exc_info()[1]
    if exception is not None and not isinstance(exception, BaseException):
        fields.setdefault("exception", exception)
        exception = None
    if exception is not None:
        fields.setdefault("exception", _summary(exception))
    message = _text(message)
    _echo(_as_shown(known, message, fields, exception))
    if LEVELS[known] < LEVELS.get(os.environ.get("TASK_SCHEDULER_LOG_LEVEL", ""), 0):
        return
    seconds = time.time()
    text = f"[{_text(task_name) if task_name else _title()}] {message}"
    written = _json(fields) if fields else ""
    _write("tasks.log", format_line(seconds=seconds, level=known, text=text, fields=written))
    if is_error:
        below = "" if exception is None else _traceback(exception)
        _write("errors.log", format_line(seconds=seconds, level=known, text=text, fields=written, below=below))


def log_debug(message: object, task_name: str | None = None, **extra: object) -> None:
    """Write a line for whoever looks for a mistake."""
    log(message, "DEBUG", task_name, extra)


def log_info(message: object, task_name: str | None = None, **extra: object) -> None:
    """Write a line about what goes on."""
    log(message, "INFO", task_name, extra)


def log_warning(message: object, task_name: str | None = None, **extra: object) -> None:
    """Write a line about what may become a problem."""
    log(message, "WARNING", task_name, extra)


def log_error(
    message: object, task_name: str | None = None, exception: BaseException | None = None, **extra: object
) -> None:
    """Write a line about what failed."""
    log(message, "ERROR", task_name, extra, exception)


def log_critical(
    message: object, task_name: str | None = None, exception: BaseException | None = None, **extra: object
) -> None:
    """Write a line about what nothing works without."""
    log(message, "CRITICAL", task_name, extra, exception)


def log_task_start(task_name: str | None = None, **extra: object) -> None:
    """Write that the task begins."""
    log("Task started", "INFO", task_name, extra)


def log_task_complete(task_name: str | None = None, duration: float | None = None, **extra: object) -> None:
    """Write that the task is done; `duration` in seconds."""
    if duration is None:
        log("Task completed", "INFO", task_name, extra)
        return
    is_known = isinstance(duration, (int, float))
    said = f"Task completed in {duration:.2f} s" if is_known else "Task completed"
    log(said, "INFO", task_name, {"duration": duration, **extra})


def log_task_error(
    error_message: object, task_name: str | None = None, exception: BaseException | None = None, **extra: object
) -> None:
    """Write that the task failed."""
    log(f"Task failed: {_text(error_message)}", "ERROR", task_name, extra, exception)


def log_execution_result(
    operation: str,
    success: bool,  # noqa: FBT001 - the signature tasks know
    details: object = None,
    task_name: str | None = None,
) -> None:
    """Write how an operation went: level INFO for a success, ERROR for a failure."""
    fields: dict[str, object] = {"operation": operation, "success": success}
    if details is not None:
        fields["details"] = details
    log(f"{_text(operation)} {'succeeded' if success else 'failed'}", "INFO" if success else "ERROR", task_name, fields)


def log_structured_data(event_type: str, data: object, task_name: str | None = None, level: str = "INFO") -> None:
    """Write data as JSON under the name of an event."""
    log(event_type, level, task_name, {"event_type": event_type, "data": data})


class TaskLogger:
    """Writes lines under one name."""

    def __init__(self, task_name: str) -> None:
        """`task_name` stands between the brackets."""
        self.task_name = task_name

    def log(self, message: object, level: str = "INFO", **extra: object) -> None:
        """Write a line of any level."""
        log(message, level, self.task_name, extra)

    def debug(self, message: object, **extra: object) -> None:
        """Write a line for whoever looks for a mistake."""
        log_debug(message, self.task_name, **extra)

    def info(self, message: object, **extra: object) -> None:
        """Write a line about what goes on."""
        log_info(message, self.task_name, **extra)

    def warning(self, message: object, **extra: object) -> None:
        """Write a line about what may become a problem."""
        log_warning(message, self.task_name, **extra)

    def error(self, message: object, exception: BaseException | None = None, **extra: object) -> None:
        """Write a line about what failed."""
        log_error(message, self.task_name, exception, **extra)

    def critical(self, message: object, exception: BaseException | None = None, **extra: object) -> None:
        """Write a line about what nothing works without."""
        log_critical(message, self.task_name, exception, **extra)


def create_task_logger(task_name: str) -> TaskLogger:
    """Return a logger that writes under `task_name`."""
    return TaskLogger(task_name)


task_log = log
task_debug = log_debug
task_info = log_info
task_warning = log_warning
task_error = log_error


def _known_level(level: object) -> str | None:
    name = str(level).upper()
    name = _OTHER_NAMES.get(name, name)
    return name if name in LEVELS else None


def _fields(extra_data: object) -> dict[str, object]:
    """Return what is to follow the message; what has no names has one here: a line is never lost for its form."""
    if extra_data is None:
        return {}
    try:
        return dict(extra_data)  # type: ignore[call-overload, no-any-return] # whatever was given
    except (TypeError, ValueError):
        return {"extra_data": extra_data}


def _text(said: object, how: Callable[[object], str] = str) -> str:
    try:
        return how(said)
    except Exception as error:  # noqa: BLE001 - a foreign __str__ may raise anything
        return f"{type(said).__name__} that cannot be shown ({type(error).__name__})"


def _repr(value: object) -> str:
    return _text(value, repr)


def _title() -> str:
    return os.environ.get("TASK_SCHEDULER_TITLE") or _title_of_caller()


def _title_of_caller() -> str:
    """Tell whose line it is when a person runs the file by hand: its title, else its name."""
    nearest = ""
    for names in callers():
        title = _declared_title(names.get("__doc__"))
        if title:
            return title
        nearest = nearest or str(names.get("__file__") or "")
    return os.path.splitext(os.path.basename(nearest))[0] or "task"


def _declared_title(docstring: object) -> str:
    if not isinstance(docstring, str) or not docstring.lstrip().startswith("---"):
        return ""
    for line in docstring.split("---")[1].splitlines():
        key, _, value = line.partition(":")
        if key.strip() == "title":
            return value.strip().strip("\"'")
    return ""


def _json(fields: Mapping[str, object]) -> str:
    import json

    try:
        text = json.dumps(fields, ensure_ascii=False, default=_repr)
    except (TypeError, ValueError, RecursionError):  # keys that are no text, or a value that holds itself
        text = json.dumps({_text(key): _repr(value) for key, value in fields.items()}, ensure_ascii=False)
    if text.isprintable():
        return text
    # Spelled out as JSON does, before the log does it in another way: what is read back is what was logged.
    return "".join(character if character.isprintable() else json.dumps(character)[1:-1] for character in text)


def _as_shown(level: str, message: object, fields: Mapping[str, object], exception: BaseException | None) -> str:
    """Return a line for the run's own output: the exception in words, the other fields as the logs have them."""
    said = f"{level} {message}"
    if exception is None:
        return f"{said} {_json(fields)}" if fields else said
    others = {name: value for name, value in fields.items() if name != "exception" or value != _summary(exception)}
    return f"{said} ({_summary(exception)})" + (f" {_json(others)}" if others else "")


def _summary(exception: BaseException) -> str:
    name = type(exception).__name__
    try:
        text = str(exception)
    except Exception:  # noqa: BLE001 - a foreign __str__ may raise anything
        return name
    return f"{name}: {text}" if text else name


def _traceback(exception: BaseException) -> str:
    import traceback

    return "".join(traceback.format_exception(type(exception), exception, exception.__traceback__))


def _echo(text: str) -> None:
    """Write to the run's own output: not where the task may have redirected its prints to, but in order with them."""
    for stream, content in ((sys.stdout, ""), (sys.__stdout__, f"{text}\n")):
        try:
            if stream is not None:
                stream.write(content.encode(stream.encoding or "utf-8", "backslashreplace").decode(stream.encoding))
                stream.flush()
        except (OSError, ValueError, AttributeError, TypeError):
            # Closed, full, or replaced by something that only looks like a stream: none of that ends a task.
            continue


def _write(name: str, line: str) -> None:
    global _complained  # noqa: PLW0603 - said once in a process
    try:
        append(os.path.join(project_root(__file__), "logs", name), line)
    except OSError as error:
        if not _complained and sys.__stderr__ is not None:
            _complained = True
            sys.__stderr__.write(f"logs/{name} cannot be written: {error}\n")
