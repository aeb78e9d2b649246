"""Which modules a finished environment holds, told from its folder without starting its Python."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from task_scheduler.environments.shelf import Shelf


def installed_modules(environments: Path, key: str) -> frozenset[str] | None:
    """Return the top-level modules of an environment, None when it is not complete."""
    shelf = Shelf(environments)
    if not shelf.is_ready(key):
        return None
    folders = shelf.environment(key).glob("lib/python3.*/site-packages")
    return frozenset(name for folder in folders for name in _modules_in(folder))


def _modules_in(folder: Path) -> Iterator[str]:
    for entry in folder.iterdir():
        name, _, rest = entry.name.partition(".")
        if name.isidentifier() and (not rest or rest == "py" or rest.endswith("so")):
            yield name
