"""Files that are there in whole or not at all, whoever reads, writes or is killed meanwhile."""

from __future__ import annotations

import errno
import fcntl
import os
import time
from contextlib import contextmanager, suppress

TYPE_CHECKING = False

if TYPE_CHECKING:
    from collections.abc import Iterator

#: Seconds somebody else may hold a lock: more than any of us needs, less than a task's usual time limit.
PATIENCE = 30.0
_LOOK_AGAIN = 0.005
#: Seconds after which a file that was not finished is nobody's any more.
_ABANDONED = 3600.0
_UNFINISHED = ".unfinished"


class Locked(OSError):
    """Somebody else holds a lock for longer than we wait."""


@contextmanager
def locked(path: str, *, makes: bool = True) -> Iterator[None]:
    """Hold the lock on a file, made where there is none, or with `makes=False` on one or a folder that is there.

    Raises Locked, and OSError where it cannot be opened. A file system without locks gives none.
    """
    flags = (os.O_RDWR | os.O_CREAT if makes else os.O_RDONLY) | os.O_CLOEXEC
    descriptor = os.open(path, flags, 0o600)
    try:
        _lock(descriptor, path)
        yield
    finally:
        with suppress(OSError):
            # Said aloud: a process that another thread forked meanwhile has the descriptor, and with it the lock.
            fcntl.flock(descriptor, fcntl.LOCK_UN)
        os.close(descriptor)


def replace(path: str, data: bytes, *, mode: int) -> None:
    """Give a file new content and mode, on the disk when this returns; the old one stays if it does not. Raises OSError.

    A file that root replaces stays its owner's.
    """
    folder, name = os.path.split(path)
    _forget_abandoned(folder, name)
    unfinished = os.path.join(folder, f".{name}.{os.getpid()}-{os.urandom(4).hex()}{_UNFINISHED}")
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        try:
            left = data
            while left:
                left = left[os.write(descriptor, left) :]
            _keep_owner(descriptor, path)
            os.fchmod(descriptor, mode)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        os.rename(unfinished, path)
    except BaseException:
        _remove(unfinished)
        raise
    _flush_folder(folder)


def _lock(descriptor: int, path: str) -> None:
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except OSError as error:
            if error.errno not in (errno.EAGAIN, errno.EACCES):
                return
        if time.monotonic() > deadline:
            raise Locked(errno.EAGAIN, f"somebody has held its lock for {PATIENCE:g} s", path)
        time.sleep(_LOOK_AGAIN)


def _forget_abandoned(folder: str, name: str) -> None:
    """Remove what writers left unfinished that were killed in the middle."""
    for other in os.listdir(folder):
        if other.startswith(f".{name}.") and other.endswith(_UNFINISHED):
            path = os.path.join(folder, other)
            with suppress(OSError):
                if time.time() - os.stat(path).st_mtime > _ABANDONED:
                    _remove(path)


def _keep_owner(descriptor: int, path: str) -> None:
    if os.geteuid() == 0:
        with suppress(OSError):
            old = os.stat(path)
            os.fchown(descriptor, old.st_uid, old.st_gid)


def _remove(path: str) -> None:
    with suppress(OSError):
        os.unlink(path)


def _flush_folder(folder: str) -> None:
    """Have the new name survive a power cut, where the file system can promise that."""
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return
    try:
        with suppress(OSError):
            os.fsync(descriptor)
    finally:
        os.close(descriptor)
