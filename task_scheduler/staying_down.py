"""The mark of a scheduler that was ended by `shutdown`: whoever watches over it lets it be until it is started again.

A signal leaves no such mark, since a machine that goes down ends everything by signals. Standard library only.
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

#: Read by the monitor that scripts/setup_cron.sh makes.
STOPPED = Path("data", "run", "stopped")


def ask(root: Path) -> None:
    """Have the scheduler of the project at `root` left alone once it has ended."""
    # Where no scheduler has ever been there is nothing to watch over; where nothing can be written, nothing to be done.
    with suppress(OSError):
        (root / STOPPED).touch(mode=0o600)


def forget(root: Path) -> None:
    """Have it watched over again."""
    with suppress(OSError):
        (root / STOPPED).unlink(missing_ok=True)
