"""One scheduler at a time: locks that are held for life, on files that are never removed.

A removed and recreated lock file would be two files, each locked by somebody.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import socket
import weakref
from datetime import UTC, datetime
from pathlib import Path
from typing import Self

from task_scheduler.core.errors import AlreadyRunning, StoreError

_FREE = "free\n"
_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


class ProjectLock:
    """Holds a project folder, or a database, for this process alone.

    The lock ends with the process, however that ends. No child inherits it: neither through an exec
    (close-on-exec) nor by a bare fork (closed in the child).
    """

    def __init__(self, path: Path, what: str, *, since: datetime) -> None:
        self._path = path
        self._what = what
        self._since = since
        self._descriptor: int | None = None
        self._left_safely = False

    @property
    def is_held(self) -> bool:
        """Whether this object holds the lock."""
        return self._descriptor is not None

    @property
    def was_left_safely(self) -> bool:
        """Whether the holder before this one released it, or died while the machine went on.

        What a program wrote survives its death; it may not survive a loss of power. False when there was none.
        """
        return self._left_safely

    def what_is_gone(self) -> str | None:
        """Return the lock file's name when it is not in its place any more, so that another could be locked there."""
        if self._descriptor is None or _is_file(self._descriptor, self._path):
            return None
        return f"the lock file {self._path}"

    def acquire(self) -> Self:
        """Take the lock; raises AlreadyRunning, naming the holder, or StoreError."""
        if self._descriptor is not None:
            return self
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            descriptor = self._open_locked()
        except OSError as error:
            raise StoreError(f"{self._path} cannot be locked: {error.strerror}") from error
        left = _read(descriptor)
        self._left_safely = left == _FREE or (bool(_boot_id()) and left.endswith(_boot_id()))
        # Synced: after a power cut it must still say that nobody released it.
        _write(descriptor, self._holder())
        os.fsync(descriptor)
        self._descriptor = descriptor
        _close_in_forks(self)
        return self

    def release(self) -> None:
        """Give the lock back, saying so in the file; does nothing when it is not held."""
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            with contextlib.suppress(OSError):
                _write(descriptor, _FREE)
            os.close(descriptor)

    def __enter__(self) -> Self:
        return self.acquire()

    def __exit__(self, *_exception: object) -> None:
        self.release()

    def _open_locked(self) -> int:
        while True:
            descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                if _is_file(descriptor, self._path):
                    return descriptor
            except BlockingIOError as error:
                holder = _read(descriptor).partition("\n")[0]
                os.close(descriptor)
                raise AlreadyRunning(self._what, holder or "it is only just starting") from error
            except BaseException:
                os.close(descriptor)
                raise
            # Somebody removed the file after all: the lock is on what is no longer there.
            os.close(descriptor)

    def _holder(self) -> str:
        since = self._since.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
        return f"pid {os.getpid()} on {socket.gethostname()} since {since}\n{_boot_id()}"

    def _drop_in_fork(self) -> None:
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            # Closing is enough: unlocking would unlock the parent's, which is the same.
            os.close(descriptor)


def _close_in_forks(lock: ProjectLock) -> None:
    drop = weakref.WeakMethod(lock._drop_in_fork)  # noqa: SLF001  # its own class's other half

    def after_fork() -> None:
        method = drop()
        if method is not None:
            method()

    os.register_at_fork(after_in_child=after_fork)


def _boot_id() -> str:
    """Return what names this boot of the machine; empty where the system does not tell."""
    try:
        return _BOOT_ID.read_text()
    except OSError:
        return ""


def _is_file(descriptor: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except FileNotFoundError:
        return False


def _read(descriptor: int) -> str:
    return os.pread(descriptor, 1000, 0).decode(errors="replace")


def _write(descriptor: int, text: str) -> None:
    # Written over before it is cut, so that a reader never finds it empty.
    os.pwrite(descriptor, text.encode(), 0)
    os.ftruncate(descriptor, len(text.encode()))
