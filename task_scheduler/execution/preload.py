"""Imports modules ahead in a host, where a fork after them is safe.

Safe is: no thread but the main one, and no descriptor a child would lose. Native threads may come back to one only
with a fork (OpenBLAS ends its own before, and starts them anew on demand), so they are counted after a trial fork.

The host tells in a file what it imports just now: should it hang or die there, the scheduler knows the culprit.
Runs in hosts: standard library only, Python 3.8 or later.
"""

from __future__ import annotations

import json
import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

#: In a host's folder: `{"importing": "numpy"}`, `{"unsafe": "grpc", "reason": "…"}`, or `{"ready": "yes"}` at last.
PROGRESS = "preload.json"


def import_ahead(modules: Iterable[str], folder: str) -> bool:
    """Import modules one by one; False: one of them made a fork unsafe, and this process with it."""
    path = os.path.join(folder, PROGRESS)
    before = _descriptors()
    for name in modules:
        _tell(path, {"importing": name})
        try:
            __import__(name)
        except BaseException:  # noqa: BLE001, S112 - the task will meet it again, where it is seen
            continue
        reason = _why_unsafe(before)
        if reason is not None:
            _tell(path, {"unsafe": name, "reason": reason})
            return False
    _tell(path, {"ready": "yes"})
    return True


def read_progress(folder: str) -> dict[str, str]:
    """Return what a host told last; empty: nothing yet."""
    try:
        with open(os.path.join(folder, PROGRESS), encoding="utf-8") as file:
            told = json.load(file)
    except (OSError, ValueError):
        return {}
    return told if isinstance(told, dict) else {}


def trial_fork() -> int:
    """Fork a child that ends at once; return how many bytes it had resident."""
    pid = os.fork()
    if pid == 0:
        os._exit(0)
    _, _, usage = os.wait4(pid, 0)
    return usage.ru_maxrss * 1024


def _why_unsafe(descriptors: set[str]) -> str | None:
    threading = sys.modules.get("threading")
    if threading is not None and threading.active_count() > 1:
        return "it starts a thread"
    if _native_threads() > 1:
        trial_fork()
        if _native_threads() > 1:
            return "it starts a thread of its own"
    if _descriptors() - descriptors:
        return "it keeps a file or a connection open"
    return None


def _native_threads() -> int:
    return len(os.listdir("/proc/self/task"))


def _descriptors() -> set[str]:
    return set(os.listdir("/proc/self/fd"))


def _tell(path: str, what: dict[str, str]) -> None:
    temporary = path + ".new"
    with open(temporary, "w", encoding="utf-8") as file:
        json.dump(what, file)
    os.replace(temporary, path)
