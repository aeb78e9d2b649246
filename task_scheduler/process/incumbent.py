"""The scheduler that holds a project now: who it is beyond doubt, whether it has ended, and how it is ended by force."""

from __future__ import annotations

import os
import select
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import psutil

from task_scheduler.control.address import socket_path
from task_scheduler.core.errors import Refused
from task_scheduler.process.liveness import check_within_reach
from task_scheduler.process.lock_path import scheduler_lock
from task_scheduler.process.rivals import scheduler_there
from task_scheduler.store.locks import ProjectLock, holder_of, process_named


class Incumbent:
    """A scheduler of this machine or another one. It is signalled only where it is proved that it holds the project."""

    def __init__(self, root: Path, who: str, descriptor: int | None) -> None:
        """`descriptor` is of its process, and of no other that may get its number; None: it cannot be seen from here."""
        self._root = root
        self._descriptor = descriptor
        self.who = who  #: as the lock tells: `pid 7 on atlas since …`

    def is_gone(self) -> bool:
        """Whether it has ended; one that became a new program has not."""
        if self._descriptor is None:
            return scheduler_there(self._root) is None
        poll = select.poll()
        poll.register(self._descriptor, select.POLLIN)
        return bool(poll.poll(0))

    def signal(self, number: signal.Signals) -> None:
        """Send it a signal; raises Refused where that might reach another process, or is not allowed."""
        if self.is_gone():
            return
        if self._descriptor is None or not self._is_proved():
            raise Refused(f"it cannot be proved from here which process the scheduler is ({self.who}): end it there")
        try:
            signal.pidfd_send_signal(self._descriptor, number)
        except ProcessLookupError:
            return
        except PermissionError:
            raise Refused(f"the scheduler belongs to another user ({self.who}): ask as that user, or as root") from None

    def _is_proved(self) -> bool:
        """Whether the process behind the descriptor is the one that holds the lock: it has the locked file open."""
        lock = scheduler_lock(self._root)
        holder, named = holder_of(lock), process_named(self.who)
        if holder is None or holder.who != self.who or named is None:
            return False
        try:
            return any(Path(file.path) == lock.resolve() for file in psutil.Process(named[0]).open_files())
        except (psutil.Error, OSError):
            return False


@contextmanager
def incumbent(root: Path) -> Iterator[Incumbent | None]:
    """Give the scheduler of the project at `root`; None: there is none. Raises Forbidden where it is out of reach."""
    who = scheduler_there(root)
    if who is None:
        check_within_reach(root)
        yield None
        return
    descriptor = _process_of(who)
    try:
        yield Incumbent(root, who, descriptor)
    finally:
        if descriptor is not None:
            os.close(descriptor)


@contextmanager
def one_at_a_time(root: Path, *, since: datetime) -> Iterator[None]:
    """Keep other restarts of the project away; raises AlreadyRunning where one is under way, and StoreError.

    Raises Forbidden where the scheduler is another user's: the lock would only tell that it cannot be taken.
    """
    check_within_reach(root)
    path = socket_path(root).with_name("restart.lock")
    with ProjectLock(path, f"the restart of {root}", since=since, work="restart --daemon"):
        yield


def _process_of(who: str) -> int | None:
    named = process_named(who)
    if named is None or named[1] != socket.gethostname() or not hasattr(os, "pidfd_open"):
        return None
    try:
        return os.pidfd_open(named[0])
    except OSError:
        return None
