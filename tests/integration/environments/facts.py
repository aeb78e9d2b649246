"""Facts about processes and files that tests wait for and compare."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path


def wait_until(fact: Callable[[], bool], *, seconds: float = 20.0) -> None:
    """Return once a fact holds; fails when it does not in time."""
    deadline = time.monotonic() + seconds
    while not fact():
        assert time.monotonic() < deadline, "the fact did not come true in time"
        time.sleep(0.01)  # noqa: TID251 - between two looks


async def until(fact: Callable[[], bool], *, seconds: float = 20.0) -> None:
    """Return once a fact holds, while other tasks of the event loop go on."""
    async with asyncio.timeout(seconds):
        while not fact():  # noqa: ASYNC110 - the fact is another process's doing
            await asyncio.sleep(0.01)


def is_alive(pid: int) -> bool:
    """Whether a process lives; a zombie does not."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"


def parent_of(pid: int) -> int:
    """Return the process id of a process's parent."""
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


def pid_in(path: Path) -> int:
    """Return the process id a child writes into a file, once it is there."""
    wait_until(lambda: path.exists() and path.read_text().endswith("\n"))
    return int(path.read_text())


def end(pid: int) -> None:
    """End a process this test started, if it is still there."""
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


def tree(folder: Path) -> dict[str, tuple[int, int]]:
    """Return the size and time of change of every file under a folder."""
    return {
        str(path.relative_to(folder)): (path.lstat().st_size, path.lstat().st_mtime_ns)
        for path in folder.rglob("*")
        if not path.is_dir()
    }
