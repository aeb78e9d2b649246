"""Locks between processes, on files."""

from __future__ import annotations

import asyncio
import fcntl
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

#: Seconds between two looks at a lock another process holds.
PATIENCE = 0.05


def try_lock(path: Path) -> int | None:
    """Lock a file, made if need be; return the descriptor that holds the lock, None if another has it."""
    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if _is_still(path, descriptor):
                return descriptor
        except BlockingIOError:
            os.close(descriptor)
            return None
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)


def is_locked(path: Path) -> bool:
    """Whether some process holds the lock on a file, which need not be there."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


@asynccontextmanager
async def locked(path: Path, *, waiting: Callable[[], None]) -> AsyncIterator[int]:
    """Hold the lock on a file; `waiting` is called once if another process has it now."""
    descriptor = try_lock(path)
    if descriptor is None:
        waiting()
    while descriptor is None:
        await asyncio.sleep(PATIENCE)
        descriptor = try_lock(path)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _is_still(path: Path, descriptor: int) -> bool:
    """Whether the locked file is the one at `path`: a lock's holder may remove it, and another make it anew."""
    try:
        return os.path.samestat(path.stat(), os.fstat(descriptor))
    except FileNotFoundError:
        return False
