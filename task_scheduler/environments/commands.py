"""Commands of other programs, run with a deadline and ended with their whole tree."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
from collections import deque
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

LEASH = Path(__file__).with_name("leash.py")
CHUNK = 65_536
#: Bytes of standard error kept: its end says what went wrong.
KEPT_OF_ERRORS = 65_536
#: Seconds a leash may take to end a tree by SIGKILL before it is left to do so alone.
SWEEP_TIME = 10.0

#: What would bend another interpreter, or point the installer at this one's environment.
FOREIGN = ("VIRTUAL_ENV", "CONDA_PREFIX", "UV_PYTHON", "UV_SYSTEM_PYTHON", "UV_PROJECT_ENVIRONMENT")


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandEnd:
    """How a command ended and what it wrote."""

    code: int | None  #: exit code, negative for a signal; None: it was ended at the deadline, lost, or never started
    timed_out: bool
    output: bytes  #: standard output, as far as `most_output` allowed
    errors: str  #: the end of standard error

    @property
    def last_lines(self) -> str:
        """The end of what it said, for a person: at most 40 lines."""
        return "\n".join(self.errors.strip().splitlines()[-40:])


def inherited_variables(variables: Mapping[str, str]) -> dict[str, str]:
    """Return the environment variables that a command for another interpreter may see."""
    return {name: value for name, value in variables.items() if not name.startswith("PYTHON") and name not in FOREIGN}


def seconds_from_now(seconds: float) -> float:
    """Return a deadline for `run`: a moment of the running event loop's clock."""
    return asyncio.get_running_loop().time() + seconds


async def run(
    command: Sequence[str | Path],
    *,
    deadline: float,
    folder: Path,
    variables: Mapping[str, str],
    given: bytes = b"",
    hold: Sequence[int] = (),
    most_output: int = 16_000_000,
) -> CommandEnd:
    """Run a command until it ends or the deadline passes; nothing of its tree is left when this returns.

    `given` is its standard input; `hold` are descriptors its whole tree keeps open, such as a lock's.
    A cancelled call ends the tree as well, and so does the death of this process.
    """
    line, far_end = socket.socketpair()
    with line, far_end:
        try:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-I", "-S", LEASH, str(far_end.fileno()), *command),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
                cwd=folder,
                env=variables,
                pass_fds=(far_end.fileno(), *hold),
                start_new_session=True,
            )
        except OSError as error:
            return CommandEnd(code=None, timed_out=False, output=b"", errors=f"{command[0]}: {error}")
        far_end.close()
        talk = asyncio.ensure_future(_talk(process, given, most_output))
        try:
            await asyncio.wait({talk}, timeout=max(0.0, deadline - asyncio.get_running_loop().time()))
            timed_out = not talk.done()
        finally:
            code = await _end(process, talk, line)
        output, errors = (b"", "") if talk.cancelled() else talk.result()
        return CommandEnd(code=code, timed_out=timed_out, output=output, errors=errors)


async def _talk(process: asyncio.subprocess.Process, given: bytes, most_output: int) -> tuple[bytes, str]:
    """Feed standard input and read both outputs to their ends, all at once, so that no pipe fills up."""
    assert process.stdout is not None  # noqa: S101 - asked for above
    assert process.stderr is not None  # noqa: S101
    _, output, errors = await asyncio.gather(
        _feed(process, given), _head(process.stdout, most_output), _tail(process.stderr, KEPT_OF_ERRORS)
    )
    await process.wait()
    return output, errors.decode(errors="replace")


async def _feed(process: asyncio.subprocess.Process, given: bytes) -> None:
    assert process.stdin is not None  # noqa: S101 - asked for above
    with suppress(BrokenPipeError, ConnectionResetError):
        process.stdin.write(given)
        await process.stdin.drain()
    process.stdin.close()


async def _head(stream: asyncio.StreamReader, most: int) -> bytes:
    kept = bytearray()
    while chunk := await stream.read(CHUNK):
        kept += chunk[: most - len(kept)]
    return bytes(kept)


async def _tail(stream: asyncio.StreamReader, most: int) -> bytes:
    kept: deque[bytes] = deque()
    size = 0
    while chunk := await stream.read(CHUNK):
        kept.append(chunk)
        size += len(chunk)
        while size - len(kept[0]) >= most:
            size -= len(kept.popleft())
    return b"".join(kept)[-most:]


async def _end(
    process: asyncio.subprocess.Process, talk: asyncio.Future[tuple[bytes, str]], line: socket.socket
) -> int | None:
    """Let the leash go, wait until it has ended the tree, and return the exit code it reported."""
    with suppress(OSError):
        line.shutdown(socket.SHUT_WR)
    if not talk.done():
        with suppress(TimeoutError):
            async with asyncio.timeout(SWEEP_TIME):
                await process.wait()
    group, code = _read_report(line)
    if group is not None and code is None and process.returncode not in (0, None):
        # The leash was killed itself: what is left of the command's own group is ended here.
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(group, signal.SIGKILL)
    if not talk.done():
        await asyncio.wait({talk}, timeout=1.0)
        talk.cancel()
        await asyncio.wait({talk})
    return code


def _read_report(line: socket.socket) -> tuple[int | None, int | None]:
    """Return the process group and the exit code of the command, as far as they were told."""
    try:
        words = line.recv(100, socket.MSG_DONTWAIT).split()
    except BlockingIOError:
        words = []
    told = {name: int(number) for name, number in zip(words[::2], words[1::2], strict=False)}
    return told.get(b"pid"), told.get(b"code")
