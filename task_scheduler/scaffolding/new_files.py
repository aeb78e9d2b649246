"""Making a file that was not there: whole at once, and never in place of another."""

from __future__ import annotations

import errno
import os
import secrets
from pathlib import Path

#: What file systems without hard links say.
_NO_LINKS = frozenset({errno.EPERM, errno.EOPNOTSUPP, errno.EACCES, errno.EMLINK})

#: Characters of a name that go into that of an unfinished file, which may be no longer than a name can be.
_NAMED = 40


def create_file(path: Path, text: str) -> None:
    """Write a new file, with the folders above it; raises FileExistsError when something has its name, and OSError.

    A scheduler that watches the folder never sees a part of it: until it is whole its name is a hidden one.
    """
    if os.path.lexists(path):
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(path))
    path.parent.mkdir(parents=True, exist_ok=True)
    # A name of its own: what a process that was killed left behind is in nobody's way.
    partial = path.with_name(f".{path.name[:_NAMED]}.{secrets.token_hex(8)}.new")
    try:
        with partial.open("x", encoding="utf-8", newline="") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        try:
            # Unlike a rename, a link never replaces what somebody else made meanwhile.
            path.hardlink_to(partial)
        except OSError as error:
            if error.errno not in _NO_LINKS:
                raise
            partial.rename(path)
    finally:
        partial.unlink(missing_ok=True)
