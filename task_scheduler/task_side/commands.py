"""A command as a tree of processes: begun, listened to, and where it must be ended with all that is known to be of it.

That is who is below it, in its session, or marked by a variable that the command was given. Who left all of these, forked
twice into a session of its own with an emptied environment, is found where it can be nobody else's: in a run, whose own
process takes in orphans, while that has one thread and had nothing else below it. Otherwise it ends with the run.
"""

from __future__ import annotations

import fcntl
import os
import selectors
import signal
import struct
import subprocess
import termios
import threading
import time
from contextlib import contextmanager, suppress

from task_scheduler.execution import processes, trees

TYPE_CHECKING = False

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from typing import IO, Any

#: Bytes kept of each of a command's two outputs: of more, the first and the last half.
MOST_OUTPUT = 10_000_000
#: Seconds between asking a command to end and killing it.
GRACE = 2.0
#: Seconds in which what is killed is gone, if the kernel lets go of it at all.
_GONE_WITHIN = 5.0
#: Seconds after which it is looked whether it has ended, though something it left behind holds its output open.
_LOOK_AGAIN = 0.05
_PIECE = 65_536
#: Lists the commands a process belongs to, outermost first: how those are found that left the session they began in.
_COMMANDS = "TASK_SCHEDULER_COMMANDS"


class Ended:
    """What came of a command."""

    __slots__ = ("code", "is_all_gone", "seconds", "stderr", "stdout")

    def __init__(self, *, code: int | None, stdout: str, stderr: str, seconds: float, is_all_gone: bool) -> None:
        """`code` is less than 0 for a signal, and None where the command was ended at its time limit."""
        self.code = code
        self.stdout = stdout
        self.stderr = stderr
        self.seconds = seconds
        self.is_all_gone = is_all_gone


def run(
    arguments: Sequence[str],
    *,
    cwd: str | None,
    environment: Mapping[str, str],
    timeout: float | None,
    captures: bool = True,
) -> Ended:
    """Run a command to its end, with nothing to read; raises OSError and ValueError where it cannot be begun.

    What it leaves in the background goes on. After `timeout` seconds, or when an exception comes, it is ended with all
    that is known to be of it.
    """
    began = time.monotonic()
    command = _Command()
    is_over = is_all_gone = True
    try:
        try:
            command.begin(arguments, cwd=cwd, environment=environment, captures=captures)
            is_over = command.listen(timeout)
        finally:
            if not command.has_ended():
                is_all_gone = command.end()
        return Ended(
            code=command.code if is_over else None,
            stdout=command.stdout.text(),
            stderr=command.stderr.text(),
            seconds=time.monotonic() - began,
            is_all_gone=is_all_gone,
        )
    finally:
        command.close()


@contextmanager
def _undisturbed() -> Iterator[None]:
    """Have what a signal raises wait until the command it may have to end is known."""
    came: list[int] = []
    handlers: dict[int, Any] = {}
    if threading.current_thread() is threading.main_thread():
        handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    for number, handler in handlers.items():
        if callable(handler):
            signal.signal(number, lambda number, _: came.append(number))
    try:
        yield
    finally:
        for number, handler in handlers.items():
            if callable(handler):
                signal.signal(number, handler)
        for number in came:
            signal.raise_signal(number)


class _Command:
    """A command, which may have been begun."""

    def __init__(self) -> None:
        self.stdout = _Kept()
        self.stderr = _Kept()
        self._mark = os.urandom(8).hex()
        self._selector = selectors.DefaultSelector()
        self._process: subprocess.Popen[bytes] | None = None
        self._is_alone = False  #: nothing else was below this process when the command was begun
        self._met: dict[int, int] = {}  #: those of it that were to be ended, and when they started

    def begin(
        self, arguments: Sequence[str], *, cwd: str | None, environment: Mapping[str, str], captures: bool
    ) -> None:
        pipe = subprocess.PIPE if captures else None
        with _undisturbed():
            self._is_alone = _has_one_thread() and not any(map(trees.is_alive, processes.children_of(os.getpid())))
            self._process = subprocess.Popen(
                arguments,
                cwd=cwd,
                env={**environment, _COMMANDS: f"{environment.get(_COMMANDS, '')} {self._mark}".strip()},
                stdin=subprocess.DEVNULL,
                stdout=pipe,
                stderr=pipe,
                bufsize=0,
                start_new_session=True,
            )
        for stream, kept in ((self._process.stdout, self.stdout), (self._process.stderr, self.stderr)):
            if stream is not None:
                os.set_blocking(stream.fileno(), False)
                self._selector.register(stream, selectors.EVENT_READ, kept)

    @property
    def code(self) -> int | None:
        return None if self._process is None else self._process.returncode

    def has_ended(self) -> bool:
        """Whether its main process has, or was never begun."""
        return self._process is None or self._process.poll() is not None

    def listen(self, seconds: float | None) -> bool:
        """Collect what it writes until it has ended; return False where that takes longer than `seconds`."""
        deadline = None if seconds is None else time.monotonic() + seconds
        while not self.has_ended():
            left = _LOOK_AGAIN if deadline is None else min(deadline - time.monotonic(), _LOOK_AGAIN)
            if left <= 0:
                return False
            self._take(left)
        self._take_the_rest()
        return True

    def end(self) -> bool:
        """Ask all of it to end, listen for a grace, then kill it; return whether all of it is gone."""
        try:
            self._end_by(signal.SIGTERM, GRACE)
        finally:
            is_all_gone = self._end_by(signal.SIGKILL, _GONE_WITHIN)
        self._take_the_rest()
        return is_all_gone

    def close(self) -> None:
        """Listen no longer."""
        self._selector.close()
        for stream in () if self._process is None else (self._process.stdout, self._process.stderr):
            if stream is not None:
                stream.close()

    def _take(self, seconds: float) -> None:
        """Wait so long for more of its output, or for its end where it has closed that."""
        if self._selector.get_map():
            for key, _ in self._selector.select(seconds):
                self._read(key.fileobj, key.data, _PIECE)  # type: ignore[arg-type] # the streams registered above
        elif self._process is not None:
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(seconds)

    def _take_the_rest(self) -> None:
        """Collect what is in the pipes now: what it left in the background may write for ever."""
        for key in list(self._selector.get_map().values()):
            stream: IO[bytes] = key.fileobj  # type: ignore[assignment] # the streams registered above
            waiting = struct.unpack("i", fcntl.ioctl(stream, termios.FIONREAD, b"\0" * 4))[0]
            while waiting > 0:
                count = self._read(stream, key.data, min(waiting, _PIECE))
                if count == 0:
                    break
                waiting -= count

    def _read(self, stream: IO[bytes], kept: _Kept, most: int) -> int:
        data = os.read(stream.fileno(), most)
        if data:
            kept.add(data)
        else:
            self._selector.unregister(stream)
        return len(data)

    def _end_by(self, number: int, seconds: float) -> bool:
        """Send all of it a signal until nothing of it lives, for so long; TERM is sent to each process once."""
        asked: set[int] = set()
        deadline = time.monotonic() + seconds
        while True:
            living = self._living()
            for pid in living if number == signal.SIGKILL else living - asked:
                processes.send(pid, number)
                processes.send(pid, signal.SIGCONT)
            asked |= living
            if not living or time.monotonic() > deadline:
                return not living
            self._take(_LOOK_AGAIN / 5)
            self._reap(asked)

    def _living(self) -> set[int]:
        """Return the processes of the command: in its session, marked as its own, taken in, and all below these."""
        group = 0 if self._process is None else self._process.pid
        found = set() if self.has_ended() else {group}
        try:
            everybody = [int(name) for name in os.listdir("/proc") if name.isdigit()]
        except OSError:  # macOS: its group is what can be known
            return found | ({-group} if _is_there(-group) else set())
        mark = self._mark.encode()
        found.update(pid for pid in everybody if _session(pid) == group or mark in _variables(pid))
        found.update(self._taken_in(group))
        # Whose parent has ended since is below it no longer.
        found.update(pid for pid, started in self._met.items() if processes.is_alive(pid, started))
        for pid in trees.below(found):
            started = processes.start_time(pid)
            if started is not None:
                self._met[pid] = started
            else:
                self._met.pop(pid, None)
        return {pid for pid, started in self._met.items() if processes.is_alive(pid, started)}

    def _taken_in(self, group: int) -> list[int]:
        """Return the orphans of the command that have become children of this process; none where they may be others'."""
        if not self._is_alone or not _has_one_thread():
            return []
        own = os.getsid(0)  # what the command starts can never come back to it
        return [pid for pid in processes.children_of(os.getpid()) if pid != group and _session(pid) not in (0, own)]

    def _reap(self, pids: set[int]) -> None:
        """Bury those of them whose parent is gone: a run's own process takes in its orphans."""
        self.has_ended()  # the main process is for its own object to bury
        for pid in pids if self._process is None else pids - {self._process.pid}:
            with suppress(OSError):
                os.waitpid(pid, os.WNOHANG)


class _Kept:
    """What is kept of an output."""

    def __init__(self) -> None:
        self._most = MOST_OUTPUT // 2
        self._head = bytearray()
        self._tail = bytearray()
        self._left_out = 0

    def add(self, data: bytes) -> None:
        room = self._most - len(self._head)
        self._head += data[:room]
        self._tail += data[room:]
        if len(self._tail) > 2 * self._most:  # seldom, since it moves what it keeps
            self._cut()

    def text(self) -> str:
        self._cut()
        gap = f"\n[… {self._left_out:,} bytes left out …]\n".encode() if self._left_out else b""
        return b"".join([self._head, gap, self._tail]).decode("utf-8", "replace")

    def _cut(self) -> None:
        surplus = max(0, len(self._tail) - self._most)
        del self._tail[:surplus]
        self._left_out += surplus


def _has_one_thread() -> bool:
    """Whether nobody but who asks can start anything in this process; False where that is not known."""
    try:
        return len(os.listdir("/proc/self/task")) == 1
    except OSError:
        return False


def _session(pid: int) -> int:
    try:
        return os.getsid(pid)
    except OSError:
        return 0


def _variables(pid: int) -> bytes:
    """Return the variables a process was started with; of another user's, nothing."""
    try:
        with open(f"/proc/{pid}/environ", "rb", buffering=0) as file:
            return file.read()
    except OSError:
        return b""


def _is_there(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
