"""What a host writes to its own log when something goes wrong that must not end it.

Runs in hosts: standard library only, Python 3.8 or later.
"""

from __future__ import annotations

import os


def complain(text: str) -> None:
    """Write a line to the host's log; where even that cannot be written, as on a full disk, it is left unsaid."""
    try:
        os.write(2, text.encode(errors="backslashreplace") + b"\n")
    except OSError:
        return
