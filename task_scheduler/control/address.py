"""Where the control socket is, and how to reach it from a folder of any depth."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

#: The socket's place in the project folder.
SOCKET = Path("data/run/control.sock")

_DESCRIPTORS = "/proc/self/fd"


def socket_path(root: Path) -> Path:
    """Return the path of the control socket of the project at `root`."""
    return root / SOCKET


@contextmanager
def open_folder(folder: Path) -> Iterator[int]:
    """Hold a folder open by a descriptor that no child inherits."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def short_address(folder: int, path: Path) -> str:
    """Return an address for the socket at `path`, whose folder is open as the descriptor `folder`.

    The kernel takes 107 bytes of a Unix socket's path; through the descriptor any depth is reached. Where there
    is no /proc, the path itself has to do.
    """
    return f"{_DESCRIPTORS}/{folder}/{path.name}" if os.path.isdir(_DESCRIPTORS) else str(path)  # noqa: PTH112
