"""Keeping to their owner what other users of the machine are to neither read nor hold up.

Only files of this process's own user are changed, and bits only ever taken away: what a person has closed stays closed.
"""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from pathlib import Path

#: What is taken from other users: everything, or all but the way through a folder to what they may reach by name.
EVERYTHING = 0o077
ALL_BUT_THE_WAY_THROUGH = 0o066


def tighten(path: Path, *, taken: int = EVERYTHING) -> None:
    """Take the bits of `taken` from a file or folder; one that is missing, or another user's, is left as it is."""
    with suppress(OSError):
        found = path.stat()
        mode = stat.S_IMODE(found.st_mode)
        if mode & taken and found.st_uid == os.geteuid():
            path.chmod(mode & ~taken)


def claim_private(path: Path) -> None:
    """Make an empty file for its owner alone where none is, and tighten one that is there.

    Whoever opens it next says what is wrong where it cannot be made.
    """
    try:
        # Never opened when it is there: closing any descriptor of a database drops all this process's locks on it.
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
    except FileExistsError:
        tighten(path)
    except OSError:
        return
