"""Whether somebody is still writing a file: the system knows, and asking is better than guessing from pauses."""

from __future__ import annotations

import errno
import fcntl
import os
import signal
from pathlib import Path


def is_being_written(path: Path) -> bool:
    """Whether a process has the file open for writing; False also where the system does not tell.

    Linux grants a lease for reading only on a file that nobody has open for writing. It tells of files of the
    scheduler's own user, or of all when that is root, on file systems of this machine.
    """
    if not hasattr(fcntl, "F_SETLEASE"):
        return False
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        # Whoever opens the file for writing in this instant makes the system send a signal, whose default would
        # end the scheduler; of this one, nobody takes notice.
        fcntl.fcntl(descriptor, fcntl.F_SETSIG, signal.SIGURG)
        fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_RDLCK)
        fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_UNLCK)
    except OSError as error:
        return error.errno == errno.EAGAIN
    finally:
        os.close(descriptor)
    return False
