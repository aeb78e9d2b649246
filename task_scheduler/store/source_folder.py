"""Admitted sources as files, named by digest, for those who run them."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Callable, Iterable
from pathlib import Path

from task_scheduler.core.errors import StoreError

_DIGEST = re.compile(r"[0-9a-f]{64}")

#: What tells a file that was touched since: inode, size, and the times of its content and of itself.
_Stamp = tuple[int, int, int, int]


class SourceFolder:
    """Makes a file of a recorded source once, and again when it is missing or not what it was.

    A file is verified by its digest when it is first asked for in the life of this object, and whenever it
    was touched since; else looking at it once is all a call costs.
    """

    def __init__(self, folder: Path, content_of: Callable[[str], bytes | None]) -> None:
        self._folder = folder
        self._content_of = content_of
        self._verified: dict[str, tuple[Path, _Stamp]] = {}

    def path(self, digest: str) -> Path:
        """Return the file that holds the source with this digest; raises StoreError when none is on record."""
        known = self._verified.get(digest)
        if known is not None and known[1] == _stamp(known[0]):
            return known[0]
        if not _DIGEST.fullmatch(digest):
            raise StoreError(f"not the digest of a source: {digest!r}")
        path = self._folder / f"{digest}.py"
        if not _holds(path, digest):
            self._make(path, digest)
        self._verified[digest] = (path, _stamp(path) or (0, 0, 0, 0))
        return path

    def discard(self, digests: Iterable[str]) -> None:
        """Remove the files of sources that are no longer on record."""
        for digest in digests:
            self._verified.pop(digest, None)
            (self._folder / f"{digest}.py").unlink(missing_ok=True)

    def _make(self, path: Path, digest: str) -> None:
        content = self._content_of(digest)
        if content is None:
            raise StoreError(f"no source with digest {digest} is on record")
        if hashlib.sha256(content).hexdigest() != digest:
            raise StoreError(f"the source on record with digest {digest} is damaged: restore a backup of the database")
        temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            # Not synced: a file torn by a power cut is found out by its digest and made anew.
            temporary.write_bytes(content)
            temporary.replace(path)
        except OSError as error:
            raise StoreError(f"{path} cannot be written: {error.strerror}") from error


def _stamp(path: Path) -> _Stamp | None:
    try:
        found = os.stat(path)  # noqa: PTH116  # at every start of an attempt: pathlib costs as much again
    except OSError:
        return None
    return (found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)


def _holds(path: Path, digest: str) -> bool:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest() == digest
    except OSError:
        return False
