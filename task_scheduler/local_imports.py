"""How modules of the project are imported where tasks run: as they are now, bare frontmatter and all.

Python takes a cached module for current when size and modification time in whole seconds are what they were. For
files of the project, the finer time and the inode are compared in place of it, so that an edit within the same second
is never missed.

Runs in hosts, and where a file is inspected: standard library only, Python 3.8 or later.
"""

from __future__ import annotations

import os
import sys
from importlib.machinery import EXTENSION_SUFFIXES, SOURCE_SUFFIXES, ExtensionFileLoader, FileFinder, SourceFileLoader

from task_scheduler.bare_frontmatter import code_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import CodeType


class LocalLoader(SourceFileLoader):
    """Loads a source file of the project, from its cache only when the file is the very same.

    What it tells of the source (`get_data`, `get_source`) is the file as it is; only what is compiled is not.
    """

    def path_stats(self, path: str | bytes) -> Mapping[str, int]:
        """Return what the cached module's stamp is compared with; 32 bits of the time are kept there."""
        facts = os.stat(path)
        return {"mtime": hash((facts.st_mtime_ns, facts.st_ino)) & 0xFFFFFFFF, "size": facts.st_size}

    def source_to_code(self, data, path, *, _optimize=-1) -> CodeType:  # type: ignore[no-untyped-def, override]  # noqa: ANN001 - differs from one Python to the next
        """Compile a file of the project, its bare frontmatter left out."""
        code = code_of(data) if isinstance(data, bytes) else data
        return super().source_to_code(code, path, _optimize=_optimize)


class LocalImports:
    """The folders below which LocalLoader is used, except below `outside`: an environment may lie inside the project."""

    def __init__(self, folders: list[str], outside: list[str]) -> None:
        self._folders = list(folders)
        self._outside = outside

    def __call__(self, path: str) -> FileFinder:
        """Answer Python, which asks each of `sys.path_hooks` for a finder of a folder; raises ImportError for others."""
        if not self._covers(path) or not os.path.isdir(path):
            raise ImportError(f"{path} is not of this project")
        return FileFinder(path, (ExtensionFileLoader, EXTENSION_SUFFIXES), (LocalLoader, SOURCE_SUFFIXES))

    def add(self, folder: str) -> None:
        """Cover a further folder: that of the tasks may lie outside the project's."""
        if not self._covers(folder):
            self._folders.append(folder)
            self.forget()

    def forget(self) -> None:
        """Have Python ask again for the folders that are covered."""
        for path in [path for path in sys.path_importer_cache if self._covers(path)]:
            del sys.path_importer_cache[path]

    def _covers(self, path: str) -> bool:
        return _is_below(path, self._folders) and not _is_below(path, self._outside)


def install(folders: list[str], outside: list[str]) -> LocalImports:
    """Import what lies below `folders` by LocalLoader from now on, except what lies below `outside`."""
    imports = LocalImports(folders, outside)
    sys.path_hooks.insert(0, imports)
    imports.forget()
    return imports


def _is_below(path: str, folders: list[str]) -> bool:
    return any(path == folder or path.startswith(folder + os.sep) for folder in folders)
