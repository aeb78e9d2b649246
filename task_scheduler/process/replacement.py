"""A new program in the place of this one, in the same process: proved first to be able to start."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from task_scheduler.core.errors import Refused
from task_scheduler.process.lifetime import ENDING

#: The option of `run` that says whether a scheduler could start, and starts none.
CHECK = "--check"
#: The option of `run` that gives a damaged record up; it is said of one start.
NEW_RECORD = "--new-record"
#: Seconds it may take to say so: a clone may have packages to install first.
REHEARSAL_TIME = 300.0

_LINES = 12
_TRACEBACK = "Traceback (most recent call last):"
#: The line of a traceback that begins a frame.
_FRAME = re.compile(r'  File ".*", line \d+')


def command_line() -> list[str]:
    """Return how this process was started, interpreter and its options included, without what was meant for once."""
    return [sys.executable, *(word for word in sys.orig_argv[1:] if word != NEW_RECORD)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """Why a program could not start."""

    said: str  #: its last words; empty: it said nothing
    exit_code: int | None  #: None: it was not started, not heard of in time, or ended by a signal


async def try_out(
    command: Sequence[str], *, folder: Path | None = None, patience: float = REHEARSAL_TIME
) -> Failure | None:
    """Have `command`, one of `run`, say whether it could start a scheduler, and start none; None: it could.

    `folder` is where the command means what it meant; None: where this process is now. It runs beside what works here,
    for `patience` seconds at most, and is ended where this is cancelled.
    """
    words = [*command, CHECK]
    try:
        process = await asyncio.create_subprocess_exec(
            *words,
            cwd=folder,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            start_new_session=True,
        )
    except OSError as error:
        return Failure(said=f"{words[0]} cannot be started ({error.strerror})", exit_code=None)
    try:
        async with asyncio.timeout(patience):
            said, _ = await process.communicate()
    except TimeoutError:
        return Failure(said=f"it said nothing within {patience:g} s", exit_code=None)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if not process.returncode:
        return None
    lines = "\n".join(telling_lines(said.decode(errors="replace")))
    # Below zero where a signal ended it.
    return Failure(said=lines, exit_code=process.returncode if process.returncode > 0 else None)


async def rehearse(*, folder: Path | None = None) -> None:
    """Raise Refused, with what it said, unless the program on disk says that it could start in this one's place.

    `folder` is as for `try_out`. That the trial imports everything makes the real start faster, too.
    """
    failure = await try_out(command_line(), folder=folder)
    if failure is not None:
        raise Refused(f"the scheduler goes on as it is: the program on disk could not start\n{failure.said}".rstrip())


def telling_lines(said: str) -> list[str]:
    """Return the last lines of what a program said; of a traceback its last frame and the error."""
    lines = said.strip().splitlines()
    if _TRACEBACK in lines:
        frames = [place for place, line in enumerate(lines) if _FRAME.match(line)]
        lines = lines[frames[-1] :] if frames else lines
    return lines[-_LINES:]


def replace_process(variables: Mapping[str, str]) -> None:
    """Become the program on disk, started as this one was; raises OSError.

    `variables` are those of its environment that are for this process alone. Returns where this process was told to
    end meanwhile, by a signal that is held back.
    """
    if not signal.sigpending().intersection(ENDING):
        os.execve(sys.executable, command_line(), {**os.environ, **variables})
