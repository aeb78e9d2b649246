"""What is said before the program begins, and standard streams that were closed before that."""

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


def say(text: str) -> None:
    """Tell a person who waits; on stderr, since stdout may be data for a program."""
    # Nobody may be there to read it.
    with suppress(OSError):
        print(text, file=sys.stderr, flush=True)
