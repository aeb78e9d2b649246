"""The folder of environments: where each is, which are complete, and what may go.

- `<folder>/<key>/`: an environment
- `<folder>/<key>/task-scheduler.json`: its marker, written last: without it the environment is half built
- `<folder>/locks/<key>`: locked while the environment is built or removed
- `<folder>/removed-<key>-…/`: on its way out
"""

from __future__ import annotations

import ctypes
import json
import os
import re
import shutil
import threading
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

from task_scheduler.core.environments import EnvironmentFacts, EnvironmentState, Lock, Survey
from task_scheduler.environments.file_locks import is_locked
from task_scheduler.environments.interpreters import Interpreter
from task_scheduler.private_files import tighten

MARKER = "task-scheduler.json"
KEY = re.compile(r"[0-9a-f]{32}")


class Shelf:
    """Names and moves environments; its caller holds the lock of what it changes."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._locks = folder / "locks"
        self._removed = 0
        self._sweeping = threading.Lock()

    def environment(self, key: str) -> Path:
        """Return where the environment of this key is, or would be."""
        return self._folder / key

    def interpreter(self, key: str) -> Path:
        """Return the interpreter that runs inside the environment."""
        return self._folder / key / "bin" / "python"

    def is_ready(self, key: str) -> bool:
        """Whether the environment is complete and the Python it was made of is still there."""
        # Asked for every slot: pathlib would cost ten times the look itself.
        place = f"{self._folder}/{key}"
        return os.path.exists(f"{place}/{MARKER}") and os.path.exists(f"{place}/bin/python")  # noqa: PTH110

    def lock(self, key: str) -> Path:
        """Return the file to lock before the environment is changed."""
        self._locks.mkdir(mode=0o700, parents=True, exist_ok=True)
        # Who can open a lock file can hold it, and with it whoever is to build the environment.
        tighten(self._locks)
        return self._locks / key

    def all_keys(self) -> list[str]:
        """Return the keys of all environments, half-built ones and those that failed to be built included."""
        return sorted({name for name in (*_names(self._folder), *_names(self._locks)) if KEY.fullmatch(name)})

    def survey(self, keys: Iterable[str]) -> Survey:
        """Return what there is of these environments, those of which nothing is on the disk left out."""
        everything: dict[tuple[int, int], int] = {}
        found = []
        for key in keys:
            files = Counter(
                (file.st_dev, file.st_ino, file.st_nlink, file.st_blocks * 512)
                for file in _files(self.environment(key))
            )
            state = self._state(key)
            if state is EnvironmentState.BROKEN and not self.environment(key).exists():
                continue
            marker = _read_marker(self.environment(key))
            everything |= {(device, number): size for device, number, _, size in files}
            found.append(
                EnvironmentFacts(
                    key=key,
                    state=state,
                    python=marker.get("python", ""),
                    interpreter=str(self.interpreter(key)),
                    base=marker.get("base", ""),
                    lock=marker.get("lock", ""),
                    bytes=sum(size for _, _, _, size in files),
                    own_bytes=sum(size for (_, _, names, size), here in files.items() if here >= names),
                )
            )
        return Survey(environments=tuple(found), bytes=sum(everything.values()))

    def _state(self, key: str) -> EnvironmentState:
        if self.is_ready(key):
            return EnvironmentState.READY
        return EnvironmentState.BUILDING if is_locked(self._locks / key) else EnvironmentState.BROKEN

    def complete(self, lock: Lock, interpreter: Interpreter) -> None:
        """Write the marker, once everything before it is on the disk: a power cut must not leave a hollow one."""
        folder = self.environment(lock.key)
        text = json.dumps(
            {"key": lock.key, "python": str(interpreter), "base": str(interpreter.path), "lock": lock.text}, indent=1
        )
        _flush_file_system(folder)
        temporary = folder / f"{MARKER}.new"
        with temporary.open("w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(folder / MARKER)
        _flush_folder(folder)
        _flush_folder(self._folder)

    def take_down(self, key: str) -> bool:
        """Make an environment, half-built or complete, disappear at once; return whether there was one.

        `sweep` frees its space.
        """
        self._removed += 1
        aside = self._folder / f"removed-{key}-{os.getpid()}-{self._removed}"
        try:
            self.environment(key).rename(aside)
        except FileNotFoundError:
            return False
        return True

    def forget_lock(self, key: str) -> None:
        """Remove the lock's file of an environment that is gone; the caller holds it."""
        self.lock(key).unlink(missing_ok=True)

    def sweep(self) -> int:
        """Delete what was taken down; return the bytes this freed."""
        freed = 0
        with self._sweeping:
            for name in _names(self._folder):
                if name.startswith("removed-"):
                    freed += sum(_sizes(self._folder / name))
                    shutil.rmtree(self._folder / name, ignore_errors=True)
        return freed


def _read_marker(folder: Path) -> dict[str, str]:
    """Return what the marker says, nothing where there is none or it cannot be read."""
    try:
        told = json.loads((folder / MARKER).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return {name: str(value) for name, value in told.items()} if isinstance(told, dict) else {}


def _files(folder: Path) -> Iterator[os.stat_result]:
    for parent, _, names in os.walk(folder):
        for name in names:
            with suppress(OSError):  # it may be on its way out
                yield Path(parent, name).lstat()


def _names(folder: Path) -> list[str]:
    try:
        return [path.name for path in folder.iterdir()]
    except FileNotFoundError:
        return []


def _sizes(folder: Path) -> Iterator[int]:
    """Return the bytes on disk of every file that has no other name, such as one in the installer's cache."""
    return (file.st_blocks * 512 for file in _files(folder) if file.st_nlink == 1)


def _flush_file_system(folder: Path) -> None:
    """Write everything under a folder to the disk: one call where there is one, since files are many."""
    library = ctypes.CDLL(None)
    if not hasattr(library, "syncfs"):
        os.sync()
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        library.syncfs(descriptor)
    finally:
        os.close(descriptor)


def _flush_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
