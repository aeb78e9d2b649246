"""A scheduler in the background: how it is started apart from its terminal, and how it says that it works."""

from __future__ import annotations

import os
import select
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import task_scheduler
from task_scheduler.core.errors import TaskSchedulerError
from task_scheduler.project import Project

#: The option of `run` by which a scheduler knows that it was started in the background.
DETACHED = "--detached"
#: What a scheduler in the background, and all that ends it, says; beside the logs.
OUTPUT = "scheduler.out"
#: Said once it works, on the stream that leads to whoever started it; no text of a program holds it.
_WORKS = b"\0"
#: Seconds a start is waited for: many files may have to be read, a database to be brought up to date.
PATIENCE = 300.0
_LOOK = 0.1
_CHUNK = 1 << 16
#: Seconds a start that was broken off by Ctrl-C has to end.
_BROKEN_OFF_WITHIN = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Launched:
    """What became of a start in the background."""

    process: int
    exit_code: int | None  #: of one that could not start; None: it works, or nobody knows yet
    works: bool


class Silent(TaskSchedulerError):
    """A start in the background has not said within the time given whether it works."""


def command_line(project: Project, words: Sequence[str]) -> list[str]:
    """Return the command that `launch` starts a project's scheduler by; `words` are of `run`.

    In a clone it is one of main.py, which looks after the program's own packages at each start.
    """
    folder = program_folder()
    main = folder / "main.py"
    program = [str(main)] if _was_started_from(folder) and main.is_file() else ["-m", "task_scheduler"]
    # Last, where it counts: what was said of the project may be relative to another folder.
    config = ["--config", str(project.config)] if project.config_required else []
    return [sys.executable, *program, *words, "--root", str(project.root), *config, DETACHED]


def program_folder() -> Path:
    """Return the folder that holds this program's package."""
    return Path(task_scheduler.__file__).resolve().parents[1]


def _was_started_from(folder: Path) -> bool:
    """Whether what this process was started by is main.py, or one of the scripts beside it."""
    started = Path(sys.argv[0]).resolve()
    return started.parent in {folder, folder / "scripts"}


def launch(command: Sequence[str], *, tell: Callable[[str], None], patience: float = PATIENCE) -> Launched:
    """Start a scheduler in the background and wait until it works or has ended.

    `tell` is given each line it says until then. Raises Silent, and OSError where it cannot be started at all.
    """
    said, saying = os.pipe()
    try:
        process = subprocess.Popen(
            command,
            cwd=program_folder(),
            stdin=subprocess.DEVNULL,
            stdout=saying,
            stderr=saying,
            start_new_session=True,
        )
    except OSError:
        os.close(said)
        raise
    finally:
        os.close(saying)
    try:
        return _await_start(process, _Lines(said, tell), patience)
    except KeyboardInterrupt:
        _break_off(process)
        raise
    finally:
        os.close(said)


class _Lines:
    """What a start says, line by line."""

    def __init__(self, descriptor: int, tell: Callable[[str], None]) -> None:
        self._descriptor = descriptor
        self._tell = tell
        self._rest = b""
        self.works = False
        self.is_closed = False

    def hear(self, seconds: float) -> bool:
        """Wait so long for more; return whether anything came."""
        poll = select.poll()
        poll.register(self._descriptor, select.POLLIN)
        if self.is_closed or not poll.poll(seconds * 1_000):
            return False
        data = os.read(self._descriptor, _CHUNK)
        self.is_closed = not data
        text, works, _ = data.partition(_WORKS)
        self.works = self.works or bool(works)
        *lines, self._rest = (self._rest + text).split(b"\n")
        for line in lines:
            self._tell(line.decode(errors="replace"))
        return bool(data)

    def finish(self) -> None:
        """Hear what is still to be heard."""
        while self.hear(0):
            pass
        if self._rest:
            self._tell(self._rest.decode(errors="replace"))
            self._rest = b""


def _await_start(process: subprocess.Popen[bytes], lines: _Lines, patience: float) -> Launched:
    limit = time.monotonic() + patience
    while time.monotonic() < limit:
        lines.hear(_LOOK)
        if lines.works:
            # It lives on without us; told so that nothing is said about a process that was not waited for.
            process.returncode = 0
            return Launched(process=process.pid, exit_code=None, works=True)
        # Not by the end of the stream alone: a process that it has left may hold it open.
        if lines.is_closed or process.poll() is not None:
            code = process.wait()
            lines.finish()
            return Launched(process=process.pid, exit_code=code, works=False)
    process.returncode = 0
    raise Silent(f"process {process.pid} has not said within {patience:g} s that it works, and may yet come to")


def _break_off(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(_BROKEN_OFF_WITHIN)
    except subprocess.TimeoutExpired:
        process.returncode = 0


class Background:
    """This process as a scheduler in the background; made before anything relative is no longer what was meant."""

    def __init__(self, *, root: Path, logs: Path) -> None:
        """Go to the project folder; raises TaskSchedulerError where what it says cannot be kept."""
        #: Where its own command line means what it meant.
        self.started_in = Path.cwd()
        path = logs / OUTPUT
        try:
            self._output = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o644)
        except OSError as error:
            raise TaskSchedulerError(f"{path} cannot be written: {error.strerror}") from error
        os.chdir(root)

    def works(self) -> None:
        """Let go of whoever waits for this start: from now on what is said goes to the file."""
        sys.stdout.flush()
        sys.stderr.flush()
        before = os.dup(2)
        for number in (1, 2):
            os.dup2(self._output, number)
        # Of a program that took another one's place nobody waits for the start, and it had the file already.
        if stat.S_ISFIFO(os.fstat(before).st_mode):
            with suppress(OSError):
                os.write(before, _WORKS)
        os.close(before)

    def go_back(self) -> None:
        """Stand where this process was started, so that a new program in its place finds itself; raises OSError."""
        os.chdir(self.started_in)
