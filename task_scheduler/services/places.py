"""Whether a path lies in one of many folders, told without comparing it with each."""

from __future__ import annotations

from collections.abc import Iterable


class Places:
    """Folders and files: a path is in here that is one of them, or lies in one; the empty one holds every path."""

    def __init__(self, paths: Iterable[str]) -> None:
        self._paths = frozenset(paths)
        self._folders = frozenset(path.rstrip("/") for path in self._paths)
        self._is_all = "" in self._paths

    def __contains__(self, path: str) -> bool:
        if self._is_all or path in self._paths:
            return True
        end = path.find("/")
        while end >= 0:
            if path[:end] in self._folders:
                return True
            end = path.find("/", end + 1)
        return False
