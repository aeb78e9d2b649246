"""What is made ready for an attempt before the fork, where it costs least: pages that a child touches are copied.

Runs in hosts: standard library only, Python 3.8 or later.
"""

from __future__ import annotations

import linecache
import os
import sys
from importlib.util import decode_source

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import CodeType
    from typing import Any

#: A longer source is compiled by each child for itself: the host has no time for it.
_MOST_SOURCE = 65_536
_MOST_KEPT = 64


class Programs:
    """The sources this host has been asked to run, compiled once for each digest."""

    def __init__(self) -> None:
        self._kept: dict[tuple[str, str], tuple[CodeType | bytes, list[str]]] = {}
        self._variables: frozenset[str] = frozenset()  #: of the order made ready last
        self._path_length = len(sys.path)

    def make_ready(self, order: dict[str, Any]) -> CodeType | bytes:
        """Set this process up for the fork that carries out an order; return its program, or the source of it."""
        path: str = order["file"]
        key = (order["source"], path)
        if key not in self._kept:
            if len(self._kept) >= _MOST_KEPT:
                del self._kept[next(iter(self._kept))]
            self._kept[key] = _load(*key)
        program, lines = self._kept[key]
        # Tracebacks show the admitted text, for the file may have changed since.
        linecache.cache[path] = (len(lines), None, lines, path)
        self._set_variables(order["environment"])
        sys.argv[:] = [path]
        # Last, so that a task called calendar.py hides no module of that name from the others.
        sys.path[self._path_length :] = [os.path.dirname(path)]
        return program

    def _set_variables(self, variables: dict[str, str]) -> None:
        for name in self._variables - variables.keys():
            os.environ.pop(name, None)
        os.environ.update(variables)
        self._variables = frozenset(variables)


def _load(source_path: str, path: str) -> tuple[CodeType | bytes, list[str]]:
    try:
        with open(source_path, "rb") as file:
            source = file.read()
    except OSError as error:
        return f"raise OSError({f'the admitted source is gone: {error}'!r})".encode(), []
    try:
        lines = decode_source(source).splitlines(keepends=True)
        program = compile(source, path, "exec", dont_inherit=True) if len(source) <= _MOST_SOURCE else source
    except Exception:  # noqa: BLE001 - the child meets it again, where it is the task's own failure
        return source, []
    return program, lines
