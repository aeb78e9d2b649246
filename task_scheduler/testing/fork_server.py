"""Command lines carried out by forks of one process that has imported the program already.

To start Python and import the program takes many times as long as most commands do. What is tested of a command by its
arguments, its output and its exit code is the same in a fork: a process of its own with a folder, variables and streams
of its own, before which nothing but imports has happened. What is tested of a start is started anew.
"""

from __future__ import annotations

import atexit
import functools
import gc
import importlib
import json
import os
import pkgutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

#: The server carries out one command after the other.
_ONE_AT_A_TIME = threading.Lock()


def carry_out(
    *arguments: str, cwd: Path, variables: Mapping[str, str], seconds: float = 60
) -> subprocess.CompletedProcess[str]:
    """Carry out `python -m task_scheduler ARGUMENTS` and return its end; `variables` are its whole environment.

    Of what Python itself reads from variables it knows TZ alone: its streams are UTF-8 and its warnings errors. Raises
    TimeoutError after so many seconds.
    """
    with _ONE_AT_A_TIME:
        return _server().carry_out(arguments, cwd, variables, seconds)


class _Server:
    """The process that forks, as its client sees it; each process that tests has one, and it goes with that."""

    def __init__(self) -> None:
        self._line, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-W", "error", "-m", __name__],
                cwd=Path(__file__).resolve().parents[2],
                stdin=theirs.fileno(),
                stdout=theirs.fileno(),
            )

    def carry_out(
        self, arguments: Sequence[str], cwd: Path, variables: Mapping[str, str], seconds: float
    ) -> subprocess.CompletedProcess[str]:
        with tempfile.NamedTemporaryFile() as output, tempfile.NamedTemporaryFile() as errors:
            order = [arguments, str(cwd), dict(variables), output.name, errors.name]
            try:
                self._line.settimeout(seconds)
                self._line.sendall(json.dumps(order).encode() + b"\n")
                code = int(self._line.recv(100))
            except BaseException:
                # What it would answer later belongs to nobody: the next command gets another one.
                self.end()
                raise
            return subprocess.CompletedProcess(arguments, code, _text(output.name), _text(errors.name))

    def end(self) -> None:
        """End the server; a command that is still at work is not waited for."""
        _server.cache_clear()
        self._process.kill()
        self._process.wait()
        self._line.close()


@functools.cache
def _server() -> _Server:
    server = _Server()
    atexit.register(server.end)
    return server


def _text(name: str) -> str:
    return Path(name).read_text(encoding="utf-8")


def _serve() -> None:
    """Fork for each order, one after the other, until nobody can give any more."""
    import task_scheduler
    from task_scheduler.__main__ import __file__ as entry
    from task_scheduler.cli.main import main

    # What commands import when they need it.
    for module in pkgutil.iter_modules(task_scheduler.__path__, "task_scheduler."):
        importlib.import_module(module.name)

    gc.collect()
    gc.freeze()
    for line in sys.stdin:
        pid = os.fork()
        if pid == 0:
            arguments, *surroundings = json.loads(line)
            _move(*surroundings)
            sys.argv = [entry, *arguments]
            sys.exit(main())
        sys.stdout.write(f"{os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])}\n")
        sys.stdout.flush()


def _move(cwd: str, variables: dict[str, str], output: str, errors: str) -> None:
    """Leave the server's streams, folder and environment for those of a command."""
    for number, path, how in ((0, os.devnull, os.O_RDONLY), (1, output, os.O_WRONLY), (2, errors, os.O_WRONLY)):
        opened = os.open(path, how | os.O_APPEND)
        os.dup2(opened, number)
        os.close(opened)
    sys.stdout.reconfigure(encoding="utf-8")  # type: ignore[union-attr]
    sys.stderr.reconfigure(encoding="utf-8")  # type: ignore[union-attr]
    os.chdir(cwd)
    os.environ.clear()
    os.environ.update(variables)
    time.tzset()


if __name__ == "__main__":
    _serve()
