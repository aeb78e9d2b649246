"""A new program in the place of this one, in the same process: proved first to be able to start."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Sequence
from typing import NoReturn

from task_scheduler.core.errors import Refused

#: The option of `run` that says whether a scheduler could start, and starts none.
CHECK = "--check"
#: Seconds it may take to say so: a clone may have packages to install first.
REHEARSAL_TIME = 300.0

_LINES = 12


def command_line() -> list[str]:
    """Return how this process was started, interpreter and its options included."""
    return [sys.executable, *sys.orig_argv[1:]]


async def rehearse(command: Sequence[str] | None = None, *, patience: float = REHEARSAL_TIME) -> None:
    """Raise Refused, with what it said, unless the program on disk says that it could start here.

    It runs beside this one as `run --check`; that it imports everything makes the real start faster, too.
    """
    words = [*(command_line() if command is None else command), CHECK]
    try:
        process = await asyncio.create_subprocess_exec(
            *words,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            start_new_session=True,
        )
    except OSError as error:
        raise Refused(f"the scheduler goes on as it is: {words[0]} cannot be started ({error.strerror})") from error
    try:
        async with asyncio.timeout(patience):
            said, _ = await process.communicate()
    except TimeoutError:
        raise Refused(f"the scheduler goes on as it is: the new program said nothing within {patience:g} s") from None
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode:
        lines = said.decode(errors="replace").strip().splitlines()[-_LINES:]
        raise Refused("\n".join(["the scheduler goes on as it is: the program on disk could not start", *lines]))


def replace_process() -> NoReturn:
    """Become the program on disk, started as this one was; raises OSError."""
    os.execv(sys.executable, command_line())
