"""Wires loguru to the log files and the terminal."""

from __future__ import annotations

import json
import logging
import os
import sys
import traceback
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from loguru import logger

from task_scheduler import known_secrets
from task_scheduler.core.events import Event, Level
from task_scheduler.log_lines import escape, format_line
from task_scheduler.logs.files import LogFile
from task_scheduler.settings import LoggingSettings, Paths, Rotation, Settings

if TYPE_CHECKING:
    from loguru import Message, Record

#: tasks.log and errors.log are kept longer than the scheduler's own: they are what a person comes back for.
_KEPT_LONGER, _KEPT = frozenset({"errors.log", "tasks.log"}), timedelta(days=30)
#: What is in logs/ whatever `logging.file` says.
_OF_OTHERS = ("errors.log", "tasks.log", "monitor.log")
#: Seconds between two looks at whether a file is to be put aside.
_LOOK = 1.0
#: The event's name among a record's fields; what else this module puts there begins with an underscore.
_NAME = "event"


class Logs:
    """The log files while the scheduler runs."""

    def __init__(self, files: Mapping[str, LogFile], *, foreground: bool) -> None:
        """Made by `set_up_logging`."""
        self._files = dict(files)
        self._is_foreground = foreground
        self._sinks: list[int] = []
        self._lost = 0
        self._next_look = 0.0

    def configure(self, options: LoggingSettings, log: Path) -> None:
        """Write from this level on, the scheduler's own lines to `log`, and put files aside by these options."""
        for name, file in self._files.items():
            retention = _retention(name, options)
            if name == "scheduler.log" and file.path != log:
                self._files[name] = _file(log, options, retention)
            else:
                file.configure(rotation=Rotation(options.rotation), max_size=options.max_size, retention=retention)
        self.listen(options.level)

    def listen(self, level: Level) -> None:
        """Take what is logged from this level on."""
        earlier, self._sinks = (
            self._sinks,
            [
                logger.add(lambda message: self.sink("scheduler.log", message), level=level, format="{message}"),
                logger.add(lambda message: self.sink("errors.log", message), level="ERROR", format="{message}"),
            ],
        )
        if self._is_foreground:
            colour = _wants_colour(sys.stderr)
            self._sinks.append(logger.add(sys.stderr, level=level, format=_terminal_format, colorize=colour))
        # Last, so that no line of another thread finds nobody who takes it.
        for sink in earlier:
            logger.remove(sink)

    def rotate(self, now: datetime) -> Sequence[str]:
        """Put aside what is due; return the names, such as `tasks.log`.

        Others write tasks.log and monitor.log, and whoever holds the project alone may rename them.
        """
        return [name for name, file in self._files.items() if file.rotate_if_due(now)]

    def close(self) -> None:
        """Write to the log files no more; returns once nothing is being compressed."""
        logger.remove()
        for file in self._files.values():
            file.wait()

    def _rotate_now_and_then(self, now: datetime) -> None:
        """Rotate at most once a second: a look at each file for each line would cost more than the line."""
        if not self._next_look - _LOOK <= now.timestamp() < self._next_look:
            self._next_look = now.timestamp() + _LOOK
            self.rotate(now)

    def sink(self, name: str, message: Message) -> None:
        """Write one record to one file. A full disk costs lines, which are counted, and never the scheduler."""
        record = message.record
        try:
            self._rotate_now_and_then(record["time"])
            if self._lost:
                warning = f"{self._lost} lines could not be written here"
                line = format_line(seconds=record["time"].timestamp(), level="WARNING", text=warning)
                self._files[name].append(line)
                self._lost = 0
            self._files[name].append(_file_line(record))
        except OSError as error:
            if not self._lost:
                print(f"logs/{name} cannot be written: {error}", file=sys.stderr)  # noqa: T201 - the last way left
            self._lost += 1


def set_up_logging(settings: Settings, paths: Paths, *, foreground: bool) -> Logs:
    """Send what is logged from now on to logs/scheduler.log and logs/errors.log, and to stderr when in the foreground."""
    options = settings.logging
    places = {"scheduler.log": paths.log, **{name: paths.logs / name for name in _OF_OTHERS}}
    logs = Logs(
        {
            name: _file(path, options, _retention(name, options), of_strangers=name == "monitor.log")
            for name, path in places.items()
        },
        foreground=foreground,
    )
    logger.remove()
    logger.configure(patcher=_render)
    logs.listen(options.level)
    logging.basicConfig(handlers=[_Libraries()], level=logging.WARNING, force=True)
    return logs


def log_event(event: Event) -> None:
    """Log an event under its stable name; subscribe this to the event bus."""
    logger.bind(**{**event.fields, _NAME: event.name}).log(event.level.value, event.message)


def _retention(name: str, options: LoggingSettings) -> timedelta:
    return _KEPT if name in _KEPT_LONGER else timedelta(seconds=options.retention)


def _file(path: Path, options: LoggingSettings, retention: timedelta, *, of_strangers: bool = False) -> LogFile:
    return LogFile(
        path,
        rotation=Rotation(options.rotation),
        max_size=options.max_size,
        retention=retention,
        of_strangers=of_strangers,
    )


def _render(record: Record) -> None:
    """Prepare, once for all sinks, what is shown of a record: without secrets, and nothing in it may act on a terminal."""
    extra = record["extra"]
    extra["_text"] = escape(known_secrets.hide(record["message"]))
    exception = record["exception"]
    # Without the values of variables, which loguru would add: they may be secrets.
    below = (
        [] if exception is None else traceback.format_exception(exception.type, exception.value, exception.traceback)
    )
    extra["_below"] = known_secrets.hide("".join(below))
    extra["_indented"] = "".join(f"\n    {escape(line)}" for line in extra["_below"].splitlines())


def _file_line(record: Record) -> str:
    extra = record["extra"]
    fields = {key: value for key, value in extra.items() if key != _NAME and not key.startswith("_")}
    return format_line(
        seconds=record["time"].timestamp(),
        level=record["level"].name,
        text=f"{extra.get(_NAME) or record['name']} | {extra['_text']}",
        fields=json.dumps(fields, ensure_ascii=False, default=str) if fields else "",
        below=extra["_below"],
    )


def _terminal_format(_record: Record) -> str:
    """Return loguru's template of a line; text goes in by name, so that none of it is read as markup."""
    return "{time:YYYY-MM-DD HH:mm:ss} | <level>{level: <8}</level> | {extra[_text]}{extra[_indented]}\n"


def _wants_colour(stream: TextIO) -> bool:
    return stream.isatty() and not os.environ.get("NO_COLOR")


class _Libraries(logging.Handler):
    """Hands what libraries log through the standard library to the same files."""

    def emit(self, record: logging.LogRecord) -> None:
        level = record.levelname if record.levelname in {"DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"} else "INFO"
        logger.opt(exception=record.exc_info).bind(**{_NAME: record.name}).log(level, _said(record))


def _said(record: logging.LogRecord) -> str:
    try:
        return record.getMessage()
    except (TypeError, ValueError):
        return f"{record.msg} {record.args}"
