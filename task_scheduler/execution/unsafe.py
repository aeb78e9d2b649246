"""The modules that are not imported ahead, since a fork after them is not safe: remembered from one start to the next.

One file for all environments. What it says is an advantage, no promise: where it cannot be read or written, hosts find
out again.
"""

from __future__ import annotations

import json
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path
from time import time

#: Seconds a module is left out before it is tried again: a disk or a network may have been slow.
REMEMBERED_FOR = 30 * 86_400.0


class UnsafeModules:
    """Which modules to leave out, by environment."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._since = _read(file)

    def of(self, environment: str) -> Collection[str]:
        """Return the modules that are not imported ahead in an environment."""
        return self._since.get(environment, {}).keys()

    def add(self, environment: str, module: str) -> bool:
        """Leave a module out from now on; False: it was left out before."""
        known = self._since.setdefault(environment, {})
        if module in known:
            return False
        known[module] = time()
        partial = self._file.with_name(self._file.name + ".new")
        with suppress(OSError):
            partial.write_text(json.dumps(self._since), encoding="utf-8")
            partial.replace(self._file)
        return True


def _read(file: Path) -> dict[str, dict[str, float]]:
    try:
        told = json.loads(file.read_bytes())
    except (OSError, ValueError, RecursionError):
        return {}
    since: dict[str, dict[str, float]] = {}
    for environment, modules in told.items() if isinstance(told, dict) else ():
        for module, moment in modules.items() if isinstance(modules, dict) else ():
            if isinstance(moment, int | float) and 0 <= time() - moment < REMEMBERED_FOR:
                since.setdefault(environment, {})[module] = moment
    return since
