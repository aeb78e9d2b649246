"""Standard streams that were closed before the program began."""

from __future__ import annotations

import os
import sys
from contextlib import suppress


def fill_gaps() -> None:
    """Open what is missing of standard input, output and error on nothing.

    Else the next file that is opened, a database perhaps, gets their number and what is printed is written into it.
    """
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        try:
            os.fstat(number)
        except OSError:
            # The lowest number that is free is this one: those before it are open by now.
            with suppress(OSError):
                os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)  # noqa: FBT003 - positional by definition
        if getattr(sys, name) is None:
            # Open for as long as the process lives.
            setattr(sys, name, os.fdopen(number, "r" if number == 0 else "w", encoding="utf-8", closefd=False))
