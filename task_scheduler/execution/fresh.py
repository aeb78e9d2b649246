"""An attempt in a fresh interpreter, for tasks with `start_method: spawn`: some libraries do not bear a fork.

The host forks as ever. Its child leaves the host behind, puts itself into the marker, and then, still the same process
of the same start time, session, mark and parent, becomes this program: `python -I fresh.py DESCRIPTOR ATTEMPT FILE`. It
reads its order from the descriptor, makes itself what a fork of a host is, and goes on where such a fork would.

Runs in hosts: standard library only, Python 3.8 or later.
"""

from __future__ import annotations

import gc
import json
import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, NoReturn


def hand_over(order: dict[str, Any], *, folder: str, root: str, lib: str) -> int:
    """Return a descriptor from which the fresh interpreter reads what it is to do; raises OSError.

    It is a file without a name: a pipe could be too small, and nothing is left to be removed.
    """
    from task_scheduler import known_secrets

    given = {"order": order, "folder": folder, "root": root, "lib": lib, "host": os.getpid()}
    mask = known_secrets.mask()
    if mask is not None and order.get("user") is None:
        given["secrets"] = sorted(mask.values)
    path = os.path.join(folder, order["attempt"] + ".order")
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    try:
        os.unlink(path)
        text = json.dumps(given).encode()
        while text:
            text = text[os.write(descriptor, text) :]
        os.lseek(descriptor, 0, os.SEEK_SET)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def become(descriptor: int, order: dict[str, Any], lib: str) -> NoReturn:
    """Let a fresh interpreter of this environment take this process over; raises OSError when it cannot be run."""
    os.set_inheritable(descriptor, True)  # noqa: FBT003 - positional-only
    program = os.path.join(lib, "task_scheduler", "execution", "fresh.py")
    # Attempt and file are for those who look at the processes of the machine.
    os.execv(sys.executable, [sys.executable, "-I", program, str(descriptor), order["attempt"], order["path"]])


def main(descriptor: int) -> NoReturn:
    """Be what a fork of a host is, and run what it would run."""
    with open(descriptor, encoding="utf-8") as file:
        given = json.load(file)
    order, root, lib = given["order"], given["root"], given["lib"]
    sys.path.insert(0, lib)
    from task_scheduler import known_secrets
    from task_scheduler.execution import child, interpreter, parentage
    from task_scheduler.execution.programs import Programs

    del sys.path[0]
    # Once more: the kernel drops it when the interpreter's file has capabilities of its own.
    if not parentage.die_with(given["host"]):
        os._exit(child.CANNOT_BEGIN)
    if "secrets" in given:
        known_secrets.know(given.pop("secrets"))
    interpreter.make_streams()
    local_imports = interpreter.offer_project(root, lib, list(sys.path))
    programs = Programs(local_imports)
    program = programs.load(order)
    gc.collect()
    gc.freeze()
    child.carry_out(order, program, given["folder"])


if __name__ == "__main__":
    main(int(sys.argv[1]))
