"""The program of a host: `python -I host.py FOLDER LABEL`, by path, with an environment's own interpreter.

Its listening socket is descriptor 3. FOLDER/settings.json holds host, root, lib, lent, profile, preload, idle_after
and origin. LABEL is for those who look at a list of processes.
Standard library only, Python 3.8 or later.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import sys
from contextlib import suppress

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

#: Exit code of a host that cannot serve because of a module it imported ahead.
UNSAFE = 3
_LISTENER = 3
_SETTINGS = "settings.json"


def main(folder: str) -> int:
    """Make this process a host, and serve; return its exit code."""
    _let_go_of_others()
    with open(os.path.join(folder, _SETTINGS), encoding="ascii") as file:
        settings = json.load(file)
    lib, root = settings["lib"], settings["root"]
    for name in settings["lent"]:
        del os.environ[name]
    sys.path.insert(0, lib)
    from task_scheduler.execution import child, confinement, interpreter, parentage, processes  # noqa: F401 - as `fresh` does

    interpreter.make_streams()
    fresh_baseline = processes.resident()  # with what `fresh` imports, and no more
    from task_scheduler.execution import trees

    fresh_held = trees.held([os.getpid()])
    import socket

    from task_scheduler.execution import preload
    from task_scheduler.execution.beginning import Beginnings
    from task_scheduler.execution.programs import Programs
    from task_scheduler.execution.serving import Host

    del sys.path[0]
    parentage.take_in_orphans()
    confinement.precede_scheduler()
    os.chdir(root)
    _introduce(folder, settings)
    own = list(sys.path)
    if not preload.import_ahead(settings["preload"], folder):
        return UNSAFE
    programs = Programs(interpreter.offer_project(root, lib, own))
    _import_decorators()
    gc.collect()
    gc.freeze()
    listener = socket.socket(fileno=_LISTENER)
    beginnings = Beginnings(
        folder=folder,
        root=root,
        lib=lib,
        programs=programs,
        baseline=preload.trial_fork(),
        fresh_baseline=fresh_baseline,
        fresh_held=fresh_held,
    )
    Host(folder=folder, listener=listener, idle_after=settings["idle_after"], beginnings=beginnings).serve()
    return 0


def _let_go_of_others() -> None:
    """Close what was not meant for this process: a library of the scheduler's leaves its inotify descriptor inheritable."""
    os.closerange(_LISTENER + 1, max(int(name) for name in os.listdir("/proc/self/fd")) + 1)


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
        "origin": settings["origin"],
    }
    path = os.path.join(folder, "host.json")
    with open(path + ".new", "w", encoding="utf-8") as file:
        json.dump(card, file)
    os.replace(path + ".new", path)


def _import_decorators() -> None:
    """Import ahead what nearly every task imports, of this program's own."""
    with suppress(ImportError):
        importlib.import_module("task_scheduler.decorators")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
