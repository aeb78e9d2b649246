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
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
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
        return _server("carry out").carry_out(arguments, cwd, variables, seconds)


def launch(*arguments: str, cwd: Path, variables: Mapping[str, str], terminal: Path) -> Launched:
    """Begin `python -m task_scheduler ARGUMENTS` and return it while it works; what it says goes to the end of a file.

    For the rest like `carry_out`.
    """
    with _ONE_AT_A_TIME:
        return _server("launch").launch(arguments, cwd, variables, terminal)


class Launched:
    """A process that the server has forked: what of `subprocess.Popen` those need who wait for it and signal it."""

    def __init__(self, pid: int, code: Path) -> None:
        """`code` is the file that will hold its exit code."""
        self.pid = pid
        self._code = code
        self._returncode: int | None = None

    def poll(self) -> int | None:
        """Return its exit code, less than 0 for a signal; None: it has not ended."""
        if self._returncode is None:
            with suppress(FileNotFoundError):
                self._returncode = int(self._code.read_text(encoding="ascii"))
                self._code.unlink()
        return self._returncode

    def wait(self, timeout: float) -> int:
        """Return its exit code once it has ended; raises subprocess.TimeoutExpired after so many seconds."""
        until = time.monotonic() + timeout
        while (code := self.poll()) is None:
            if time.monotonic() > until:
                raise subprocess.TimeoutExpired(str(self.pid), timeout)
            time.sleep(0.005)  # noqa: TID251 - a fact in another process is looked for
        return code

    def send_signal(self, number: int) -> None:
        """Send a signal; one that has ended is left alone."""
        if self.poll() is None:
            with suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def kill(self) -> None:
        """End it without letting it notice."""
        self.send_signal(signal.SIGKILL)


class _Server:
    """The process that forks, as its client sees it; each process that tests has one, and it goes with that."""

    def __init__(self, does: str) -> None:
        self._line, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, *(("-W", "error") if does == "carry out" else ()), "-m", __name__, does],
                cwd=Path(__file__).resolve().parents[2],
                stdin=theirs.fileno(),
                stdout=theirs.fileno(),
            )

    def launch(self, arguments: Sequence[str], cwd: Path, variables: Mapping[str, str], terminal: Path) -> Launched:
        handle, code = tempfile.mkstemp(prefix="task-scheduler-code-")
        os.close(handle)
        Path(code).unlink()  # it is there once there is a code
        self._line.settimeout(60)
        order = [arguments, str(cwd), dict(variables), str(terminal), str(terminal), code]
        self._line.sendall(json.dumps(order).encode() + b"\n")
        return Launched(int(self._line.recv(100)), Path(code))

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
def _server(does: str) -> _Server:
    server = _Server(does)
    atexit.register(server.end)
    return server


def _text(name: str) -> str:
    return Path(name).read_text(encoding="utf-8")


def _serve(does: str) -> None:
    """Fork for each order until nobody can give any more."""
    import task_scheduler
    from task_scheduler.__main__ import __file__ as entry
    from task_scheduler.cli.main import main

    # What commands import when they need it.
    for module in pkgutil.iter_modules(task_scheduler.__path__, "task_scheduler."):
        importlib.import_module(module.name)

    gc.collect()
    gc.freeze()
    launched: dict[int, str] = {}
    if does == "launch":
        signal.signal(signal.SIGCHLD, lambda _number, _frame: _reap(launched))
    for line in sys.stdin:
        arguments, *surroundings = json.loads(line)
        pid = os.fork()
        if pid == 0:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            _move(*surroundings[:4])
            sys.argv = [entry, *arguments]
            sys.orig_argv = [sys.executable, "-m", task_scheduler.__name__, *arguments]
            sys.exit(main())
        if does == "launch":
            launched[pid] = surroundings[4]
            sys.stdout.write(f"{pid}\n")
        else:
            sys.stdout.write(f"{os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])}\n")
        sys.stdout.flush()
        _reap(launched)  # one that ended before it was noted


def _reap(launched: dict[int, str]) -> None:
    """Leave word of those that have ended."""
    for pid in list(launched):
        with suppress(ChildProcessError):
            ended, status = os.waitpid(pid, os.WNOHANG)
            if ended and (code := launched.pop(pid, None)) is not None:
                partial = Path(f"{code}.partial")
                partial.write_text(str(os.waitstatus_to_exitcode(status)), encoding="ascii")
                partial.rename(code)


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
    _serve(sys.argv[1])
