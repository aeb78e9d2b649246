"""Events of the file system, as hints where to look: what they say is never trusted, only that they came."""

from __future__ import annotations

import os
import threading
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from watchdog.events import (
    DirCreatedEvent,
    DirDeletedEvent,
    DirMovedEvent,
    FileClosedEvent,
    FileCreatedEvent,
    FileDeletedEvent,
    FileModifiedEvent,
    FileMovedEvent,
    FileSystemEvent,
    FileSystemEventHandler,
)
from watchdog.observers import Observer
from watchdog.observers.api import BaseObserver

# Opening, and closing after reading, are not among them: the watcher's own reading would wake it again.
_EVENTS: list[type[FileSystemEvent]] = [
    DirCreatedEvent,
    DirDeletedEvent,
    DirMovedEvent,
    FileClosedEvent,
    FileCreatedEvent,
    FileDeletedEvent,
    FileModifiedEvent,
    FileMovedEvent,
]


class Touched(Protocol):
    """Called for each event."""

    def __call__(self, folder: Path, relative: str | None, *, is_complete: bool) -> None:
        """Take note of a file, by its path in the folder; None: of the whole folder.

        `is_complete`: whoever wrote the file closed it, or renamed it into its place.
        """


class FolderEvents:
    """Watches folders with all that is in them. The calls of `touched` come from a thread.

    Its methods block for a moment, and may be called from any thread.
    """

    def __init__(self, folders: Sequence[Path], *, touched: Touched) -> None:
        # The library warns about a race of its own that it handles; its thread would die where warnings are errors.
        warnings.filterwarnings("ignore", category=RuntimeWarning, module=r"watchdog\.")
        self._folders = tuple(folders)
        self._touched = touched
        self._observer: BaseObserver | None = None
        self._watched: tuple[object, ...] = ()
        self._closed = False
        self._lock = threading.Lock()

    @property
    def is_watching(self) -> bool:
        """Whether it began to watch and was not closed."""
        return self._observer is not None

    def ensure(self) -> None:
        """See to it that every folder that exists is watched; raises OSError when the system refuses."""
        with self._lock:
            if not self._closed and not self._are_alive():
                self._stop()
                self._start()

    def renew(self) -> None:
        """Watch anew, since events seem to be missing; raises OSError when the system refuses."""
        with self._lock:
            if not self._closed:
                self._stop()
                self._start()

    def close(self) -> None:
        """Watch no more, for good; returns once the threads have ended."""
        with self._lock:
            self._closed = True
            self._stop()

    def _are_alive(self) -> bool:
        """Whether watching goes on, and each folder is still the one that was there when it began."""
        observer = self._observer
        return (
            observer is not None
            and observer.is_alive()
            and all(emitter.is_alive() for emitter in observer.emitters)
            and self._watched == self._identities()
        )

    def _start(self) -> None:
        self._watched = self._identities()
        observer = Observer()
        try:
            for folder in self._folders:
                if folder.is_dir():
                    # A watch on a link would be one on the link itself.
                    real = os.path.realpath(folder)
                    handler = _Handler(folder, real, self._touched)
                    observer.schedule(handler, real, recursive=True, event_filter=_EVENTS)
            observer.start()
        except OSError:
            observer.stop()
            raise
        self._observer = observer

    def _stop(self) -> None:
        observer, self._observer = self._observer, None
        if observer is not None:
            observer.stop()
            observer.join()

    def _identities(self) -> tuple[object, ...]:
        return tuple(_identity(folder) for folder in self._folders)


class _Handler(FileSystemEventHandler):
    """Turns the events of one folder into places to look at."""

    def __init__(self, folder: Path, real: str, touched: Touched) -> None:
        self._folder = folder
        self._inside = f"{real}/"
        self._touched = touched

    def on_any_event(self, event: FileSystemEvent) -> None:
        """Pass on the places an event names."""
        for place in (event.src_path, event.dest_path):
            path = os.fsdecode(place)
            if event.is_directory and path:
                self._touched(self._folder, None, is_complete=False)
            elif path.startswith(self._inside):
                is_complete = isinstance(event, FileClosedEvent) or place is event.dest_path
                self._touched(self._folder, path.removeprefix(self._inside), is_complete=is_complete)


def _identity(folder: Path) -> tuple[int, int] | None:
    try:
        info = folder.stat()
    except OSError:
        return None
    return (info.st_dev, info.st_ino)
