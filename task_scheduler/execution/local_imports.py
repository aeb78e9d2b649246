"""Imports modules beside the task files so that an edit within the same second is never missed.

Python takes a cached module for current when size and modification time in whole seconds are what they were. For
files of the project, the finer time and the inode are compared in place of it.

Runs in hosts: standard library only, Python 3.8 or later.
"""

from __future__ import annotations

import os
import sys
from importlib.machinery import EXTENSION_SUFFIXES, SOURCE_SUFFIXES, ExtensionFileLoader, FileFinder, SourceFileLoader

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping


class LocalLoader(SourceFileLoader):
    """Loads a source file of the project, from its cache only when the file is the very same."""

    def path_stats(self, path: str | bytes) -> Mapping[str, int]:
        """Return what the cached module's stamp is compared with; 32 bits of the time are kept there."""
        facts = os.stat(path)
        return {"mtime": hash((facts.st_mtime_ns, facts.st_ino)) & 0xFFFFFFFF, "size": facts.st_size}


def install(folders: list[str], outside: list[str]) -> None:
    """Use LocalLoader below `folders`, except below `outside`: an environment may lie inside the project."""

    def hook(path: str) -> FileFinder:
        if not _is_below(path, folders) or _is_below(path, outside) or not os.path.isdir(path):
            raise ImportError(f"{path} is not of this project")
        return FileFinder(path, (ExtensionFileLoader, EXTENSION_SUFFIXES), (LocalLoader, SOURCE_SUFFIXES))

    sys.path_hooks.insert(0, hook)
    for path in [path for path in sys.path_importer_cache if _is_below(path, folders) and not _is_below(path, outside)]:
        del sys.path_importer_cache[path]


def _is_below(path: str, folders: list[str]) -> bool:
    return any(path == folder or path.startswith(folder + os.sep) for folder in folders)
