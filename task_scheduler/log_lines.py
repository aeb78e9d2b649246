"""One record, one line, one write: how scheduler and tasks share log files.

Runs in tasks' environments too: Python 3.8 or later, standard library alone, and little of it.

Any number of processes append to a file while the scheduler puts it aside. A writer holds a shared lock from
finding the file until its line is in it; the scheduler takes the exclusive lock before it renames. So a line is
never torn, and never written to a file that is already put aside.
"""

from __future__ import annotations

import fcntl
import os
import time

from task_scheduler import known_secrets

LEVELS = {"DEBUG": 10, "INFO": 20, "WARNING": 30, "ERROR": 40, "CRITICAL": 50}
#: Bytes of the time that a line begins with.
_TIME = len("2026-11-22 14:00:00.123")
#: Not printable by Unicode's own account, and harmless: two spaces, a narrow one, and what joins parts of one sign.
_HARMLESS = "\xa0\u3000\u202f\u200d"


def escape(text: str) -> str:
    r"""Return text with all that could act on a terminal, or pass for another line, spelled out, such as `\x1b`."""
    if text.isprintable():
        return text
    return "".join(
        character
        if character.isprintable() or character in _HARMLESS
        else character.encode("unicode_escape", "surrogatepass").decode("ascii")
        for character in text
    )


def format_line(*, seconds: float, level: str, text: str, fields: str = "", below: str = "") -> str:
    """Return `2026-11-22 14:00:00.123 | INFO     | text | fields`, escaped, with a line end.

    `seconds` counts from 1970; it is shown in the machine's zone. `below` (a traceback) follows on lines of its
    own, indented, so that none of them can pass for a record. `fields` are JSON, and stay it with secrets hidden: that is
    done here, since in a whole line a hidden number would be no JSON.
    """
    moment = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(seconds))
    line = f"{moment}.{int(seconds % 1 * 1000):03d} | {level:<8} | {escape(text)}"
    if fields:
        project = os.environ.get("TASK_SCHEDULER_ROOT")
        if project:
            known_secrets.mask_around(project)
        line += f" | {escape(known_secrets.hide_in_json(fields))}"
    rest = "".join(f"\n    {escape(part)}" for part in below.splitlines())
    return f"{line}{rest}\n"


def append(path: str, line: str) -> None:
    """Write a line to the end of the file that has this name now, making it and its folder; raises OSError.

    The file lies in a folder of the project folder, whose secrets are hidden in all of the line but its time.
    """
    mask = known_secrets.mask_around(os.path.dirname(os.path.dirname(path)))
    data = line.encode("utf-8", "backslashreplace")
    if mask is not None:
        data = data[:_TIME] + mask.hide(data[_TIME:])
    while True:
        descriptor = _open(path)
        try:
            _lock(descriptor, fcntl.LOCK_SH)
            if _is_named(descriptor, path):
                while data:
                    data = data[os.write(descriptor, data) :]
                return
        finally:
            os.close(descriptor)


def put_aside(path: str, name: str) -> bool:
    """Rename a log file; return False when it is in use this instant, or not there.

    Never waits: a paused task may hold the lock for long.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        _lock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if not _is_named(descriptor, path):
            return False
        os.rename(path, name)
    except BlockingIOError:
        return False
    finally:
        os.close(descriptor)
    return True


def _open(path: str) -> int:
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC
    try:
        return os.open(path, flags, 0o644)
    except FileNotFoundError:
        os.makedirs(os.path.dirname(path), exist_ok=True)
        return os.open(path, flags, 0o644)


def _lock(descriptor: int, kind: int) -> None:
    try:
        fcntl.flock(descriptor, kind)
    except BlockingIOError:
        raise
    except OSError:
        # A file system without locks: a line lost while the file is put aside is better than no log.
        pass


def _is_named(descriptor: int, path: str) -> bool:
    """Whether the open file is still the one that has this name."""
    try:
        named = os.stat(path)
    except FileNotFoundError:
        return False
    mine = os.fstat(descriptor)
    return (mine.st_dev, mine.st_ino) == (named.st_dev, named.st_ino)
