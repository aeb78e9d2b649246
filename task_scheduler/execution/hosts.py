"""A host as the scheduler sees it: its process, its folder, and the connection to it."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import socket
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from task_scheduler.core.requests import ExecutionProfile
from task_scheduler.core.runs import AttemptId
from task_scheduler.execution import cgroups, spawning
from task_scheduler.execution.cards import HostCard

_READ = 262_144
#: Bytes at the end of a host's log among which its last words are looked for.
_MOST_LOG = 2000
#: Seconds before a lost connection to a living host is made again: doubled each time, up to the most.
_FIRST_PAUSE = 0.1
_MOST_PAUSE = 5.0


class Host:
    """One host this scheduler knows: living, or dead with something still to be told or forgotten."""

    def __init__(self, *, card: HostCard, folder: Path, profile: ExecutionProfile | None, now: float) -> None:
        self.card = card
        self.folder = folder
        self.profile = profile  #: None: its own record of it is gone; it gets no new attempts
        self.is_alive = card.pid is not None
        self.is_leaving = False  #: it gets no new attempts, and leaves once it has none
        self.is_greeted = False  #: it has answered: whatever is imported ahead is imported
        self.failure = ""  #: why it never was, when it could not be started
        self.born = self.last_used = now  #: seconds of the loop's clock
        self.open: set[AttemptId] = set()  #: sent to it, end not reported
        self.kept: set[AttemptId] = set()  #: end reported, not yet told to forget
        self.voided: set[str] = set()  #: never begun: their markers stay until it is dead, lest a late start find none
        self.doubtful: set[AttemptId] = set()  #: of `open`: it may never have received them; its next greeting tells
        self.was_lost = False  #: the connection to it was lost, and made again, at least once
        self.is_retired = False  #: it has been told to end
        self.cannot_pause = False  #: it is of a program that was too old to know how
        #: It is known to be of a program that takes secrets: one that does not would close the connection.
        self.hides_secrets = False
        self.is_settling = False  #: what a former scheduler gave it is being settled
        self.greeting: asyncio.Future[Mapping[str, Any]] = asyncio.get_running_loop().create_future()
        self._loop = asyncio.get_running_loop()
        self._connection: socket.socket | None = None
        self._pidfd = -1
        self._connected_at = 0.0  #: seconds of the loop's clock
        self._pause = _FIRST_PAUSE
        self._reconnection: asyncio.TimerHandle | None = None
        self._received = b""
        self._outbox: list[bytes] = []
        self._secrets: bytes | None = None  #: the message that tells them; None: there is nothing to be told
        self._flush_is_due = False
        self._on_message: Callable[[Host, Mapping[str, Any]], None] | None = None
        self._on_gone: Callable[[Host], None] | None = None

    @property
    def id(self) -> str:
        """Its id, unique for ever."""
        return self.card.host

    @property
    def takes_attempts(self) -> bool:
        """Whether a new attempt may be placed here."""
        return self.is_alive and not self.is_leaving

    def watch(self, on_message: Callable[[Host, Mapping[str, Any]], None], on_gone: Callable[[Host], None]) -> None:
        """Connect and say hello; from now on tell what it says, and once when its process is gone.

        Raises OSError when the process is gone already.
        """
        if self._pidfd >= 0:
            return
        if self.card.pid is None:
            raise ProcessLookupError(f"host {self.id} has no process")
        self._on_message, self._on_gone = on_message, on_gone
        self._pidfd = os.pidfd_open(self.card.pid)
        if not self.card.is_alive():  # the pid was another's by the time it was opened
            self.close()
            raise ProcessLookupError(f"host {self.id} is gone")
        self._loop.add_reader(self._pidfd, self._gone)
        self._connect()

    def send(self, message: Mapping[str, Any]) -> None:
        """Send a message with this turn of the loop, or as soon as there is a connection again."""
        self._outbox.append(_line(message))
        self._flush_soon()

    def tell_secrets(self, values: Collection[str]) -> None:
        """Have it hide these and no others, from now on and over each connection; one that does not know how is spared."""
        self._secrets = _line({"do": "secrets", "values": sorted(values)})
        if self._connection is not None:
            self.tell_secrets_again()

    def tell_secrets_again(self) -> None:
        """Send them to a host that may not have them: it has just turned out to know how to hide them."""
        if self._secrets is not None and self.hides_secrets:
            self._outbox.append(self._secrets)
            self._flush_soon()

    def _flush_soon(self) -> None:
        if not self._flush_is_due:
            self._flush_is_due = True
            self._loop.call_soon(self._flush)

    def close(self) -> None:
        """Send what was still to be sent, and let go of it; it lives on."""
        if self._reconnection is not None:
            self._reconnection.cancel()
            self._reconnection = None
        self._flush()
        self._disconnect()
        if self._pidfd >= 0:
            self._loop.remove_reader(self._pidfd)
            os.close(self._pidfd)
            self._pidfd = -1
        if not self.greeting.done():
            self.greeting.cancel()

    def reap(self) -> None:
        """Take the exit status of a dead host that was this process's child."""
        if self.card.pid is not None:
            with suppress(ChildProcessError):
                os.waitpid(self.card.pid, os.WNOHANG)

    def last_words(self) -> str:
        """Return the last line it wrote to its own log; empty when it wrote none."""
        try:
            lines = (self.folder / spawning.LOG).read_bytes()[-_MOST_LOG:].decode(errors="replace").split("\n")
        except OSError:
            return ""
        return next((line.strip() for line in reversed(lines) if line.strip()), "")

    def remove_folder(self) -> None:
        """Remove what a dead host has left on the disk."""
        cgroups.clear(str(self.folder))
        shutil.rmtree(self.folder, ignore_errors=True)

    def _connect(self) -> None:
        self._reconnection = None
        try:
            self._connection = spawning.connect(self.folder)
        except OSError:
            # Nobody listens: it is about to end, or its folder is gone. What it has, it brings to an end.
            self.is_leaving = True
            self._connect_later()
            return
        self._connected_at = self._loop.time()
        self._loop.add_reader(self._connection, self._receive)
        # First of all that is said: what is hidden from the first byte of the first attempt on.
        first = [self._secrets] if self._secrets is not None and self.hides_secrets else []
        self._outbox[:0] = [_line({"do": "hello"}), *first]
        self._flush_soon()

    def _connect_later(self) -> None:
        self._reconnection = self._loop.call_later(self._pause, self._connect)
        self._pause = min(self._pause * 2, _MOST_PAUSE)

    def _lose(self) -> None:
        """The connection is gone: whether it has read what it was sent last, nobody knows."""
        self._disconnect()
        self._received = b""
        self._outbox.clear()
        self.doubtful |= self.open
        if self._loop.time() - self._connected_at > _MOST_PAUSE:
            self._pause = _FIRST_PAUSE
        self._connect_later()

    def _disconnect(self) -> None:
        if self._connection is not None:
            self._loop.remove_reader(self._connection)
            self._loop.remove_writer(self._connection)
            self._connection.close()
            self._connection = None

    def _flush(self) -> None:
        self._flush_is_due = False
        if self._connection is None or not self._outbox:
            return
        data = b"".join(self._outbox)
        try:
            sent = self._connection.send(data)
        except BlockingIOError:
            sent = 0
        except OSError:  # what it said last is still to be read, and after it that the connection is gone
            self._loop.remove_writer(self._connection)
            self._outbox.clear()
            return
        self._outbox = [data[sent:]] if sent < len(data) else []
        if self._outbox:
            self._loop.add_writer(self._connection, self._flush)
        else:
            self._loop.remove_writer(self._connection)

    def _receive(self) -> None:
        while self._connection is not None:
            try:
                data = self._connection.recv(_READ)
            except BlockingIOError:
                return
            except OSError:
                data = b""
            if not data:
                self._lose()
                return
            *lines, self._received = (self._received + data).split(b"\n")
            for line in lines:
                if self._on_message is not None:
                    self._on_message(self, json.loads(line))
            if len(data) < _READ:
                return

    def _gone(self) -> None:
        """Hear what it said last, then tell that its process is gone."""
        self._loop.remove_reader(self._pidfd)
        while self._connection is not None:
            before = self._connection
            self._receive()
            if self._connection is before:
                break
        self.is_alive = False
        self.close()
        self.reap()
        if self._on_gone is not None:
            self._on_gone(self)


def _line(message: Mapping[str, Any]) -> bytes:
    return json.dumps(message).encode() + b"\n"
