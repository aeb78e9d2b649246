"""The contract of an installer, the program that resolves and installs packages."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from task_scheduler.environments.interpreters import Interpreter


class Installer(Protocol):
    """Resolves sets of packages and fills environments. Deadlines are moments of the event loop's clock."""

    async def lock(self, packages: Sequence[str], interpreter: Interpreter, *, deadline: float) -> str:
        """Return the exact packages, one requirement a line with its hashes; raises EnvironmentFailed."""
        ...

    async def build(self, folder: Path, text: str, interpreter: Interpreter, *, deadline: float, hold: int) -> None:
        """Make an environment in `folder` with exactly the packages of a lock; raises EnvironmentFailed.

        Modules are compiled later, for every installer alike. Every process keeps the descriptor `hold` open, so that the lock on it lasts as long as they do.
        """
        ...


def all_hashed(text: str) -> bool:
    """Whether every requirement of a lock carries a hash, so that the installer may insist on them."""
    joined = text.replace("\\\n", " ")
    return all("--hash=" in line for line in joined.splitlines() if line.strip())
