"""One scheduler at a time: locks that are held for life, on files that are never removed.

A removed and recreated lock file would be two files, each locked by somebody.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import socket
import time
import weakref
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Self

from task_scheduler.core.errors import AlreadyRunning, StoreError
from task_scheduler.core.excerpts import excerpt
from task_scheduler.private_files import tighten

_FREE = "free\n"
#: Stands where a command that works in a scheduler's place would, while a new program takes over its process.
_HANDED_OVER = "restarting"
_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
#: How `ProjectLock._holder` begins.
_PROCESS = re.compile(r"pid (?P<pid>\d+) on (?P<machine>\S+) since ")
#: Seconds between two looks at a lock that somebody holds: the second of a refusal, and each while waiting in line.
_SECOND_LOOK, _LOOK = 0.02, 0.1
#: Most characters of what a holder does.
_LONGEST_WORK = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """Who holds a lock, as it says itself."""

    who: str  #: `pid 7 on atlas since 2026-03-01 12:00:00 UTC`
    work: str  #: the command that works in a scheduler's place; empty: it is a scheduler


def holder_of(path: Path) -> Holder | None:
    """Return who holds the lock at `path`; None: nobody, or nobody that can be told (see `is_out_of_reach`)."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError:
        return None
    try:
        # Shared and for a moment: whoever wants the lock just now looks a second time.
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return _holder_in(_read(descriptor))
    except OSError:
        return None
    finally:
        os.close(descriptor)
    return None


def process_named(who: str) -> tuple[int, str] | None:
    """Return the process `Holder.who` names, and its machine; None: it had not said who it is when it was asked."""
    told = _PROCESS.match(who)
    return None if told is None else (int(told["pid"]), told["machine"])


def is_out_of_reach(path: Path) -> bool:
    """Whether this user may not look at the lock at `path`, so that `holder_of` tells nothing of it."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError as error:
        return isinstance(error, PermissionError)
    os.close(descriptor)
    return False


def heir_of(path: Path) -> tuple[str, float] | None:
    """Return who let go of the lock at `path` for a new program in its own process, and when; None: nobody did so.

    The time is in seconds since 1970. Whether that process lives is not looked at.
    """
    try:
        text, told_at = path.read_text(errors="replace"), path.stat().st_mtime
    except OSError:
        return None
    holder = _holder_in(text)
    return (holder.who, told_at) if holder.work == _HANDED_OVER and text.endswith(_boot_id()) else None


class ProjectLock:
    """Holds a project folder, or a database, for this process alone.

    The lock ends with the process, however that ends. No child inherits it: neither through an exec
    (close-on-exec) nor by a bare fork (closed in the child).
    """

    def __init__(self, path: Path, what: str, *, since: datetime, work: str = "") -> None:
        """`what` is held, in words; `work` is the command that holds it in a scheduler's place."""
        self._path = path
        self._what = what
        self._since = since
        self._work = excerpt(work, _LONGEST_WORK)
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
            raise self._cannot(error) from error
        # A file of an earlier version lets others take the lock, and so keep every scheduler away.
        tighten(self._path)
        try:
            left = _read(descriptor)
            # Synced: after a power cut it must still say that nobody released it.
            _write(descriptor, self._holder())
            os.fsync(descriptor)
        except OSError as error:
            os.close(descriptor)
            raise self._cannot(error) from error
        self._left_safely = left == _FREE or (bool(_boot_id()) and left.endswith(_boot_id()))
        self._descriptor = descriptor
        _close_in_forks(self)
        return self

    def acquire_in_turn(self, *, tell: Callable[[str], None], pause: Callable[[float], object]) -> Self:
        """Take the lock once no command holds it that works in a scheduler's place: such a one ends by itself.

        `tell` is told, once for each, who is waited for. Raises AlreadyRunning when a scheduler holds it, and StoreError.
        """
        told = ""
        while True:
            try:
                return self.acquire()
            except AlreadyRunning as error:
                if not error.work:
                    raise
                if told != str(error):
                    told = str(error)
                    tell(f"{told}: waiting until it ends")
            pause(_LOOK)

    def release(self) -> None:
        """Give the lock back, saying so in the file; does nothing when it is not held."""
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            with contextlib.suppress(OSError):
                _write(descriptor, _FREE)
            os.close(descriptor)

    def hand_over(self) -> None:
        """Say in the file that this process is about to become a new program, which takes the lock again.

        The lock itself ends when it does, or by `release`.
        """
        self._work = _HANDED_OVER
        if self._descriptor is not None:
            with contextlib.suppress(OSError):
                _write(self._descriptor, self._holder())

    def __enter__(self) -> Self:
        return self.acquire()

    def __exit__(self, *_exception: object) -> None:
        self.release()

    def _cannot(self, error: OSError) -> StoreError:
        return StoreError(f"{self._path} cannot be locked: {error.strerror}")

    def _open_locked(self) -> int:
        try:
            return self._try_to_lock()
        except AlreadyRunning:
            # Twice, since one look may meet somebody who only asked for the holder, or a holder that has not said
            # yet who it is.
            time.sleep(_SECOND_LOOK)  # noqa: TID251 - a lock has no port, and its taker no loop
            return self._try_to_lock()

    def _try_to_lock(self) -> int:
        while True:
            descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                if _is_file(descriptor, self._path):
                    return descriptor
            except BlockingIOError as error:
                holder = _holder_in(_read(descriptor))
                os.close(descriptor)
                raise AlreadyRunning(self._what, holder.who, work=holder.work) from error
            except BaseException:
                os.close(descriptor)
                raise
            # Somebody removed the file after all: the lock is on what is no longer there.
            os.close(descriptor)

    def _holder(self) -> str:
        since = self._since.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
        work = f"{self._work}\n" if self._work else ""
        return f"pid {os.getpid()} on {socket.gethostname()} since {since}\n{work}{_boot_id()}"

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


def _holder_in(text: str) -> Holder:
    """Read what a holder wrote: who it is, what it does where it is no scheduler, and the boot of the machine."""
    who, *others = text.splitlines() or [""]
    if not who or text == _FREE:
        return Holder(who="it is only just starting", work="")
    return Holder(who=who, work=others[0] if len(others) > 1 else "")


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
