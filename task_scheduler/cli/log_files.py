"""`logs` without a run: the newest lines of a log file, and those that follow."""

from __future__ import annotations

import re
from argparse import Namespace
from pathlib import Path

from task_scheduler.cli.door import Door
from task_scheduler.cli.exit_codes import ExitCode
from task_scheduler.cli.log_tail import BELOW, LogTail, Wanted
from task_scheduler.cli.task_names import task_id
from task_scheduler.cli.terminal import Terminal
from task_scheduler.cli.text import escape
from task_scheduler.core.errors import NotRunning

#: Seconds between two looks at a file that is followed.
_LOOK = 0.2
_LOGS = Path("logs")
_STYLES = {"WARNING": "warning", "ERROR": "bad", "CRITICAL": "bad", "DEBUG": "faint"}
_LEVEL = re.compile(r"[^|]* \| ([A-Z]+) *\| ")


def show(options: Namespace, door: Door, terminal: Terminal) -> int:
    """Print the newest lines of the log file that is meant, and with `--follow` those that come."""
    path = _path(options, door)
    tail = LogTail(path, _wanted(options, door))
    try:
        lines = tail.newest(options.lines)
        for line in lines:
            _print(line, terminal)
        terminal.out.flush()
        if not options.follow:
            if not lines:
                terminal.note(_why_nothing(path, door, options))
            return ExitCode.OK
        while True:
            terminal.pause(_LOOK)
            for line in tail.new_wanted_lines():
                _print(line, terminal)
            terminal.out.flush()
    finally:
        tail.close()


def rotate(options: Namespace, door: Door, terminal: Terminal) -> int:
    """Put aside the log files that are due."""
    try:
        told = door.ask_scheduler("rotate_logs")
    except NotRunning:
        # Late: what does it in the scheduler's place takes long to import.
        from task_scheduler.offline import Offline

        told = Offline(door.project, note=terminal.note, pause=terminal.pause).rotate_logs()
    if options.json:
        terminal.document(told)
        return ExitCode.OK
    for name in told["put_aside"]:
        terminal.say(name)
    terminal.note(f"{len(told['put_aside'])} put aside" if told["put_aside"] else "no log file is due")
    return ExitCode.OK


def _path(options: Namespace, door: Door) -> Path:
    logs = door.project.root / _LOGS
    match options.file:
        case None:
            return logs / "tasks.log"
        case "scheduler":
            # Late: reading the settings takes longer than reading a file.
            from task_scheduler.settings import load_settings

            return load_settings(door.project)[1].log
        case name:
            return logs / f"{name}.log"


def _wanted(options: Namespace, door: Door) -> Wanted:
    """Return which records are wanted; raises UnknownTask."""
    if options.task is None:
        return lambda _line: True
    task = door.ask("show", task=task_id(options.task, door))
    # Under its title, its id, or the name of its file, as `create_task_logger` may have it.
    names = {task["title"], task["id"], task["id"].rpartition("/")[2]}
    marks = tuple(f"| [{escape(name)}] " for name in names)
    fields = f'"task": "{task["id"]}"'
    return lambda line: any(mark in line for mark in marks) or fields in line


def _print(line: str, terminal: Terminal) -> None:
    level = _LEVEL.match(line)
    style = _STYLES.get(level[1], "") if level else "faint" if line.startswith(BELOW) else ""
    print(terminal.paint(escape(line, keep_tabs=True), style), file=terminal.out)


def _why_nothing(path: Path, door: Door, options: Namespace) -> str:
    shown = path.relative_to(door.project.root) if path.is_relative_to(door.project.root) else path
    of_task = f" of {options.task}" if options.task else ""
    if not path.exists():
        return f"{shown} is not there yet"
    hint = "; `logs TASK` shows what its newest run wrote" if options.file is None else ""
    return f"nothing{of_task} in {shown}{hint}"
