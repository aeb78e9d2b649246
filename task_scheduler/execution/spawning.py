"""Brings hosts into being: a folder, a listening socket, and the interpreter of the environment on them."""

from __future__ import annotations

import functools
import hashlib
import json
import os
import resource
import secrets
import signal
import socket
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from task_scheduler import __version__
from task_scheduler.core.requests import ExecutionProfile
from task_scheduler.execution import processes
from task_scheduler.execution.cards import HostCard
from task_scheduler.surroundings import umask

SOCKET = "socket"
#: What a host is told, as JSON: a command line is everybody's to read, and this one is long.
SETTINGS = "settings.json"
LOG = "host.log"
_BACKLOG = 64
_LABEL = 8  #: letters of the environment's key that a list of processes shows
#: Variables a host is given for itself alone, which it takes away before anything inherits them. What the dynamic linker
#: resolves late it would resolve again in every child, on pages that are copied for it: 1 in 20 of those a child touches.
_LENT = {"LD_BIND_NOW": "1"}
#: Variables that tell one start of the same thing from another, by shells and service managers.
_OF_ONE_START = frozenset(
    {"_", "SHLVL", "OLDPWD", "INVOCATION_ID", "JOURNAL_STREAM", "SYSTEMD_EXEC_PID", "NOTIFY_SOCKET", "WATCHDOG_PID"}
)
_LISTENER = 3  #: the descriptor host.py expects its listening socket at


def new_host_id() -> str:
    """Return an id no host had or will have; ids sort by age."""
    return f"{time.time_ns():x}-{secrets.token_hex(4)}"


def spawn(
    *,
    host: str,
    folder: Path,
    interpreter: Path,
    root: Path,
    lib: Path,
    profile: ExecutionProfile,
    preload: Sequence[str],
    idle_after: float,
) -> HostCard:
    """Start a host's process, listening already; raises OSError when its interpreter cannot be run."""
    folder.mkdir(parents=True, mode=0o700)
    inherited = variables(interpreter, root, lib)
    lent = {name: value for name, value in _LENT.items() if name not in inherited}
    settings = {
        "lent": list(lent),
        "host": host,
        "root": str(root),
        "lib": str(lib),
        "profile": {"environment": profile.environment, "preload": profile.preload},
        "preload": list(preload),
        "idle_after": idle_after,
        "origin": origin(),
    }
    _write_settings(folder / SETTINGS, settings)
    program = lib / "task_scheduler" / "execution" / "host.py"
    with _listening(folder) as listener:
        pid = os.posix_spawn(
            interpreter,
            # The last one is for people: which environment it serves.
            [str(interpreter), "-I", str(program), str(folder), profile.environment[:_LABEL]],
            {**inherited, **lent},
            file_actions=[
                (os.POSIX_SPAWN_OPEN, 0, "/dev/null", os.O_RDONLY, 0),
                (os.POSIX_SPAWN_OPEN, 1, "/dev/null", os.O_WRONLY, 0),
                (os.POSIX_SPAWN_OPEN, 2, str(folder / LOG), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600),
                (os.POSIX_SPAWN_DUP2, listener.fileno(), _LISTENER),
            ],
            setsid=True,
            setsigmask=[],
            setsigdef=sorted(signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}),
        )
    return HostCard(host=host, pid=pid, start=processes.start_time(pid), boot=processes.boot_id())


def _write_settings(path: Path, settings: Mapping[str, object]) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with open(descriptor, "w", encoding="ascii") as file:
        json.dump(settings, file)


def connect(folder: Path) -> socket.socket:
    """Return a connection to the host of a folder, at once; raises OSError when nobody listens."""
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        connection.settimeout(0)
        with _short_name(folder) as short:
            connection.connect(f"{short}/{SOCKET}")
    except OSError:
        connection.close()
        raise
    return connection


@contextmanager
def _listening(folder: Path) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
        with _short_name(folder) as short:
            listener.bind(f"{short}/{SOCKET}")
        listener.listen(_BACKLOG)
        yield listener


@contextmanager
def _short_name(folder: Path) -> Iterator[str]:
    """Give a name of the folder short enough for the address of a socket, which holds 107 bytes."""
    descriptor = os.open(folder, os.O_PATH | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{descriptor}"
    finally:
        os.close(descriptor)


def origin() -> str:
    """Return what attempts get from the scheduler that starts their host, as text to compare: program and surroundings.

    A host of another origin gets no further attempts, or what was mended around the scheduler would not reach them.
    """
    limits = {name: resource.getrlimit(number) for name, number in vars(resource).items() if name[:7] == "RLIMIT_"}
    inherited = {name: value for name, value in os.environ.items() if name not in _OF_ONE_START}
    whole = json.dumps([inherited, limits, os.nice(0), umask(), _program()], sort_keys=True)
    return f"{__version__} {hashlib.sha256(whole.encode(errors='surrogateescape')).hexdigest()[:16]}"


@functools.cache
def _program() -> str:
    """Return the digest of what runs in hosts and attempts of this process's program, whatever its version is called.

    Taken once: this process goes on with what it has imported, also when newer files take their place.
    """
    package = Path(__file__).resolve().parents[1]
    digest = hashlib.sha256()
    for file in sorted([*package.glob("*.py"), *package.glob("execution/*.py")]):
        digest.update(file.name.encode() + b"\0" + file.read_bytes())
    return digest.hexdigest()


def variables(interpreter: Path, root: Path, lib: Path) -> dict[str, str]:
    """Return the environment variables attempts begin with: the scheduler's, without what leads to its own Python."""
    kept = {
        name: value for name, value in os.environ.items() if not name.startswith("PYTHON") and name != "VIRTUAL_ENV"
    }
    home = interpreter.parent.parent
    if (home / "pyvenv.cfg").exists():
        kept["VIRTUAL_ENV"] = str(home)
    own = str(Path(sys.prefix) / "bin")
    places = [place for place in kept.get("PATH", os.defpath).split(os.pathsep) if place != own]
    kept["PATH"] = os.pathsep.join([str(interpreter.parent), *places])
    kept["PYTHONPATH"] = os.pathsep.join([str(root), str(lib)])
    kept["TASK_SCHEDULER_ROOT"] = str(root)
    return kept
