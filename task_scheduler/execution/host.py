"""The program of a host: `python -I host.py FOLDER SETTINGS`, by path, with an environment's own interpreter.

Its listening socket is descriptor 3. SETTINGS is JSON: host, root, lib, profile,
preload, idle_after, version.
Standard library only, Python 3.8 or later.
"""

from __future__ import annotations

import gc
import importlib
import io
import json
import os
import site
import socket
import sys
from contextlib import suppress

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

#: Exit code of a host that cannot serve because of a module it imported ahead.
UNSAFE = 3
_LISTENER = 3


def main(folder: str, settings: dict[str, Any]) -> int:
    """Make this process a host, and serve; return its exit code."""
    lib, root = settings["lib"], settings["root"]
    sys.path.insert(0, lib)
    from task_scheduler.execution import local_imports, parentage, preload
    from task_scheduler.execution.serving import Host

    del sys.path[0]
    parentage.take_in_orphans()
    os.chdir(root)
    _introduce(folder, settings)
    _make_streams()
    foreign = list(sys.path)
    if not preload.import_ahead(settings["preload"], folder):
        return UNSAFE
    _offer_project(root, lib)
    local_imports.install([root, lib], foreign)
    _import_decorators()
    gc.collect()
    gc.freeze()
    host = Host(
        folder=folder,
        listener=socket.socket(fileno=_LISTENER),
        idle_after=settings["idle_after"],
        baseline=preload.trial_fork(),
    )
    host.serve()
    return 0


def _introduce(folder: str, settings: dict[str, Any]) -> None:
    """Write down who this is, for a scheduler that was not there when it began."""
    from task_scheduler.execution import processes

    pid = os.getpid()
    card = {
        "host": settings["host"],
        "pid": pid,
        "start": processes.start_time(pid),
        "boot": processes.boot_id(),
        "profile": settings["profile"],
        "version": settings["version"],
    }
    path = os.path.join(folder, "host.json")
    with open(path + ".new", "w", encoding="utf-8") as file:
        json.dump(card, file)
    os.replace(path + ".new", path)


def _make_streams() -> None:
    """Make the text streams every attempt inherits: by lines, UTF-8, and as for a pipe.

    They are made over a pipe, since a stream remembers whether its file could be sought when it was made.
    """
    reading, writing = os.pipe()
    for descriptor in (1, 2):
        kept = os.dup(descriptor)
        os.dup2(writing, descriptor)
        raw = io.FileIO(descriptor, "w", closefd=False)
        name = "stdout" if descriptor == 1 else "stderr"
        stream = io.TextIOWrapper(
            io.BufferedWriter(raw), encoding="utf-8", errors="backslashreplace", line_buffering=True
        )
        raw.name = f"<{name}>"
        setattr(sys, name, stream)
        setattr(sys, f"__{name}__", stream)
        os.dup2(kept, descriptor)
        os.close(kept)
    os.close(reading)
    os.close(writing)


def _offer_project(root: str, lib: str) -> None:
    """Let tasks import the project's modules: before the environment's packages, after the standard library."""
    packages = {os.path.realpath(path) for path in site.getsitepackages()}
    places = [place for place, path in enumerate(sys.path) if os.path.realpath(path) in packages]
    place = min(places, default=len(sys.path))
    sys.path[place:place] = [root, lib]


def _import_decorators() -> None:
    """Import ahead what nearly every task imports, of this program's own."""
    with suppress(ImportError):
        importlib.import_module("task_scheduler.decorators")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], json.loads(sys.argv[2])))
