"""`lock TASK…`: write the packages of a task, each with its exact version, beside its file."""

from __future__ import annotations

import os
import re
import secrets
import stat
from argparse import ArgumentParser, Namespace
from contextlib import closing, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from task_scheduler.cli.door import Door
from task_scheduler.cli.exit_codes import ExitCode
from task_scheduler.cli.terminal import Terminal
from task_scheduler.core.errors import TaskSchedulerError
from task_scheduler.log_lines import escape

if TYPE_CHECKING:
    from task_scheduler.maintenance import TaskLock

HELP = "write the locked packages of a task beside its file, as NAME.py.lock"
DESCRIPTION = """\
The lock is the one in force, or made now for a task that was never admitted. It says nothing about when it was
written, so that an unchanged lock is an unchanged file. Every installer reads it: `pip install -r NAME.py.lock`.

Beside a file with a `# /// script` block it is called NAME.py.lock.txt: there NAME.py.lock is uv's own, and `uv run`
refuses one in any other form."""

_FIRST = "# Locked by task-scheduler: "
#: Characters of a name that go into that of an unfinished file, which may be no longer than a name can be.
_NAMED = 40
_SCRIPT_BLOCK = re.compile(rb"^# /// script[ \t\r]*$", re.MULTILINE)


def add_arguments(parser: ArgumentParser) -> None:
    """Declare the tasks and what to do with their locks."""
    parser.add_argument("tasks", metavar="TASK", nargs="+", help="a task's id, or a task file")
    how = parser.add_mutually_exclusive_group()
    how.add_argument(
        "--check", action="store_true", help="write nothing; exit with 1 when a file is not what is in force"
    )
    how.add_argument("--stdout", action="store_true", help="write to standard output instead")


def execute(options: Namespace, door: Door, terminal: Terminal) -> int:
    """Write, compare or print the locks."""
    from task_scheduler.maintenance import Maintenance

    code = ExitCode.OK
    with closing(Maintenance(door.project, notice=terminal.note)) as maintenance:
        for file in [maintenance.find(name, Path.cwd()) for name in options.tasks]:
            told = maintenance.lock(file)
            if not told.is_current:
                terminal.note(f"{file.shown} has been changed since: this is the lock of the version in force")
            text = lock_text(told)
            if options.stdout:
                terminal.out.write(text)
            elif options.check:
                if not _is_same(told, text, options.program, terminal):
                    code = ExitCode.FAILURE
            else:
                _write(told, text, terminal)
    return code


def lock_text(told: TaskLock) -> str:
    """Return the content of the file: what it is for, then the lock as it is on record."""
    lock = told.lock
    body = lock.text if not lock.text or lock.text.endswith("\n") else f"{lock.text}\n"
    first = f"{_FIRST}{escape(told.file.task_id)}, Python {lock.python}, {lock.platform}\n"
    return first + (body or "# no packages\n")


def lock_file(file: Path) -> Path:
    """Return where the lock of a task file goes."""
    is_script = _SCRIPT_BLOCK.search(file.read_bytes()) is not None
    return file.with_name(f"{file.name}.lock{'.txt' if is_script else ''}")


def _is_same(told: TaskLock, text: str, program: str, terminal: Terminal) -> bool:
    path = lock_file(told.file.path)
    way_out = f"write it with `{program} lock {told.file.task_id}`"
    try:
        found = _read(path, shown=_shown(told, path)).decode()
    except FileNotFoundError:
        terminal.note(f"{_shown(told, path)} is missing: {way_out}")
        return False
    except (OSError, UnicodeDecodeError) as error:
        raise TaskSchedulerError(f"{_shown(told, path)} cannot be read: {error}") from error
    if found != text:
        terminal.note(f"{_shown(told, path)} is not what is in force: {way_out}")
        return False
    terminal.say(f"{_shown(told, path)} is what is in force")
    return True


def _read(path: Path, *, shown: str) -> bytes:
    """Return what a file holds; raises OSError, and TaskSchedulerError for what is none: a pipe would never end."""
    with open(path, "rb", opener=_open_at_once) as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise TaskSchedulerError(f"{shown} is not a file: move it away, or use --stdout")
        return file.read()


def _open_at_once(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NONBLOCK)


def _write(told: TaskLock, text: str, terminal: Terminal) -> None:
    path = lock_file(told.file.path)
    shown = _shown(told, path)
    partial = path.with_name(f".{path.name[:_NAMED]}.{secrets.token_hex(8)}.partial")
    try:
        if path.exists() and not _read(path, shown=shown).startswith(_FIRST.encode()):
            raise TaskSchedulerError(f"{shown} was written by another program: move it away, or use --stdout")
        with partial.open("x", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    except OSError as error:
        with suppress(OSError):
            partial.unlink(missing_ok=True)
        raise TaskSchedulerError(f"{shown} cannot be written: {error.strerror}") from error
    terminal.say(shown)


def _shown(told: TaskLock, path: Path) -> str:
    return str(Path(told.file.shown).with_name(path.name))
